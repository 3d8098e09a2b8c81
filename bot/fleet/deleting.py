"""Deletes tags: the change that somebody asks for, and the job that it becomes.

What was agreed to is what is deleted: each tag goes with the digest and the times that were shown. Just before it is
deleted it is read again, and left alone if anything of that has moved or is no longer told; and afterwards, because
Docker Hub answers 500 for some deletions that worked.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from textwrap import wrap
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, JsonValue
from sqlalchemy import Connection, and_, delete

from bot.clock import Clock
from bot.errors import (
    ForbiddenError,
    HubError,
    NoCredentialError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedResponseError,
)
from bot.fleet.model import TagSnapshot
from bot.fleet.protection import Protection
from bot.fleet.rows import tag_snapshot
from bot.governance import audit
from bot.governance.audit import Entry
from bot.governance.failures import without_advice
from bot.governance.proposals import TERMINAL, Change, Outcome, Proposal, State
from bot.governance.roles import Role
from bot.governance.trail import ENDED
from bot.hub.client import HubClient
from bot.hub.repositories import repository_path
from bot.images import RepositoryName
from bot.jobs import card, job_rows
from bot.jobs.model import Item, ItemState, Job, NewItem, NewJob, Result
from bot.store.rows import batched
from bot.store.tables import tags as tag_rows

KIND = "delete-tags"
MOST_TAGS = 1_000
"""So many tags are deleted at once."""
PER_SECOND = 2.0
"""Each takes three requests, of the 180 a minute that even a client without a login has."""
LONGEST = timedelta(hours=24)
GRACE = timedelta(seconds=20)
"""So long has whoever asked in a terminal before a process that serves does the job."""

STARTED = "Started: {} of `{}` {} being deleted."
GONE_ALREADY = "It was gone already."
NO_REPOSITORY = "Docker Hub does not show the repository any more."
GONE_AFTERWARDS = "The answer was not heard; the tag is gone."
NOT_SEEN_AGAIN = "Docker Hub does not delete it in one way, and before the other it could not be read again."
IMAGE_UNKNOWN = "Docker Hub does not tell its image, so nobody would notice if it were another by now."
LINGERS = "Docker Hub says that it is deleted, and still shows it."
STILL_THERE = "The tag is still there."
NOT_KNOWN = "No answer came, and a moment later the tag was still there: it may go yet."
WAS_LEFT = "The bot stopped while it was being deleted, or heard no answer; the tag is still there."
PUSHED_AGAIN = "It was deleted; somebody has pushed it again since."
_REFUSALS = (NoCredentialError, UnauthorizedError, ForbiddenError)
_MOST_SHOWN = 10
_LINE_WIDTH = 76
_LOOK_AGAIN_SECONDS = (1.0, 3.0)
_RULES_HOLD_SECONDS = 30.0
_MOST_REMEMBERED = 16


class DoomedTag(BaseModel):
    """A tag that is to be deleted, as it was when that was agreed to.

    Attributes:
        name: The tag.
        mark: What tells its image from others; empty: Docker Hub tells nothing of the kind.
        pushed_at: UTC.
        pulled_at: UTC; None: never, or nobody knows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    mark: str
    pushed_at: datetime
    pulled_at: datetime | None = None

    @classmethod
    def of(cls, tag: TagSnapshot) -> Self:
        """Return what is agreed to.

        Raises:
            ValueError: Nobody knows when it was pushed.
        """
        if tag.pushed_at is None:
            raise ValueError(f"nobody knows when {tag.reference} was pushed")
        return cls(name=tag.name, mark=mark_of(tag), pushed_at=tag.pushed_at, pulled_at=tag.pulled_at)


class DeletionOrder(BaseModel):
    """What is to be deleted.

    Attributes:
        repository: `namespace/name`.
        tags: Which of its tags.
        channel: Where progress is shown: a channel, or a person; None: nowhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: str
    tags: tuple[DoomedTag, ...]
    channel: str | None = None

    @property
    def name(self) -> RepositoryName:
        """The repository."""
        return RepositoryName.parse(self.repository)

    @property
    def how_many(self) -> str:
        """Their number, with the word."""
        return f"{len(self.tags):,} {'tag' if len(self.tags) == 1 else 'tags'}"

    def shown(self) -> tuple[str, ...]:
        """Return it for people, a line each."""
        path = repository_path(self.name, "tags")
        named = [f"DELETE {path}/{tag.name}" for tag in self.tags[:_MOST_SHOWN]]
        more = [tag.name for tag in self.tags[_MOST_SHOWN:]]
        rest = (f"and for {len(more):,} more:", *_wrapped(more)) if more else ()
        return (*named, *rest, "each only if its image, its last push and its last pull are still as they were shown")


def _wrapped(names: Sequence[str]) -> list[str]:
    return wrap(" ".join(names), _LINE_WIDTH, break_long_words=False, break_on_hyphens=False)


def mark_of(tag: TagSnapshot) -> str:
    """Return what tells a tag's image from others: its digest, else those of its platforms; empty: nothing does."""
    digests = sorted(each.digest for each in tag.platforms if each.digest)
    return tag.digest or " ".join(digests)


