"""What people type.

Sources: https://docs.slack.dev/interactivity/implementing-slash-commands,
https://docs.slack.dev/reference/events/app_mention and https://docs.slack.dev/reference/events/message.channels.
"""

import time
from typing import Any

import pytest

from bot.sandbox.httpd import Answer
from bot.sandbox.slack import seed
from bot.sandbox.slack.acting import NotAllowed, Typed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.unknowns import SlackUnknowns
from tests.sandbox.slack.receiver import Received, Receiver, texts


def types(slack: SlackSimulator, text: str, *, user: str = seed.MIA, channel: str = seed.GENERAL) -> Typed:
    return slack.acting_as(user).types(channel, text)


# Commands


def test_command_is_sent_with_all_that_slack_tells(slack: SlackSimulator, receiver: Receiver) -> None:
    typed = types(slack, "/hub tags acme/api")

    payload = receiver.payloads[0]
    assert payload.pop("response_url").startswith(f"{slack.url}/commands/T0ACME/")
    assert payload.pop("trigger_id").count(".") == 2
    assert payload == {
        "token": "sandbox-verification-token",
        "team_id": "T0ACME",
        "team_domain": "acme",
        "channel_id": "C0GENERAL",
        "channel_name": "general",
        "user_id": "U0MIA",
        "user_name": "mia",
        "command": "/hub",
        "text": "tags acme/api",
        "api_app_id": "A0HUBBOT",
        "is_enterprise_install": "false",
    }
    assert (typed.line, typed.answer, typed.slackbot) == (None, None, None)
    assert typed.outcome is not None
    assert typed.outcome.is_accepted


@pytest.mark.parametrize(("line", "text"), [("/hub", ""), ("/hub ", ""), ("/hub  a", " a"), ("/hub\ta\nb", "a\nb")])
def test_text_is_everything_after_the_first_space(
    slack: SlackSimulator, receiver: Receiver, line: str, text: str
) -> None:
    types(slack, line)

    assert receiver.payloads[0]["text"] == text


@pytest.mark.parametrize(
    ("channel", "name"), [(seed.CREW, "privategroup"), (seed.GENERAL, "general"), ("D", "directmessage")]
)
def test_only_public_channels_are_named(slack: SlackSimulator, receiver: Receiver, channel: str, name: str) -> None:
    if channel == "D":
        channel = slack.acting_as(seed.ANA).opens_direct_message(seed.OMAR).id

    types(slack, "/hub help", user=seed.ANA, channel=channel)

    assert receiver.payloads[0]["channel_name"] == name


def test_escaped_command_has_ids_and_links(slack: SlackSimulator, receiver: Receiver) -> None:
    types(slack, "/hub ask @ana & #general about docker.io/library/nginx")

    assert receiver.payloads[0]["text"] == (
        "ask <@U0ANA> &amp; <#C0GENERAL|general> about <http://docker.io/library/nginx|docker.io/library/nginx>"
    )


def test_mentions_in_a_command_may_carry_names(slack: SlackSimulator, receiver: Receiver) -> None:
    slack.unknowns = SlackUnknowns(escaped_mention="id_and_name")

    types(slack, "/hub ask @ana")

    assert receiver.payloads[0]["text"] == "ask <@U0ANA|ana>"


def test_command_without_escaping_is_sent_as_typed(slack: SlackSimulator, receiver: Receiver) -> None:
    manifest = seed.manifest_for(receiver.url)
    manifest["features"]["slash_commands"][0]["should_escape"] = False
    slack.app.manifest = manifest

    types(slack, "/hub ask @ana & <b>")

    assert receiver.payloads[0]["text"] == "ask @ana & <b>"


