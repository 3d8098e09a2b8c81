"""How far a build is that we asked for, and how that may change. Pure.

::

    requested ──► queued ──► building ──► success | failed | canceled
        │            └───────────┴──────► unknown      (nobody tells any more)
        ├──► success | failed | canceled | unknown     (what lies between was not seen)
        └──► refused                                   (the provider did not take it: nothing is built)
    queued | building ──► requested                    (what was taken for it is another build)

But for that, nothing goes back, and nothing follows an end. Beside it stands a verdict, where something is to be said
of how it goes: nothing was heard for long, or the provider seems to have dropped it. Whatever is heard takes the
verdict away again.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from bot.builds.model import Accepted, Build, BuildState

MOST_STEPS = 20
"""A build has few; a provider that says something new each time must not fill the thread."""
MAY_BE_QUEUED = "It is followed all the same."
TAKEN = "Asked for"
NOT_TAKEN = "Not taken"


class Progress(StrEnum):
    """How far a build is that we asked for."""

    REQUESTED = "requested"
    QUEUED = "queued"
    BUILDING = "building"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELED = "canceled"
    REFUSED = "refused"
    """The provider did not take it."""
    UNKNOWN = "unknown"
    """Nobody found out what became of it."""

    @property
    def is_final(self) -> bool:
        """Whether nothing follows."""
        return self not in _ORDER


_ORDER = (Progress.REQUESTED, Progress.QUEUED, Progress.BUILDING)
_WORDS = {
    Progress.REQUESTED: TAKEN,
    Progress.QUEUED: "Queued",
    Progress.BUILDING: "Building",
    Progress.SUCCESS: "Built",
    Progress.FAILED: "Failed",
    Progress.CANCELED: "Canceled",
    Progress.REFUSED: NOT_TAKEN,
    Progress.UNKNOWN: "Nobody knows what became of it",
}


class Verdict(StrEnum):
    """What is to be said of how it goes."""

    STUCK = "stuck"
    """Nothing was heard of it for long."""
    DROPPED = "dropped"
    """The provider took it, and it is not among its builds."""


class Step(BaseModel):
    """Something that happened to a build.

    Attributes:
        at: When we heard of it (UTC).
        state: How far it was then.
        words: The same for people; ours, with code in backticks.
        detail: The provider's own word; empty: it is the same.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: datetime
    state: Progress
    words: str
    detail: str = ""