def propose(order: DeletionOrder) -> Proposal:
    """Return the change."""
    name = order.name.familiar
    one = f"Delete the tag {order.tags[0].name} of {name}" if len(order.tags) == 1 else ""
    return Proposal(
        kind=KIND,
        action=KIND,
        subject=name,
        summary=one or f"Delete {order.how_many} of {name}",
        shown=order.shown(),
        request=order.model_dump(mode="json"),
        role=Role.ADMIN,
        repository=order.repository,
        tags=tuple(tag.name for tag in order.tags),
        is_reversible=False,
    )


def job_id_of(change_id: str) -> str:
    """Return what the job of a change is called: there is one, and it goes by the same number."""
    return f"job_{change_id.partition('_')[2] or change_id}"


class _LeftError(Exception):
    """A tag is not deleted after all.

    Attributes:
        result: What came of it.
    """

    def __init__(self, result: Result) -> None:
        super().__init__(result.sentence)
        self.result = result


class DeletingExecutor:
    """Makes a job of the change. Implements `bot.governance.executors.Executor`."""

    def channels(self, change: Change) -> Sequence[str]:
        """Return where progress is shown."""
        channel = change.request["channel"]
        return (channel,) if isinstance(channel, str) else ()

    def begin(self, connection: Connection, change: Change, now: datetime) -> None:
        """Keep the job, with the message that shows its progress."""
        order = DeletionOrder.model_validate(change.request)
        new = NewJob(
            id=job_id_of(change.id),
            workspace=change.workspace,
            kind=KIND,
            change_id=change.id,
            subject=change.proposal.subject,
            title=change.proposal.summary,
            unit="tags",
            done_word="deleted",
            order={"repository": order.repository},
            items=tuple(NewItem(tag.name, tag.model_dump(mode="json")) for tag in order.tags),
            asked_by=change.asker.user_id,
            channel=order.channel,
            begins_in=GRACE if change.asker.user_id.startswith(f"{TERMINAL}:") else timedelta(0),
        )
        job_rows.add(connection, new, now)

    def send(self, change: Change) -> Outcome:
        """Say that the job has begun: what is sent, is sent by that."""
        return self.read_back(change)

    def read_back(self, change: Change) -> Outcome:
        """Say the same: the job is kept together with the start of the change."""
        order = DeletionOrder.model_validate(change.request)
        is_or_are = "is" if len(order.tags) == 1 else "are"
        sentence = STARTED.format(order.how_many, order.name.familiar, is_or_are)
        return Outcome(State.DONE, sentence, {"job": job_id_of(change.id)}, goes_on=True)

    def settled(self, _connection: Connection, _change: Change, _outcome: Outcome, _now: datetime) -> None:
        """Nothing follows: the job says what comes of it."""


