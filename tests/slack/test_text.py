from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import text


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("plain", "plain"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("tab\there", "tab here"),
        ("a\x00\x07\x1b[31mb", "a[31mb"),
        ("exe.\u202etxt\u2066\u200f\u200b", "exe.txt"),
        ("lone \ud800", "lone \ufffd"),
        ("日本語 emoji 😀", "日本語 emoji 😀"),
    ],
)
def test_what_nobody_can_see_is_gone(raw: str, clean: str) -> None:
    assert text.clean(raw) == clean


@pytest.mark.parametrize(
    ("raw", "cut"), [("12345", "12345"), ("123456", "1234…"), ("😀😀😀😀😀😀", "😀😀😀😀…"), ("", "")]
)
def test_text_is_cut_at_code_points_and_marked(raw: str, cut: str) -> None:
    assert text.cut(raw, 5) == cut


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("acme/api:1.2", "`acme/api:1.2`"),
        ("a`b", "`aˋb`"),
        ("a\nb", "`a b`"),
        ("", "`–`"),
        ("<!here>", "`&lt;!here&gt;`"),
    ],
)
def test_code_cannot_be_ended_early(raw: str, code: str) -> None:
    assert text.code(raw) == code


@pytest.mark.parametrize(
    ("raw", "bold"),
    [("acme/api", "*acme/api*"), ("a*b*", "*a∗b∗*"), (" x ", "*x*"), ("", "*–*"), ("_x_ my_app", "*ˍxˍ my_app*")],
)
def test_bold_cannot_be_ended_early(raw: str, bold: str) -> None:
    assert text.bold(raw) == bold


def test_a_quote_cannot_be_begun() -> None:
    assert text.inert("> a\n  > b > c") == "› a\n  › b &gt; c"


def test_a_time_is_in_the_readers_zone_and_else_in_utc() -> None:
    at = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)

    assert text.date(at) == "<!date^1795269900^{date_short_pretty} at {time}|2026-11-21 14:05 UTC>"


@pytest.mark.parametrize(
    ("label", "url", "link"),
    [
        ("Docs", "https://docs.docker.com/a?b=1&c=2", "<https://docs.docker.com/a?b=1&amp;c=2|Docs>"),
        ("a|b>", "https://x.example/<|>", "<https://x.example/%3C%7C%3E|a|b&gt;>"),
        ("Docs", "javascript:alert(1)", "Docs"),
        ("Docs", "https://", "Docs"),
        ("", "https://x.example", "<https://x.example|–>"),
    ],
)
def test_a_link_leads_to_the_web_or_is_none(label: str, url: str, link: str) -> None:
    assert text.link(label, url) == link


@given(st.text())
def test_escaped_text_holds_no_control_character_and_comes_back(raw: str) -> None:
    escaped = text.escape(raw)

    assert not set(escaped) & set("<>")
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == raw


@given(st.text(alphabet="<>&*_~`|\n >ab1\u202e"))
def test_inert_text_has_no_markup_left(raw: str) -> None:
    inert = text.inert(raw)

    assert not set(inert) & set("<>*~`\u202e")
    assert "_" not in inert.split()
