"""`/hub delete-tags`, with everything behind it: what is shown, agreed to, deleted, and told."""

import json
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from bot.chat.router import Router
from bot.errors import NoCredentialError, UsageError, UserError
from bot.fleet.deleting import GRACE
from bot.governance.proposals import State
from bot.governance.trail import Search
from bot.hub.paging import list_pages
from bot.pushes.channels import Channels
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.state import HubState
from bot.sandbox.slack import seed
from bot.slack.render import render
from bot.web.rights import NotAllowedError
from commands import COMMANDS
from commands.delete_tags import DeleteTagsArguments, DeleteTagsResult
from tests.support.blockkit import assert_valid_message
from tests.support.desk import ago
from tests.support.organization import SCOPES, TOKEN
from tests.support.slack import buttons_of
from tests.support.whole import ADMIN, HERE, MEMBER, OPERATOR, PARTNER, Asked, WholeDesk, built_hub, open_whole_desk

OTHER_ADMIN = MEMBER
RULE = "delete-tags acme/api --match pr-* --older 30d"


def stocked() -> HubState:
    """Return acme, whose acme/api has tags of pull requests, old ones and young ones; its token may delete."""
    state = built_hub()
    scopes = (*SCOPES, "scope-repository-read", "scope-tag-read", "scope-tag-admin")
    state.add_organization_token("acme", TOKEN, scopes)
    for number in range(1, 6):
        state.push_tag("acme/api", f"pr-{number}", at=ago(days=100 - number), pusher="ana")
    state.push_tag("acme/api", "pr-9", at=ago(days=3))
    state.pull_tag("acme/api", "pr-1", at=ago(days=95))
    return state


@pytest.fixture
def desk() -> Iterator[WholeDesk]:
    with open_whole_desk(state=stocked()) as opened:
        yield opened


def there(desk: WholeDesk) -> set[str]:
    """Return the tags that there are."""
    return set(desk.hub.state.repository("acme/api").tags)


def deletions(desk: WholeDesk) -> list[str]:
    """Return which tags Docker Hub was asked to delete, in order."""
    return [each.path.rstrip("/").rpartition("/")[2] for each in desk.hub.requests if each.method == "DELETE"]


def turn(desk: WholeDesk, **unknowns: str) -> None:
    """Have the simulated Docker Hub do what nobody knows in this way."""
    desk.hub.unknowns = desk.hub.unknowns.model_copy(update=unknowns)


def agreed(desk: WholeDesk, text: str, *, by: str = ADMIN, typed: str = "acme/api") -> Asked:
    """Ask, press the button, and type the repository's name."""
    return desk.fill(desk.take(desk.ask(text, by=by)), typed=typed)


def result(asked: Asked) -> DeleteTagsResult:
    assert isinstance(asked.result, DeleteTagsResult), asked.lines
    return asked.result


def card(desk: WholeDesk, channel: str = HERE) -> str:
    """Return the message that shows the progress of the job."""
    return desk.messages(channel)[-1].text


def outcomes(desk: WholeDesk) -> dict[str, str]:
    """Return what came of each tag of the last job, with what was said of it."""
    jobs = desk.parts.jobs
    (job,) = jobs.newest("delete-tags", most=1)
    return {item.label: f"{item.state.value}: {item.sentence}".rstrip(": ") for item in jobs.items(job)}


def test_first_is_shown_what_would_be_deleted_and_nothing_is(desk: WholeDesk) -> None:
    asked = desk.ask(f"{RULE} --keep 2")

    lines = asked.lines
    assert lines[:5] == [
        "Delete 4 tags of acme/api",
        "Tags: 4",
        "Images left without a tag: 120 MB",
        "Pushed: 2026-08-14 09:00 UTC to 2026-08-17 09:00 UTC",
        "Last pull: 2026-08-18 09:00 UTC, of 1 of them",
    ]
    assert lines[5] == "Spared: 1"
    assert lines[6] == "Tag | Pushed | Pulled | Size | Digest"
    assert [line.split(" | ")[0] for line in lines[7:11]] == ["pr-1", "pr-2", "pr-3", "pr-4"]
    assert "pr-5 | it is one of the 2 pushed last" in lines
    assert "DELETE /v2/namespaces/acme/repositories/api/tags/pr-1" in "\n".join(lines)
    assert asked.offers == ["Delete 4 tags"]
    assert deletions(desk) == []
    assert_valid_message(render(asked.document))


