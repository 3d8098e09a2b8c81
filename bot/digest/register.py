"""The register of digests: adding, changing, pausing and removing them, each in one transaction with its audit note.

Whatever is changed, a local date has one digest: what was decided of a date stays, and what is due and not decided yet
is still told.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from pydantic import JsonValue
from sqlalchemy import Connection, select

from bot.digest import rows
from bot.digest.deciding import next_undecided
from bot.digest.knowledge import Baseline
from bot.digest.rows import Decided, Digest, Wish
from bot.errors import UserError
from bot.outbox.lanes import Lane, resume
from bot.pushes.noting import FILE, note_done
from bot.pushes.subscriptions import Change, Origin
from bot.store.base import Store
from bot.store.tables import lanes
from bot.store.workspaces import HOME
from bot.words import quoted

VERB = "digest"
MOST_NOTED = 10
"""Of the images that a digest is about, so many are named in the audit trail."""
_NO_BASELINE: Mapping[str, JsonValue] = {}


@dataclass(frozen=True)
class Taken:
    """How everything is, as a new digest takes it for its beginning.

    Attributes:
        baseline: By part.
        at: As of when (UTC).
        is_whole: Whether all could be looked at: else a new digest takes it later.
    """

    baseline: Baseline
    at: datetime
    is_whole: bool


@dataclass(frozen=True)
class Put:
    """What a wish does, or did.

    Attributes:
        change: Whether it is new, different, or as it was.
        digest: As it is then.
        before: As it was; None: there was none.
        decided: The date that would have been next, were it not decided already; None: there is no such date.
        at: When this was seen (UTC).
    """

    change: Change
    digest: Digest
    before: Digest | None
    decided: date | None
    at: datetime


@dataclass(frozen=True)
class Standing:
    """A digest, and how it stands.

    Attributes:
        digest: Which.
        last: What was last decided; None: nothing yet.
        suspension: Slack's word for why nothing is sent to its channel; empty: it is.
        is_closed: Whether nothing is sent.
    """

    digest: Digest
    last: Decided | None = None
    suspension: str = ""
    is_closed: bool = field(default=False)


class Register:
    """Keeps digests. Every method raises `StoreUnavailableError`; then nothing was changed, or nobody knows.

    Args:
        store: The database.
        keys: The parts there are.
        workspace: Whose.
    """

    def __init__(self, store: Store, keys: Collection[str], workspace: str = HOME) -> None:
        self._store = store
        self._keys = frozenset(keys)
        self._workspace = workspace

    def every(self, channel: str | None = None) -> tuple[Standing, ...]:
        """Return the digests of a channel, or of all channels, by channel and name."""
        with self._store.read() as connection:
            found = rows.every(connection, self._workspace, channel)
            last = rows.last_decided(connection, self._workspace, [each.id for each in found])
            is_closed = (lanes.c.workspace == self._workspace) & lanes.c.suspended_at.is_not(None)
            closed = {row.channel: row for row in connection.execute(select(lanes).where(is_closed))}
        return tuple(
            Standing(
                each,
                last.get(each.id),
                is_closed=each.wish.channel in closed,
                suspension=(closed[each.wish.channel].suspension or "") if each.wish.channel in closed else "",
            )
            for each in found
        )

    def find(self, channel: str, name: str) -> Digest | None:
        """Return a digest; None where there is none."""
        with self._store.read() as connection:
            return rows.find(connection, self._workspace, channel, name)

    def choose(self, channel: str, name: str | None) -> Digest:
        """Return the digest of a channel that is meant: the one of that name, or the only one.

        Raises:
            UserError: There is none, or there are several; the sentence says what to do.
        """
        found = [each.digest for each in self.every(channel)]
        if not found:
            raise UserError("This channel has no digest. `/hub digest set 09:00` gives it one.")
        names = ", ".join(f"`{each.wish.name}`" for each in found)
        if name is None and len(found) > 1:
            raise UserError(f"This channel has several digests; which one is meant? {names}.")
        chosen = next((each for each in found if name in {None, each.wish.name}), None)
        if chosen is None:
            raise UserError(f"This channel has no digest {quoted(name or '')}, but {names}.")
        return chosen

    def preview(self, wish: Wish, *, by: str | None) -> Put:
        """Return what a wish would do now.

        Raises:
            UserError: The configuration file keeps a digest of that name there.
        """
        with self._store.read() as connection:
            before = rows.find(connection, self._workspace, wish.channel, wish.name)
            return self._put(connection, wish, before, by=by, origin=Origin.COMMAND, taken=None, as_of=None)

    def put(self, wish: Wish, *, by: str | None, taken: Taken | None, as_of: datetime | None = None) -> Put:
        """Have what is wished for; a digest that is paused goes on, and a channel that was closed is tried again.

        Args:
            wish: What.
            by: The Slack user id of who wishes it; None: nobody in Slack does.
            taken: How everything is; None: nobody has looked.
            as_of: When it was wished for (UTC): what was said of it then holds. None: now.

        Raises:
            UserError: As of `preview`.
        """

        def work(connection: Connection) -> Put:
            before = rows.find(connection, self._workspace, wish.channel, wish.name, to_change=True)
            done = self._put(connection, wish, before, by=by, origin=Origin.COMMAND, taken=taken, as_of=as_of)
            if done.change is not Change.UNCHANGED and not self._write(connection, done, by=by):
                raise UserError("Somebody else has just set a digest of that name here. Nothing was changed.")
            # Slack has just taken a message there.
            resume(connection, Lane(self._workspace, wish.channel), self._store.now(connection))
            return done

        return self._store.write(work)

    def remove(self, channel: str, name: str, *, by: str | None) -> bool:
        """Remove a digest; return whether it was there.

        Raises:
            UserError: The configuration file keeps it.
        """

        def work(connection: Connection) -> bool:
            digest = rows.find(connection, self._workspace, channel, name, to_change=True)
            if digest is None:
                return False
            _check_origin(digest, Origin.COMMAND)
            self._remove(connection, digest, by=by)
            return True

        return self._store.write(work)

    def pause(self, channel: str, name: str, until: datetime | None, *, by: str | None) -> Digest | None:
        """Pass over what is due until a time (UTC), or, with None, over nothing more.

        Returns:
            The digest as it was before; None where there is none.

        Raises:
            UserError: The configuration file keeps it.
        """

        def work(connection: Connection) -> Digest | None:
            digest = rows.find(connection, self._workspace, channel, name, to_change=True)
            if digest is None or digest.paused_until == until:
                return digest
            _check_origin(digest, Origin.COMMAND)
            rows.change(connection, replace(digest, paused_until=until))
            what = f"Pause the digest {name} until {until:%Y-%m-%d %H:%M} UTC" if until else f"Go on with digest {name}"
            self._note(connection, digest, what, by=by)
            return digest

        return self._store.write(work)

    def follow(self, wishes: Sequence[Wish]) -> tuple[Put, ...]:
        """Make the configuration file's digests equal to what it says; return what was added or changed.

        A digest of the same name that a command had set becomes the file's.
        """

        def work(connection: Connection) -> tuple[Put, ...]:
            # Several processes may start at the same time, while others decide.
            there = rows.every(connection, self._workspace, to_change=True)
            known = {(each.wish.channel, each.wish.name): each for each in there}
            done: list[Put] = []
            for wish in wishes:
                before = known.pop((wish.channel, wish.name), None)
                put = self._put(connection, wish, before, by=None, origin=Origin.FILE, taken=None, as_of=None)
                if self._write(connection, put, by=FILE):
                    done.append(put)
            gone = [each for each in known.values() if each.origin is Origin.FILE]
            for each in gone:
                self._remove(connection, each, by=FILE)
            return tuple(done)

        return self._store.write(work)

    def _put(
        self,
        connection: Connection,
        wish: Wish,
        before: Digest | None,
        *,
        by: str | None,
        origin: Origin,
        taken: Taken | None,
        as_of: datetime | None,
    ) -> Put:
        """Return what a wish makes of what is there."""
        at = as_of or self._store.now(connection)
        if before is None:
            due = wish.schedule.next_after(at)
            fresh = Digest(rows.new_id("dig"), self._workspace, wish, origin, by, at, due)
            return Put(Change.ADDED, self._begun(fresh, taken), None, None, at)
        if origin is Origin.COMMAND:
            _check_origin(before, origin)
        if before.wish == wish and before.origin is origin and before.paused_until is None:
            return Put(Change.UNCHANGED, before, before, None, at)
        due, has_left_out = next_undecided(connection, self._workspace, before.id, wish.schedule, at)
        left_out = wish.schedule.next_after(at).date if has_left_out else None
        if before.due.at <= at and before.due.date != due.date:
            due = before.due  # It is being decided on, or soon is: what was still to come comes.
        after = replace(before, wish=wish, origin=origin, created_by=by, created_at=at, due=due, paused_until=None)
        if before.wish.wanted.scope != wish.wanted.scope:
            after = self._begun(replace(after, baseline=None, baseline_at=None), taken)
        elif before.baseline_at is not None:
            after = replace(after, baseline=self._kept_baseline(before, wish, taken))
        return Put(Change.REPLACED, after, before, left_out, at)

    def _begun(self, digest: Digest, taken: Taken | None) -> Digest:
        if taken is None or not taken.is_whole:
            return digest
        return replace(digest, baseline=taken.baseline, baseline_at=taken.at)

    def _kept_baseline(self, before: Digest, wish: Wish, taken: Taken | None) -> Baseline:
        """Return what the parts that stay had compared, and how everything is for those that are new."""
        unwanted = self._keys - (wish.wanted.only or self._keys)
        begun = taken.baseline if taken else _NO_BASELINE
        return {key: value for key, value in {**begun, **(before.baseline or {})}.items() if key not in unwanted}

    def _write(self, connection: Connection, put: Put, *, by: str | None) -> bool:
        """Do what was decided on; return whether that changed anything."""
        name, wished = put.digest.wish.name, _words(put.digest.wish)
        if put.before is None:
            what = f"Set the digest {name}: {wished}"
            if not rows.add(connection, put.digest):
                return False
        elif put.change is Change.REPLACED:
            before = _words(put.before.wish)
            what = f"Change the digest {name}: {wished}" + (f"; before: {before}" if before != wished else "")
            rows.change(connection, put.digest)
        else:
            return False
        self._note(connection, put.digest, what, by=by)
        return True

    def _remove(self, connection: Connection, digest: Digest, *, by: str | None) -> None:
        if rows.remove(connection, digest):
            self._note(connection, digest, f"Remove the digest {digest.wish.name}", by=by)

    def _note(self, connection: Connection, digest: Digest, summary: str, *, by: str | None) -> None:
        note_done(
            connection,
            self._workspace,
            verb=VERB,
            subject=digest.wish.name,
            summary=summary,
            by=by,
            channel=digest.wish.channel,
            now=self._store.now(connection),
        )


def _words(wish: Wish) -> str:
    """Return when a digest comes and what it is about, in words."""
    names = [*wish.wanted.scope.namespaces, *map(str, wish.wanted.scope.images)]
    more = f" and {len(names) - MOST_NOTED} more" if len(names) > MOST_NOTED else ""
    only = f"; only {', '.join(sorted(wish.wanted.only))}" if wish.wanted.only else ""
    return f"{wish.schedule}, about {', '.join(names[:MOST_NOTED])}{more}{only}"


def _check_origin(digest: Digest, origin: Origin) -> None:
    if digest.origin is Origin.FILE and origin is not Origin.FILE:
        name = quoted(digest.wish.name)
        raise UserError(f"{name}: kept by the configuration file, and changed there. Nothing was changed.")
