"""What people read of builds."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.builds.build_rows import FollowedBuild
from bot.builds.card import (
    direct_document,
    document_of,
    dropped_words,
    duration,
    end_document,
    page_of,
    step_document,
    stuck_words,
    updated_words,
)
from bot.builds.model import Build, BuildState, ProviderKind, Setup
from bot.builds.progress import Progress, Run, Step, Verdict, observed
from bot.document import Link
from bot.slack.render import render
from bot.store.workspaces import HOME
from tests.builds.scene import API, CHANNEL, GITHUB, LATEST
from tests.store.played import NOON
from tests.support.desk import spoken

LATER = NOON + timedelta(minutes=4, seconds=12)


def followed(state: Progress = Progress.REQUESTED, *, setup: Setup = GITHUB, **facts: object) -> FollowedBuild:
    run = Run(state=state, heard_at=NOON).model_copy(update=facts)
    return FollowedBuild("bld_1", HOME, LATEST, setup, "chg_1", "U0ANA", CHANNEL, NOON, NOON, run)


def test_a_build_that_was_asked_for_says_who_what_and_by_whom() -> None:
    assert spoken(document_of(followed(said="GitHub took it."))) == [
        "acme/api:latest: asked for.",
        "GitHub took it.",
        "Asked: by U0ANA, 2026-11-21 12:00 UTC",
        "Built by: GitHub Actions, acme/api",
        "chg_1",
    ]


def test_a_build_that_failed_says_how_long_it_took_where_the_log_is_and_what_to_do() -> None:
    failed = followed(
        Progress.FAILED,
        detail="timed_out",
        commit="c0ffee" * 6,
        ref="main",
        started_at=NOON,
        ended_at=LATER,
        log_url="https://github.com/acme/api/actions/runs/42",
        tag="latest",
    )

    assert spoken(document_of(failed)) == [
        "acme/api:latest: failed after 4 min 12 s.",
        "Asked: by U0ANA, 2026-11-21 12:00 UTC",
        "Built by: GitHub Actions, acme/api",
        "From: main",
        "Commit: c0ffeec0ffee",
        "It says: timed_out",
        "Began: 2026-11-21 12:00 UTC",
        "Ended: 2026-11-21 12:04 UTC",
        "Log: open",
        "/hub trigger acme/api asks for it anew.",
        "chg_1",
    ]


def test_a_stuck_build_says_where_to_look_and_what_to_do() -> None:
    said = spoken(document_of(followed(Progress.QUEUED, verdict=Verdict.STUCK, problem="GitHub refuses the token.")))

    assert said[0] == "acme/api:latest: queued, and nothing was heard for long."
    assert said[-3:] == [
        "Look at GitHub; /hub trigger acme/api asks for it anew.",
        "I could not look just now. GitHub refuses the token.",
        "chg_1",
    ]


def test_a_refused_build_says_why() -> None:
    said = spoken(document_of(followed(Progress.REFUSED, said="No such workflow: check `build.yml`.")))

    assert said[:2] == ["acme/api:latest: not taken.", "No such workflow: check build.yml."]


def test_what_is_known_by_the_tag_alone_is_said_to_be() -> None:
    seen = followed(Progress.SUCCESS, is_seen_by_tag=True, tag="edge", ended_at=LATER)

    assert spoken(document_of(seen)) == [
        "acme/api:latest: edge was updated 5 min later, so it was probably built.",
        "Asked: by U0ANA, 2026-11-21 12:00 UTC",
        "Built by: GitHub Actions, acme/api",
        "Updated: 2026-11-21 12:04 UTC",
        "Known by its tag alone: the provider does not show the build.",
        "chg_1",
    ]
    step = Step(at=NOON, state=Progress.SUCCESS, words=updated_words("edge", LATER - NOON))
    assert spoken(step_document(seen, step)) == ["edge was updated 5 min later, so it was probably built. U0ANA"]


def test_who_asked_is_told_where_it_could_not_be_said() -> None:
    assert spoken(direct_document(followed(Progress.SUCCESS)))[-1] == (
        f"I could not post this in {CHANNEL}: invite me there, and I can the next time."
    )


def test_only_the_end_calls_who_asked() -> None:
    going_on = followed(Progress.BUILDING)
    ended = followed(Progress.SUCCESS, started_at=NOON, ended_at=LATER)

    assert spoken(step_document(going_on, Step(at=NOON, state=Progress.BUILDING, words="Building"))) == ["Building."]
    assert spoken(step_document(ended, Step(at=NOON, state=Progress.SUCCESS, words="Built"))) == [
        "Built. It took 4 min 12 s. U0ANA"
    ]
    of_terminal = replace(ended, asked_by="terminal:ana")
    assert spoken(step_document(of_terminal, Step(at=NOON, state=Progress.SUCCESS, words="Built"))) == [
        "Built. It took 4 min 12 s."
    ]
    assert "by terminal ana, " in spoken(document_of(of_terminal))[1]


def test_the_end_of_a_build_for_who_subscribed() -> None:
    failed = Build(
        id="42",
        state=BuildState.FAILED,
        detail="Error",
        tag="2.0",
        commit="c0ffee" * 6,
        started_at=NOON,
        ended_at=LATER,
        log_url="https://github.com/acme/api/actions/runs/42",
    )

    assert spoken(end_document(API, failed)) == [
        "acme/api:2.0 failed to build after 4 min 12 s.",
        "Ended: 2026-11-21 12:04 UTC",
        "Commit: c0ffeec0ffee",
        "Log: open",
    ]
    assert spoken(end_document(API, Build(id="42", state=BuildState.SUCCESS))) == ["acme/api was built."]


@pytest.mark.parametrize(
    ("state", "detail", "said"),
    [
        (Progress.BUILDING, "In Progress", "Building."),
        (Progress.SUCCESS, "done", "Built."),
        (Progress.FAILED, "timed_out", "Failed (timed_out)."),
        (Progress.QUEUED, "action_required", "Queued (action_required)."),
    ],
)
def test_a_provider_is_quoted_only_where_it_says_more(state: Progress, detail: str, said: str) -> None:
    build = replace(followed(state, detail=detail), asked_by="terminal:ana")
    step = Step(at=NOON, state=state, words=said.partition(" ")[0].rstrip("."), detail=detail)

    assert spoken(step_document(build, step)) == [said]
    assert (f"It says: {detail}" in spoken(document_of(build))) == (detail in said)


@pytest.mark.parametrize("hostile", ["<!channel> *x* `y`", "\u202egnp", "x" * 5_000])
def test_what_a_provider_says_is_inert_and_never_too_long(hostile: str) -> None:
    build = Build(
        id="1",
        state=BuildState.FAILED,
        detail=hostile,
        tag=hostile,
        ref=hostile,
        commit=hostile,
        log_url="javascript:x",
    )
    run = observed(Run(heard_at=NOON), build, NOON)
    message = render(document_of(replace(followed(), run=run)))
    other = render(end_document(API, build))

    for each in (message, other):
        assert "<!channel>" not in each.text
        assert "\u202e" not in each.text
        assert "javascript:" not in str(each.payload())
        assert len(each.text) <= 3_900


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (252, "4 min 12 s"), (3_600, "1 h"), (3_780, "1 h 3 min")],
)
def test_durations_are_short(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("setup", "link"),
    [
        (
            Setup(repository=API, provider=ProviderKind.DOCKER_HUB),
            Link("Docker Hub", "https://hub.docker.com/r/acme/api/builds"),
        ),
        (GITHUB, Link("GitHub", "https://github.com/acme/api/actions/workflows/build.yml")),
        (GITHUB.model_copy(update={"url": "https://github.acme.example"}), None),
        (
            Setup(repository=API, provider=ProviderKind.GITLAB, project="acme/api", url="https://gitlab.acme.example"),
            Link("GitLab", "https://gitlab.acme.example/acme/api/-/pipelines"),
        ),
        (Setup(repository=API, provider=ProviderKind.GITLAB, project="42"), None),
        (Setup(repository=API, provider=ProviderKind.WEBHOOK), None),
    ],
)
def test_where_to_look(setup: Setup, link: Link | None) -> None:
    assert page_of(setup) == link


def test_what_is_said_of_a_build_that_does_not_go_on() -> None:
    assert stuck_words(followed()) == "Stuck: nothing was heard for 30 min"
    assert stuck_words(followed(Progress.BUILDING)) == "Still building: nothing new was heard for 30 min"
    assert dropped_words(followed(shows_builds=True)) == (
        "Dropped, it seems: GitHub Actions shows its builds, and after 30 min this is not among them"
    )