def test_what_was_agreed_to_is_deleted_one_by_one_and_told_where_it_was_asked(desk: WholeDesk) -> None:
    started = agreed(desk, RULE)
    assert started.lines[0] == "Started: 5 tags of acme/api are being deleted."
    assert result(started).state is State.DONE

    desk.run(6)

    assert deletions(desk) == ["pr-1", "pr-2", "pr-3", "pr-4", "pr-5"]
    assert there(desk) == {"1.0.0", "1.1.0", "latest", "pr-9"}
    (message,) = desk.messages()
    assert "Ended: 5 of 5 tags deleted." in message.text
    assert buttons_of(message) == []
    (table,) = desk.replies()
    assert "pr-3" in table


def test_everything_of_it_is_in_the_audit_trail(desk: WholeDesk) -> None:
    agreed(desk, RULE)
    desk.run(6)

    events = [line.split(" | ")[3] for line in desk.ask("history --events").lines if "Delete 5 tags" in line]
    assert events == ["ended", "done", "started", "requested"]
    (last,) = [line for line in desk.ask("history").lines if "Delete 5 tags" in line]
    assert "5 of 5 tags deleted." in last
    answer = next(each.details["answer"] for each in desk.parts.trail.lines(all_events(), most=1).lines)
    assert isinstance(answer, dict)
    assert answer["tags"] == [{"tag": f"pr-{number}", "state": "done", "said": ""} for number in range(1, 6)]


def all_events() -> Search:
    return Search(every_event=True)


def test_a_name_typed_wrong_sends_nothing(desk: WholeDesk) -> None:
    asked = desk.take(desk.ask(RULE))
    for typed in ("acme/ap", "api", "acme/api:pr-1", "ACME/API"):
        assert desk.fill(asked, typed=typed).question.problems
    desk.run(3)

    assert deletions(desk) == []
    assert desk.changes() == []


def test_another_admin_has_to_approve_and_the_name_is_typed_all_the_same() -> None:
    with open_whole_desk(state=stocked(), admins=(ADMIN, OTHER_ADMIN)) as desk:
        shown = desk.ask(RULE)
        assert shown.offers == ["Ask for approval"]
        asked = desk.take(shown)
        assert asked.form.fields[0].label == "Type acme/api to confirm"
        waits = desk.fill(asked, typed="acme/api")
        assert result(waits).state is State.REQUESTED
        desk.run(5)
        assert deletions(desk) == []

        assert desk.decide(by=OTHER_ADMIN) == ""
        desk.run(6)

        assert deletions(desk) == ["pr-1", "pr-2", "pr-3", "pr-4", "pr-5"]
        assert any("Started: 5 tags" in each for each in desk.told(ADMIN))


def test_who_is_to_approve_sees_the_whole_list() -> None:
    with open_whole_desk(state=stocked(), admins=(ADMIN, OTHER_ADMIN)) as desk:
        agreed(desk, RULE)
        (change,) = desk.changes()

        lines = desk.ask(f"delete-tags show {change.id}", by=OTHER_ADMIN).lines

        assert [line.split(" | ")[0] for line in lines if line.startswith("pr-")] == [f"pr-{n}" for n in range(1, 6)]


def test_what_nobody_approves_is_not_deleted() -> None:
    with open_whole_desk(state=stocked(), admins=(ADMIN, OTHER_ADMIN)) as desk:
        agreed(desk, RULE)
        desk.run(1)
        desk.decide(by=OTHER_ADMIN, approve=False)
        desk.run(5)

        assert deletions(desk) == []


@pytest.mark.parametrize("person", [OPERATOR, MEMBER])
def test_only_admins_delete(desk: WholeDesk, person: str) -> None:
    with pytest.raises(NotAllowedError, match="needs an admin"):
        desk.ask(RULE, by=person)
    assert desk.hub.requests == []


