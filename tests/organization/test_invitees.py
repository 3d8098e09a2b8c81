import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.organization.invitees import inert, problem_of, read_names, same_key

words = st.lists(st.text(max_size=40), max_size=6)
addresses = st.builds(
    "{}@{}.{}".format,
    st.text(string.ascii_letters + string.digits + "+._-", min_size=1, max_size=64),
    st.text(string.ascii_lowercase, min_size=1, max_size=30),
    st.sampled_from(["com", "co.uk", "example"]),
)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        (["ana@acme.com", "bob"], ("ana@acme.com", "bob")),
        (["ana@acme.com,bob;", "mia,"], ("ana@acme.com", "bob", "mia")),
        (["Bob", "BOB", "bob"], ("bob",)),
        (["Ana@Acme.com", "ana@acme.com"], ("ana@acme.com",)),
        (["<ana@acme.com>", "mailto:bo@acme.com"], ("ana@acme.com", "bo@acme.com")),
        (["!channel", "@U123"], ("!channel", "@U123")),
        ([",", ";", "<>"], ()),
    ],
)
def test_names_are_read_as_people_and_mail_programs_write_them(typed: list[str], names: tuple[str, ...]) -> None:
    assert read_names(typed) == names


@pytest.mark.parametrize(
    "name",
    ["bob", "ana-b_2", "ab", "ana@acme.com", "a.b+c@mail.acme.co.uk", "änne@straße.de", "x" * 30, "o'neill@a.io"],
)
def test_who_can_be_called_so_has_no_problem(name: str) -> None:
    assert problem_of(name) == ""


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("@u123", "that is a name in Slack; write their e-mail address or Docker id"),
        ("!channel", "that is a name in Slack; write their e-mail address or Docker id"),
        ("#general", "that is a name in Slack; write their e-mail address or Docker id"),
        ("ana@acme", "not an e-mail address"),
        ("ana@@acme.com", "not an e-mail address"),
        ("ana@acme..com", "not an e-mail address"),
        ("ana@.com", "not an e-mail address"),
        ("an`a@acme.com", "not an e-mail address"),
        ("<ana@acme.com", "not an e-mail address"),
        ("ana\u202e@acme.com", "not an e-mail address"),
        ("x" * 65 + "@acme.com", "not an e-mail address"),
        ("ana@" + "x" * 250 + ".com", "not an e-mail address"),
        ("a", "neither an e-mail address nor a Docker id"),
        ("-ana", "neither an e-mail address nor a Docker id"),
        ("ana.b", "neither an e-mail address nor a Docker id"),
        ("x" * 31, "neither an e-mail address nor a Docker id"),
        ("*bold*", "neither an e-mail address nor a Docker id"),
    ],
)
def test_who_cannot_be_called_so_has_one(name: str, problem: str) -> None:
    assert problem_of(name) == problem


@settings(max_examples=50, deadline=None)
@given(words)
def test_reading_is_stable_and_gives_nobody_twice(typed: list[str]) -> None:
    names = read_names(typed)

    assert len({same_key(each) for each in names}) == len(names)
    assert all(name and not any(char.isspace() for char in name) for name in names)
    for name in names:
        problem_of(name)


@settings(max_examples=50, deadline=None)
@given(st.lists(addresses, min_size=1, max_size=5))
def test_addresses_survive_whatever_parts_them(typed: list[str]) -> None:
    expected = {same_key(each) for each in typed}

    for separator in (", ", ";", " ", ",\n"):
        names = read_names([separator.join(typed)])
        assert {same_key(each) for each in names} == expected
        assert [problem_of(each) for each in names] == [""] * len(names)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300))
def test_words_from_the_outside_can_neither_mark_nor_break_a_sentence(text: str) -> None:
    said = inert(text)

    assert "`" not in said
    assert "\n" not in said
    assert len(said) <= 60
