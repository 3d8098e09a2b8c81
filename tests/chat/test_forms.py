import pytest

from bot.chat.command import Arguments
from bot.chat.forms import Form, InputNeeded, straightened
from bot.errors import UserError


class Letter(Arguments):
    to: str
    words: str | None = None


def form(field: str) -> Form:
    return Form(title="Write", label="Words", field=field)


def test_a_form_puts_the_text_into_its_field_and_leaves_the_rest() -> None:
    letter = Letter(to="ana")

    assert form("words").filled(letter, " “as”\r\ntyped ") == Letter(to="ana", words=" “as”\r\ntyped ")
    assert letter.words is None


def test_a_field_that_the_arguments_do_not_have_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="Letter has no field word"):
        form("word").filled(Letter(to="ana"), "x")


def test_where_nobody_can_ask_it_is_a_failure_in_words() -> None:
    error = InputNeeded(form("words"))

    assert isinstance(error, UserError)
    assert str(error) == "This takes a text that does not fit on a line, and there is no way to ask for it here."


def test_quotes_and_blanks_are_straightened_and_nothing_else() -> None:
    assert straightened("\ufeff“a” „b‟ ‘c’ ‚d‛\u00a0e\u202ff\r\n\t— ü ") == "\"a\" \"b\" 'c' 'd' e f\r\n\t— ü "