def test_what_has_moved_since_it_was_shown_is_left_and_said(desk: WholeDesk) -> None:
    asked = desk.take(desk.ask("delete-tags acme/api pr-1 pr-2 pr-3"))
    desk.clock.advance(60)
    desk.hub.state.push_tag("acme/api", "pr-2", at=desk.clock.now())
    desk.hub.state.pull_tag("acme/api", "pr-3", at=desk.clock.now())

    desk.fill(asked, typed="acme/api")
    desk.run(5)

    assert outcomes(desk) == {
        "pr-1": "done",
        "pr-2": "skipped: It points to another image by now.",
        "pr-3": "skipped: It was pulled since it was shown.",
    }
    assert deletions(desk) == ["pr-1"]
    assert "1 of 3 tags deleted, 2 skipped" in card(desk)


def test_what_the_file_protects_is_never_deleted_nor_what_is_immutable_nor_latest() -> None:
    state = stocked()
    state.repository("acme/api").immutable_rules = ("1\\..*",)
    with open_whole_desk(state=state, file='[protected]\ntags = ["pr-1", "pr-2"]\n') as desk:
        lines = desk.ask("delete-tags acme/api --match *").lines

        assert "pr-1 | protected by the configuration file (pr-1)" in lines
        assert "1.0.0 | immutable at Docker Hub (1\\..*)" in lines
        assert "latest | it is latest, which has to be named outright" in lines
        named = desk.ask("delete-tags acme/api latest pr-1 1.1.0")
        assert [each.name for each in result(named).doomed] == ["latest"]


def test_where_the_image_has_another_tag_no_storage_is_freed_and_that_is_said(desk: WholeDesk) -> None:
    images = desk.hub.state.repository("acme/api").tags["pr-9"].images
    desk.hub.state.push_tag("acme/api", "pr-1", at=ago(days=60), images=images)

    lines = desk.ask("delete-tags acme/api pr-1 pr-2").lines

    assert "Images left without a tag: 30.0 MB" in lines
    assert any(line.startswith("pr-1 | ") and line.endswith(" | pr-9") for line in lines)
    assert any("1 of them points to an image that a tag points to which stays: of it no" in line for line in lines)


def test_a_pull_time_that_is_not_told_spares_what_a_rule_asks_it_of(desk: WholeDesk) -> None:
    asked = desk.ask("delete-tags acme/api --match pr-* --not-pulled 90d")

    assert [each.name for each in result(asked).doomed] == ["pr-1"]
    assert "pr-2 | Docker Hub does not tell when it was pulled" in asked.lines


def test_what_is_stale_is_told_by_the_rules_of_stale(desk: WholeDesk) -> None:
    desk.ask("stale rules add 'pr-*' 2d")
    desk.ask("stale rules add pr-1 never")

    asked = desk.ask("delete-tags acme/api --stale")

    assert [each.name for each in result(asked).doomed] == ["pr-2", "pr-3", "pr-4", "pr-5", "1.0.0", "pr-9"]


def test_a_pasted_list_is_read(desk: WholeDesk) -> None:
    asked = desk.ask("delete-tags acme/api")
    assert asked.form.fields[0].label == "Tags to delete"

    wrong = desk.fill(asked, pasted="pr-1\nother/repo:pr-2")
    assert wrong.question.problems == {"pasted": "`other/repo:pr-2` is of another repository."}
    shown = desk.fill(wrong, pasted="pr-1, pr-2\nacme/api:pr-3  pr-1\nnot-there")

    assert [each.name for each in result(shown).doomed] == ["pr-1", "pr-2", "pr-3"]
    assert "not-there | there is no such tag" in shown.lines
    desk.fill(desk.take(shown), typed="acme/api")
    desk.run(6)
    assert deletions(desk) == ["pr-1", "pr-2", "pr-3"]


def test_a_pasted_list_of_something_else_is_refused(desk: WholeDesk) -> None:
    asked = desk.ask("delete-tags acme/api")
    for pasted in ("../../x", "a/b/c:x", "<!channel>", "x" * 200, "\u202epr-1", "acme/api@sha256:1", " , "):
        assert desk.fill(asked, pasted=pasted).question.problems

    assert desk.hub.requests == []


