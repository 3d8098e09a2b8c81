"""`/hub stale`."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.builds.model import ProviderKind, Setup
from bot.chat.image_targets import Target
from bot.chat.router import Router
from bot.errors import HubBotError, UsageError
from bot.governance.proposals import Asker
from bot.images import InvalidReferenceError
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.state import HubState
from bot.web.rights import NotAllowedError
from commands import COMMANDS
from commands.stale import StaleArguments
from tests.support.desk import ago, digest, image
from tests.support.organization import TOKEN
from tests.support.whole import ADMIN, MEMBER, OPERATOR, Asked, WholeDesk, built_hub, open_whole_desk

DAY, WEEK = timedelta(days=1), timedelta(days=7)


def push(state: HubState, path: str, tag: str, days: float, *, size: int = 50_000_000) -> None:
    state.push_tag(path, tag, at=ago(days=days), images=[image("linux/amd64", "a", size)], digest=digest("1"))


def fleet() -> HubState:
    """Return acme, which has four more repositories, and some official images."""
    state = built_hub()
    for name in ("old", "ancient", "web", "worker"):
        state.create_repository("acme", name, at=ago(days=900)).storage_bytes = 1_200_000_000
    push(state, "acme/old", "latest", 100)
    push(state, "acme/ancient", "v1", 400)
    push(state, "acme/web", "latest", 45, size=80_000_000)
    push(state, "acme/web", "pr-9", 9, size=70_000_000)
    push(state, "acme/worker", "latest", 3)
    state.pull_tag("acme/web", "latest", at=ago(days=2))
    for name, days in (("python", 50), ("node", 3), ("redis", 31)):
        state.create_repository("library", name, at=ago(days=4_000))
        push(state, f"library/{name}", "latest", days)
        push(state, f"library/{name}", "3", days)
    state.create_repository("bitnami", "redis", at=ago(days=900))
    push(state, "bitnami/redis", "latest", 60)
    return state


@pytest.fixture
def desk() -> Iterator[WholeDesk]:
    with open_whole_desk(state=fleet()) as opened:
        yield opened


def found(asked: Asked) -> list[str]:
    """Return the stale images that an answer lists, in its order."""
    assert asked.result is not None, asked.lines
    return [f"{each.repository}:{each.tag}" if each.tag else each.repository for each in asked.result.images]  # type: ignore[attr-defined]


def parsed(line: str) -> StaleArguments:
    arguments = Router(COMMANDS).parse(line).arguments
    assert isinstance(arguments, StaleArguments)
    return arguments


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("acme/", Target("acme", "")),
        ("acme/*", Target("acme", "*")),
        ("Acme/API-*", Target("acme", "api-*")),
        ("api-*", Target(None, "api-*")),
        ("acme/api", Target("acme", "api")),
        ("acme/api:1.2", Target("acme", "api", "1.2")),
        ("python", Target(None, "python")),
        ("python:3.12", Target(None, "python", "3.12")),
        ("docker.io/python", Target("library", "python")),
        ("https://hub.docker.com/r/acme/api", Target("acme", "api")),
    ],
)
def test_a_word_is_a_namespace_a_repository_several_or_an_image(text: str, target: Target) -> None:
    assert Target.parse(text) == target


@pytest.mark.parametrize(
    "text", ["", "/", "a/b/c", "acme/api-*:1", "acme/api@sha256:" + "0" * 64, "a*/b", "ghcr.io/acme/api", "a b/"]
)
def test_what_is_no_image_is_refused(text: str) -> None:
    with pytest.raises(InvalidReferenceError):
        Target.parse(text)


def test_options_are_read_as_people_write_them() -> None:
    assert parsed("stale --days 30").age == parsed("stale --days 30d").age == 30 * DAY
    assert parsed("stale —days 4w").age == 4 * WEEK
    assert parsed("stale 'acme/api-*' web --not-pulled 90d --sort size --limit 5") == StaleArguments(
        targets=(Target("acme", "api-*"), Target(None, "web")), not_pulled=90 * DAY, sort="size", limit=5
    )
    assert parsed("stale --namespace Other --tag 'pr-*' --all --check") == StaleArguments(
        namespace="other", tag="pr-*", limit=None, check=True
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("stale --days never", "`never` is for rules; here an age is expected, like `30d`."),
        ("stale --days soon", "`soon` is not an age, like `12h`, `7d` or `4w`."),
        ("stale --not-pulled 1s", "`1s` is not an age from `1h` to `3650d`."),
        ("stale --tag 'a b'", "is not a tag, nor a pattern for tags"),
        ("stale acme/api --namespace other", "Name images, or `--namespace`, and not both."),
        ("stale --tag v1 --all-tags", "`--tag` and `--all-tags` exclude each other."),
        ("stale acme/api:1 --all-tags", "An image with a tag, and `--tag` or `--all-tags`, exclude each other."),
        ("stale --all --limit 3", "`--all` and `--limit` exclude each other."),
        ("stale a/b/c", "has too many slashes"),
        ("stale rules add 'pr-*'", "`stale rules add` needs a pattern for tags, and an age or `never`."),
        ("stale rules add 'pr-*' soon", "`soon` is not an age"),
        ("stale rules add 'p/r' 7d", "is not a tag, nor a pattern for tags"),
        ("stale rules remove", "`stale rules remove` needs one pattern."),
        ("stale rules base acme/api", "`stale rules base` needs images, and what they are built on."),
        ("stale rules base acme/api ghcr.io/a/b", "only images of Docker Hub can be used"),
        ("stale rules ad 'pr-*' 7d", "`stale rules` does not know `ad`; it can `add`, `remove` and `base`."),
        ("stale rule add 'pr-*' 7d", "`stale rule` is nothing"),
        ("stale rules --days 7", "`stale rules` takes no `--days`."),
        ("stale rules add 'pr-*' 7d --all-tags", "`stale rules` takes no `--all-tags`."),
    ],
)
def test_what_does_not_fit_together_is_refused_with_an_example(line: str, problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        parsed(line)

    assert problem in str(raised.value)
    assert raised.value.example


def test_the_default_namespace_is_listed_oldest_first(desk: WholeDesk) -> None:
    assert desk.ask("stale", by=MEMBER).lines == [
        "Stale images of acme",
        "Image | Pushed | Last pull | Size | What to do",
        "acme/ancient | 2025-10-17 09:00 UTC | unknown | 1.2 GB in all | /hub trigger setup acme/ancient",
        "acme/old | 2026-08-13 09:00 UTC | unknown | 1.2 GB in all | /hub trigger setup acme/old",
        "acme/web:latest | 2026-10-07 09:00 UTC | 2026-11-19 09:00 UTC | 80.0 MB | /hub trigger setup acme/web",
        "3 stale images, oldest first; 2 fresh.",
        "Where no tag is named, that was the newest push to the whole repository; its tags were not asked for.",
    ]


def test_what_is_set_up_to_be_built_can_be_built_again(desk: WholeDesk) -> None:
    setup = Setup(repository="acme/old", provider=ProviderKind.WEBHOOK, url="https://builds.acme.example/hook")
    desk.parts.builds.setups.save(setup, desk.settings.secret_key[0], Asker(OPERATOR))

    assert "/hub trigger acme/old" in desk.ask("stale acme/old").lines[2]


def test_nothing_stale_is_one_line(desk: WholeDesk) -> None:
    assert desk.ask("stale library/node").lines == ["Nothing of node is stale: 1 image looked at."]
    assert desk.ask("stale --days 500").lines == ["Nothing of acme is stale: 5 images looked at."]


@pytest.mark.parametrize("line", ["stale acme/", "stale acme", "stale --namespace acme", "stale 'acme/*'"])
def test_a_namespace_can_be_named_in_several_ways(desk: WholeDesk, line: str) -> None:
    assert found(desk.ask(line)) == ["acme/ancient", "acme/old", "acme/web:latest"]


def test_a_bare_word_that_is_one_of_ours_is_said_to_be_the_namespace(desk: WholeDesk) -> None:
    said = desk.ask("stale acme").lines[-1]

    assert said == "acme was read as the namespace; for a repository of that name write acme/acme."


def test_a_bare_word_that_is_neither_ours_nor_official_is_tried_as_a_namespace(desk: WholeDesk) -> None:
    asked = desk.ask("stale bitnami")

    assert found(asked) == ["bitnami/redis:latest"]
    assert asked.lines[3:] == [
        "1 stale image, oldest first.",
        "bitnami was read as the namespace; for the official image write library/bitnami.",
    ]


def test_a_word_that_is_nothing_at_all_is_said_so(desk: WholeDesk) -> None:
    asked = desk.ask("stale nonsense")

    assert not asked.is_good
    assert asked.lines == [
        "Nothing of nonsense could be looked at.",
        "Could not be looked at: 1.",
        "- nonsense: Docker Hub does not show it (asked with no credential)",
    ]


def test_official_images_cost_one_request_each_where_our_own_are_known(desk: WholeDesk) -> None:
    desk.parts.fleet.sweep("acme")
    desk.hub.clear_requests()

    asked = desk.ask("stale python node redis")

    assert found(asked) == ["python:latest", "redis:latest"]
    assert sorted(desk.paths()) == [
        f"GET /v2/namespaces/library/repositories/{name}/tags" for name in ("node", "python", "redis")
    ]
    assert "/hub tags python" in asked.lines[2]
    assert asked.lines[-1] == "python, node, redis are official images: acme has no repositories of these names."


def test_a_short_name_is_ours_if_we_have_it_and_that_is_said(desk: WholeDesk) -> None:
    asked = desk.ask("stale web python")

    assert found(asked) == ["python:latest", "acme/web:latest"]
    assert "web was read as acme/web; for the official image write library/web." in asked.lines
    assert "python is the official image: acme has no repository of that name." in asked.lines


def test_several_kinds_of_words_go_together(desk: WholeDesk) -> None:
    assert found(desk.ask("stale 'w*' bitnami/ acme/api:1.0.0 python")) == [
        "bitnami/redis:latest",
        "python:latest",
        "acme/web:latest",
        "acme/api:1.0.0",
    ]


def test_tags_of_a_pattern_that_are_older_than_their_rule_can_be_deleted(desk: WholeDesk) -> None:
    desk.ask("stale rules add 'pr-*' 7d")

    asked = desk.ask("stale acme/web --tag 'pr-*'")

    assert "/hub trigger setup acme/web" in desk.ask("stale acme/web --tag latest").lines[2]
    assert asked.lines[1:3] == [
        "Image | Pushed | Last pull | Size | What to do",
        "acme/web:pr-9 | 2026-11-12 09:00 UTC | unknown | 70.0 MB | /hub delete-tags acme/web pr-9",
    ]


def test_where_limits_differ_they_are_shown(desk: WholeDesk) -> None:
    desk.ask("stale rules add 'pr-*' 7d")

    asked = desk.ask("stale acme/web --all-tags")

    assert [line.split(" | ")[4] for line in asked.lines[1:4]] == ["Stale after", "30 d", "7 d (pr-*)"]


def test_what_was_not_pulled_is_by_pull_times_of_now(desk: WholeDesk) -> None:
    state = desk.hub.state
    desk.ask("stale acme/old acme/web")
    state.pull_tag("acme/old", "latest", at=ago(days=95))
    desk.clock.advance(120)
    asked = desk.ask("stale --not-pulled 90d")

    assert found(asked) == ["acme/old:latest"]
    assert asked.lines[3:] == [
        "1 stale image, oldest first; 2 fresh, 1 older and pulled since, 1 unknown.",
        "Unknown, neither stale nor fresh: 1 image.",
        "- acme/ancient:v1: Docker Hub does not say when it was pulled",
    ]


def test_it_can_be_sorted(desk: WholeDesk) -> None:
    assert found(desk.ask("stale --sort size")) == ["acme/ancient", "acme/old", "acme/web:latest"]
    assert found(desk.ask("stale --sort name --days 40d")) == ["acme/ancient", "acme/old", "acme/web:latest"]
    assert found(desk.ask("stale --sort pulled"))[0] == "acme/web:latest"


def test_pull_times_that_are_old_are_said_to_be(desk: WholeDesk) -> None:
    desk.ask("stale")
    desk.clock.advance(7_200)

    assert (
        "Last pulls are as of 2026-11-21 09:00 UTC or later; --sort pulled reads them again." in desk.ask("stale").lines
    )


def many(count: int) -> HubState:
    state = built_hub()
    for number in range(count):
        state.create_repository("acme", f"old-{number:02}", at=ago(days=900)).storage_bytes = 70_000_000
        push(state, f"acme/old-{number:02}", "latest", 40 + number)
    return state


def test_a_terminal_shows_twenty_and_slack_all_in_a_table_and_a_file() -> None:
    with open_whole_desk(state=many(25)) as desk:
        status, output, _ = desk.in_terminal("stale")
        (table,) = desk.ask("stale").document.tables()
        (few,) = desk.ask("stale --limit 3").document.tables()

        assert status == 0
        assert len(output) == 25
        assert output[-3] == "20 of 25 stale images, oldest first; 1 fresh. More: --all"
        assert output[-2] == "What to do: /hub trigger setup <repository>"
        assert [column.title for column in table.columns] == ["Image", "Pushed", "Last pull", "Size"]
        assert [column.title for column in few.columns][-1] == "What to do"
        assert (len(table.rows), table.is_file) == (25, True)
        assert (len(few.rows), few.is_file) == (3, False)
        assert len(desk.in_terminal("stale --all")[1]) == 30


def test_json_is_one_document_of_everything() -> None:
    with open_whole_desk(state=many(25)) as desk:
        status, output, _ = desk.in_terminal("stale", as_json=True)
        document = json.loads("\n".join(output))

        assert status == 0
        assert document["counts"] == {
            "looked_at": 26,
            "stale": 25,
            "fresh": 1,
            "unknown": 0,
            "exempt": 0,
            "pulled": 0,
            "empty": 2,
        }
        assert len(document["images"]) == 25
        assert document["images"][0] == {
            "repository": "acme/old-24",
            "tag": None,
            "pushed_at": "2026-09-18T09:00:00Z",
            "age_days": 64,
            "pulled_at": None,
            "read_at": "2026-11-21T09:00:00Z",
            "size_bytes": 70_000_000,
            "limit_days": 30.0,
            "rule": None,
            "stale_at": "2026-10-18T09:00:00Z",
            "unknown": "",
            "base": None,
            "suggestion": "/hub trigger setup acme/old-24",
        }
        assert (document["is_partial"], document["retry_at"], document["unchecked"]) == (False, None, [])


def test_only_with_check_is_something_stale_a_no(desk: WholeDesk) -> None:
    assert desk.in_terminal("stale")[0] == 0
    assert desk.in_terminal("stale --check")[0] == 1
    assert desk.in_terminal("stale acme/worker --check")[0] == 0
    desk.clock.advance(3_600)
    desk.hub.faults.add(Fault("unavailable", path="/v2/namespaces/acme/repositories/worker/"))
    assert desk.in_terminal("stale acme/worker acme/api --check")[0] == 1


def test_what_could_not_be_looked_at_is_said_with_when_to_come_back(desk: WholeDesk) -> None:
    tags = "/v2/namespaces/acme/repositories/.*/tags"
    desk.hub.faults.add(Fault("rate_limited", path=tags, retry_after_seconds=900))

    lines = desk.ask("stale").lines

    assert lines[4] == "2 stale images, oldest first. Partial: not everything could be looked at."
    assert lines[6] == "Could not be looked at: 3."
    assert lines[-1] == "Ask again at 2026-11-21 09:15 UTC: only what is missing is read then."


def test_a_base_that_was_rebuilt_since_is_said_of_stale_and_of_fresh_images(desk: WholeDesk) -> None:
    push(desk.hub.state, "library/node", "22", 0)
    desk.ask("stale rules base acme/web python:3")
    desk.ask("stale rules base 'acme/worker' node:22")
    desk.ask("stale")
    push(desk.hub.state, "library/python", "3", 36)
    desk.clock.advance(3_601)

    lines = desk.ask("stale").lines

    assert lines[1] == "Image | Pushed | Last pull | Size | Base | What to do"
    assert " | python:3: rebuilt 9 days later | " in next(line for line in lines if line.startswith("acme/web:latest"))
    assert "Not stale, but built on what was rebuilt since:" in lines
    rebuilt = "- acme/worker:latest: base node:22 was rebuilt 3 days after yours: /hub trigger setup acme/worker"
    assert rebuilt in lines


def test_a_base_is_asked_for_once_for_all_that_are_built_on_it(desk: WholeDesk) -> None:
    desk.ask("stale rules base 'acme/*' python:3")
    desk.hub.clear_requests()
    desk.ask("stale")
    desk.ask("stale")

    assert len([path for path in desk.paths() if "/library/" in path]) == 1


def test_a_base_that_cannot_be_looked_at_is_said_and_makes_nothing_partial(desk: WholeDesk) -> None:
    desk.ask("stale rules base acme/web python:9")

    asked = desk.ask("stale acme/")

    assert asked.lines[-1].startswith("Bases not looked at: python:9: Docker Hub does not show it")
    assert "Partial" not in "".join(asked.lines)


def test_what_images_are_built_on_is_read_only_of_named_ones_of_ours_without_a_rule(desk: WholeDesk) -> None:
    def pulled(line: str) -> bool:
        desk.hub.clear_requests()
        desk.ask(line)
        return any("/manifests/" in path for path in desk.paths())

    assert not pulled("stale")
    assert not pulled("stale python")
    assert pulled("stale acme/worker")
    desk.ask("stale rules base acme/web python:3")
    assert not pulled("stale acme/web")


def test_rules_are_shown_in_the_order_in_which_they_hold(desk: WholeDesk) -> None:
    assert desk.ask("stale rules", by=MEMBER).lines == [
        "When tags of acme are stale",
        "Tags | Stale after",
        "all | 30d",
        "The first one that fits a tag holds: the most specific stands first, whoever wrote it when.",
    ]
    desk.ask("stale rules add 'v*' never", by=OPERATOR)
    desk.ask("stale rules add latest 14d", by=OPERATOR)

    lines = desk.ask("stale rules", by=MEMBER).lines

    assert lines[1:5] == [
        "Tags | Stale after | By | Since",
        f"latest | 14d | {OPERATOR} | 2026-11-21 09:00 UTC",
        f"v* | never | {OPERATOR} | 2026-11-21 09:00 UTC",
        "all others | 30d |  | ",
    ]


def test_a_change_of_rules_is_said_and_in_the_trail(desk: WholeDesk) -> None:
    said = [
        desk.ask(f"stale rules {words}", by=OPERATOR).lines[0]
        for words in ("add 'pr-*' 7d", "add 'pr-*' 7d", "add 'pr-*' 2d", "remove 'pr-*'", "remove 'pr-*'")
    ]

    assert said == [
        "From now on there is a rule for tags pr-* of acme.",
        "That rule is there already: tags pr-* of acme.",
        "From now on there is a rule for tags pr-* of acme. It was 7d.",
        "Removed: the rule for tags pr-* of acme.",
        "There is no rule for tags pr-* of acme.",
    ]
    trail = desk.ask("history --verb stale", by=ADMIN).lines
    assert sorted(line.split(" | ")[2] for line in trail if OPERATOR in line) == [
        "Forget when tags pr-* of acme are stale",
        "Let tags pr-* of acme be stale after 2d",
        "Let tags pr-* of acme be stale after 7d",
    ]


def test_a_rule_can_be_for_another_namespace(desk: WholeDesk) -> None:
    desk.ask("stale rules add '*' 90d --namespace bitnami")

    assert found(desk.ask("stale bitnami/")) == []
    assert len(found(desk.ask("stale"))) == 3
    assert desk.ask("stale rules --namespace bitnami").lines[2].startswith("* | 90d")


@pytest.mark.parametrize("words", ["add 'pr-*' 7d", "remove 'pr-*'", "base acme/api python:3", "remove acme/api"])
def test_members_look_and_operators_set_rules(desk: WholeDesk, words: str) -> None:
    with pytest.raises(NotAllowedError, match="needs an operator"):
        desk.ask(f"stale rules {words}", by=MEMBER)

    desk.ask(f"stale rules {words}", by=OPERATOR)


def test_bases_are_given_by_rule_and_taken_back(desk: WholeDesk) -> None:
    assert desk.ask("stale rules base 'w*' python:3.12", by=OPERATOR).lines[0] == (
        "From now on there is a rule for the base of acme/w*."
    )
    lines = desk.ask("stale rules").lines
    assert lines[-2:] == ["Images | Are built on | By", f"acme/w* | python:3.12 | {OPERATOR}"]
    assert desk.ask("stale rules remove 'acme/w*'").lines[0] == "Removed: the rule for the base of acme/w*."
    assert desk.ask("stale rules remove 'acme/w*'").is_good is False


def test_rules_of_the_file_are_shown_and_cannot_be_changed() -> None:
    file = (
        '[stale]\ndays = 50\nrules = [{ tag = "pr-*", age = "7d" }]\nbases = [{ image = "acme/*", base = "node:22" }]'
    )
    with open_whole_desk(state=fleet(), file=file) as desk:
        lines = desk.ask("stale rules").lines
        refused = desk.ask("stale rules add 'v*' never")

        assert lines[2:4] == ["pr-* | 7d", "all others | 50d"]
        assert lines[-1] == "They are set in the file of HUB_BOT_CONFIG, and changed there."
        assert isinstance(refused.failure, HubBotError)
        assert "change them there" in refused.lines[0]
        assert found(desk.ask("stale")) == ["acme/ancient", "acme/old"]


def test_without_a_namespace_one_has_to_be_named() -> None:
    environment = {"DOCKERHUB_USERNAME": "", "DOCKERHUB_TOKEN": ""}
    with open_whole_desk(state=fleet(), environment=environment) as desk:
        desk._default_namespace = None

        for line in ("stale", "stale 'w*'", "stale rules"):
            assert desk.ask(line).lines == ["Which namespace? Name one, or set DOCKERHUB_NAMESPACES for a default."]
        assert found(desk.ask("stale python")) == ["python:latest"]


def test_private_repositories_that_may_be_missing_are_said_once() -> None:
    state = fleet()
    state.add_organization_token("acme", TOKEN, ("scope-repository-read", "scope-tag-read"))
    with open_whole_desk(state=state) as desk:
        lines = desk.ask("stale").lines

        said = [line for line in lines if "rivate repositories" in line]
        why = "the organization token of acme shows them only if it has the scope `scope-repository-list`"
        assert said == [f"Private repositories may be missing: {why}.".replace("`", "")]
        # There may be none, and a check must be able to pass.
        assert desk.in_terminal("stale --check --days 900")[0] == 0


def test_a_token_that_is_refused_is_said_once(desk: WholeDesk) -> None:
    desk.hub.set_tokens_active(is_active=False)

    lines = desk.ask("stale").lines

    assert len([line for line in lines if "efuses" in line or "not taken" in line]) == 1, lines
    assert any(line.startswith("- private repositories of acme: Docker Hub refuses") for line in lines)
    assert desk.in_terminal("stale --check --days 900")[0] == 1
