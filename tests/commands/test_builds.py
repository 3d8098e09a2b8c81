"""`/hub builds`: what it says, whoever builds."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection

from bot.builds import build_rows, progress
from bot.builds.model import Accepted, Build, BuildState, ProviderKind, Setup
from bot.builds.providers.provider import BuildError, Refusal
from bot.builds.service import Builds
from bot.builds.setups import Setups
from bot.chat.command import Context
from bot.errors import UsageError, UserError
from bot.governance.vault import Vault
from bot.hub.auth import Credentials
from bot.sandbox.hub.simulator import HubSimulator
from commands.builds import BuildsResult
from tests.builds.scene import GITHUB, ScriptedProvider, ask
from tests.support.desk import NOW, small_hub
from tests.support.following import RECEIVER, FollowingDesk

LOG = "https://github.com/acme/api/actions/runs/42"
FAILED = Build(
    id="42",
    state=BuildState.FAILED,
    detail="timed_out",
    tag="2.0",
    commit="c0ffee" * 6,
    started_at=NOW - timedelta(minutes=10),
    ended_at=NOW - timedelta(minutes=5, seconds=48),
    log_url=LOG,
)
BUILT = Build(id="41", state=BuildState.SUCCESS, detail="Success", ref="main", started_at=NOW - timedelta(days=1))


class BuildsDesk(FollowingDesk):
    """A desk that knows who builds acme/api: GitHub, by the configuration file."""

    def __init__(self, hub: HubSimulator) -> None:
        super().__init__(hub, Credentials.from_values(), RECEIVER)
        self.providers = {kind: ScriptedProvider() for kind in ProviderKind}
        from_file = {"acme/api": (GITHUB, SecretStr("a-token"))}
        self.setups = Setups(self.store, Vault(self.store, ()), from_file)
        self.has_builds = True

    def context(self) -> Context:
        builds = Builds(self.store, self.setups, self.providers)
        return replace(super().context(), builds=builds if self.has_builds else None)


@pytest.fixture
def desk() -> Iterator[BuildsDesk]:
    with HubSimulator(small_hub(), now=lambda: NOW) as hub:
        desk = BuildsDesk(hub)
        yield desk
        desk.client.close()
        desk.store.close()


def result(desk: BuildsDesk, text: str) -> BuildsResult:
    found = desk.ask(text).result
    assert isinstance(found, BuildsResult)
    return found


def test_the_last_builds_are_listed_with_what_there_is_to_know(desk: BuildsDesk) -> None:
    desk.providers[ProviderKind.GITHUB].shown = [FAILED, BUILT]
    ask(desk.store, desk.clock)

    assert desk.says("builds acme/api") == [
        "Builds of acme/api",
        "State | Tag | From | Commit | When | Took | Log",
        "requested * | latest | – | – | 2026-11-21 09:00 UTC | – | –",
        "failed (timed_out) | 2.0 | – | c0ffeec0ffee | 2026-11-21 08:50 UTC | 4 min 12 s | open",
        "success | – | main | – | 2026-11-20 09:00 UTC | – | –",
        "3 builds, newest first. From GitHub Actions. Marked with *: asked for here, and not shown by GitHub Actions.",
    ]


def test_the_tag_of_a_run_is_known_where_it_was_asked_for(desk: BuildsDesk) -> None:
    run = BUILT.model_copy(update={"id": "43", "detail": "success"})
    desk.providers[ProviderKind.GITHUB].shown = [run, BUILT]
    ask(desk.store, desk.clock, accepted=Accepted(build_id="43"))

    assert desk.says("builds acme/api")[1:4] == [
        "State | Tag | From | Commit | When | Took | Log",
        "success | latest | main | – | 2026-11-21 09:00 UTC | – | –",
        "success | – | main | – | 2026-11-20 09:00 UTC | – | –",
    ]
    assert [(each.tag, each.ref, each.asked_by) for each in result(desk, "builds acme/api").builds] == [
        ("latest", "main", "U0ANA"),
        (None, "main", None),
    ]


def test_what_nobody_knows_of_any_build_has_no_column(desk: BuildsDesk) -> None:
    desk.providers[ProviderKind.GITHUB].shown = [BUILT]
    assert desk.says("builds acme/api")[1] == "State | From | Commit | When | Took | Log"

    desk.providers[ProviderKind.GITHUB].shown = [FAILED]
    assert desk.says("builds acme/api")[1] == "State | Tag | Commit | When | Took | Log"


def test_what_is_known_by_its_tag_alone_was_probably_built_and_nobody_knows_in_what_time(desk: BuildsDesk) -> None:
    build_id = ask(desk.store, desk.clock)
    at = NOW + timedelta(seconds=2)

    def see(connection: Connection) -> None:
        build = build_rows.find(connection, build_id)
        build_rows.move(
            connection,
            build,
            lambda run: progress.seen_by_tag(run, "latest", at, at, words="updated"),
            at,
            due_at=lambda _: None,
        )

    desk.store.write(see)

    assert desk.says("builds acme/api")[2] == "success, probably | latest | – | 2026-11-21 09:00 UTC | – | –"
    found = result(desk, "builds acme/api").builds[0]
    assert (found.is_seen_by_tag, found.seconds, found.ended_at) == (True, None, at)


def test_only_some_are_asked_for(desk: BuildsDesk) -> None:
    desk.providers[ProviderKind.GITHUB].shown = [FAILED, BUILT]

    assert [each.id for each in result(desk, "builds api --state failed").builds] == ["42"]
    assert [each.id for each in result(desk, "builds api --limit 1").builds] == ["42"]
    assert desk.says("builds acme/api --state failed")[-1] == "1 failed build, newest first. From GitHub Actions."
    assert desk.says("builds acme/api --state canceled")[1] == "No build of acme/api that is known is canceled."


def test_as_json_there_are_facts(desk: BuildsDesk) -> None:
    desk.providers[ProviderKind.GITHUB].shown = [FAILED]

    found = json.loads(result(desk, "builds acme/api").model_dump_json())

    assert (found["provider"], found["is_shown"], found["problems"]) == ("github", True, [])
    assert found["builds"][0] == {
        "id": "42",
        "state": "failed",
        "detail": "timed_out",
        "verdict": None,
        "is_seen_by_tag": False,
        "tag": "2.0",
        "ref": None,
        "commit": "c0ffee" * 6,
        "at": "2026-11-21T08:50:00Z",
        "started_at": "2026-11-21T08:50:00Z",
        "ended_at": "2026-11-21T08:54:12Z",
        "seconds": 252.0,
        "log_url": LOG,
        "asked_by": None,
        "is_shown": True,
    }


def test_what_could_not_be_read_is_said_with_what_is_known_all_the_same(desk: BuildsDesk) -> None:
    desk.providers[ProviderKind.GITHUB].error = BuildError(Refusal.FORBIDDEN, "GitHub refuses the token.")
    assert desk.says("builds acme/api") == [
        "Builds of acme/api",
        "Nothing is known of builds of acme/api just now.",
        "GitHub refuses the token.",
    ]
    assert not desk.ask("builds acme/api").is_good

    ask(desk.store, desk.clock)
    assert desk.says("builds acme/api")[2:] == [
        "requested | latest | – | 2026-11-21 09:00 UTC | – | –",
        "1 build, newest first.",
        "GitHub refuses the token.",
    ]
    assert desk.ask("builds acme/api").is_good


def test_a_provider_that_shows_none_is_said_to_show_none(desk: BuildsDesk) -> None:
    ask(desk.store, desk.clock)

    assert desk.says("builds acme/api")[-1] == (
        "1 build, newest first. GitHub Actions does not show builds: these are those that were asked for here."
    )


def test_where_there_are_none_it_says_what_to_do(desk: BuildsDesk) -> None:
    desk.providers[ProviderKind.DOCKER_HUB].shown = []

    assert desk.says("builds acme/empty")[1] == (
        "No builds of acme/empty are known: Docker Hub shows none, and none was asked for here. "
        "/hub trigger acme/empty asks for one; /hub trigger setup acme/empty says who builds it."
    )
    assert desk.says("builds acme/api")[1].startswith("No builds of acme/api are known: GitHub Actions does not show")


def test_a_short_name_is_read_and_said_how(desk: BuildsDesk) -> None:
    desk.providers[ProviderKind.GITHUB].shown = [FAILED]

    assert desk.says("builds api")[-1].startswith("api was read as acme/api")


def test_one_image_is_not_a_repository(desk: BuildsDesk) -> None:
    with pytest.raises(UsageError, match="one image") as caught:
        desk.ask("builds acme/api:2.0")

    assert caught.value.suggestion == "/hub builds acme/api"


def test_without_a_database_nothing_is_known(desk: BuildsDesk) -> None:
    desk.has_builds = False

    assert isinstance(desk.ask("builds acme/api").failure, UserError)


def test_who_subscribes_to_builds_learns_who_is_asked(desk: BuildsDesk) -> None:
    hook = Setup(repository="acme/empty", provider=ProviderKind.WEBHOOK)
    desk.setups = Setups(desk.store, Vault(desk.store, ()), {"acme/empty": (hook, SecretStr("x y"))})

    assert (
        "It is built through a webhook, which tells of no builds: I hear of those that are asked for here alone."
        in (desk.says("subscribe acme/empty --builds all"))
    )
    assert desk.says("subscribe acme/api --builds failed") == [
        "Subscribed: acme/api --builds failed.",
        "I look for builds every 5 minutes, and tell of those that end from now on.",
        "This is about builds alone: pushes are a subscription of their own, without --builds.",
        (
            "Nobody said how acme/api is built, so I look at Docker Hub's own builds: an operator can, "
            "/hub trigger setup acme/api."
        ),
    ]