class TagDeletion:
    """Deletes the tags of a job, one by one. Implements `bot.jobs.model.JobKind`.

    Args:
        hub: Docker Hub; asked as `once` does.
        clock: The time.
        protected: Globs for tags that are never deleted.
    """

    per_second = PER_SECOND
    longest = LONGEST

    def __init__(self, hub: HubClient, clock: Clock, protected: Sequence[str] = ()) -> None:
        self._hub = hub.once()
        self._clock = clock
        self._protected = tuple(protected)
        self._lock = threading.Lock()
        self._rules: dict[str, tuple[float, Protection]] = {}

    def check(self, job: Job, item: Item) -> Result | None:
        """Read the tag, and leave it alone if it is not what was agreed to any more, or is protected by now.

        Raises:
            HubError: Docker Hub does not tell.
        """
        name, agreed = _order_of(job, item)
        try:
            protection = self._protection(name)
        except NotFoundError:
            return Result(ItemState.SKIPPED, NO_REPOSITORY, ends_job=True)
        except _REFUSALS as error:
            return _refusal(error)
        if why := protection.reason(agreed.name):
            return Result(ItemState.SKIPPED, f"It was left: {why}.")
        return self._verdict(name, agreed)

    def probe(self, job: Job) -> None:
        """Read the repository.

        Raises:
            HubError: Docker Hub does not show it.
        """
        self._hub.repositories.get(RepositoryName.parse(job.order["repository"]))

    def send(self, job: Job, item: Item) -> Result:
        """Delete the tag, and look whether it is gone.

        Raises:
            HubError: It was not deleted; or, where no answer came, perhaps was.
        """
        name, agreed = _order_of(job, item)
        try:
            self._hub.tags.delete(name, agreed.name, look_again=lambda: self._look_again(name, agreed))
        except _LeftError as left:
            return left.result
        except RateLimitedError:
            raise
        except NotFoundError as error:
            return self._after_refusal(name, agreed, error, gone=Result(ItemState.SKIPPED, GONE_ALREADY))
        except (UnavailableError, UnexpectedResponseError) as error:
            return self._after_silence(name, agreed, error)
        except HubError as error:
            return _refusal(error)
        return self._after_success(name, agreed)

    def read_back(self, job: Job, item: Item) -> Result:
        """Look whether the tag is gone.

        Raises:
            HubError: Docker Hub does not tell.
        """
        name, agreed = _order_of(job, item)
        found = self._look(name, agreed.name)
        if found is None:
            return Result(ItemState.DONE, GONE_AFTERWARDS)
        if _is_pushed_again(agreed, found):
            return Result(ItemState.UNKNOWN, _what_moved(agreed, found))
        return Result(ItemState.FAILED, WAS_LEFT)

    def ended(self, connection: Connection, job: Job, items: Sequence[Item], now: datetime) -> None:
        """Note what came of it in the audit trail, and forget the tags that are gone."""
        _forget(connection, job, [item for item in items if item.state is ItemState.DONE])
        results: list[JsonValue] = [{"tag": item.label, "state": item.state, "said": item.sentence} for item in items]
        entry = Entry(
            event=ENDED,
            verb=KIND,
            subject=job.subject,
            summary=job.title,
            actor=job.asked_by,
            channel=job.channel,
            change_id=job.change_id,
            details={
                "sentence": f"{card.told(job).capitalize()}.",
                "answer": {"job": job.id, "stopped_by": job.stopped_by, "tags": results},
            },
        )
        audit.note(connection, job.workspace, entry, now=now)

    def _verdict(self, name: RepositoryName, agreed: DoomedTag) -> Result | None:
        """Read the tag; None: it is what was agreed to.

        Raises:
            HubError: Docker Hub does not tell.
        """
        found = self._look(name, agreed.name)
        if found is None:
            return Result(ItemState.SKIPPED, GONE_ALREADY)
        why = _what_moved(agreed, found)
        return Result(ItemState.SKIPPED, why) if why else None

    def _look_again(self, name: RepositoryName, agreed: DoomedTag) -> None:
        """Read the tag between two ways to delete it.

        Raises:
            _LeftError: It is to be left.
            RateLimitedError: Docker Hub does not tell for a while; nothing was done.
        """
        try:
            verdict = self._verdict(name, agreed)
        except RateLimitedError:
            raise
        except HubError as error:
            raise _LeftError(Result(ItemState.FAILED, f"{NOT_SEEN_AGAIN} {error}")) from error
        if verdict is not None:
            raise _LeftError(verdict)

    def _after_success(self, name: RepositoryName, agreed: DoomedTag) -> Result:
        try:
            found = self._look_patiently(name, agreed)
        except HubError as error:
            return Result(ItemState.DONE, f"Docker Hub says so; it could not be looked at since. {error}")
        if found is None:
            return Result(ItemState.DONE)
        if _is_pushed_again(agreed, found):
            return Result(ItemState.DONE, PUSHED_AGAIN)
        return Result(ItemState.UNKNOWN, LINGERS)

    def _after_silence(self, name: RepositoryName, agreed: DoomedTag, error: HubError) -> Result:
        """Find out what came of a deletion that failed, or whose answer was not heard.

        Raises:
            HubError: That cannot be told just now; it is the first error, so that it is read later.
        """
        try:
            found = self._look_patiently(name, agreed)
        except HubError:
            raise error from None
        said = without_advice(error)
        if found is None:
            return Result(ItemState.DONE, f"{said} The tag is gone all the same.")
        if _is_pushed_again(agreed, found):
            return Result(ItemState.UNKNOWN, f"{said} {_what_moved(agreed, found)}")
        if error.status is None:
            return Result(ItemState.UNKNOWN, f"{said} {NOT_KNOWN}")
        return Result(ItemState.FAILED, f"{said} {STILL_THERE}")

    def _after_refusal(self, name: RepositoryName, agreed: DoomedTag, error: HubError, *, gone: Result) -> Result:
        """Tell a tag that is gone from one that Docker Hub does not let us touch, of which it says the same."""
        try:
            found = self._look(name, agreed.name)
        except HubError:
            return _refusal(error)
        return gone if found is None else _refusal(error)

    def _look(self, name: RepositoryName, tag: str) -> TagSnapshot | None:
        """Return the tag as it is; None: there is none.

        Raises:
            HubError: Docker Hub does not tell.
        """
        try:
            found = self._hub.tags.get(name, tag)
        except NotFoundError:
            return None
        snapshot = tag_snapshot(name, found, self._clock.now())
        if snapshot is None or snapshot.name != tag:
            raise UnexpectedResponseError(f"{name.familiar}:{tag}", detail="another tag than the one asked for")
        return snapshot

    def _look_patiently(self, name: RepositoryName, agreed: DoomedTag) -> TagSnapshot | None:
        """Return the tag as it is when it was looked for a few times, because what Docker Hub shows lags behind."""
        found = self._look(name, agreed.name)
        for seconds in _LOOK_AGAIN_SECONDS:
            if found is None or _is_pushed_again(agreed, found):
                break
            self._clock.sleep(seconds)
            found = self._look(name, agreed.name)
        return found

    def _protection(self, name: RepositoryName) -> Protection:
        """Return what is protected; Docker Hub's own rules as they were lately.

        Raises:
            HubError: Docker Hub does not tell.
        """
        now = self._clock.monotonic()
        with self._lock:
            known = self._rules.get(str(name))
        if known is not None and now - known[0] < _RULES_HOLD_SECONDS:
            return known[1]
        found = Protection(self._protected, self._hub.repositories.get(name).immutable_tags_settings)
        with self._lock:
            if len(self._rules) >= _MOST_REMEMBERED:
                self._rules.clear()
            self._rules[str(name)] = (now, found)
        return found


