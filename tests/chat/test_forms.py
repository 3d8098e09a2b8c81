from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field as Number
from pydantic import SecretStr, StringConstraints, field_validator, model_validator

from bot.chat.command import Arguments
from bot.chat.forms import (
    NO_CHOICE,
    NOTHING_TYPED,
    ONE_LINE,
    Choice,
    Field,
    FieldKind,
    Form,
    FormProblemsError,
    InputNeeded,
    straightened,
)
from bot.errors import UsageError, UserError


class Letter(Arguments):
    to: str
    words: str | None = None
    weight: Annotated[float, Number(gt=0)] = 1.0
    stamp: SecretStr | None = None
    size: Annotated[str, StringConstraints(max_length=5)] = "small"

    @field_validator("to")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value == "nobody":
            raise ValueError("there is no nobody")
        return value

    @model_validator(mode="after")
    def _has_a_stamp(self) -> "Letter":
        if self.weight > 100 and self.stamp is None:
            raise ValueError("that takes a stamp.")
        return self


SIZES = (Choice("small", "Small"), Choice("large", "Large"))
FORM = Form(
    title="Write",
    fields=(
        Field("words", "Words", kind=FieldKind.TEXT),
        Field("weight", "Weight", initial="1", is_optional=True),
        Field("size", "Size", kind=FieldKind.CHOICE, choices=SIZES, is_optional=True),
        Field("stamp", "Stamp", kind=FieldKind.SECRET, is_optional=True),
    ),
)
ANA = Letter(to="ana")


def one(name: str, kind: FieldKind = FieldKind.LINE) -> Form:
    return Form(title="Write", fields=(Field(name, "Words", kind=kind),))


def problems(form: Form, values: dict[str, str], arguments: Letter = ANA) -> dict[str, str]:
    with pytest.raises(FormProblemsError) as caught:
        form.filled(arguments, values)
    return caught.value.problems


@given(st.text().filter(str.strip))
def test_a_text_goes_into_its_field_exactly_as_it_was_typed(text: str) -> None:
    assert one("words", FieldKind.TEXT).filled(ANA, {"words": text}) == Letter(to="ana", words=text)
    assert ANA.words is None


def test_a_line_loses_the_blanks_around_it() -> None:
    assert one("words").filled(ANA, {"words": " “as” typed\u00a0\n"}) == Letter(to="ana", words="“as” typed")


def test_several_fields_are_taken_together_and_become_what_the_arguments_hold() -> None:
    values = {"words": "x", "weight": " 2.5 ", "size": "large", "stamp": " hush\n"}

    letter = FORM.filled(ANA, values)

    assert letter == Letter(to="ana", words="x", weight=2.5, size="large", stamp=SecretStr("hush"))
    assert "hush" not in repr(letter)


def test_what_may_be_left_empty_gets_the_default_again() -> None:
    heavy = Letter(to="ana", weight=9, size="large", stamp=SecretStr("old"))

    assert FORM.filled(heavy, {"words": "x"}) == Letter(to="ana", words="x")
    assert FORM.filled(heavy, {"words": "x", "weight": " ", "stamp": "\t"}) == Letter(to="ana", words="x")


def test_what_no_field_asks_for_is_left_out() -> None:
    assert one("words").filled(ANA, {"words": "x", "to": "omar", "unknown": "y"}) == Letter(to="ana", words="x")


def test_what_is_wrong_is_said_for_each_field() -> None:
    assert problems(FORM, {"weight": "2"}) == {"words": NOTHING_TYPED}
    assert problems(FORM, {"words": " \u00a0\n", "size": "huge", "stamp": "a\nb"}) == {
        "words": NOTHING_TYPED,
        "size": NO_CHOICE,
        "stamp": ONE_LINE,
    }
    assert problems(FORM, {"words": "x", "weight": "0"}) == {"weight": "Input should be greater than 0."}


def test_what_the_arguments_themselves_refuse_stands_beside_its_field() -> None:
    assert problems(one("to"), {"to": "nobody"}) == {"to": "There is no nobody."}


def test_what_no_field_alone_is_to_blame_for_stands_beside_the_first() -> None:
    assert problems(FORM, {"words": "x", "weight": "101"}) == {"words": "That takes a stamp."}


def test_a_refusal_never_repeats_a_secret() -> None:
    form = Form(title="Stamp", fields=(Field("stamp", "Stamp", kind=FieldKind.SECRET), Field("size", "Size")))

    with pytest.raises(FormProblemsError) as caught:
        form.filled(ANA, {"stamp": "hush-hush", "size": "enormous"})

    error = caught.value
    assert isinstance(error, UsageError)
    assert str(error) == "String should have at most 5 characters."
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert "hush" not in repr(error.problems)


def test_a_field_that_the_arguments_do_not_have_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="Letter has no field word"):
        one("word").filled(ANA, {"word": "x"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": FieldKind.CHOICE},
        {"choices": SIZES},
        {"kind": FieldKind.SECRET, "initial": "hush"},
        {"kind": FieldKind.CHOICE, "choices": SIZES, "initial": "huge"},
    ],
)
def test_a_field_that_no_form_can_show_is_a_mistake_of_ours(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^size: "):
        Field("size", "Size", **wrong)  # type: ignore[arg-type]  # One of several wrong ones.


def test_a_form_that_is_shown_again_holds_what_was_put_in_but_no_secret_and_nothing_that_cannot_be_chosen() -> None:
    again = FORM.again({"words": "x\n", "weight": "", "size": "huge", "stamp": "hush", "unknown": "y"})

    assert [field.initial for field in again.fields] == ["x\n", "", "", ""]
    assert [field.initial for field in FORM.again({"size": "large"}).fields] == ["", "1", "large", ""]


def test_where_it_cannot_be_said_beside_the_fields_it_is_said_with_their_names() -> None:
    assert FORM.sentences({"weight": "Too much.", "odd": "No."}) == ["Weight: Too much.", "odd: No."]


def test_where_nobody_can_ask_it_is_a_failure_in_words() -> None:
    error = InputNeeded(FORM, {"words": "No."})

    assert isinstance(error, UserError)
    assert str(error) == "This takes more than fits on a line, and there is no way to ask for it here."
    assert (error.form, error.problems) == (FORM, {"words": "No."})


def test_quotes_and_blanks_are_straightened_and_nothing_else() -> None:
    assert straightened("\ufeff“a” „b‟ ‘c’ ‚d‛\u00a0e\u202ff\r\n\t— ü ") == "\"a\" \"b\" 'c' 'd' e f\r\n\t— ü "
