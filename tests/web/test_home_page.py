"""What the Home tab says, put together from the database."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from pydantic import JsonValue
from sqlalchemy import Connection

from bot.assembly import build_home
from bot.clock import FrozenClock
from bot.digest.part import Found, Standing
from bot.document import Code, Column, Count
from bot.fleet.model import Scope, Unchecked
from bot.governance import changes
from bot.governance.proposals import Asker, Proposal
from bot.governance.roles import Person, Role
from bot.pushes.filters import Filters
from bot.pushes.patterns import Pattern
from bot.pushes.subscriptions import Subscriptions, Wish
from bot.sandbox.slack import seed
from bot.slack.render import render
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.store.workspaces import HOME
from bot.web.home import HomePage
from bot.web.home_page import MOST_ROWS, DigestWords, make_page
from tests.support.desk import NOW, spoken
from tests.support.whole import open_whole_desk

MIA, ANA = Person(seed.MIA, seed.TEAM_ID), Person(seed.ANA, seed.TEAM_ID)
HOSTILE = "<!channel> *bold* `code`"


class Stale:
    """A part with a long list; it asks which images it is about."""

    key, title = "stale", "Stale images"

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    def find(self, connection: Connection, scope: Scope, baseline: JsonValue, now: object) -> Found:
        assert (baseline, now) == (None, NOW)
        assert not connection.closed
        self.scopes.append(scope)
        rows = tuple((Code(f"acme/image-{number}"), Count(number)) for number in range(30))
        standing = Standing("30 of 40 images stale", (Column("Image"), Column("Days", numeric=True)), rows)
        unchecked = tuple(Unchecked(f"acme/odd-{number}", HOSTILE) for number in range(7))
        return Found((), None, standing, unchecked)


class Pushes:
    """A part without a list."""

    key, title = "pushes", "Pushes"

    def find(self, connection: Connection, scope: Scope, baseline: JsonValue, now: object) -> Found:
        del connection, scope, baseline, now
        return Found((), None)


@pytest.fixture
def store() -> Iterator[Store]:
    clock = FrozenClock(NOW)
    with closing(open_store("sqlite://", now=clock.now)) as store:
        upgrade(store)
        yield store


@pytest.fixture
def page(store: Store) -> HomePage:
    digests = (
        DigestWords(seed.GENERAL, "morning, every day at 09:00", NOW + timedelta(hours=3), seed.MIA),
        DigestWords(seed.GENERAL, "weekly, mon at 08:00", None, seed.MIA),
        DigestWords(seed.RANDOM, "of somebody else", NOW, seed.OMAR),
        DigestWords(seed.RANDOM, "of the file", NOW, None),
    )
    return make_page(store, (Stale(), Pushes()), Scope(("acme",)), lambda _: digests)


def ask_for(store: Store, by: str, summary: str) -> None:
    proposal = Proposal(
        kind="x", action="x", subject="acme", summary=summary, shown=("x",), request={}, role=Role.OPERATOR
    )
    store.write(
        lambda connection: changes.add(
            connection,
            HOME,
            proposal,
            Asker(by, seed.TEAM_ID, seed.GENERAL),
            now=NOW,
            approval_reason="it is",
            deadline=timedelta(hours=1),
        )
    )


def test_it_shows_the_worst_images_and_what_is_not_known(page: HomePage) -> None:
    said = spoken(page(MIA, Role.MEMBER))

    assert "30 of 40 images stale" in said
    assert sum(words.startswith("acme/image-") for words in said) == MOST_ROWS
    assert sum("acme/odd-" in words for words in said) == 5
    assert any("and 2 more" in words for words in said)


def test_it_shows_what_the_person_set_up_and_nothing_of_others(store: Store, page: HomePage) -> None:
    subscriptions = Subscriptions(store, HOME)
    for user, name in ((seed.MIA, "api"), (seed.OMAR, "secret")):
        subscriptions.add(Wish(seed.GENERAL, Pattern("acme", name), Filters()), by=user)

    said = "\n".join(spoken(page(MIA, Role.MEMBER)))

    assert "acme/api" in said
    assert "acme/secret" not in said
    assert "morning, every day at 09:00, next 2026" in said
    assert "weekly, mon at 08:00, paused" in said
    assert "of somebody else" not in said


def test_what_nobody_in_slack_set_is_shown_to_operators(page: HomePage) -> None:
    member, operator = ("\n".join(spoken(page(MIA, role))) for role in (Role.MEMBER, Role.OPERATOR))

    assert ("of the file" in member, "of the file" in operator) == (False, True)
    assert "of somebody else" not in operator


def test_how_the_images_are_is_worked_out_once_a_minute_for_everybody() -> None:
    clock, stale = FrozenClock(NOW), Stale()
    with closing(open_store("sqlite://", now=clock.now)) as store:
        upgrade(store)
        page = make_page(store, (stale,), Scope(("acme",)), lambda _: ())
        first, second = page(MIA, Role.MEMBER), page(ANA, Role.ADMIN)
        ask_for(store, seed.MIA, "Invite ben")
        third = page(ANA, Role.ADMIN)

        assert len(stale.scopes) == 1
        assert "30 of 40 images stale" in spoken(first)
        assert (
            spoken(first)[1]
            == spoken(second)[1]
            == "Images as of 2026-11-21 09:00 UTC. Open the tab again to see it anew."
        )
        assert "Invite ben" in "\n".join(spoken(third)), "only images are remembered"


def test_after_a_minute_the_images_are_looked_up_anew() -> None:
    clock, seen = FrozenClock(NOW), list[datetime]()

    class Looking(Pushes):
        def find(self, connection: Connection, scope: Scope, baseline: JsonValue, now: object) -> Found:
            assert isinstance(now, datetime)
            seen.append(now)
            return super().find(connection, scope, baseline, now)

    with closing(open_store("sqlite://", now=clock.now)) as store:
        upgrade(store)
        page = make_page(store, (Looking(),), Scope(("acme",)), lambda _: ())
        for seconds in (0, 59, 1, -3_600):
            clock.step(seconds)
            page(MIA, Role.MEMBER)

    # By a clock that was set back, what is remembered is of the future.
    assert seen == [NOW, NOW + timedelta(minutes=1), NOW - timedelta(minutes=59)]


def test_a_digest_that_comes_after_its_pause_is_not_called_paused() -> None:
    with open_whole_desk() as desk:
        page = build_home(desk.settings, desk.parts, desk.store)
        desk.ask("digest set 08:00 --tz UTC", by=seed.OMAR)
        desk.ask("digest pause 3h", by=seed.OMAR)
        omar = Person(seed.OMAR, seed.TEAM_ID)
        soon = "\n".join(spoken(page(omar, Role.OPERATOR)))
        desk.ask("digest pause 3d", by=seed.OMAR)
        later = "\n".join(spoken(page(omar, Role.OPERATOR)))

    assert "morning, 08:00 UTC, every day, next 2026-11-22 08:00 UTC" in soon
    assert "morning, 08:00 UTC, every day, paused" in later


def test_an_admin_sees_what_waits_for_them_and_others_what_they_asked_for(store: Store, page: HomePage) -> None:
    ask_for(store, seed.MIA, "Invite ben")
    ask_for(store, seed.OMAR, "Invite cleo")

    mia, ana = ("\n".join(spoken(page(*who))) for who in ((MIA, Role.OPERATOR), (ANA, Role.ADMIN)))

    assert ("Invite ben" in mia, "Invite cleo" in mia) == (True, False)
    assert ("Invite ben" in ana, "Invite cleo" in ana) == (True, True)
    assert "/hub approvals show" in ana


def test_nothing_of_all_that_is_said_in_words(page: HomePage) -> None:
    said = "\n".join(spoken(page(ANA, Role.MEMBER)))

    assert "Nothing waits for approval." in said
    assert "You have not subscribed any channel" in said
    assert "You have set no digest" in said


def test_it_fits_on_a_home_tab_and_is_inert(page: HomePage) -> None:
    message = render(page(MIA, Role.MEMBER))

    assert len(message.blocks) <= 100
    assert "<!channel>" not in message.text