def _order_of(job: Job, item: Item) -> tuple[RepositoryName, DoomedTag]:
    return RepositoryName.parse(job.order["repository"]), DoomedTag.model_validate(dict(item.order))


def _refusal(error: HubError) -> Result:
    """Return a failure. What is wrong with the credential is so for every tag."""
    is_for_all = isinstance(error, _REFUSALS) and "immutable" not in error.detail.lower()
    return Result(ItemState.FAILED, str(error), ends_job=is_for_all)


def _is_pushed_again(agreed: DoomedTag, found: TagSnapshot) -> bool:
    is_newer = found.pushed_at is not None and found.pushed_at > agreed.pushed_at
    return is_newer or mark_of(found) != agreed.mark


def _what_moved(agreed: DoomedTag, found: TagSnapshot) -> str:
    """Return why a tag is not what was agreed to, as a sentence; empty: it is."""
    mark = mark_of(found)
    if not mark or mark != agreed.mark:
        return _what_image(agreed.mark, mark)
    if found.pushed_at is None:
        return "Docker Hub does not tell any more when it was pushed."
    if found.pushed_at != agreed.pushed_at:
        return "It was pushed again since it was shown."
    if found.pulled_at is None and agreed.pulled_at is not None:
        return "Docker Hub does not tell any more when it was pulled."
    if found.pulled_at is not None and (agreed.pulled_at is None or found.pulled_at > agreed.pulled_at):
        return "It was pulled since it was shown."
    return ""


def _what_image(agreed: str, found: str) -> str:
    """Return what is to be said of a tag's image, which is another than agreed to or cannot be told."""
    if not agreed:
        return IMAGE_UNKNOWN
    return "It points to another image by now." if found else "Docker Hub does not tell its image any more."


def _forget(connection: Connection, job: Job, gone: Sequence[Item]) -> None:
    """Take what was deleted out of what is kept, unless it was seen again since."""
    by_time: Mapping[str, Any] = {item.label: item.ended_at for item in gone}
    for names in batched(sorted(by_time)):
        of_them = and_(
            tag_rows.c.workspace == job.workspace,
            tag_rows.c.repository == job.order["repository"],
            tag_rows.c.tag.in_(list(names)),
            tag_rows.c.read_at <= max(by_time[name] for name in names),
        )
        connection.execute(delete(tag_rows).where(of_them))
