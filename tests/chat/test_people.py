"""How people are named in a command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.parser import normalise
from bot.chat.people import named, read_person
from bot.document import Person, UserGroup

ids = st.from_regex(r"[UW][A-Z0-9]{1,12}", fullmatch=True)


@given(ids, st.sampled_from(["<@{}>", "<@{}|bob>", "@{}", "{}"]))
def test_a_person_is_understood_however_slack_writes_them(user_id: str, form: str) -> None:
    assert read_person(normalise(form.format(user_id))) == user_id


@pytest.mark.parametrize("typed", ["<!subteam^S0OPS>", "<!subteam^S0OPS|@ops>", "S0OPS", "@S0OPS"])
def test_a_user_group_is_understood_where_one_may_be(typed: str) -> None:
    assert read_person(normalise(typed), or_group=True) == "S0OPS"
    with pytest.raises(ValueError, match="is a user group, and a person is expected"):
        read_person(normalise(typed))


@pytest.mark.parametrize(
    "typed", ["@bob", "bob", "<!here>", "<#C0123|general>", "@u0bob", "", "U", "U0BOB!", "terminal:root"]
)
def test_what_is_nobody_is_refused_with_what_to_do(typed: str) -> None:
    with pytest.raises(ValueError, match="pick the name from the list"):
        read_person(normalise(typed), or_group=True)


def test_ids_are_shown_as_people_read_them() -> None:
    assert [named(each) for each in ("U0BOB", "S0OPS", "terminal:root", "configuration file")] == [
        Person("U0BOB"),
        UserGroup("S0OPS"),
        "root (terminal)",
        "configuration file",
    ]
