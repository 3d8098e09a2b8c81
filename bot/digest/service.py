"""What commands may use of the digests.

A digest is worth something only if we can post where it is for. So what is set is said there first, by the bot itself
and not as an answer to the person, and the digest is saved only when Slack has taken that.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.digest import rows, zones
from bot.digest.as_code import DigestTables, check_tables
from bot.digest.knowledge import Gathered, Knowledge, Tell
from bot.digest.register import Put, Register, Taken
from bot.digest.report import Report
from bot.digest.rows import Digest, Wish
from bot.digest.wording import SetFacts, day_words, said_in_channel
from bot.document import Code, Document, Line, Moment, Paragraph, Person, line
from bot.errors import DeliveryError, HubError, UserError
from bot.fleet import snapshots
from bot.fleet.model import Scope
from bot.hub.client import HubClient
from bot.pushes.pruning import KEPT_DAYS
from bot.pushes.subscribing import Post, Update, why_refused
from bot.pushes.subscriptions import Change
from bot.slack.client import Posted
from bot.store.base import Store
from bot.store.workspaces import HOME
from bot.words import quoted

logger = logging.getLogger(__name__)

MOST_PROBLEMS = 5
_ARE_KEPT = timedelta(days=KEPT_DAYS)
TOO_LONG = f"That is long: pushes are kept for {KEPT_DAYS} days, so it will not tell of older ones."
NOT_WHOLE = (
    "Not everything could be looked at just now; I go on with that, and the first digest tells what changed since."
)


@dataclass(frozen=True)
class Done:
    """What came of a wish.

    Attributes:
        put: What it did.
        notes: What else there is to say to who wished it, as sentences with code in backticks.
    """

    put: Put
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept:
    """A report that a digest was made of.

    Attributes:
        report: That.
        date: Of which local date.
    """

    report: Report
    date: date


class Digests:
    """Sets, shows and changes digests. Safe to use from several threads; methods raise `StoreUnavailableError`.

    Args:
        store: The database.
        knowledge: What digests are made of.
        post: Posts into a channel.
        update: Rewrites what was posted.
        zone_of_person: Returns the time zone of somebody in Slack.
        workspace: Whose.
    """

    def __init__(
        self,
        store: Store,
        knowledge: Knowledge,
        *,
        post: Post,
        update: Update,
        zone_of_person: Callable[[str], str] = lambda _: zones.UTC_ZONE,
        workspace: str = HOME,
    ) -> None:
        self.knowledge = knowledge
        self.register = Register(store, knowledge.keys, workspace)
        self._store = store
        self._post = post
        self._update = update
        self._zone_of_person = zone_of_person
        self._workspace = workspace

    def zone_of(self, user_id: str | None) -> str:
        """Return the time zone of somebody in Slack; with None, of this machine."""
        return zones.zone_of_machine() if user_id is None else self._zone_of_person(user_id)

    def set(self, wish: Wish, hub: HubClient, *, by: str | None, tell: Tell = lambda _: None) -> Done:
        """Have a digest: look at how everything is, say it in the channel, and only then save it.

        Args:
            wish: Which.
            hub: Docker Hub, with the patience of whoever waits.
            by: The Slack user id of who wishes it; None: nobody in Slack does.
            tell: Tells them how far it is.

        Raises:
            UserError: It cannot be; the sentence says what to do. Nothing was saved.
        """
        preview = self.register.preview(wish, by=by)
        is_closed = any(each.is_closed for each in self.register.every(wish.channel))
        if preview.change is Change.UNCHANGED and not is_closed:
            return Done(preview)
        taken, notes = self._take(preview, hub, tell)
        posted = self._say(wish, Document("", tuple(said_in_channel(SetFacts.of(preview), by))))
        try:
            return Done(self.register.put(wish, by=by, taken=taken, as_of=preview.at), notes)
        except Exception:
            said = line("I could not save the digest ", Code(wish.name), ". Nothing has changed here.")
            self._say_instead(posted, Document("", (Paragraph(said),)))
            raise

    def off(self, digest: Digest, *, by: str | None) -> tuple[str, ...]:
        """End a digest, and say it in its channel; return what else there is to say.

        Raises:
            UserError: It is gone already, or the configuration file keeps it.
        """
        if not self.register.remove(digest.wish.channel, digest.wish.name, by=by):
            raise UserError(f"The digest `{digest.wish.name}` is gone already.")
        return self._say_changed(digest, " ended the digest ", line("."), by=by)

    def pause(self, digest: Digest, until: datetime | None, *, by: str | None) -> tuple[str, ...]:
        """Pass over what is due until a time (UTC), or, with None, go on; as of `off`."""
        before = self.register.pause(digest.wish.channel, digest.wish.name, until, by=by)
        if before is None:
            raise UserError(f"The digest `{digest.wish.name}` is gone.")
        if before.paused_until == until:
            return ()
        if until is None:
            return self._say_changed(digest, " has the digest ", line(" go on."), by=by)
        following = digest.wish.schedule.next_after(until - timedelta.resolution)
        said = line(" until ", Moment(until), f". The next one comes on {day_words(following.date)}.")
        is_long = before.baseline_at is not None and following.at - before.baseline_at > _ARE_KEPT
        return (*((TOO_LONG,) if is_long else ()), *self._say_changed(digest, " paused the digest ", said, by=by))

    def preview(self, digest: Digest, hub: HubClient, tell: Tell = lambda _: None) -> Report:
        """Return what the next one would say, were it now. Changes nothing of what the next one will say.

        Raises:
            HubError: Docker Hub does not answer at all.
        """
        self.knowledge.look(digest.wish.wanted.scope, hub, tell)
        return self._gather(digest).report

    def standing(self, digest: Digest) -> Report:
        """Return how everything is, as far as it is known."""
        return self._gather(digest).report

    def report(self, report_id: str, channel: str) -> Kept:
        """Return a report that was told.

        Args:
            report_id: Which.
            channel: Where it was told.

        Raises:
            UserError: There is none there.
        """
        with self._store.read() as connection:
            decided = rows.find_report(connection, self._workspace, report_id)
        if decided is None or decided.report is None or decided.channel != channel:
            raise UserError("That digest is not kept any more. `/hub digest list` shows how everything is now.")
        return Kept(Report.model_validate(decided.report), decided.date)

    def follow_file(self, tables: DigestTables, default_namespace: str | None) -> tuple[Put, ...]:
        """Make the digests of the configuration file equal to it; return what was added or changed.

        For the start of the bot. Several processes may do this at the same time with the same file.

        Raises:
            ConfigError: A table names a part that there is not, or no images.
        """
        return self.register.follow(check_tables(tables, self.knowledge.keys, default_namespace))

    def _gather(self, digest: Digest) -> Gathered:
        with self._store.read() as connection:
            now = self._store.now(connection)
            return self.knowledge.gather(
                connection,
                digest.wish.wanted,
                digest.baseline or {},
                now=now,
                since=digest.baseline_at,
                day=digest.wish.schedule.date_at(now),
            )

    def _take(self, put: Put, hub: HubClient, tell: Tell) -> tuple[Taken, tuple[str, ...]]:
        """Look at how everything is, as far as the patience of whoever waits goes; the rest is done later."""
        wanted = put.digest.wish.wanted
        notes: tuple[str, ...] = ()
        if put.digest.baseline_at is None:
            notes = self._look(wanted.scope, hub, tell)
        is_whole = not notes and self.knowledge.is_fresh(wanted.scope, put.at)
        with self._store.read() as connection:
            now = self._store.now(connection)
            day = put.digest.wish.schedule.date_at(now)
            gathered = self.knowledge.gather(connection, wanted, {}, now=now, since=None, day=day)
        is_begun = put.digest.baseline_at is not None
        if not is_begun:
            notes = (*notes, *self._unknown(wanted.scope))
        if not is_whole and not is_begun:
            self.knowledge.ask(wanted.scope)
            notes = notes or (NOT_WHOLE,)
        return Taken(gathered.baseline, gathered.at, is_whole=is_whole), notes

    def _unknown(self, scope: Scope) -> Iterator[str]:
        """Yield what Docker Hub did not show of what was named: somebody may have mistyped it."""
        named = {*scope.namespaces, *map(str, scope.images)}
        with self._store.read() as connection:
            found = snapshots.unchecked(connection, self._workspace, scope)
        later = {snapshots.NEVER, snapshots.NOT_READ}
        problems = [each for each in found if each.subject in named and each.why not in later]
        for each in problems[:MOST_PROBLEMS]:
            yield f"{quoted(each.subject)}: {each.why}. The digest is set all the same."
        if len(problems) > MOST_PROBLEMS:
            yield f"So it is with {len(problems) - MOST_PROBLEMS} more."

    def _look(self, scope: Scope, hub: HubClient, tell: Tell) -> tuple[str, ...]:
        try:
            self.knowledge.look(scope, hub, tell)
        except HubError as error:
            logger.info("digest_not_looked", extra={"reason": error.reason})
            return (f"I could not look at everything just now, and go on with that. {error}",)
        return ()

    def _say(self, wish: Wish, document: Document) -> Posted:
        try:
            return self._post(wish.channel, document)
        except DeliveryError as error:
            raise UserError(why_refused(error)) from error

    def _say_instead(self, posted: Posted, document: Document) -> None:
        try:
            self._update(posted, document)
        except DeliveryError as error:
            logger.warning("confirmation_not_taken_back", extra={"channel": posted.channel, "reason": str(error)})

    def _say_changed(self, digest: Digest, verb: str, rest: Line, *, by: str | None) -> tuple[str, ...]:
        who = Person(by) if by else "Somebody at a terminal"
        said = line(who, verb, Code(digest.wish.name), *rest)
        try:
            self._post(digest.wish.channel, Document("", (Paragraph(said),)))
        except DeliveryError as error:
            return (f"I could not say so in the channel: {error}",)
        return ()
