import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.parameters import choice, flag, image_argument, limit_option, platform_option
from bot.chat.parser import normalise, parse_parameters, split_words
from bot.errors import UsageError
from bot.images import ImageReference

EXAMPLE = "/hub tags acme/api"
PARAMETERS = (
    image_argument(),
    choice("sort", ("newest", "name"), "The order."),
    platform_option("Only this one."),
    limit_option(25),
    flag("wide", "More."),
)


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("tags acme/api", "tags acme/api"),
        ("tags —wide", "tags --wide"),
        ("tags –wide", "tags --wide"),
        ("tags ‐‐wide", "tags --wide"),
        ("tags -–wide", "tags --wide"),
        ("tags acme/api — wide", "tags acme/api — wide"),
        ("—help", "--help"),
        ("search “my app”", 'search "my app"'),
        ("search ‘my app’", "search 'my app'"),
        ("tags\u00a0acme/api\u202f--wide", "tags acme/api --wide"),
        ("tags acme\u200b/api\ufeff", "tags acme/api"),
        ("tags \u202eacme/api", "tags acme/api"),
        ("tags `acme/api`", "tags acme/api"),
        ("inspect <http://docker.io/library/nginx|docker.io/library/nginx>", "inspect docker.io/library/nginx"),
        ("inspect <https://hub.docker.com/r/acme/api>", "inspect https://hub.docker.com/r/acme/api"),
        ("invite <mailto:a@b.example|a@b.example>", "invite a@b.example"),
        ("invite <mailto:a@b.example>", "invite a@b.example"),
        ("access <@U012ABC|ana> <#C012|ops> <#C013|> <!subteam^S01|@team>", "access @U012ABC #C012 #C013 !subteam^S01"),
        ("search a &amp; b &lt;c&gt; &amp;lt;", "search a & b <c> &lt;"),
        ("tags acme/api --name '*-rc*'", "tags acme/api --name '*-rc*'"),
        ("  tags  ", "tags"),
    ],
)
def test_what_slack_and_its_clients_did_to_the_text_is_undone(sent: str, typed: str) -> None:
    assert normalise(sent) == typed


@given(st.text(max_size=200))
def test_any_text_is_normalised_and_split_without_a_crash(text: str) -> None:
    assert all(isinstance(word, str) for word in split_words(normalise(text)))


@given(
    st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126, exclude_characters="<>&`"), max_size=100)
)
def test_plain_text_is_left_as_it_was_typed(text: str) -> None:
    assert normalise(text) == text.strip()


def test_words_are_split_as_a_shell_would() -> None:
    assert split_words("search \"my app\" --name '*-rc*'") == ["search", "my app", "--name", "*-rc*"]


def test_a_quotation_mark_without_its_partner_is_an_apostrophe() -> None:
    assert split_words("search docker's nginx") == ["search", "docker's", "nginx"]


def test_options_may_stand_anywhere() -> None:
    expected = {
        "image": ImageReference("api", "acme"),
        "sort": "name",
        "platform": "linux/arm64",
        "limit": 5,
        "wide": True,
    }

    for words in (
        "acme/api --sort name --platform linux/arm64 --limit 5 --wide",
        "--wide --limit=5 acme/api --platform Linux/ARM64 --sort NAME",
    ):
        assert parse_parameters("tags", PARAMETERS, words.split(), example=EXAMPLE) == expected


@pytest.mark.parametrize(
    ("words", "problem", "suggestion"),
    [
        ("", "`tags` needs <image>.", ""),
        ("acme/api --wied", "`tags` has no option `--wied`.", "--wide"),
        ("acme/api -wide", "`tags` has no option `-wide`.", "--wide"),
        ("acme/api --xyzzy", "`tags` has no option `--xyzzy`.", ""),
        ("acme/api --limit many", "`--limit`: `many` is not a whole number from 1 to 1000.", ""),
        ("acme/api --limit 0", "`--limit`: `0` is not a whole number from 1 to 1000.", ""),
        ("acme/api --limit 99999999999999999999", "`--limit`: `99999999999999999999` is not a whole number", ""),
        ("acme/api --wide=yes", "`--wide` does not take a value.", ""),
        ("acme/api --limit", "`--limit` needs a value.", ""),
        ("acme/api --sort age", "`--sort`: 'age' is not one of 'newest', 'name'.", ""),
        (
            "acme/api --platform a/b/c/d",
            "`--platform`: `a/b/c/d` is not a platform; write it like `linux/arm64` or",
            "",
        ),
        ("acme/api other", "`tags` does not know what to do with `other`.", ""),
        ("ghcr.io/a/b", "<image>: `ghcr.io/a/b` is on `ghcr.io`; only images of Docker Hub can be used.", ""),
    ],
)
def test_what_does_not_fit_is_told_in_one_line_with_the_nearest_option_and_an_example(
    words: str, problem: str, suggestion: str
) -> None:
    with pytest.raises(UsageError) as refused:
        parse_parameters("tags", PARAMETERS, words.split(), example=EXAMPLE)

    assert refused.value.problem.startswith(problem)
    assert refused.value.suggestion == suggestion
    assert refused.value.example == EXAMPLE


def test_nothing_is_read_from_files_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGS_LIMIT", "7")

    values = parse_parameters("tags", PARAMETERS, ["acme/api"], example=EXAMPLE)

    assert values["limit"] is None


@given(st.lists(st.text(max_size=30), max_size=8))
def test_any_words_are_understood_or_refused_never_a_crash(words: list[str]) -> None:
    parameters = (*PARAMETERS, click.Argument(["rest"], nargs=-1))
    try:
        parse_parameters("tags", parameters, words, example=EXAMPLE)
    except UsageError as refused:
        assert refused.problem


def test_halves_of_characters_vanish() -> None:
    assert normalise("search \ud800nginx\udfff") == "search nginx"