@pytest.mark.parametrize(
    "typed",
    [
        "delete-tags",
        "delete-tags acme/api pr-1 --older 30d",
        "delete-tags acme/api pr-*",
        "delete-tags acme/api --match 'a b'",
        "delete-tags acme/api --older yesterday",
        "delete-tags acme/api --keep 0",
        "delete-tags acme/api@sha256:" + "0" * 64,
        "delete-tags show",
        "delete-tags stop a b",
        "delete-tags jobs --stale",
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_called(typed: str) -> None:
    with pytest.raises(UsageError):
        Router(COMMANDS).parse(typed)


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("delete-tags shw job_5f1c", "/hub delete-tags show job_5f1c"),
        ("delete-tags stpo chg_5f1c", "/hub delete-tags stop chg_5f1c"),
        ("delete-tags job", "/hub delete-tags jobs"),
        ("delete-tags resum", "/hub delete-tags resume"),
        ("delete-tags xyzzy job_5f1c", ""),
    ],
)
def test_a_word_about_jobs_that_is_misspelt_is_taken_for_no_image(typed: str, suggestion: str) -> None:
    with pytest.raises(UsageError, match="does not know") as raised:
        Router(COMMANDS).parse(typed)

    assert raised.value.suggestion == suggestion


def test_what_looks_like_an_image_is_one() -> None:
    for typed in ("delete-tags shop pr-1", "delete-tags shop", "delete-tags acme/job", "delete-tags job:1"):
        arguments = Router(COMMANDS).parse(typed).arguments
        assert isinstance(arguments, DeleteTagsArguments)
        assert arguments.action == "delete"


def test_ages_are_written_as_for_stale() -> None:
    parse = Router(COMMANDS).parse
    assert parse("delete-tags acme/api --older 30").arguments == parse("delete-tags acme/api --older 30d").arguments
    for age in ("yesterday", "1s", "never"):
        sentences = []
        for typed in (f"delete-tags acme/api --not-pulled {age}", f"stale --not-pulled {age}"):
            with pytest.raises(UsageError) as raised:
                parse(typed)
            sentences.append(str(raised.value))
        assert sentences[0].replace("`delete-tags`", "`stale`") == sentences[1]


def test_one_tag_is_spoken_of_as_one(desk: WholeDesk) -> None:
    assert agreed(desk, "delete-tags acme/api pr-1").lines[0] == "Started: 1 tag of acme/api is being deleted."
    desk.run(3)

    assert "Ended: 1 of 1 tag deleted." in card(desk)


def test_a_tag_may_be_named_with_its_repository() -> None:
    arguments = Router(COMMANDS).parse("delete-tags acme/api:pr-1 pr-2 pr-1").arguments

    assert isinstance(arguments, DeleteTagsArguments)
    assert (str(arguments.image), arguments.tags) == ("acme/api", ("pr-1", "pr-2"))