def test_smart_quotes_reach_the_app(slack: SlackSimulator, receiver: Receiver) -> None:
    slack.acting_as(seed.MIA).types(seed.GENERAL, '/hub set --desc "my app"', smart_quotes=True)

    assert receiver.payloads[0]["text"] == "set —desc “my app”"


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (Answer(200, b"Got it!", "text/plain; charset=utf-8"), "Got it!"),
        (Answer(200, b'{"text": "Got it!"}', "application/json;charset=utf-8"), "Got it!"),
        (Answer(200, b'{"text": "raw"}', "text/plain"), '{"text": "raw"}'),
        (Answer(200, b"{broken", "application/json"), "{broken"),
        (Answer(200, b'"just a string"', "application/json"), '"just a string"'),
    ],
)
def test_acknowledgement_may_hold_a_message(
    slack: SlackSimulator, receiver: Receiver, answer: Answer, shown: str
) -> None:
    receiver.answer = lambda _: answer

    typed = types(slack, "/hub help")

    assert typed.answer is not None
    assert (typed.answer.text, typed.answer.ephemeral_for) == (shown, seed.MIA)
    assert typed.line is None


@pytest.mark.parametrize("answer", [Answer(200, b""), Answer(200, b"\n", "text/plain"), Answer(200, b"{}")])
def test_empty_acknowledgement_shows_nothing(slack: SlackSimulator, receiver: Receiver, answer: Answer) -> None:
    receiver.answer = lambda _: answer
    before = texts(slack, seed.GENERAL)

    types(slack, "/hub help")

    assert texts(slack, seed.GENERAL) == before


def test_answer_for_all_shows_the_command_line_too(slack: SlackSimulator, receiver: Receiver) -> None:
    receiver.answers({"response_type": "in_channel", "text": "Here"})

    typed = types(slack, "/hub ask @ana")

    line, answer = slack.state.messages(seed.GENERAL)[-2:]
    assert (line, answer) == (typed.line, typed.answer)
    assert (line.text, line.subtype, line.user) == ("/hub ask <@U0ANA>", "command", seed.MIA)
    assert (answer.text, answer.ephemeral_for) == ("Here", None)


def test_bare_in_channel_shows_the_command_line_alone(slack: SlackSimulator, receiver: Receiver) -> None:
    receiver.answers({"response_type": "in_channel"})

    typed = types(slack, "/hub help")

    assert typed.answer is None
    assert texts(slack, seed.GENERAL)[-1] == "/hub help"


def test_acknowledgement_with_bad_blocks_is_a_failure(slack: SlackSimulator, receiver: Receiver) -> None:
    receiver.answers({"response_type": "in_channel", "text": "Here", "blocks": [{"type": "nonsense"}]})

    typed = types(slack, "/hub help")

    assert typed.line is None
    assert texts(slack, seed.GENERAL)[-1] == '/hub failed with the error "invalid_blocks"'


def answer_late(_: Received) -> Answer:
    time.sleep(0.3)
    return Answer(200)


def test_late_acknowledgement_is_a_timeout(slack: SlackSimulator, receiver: Receiver) -> None:
    receiver.answer = answer_late

    typed = types(slack, "/hub help")

    assert typed.slackbot is not None
    assert typed.slackbot.text == '/hub failed with the error "operation_timeout"'
    assert (typed.slackbot.subtype, typed.slackbot.ephemeral_for) == ("slackbot", seed.MIA)


@pytest.mark.parametrize("status", [201, 302, 404, 500])
def test_other_answers_are_a_failed_dispatch(slack: SlackSimulator, receiver: Receiver, status: int) -> None:
    receiver.answer = lambda _: Answer(status, b"", headers={"Location": "/again"} if status == 302 else {})

    types(slack, "/hub help")

    assert texts(slack, seed.GENERAL)[-1] == '/hub failed with the error "dispatch_failed"'


@pytest.mark.parametrize(("status", "error"), [(404, "http_client_error"), (500, "http_service_error")])
def test_other_answers_may_be_told_by_their_class(
    slack: SlackSimulator, receiver: Receiver, status: int, error: str
) -> None:
    slack.unknowns = SlackUnknowns(command_failure="http_error")
    receiver.answer = lambda _: Answer(status)

    types(slack, "/hub help")

    assert texts(slack, seed.GENERAL)[-1] == f'/hub failed with the error "{error}"'


def test_app_that_is_not_there_is_a_failed_dispatch(slack: SlackSimulator) -> None:
    slack.app.manifest = seed.manifest_for("http://127.0.0.1:1/")

    types(slack, "/hub help")

    assert texts(slack, seed.GENERAL)[-1] == '/hub failed with the error "dispatch_failed"'


