"""Reading the audit trail."""

from collections.abc import Mapping
from datetime import timedelta

from bot.clock import FrozenClock
from bot.document import Column, Moment, Table
from bot.governance import audit
from bot.governance.audit import Entry
from bot.governance.trail import Search, Trail, as_csv
from bot.store.base import Store
from bot.store.workspaces import HOME

EVENTS = ("requested", "approved", "started", "unknown", "done")


def add(store: Store, *, workspace: str = HOME, **facts: object) -> None:
    values: Mapping[str, object] = {"event": "done", "verb": "trigger", "subject": "acme/api", "summary": "Do it"}
    entry = Entry(**{**values, "actor": "U0ANA", **facts})  # type: ignore[arg-type]
    store.write(lambda connection: audit.note(connection, workspace, entry, now=store.now(connection)))


def test_of_each_change_the_last_event_is_read_though_all_came_at_once(store: Store) -> None:
    for event in EVENTS:
        add(store, event=event, change_id="chg_1")
    add(store, event="requested", change_id="chg_2")
    add(store, verb="mute")

    found = Trail(store).lines(Search()).lines

    assert sorted((each.change_id or "", each.event) for each in found) == [
        ("", "done"),
        ("chg_1", "done"),
        ("chg_2", "requested"),
    ]


def test_every_event_is_read_the_last_first(store: Store) -> None:
    for event in EVENTS:
        add(store, event=event, change_id="chg_1")

    found = Trail(store).lines(Search(every_event=True)).lines

    assert [each.event for each in found] == list(reversed(EVENTS))


def test_each_line_of_a_change_tells_what_was_sent_for_it(store: Store) -> None:
    add(store, event="requested", change_id="chg_1", details={"sent": ["POST /x", "{}"]})
    add(store, event="done", change_id="chg_1", details={"sentence": "It is done."})
    add(store, workspace="other", event="requested", change_id="chg_2", details={"sent": ["POST /theirs"]})
    add(store, event="done", change_id="chg_2")
    add(store, verb="mute")

    found = Trail(store).lines(Search()).lines

    assert {each.change_id: each.sent for each in found} == {"chg_1": ("POST /x", "{}"), "chg_2": (), None: ()}
    assert [each.sent for each in Trail(store).lines(Search(every_event=True, subject="acme")).lines].count(
        ("POST /x", "{}")
    ) == 2


SEARCHES: tuple[tuple[Search, set[str]], ...] = (
    (Search(person="U0BEA"), {"acme/web", "bolt"}),
    (Search(asker="U0BEA"), {"bolt"}),
    (Search(verb="invite"), {"bolt"}),
    (Search(subject="acme"), {"acme/api", "acme/web", "acme/api:1.2"}),
    (Search(subject="acme/api"), {"acme/api", "acme/api:1.2"}),
    (Search(subject="a_me"), set()),
    (Search(subject="%"), set()),
    (Search(since=timedelta(hours=1)), {"acme/api:1.2"}),
    (Search(since=timedelta.max), {"acme/api", "acme/web", "bolt", "acme/api:1.2"}),
    (Search(person="U0BEA", subject="acme"), {"acme/web"}),
)


def test_what_is_looked_for_is_found(store: Store, clock: FrozenClock) -> None:
    add(store)
    add(store, subject="acme/web", decided_by="U0BEA")
    add(store, subject="bolt", verb="invite", actor="U0BEA")
    add(store, workspace="other")
    clock.advance(7_200)
    add(store, subject="acme/api:1.2")

    for search, found in SEARCHES:
        assert {each.subject for each in Trail(store).lines(search).lines} == found, search


def test_there_being_more_is_known(store: Store) -> None:
    for number in range(3):
        add(store, subject=f"acme/{number}")
    trail = Trail(store)

    pages = [trail.lines(Search(), most=most) for most in (2, 3)]

    assert [(len(page.lines), page.has_more) for page in pages] == [(2, True), (3, False)]
    assert not trail.lines(Search()).has_more


def test_a_csv_is_text_that_no_spreadsheet_computes(clock: FrozenClock) -> None:
    table = Table("x", (Column("When"), Column("What")), ((Moment(clock.now()), "=1+1"), (Moment(None), 'say "hi"')))

    assert as_csv(table) == 'When,What\n2026-11-21T12:00:00Z,\'=1+1\nunknown,"say ""hi"""\n'
