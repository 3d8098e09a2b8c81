"""Follows the builds that we asked for: asks their providers, else looks at the tags that they are to push.

What is due, and who looks, are rows (`bot.builds.build_rows`): a look takes a lease by making the row due later, so
processes may die, and be many. How far a build is says `bot.builds.progress`. Nothing is followed for ever: after a
day without an end it ends as unknown.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import Connection, delete, select

from bot.builds import build_rows, progress
from bot.builds.build_rows import FollowedBuild
from bot.builds.card import direct_document, dropped_words, stuck_words, updated_words
from bot.builds.model import Build, ProviderKind, Ref, Setup
from bot.builds.progress import Run, Verdict
from bot.builds.providers.claims import is_ours
from bot.builds.providers.provider import Asked, BuildError, Provider
from bot.builds.pushed_tags import is_ended_by, is_since
from bot.builds.reading import DOCKER_HUBS, BuildSource, secret_for
from bot.errors import HubError, NotFoundError, RateLimitedError, UserError
from bot.hub.client import HubClient
from bot.hub.tags import Tag
from bot.images import RepositoryName
from bot.loops import POLL_SECONDS, Loop
from bot.outbox import messages
from bot.outbox.lanes import Lane
from bot.outbox.notes import add_note
from bot.slack.render import render
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError
from bot.store.rows import insert_if_new
from bot.store.tables import builds, cards, lanes, told
from bot.store.tables import messages as message_rows

logger = logging.getLogger(__name__)

WAITS_SECONDS = (5.0, 15.0, 30.0, 60.0)
"""Between looks since something was last heard; the last one for all that follow."""
STUCK_WAIT_SECONDS = 300.0
LONGEST = timedelta(hours=24)
"""So long after it was asked for, a build is given up."""
KEPT = timedelta(days=90)
CRASHED = "Something went wrong in the bot while it looked."
MISTAKEN = "What was taken for it is another build; this one has not come up"
GIVEN_UP = "Nothing was found out in a day, and nobody looks any more"
_LEASE = timedelta(minutes=3)
"""A look asks at most a provider twice, each for a minute, and Docker Hub once."""
_TAGS_READ = 25
_PRUNED_AT_ONCE = 100
_SHOWN_AT_MOST = 20
_MOST_COMPARED = 100
_CHECK_CARD_SECONDS = 30.0


@dataclass(frozen=True)
class _Look:
    """What a look gave.

    Attributes:
        build: What the provider shows of it; None: nothing.
        shows_builds: Whether the provider shows builds; None: nobody asked, or could.
        is_mistaken: Whether what was taken for it is another build.
        tags: Those that were pushed since it was asked for, as far as they may be of it; the newest first.
        problem: Why something could not be looked at; empty: everything could.
        retry_at: When it makes sense to ask again (UTC); None: whenever.
    """

    build: Build | None = None
    shows_builds: bool | None = None
    is_mistaken: bool = False
    tags: tuple[Tag, ...] = ()
    problem: str = ""
    retry_at: datetime | None = None


class Follower(Loop):
    """Follows builds in a thread of its own. Several processes may do so on one database.

    Args:
        store: Where builds are kept.
        source: Knows who builds what; its providers ask Docker Hub as `hub.once()` does.
        hub: Docker Hub, for tags.
        after_commit: Called when there is something new to be said; should be quick.
    """

    def __init__(
        self, store: Store, source: BuildSource, hub: HubClient, *, after_commit: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__("builds")
        self._store = store
        self._source = source
        self._hub = hub.once()
        self._after_commit = after_commit

    def step(self) -> float:
        """Look at a build that is due, if there is one.

        Returns:
            In how many seconds to come back; 0 when something was done, for there may be more.

        Raises:
            StoreUnavailableError: The database is away. What was being looked at is due again when its lease ends.
        """
        with self._store.read() as connection:
            found = build_rows.due(connection, self._store.now(connection), most=1)
        if not found:
            return POLL_SECONDS
        build = found[0]

        def take(connection: Connection) -> bool:
            return build_rows.take(connection, build, until=self._store.now(connection) + _LEASE)

        if self._store.write(take):
            self._serve(build)
        return 0.0

    def _serve(self, build: FollowedBuild) -> None:
        if build.run.state.is_final:
            self._store.write(lambda connection: self._make_sure(connection, build))
            return
        try:
            look = self._look(build)
        except StoreUnavailableError:
            raise
        except Exception:
            logger.exception("build_look_crashed", extra={"build": build.id})
            look = _Look(problem=CRASHED)
        after = self._store.write(lambda connection: self._note(connection, build, look))
        if after.run.state is not build.run.state:
            facts = {"build": build.id, "repository": build.order.repository, "state": after.run.state}
            logger.info("build_went_on", extra=facts)
        self._after_commit()

    def _look(self, build: FollowedBuild) -> _Look:
        """Ask the provider; where that shows nothing, look at the tags. Never in a transaction."""
        provider = self._source.provider_of(build.setup)
        secret, problem = secret_for(self._source, build.setup)
        asked = self._asked(build)
        is_told = asked.build_id is not None and build.setup.provider not in DOCKER_HUBS
        try:
            found = provider.find(build.setup, secret, asked)
            if found is not None and (is_told or is_ours(asked, found)):
                return _Look(found, shows_builds=True)
            if found is not None and found.id == asked.build_id:
                return _Look(shows_builds=True, is_mistaken=True)
            return self._look_at_tags(build, provider, secret, problem)
        except (BuildError, HubError, UserError) as error:
            retry_at = error.retry_at if isinstance(error, RateLimitedError) else None
            return _Look(problem=str(error), retry_at=retry_at)

    def _look_at_tags(self, build: FollowedBuild, provider: Provider, secret: SecretStr | None, problem: str) -> _Look:
        """Look at what else may tell of a build that its provider does not show.

        Raises:
            BuildError: The provider could not be asked.
            HubError: Docker Hub could not be asked.
        """
        shows, is_overdue = build.run.shows_builds, self._is_overdue(build)
        tags = self._updated_tags(build) if _is_told_by_tags(build, shows=shows, is_overdue=is_overdue) else ()
        if shows is None or tags or is_overdue:
            # By now it may show builds, which tell more than tags.
            shows = bool(provider.recent(build.setup, secret, most=_SHOWN_AT_MOST))
        is_told_by_tags = _is_told_by_tags(build, shows=shows, is_overdue=is_overdue)
        return _Look(shows_builds=shows, tags=tags if is_told_by_tags else (), problem=problem)

    def _asked(self, build: FollowedBuild) -> Asked:
        """Return what is looked for, with the others that what is found may belong to."""
        with self._store.read() as connection:
            known = build_rows.recent(connection, build.workspace, build.order.repository, _MOST_COMPARED)
        others = tuple(
            Asked(each.order, each.asked_at, each.run.build_id, is_over=each.run.state.is_final)
            for each in known
            if each.id != build.id and _have_one_list(each.setup, build.setup)
            # What ended without having been found was no build, or is not known to be one.
            if each.run.build_id or not each.run.state.is_final
        )
        return Asked(build.order, build.asked_at, build.run.build_id, others=others)

    def _is_overdue(self, build: FollowedBuild) -> bool:
        with self._store.read() as connection:
            return progress.is_overdue(build.run, self._store.now(connection), _stuck_after(build))

    def _updated_tags(self, build: FollowedBuild) -> tuple[Tag, ...]:
        """Return the tags that were pushed since the build was asked for: the one asked for, else any, newest first.

        Raises:
            HubError: Docker Hub does not tell.
        """
        name = RepositoryName.parse(build.order.repository)
        try:
            if build.order.ref is Ref.DOCKER_TAG:
                tags = [self._hub.tags.get(name, build.order.name)]
            else:
                tags = list(self._hub.tags.newest(name, _TAGS_READ))
        except NotFoundError:
            return ()  # There is none yet.
        return tuple(tag for tag in tags if is_since(build, tag.pushed_at))

    def _note(self, connection: Connection, build: FollowedBuild, look: _Look) -> FollowedBuild:
        now = self._store.now(connection)
        # Only one of those that wait may take the push of a tag for its own, so this is seen in the same transaction.
        tag = _own_tag(connection, build, look.tags)

        def change(run: Run) -> Run:
            return _after(build, run, look, tag, now)

        def due_at(run: Run) -> datetime:
            return now + _wait(build, run, look, now)

        return build_rows.move(connection, build, change, now, due_at=due_at)

    def _make_sure(self, connection: Connection, build: FollowedBuild) -> None:
        """After the end: see that somebody is told of it. Where the message cannot be posted, it is who asked."""
        now = self._store.now(connection)
        card_id = build_rows.card_of(connection, build)
        again = timedelta(seconds=_CHECK_CARD_SECONDS)
        match _arrival(connection, card_id):
            case False if not build.asker.is_terminal:
                lane = Lane(build.workspace, build.asked_by)
                row = {"workspace": build.workspace, "topic": f"build:{build.id}", "told_at": now}
                if insert_if_new(connection, told, row, unique=[told.c.workspace, told.c.topic]):
                    add_note(connection, lane, render(direct_document(build)), stream=build.id, now=now)
                due_at = None
            case None if now - build.asked_at < 2 * LONGEST:
                due_at = now + again
            case _:
                due_at = None
        build_rows.move(connection, build, lambda run: run, now, due_at=lambda _: due_at)
        _prune(connection, now)


def _is_told_by_tags(build: FollowedBuild, *, shows: bool | None, is_overdue: bool) -> bool:
    """Return whether tags may tell of a build: where its provider shows builds, only the very tag, and late."""
    return not shows or (is_overdue and build.order.ref is Ref.DOCKER_TAG)


def _have_one_list(setup: Setup, other: Setup) -> bool:
    """Return whether two set-ups lead to the same list of builds, or may."""
    return setup.provider is other.provider or {setup.provider, other.provider} <= DOCKER_HUBS


def _own_tag(connection: Connection, build: FollowedBuild, tags: tuple[Tag, ...]) -> Tag | None:
    """Return the tag whose push ends this build; None: none does."""
    known = build_rows.recent(connection, build.workspace, build.order.repository, _MOST_COMPARED) if tags else ()
    found = (tag for tag in tags if tag.pushed_at and is_ended_by(build, tag.name, tag.pushed_at, known))
    return next(found, None)


def _after(build: FollowedBuild, before: Run, look: _Look, tag: Tag | None, now: datetime) -> Run:
    """Return what is known after a look."""
    run = before.model_copy(update={"looks": before.looks + 1, "problem": look.problem})
    if look.shows_builds is not None:
        run = run.model_copy(update={"shows_builds": look.shows_builds})
    if look.build is not None:
        run = progress.observed(run, look.build, now)
    elif look.is_mistaken:
        run = progress.mistaken(run, now, words=MISTAKEN)
    elif tag is not None and tag.pushed_at is not None:
        words = updated_words(tag.name, tag.pushed_at - build.asked_at)
        run = progress.seen_by_tag(run, tag.name, tag.pushed_at, now, words=words)
    if now - build.asked_at >= LONGEST:
        return progress.given_up(run, now, words=GIVEN_UP)
    if progress.is_overdue(run, now, _stuck_after(build)):
        return _judged(build, run, look, now)
    return run


def _judged(build: FollowedBuild, run: Run, look: _Look, now: datetime) -> Run:
    is_missing = run.build_id is None and look.build is None and not look.problem
    says_ok_always = build.setup.provider is ProviderKind.CLASSIC
    if is_missing and (run.shows_builds or says_ok_always):
        return progress.judged(run, Verdict.DROPPED, now, words=dropped_words(build))
    if run.verdict is not None:
        return run
    return progress.judged(run, Verdict.STUCK, now, words=stuck_words(build))


def _wait(build: FollowedBuild, run: Run, look: _Look, now: datetime) -> timedelta:
    """Return how long until the next look."""
    if run.state.is_final:
        return timedelta(seconds=WAITS_SECONDS[0])  # Only to see that its message arrives.
    seconds = STUCK_WAIT_SECONDS if run.verdict else WAITS_SECONDS[min(run.looks, len(WAITS_SECONDS) - 1)]
    wait = timedelta(seconds=seconds)
    if look.retry_at is not None:
        wait = max(wait, look.retry_at - now)
    ends_in = max(timedelta(0), build.asked_at + LONGEST - now)
    return min(wait, timedelta(seconds=STUCK_WAIT_SECONDS), max(ends_in, timedelta(seconds=WAITS_SECONDS[0])))


def _stuck_after(build: FollowedBuild) -> timedelta:
    return timedelta(seconds=build.setup.stuck_after_seconds)


def _arrival(connection: Connection, message_id: str | None) -> bool | None:
    """Return whether a message is in Slack; None: it may be soon. A message that was never to be is."""
    if message_id is None:
        return True
    found = select(message_rows.c.state, message_rows.c.workspace, message_rows.c.channel)
    row = connection.execute(found.where(message_rows.c.id == message_id)).first()
    if row is None or row.state == messages.SENT:
        return True
    if row.state != messages.WAITING:
        return False
    is_it = (lanes.c.workspace == row.workspace) & (lanes.c.channel == row.channel)
    suspended_at = connection.execute(select(lanes.c.suspended_at).where(is_it)).scalar()
    return None if suspended_at is None else False


def _prune(connection: Connection, now: datetime) -> None:
    """Forget some builds that are over for long."""
    over = select(builds.c.id).where(builds.c.asked_at < now - KEPT, builds.c.due_at.is_(None))
    ids = list(connection.execute(over.limit(_PRUNED_AT_ONCE)).scalars())
    if ids:
        connection.execute(delete(cards).where(cards.c.subject.in_(ids)))
        connection.execute(delete(builds).where(builds.c.id.in_(ids)))
