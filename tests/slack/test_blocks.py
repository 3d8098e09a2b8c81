import pytest

from bot.sandbox.slack.blockkit import view_problems
from bot.sandbox.slack.unknowns import SlackUnknowns
from bot.slack import blocks
from bot.slack.message import Message
from tests.support.blockkit import assert_valid_message

HOSTILE = "<!channel> " * 1_000


def test_a_button_with_a_question_stays_within_all_limits() -> None:
    confirm = blocks.confirmation(title=HOSTILE, question=HOSTILE, yes=HOSTILE)
    button = blocks.button(HOSTILE, action_id="share", value=HOSTILE, confirm=confirm)

    assert_valid_message(Message("x", (blocks.actions(button),)))
    assert button["style"] == "danger"
    assert len(button["text"]["text"]) == 75
    assert button["text"]["text"].endswith("…")


def test_a_button_without_words_has_a_dash() -> None:
    button = blocks.button(" ", action_id="share", value="1")

    assert button["text"]["text"] == "–"
    assert_valid_message(Message("x", (blocks.actions(button),)))


def test_a_table_takes_as_many_rows_and_columns_as_it_may() -> None:
    header = [blocks.text_cell(str(number)) for number in range(25)]
    rows = [[blocks.text_cell("")] * 25 for _ in range(300)]

    table = blocks.data_table(HOSTILE, header, rows)

    assert (len(table["rows"]), len(table["rows"][0])) == (201, 20)
    assert_valid_message(Message("x", (table,)))


def test_the_length_of_a_block_is_what_a_person_reads() -> None:
    assert blocks.length(blocks.context("four")) == 4
    assert blocks.length([blocks.number_cell(1_000, "1,000"), blocks.text_cell("ab")]) == 7


def test_a_modal_with_an_input_stays_within_all_limits() -> None:
    entry = blocks.text_input(HOSTILE, block_id="form", action_id="text", hint=HOSTILE, is_multiline=True)
    modal = blocks.modal(HOSTILE, entry, callback_id="form", private_metadata="1", submit=HOSTILE)

    assert view_problems(modal, SlackUnknowns()) == []
    assert len(modal["title"]["text"]) == len(modal["submit"]["text"]) == 24
    assert (len(entry["label"]["text"]), len(entry["hint"]["text"])) == (2_000, 2_000)


def test_an_input_without_a_hint_has_none() -> None:
    assert "hint" not in blocks.text_input("Name", block_id="form", action_id="text")


def test_a_modal_with_several_inputs_stays_within_all_limits() -> None:
    options = [(str(number), HOSTILE) for number in range(120)]
    menu = blocks.select_input(
        HOSTILE, options, block_id="b", action_id="a", hint=HOSTILE, initial="7", is_optional=True
    )
    entry = blocks.text_input("Name", block_id="c", action_id="a", initial="x" * 3_000, has_focus=False)
    modal = blocks.modal("Set up", menu, entry, callback_id="form", private_metadata="1", submit="Set up")

    assert view_problems(modal, SlackUnknowns()) == []
    assert len(menu["element"]["options"]) == 100
    assert menu["element"]["initial_option"] == menu["element"]["options"][7]
    assert len(menu["element"]["initial_option"]["text"]["text"]) == 75
    assert (menu["optional"], "optional" in entry) == (True, False)
    assert entry["element"]["initial_value"] == "x" * 3_000


def test_a_menu_without_a_choice_has_none_at_first() -> None:
    menu = blocks.select_input("Size", [("s", "Small")], block_id="b", action_id="a", initial="huge")

    assert "initial_option" not in menu["element"]


def test_what_would_become_another_value_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="an option of 151 characters"):
        blocks.select_input("Size", [("x" * 151, "Small")], block_id="b", action_id="a")
    with pytest.raises(ValueError, match="more than Slack lets anybody put in"):
        blocks.text_input("Name", block_id="b", action_id="a", initial="x" * 3_001)


def test_one_button_of_a_row_may_be_the_primary_one() -> None:
    assert blocks.button("Apply", action_id="a", value="1", is_primary=True)["style"] == "primary"
    assert "style" not in blocks.button("Share", action_id="b", value="1")
