"""Which time zone somebody lives in, as far as anybody knows."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from bot.digest.schedule import check_zone
from bot.errors import DeliveryError
from bot.slack.client import SlackClient

logger = logging.getLogger(__name__)

UTC_ZONE = "UTC"
_LOCAL_TIME = Path("/etc/localtime")
_DATABASE = "zoneinfo/"


def zone_of_person(slack: SlackClient, user_id: str) -> str:
    """Return the zone that somebody has set in Slack; UTC where Slack does not say."""
    try:
        return _known(slack.account(user_id).zone or "")
    except DeliveryError as error:
        logger.info("zone_not_known", extra={"reason": str(error)})
        return UTC_ZONE


def zone_of_machine(environment: Mapping[str, str] = os.environ, local_time: Path = _LOCAL_TIME) -> str:
    """Return the zone of this machine, by `TZ` or where `/etc/localtime` points; else UTC."""
    named = environment.get("TZ", "").lstrip(":")
    return _known(named or str(local_time.resolve()).partition(_DATABASE)[2])


def _known(name: str) -> str:
    try:
        return check_zone(name)
    except ValueError:
        return UTC_ZONE