def test_failed_command_is_never_sent_again(slack: SlackSimulator, receiver: Receiver) -> None:
    receiver.answer = lambda _: Answer(500)
    types(slack, "/hub help")

    slack.clock.advance(minutes=10)  # type: ignore[attr-defined]
    assert slack.settle()

    assert len(receiver.received) == 1


def test_command_does_not_work_in_threads(slack: SlackSimulator, receiver: Receiver) -> None:
    parent = slack.state.messages(seed.GENERAL)[0]

    typed = slack.acting_as(seed.MIA).types(seed.GENERAL, "/hub help", thread_ts=parent.ts)

    assert typed.slackbot is not None
    assert typed.slackbot.text == "/hub is not supported in threads. Sorry!"
    assert typed.slackbot.thread_ts == parent.ts
    assert receiver.received == []


def test_unknown_command_is_explained(slack: SlackSimulator) -> None:
    typed = types(slack, "/foo <bar>")

    assert typed.slackbot is not None
    assert typed.slackbot.text == (
        '/foo is not a valid command. In Slack, all messages that start with the "/" character are interpreted as '
        'commands. If you are trying to send a message and not run a command, try preceding the "/" with an empty '
        "space."
    )


def test_line_that_begins_with_a_space_is_no_command(slack: SlackSimulator) -> None:
    assert types(slack, " /hub help").line is not None


def test_command_of_an_app_that_is_gone_is_unknown(slack: SlackSimulator, receiver: Receiver) -> None:
    slack.uninstall()

    typed = types(slack, "/hub help")

    assert typed.slackbot is not None
    assert typed.slackbot.text.startswith("/hub is not a valid command.")
    slack.reinstall()
    assert types(slack, "/hub help").slackbot is None


def test_commands_are_not_shared_with_other_organizations(slack: SlackSimulator) -> None:
    """Source: https://docs.slack.dev/apis/slack-connect, slash commands are not shared."""
    typed = types(slack, "/hub help", user=seed.STEF, channel=seed.PARTNER)

    assert typed.slackbot is not None
    assert typed.slackbot.text.startswith("/hub is not a valid command.")


def test_command_works_in_a_direct_message_between_two_people(slack: SlackSimulator, receiver: Receiver) -> None:
    channel = slack.acting_as(seed.MIA).opens_direct_message(seed.ANA)
    receiver.answers({"text": "Hello"})

    typed = types(slack, "/hub help", channel=channel.id)

    assert typed.answer is not None
    assert receiver.payloads[0]["channel_id"] == channel.id


# Messages


def test_message_is_an_event_for_those_who_are_there(slack: SlackSimulator, receiver: Receiver) -> None:
    typed = types(slack, "Good morning @ana & all")

    receiver.wait_for(1)
    assert typed.line is not None
    assert receiver.events == [
        {
            "type": "message",
            "user": "U0MIA",
            "text": "Good morning <@U0ANA> &amp; all",
            "ts": typed.line.ts,
            "team": "T0ACME",
            "channel": "C0GENERAL",
            "channel_type": "channel",
            "event_ts": typed.line.ts,
        }
    ]


def test_bot_hears_nothing_where_it_is_not(slack: SlackSimulator, receiver: Receiver) -> None:
    types(slack, "Nobody listens", channel=seed.RANDOM)

    assert slack.settle()
    assert receiver.received == []


def test_reply_tells_its_thread(slack: SlackSimulator, receiver: Receiver) -> None:
    parent = slack.state.messages(seed.GENERAL)[0]

    slack.acting_as(seed.MIA).types(seed.GENERAL, "Thanks!", thread_ts=parent.ts)

    receiver.wait_for(1)
    assert receiver.events[0]["thread_ts"] == parent.ts
    assert parent.thread_ts == parent.ts


@pytest.mark.parametrize("name", ["@hub", "@Hub Bot"])
def test_mention_is_an_event_of_its_own(slack: SlackSimulator, receiver: Receiver, name: str) -> None:
    typed = types(slack, f"{name} tags acme/api")

    receiver.wait_for(2)
    assert typed.line is not None
    mention = next(each for each in receiver.events if each["type"] == "app_mention")
    assert mention == {
        "type": "app_mention",
        "user": "U0MIA",
        "text": "<@U0HUBBOT> tags acme/api",
        "ts": typed.line.ts,
        "team": "T0ACME",
        "channel": "C0GENERAL",
        "event_ts": typed.line.ts,
    }
    assert typed.slackbot is None


