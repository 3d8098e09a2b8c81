"""`/hub trigger`: what is sent, once, and what is said; how repositories are set up to be built."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from bot.builds.executing import CHANGED
from bot.builds.model import ProviderKind, Ref, Setup
from bot.chat.forms import FormProblemsError
from bot.chat.router import Router
from bot.chat.setting_up import NOTHING_SET_UP, OWN_SECRET
from bot.document import Document
from bot.errors import UsageError
from bot.governance.proposals import State
from bot.governance.vault import NoSecretKeyError
from bot.sandbox.builders.github import TOKEN as GITHUB_TOKEN
from bot.sandbox.hub.faults import Fault
from bot.sandbox.slack import seed
from bot.sandbox.slack.state import UserGroup
from bot.slack.render import render
from bot.web.rights import NotAllowedError
from commands import COMMANDS
from commands.trigger import FOLLOWED, TriggerArguments
from tests.support.blockkit import assert_valid_message
from tests.support.slack import direct_message
from tests.support.whole import (
    ADMIN,
    BY_DOCKER_HUB,
    BY_GITHUB,
    GUEST,
    HERE,
    MEMBER,
    OPERATOR,
    PARTNER,
    WholeDesk,
    open_whole_desk,
)

FOLLOWED_HERE = FOLLOWED.format(where="in a message here")
EVERY_TRIGGER = r"/api/build/v1/source/.*"
PROTECTED = f'{BY_DOCKER_HUB}\n[protected]\nrepositories = ["acme/api"]\n'
GITLAB_PROJECT = "GitLab needs the project: its number, or its path, like `acme/api`."
ONLY_BY_BUILDING = "This provider can only be tested by building: /hub trigger acme/api."
ASKED = "Ask Docker Hub to build acme/api:1.4"
TAKEN = "Docker Hub took it."
COOLING = "acme/api was triggered a moment ago. Nothing was sent; try again in 60 s."


@pytest.fixture
def desk() -> Iterator[WholeDesk]:
    """Docker Hub builds acme/api, which the configuration file knows."""
    with open_whole_desk(file=BY_DOCKER_HUB) as opened:
        yield opened


@pytest.fixture
def bare() -> Iterator[WholeDesk]:
    """Nobody said yet how anything is built; there is a GitHub."""
    with open_whole_desk(has_github=True) as opened:
        yield opened


def parsed(line: str) -> TriggerArguments:
    arguments = Router(COMMANDS).parse(f"trigger {line}").arguments
    assert isinstance(arguments, TriggerArguments)
    return arguments


def set_up(desk: WholeDesk, *, by: str = OPERATOR, **values: str) -> list[str]:
    """Have GitHub build acme/api, unless it is said otherwise; return what is answered."""
    assert desk.github is not None
    given = {
        "provider": "github",
        "project": "acme/api",
        "workflow": "build.yml",
        "branch": "main",
        "url": desk.github.url,
        "secret": GITHUB_TOKEN,
    }
    asked = desk.ask("trigger setup acme/api", by=by)
    return desk.fill(asked, **{**given, **values}).lines


def dispatched(desk: WholeDesk) -> list[object]:
    assert desk.github is not None
    return [json.loads(each.body) for each in desk.github.records if each.method == "POST"]


def kept(desk: WholeDesk) -> tuple[Setup, SecretStr]:
    found = desk.parts.builds.setup_of("acme/api")
    assert found is not None
    return found


# What is typed.


@pytest.mark.parametrize(
    ("line", "ref", "name"),
    [
        ("acme/api", None, ""),
        ("acme/api 1.4", Ref.DOCKER_TAG, "1.4"),
        ("acme/api:1.4", Ref.DOCKER_TAG, "1.4"),
        ("acme/api:1.4 1.4", Ref.DOCKER_TAG, "1.4"),
        ("acme/api --branch fix/x", Ref.BRANCH, "fix/x"),
        ("acme/api --git-tag v1.4", Ref.GIT_TAG, "v1.4"),
        ("--all acme/api", Ref.ALL, ""),
        ("acme/api setup", Ref.DOCKER_TAG, "setup"),
    ],
)
def test_what_is_to_be_built_is_read(line: str, ref: Ref | None, name: str) -> None:
    arguments = parsed(line)

    assert (str(arguments.image), arguments.action) == ("acme/api", "build")
    assert (arguments.ref, arguments.name) == (ref, name)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "Which image? Name a repository."),
        ("setup", "Which image? Name a repository."),
        ("acme/api 1.4 1.5", "One tag at a time."),
        ("acme/api:1.4 1.5", "Name one thing to build: a tag, `--branch`, `--git-tag` or `--all`."),
        ("acme/api 1.4 --branch main", "Name one thing to build: a tag, `--branch`, `--git-tag` or `--all`."),
        ("acme/api --branch main --git-tag v1", "Name one thing to build: a tag, `--branch`, `--git-tag` or `--all`."),
        ("acme/api --all --git-tag v1", "Name one thing to build: a tag, `--branch`, `--git-tag` or `--all`."),
        ("acme/api --branch ''", "A name is missing: that of a branch or a Git tag."),
        ("acme/api --git-tag ' '", "A name is missing: that of a branch or a Git tag."),
        (f"acme/api@sha256:{'a' * 64}", "A digest cannot be built: name a tag."),
        ("acme/api --provider github", "`--provider` belongs to `trigger setup`."),
        ("acme/api --stuck-after 1h", "`--stuck-after` belongs to `trigger setup`."),
        ("list acme/api", "`trigger list` takes no repository."),
        ("list --all", "`trigger list` takes no `--all`."),
        ("setup acme/api 1.4", "`trigger setup` takes one repository, without a tag."),
        ("forget acme/api:1.4", "`trigger forget` takes one repository, without a tag."),
        ("test acme/api --branch main", "`trigger test` takes no `--branch`."),
        ("setup acme/api --git-tag v1", "`trigger setup` takes no `--git-tag`."),
        ("setup acme/api --timeout soon", "`soon` is not a length of time, like `30s`, `12h` or `7d`."),
        ("setup acme/api --timeout 2m", "`2m` is not between 1 s and 60 s."),
        ("setup acme/api --stuck-after 30s", "`30s` is not between 60 s and 24 h."),
        ("setup acme/api --cooldown 2h", "`2h` is not between 0 s and 60 min."),
    ],
)
def test_what_does_not_fit_together_is_said_with_an_example(line: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(line)

    assert str(caught.value) == problem
    assert caught.value.example.startswith("/hub trigger")


@pytest.mark.parametrize("tag", ["x" * 255, "<!channel>", "a b", "-1", "v*"])
def test_what_is_no_tag_is_refused_before_anything_is_called(tag: str) -> None:
    with pytest.raises(UsageError):
        parsed(f"acme/api '{tag}'")


def test_the_things_of_a_set_up_are_read() -> None:
    arguments = parsed(
        "setup acme/api --provider github --project acme/x --workflow w.yml --branch dev --url https://ghe.example.com"
        " --timeout 20s --stuck-after 45m --cooldown 0s"
    )

    assert (arguments.provider, arguments.project, arguments.workflow) == (ProviderKind.GITHUB, "acme/x", "w.yml")
    assert (arguments.branch, arguments.url) == ("dev", "https://ghe.example.com")
    assert (arguments.timeout_seconds, arguments.stuck_after_seconds, arguments.cooldown_seconds) == (20.0, 2700.0, 0.0)


# Building.


@pytest.mark.parametrize(
    ("line", "body", "what"),
    [
        ("acme/api 1.4", {"docker_tag": "1.4"}, "acme/api:1.4"),
        ("acme/api --branch main", {"source_type": "Branch", "source_name": "main"}, "acme/api (branch main)"),
        ("acme/api --git-tag v1.4", {"source_type": "Tag", "source_name": "v1.4"}, "acme/api (Git tag v1.4)"),
        ("acme/api --all", None, "acme/api (everything)"),
        ("acme/api", None, "acme/api (everything)"),
    ],
)
def test_what_was_typed_is_asked_for_at_once(desk: WholeDesk, line: str, body: object, what: str) -> None:
    asked = desk.ask(f"trigger {line}", by=OPERATOR)

    assert asked.lines[:-1] == [f"Done: Ask Docker Hub to build {what}.", TAKEN, FOLLOWED_HERE]
    assert asked.lines[-1].startswith("chg_")
    assert (asked.is_good, asked.offers) == (True, [])
    assert desk.triggered() == [body]


def test_with_nothing_named_the_default_branch_is_built() -> None:
    with open_whole_desk(file=f'{BY_DOCKER_HUB}branch = "develop"\n') as desk:
        desk.ask("trigger acme/api", by=OPERATOR)

        assert desk.triggered() == [{"source_type": "Branch", "source_name": "develop"}]


def test_the_build_is_followed_in_one_message_with_its_history_in_the_thread(desk: WholeDesk) -> None:
    desk.ask("trigger acme/api 1.4", by=OPERATOR)
    desk.run(60, step=5)

    (card,) = desk.messages()
    assert card.text.startswith("*acme/api:1.4*: built in ")
    assert [text.split()[0].strip(".") for text in desk.replies()] == ["Building", "Built"]
    assert "1.4" in desk.hub.state.repository("acme/api").tags


def test_a_short_name_is_read_and_said_how(desk: WholeDesk) -> None:
    asked = desk.ask("trigger api 1.4", by=OPERATOR)

    assert asked.lines[1:3] == [TAKEN, "api was read as acme/api; for the official image write library/api."]
    assert desk.triggered() == [{"docker_tag": "1.4"}]


def test_where_nobody_said_how_it_is_built_it_says_what_to_do(desk: WholeDesk) -> None:
    assert desk.ask("trigger acme/vault", by=OPERATOR).lines == [
        "Nobody said yet how acme/vault is built. An operator can: /hub trigger setup acme/vault."
    ]
    assert desk.ask("trigger test acme/vault").lines == desk.ask("trigger forget acme/vault").lines
    assert desk.triggered() == []


@pytest.mark.parametrize("person", [MEMBER, GUEST])
def test_only_operators_may(desk: WholeDesk, person: str) -> None:
    for line in ("acme/api", "setup acme/api", "test acme/api", "forget acme/api", "list"):
        with pytest.raises(NotAllowedError):
            desk.ask(f"trigger {line}", by=person)

    assert desk.triggered() == []


def test_without_a_database_nothing_is_built(desk: WholeDesk) -> None:
    desk.parts = replace(desk.parts, builds=None)  # type: ignore[arg-type]

    assert "HUB_BOT_DATABASE_URL" in desk.ask("trigger acme/api").lines[0]


# Once.


def test_a_nervous_thumb_builds_once(desk: WholeDesk) -> None:
    first = desk.ask("trigger acme/api 1.4", by=OPERATOR)
    again = desk.ask("trigger acme/api 1.4", by=OPERATOR)
    desk.clock.advance(20)
    other = desk.ask("trigger acme/api edge", by=ADMIN)
    desk.clock.advance(40)
    later = desk.ask("trigger acme/api edge", by=ADMIN)

    assert (first.is_good, again.is_good, other.is_good, later.is_good) == (True, False, False, True)
    assert again.lines[:2] == [f"Failed: {ASKED}.", COOLING]
    assert other.lines[1] == (
        "acme/api was triggered by somebody else a moment ago. Nothing was sent; try again in 40 s."
    )
    assert desk.triggered() == [{"docker_tag": "1.4"}, {"docker_tag": "edge"}]


def test_of_two_at_the_same_time_one_builds(desk: WholeDesk) -> None:
    asked = []
    desk.hub.latency_seconds = 0.05
    threads = [
        threading.Thread(target=lambda by=by: asked.append(desk.ask("trigger acme/api 1.4", by=by)))
        for by in (ADMIN, OPERATOR)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(each.is_good for each in asked) == [False, True]
    assert len(desk.triggered()) == 1


def test_a_cool_down_of_nothing_holds_nobody_up() -> None:
    with open_whole_desk(file=f'{BY_DOCKER_HUB}cooldown = "0s"\n') as desk:
        assert desk.ask("trigger acme/api 1.4").is_good
        assert desk.ask("trigger acme/api edge").is_good


def test_what_was_refused_may_be_tried_again_at_once(desk: WholeDesk) -> None:
    desk.hub.faults.add(Fault(kind="unavailable", path=EVERY_TRIGGER, status=404, text="no such trigger", times=1))
    refused = desk.ask("trigger acme/api 1.4", by=OPERATOR)
    again = desk.ask("trigger acme/api 1.4", by=OPERATOR)

    assert refused.lines[0] == f"Failed: {ASKED}."
    assert "Nothing is built. Check the set-up: /hub trigger setup acme/api." in refused.lines[1]
    assert FOLLOWED_HERE not in refused.lines
    assert again.is_good


def test_what_is_throttled_keeps_cooling(desk: WholeDesk) -> None:
    desk.hub.faults.add(Fault(kind="abuse_limited", path=EVERY_TRIGGER, times=1))
    throttled = desk.ask("trigger acme/api 1.4", by=OPERATOR)

    assert "is asked too often" in throttled.lines[1]
    assert desk.ask("trigger acme/api 1.4", by=OPERATOR).lines[1] == COOLING
    assert len(desk.triggered()) == 1


@pytest.mark.parametrize("after", ["before_reading", "after_accepting"])
def test_what_was_not_heard_is_said_and_not_repeated(desk: WholeDesk, after: str) -> None:
    desk.hub.faults.add(Fault(kind="reset", path=EVERY_TRIGGER, after=after, times=1))  # type: ignore[arg-type]
    unheard = desk.ask("trigger acme/api 1.4", by=OPERATOR)

    assert unheard.lines[0] == f"Outcome unknown: {ASKED}."
    assert unheard.lines[1].endswith("The build may have been queued; it is not asked for again.")
    assert FOLLOWED_HERE in unheard.lines
    assert not unheard.is_good

    desk.run(60, step=5)
    assert desk.ask("trigger acme/api 1.4", by=OPERATOR).is_good is True  # The minute is over.
    assert len(desk.triggered()) == 2


def test_the_cool_down_of_what_was_not_heard_holds(desk: WholeDesk) -> None:
    desk.hub.faults.add(Fault(kind="reset", path=EVERY_TRIGGER, after="after_accepting", times=1))
    desk.ask("trigger acme/api 1.4", by=OPERATOR)

    assert desk.ask("trigger acme/api 1.4", by=OPERATOR).lines[1] == COOLING
    assert len(desk.triggered()) == 1


def test_a_build_that_was_not_heard_of_is_found_all_the_same(desk: WholeDesk) -> None:
    desk.hub.faults.add(Fault(kind="reset", path=EVERY_TRIGGER, after="after_accepting", times=1))
    desk.ask("trigger acme/api 1.4", by=OPERATOR)
    desk.run(90, step=5)

    assert desk.messages()[0].text.startswith("*acme/api:1.4*: built in ")
    assert len(desk.triggered()) == 1


# Where it is followed.


def test_in_a_channel_with_strangers_it_is_followed_in_a_direct_message(desk: WholeDesk) -> None:
    asked = desk.ask("trigger acme/api 1.4", channel=PARTNER)
    desk.run(2)

    assert asked.lines[1:-1] == [
        TAKEN,
        "It is followed in a direct message to you, because people of another organization read this channel.",
    ]
    assert desk.messages(PARTNER) == []
    assert desk.told(ADMIN)[0].startswith("*acme/api:1.4*: ")


def test_in_a_direct_message_it_is_followed_there(desk: WholeDesk) -> None:
    asked = desk.ask("trigger acme/api 1.4", channel=direct_message(desk.slack, ADMIN).id)
    desk.run(2)

    assert asked.lines[1:-1] == [TAKEN, FOLLOWED.format(where="in a direct message to you")]
    assert desk.told(ADMIN)[0].startswith("*acme/api:1.4*: asked for.")


def test_in_a_terminal_it_is_shown_and_asked_first(desk: WholeDesk) -> None:
    status, output, errors = desk.in_terminal("trigger acme/api 1.4")

    assert status == 1
    assert output[0] == ASKED
    assert any('{"docker_tag": "1.4"}' in row for row in output)
    assert errors
    assert desk.triggered() == []


def test_in_a_terminal_yes_builds(desk: WholeDesk) -> None:
    status, output, errors = desk.in_terminal("trigger acme/api 1.4 --yes")
    desk.run(3)

    assert (status, errors) == (0, [])
    assert output[-4:-1] == [f"Done: {ASKED}.", TAKEN, "How it goes: /hub builds acme/api."]
    assert desk.triggered() == [{"docker_tag": "1.4"}]
    assert desk.messages() == []


def test_as_json_there_are_facts(desk: WholeDesk) -> None:
    status, output, _ = desk.in_terminal("trigger acme/api 1.4 --yes", as_json=True)

    found = json.loads("\n".join(output))
    assert (status, found["state"], found["summary"]) == (0, "done", ASKED)


# Approval.


@pytest.fixture
def guarded() -> Iterator[WholeDesk]:
    """acme/api is protected; there are two admins."""
    with open_whole_desk(file=PROTECTED, admins=(ADMIN, MEMBER)) as opened:
        yield opened


def test_a_protected_repository_waits_for_somebody_else(guarded: WholeDesk) -> None:
    asked = guarded.ask("trigger acme/api 1.4")
    guarded.run(2)

    assert asked.lines[0] == f"Waits for approval: {ASKED}."
    assert asked.lines[1].startswith(f"{MEMBER} can approve it until ")
    assert asked.lines[2:-1] == ["acme/api is protected."]
    assert (guarded.triggered(), guarded.messages(), guarded.told(ADMIN)) == ([], [], [])
    (card,) = guarded.told(MEMBER)
    (change,) = guarded.changes()
    assert all(line in card for line in change.proposal.shown)
    assert guarded.decide(by=MEMBER) == ""

    guarded.run(5)
    (sent,) = [each for each in guarded.hub.requests if "/trigger/" in each.path]
    assert [json.dumps(json.loads(sent.body))] == [change.proposal.shown[-1]]
    assert f"POST {guarded.hub.url}/api/build/v1/source/" in change.proposal.shown[0]
    assert guarded.told(MEMBER)[0].startswith("*Approved and done*")
    (told,) = guarded.told(ADMIN)
    assert told == f"Carried out: {ASKED}, approved by <@{MEMBER}>. {TAKEN}"
    assert guarded.messages()[0].text.startswith("*acme/api:1.4*: ")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("acme/api v1.4", "the tag v1.4 is protected"),
        ("acme/api --branch v1.4", "the tag v1.4 is protected"),
        ("acme/api --git-tag v1.4", "the tag v1.4 is protected"),
        ("acme/api --all", "it may concern protected tags (v*)"),
        ("acme/api", "it may concern protected tags (v*)"),
    ],
)
def test_what_may_make_a_protected_tag_waits_for_somebody_else(line: str, why: str) -> None:
    with open_whole_desk(file=f'{BY_DOCKER_HUB}\n[protected]\ntags = ["v*"]\n') as desk:
        asked = desk.ask(f"trigger {line}", by=OPERATOR)

        assert asked.lines[0].startswith("Waits for approval: Ask Docker Hub to build acme/api")
        assert asked.lines[2] == f"{why[0].upper()}{why[1:]}."
        assert desk.triggered() == []
        assert desk.ask("trigger acme/api edge", by=OPERATOR).is_good


def test_in_a_terminal_a_protected_repository_is_built_and_that_nobody_is_asked_is_said(guarded: WholeDesk) -> None:
    note = "acme/api is protected; in a terminal nobody else is asked."

    _, shown, _ = guarded.in_terminal("trigger acme/api 1.4")
    status, built, _ = guarded.in_terminal("trigger acme/api 1.4 --yes")

    assert note in shown
    assert (status, note in built) == (0, True)
    assert guarded.triggered() == [{"docker_tag": "1.4"}]


def test_an_approved_build_goes_out_once(guarded: WholeDesk) -> None:
    guarded.ask("trigger acme/api 1.4")
    guarded.run(2)
    (change,) = guarded.changes()
    assert guarded.press(change.button, by=MEMBER) == ""
    assert "decided already" in guarded.press(change.button, by=MEMBER)
    guarded.run(5)

    assert len(guarded.triggered()) == 1
    assert "decided already" in guarded.press(change.button, by=MEMBER, approve=False)


def test_slack_is_asked_little_by_an_approval_also_where_rights_come_by_user_groups() -> None:
    """Slack lets us list the members of user groups twenty times a minute."""
    with open_whole_desk(file=PROTECTED, admins=(seed.PLATFORM,), operators=("S0OPS",)) as desk:
        desk.slack.state.usergroups["S0OPS"] = UserGroup("S0OPS", "ops", "Operations", users=[MEMBER])
        asked = desk.ask("trigger acme/api 1.4", by=MEMBER)
        assert asked.lines[1].startswith(f"{OPERATOR} can approve it until ")
        desk.run(2)

        desk.slack.clear_calls()
        assert desk.decide(by=OPERATOR) == ""
        desk.run(3)

        assert desk.triggered() == [{"docker_tag": "1.4"}]
        # Who presses; and when it is sent, both of them again, of whom one look at the admins tells.
        assert Counter(desk.asked_slack("users.info", "user")) == {OPERATOR: 2, MEMBER: 1}
        assert Counter(desk.asked_slack("usergroups.users.list", "usergroup")) == {seed.PLATFORM: 2, "S0OPS": 1}


def test_who_asked_cannot_approve_nor_can_who_is_no_admin(guarded: WholeDesk) -> None:
    guarded.ask("trigger acme/api 1.4")
    (change,) = guarded.changes()

    assert "somebody else has to decide" in guarded.press(change.button, by=ADMIN)
    assert "needs an admin" in guarded.press(change.button, by=OPERATOR)
    guarded.run(5)
    assert guarded.triggered() == []


def test_a_rejected_build_is_not_sent_and_who_asked_hears_of_it(guarded: WholeDesk) -> None:
    guarded.ask("trigger acme/api 1.4", by=OPERATOR)
    guarded.run(2)
    guarded.decide(by=ADMIN, approve=False)
    guarded.run(5)

    assert guarded.triggered() == []
    assert guarded.told(OPERATOR) == [f"Rejected by <@{ADMIN}>: {ASKED}. Nothing was sent."]


def test_a_set_up_that_changed_since_sends_nothing() -> None:
    with open_whole_desk(has_github=True, file='[approvals]\nrequire = ["trigger"]\n') as desk:
        set_up(desk)
        desk.ask("trigger acme/api 1.4", by=OPERATOR)
        desk.clock.advance(1)
        set_up(desk, branch="develop")
        desk.run(2)
        desk.decide(by=ADMIN)
        desk.run(5)

        assert dispatched(desk) == []
        assert desk.told(OPERATOR)[-1] == (
            f"Failed: Ask GitHub Actions to build acme/api:1.4, approved by <@{ADMIN}>. {CHANGED}"
        )
        (change,) = desk.changes()
        assert change.state is State.FAILED


def test_the_only_admin_types_the_repository() -> None:
    with open_whole_desk(file=PROTECTED) as desk:
        shown = desk.ask("trigger acme/api 1.4")
        question = desk.take(shown)
        built = desk.fill(question, typed="acme/api")

        assert shown.lines[-1] == "acme/api is protected, and you are the only admin."
        assert question.form.fields[0].label == "Type acme/api to confirm"
        assert built.is_good
        assert len(desk.triggered()) == 1


# Setting up.


def test_a_form_asks_how_it_is_built_and_the_secret_is_encrypted(bare: WholeDesk) -> None:
    form = bare.ask("trigger setup acme/api --provider github --branch dev", by=OPERATOR).form

    assert [field.name for field in form.fields] == [
        "provider", "secret", "project", "workflow", "branch", "url", "then",
    ]  # fmt: skip
    assert [field.initial for field in form.fields] == ["github", "", "", "", "dev", "", "save"]
    assert set_up(bare) == [
        "acme/api is built by GitHub Actions from now on. The secret is encrypted.",
        "Try it: /hub trigger test acme/api, or build.",
    ]
    setup, secret = kept(bare)
    assert (setup.project, setup.workflow, setup.branch) == ("acme/api", "build.yml", "main")
    assert secret.get_secret_value() == GITHUB_TOKEN
    assert bare.ask("trigger acme/api 1.4", by=OPERATOR).is_good
    assert dispatched(bare) == [{"ref": "main", "inputs": {"tag": "1.4"}, "return_run_details": True}]


@pytest.mark.parametrize(
    ("values", "field", "problem"),
    [
        ({"project": ""}, "project", "GitHub needs the repository with the workflow, like `acme/api`."),
        ({"workflow": " "}, "workflow", "GitHub needs the workflow's file, like `build.yml`."),
        ({"branch": ""}, "branch", "GitHub needs a branch, like `main`."),
        ({"provider": "gitlab", "project": ""}, "project", GITLAB_PROJECT),
        ({"secret": ""}, "secret", "There is nothing in it."),
        ({"provider": "jenkins"}, "provider", "This is none of the choices."),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_beside_its_field(
    bare: WholeDesk, values: dict[str, str], field: str, problem: str
) -> None:
    with pytest.raises(FormProblemsError) as caught:
        set_up(bare, **values)

    assert caught.value.problems == {field: problem}


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"project": "acme"}, "project", "A repository of GitHub is expected, like `acme/api`."),
        ({"secret": "two words"}, "secret", "A token of GitHub is expected: one word, without blanks."),
        ({"url": "https://example.com"}, "url", "HUB_BOT_ALLOWED_HOSTS"),
        ({"url": "file:///etc/passwd"}, "url", ""),
        ({"provider": "docker-hub", "secret": "no address"}, "secret", ""),
    ],
)
def test_what_the_provider_cannot_use_opens_the_form_again(
    bare: WholeDesk, values: dict[str, str], field: str, words: str
) -> None:
    asked = bare.ask("trigger setup acme/api", by=OPERATOR)
    given = {"provider": "github", "project": "acme/api", "workflow": "w.yml", "branch": "main", "secret": "ghtoken"}
    again = bare.fill(asked, **{**given, **values}, then="test")

    assert list(again.question.problems) == [field]
    assert words in again.question.problems[field]
    assert {each.name: each.initial for each in again.form.fields if each.name in {"project", "then"}} == {
        "project": {**given, **values}["project"],
        "then": "test",
    }
    assert bare.parts.builds.setup_of("acme/api") is None


def test_a_mended_form_is_taken(bare: WholeDesk) -> None:
    assert bare.github is not None
    asked = bare.ask("trigger setup acme/api", by=OPERATOR)
    given = {"provider": "github", "workflow": "build.yml", "branch": "main", "url": bare.github.url}
    again = bare.fill(asked, **given, project="acme", secret=GITHUB_TOKEN)
    mended = bare.fill(again, project="acme/api", secret=GITHUB_TOKEN)

    assert mended.is_good
    assert kept(bare)[0].project == "acme/api"


def test_a_secret_stays_when_none_is_put_in(bare: WholeDesk) -> None:
    set_up(bare)
    form = bare.ask("trigger setup acme/api").form
    lines = set_up(bare, secret="", branch="develop")

    assert form.fields[1].is_optional
    assert form.fields[1].hint.endswith("Left empty, the one that is kept stays.")
    assert lines[0].startswith("acme/api is built by GitHub Actions")
    setup, secret = kept(bare)
    assert (setup.branch, secret.get_secret_value()) == ("develop", GITHUB_TOKEN)


@pytest.mark.parametrize("values", [{"provider": "gitlab"}, {"url": "http://127.0.0.1:9"}])
def test_a_secret_goes_to_nobody_else(bare: WholeDesk, values: dict[str, str]) -> None:
    set_up(bare)
    asked = bare.ask("trigger setup acme/api", by=OPERATOR)
    again = bare.fill(asked, **values)

    assert again.question.problems == {"secret": OWN_SECRET}
    assert not again.form.fields[1].is_optional
    assert kept(bare)[0].provider is ProviderKind.GITHUB


def test_what_the_form_does_not_ask_for_stays(bare: WholeDesk) -> None:
    assert bare.github is not None
    asked = bare.ask("trigger setup acme/api --cooldown 5m --timeout 30s", by=OPERATOR)
    given = {"provider": "github", "project": "acme/api", "workflow": "build.yml", "branch": "main"}
    bare.fill(asked, **given, url=bare.github.url, secret=GITHUB_TOKEN)
    set_up(bare, branch="develop")

    setup, _ = kept(bare)
    assert (setup.cooldown_seconds, setup.timeout_seconds, setup.branch) == (300.0, 30.0, "develop")


def test_without_a_key_nobody_is_asked_for_a_secret() -> None:
    with open_whole_desk(environment={"HUB_BOT_SECRET_KEY": ""}) as desk:
        refused = desk.ask("trigger setup acme/api", by=OPERATOR)

    assert isinstance(refused.failure, NoSecretKeyError)
    assert "HUB_BOT_SECRET_KEY" in refused.lines[0]


def test_what_the_file_says_is_changed_in_the_file(desk: WholeDesk) -> None:
    expected = ["The builds of acme/api are set up in the file of HUB_BOT_CONFIG: change them there."]

    assert desk.ask("trigger setup acme/api", by=OPERATOR).lines == expected
    assert desk.ask("trigger forget acme/api", by=OPERATOR).lines == expected


# Trying out.


def test_a_good_token_is_found_good_from_the_form(bare: WholeDesk) -> None:
    lines = set_up(bare, then="test")

    assert lines[1] == "GitHub shows the workflow “Build” to this token. Whether it may start it, only a build tells."
    assert dispatched(bare) == []
    assert bare.ask("trigger test acme/api", by=OPERATOR).lines == lines[1:]


def test_a_bad_token_is_found_bad_and_kept_all_the_same(bare: WholeDesk) -> None:
    set_up(bare, secret="a-bad-token", then="test")
    tested = bare.ask("trigger test acme/api", by=OPERATOR)

    assert tested.lines[0].startswith("GitHub does not take the token for this (HTTP 401")
    assert not tested.is_good
    assert kept(bare)[1].get_secret_value() == "a-bad-token"


def test_what_can_only_be_tested_by_building_offers_to(desk: WholeDesk) -> None:
    tested = desk.ask("trigger test acme/api", by=OPERATOR)

    assert tested.lines == [ONLY_BY_BUILDING]
    assert (tested.offers, desk.triggered()) == (["Build now"], [])
    assert tested.result is not None
    assert tested.result.offers[0].confirm is not None
    assert desk.take(tested).lines[:2] == ["Done: Ask Docker Hub to build acme/api (everything).", TAKEN]
    assert desk.triggered() == [None]


def test_in_a_terminal_it_is_said_how_to_build(desk: WholeDesk) -> None:
    assert desk.in_terminal("trigger test acme/api --yes") == (0, [ONLY_BY_BUILDING], [])
    assert desk.triggered() == []


def test_in_a_terminal_the_secret_comes_from_standard_input(bare: WholeDesk) -> None:
    assert bare.github is not None
    line = f"trigger setup acme/api --provider github --project acme/api --workflow build.yml --url {bare.github.url}"
    status, output, _ = bare.in_terminal(f"{line} --branch main", typed=f"{GITHUB_TOKEN}\n")

    assert (status, output[0]) == (0, "acme/api is built by GitHub Actions from now on. The secret is encrypted.")
    assert kept(bare)[1].get_secret_value() == GITHUB_TOKEN
    assert bare.ask("trigger list").lines[2].endswith("| terminal:ops")


# Forgetting and listing.


def test_forgetting_is_asked_about_first(bare: WholeDesk) -> None:
    set_up(bare)
    asked = bare.ask("trigger forget acme/api", by=OPERATOR)

    assert asked.lines == ["Forget how acme/api is built, and the secret for it?"]
    assert not asked.is_good
    assert kept(bare)
    assert bare.take(asked, "Forget").lines == ["Forgotten: how acme/api is built, and the secret for it."]
    assert bare.parts.builds.setup_of("acme/api") is None
    assert bare.parts.vault.get("build/acme/api") is None
    assert "Nobody said yet how acme/api is built." in bare.take(asked, "Forget").lines[0]


def test_what_is_set_up_is_listed_without_secrets(bare: WholeDesk) -> None:
    assert bare.ask("trigger list", by=OPERATOR).lines == [NOTHING_SET_UP.replace("`", "")]

    set_up(bare)
    assert bare.ask("trigger list", by=OPERATOR).lines == [
        "Builds",
        "Repository | Built by | Project | Branch | Set up by",
        f"acme/api | GitHub Actions | acme/api | main | {OPERATOR}",
    ]


def test_who_builds_what_is_protected_is_said_by_admins() -> None:
    with open_whole_desk(file='[protected]\nrepositories = ["acme/a*"]\n', has_github=True) as desk:
        for line in ("setup acme/api", "forget acme/api"):
            assert desk.ask(f"trigger {line}", by=OPERATOR).lines == [
                "acme/api is protected: an admin has to say how it is built."
            ]
        assert desk.ask("trigger setup acme/web", by=OPERATOR).form.fields

        set_up(desk, by=ADMIN)
        assert kept(desk)
        assert desk.ask("trigger test acme/api", by=OPERATOR).is_good
        assert desk.take(desk.ask("trigger forget acme/api")).is_good


def test_the_file_is_listed_as_what_it_is() -> None:
    with open_whole_desk(file=BY_GITHUB, has_github=True) as desk:
        assert desk.ask("trigger list").lines[2] == (
            "acme/api | GitHub Actions | acme/api | main | the configuration file"
        )


def test_setting_up_and_forgetting_are_in_the_trail(bare: WholeDesk) -> None:
    set_up(bare)
    bare.take(bare.ask("trigger forget acme/api", by=OPERATOR))
    said = "\n".join(bare.says("history"))

    assert "Have acme/api built with GitHub Actions" in said
    assert "Forget how acme/api is built" in said


# Hostile words.


@pytest.mark.parametrize("name", ["<!channel>", "*_~`x", "x" * 255, "fix/<https://evil.example|login>", "\u202eevil"])
def test_whatever_a_branch_is_called_nobody_is_fooled(desk: WholeDesk, name: str) -> None:
    asked = desk.ask(f"trigger acme/api --branch '{name}'", by=OPERATOR)
    desk.run(3)

    assert_valid_message(render(asked.document))
    (card,) = desk.messages()
    for text in (card.text, *desk.replies(), render(asked.document).text):
        assert "<!channel>" not in text
        assert "<https://evil" not in text


def test_what_a_provider_answers_is_only_words(desk: WholeDesk) -> None:
    text = "`<!channel>` <https://evil.example|log in> " + "x" * 5_000
    desk.hub.faults.add(Fault(kind="unavailable", path=EVERY_TRIGGER, status=400, text=text))
    asked = desk.ask("trigger acme/api 1.4", by=OPERATOR)
    desk.run(3)

    assert_valid_message(render(asked.document))
    assert isinstance(asked.document, Document)
    for message in (render(asked.document).text, *(each.text for each in desk.messages(HERE))):
        assert "<!channel>" not in message
        assert "<https://evil" not in message
