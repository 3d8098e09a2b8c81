"""What typed lines become.

Source: https://docs.slack.dev/interactivity/implementing-slash-commands, "Escape channels, users, and links", and
https://docs.slack.dev/messaging/formatting-message-text.
"""

import time

import pytest

from bot.sandbox.clock import utc_now
from bot.sandbox.slack import seed
from bot.sandbox.slack.escaping import (
    NBSP,
    escape,
    escaped_line,
    mentioned_users,
    smart_typing,
    typed_form,
    unescape,
)
from bot.sandbox.slack.state import WorkspaceState


@pytest.fixture
def state() -> WorkspaceState:
    state, _ = seed.acme_workspace(utc_now)
    return state


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("tags acme/api", "tags acme/api"),
        ("@ana", "<@U0ANA>"),
        ("@Ana Alvarez and @omar!", "<@U0ANA> and <@U0OMAR>!"),
        ("@anastasia", "@anastasia"),
        ("x@ana", "x@ana"),
        ("@hub tags", "<@U0HUBBOT> tags"),
        ("@platform", "<!subteam^S0PLATFORM>"),
        ("@here", "<!here>"),
        ("#general", "<#C0GENERAL|general>"),
        ("#release-crew", "<#C0CREW|>"),
        ("#nowhere", "#nowhere"),
        ("https://x.y/z?a=1&b=2", "<https://x.y/z?a=1&amp;b=2>"),
        ("see https://x.y/z.", "see <https://x.y/z>."),
        ("example.com", "<http://example.com|example.com>"),
        ("EXAMPLE.COM", "<http://EXAMPLE.COM|EXAMPLE.COM>"),
        ("docker.io/library/nginx", "<http://docker.io/library/nginx|docker.io/library/nginx>"),
        ("ghcr.io/a/b:1.2", "<http://ghcr.io/a/b:1.2|ghcr.io/a/b:1.2>"),
        ("registry.acme.dev:5000/api", "<http://registry.acme.dev:5000/api|registry.acme.dev:5000/api>"),
        ("nginx:1.27.0", "nginx:1.27.0"),
        ("v2.40.0", "v2.40.0"),
        ("my.repo_name-x", "my.repo_name-x"),
        ("mia@acme.example", "<mailto:mia@acme.example|mia@acme.example>"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<@U0ANA>", "&lt;@U0ANA&gt;"),
        ("", ""),
    ],
)
def test_line_is_escaped(state: WorkspaceState, typed: str, sent: str) -> None:
    assert escaped_line(typed, state, viewer=seed.OMAR) == sent


def test_channel_that_the_typist_does_not_see_has_no_name(state: WorkspaceState) -> None:
    # The page on commands has `<C987654321|>` for private channels.
    assert escaped_line("#general", state, viewer=seed.GUS) == "<#C0GENERAL|>"


@pytest.mark.parametrize(
    ("typed", "sent"), [("@ana", "<@U0ANA|ana>"), ("@platform", "<!subteam^S0PLATFORM|@platform>")]
)
def test_mentions_may_carry_names(state: WorkspaceState, typed: str, sent: str) -> None:
    assert escaped_line(typed, state, viewer=seed.OMAR, with_names=True) == sent


def test_mentioned_people_are_found(state: WorkspaceState) -> None:
    line = escaped_line("@ana, @hub and #general, not ana@acme.example", state, viewer=seed.MIA)

    assert mentioned_users(line) == {seed.ANA, seed.BOT_USER}


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("<@U0ANA> in <#C0CREW|>", "@ana in #release-crew"),
        ("<@U0NOBODY|nobody> in <#C0NOWHERE|nowhere>", "@nobody in #nowhere"),
        ("<!subteam^S0PLATFORM> <!here>", "@platform @here"),
        ("<http://docker.io/library/nginx|docker.io/library/nginx>", "docker.io/library/nginx"),
        ("<mailto:a@b.dev>", "a@b.dev"),
        ("<!date^1795262400^{date_num}|2026-11-21 UTC>", "2026-11-21 UTC"),
        ("a &lt; b &amp;amp; c", "a < b &amp; c"),
    ],
)
def test_escaped_line_is_shown_as_typed(state: WorkspaceState, sent: str, typed: str) -> None:
    assert typed_form(sent, state) == typed


@pytest.mark.parametrize(
    "typed",
    ["tags acme/api --wide", "@ana, see #general & https://x.y/a?b=1&c=2 <now>", "to mia@acme.example via ghcr.io/a/b"],
)
def test_escaping_and_showing_give_the_line_back(state: WorkspaceState, typed: str) -> None:
    assert typed_form(escaped_line(typed, state, viewer=seed.OMAR), state) == typed


def test_entities_are_decoded_once() -> None:
    assert unescape(escape("&lt; <")) == "&lt; <"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ('set --desc "my app"', "set —desc “my app”"),
        ("it's 'so'", "it’s ‘so’"),
        ("@ana please", f"@ana{NBSP}please"),
        ("a  b", f"a{NBSP} b"),
        ("acme/api:1.0-rc", "acme/api:1.0-rc"),
    ],
)
def test_smart_punctuation_changes_what_is_typed(typed: str, sent: str) -> None:
    # Clients on phones do this; public bots normalise it before they read a line.
    assert smart_typing(typed) == sent


@pytest.mark.parametrize("typed", ["x" * 40_000, "a." * 20_000, "@" * 40_000, "http://" * 6_000, "#" * 40_000])
def test_long_line_is_escaped_in_no_time(state: WorkspaceState, typed: str) -> None:
    began = time.monotonic()

    escaped_line(typed, state, viewer=seed.OMAR)

    assert time.monotonic() - began < 1
