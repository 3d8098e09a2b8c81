"""The last builds of a repository, from both sides."""

from datetime import timedelta

from bot.builds.history import history_of
from bot.builds.model import Accepted, Build, BuildState, ProviderKind
from bot.builds.progress import Progress
from bot.builds.providers.provider import BuildError, Refusal
from bot.clock import FrozenClock
from bot.errors import UserError
from bot.store.base import Store
from tests.builds.scene import API, Source, ask
from tests.store.played import NOON


def test_each_build_is_listed_once_newest_first_by_whoever_knows_it(store: Store, clock: FrozenClock) -> None:
    source = Source()
    source.provider.shown = [
        Build(id="42", state=BuildState.BUILDING, asked_at=NOON + timedelta(seconds=1)),
        Build(id="41", state=BuildState.FAILED, asked_at=NOON - timedelta(hours=1)),
    ]
    ours = ask(store, clock, accepted=Accepted(build_id="42"))
    clock.advance(60)
    hidden = ask(store, clock, change_id="chg_2")

    found = history_of(store, source, API, most=10)

    assert [(each.id, each.state, each.build is not None) for each in found.builds] == [
        (hidden, "requested", False),
        ("42", "building", True),
        ("41", "failed", True),
    ]
    assert [each.ours.id if each.ours else None for each in found.builds] == [hidden, ours, None]
    assert (found.is_shown, found.problems, found.setup) == (True, (), source.setup)
    assert [each.id for each in history_of(store, source, API, most=1).builds] == [hidden]
    assert [each.id for each in history_of(store, source, API, most=9, states=(Progress.FAILED,)).builds] == ["41"]


def test_what_cannot_be_read_is_said_and_ours_are_listed_all_the_same(store: Store, clock: FrozenClock) -> None:
    source = Source()
    source.error = UserError("There is no key for the secret.")
    source.provider.error = BuildError(Refusal.FORBIDDEN, "GitHub refuses the token.")
    ours = ask(store, clock)

    found = history_of(store, source, API, most=10)

    assert [each.id for each in found.builds] == [ours]
    assert (found.is_shown, found.problems) == (
        False,
        ("There is no key for the secret.", "GitHub refuses the token."),
    )


def test_where_the_provider_shows_none_docker_hubs_own_are_listed_if_there_are_any(
    store: Store, clock: FrozenClock
) -> None:
    source = Source()
    assert history_of(store, source, API, most=10).setup.provider is ProviderKind.GITHUB

    source.providers[ProviderKind.DOCKER_HUB].shown = [Build(id="bx7", state=BuildState.SUCCESS)]
    found = history_of(store, source, API, most=10)

    assert (found.setup.provider, [each.id for each in found.builds]) == (ProviderKind.DOCKER_HUB, ["bx7"])
    assert clock.now() == NOON


def test_without_a_set_up_docker_hub_is_asked(store: Store) -> None:
    source = Source(None)
    source.provider.shown = []

    found = history_of(store, source, API, most=10)

    assert (found.setup.provider, found.is_shown, found.builds) == (ProviderKind.DOCKER_HUB, True, ())
