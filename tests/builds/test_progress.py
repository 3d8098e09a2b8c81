"""How a build may go on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.builds import progress
from bot.builds.model import Accepted, Build, BuildState
from bot.builds.progress import MOST_STEPS, Progress, Run, Verdict, may_follow

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
RANK = {Progress.REQUESTED: 0, Progress.QUEUED: 1, Progress.BUILDING: 2}
LATER = NOON + timedelta(minutes=4)

Happening = Callable[[Run, datetime], Run]


def fresh(**facts: object) -> Run:
    return Run(heard_at=NOON).model_copy(update=facts)


def seen(state: BuildState, detail: str = "", build_id: str = "1") -> Happening:
    return lambda run, at: progress.observed(run, Build(id=build_id, state=state, detail=detail), at)


HAPPENINGS: st.SearchStrategy[Happening] = st.one_of(
    st.builds(seen, st.sampled_from(BuildState), st.sampled_from(["", "claimed", "cloned"])),
    st.just(lambda run, at: progress.accepted(run, Accepted(said="OK", build_id="1"), at)),
    st.booleans().map(lambda may: lambda run, at: progress.not_taken(run, "No answer.", at, may_be_queued=may)),
    st.just(lambda run, at: progress.seen_by_tag(run, "latest", at, at, words="updated")),
    st.sampled_from(Verdict).map(lambda verdict: lambda run, at: progress.judged(run, verdict, at, words="stuck")),
    st.just(lambda run, at: progress.given_up(run, at, words="given up")),
)


@given(st.lists(HAPPENINGS, max_size=60))
def test_whatever_happens_a_build_goes_forward_and_ends_once(happenings: list[Happening]) -> None:
    run = fresh()
    for number, happens in enumerate(happenings):
        before, run = run, happens(run, NOON + timedelta(seconds=number))

        assert before.state is run.state or may_follow(before.state, run.state)
        assert RANK.get(run.state, 3) >= RANK.get(before.state, 3)
        if before.state.is_final:
            assert (run.state, run.steps, run.ended_at) == (before.state, before.steps, before.ended_at)
        if run.state.is_final or (run.state is not before.state and len(before.steps) < MOST_STEPS - 1):
            assert run.steps[-1].state is run.state
        assert run.steps[: len(before.steps)] == before.steps
        assert run.heard_at >= before.heard_at
    assert len(run.steps) <= MOST_STEPS
    assert Run.model_validate(run.model_dump(mode="json", exclude_defaults=True)) == run


@given(st.lists(st.sampled_from(Progress), min_size=2))
def test_nothing_can_go_round_in_a_circle(states: list[Progress]) -> None:
    follows = [may_follow(before, after) for before, after in pairwise(states)]

    assert not (all(follows) and states[0] is states[-1])


@pytest.mark.parametrize("state", Progress)
def test_only_ends_are_final(state: Progress) -> None:
    assert state.is_final == (not any(may_follow(state, after) for after in Progress))


def test_what_lies_between_may_be_unseen_and_facts_are_kept() -> None:
    built = Build(
        id="7", state=BuildState.SUCCESS, commit="c0ffee", started_at=NOON, ended_at=LATER, log_url="https://ci/7"
    )

    run = progress.observed(fresh(), built, LATER)

    assert (run.state, run.commit, run.log_url, run.seconds(NOON)) == (Progress.SUCCESS, "c0ffee", "https://ci/7", 240)
    assert [step.words for step in run.steps] == ["Built"]


def test_an_older_view_takes_nothing_back() -> None:
    building = progress.observed(fresh(), Build(id="7", state=BuildState.BUILDING, commit="c0ffee"), NOON)

    older = progress.observed(building, Build(id="7", state=BuildState.QUEUED), LATER)

    assert (older.state, older.commit, older.steps) == (Progress.BUILDING, "c0ffee", building.steps)


def test_an_end_without_a_time_ended_when_it_was_seen() -> None:
    assert progress.observed(fresh(), Build(id="7", state=BuildState.FAILED), LATER).ended_at == LATER


def test_a_state_that_nobody_knows_moves_nothing_and_is_heard() -> None:
    run = progress.observed(fresh(), Build(id="7", state=BuildState.UNKNOWN, detail="pondering"), LATER)

    assert (run.state, run.detail, run.heard_at) == (Progress.REQUESTED, "pondering", LATER)


def test_a_refusal_that_comes_after_the_build_was_seen_refuses_nothing() -> None:
    queued = progress.observed(fresh(), Build(id="7", state=BuildState.QUEUED), NOON)

    assert progress.not_taken(queued, "Not found.", LATER, may_be_queued=False) == queued


def test_that_it_was_taken_is_no_step_for_the_message_says_so() -> None:
    run = progress.accepted(fresh(), Accepted(said="OK", build_id="7", url="https://ci/7"), LATER)

    assert (run.state, run.steps, run.heard_at) == (Progress.REQUESTED, (), LATER)
    assert (run.said, run.build_id, run.log_url) == ("OK", "7", "https://ci/7")


def test_what_was_another_build_is_forgotten_and_said_so() -> None:
    taken = progress.observed(fresh(), Build(id="7", state=BuildState.BUILDING, tag="edge", detail="cloned"), NOON)

    run = progress.mistaken(taken, LATER, words="Another one")

    assert run.steps[-1].words == "Another one"
    assert run.model_copy(update={"steps": ()}) == fresh(heard_at=LATER, shows_builds=True)
    assert progress.observed(run, Build(id="8", state=BuildState.QUEUED), LATER).build_id == "8"


def test_an_end_is_never_taken_for_a_mistake() -> None:
    ended = progress.observed(fresh(), Build(id="7", state=BuildState.SUCCESS), NOON)

    assert progress.mistaken(ended, LATER, words="Another one") == ended


def test_how_long_it_took_is_not_known_from_a_tag() -> None:
    run = progress.seen_by_tag(fresh(started_at=NOON), "latest", LATER, LATER, words="updated")

    assert (run.state, run.ended_at, run.seconds(NOON)) == (Progress.SUCCESS, LATER, None)


def test_what_may_be_queued_is_followed_and_said_so() -> None:
    run = progress.not_taken(fresh(), "No answer in 10 s.", NOON, may_be_queued=True)

    assert run.state is Progress.REQUESTED
    assert [step.words for step in run.steps] == [f"No answer in 10 s. {progress.MAY_BE_QUEUED}"]


def test_a_verdict_is_said_once_and_taken_away_by_news() -> None:
    stuck = progress.judged(fresh(), Verdict.STUCK, LATER, words="Stuck")
    again = progress.judged(stuck, Verdict.STUCK, LATER, words="Stuck")
    gone = progress.observed(again, Build(id="7", state=BuildState.QUEUED), LATER)

    assert (stuck.verdict, len(again.steps), gone.verdict) == (Verdict.STUCK, 1, None)


def test_it_is_overdue_when_nothing_was_heard_for_long() -> None:
    length = timedelta(minutes=4)

    assert progress.is_overdue(fresh(), LATER, length)
    assert not progress.is_overdue(fresh(), LATER - timedelta(seconds=1), length)
    assert not progress.is_overdue(fresh(state=Progress.FAILED), LATER, length)
