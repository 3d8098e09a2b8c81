"""The Home tab, over the whole road: Slack says that somebody opened it, and finds there what the bot published."""

from collections.abc import Iterator

import pytest

from bot.document import Chart, Code, Column, Count, Document, Paragraph, Series, Table, line
from bot.governance.roles import Person, Role
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import View
from bot.sandbox.slack.unknowns import SlackUnknowns
from bot.store.errors import StoreUnavailableError
from bot.web.outgoing import AWAY
from tests.support.waiting import wait_until
from tests.web.conftest import MEMBER, OPERATOR, Bot, running_bot


class Pages:
    """Says who looked; away while it is told to be."""

    def __init__(self) -> None:
        self.seen: list[tuple[Person, Role]] = []
        self.is_away = False

    def __call__(self, person: Person, role: Role) -> Document:
        if self.is_away:
            raise StoreUnavailableError("gone", cause="away")
        self.seen.append((person, role))
        table = Table(
            "Worst images", (Column("Image"), Column("High", numeric=True)), ((Code("acme/<api>"), Count(3)),)
        )
        chart = Chart("Stale images", ("20 Nov", "21 Nov"), (Series("stale", (1.0, 2.0)),))
        return Document("Hub Bot", (Paragraph(line(f"Looked {len(self.seen)} times.")), table, chart))


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def homely(slack: SlackSimulator, pages: Pages) -> Iterator[Bot]:
    with running_bot(slack, home=pages) as bot:
        yield bot


def home_of(bot: Bot, user: str) -> View | None:
    return next((view for (_, owner), view in bot.slack.state.homes.items() if owner == user), None)


def words_of(bot: Bot, user: str) -> str:
    view = home_of(bot, user)
    return str(view.payload["blocks"]) if view else ""


def opened(bot: Bot, user: str, *, expecting: str) -> str:
    bot.slack.acting_as(user).opens_home()
    wait_until(lambda: expecting in words_of(bot, user))
    return words_of(bot, user)


def test_it_shows_how_things_are_each_time_somebody_looks(homely: Bot, pages: Pages) -> None:
    assert "acme/<api>" in opened(homely, MEMBER, expecting="Looked 1 times.")
    opened(homely, MEMBER, expecting="Looked 2 times.")
    opened(homely, OPERATOR, expecting="Looked 3 times.")

    assert pages.seen[0] == (Person(MEMBER, seed.TEAM_ID), Role.MEMBER)
    assert pages.seen[2] == (Person(OPERATOR, seed.TEAM_ID), Role.OPERATOR)


def test_the_messages_tab_is_not_it(homely: Bot, pages: Pages) -> None:
    homely.slack.acting_as(MEMBER).opens_home("messages")
    opened(homely, MEMBER, expecting="Looked 1 times.")

    assert len(pages.seen) == 1


def test_a_guest_sees_nothing_of_the_organization(homely: Bot, pages: Pages) -> None:
    opened(homely, seed.GUS, expecting="full members")

    assert pages.seen == []


def test_a_workspace_that_refuses_the_newer_blocks_gets_words(homely: Bot) -> None:
    homely.slack.unknowns = SlackUnknowns(new_blocks="refused")

    said = opened(homely, MEMBER, expecting="Looked 1 times.")

    assert "data_table" not in said
    assert "acme/&lt;api&gt;" in said


def test_it_says_that_the_database_is_away(homely: Bot, pages: Pages) -> None:
    pages.is_away = True

    opened(homely, MEMBER, expecting=AWAY)


def test_slack_being_away_costs_one_look_only(homely: Bot, caplog: pytest.LogCaptureFixture) -> None:
    homely.slack.faults.add(SlackFault(kind="reset", method="views.publish", times=1))
    homely.slack.acting_as(MEMBER).opens_home()
    wait_until(lambda: "home_not_shown" in caplog.messages)

    opened(homely, MEMBER, expecting="Looked 2 times.")


def test_a_chart_is_taken_or_told_in_words(homely: Bot) -> None:
    for position in ("accepted", "refused"):
        homely.slack.unknowns = SlackUnknowns(data_visualization_in_home=position)

        assert "Stale images" in opened(homely, OPERATOR, expecting="Looked")
