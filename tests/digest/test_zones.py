"""Whose time zone: a person's in Slack, or the machine's."""

from pathlib import Path

import pytest

from bot.clock import FrozenClock
from bot.digest.zones import zone_of_machine, zone_of_person
from bot.sandbox.slack import seed
from bot.slack.client import SlackClient
from tests.support.desk import NOW
from tests.support.slack import acme


def test_a_person_lives_where_slack_says() -> None:
    with acme(FrozenClock(NOW).now) as slack:
        client = SlackClient(seed.BOT_TOKEN, slack.api_url, timeout_seconds=5)
        slack.state.people[seed.MIA].timezone = "Asia/Tokyo"
        slack.state.people[seed.OMAR].is_deleted = True

        assert zone_of_person(client, seed.MIA) == "Asia/Tokyo"
        assert zone_of_person(client, seed.OMAR) == "UTC"  # Slack says little of those who left.
        assert zone_of_person(client, "U0NOBODY") == "UTC"


@pytest.mark.parametrize(
    ("named", "zone"), [("Europe/Berlin", "Europe/Berlin"), (":Asia/Tokyo", "Asia/Tokyo"), ("CET-1CEST", "UTC")]
)
def test_a_machine_is_where_its_environment_says(named: str, zone: str, tmp_path: Path) -> None:
    assert zone_of_machine({"TZ": named}, tmp_path) == zone


@pytest.mark.parametrize(("target", "zone"), [("zoneinfo/Europe/Berlin", "Europe/Berlin"), ("elsewhere/file", "UTC")])
def test_else_where_its_clock_points(target: str, zone: str, tmp_path: Path) -> None:
    local_time = tmp_path / "localtime"
    local_time.symlink_to(tmp_path / target)

    assert zone_of_machine({}, local_time) == zone
