import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.governance.roles import Person
from bot.slack.response_url import ResponseUrl
from bot.web.payloads import (
    FORM_INPUT,
    FORM_VIEW,
    Click,
    MalformedError,
    Mention,
    Opened,
    SlashCommand,
    Submission,
    decode,
    read,
)

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
)
FIELDS = ("type", "command", "event", "event_id", "user", "team", "channel", "actions", "response_url", "text", "view")
TYPES = ("event_callback", "block_actions", "url_verification", "view_submission", "app_mention", "/hub")


@given(st.dictionaries(st.sampled_from(FIELDS), st.one_of(json_values, st.sampled_from(TYPES))))
def test_whatever_comes_is_read_or_malformed(body: dict[str, object]) -> None:
    try:
        asked = read(body, accept=ResponseUrl)
    except MalformedError:
        return
    assert asked is None or isinstance(asked, SlashCommand | Mention | Click | Submission | Opened)


@given(st.text())
def test_whatever_comes_is_decoded_or_malformed(body: str) -> None:
    try:
        assert isinstance(decode(body.encode(errors="surrogatepass")), dict)
    except MalformedError:
        return


def test_a_command_without_text_asks_for_nothing() -> None:
    body = {"command": "/hub", "user_id": "U1", "team_id": "T1", "channel_id": "C1", "response_url": "x"}

    asked = read(body, accept=ResponseUrl)

    assert isinstance(asked, SlashCommand)
    assert (asked.text, asked.person, asked.channel_id) == ("", Person("U1", "T1"), "C1")
    assert repr(asked.response_url) == "ResponseUrl(…)"


def test_an_app_that_is_installed_for_a_whole_organization_gets_the_team_of_the_user() -> None:
    body = {
        "type": "block_actions",
        "user": {"id": "U1", "team_id": "T9"},
        "team": None,
        "actions": [{"action_id": "share", "value": "x"}],
    }

    asked = read(body, accept=ResponseUrl)

    assert isinstance(asked, Click)
    assert (asked.person, asked.channel_id, asked.response_url) == (Person("U1", "T9"), "", None)


@pytest.mark.parametrize("mention", ["<@U0BOT>", "<@U0BOT|hub>"])
def test_words_before_the_mention_of_the_bot_are_not_read(mention: str) -> None:
    body = {
        "type": "event_callback",
        "event_id": "E1",
        "team_id": "T1",
        "authorizations": [{"user_id": "U0BOT"}],
        "event": {
            "type": "app_mention",
            "user": "U1",
            "text": f"hey <@U0OTHER> ask {mention} say hello",
            "channel": "C1",
            "ts": "1.1",
        },
    }

    asked = read(body, accept=ResponseUrl)

    assert isinstance(asked, Mention)
    assert asked.text == "say hello"


@pytest.mark.parametrize("flag", [True, False, None])
def test_slack_says_with_an_event_whether_the_channel_is_shared(flag: bool | None) -> None:  # noqa: FBT001 - A case.
    body = {
        "type": "event_callback",
        "event_id": "E1",
        "team_id": "T1",
        "is_ext_shared_channel": flag,
        "event": {"type": "app_mention", "user": "U1", "text": "<@U0BOT> tags", "channel": "C1", "ts": "1.1"},
    }

    assert read(body, accept=ResponseUrl) == Mention(
        "E1", "tags", Person("U1", "T1"), "C1", "1.1", is_in_thread=False, is_shared_outside=flag
    )


def form(**view: object) -> dict[str, object]:
    state = {"values": {"words": {FORM_INPUT: {"type": "plain_text_input", "value": " a\r\n“b” "}}}}
    return {
        "type": "view_submission",
        "user": {"id": "U1", "team_id": "T1"},
        "trigger_id": "1.2.3",
        "view": {"callback_id": FORM_VIEW, "private_metadata": "f1", "state": state, **view},
    }


def test_what_was_put_into_a_form_is_read_as_it_was_typed() -> None:
    assert read(form(), accept=ResponseUrl) == Submission("f1", {"words": " a\r\n“b” "}, Person("U1", "T1"), "1.2.3")


def test_several_fields_are_read_and_what_nobody_touched_is_empty() -> None:
    option = {"text": {"type": "plain_text", "text": "GitLab"}, "value": "gitlab"}
    values = {
        "provider": {FORM_INPUT: {"type": "static_select", "selected_option": option}},
        "again": {FORM_INPUT: {"type": "static_select", "selected_option": None}},
        "branch": {FORM_INPUT: {"type": "plain_text_input", "value": None}},
        "odd": {FORM_INPUT: {"type": "plain_text_input", "value": "a\x00b\ud83d"}},
    }

    asked = read(form(state={"values": values}), accept=ResponseUrl)

    assert isinstance(asked, Submission)
    assert asked.values == {"provider": "gitlab", "again": "", "branch": "", "odd": "a\ufffdb\ufffd"}


def test_what_was_put_in_is_not_in_what_is_logged() -> None:
    assert "“b”" not in repr(read(form(), accept=ResponseUrl))


@pytest.mark.parametrize("metadata", [None, ""])
def test_a_form_that_carries_nothing_is_one_that_nobody_knows(metadata: str | None) -> None:
    asked = read(form(private_metadata=metadata), accept=ResponseUrl)

    assert isinstance(asked, Submission)
    assert asked.metadata == ""


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        {"values": []},
        {"values": {"another": {}}},
        {"values": {"words": "x"}},
        {"values": {"words": {FORM_INPUT: "x"}}},
        {"values": {"words": {FORM_INPUT: {"value": ["x"]}}}},
        {"values": {"words": {FORM_INPUT: {"selected_option": "x"}}}},
        {"values": {"words": {FORM_INPUT: {"selected_option": {"value": 5}}}}},
    ],
)
def test_a_form_with_other_inputs_makes_no_sense(state: object) -> None:
    with pytest.raises(MalformedError):
        read(form(state=state), accept=ResponseUrl)


def test_who_was_invited_and_is_not_named_is_not_the_bot() -> None:
    body = {"type": "event_callback", "event_id": "E1", "event": {"type": "member_joined_channel", "channel": "C1"}}

    with pytest.raises(MalformedError):
        read(body, accept=ResponseUrl)