def test_mention_where_the_bot_is_not_offers_to_invite_it(slack: SlackSimulator, receiver: Receiver) -> None:
    typed = types(slack, "@hub help", channel=seed.RANDOM)

    assert slack.settle()
    assert typed.slackbot is not None
    assert typed.slackbot.text == "You mentioned @Hub Bot, but they’re not in this channel."
    assert receiver.received == []


def test_invited_bot_gets_the_mention_that_led_to_it(slack: SlackSimulator, receiver: Receiver) -> None:
    """The page on `app_mention`: an app that is invited upon a mention receives that message."""
    typed = types(slack, "@hub help", channel=seed.RANDOM)

    slack.acting_as(seed.MIA).invites(seed.BOT_USER, seed.RANDOM)

    receiver.wait_for(3)
    assert typed.line is not None
    mentions = [each for each in receiver.events if each["type"] == "app_mention"]
    assert [(each["text"], each["ts"]) for each in mentions] == [("<@U0HUBBOT> help", typed.line.ts)]


def test_direct_message_to_the_bot_is_a_message_event_only(slack: SlackSimulator, receiver: Receiver) -> None:
    channel = slack.acting_as(seed.MIA).opens_direct_message(seed.BOT_USER)

    types(slack, "@hub help", channel=channel.id)

    assert slack.settle()
    assert [(each["type"], each["channel_type"]) for each in receiver.events] == [("message", "im")]


@pytest.mark.parametrize(
    "home", [{"messages_tab_enabled": False}, {"messages_tab_enabled": True, "messages_tab_read_only_enabled": True}]
)
def test_bot_without_a_messages_tab_cannot_be_written_to(slack: SlackSimulator, home: dict[str, Any]) -> None:
    slack.app.manifest = {"features": {"app_home": home}}
    channel = slack.acting_as(seed.MIA).opens_direct_message(seed.BOT_USER)

    with pytest.raises(NotAllowed, match="Sending messages to this app has been turned off"):
        types(slack, "hello", channel=channel.id)


# Who may write where


@pytest.mark.parametrize(
    ("user", "channel", "sentence"),
    [
        (seed.GUS, seed.GENERAL, "Gus Grant does not see C0GENERAL."),
        (seed.STEF, seed.GENERAL, "Stef Stone does not see C0GENERAL."),
        (seed.MIA, seed.CREW, "Mia Meyer does not see C0CREW."),
        (seed.MIA, "C0NOWHERE", "Mia Meyer does not see C0NOWHERE."),
        (seed.OMAR, seed.PARTNER, "Join #acme-partner first."),
        (seed.ANA, seed.ATTIC, "#attic is archived."),
    ],
)
def test_nobody_writes_where_they_may_not(slack: SlackSimulator, user: str, channel: str, sentence: str) -> None:
    with pytest.raises(NotAllowed) as refusal:
        types(slack, "hello", user=user, channel=channel)

    assert str(refusal.value) == sentence


@pytest.mark.parametrize(("user", "channel"), [(seed.GUS, seed.DEPLOYS), (seed.STEF, seed.PARTNER)])
def test_guests_and_strangers_write_in_their_channel(slack: SlackSimulator, user: str, channel: str) -> None:
    assert types(slack, "hello", user=user, channel=channel).line is not None


@pytest.mark.parametrize("text", ["", "  \n"])
def test_there_is_nothing_to_send_in_an_empty_line(slack: SlackSimulator, text: str) -> None:
    with pytest.raises(NotAllowed):
        types(slack, text)


@pytest.mark.parametrize("user", [seed.LEO, seed.BOT_USER, "U0NOBODY"])
def test_nobody_acts_as_a_bot_or_as_those_who_have_left(slack: SlackSimulator, user: str) -> None:
    with pytest.raises(NotAllowed):
        slack.acting_as(user)
