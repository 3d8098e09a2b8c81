"""Who hears of builds, on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, update

from bot.pushes.build_listeners import build_listeners
from bot.pushes.filters import Filters
from bot.pushes.model import BuildEnds
from bot.pushes.patterns import Pattern
from bot.pushes.subscriptions import Origin, Subscriptions, Wish
from bot.store.base import Store
from bot.store.tables import lanes, mutes
from bot.store.workspaces import HOME

NEXT_YEAR = datetime.now(UTC) + timedelta(days=365)


def subscribe(store: Store, image: str, channel: str = "C1", origin: Origin = Origin.COMMAND, **filters: Any) -> None:
    Subscriptions(store, HOME).add(Wish(channel, Pattern.parse(image), Filters(**filters)), by="U1", origin=origin)


def heard(store: Store, *set_up: str, tag: str = "v1", has_failed: bool = True) -> dict[str, list[str]]:
    """Return the channels that hear of a build, by repository."""
    return {
        repository: [each.channel for each in listeners if each.wants(tag, has_failed=has_failed)]
        for repository, listeners in build_listeners(store, HOME, set_up).items()
    }


def test_those_hear_that_subscribed_to_builds(store: Store) -> None:
    subscribe(store, "acme/api")
    subscribe(store, "acme/api", builds=BuildEnds.FAILED)
    subscribe(store, "acme/api", "C2", builds=BuildEnds.ALL)
    subscribe(store, "acme/web", "C3", tag=("builds",))

    assert heard(store) == {"acme/api": ["C1", "C2"]}
    assert heard(store, has_failed=False) == {"acme/api": ["C2"]}


def test_a_glob_is_about_the_repositories_that_are_set_up(store: Store) -> None:
    subscribe(store, "acme/a*", builds=BuildEnds.ALL)
    subscribe(store, "acme/api", "C2", builds=BuildEnds.ALL)

    assert heard(store, "acme/api", "acme/app", "acme/web", "other/api", "not a name") == {
        "acme/api": ["C1", "C2"],
        "acme/app": ["C1"],
    }
    assert heard(store) == {"acme/api": ["C2"]}


def test_of_several_subscriptions_of_a_channel_one_is_enough(store: Store) -> None:
    subscribe(store, "acme/api", builds=BuildEnds.FAILED)
    subscribe(store, "acme/*", builds=BuildEnds.ALL, tag=("edge",))
    subscribe(store, "acme/api", origin=Origin.FILE, builds=BuildEnds.ALL, tag=("v*",))

    assert heard(store, "acme/api", has_failed=False) == {"acme/api": ["C1"]}
    assert heard(store, "acme/api", tag="edge", has_failed=False) == {"acme/api": ["C1"]}
    assert heard(store, "acme/api", tag="1", has_failed=False) == {"acme/api": []}


def test_muted_and_closed_channels_are_known_and_hear_nothing(store: Store) -> None:
    for channel in ("C1", "C2", "C3"):
        subscribe(store, "acme/api", channel, builds=BuildEnds.ALL)
    mute = {"workspace": HOME, "channel": "C1", "repository": "acme/api", "until_at": NEXT_YEAR, "muted_by": "U1"}
    closed = {"suspended_at": NEXT_YEAR, "suspension": "is_archived"}
    store.write(lambda connection: connection.execute(insert(mutes).values(mute)).rowcount)
    store.write(
        lambda connection: connection.execute(update(lanes).where(lanes.c.channel == "C2").values(closed)).rowcount
    )

    assert heard(store) == {"acme/api": ["C3"]}
    assert len(build_listeners(store, HOME, ())["acme/api"]) == 3
