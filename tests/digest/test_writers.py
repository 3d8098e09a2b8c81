"""The button under a digest stands for a command, and only in the channel of that digest."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime

import pytest

from bot.clock import FrozenClock
from bot.digest import rows
from bot.digest.report import Report
from bot.digest.rows import Decided, ReportState
from bot.digest.writers import KIND, WRITERS, Pressed, content_of
from bot.outbox import messages
from bot.outbox.lanes import Lane
from bot.slack.message import Message
from bot.store.base import Store
from bot.store.errors import UnstorableError
from bot.store.workspaces import HOME
from tests.support.blockkit import assert_valid_message
from tests.support.databases import open_database

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
HERE = Lane(HOME, "C1")


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(open_database(FrozenClock(NOW).now)) as opened:
        yield opened


def posted(store: Store) -> str:
    content = content_of(Report(at=NOW), report_id="rep_1", name="morning", date=date(2026, 11, 21), late_by=None)
    return store.write(
        lambda connection: messages.add(connection, HERE, kind=KIND, stream="dig_1", now=NOW, content=content)
    )


def decided(store: Store, report_id: str, state: ReportState, *, day: int = 21) -> None:
    of = Decided(report_id, "dig_1", "C1", date(2026, 11, day), state, due_at=NOW, decided_at=NOW)
    assert store.write(lambda connection: rows.decide(connection, HOME, of))


def test_a_click_asks_for_all_of_the_digest_though_its_message_is_forgotten(store: Store) -> None:
    decided(store, "rep_1", ReportState.TOLD)

    assert Pressed(store).command("rep_1", channel="C1") == "digest report rep_1"


def test_a_forged_value_leads_to_nothing(store: Store) -> None:
    decided(store, "rep_1", ReportState.TOLD)
    decided(store, "rep_2", ReportState.MISSED, day=20)
    pressed = Pressed(store)

    assert pressed.command("rep_1", channel="C2") is None
    assert pressed.command("rep_2", channel="C1") is None
    assert pressed.command("rep_unknown", channel="C1") is None
    with pytest.raises(UnstorableError):
        pressed.command("rep_\0", channel="C1")


def test_what_is_kept_is_enough_to_write_it(store: Store) -> None:
    message_id = posted(store)

    with store.read() as connection:
        row = messages.find(connection, message_id)
        assert row is not None
        message = WRITERS[KIND].write(connection, row, NOW)

    assert isinstance(message, Message)
    assert_valid_message(message)
    assert message.text.startswith("*morning, Saturday 21 November*\nWhat changes from now on is told by the next one.")
