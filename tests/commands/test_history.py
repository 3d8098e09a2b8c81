"""Who did what, and what came of it."""

import csv
import io
import json
from collections.abc import Iterator

import pytest

from bot.errors import AccessDeniedError, UsageError
from bot.governance.governance import Governance
from tests.support.governing import ANA, BEA, MAX, OLA, GovernedDesk, lines, open_governed_desk


@pytest.fixture
def desk() -> Iterator[GovernedDesk]:
    """OLA has an invitation done, and one approved and done; MAX asks for one that is rejected a day later."""
    with open_governed_desk(admins=frozenset({ANA, BEA}), operators=frozenset({OLA, MAX})) as opened:
        opened.invite(OLA, role="member")
        opened.clock.advance(60)
        first = opened.invite(OLA)
        opened.press(opened.ask(f"approvals show {first.id}"), "Approve")
        opened.look_after()
        opened.clock.advance(86_400)
        second = opened.invite(MAX)
        opened.clock.advance(60)
        opened.as_(BEA)
        opened.press(opened.ask(f"approvals show {second.id}"), "Reject")
        opened.as_(ANA)
        yield opened


def rows(desk: GovernedDesk, typed: str) -> list[str]:
    return [each.split(" | chg_")[0] for each in lines(desk.ask(typed)) if " | chg_" in each]


def test_the_last_event_of_each_change_is_listed_newest_first(desk: GovernedDesk) -> None:
    assert lines(desk.ask("history"))[:2] == [
        "History of changes",
        "When | Who | What | Came of it | Said | Decided by | Where | Id",
    ]
    assert rows(desk, "history") == [
        "2026-11-22 09:02 UTC | U0MAX | Invite bob to acme as owner | rejected | – | U0BEA | C0RELEASES",
        (
            "2026-11-21 09:01 UTC | U0OLA | Invite bob to acme as owner | done | Docker Hub invited bob. | U0ANA | "
            "C0RELEASES"
        ),
        "2026-11-21 09:00 UTC | U0OLA | Invite bob to acme as member | done | Docker Hub invited bob. | – | C0RELEASES",
    ]


def test_each_step_is_listed_on_request_in_its_order(desk: GovernedDesk) -> None:
    events = [each.split(" | ")[3] for each in rows(desk, "history --events")]

    assert events == [
        "rejected",
        "requested",
        *("done", "started", "approved", "requested"),
        *("done", "started", "requested"),
    ]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ("--user <@U0OLA>", 2),
        ("--user U0BEA", 1),
        ("--verb invite", 3),
        ("--verb INVITE --since 12h", 1),
        ("--since 4w", 3),
        ("--since 999999w", 3),
        ("--subject acme", 3),
        ("--subject ac", 0),
        ("--verb trigger", 0),
        ("--limit 2", 2),
        ("--user U0OLA --events", 7),
    ],
)
def test_what_is_looked_for_is_found(desk: GovernedDesk, options: str, count: int) -> None:
    assert len(rows(desk, f"history {options}")) == count


def test_there_being_more_is_said(desk: GovernedDesk) -> None:
    assert lines(desk.ask("history --limit 2"))[-1] == (
        "2 changes, newest first. --events shows each step of a change. There are more: --limit 8, or --csv."
    )
    assert "There are more" not in lines(desk.ask("history --limit 3"))[-1]


def test_an_operator_sees_what_they_did_themselves(desk: GovernedDesk) -> None:
    desk.as_(OLA)

    assert len(rows(desk, "history")) == 2
    assert len(rows(desk, "history --user U0OLA")) == 2
    assert isinstance(desk.ask("history --user U0MAX").failure, AccessDeniedError)


def test_a_csv_has_everything_and_a_terminal_prints_it(desk: GovernedDesk) -> None:
    desk.as_(None)

    (text,) = lines(desk.ask("history --csv --events"))

    header, *found = csv.reader(io.StringIO(text))
    assert header == [
        *("When", "Event", "Verb", "Subject", "What", "Who", "Where", "Decided by", "Said", "Answer", "Sent", "Id")
    ]
    assert len(found) == 9
    done = dict(zip(header, found[2], strict=True))
    assert (done["When"], done["Event"], done["Who"], done["Decided by"]) == ("2026-11-21T09:01:00Z", "done", OLA, ANA)
    assert json.loads(done["Answer"]) == {"invitees": [{"invitee": "bob", "status": "invited"}]}
    sent = 'POST /v2/invites/bulk; {"org": "acme", "invitees": ["bob"], "role": "owner"}'
    assert [dict(zip(header, each, strict=True))["Sent"] for each in found[:6]] == [sent] * 6


def test_the_last_line_of_each_change_tells_what_was_sent_too(desk: GovernedDesk) -> None:
    desk.as_(None)

    (text,) = lines(desk.ask("history --csv"))

    found = list(csv.DictReader(io.StringIO(text)))
    assert [each["Event"] for each in found] == ["rejected", "done", "done"]
    assert ['"role": "owner"' in each["Sent"] for each in found] == [True, True, False]
    assert all(each["Sent"].startswith("POST /v2/invites/bulk; {") for each in found)


def test_in_slack_a_csv_is_one_table_of_everything(desk: GovernedDesk) -> None:
    (table,) = desk.ask("history --csv").document.tables()

    assert (len(table.rows), len(table.columns)) == (3, 12)


def test_nothing_found_is_said(desk: GovernedDesk) -> None:
    assert lines(desk.ask("history --verb trigger --since 7d")) == [
        "History of trigger in the last 7 d",
        "Nothing of that kind was done.",
    ]


@pytest.mark.parametrize(
    "typed",
    ["history --since yesterday", "history --user @bob", "history --user S0OPS", "history --csv --limit 3"],
)
def test_what_cannot_be_understood_is_said(desk: GovernedDesk, typed: str) -> None:
    with pytest.raises(UsageError):
        desk.ask(typed)


def test_what_is_done_in_a_terminal_is_told_as_such(desk: GovernedDesk) -> None:
    desk.as_(None)
    desk.press(desk.ask("access grant U0MAX admin"), "Grant")
    assert isinstance(desk.governance, Governance)

    assert " | root (terminal) | Make U0MAX an admin of Hub Bot | done | " in lines(desk.ask("history"))[2]