class Run(BaseModel):
    """What is known of a build that we asked for. Whatever is None is not known.

    Attributes:
        state: How far it is.
        steps: What happened to it, earliest first.
        heard_at: When something was last heard of it (UTC).
        build_id: The provider's own id.
        detail: The provider's own word for the state.
        said: What the provider said when it was asked; ours or cleaned.
        tag: The Docker tag that it makes, or that was seen to be updated.
        ref: The branch or Git tag that it is made from.
        commit: The Git commit.
        started_at, ended_at: UTC; where it is known from the tag alone, that was pushed when it ended.
        log_url: Where people find its log; https.
        baseline: When the tag that was asked for had been pushed last before (UTC).
        is_seen_by_tag: Whether it is known from the tag alone that it was built.
        shows_builds: Whether the provider tells of builds.
        verdict: What is to be said of how it goes.
        problem: Why the last look failed; empty: it did not.
        looks: How often it was looked at since something was heard.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: Progress = Progress.REQUESTED
    steps: tuple[Step, ...] = ()
    heard_at: datetime
    build_id: str | None = None
    detail: str = ""
    said: str = ""
    tag: str | None = None
    ref: str | None = None
    commit: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    log_url: str | None = None
    baseline: datetime | None = None
    is_seen_by_tag: bool = False
    shows_builds: bool | None = None
    verdict: Verdict | None = None
    problem: str = ""
    looks: int = 0

    def seconds(self, since: datetime) -> float | None:
        """Return how long it took: from its start, else from when it was asked for; None: it runs, or nobody knows."""
        if self.ended_at is None or self.is_seen_by_tag:
            return None
        return max(0.0, (self.ended_at - (self.started_at or since)).total_seconds())


def may_follow(before: Progress, after: Progress) -> bool:
    """Return whether one state may come after another: forward only, and nothing after an end."""
    if before.is_final or before is after:
        return False
    if after is Progress.REFUSED:
        return before is Progress.REQUESTED
    return after.is_final or _ORDER.index(after) > _ORDER.index(before)


def accepted(run: Run, answer: Accepted, at: datetime) -> Run:
    """Return it after the provider took it. What was heard meanwhile stays."""
    known = run.model_copy(
        update={
            "said": run.said or answer.said,
            "build_id": run.build_id or answer.build_id,
            "log_url": run.log_url or answer.url,
        }
    )
    if run.state is not Progress.REQUESTED:
        return known
    # No step: the message itself says so already.
    return _heard(known, at)


def not_taken(run: Run, sentence: str, at: datetime, *, may_be_queued: bool) -> Run:
    """Return it after the provider did not take it, or nobody knows whether it did.

    Args:
        run: As it was.
        sentence: Why not, for people.
        at: When that was (UTC).
        may_be_queued: Whether it may have taken it all the same.
    """
    if may_be_queued:
        if run.state is not Progress.REQUESTED:
            return run.model_copy(update={"said": run.said or sentence})
        said = run.model_copy(update={"said": sentence})
        return said.model_copy(update={"steps": _with_step(said, at, f"{sentence} {MAY_BE_QUEUED}")})
    if not may_follow(run.state, Progress.REFUSED):
        return run
    return _moved(run.model_copy(update={"said": sentence}), Progress.REFUSED, at, words=f"{NOT_TAKEN}: {sentence}")


def observed(run: Run, build: Build, at: datetime) -> Run:
    """Return it after its provider told of it. What does not go forward changes no state; facts that are new stay."""
    if run.state.is_final:
        return run
    facts = {name: getattr(build, name) for name in ("tag", "ref", "commit", "started_at", "log_url")}
    known = run.model_copy(
        update={
            **{name: value for name, value in facts.items() if value is not None},
            "build_id": run.build_id or build.id,
            "shows_builds": True,
            "problem": "",
        }
    )
    state = None if build.state is BuildState.UNKNOWN else Progress(build.state)
    if state is not None and may_follow(run.state, state):
        ended = known.model_copy(update={"ended_at": (build.ended_at or at) if state.is_final else None})
        return _moved(ended, state, at, detail=build.detail)
    if run.build_id is None or build.detail != run.detail:
        return _heard(known, at).model_copy(update={"detail": build.detail})
    return known


def seen_by_tag(run: Run, tag: str, pushed_at: datetime, at: datetime, *, words: str) -> Run:
    """Return it after a tag was seen that was pushed since it was asked for."""
    if run.state.is_final:
        return run
    known = run.model_copy(update={"tag": tag, "ended_at": pushed_at, "is_seen_by_tag": True, "problem": ""})
    return _moved(known, Progress.SUCCESS, at, words=words)


def mistaken(run: Run, at: datetime, *, words: str) -> Run:
    """Return it after what was taken for it turned out to be another build: nothing is known of it any more."""
    if run.state.is_final:
        return run
    fresh = Run(heard_at=run.heard_at)
    facts = ("build_id", "tag", "ref", "commit", "started_at", "log_url")
    forgotten = run.model_copy(update={name: getattr(fresh, name) for name in facts})
    return _moved(forgotten, Progress.REQUESTED, at, words=words)


def judged(run: Run, verdict: Verdict, at: datetime, *, words: str) -> Run:
    """Return it with a verdict, said once."""
    if run.state.is_final or run.verdict is verdict:
        return run
    return run.model_copy(update={"verdict": verdict, "steps": _with_step(run, at, words)})


def given_up(run: Run, at: datetime, *, words: str) -> Run:
    """Return it after nobody found out what became of it; the verdict says why, so it stays."""
    if run.state.is_final:
        return run
    return _moved(run, Progress.UNKNOWN, at, words=words).model_copy(update={"verdict": run.verdict})


def is_overdue(run: Run, now: datetime, stuck_after: timedelta) -> bool:
    """Return whether nothing was heard for so long that something is to be said of it."""
    return not run.state.is_final and now - run.heard_at >= stuck_after


def word_of(state: Progress) -> str:
    """Return the word for a state, as a sentence begins."""
    return _WORDS[state]


def _moved(run: Run, state: Progress, at: datetime, *, words: str = "", detail: str = "") -> Run:
    steps = _with_step(run, at, words or _WORDS[state], state=state, detail=detail)
    return _heard(run, at).model_copy(update={"state": state, "steps": steps, "detail": detail})


def _heard(run: Run, at: datetime) -> Run:
    return run.model_copy(update={"heard_at": max(run.heard_at, at), "verdict": None, "looks": 0})


def _with_step(
    run: Run, at: datetime, words: str, *, state: Progress | None = None, detail: str = ""
) -> tuple[Step, ...]:
    # The end is always told, however much was said before.
    most = MOST_STEPS if state and state.is_final else MOST_STEPS - 1
    if len(run.steps) >= most:
        return run.steps
    return (*run.steps, Step(at=at, state=state or run.state, words=words, detail=detail))