@pytest.mark.parametrize("order", ["plain_is_newest_first", "minus_is_newest_first", "ignored"])
def test_of_more_tags_than_can_be_read_the_oldest_are_or_it_is_said_that_they_may_be_missing(
    desk: WholeDesk, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    # As a repository of more than 5,000 tags, with fewer requests.
    monkeypatch.setattr("bot.hub.tags.list_pages", partial(list_pages, most_pages=2))
    turn(desk, tags_ordering=order)
    for number in range(250):
        desk.hub.state.push_tag("acme/api", f"x-{number}", at=ago(days=20, hours=-number))

    old = desk.ask("delete-tags acme/api --match pr-* --older 90d")
    none = desk.ask("delete-tags acme/api --match y-*")

    assert any("only 200" in line for line in old.lines)
    if order == "ignored":
        assert not any("oldest" in line for line in [*old.lines, *none.lines])
    else:
        assert [each.name for each in result(old).doomed] == [f"pr-{number}" for number in range(1, 6)]
        assert any("What was read are the oldest" in line for line in old.lines)
        assert result(old).size_bytes is None
    assert none.lines[0] == "There is nothing to delete among the 200 tags of acme/api that were read."


def test_where_there_is_nothing_to_delete_nothing_is_offered(desk: WholeDesk) -> None:
    asked = desk.ask("delete-tags acme/api --match nothing-*")

    assert asked.lines[0] == "There is nothing to delete of acme/api."
    assert (asked.offers, asked.is_good) == ([], False)


def test_without_a_credential_that_may_nothing_is_read() -> None:
    with open_whole_desk(state=stocked(), environment={"DOCKERHUB_TOKEN": "", "DOCKERHUB_USERNAME": ""}) as desk:
        asked = desk.ask("delete-tags acme/api pr-1")

        assert isinstance(asked.failure, NoCredentialError)
        assert desk.hub.requests == []


def test_a_credential_without_the_right_ends_it_at_the_first_tag() -> None:
    with open_whole_desk(state=built_hub()) as desk:
        agreed(desk, "delete-tags acme/api 1.0.0 1.1.0")
        desk.run(6)

        assert deletions(desk) == ["1.0.0"]
        assert outcomes(desk)["1.0.0"].startswith("failed: Docker Hub does not allow")
        assert outcomes(desk)["1.1.0"].startswith("skipped: Not tried")


def test_a_job_is_stopped_by_its_button(desk: WholeDesk) -> None:
    agreed(desk, RULE)
    desk.run(1)
    (button,) = buttons_of(desk.messages()[-1])

    assert button["action_id"] == "stop_job"
    assert "needs an admin" in desk.stop_job(button["value"], by=OPERATOR)
    assert desk.stop_job(button["value"], by=ADMIN) == ""
    desk.run(6)

    deleted = deletions(desk)
    assert 0 < len(deleted) < 5
    assert "Stopped: " in card(desk)
    assert desk.stop_job(button["value"], by=ADMIN) == "This job has ended, or is being stopped."
    assert desk.stop_job("job_\0", by=ADMIN) == "This request is gone."


def test_a_job_is_stopped_and_looked_at_by_command(desk: WholeDesk) -> None:
    agreed(desk, RULE)
    desk.run(1)
    (job,) = desk.parts.jobs.newest("delete-tags", most=1)

    assert "It stops after what it does just now." in desk.ask(f"delete-tags stop {job.id}").lines
    desk.run(6)

    assert isinstance(desk.ask(f"delete-tags stop {job.id}").failure, UserError)
    assert isinstance(desk.ask("delete-tags stop job_0").failure, UserError)
    shown = desk.ask(f"delete-tags show {job.id}")
    assert shown.lines[1].startswith("stopped: ")
    assert any(line.startswith("pr-5 | skipped") for line in shown.lines)
    assert any(job.id in line for line in desk.ask("delete-tags jobs").lines)


def test_in_slack_a_job_is_not_resumed(desk: WholeDesk) -> None:
    assert isinstance(desk.ask("delete-tags resume").failure, UserError)


def test_private_data_goes_to_who_asked(desk: WholeDesk) -> None:
    asked = desk.fill(desk.take(desk.ask(RULE, channel=PARTNER)), typed="acme/api")
    assert "in a direct message to you" in " ".join(asked.lines)
    desk.run(6)

    assert any("5 of 5 tags deleted" in text for text in desk.told(ADMIN))


@pytest.mark.parametrize("tags", ["pr-1", "pr-1 pr-2 pr-3"])
def test_where_the_bot_is_not_in_the_channel_who_asked_is_told_directly(desk: WholeDesk, tags: str) -> None:
    asked = desk.fill(desk.take(desk.ask(f"delete-tags acme/api {tags}", channel=seed.RANDOM)), typed="acme/api")
    assert "Where I cannot post, it is in a direct message to you." in " ".join(asked.lines)
    desk.run(20)

    assert desk.messages(seed.RANDOM) == []
    shown, results = desk.told(ADMIN)
    assert "Ended: " in shown
    assert f"I cannot post this in <#{seed.RANDOM}>" in shown
    assert "pr-1" in results


def test_where_the_bot_is_removed_meanwhile_who_asked_is_told_directly_and_no_more_is_said_there(
    desk: WholeDesk,
) -> None:
    agreed(desk, RULE)
    desk.run(1)
    assert len(desk.messages()) == 1
    conversation = desk.slack.state.conversations[HERE]
    conversation.members.discard(seed.BOT_USER)
    desk.run(20)

    shown, results = desk.told(ADMIN)
    assert "Ended: 5 of 5 tags deleted." in shown
    assert "pr-5" in results
    conversation.members.add(seed.BOT_USER)
    Channels(desk.store).resume(HERE)
    desk.run(10)
    there_before = desk.messages()[0]
    assert f"is in a direct message to <@{ADMIN}>" in there_before.text
    assert (buttons_of(there_before), desk.replies()) == ([], [])


def test_a_tag_that_cannot_be_read_keeps_no_other_from_being_deleted(desk: WholeDesk) -> None:
    agreed(desk, RULE)
    desk.hub.faults.add(Fault("unavailable", path="/v2/namespaces/acme/repositories/api/tags/pr-1", times=99))
    desk.run(20)

    assert deletions(desk) == ["pr-2", "pr-3", "pr-4", "pr-5"]
    assert "It waits: Docker Hub is not available" in card(desk)
    desk.run(1_200, step=20)
    assert outcomes(desk)["pr-1"].startswith("failed: It could not be read in 6 tries")


def test_what_nobody_has_pulled_it_seems_is_said_and_where_no_pull_is_told_nothing_goes(desk: WholeDesk) -> None:
    shown = desk.ask("delete-tags acme/api pr-1 pr-2")
    assert any("Of 1 of them Docker Hub tells no pull, though it does of other tags" in each for each in shown.lines)

    for tag in desk.hub.state.repository("acme/api").tags.values():
        tag.pulled_at = None
        for image in tag.images:
            image.pulled_at = None
    spared = desk.ask("delete-tags acme/api pr-1 pr-2")

    assert spared.offers == []
    assert "pr-1 | Docker Hub does not tell of any tag here when it was pulled" in spared.lines


def test_an_outage_is_waited_for(desk: WholeDesk) -> None:
    agreed(desk, "delete-tags acme/api pr-1 pr-2")
    desk.hub.faults.add(Fault("unavailable", times=4))
    desk.run(1)
    assert "It waits: Docker Hub is not available" in card(desk)

    desk.run(40, step=2)

    assert "2 of 2 tags deleted" in card(desk)
    assert "It waits" not in card(desk)


def test_in_a_terminal_it_is_done_right_there(desk: WholeDesk) -> None:
    status, output, _ = desk.in_terminal(f"{RULE} --yes")

    assert status == 0
    assert there(desk) == {"1.0.0", "1.1.0", "latest", "pr-9"}
    assert any("ended: 5 of 5 tags deleted." in line for line in output)
    assert desk.changes()[0].state is State.DONE


def test_in_a_terminal_nothing_is_done_unless_somebody_says_so(desk: WholeDesk) -> None:
    status, _, errors = desk.in_terminal(RULE)

    assert (status, deletions(desk)) == (1, [])
    assert any("add --yes" in line for line in errors)


def test_in_a_terminal_a_list_comes_from_standard_input(desk: WholeDesk) -> None:
    status, output, _ = desk.in_terminal("delete-tags acme/api --yes", typed="pr-1\npr-2\n", as_json=True)

    assert status == 0
    told = json.loads("\n".join(output))
    assert [(each["label"], each["state"]) for each in told["items"]] == [("pr-1", "done"), ("pr-2", "done")]


def test_what_a_terminal_left_is_resumed_there_or_by_whoever_serves(desk: WholeDesk) -> None:
    for resumes in (True, False):
        tags = "pr-1 pr-2" if resumes else "pr-3 pr-4"
        died = _die_after_one(desk)
        with pytest.raises(KeyboardInterrupt):
            desk.in_terminal(f"delete-tags acme/api {tags} --yes")
        died()
        if resumes:
            status, output, _ = desk.in_terminal("delete-tags resume")
            assert status == 0
            assert any("2 of 2 tags deleted" in line for line in output)
        else:
            desk.run(GRACE.total_seconds() + 100, step=10)
            assert set(outcomes(desk)) == {"pr-3", "pr-4"}
            assert {each.split(":")[0] for each in outcomes(desk).values()} == {"done"}
    assert deletions(desk) == ["pr-1", "pr-2", "pr-3", "pr-4"]


def _die_after_one(desk: WholeDesk) -> Callable[[], None]:
    """Let the process end when the next tag but one is looked at; return what takes that back."""
    kind = desk.parts.jobs.kinds["delete-tags"]
    looked: list[str] = []
    check = kind.check

    def dying(job: object, item: object) -> object:
        looked.append("")
        if len(looked) > 1:
            raise KeyboardInterrupt
        return check(job, item)  # type: ignore[arg-type]

    kind.check = dying  # type: ignore[assignment,method-assign]
    return lambda: setattr(kind, "check", check)
