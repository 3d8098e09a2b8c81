"""Whose a build is: by what is known of it, and by who else asked."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.builds.model import Build, BuildState, Order, Ref
from bot.builds.providers.claims import LEEWAY, Fit, fit_of, is_ours
from bot.builds.providers.provider import Asked
from tests.builds.providers.support import A_BRANCH, A_GIT_TAG, A_TAG, EVERYTHING, NOW


def build(name: str = "b1", *, seconds: float | None = 1, tag: str | None = None, ref: str | None = None) -> Build:
    asked_at = None if seconds is None else NOW + timedelta(seconds=seconds)
    return Build(id=name, state=BuildState.BUILDING, tag=tag, ref=ref, asked_at=asked_at)


def later(order: Order, build_id: str | None = None, *, seconds: float = 60, is_over: bool = False) -> Asked:
    return Asked(order, NOW + timedelta(seconds=seconds), build_id, is_over=is_over)


def asked(order: Order, *others: Asked, build_id: str | None = None) -> Asked:
    return Asked(order, NOW, build_id, others=others)


@pytest.mark.parametrize(
    ("order", "shown", "fit"),
    [
        (EVERYTHING, build(tag="1.2", ref="main"), Fit.PERHAPS),
        (A_TAG, build(tag="1.2"), Fit.SURELY),
        (A_TAG, build(tag="edge"), Fit.NOT),
        (A_TAG, build(), Fit.PERHAPS),
        (A_BRANCH, build(ref="staging"), Fit.SURELY),
        (A_BRANCH, build(ref="develop"), Fit.NOT),
        (A_BRANCH, build(tag="edge"), Fit.PERHAPS),
        (A_GIT_TAG, build(ref="v1.1"), Fit.SURELY),
        (A_GIT_TAG, build(ref="v1.2"), Fit.NOT),
    ],
)
def test_what_tells_decides_and_what_is_unknown_may_fit(order: Order, shown: Build, fit: Fit) -> None:
    assert fit_of(order, shown) is fit
    assert is_ours(asked(order), shown) == (fit is not Fit.NOT)


def test_whoever_it_fits_better_has_it() -> None:
    edge = Order(repository="acme/api", ref=Ref.DOCKER_TAG, name="edge")
    its_build = build(seconds=61, tag="edge")

    assert not is_ours(asked(A_BRANCH, later(edge)), its_build)
    assert not is_ours(asked(A_BRANCH, later(edge), build_id="b1"), its_build)
    assert is_ours(Asked(edge, NOW, others=(later(A_BRANCH, "b1"),)), its_build)


@pytest.mark.parametrize(
    "other",
    [
        later(A_TAG, "b0"),
        later(A_TAG, seconds=1 + LEEWAY.total_seconds() + 1),
        later(A_BRANCH),
        later(EVERYTHING),
    ],
    ids=["has its own", "asked too late", "fits not at all", "fits worse"],
)
def test_whoever_cannot_have_it_takes_it_from_nobody(other: Asked) -> None:
    assert is_ours(asked(A_TAG, other), build(tag="1.2", ref="main"))


def test_whoever_has_it_keeps_it() -> None:
    assert is_ours(asked(A_TAG, later(A_TAG, seconds=0.5), build_id="b1"), build(tag="1.2"))
    assert not is_ours(asked(A_TAG, later(A_TAG, "b1", seconds=0)), build(tag="1.2"))
    assert not is_ours(asked(A_TAG, later(A_TAG, "b1", seconds=0, is_over=True)), build(tag="1.2"))


def test_a_build_follows_its_trigger() -> None:
    assert not is_ours(asked(A_TAG, later(A_TAG, seconds=60)), build(seconds=61, tag="1.2"))
    assert is_ours(Asked(A_TAG, NOW + timedelta(seconds=60), others=(asked(A_TAG),)), build(seconds=61, tag="1.2"))
    assert is_ours(asked(A_TAG, later(A_TAG, seconds=2)), build(seconds=1, tag="1.2"))


def test_the_last_build_without_a_time_is_of_those_that_wait() -> None:
    last = build("source:1", seconds=None)

    assert not is_ours(asked(A_TAG, later(A_TAG, "source:1")), last)
    assert is_ours(asked(A_TAG, later(A_TAG, "source:1", is_over=True)), last)
    assert is_ours(asked(A_TAG, later(A_TAG), build_id="source:1"), last)


_NAMES = st.sampled_from(["a", "b"])
_ORDERS = st.one_of(
    st.just(EVERYTHING),
    st.builds(
        lambda ref, name: Order(repository="acme/api", ref=ref, name=name), st.sampled_from(list(Ref)[1:]), _NAMES
    ),
)
_TIMES: st.SearchStrategy[datetime] = st.integers(-30, 30).map(lambda seconds: NOW + timedelta(seconds=seconds))


@given(st.lists(st.tuples(_ORDERS, _TIMES), min_size=1, max_size=4, unique_by=lambda each: each[1]), st.data())
def test_whoever_looks_first_one_at_most_has_a_build(wanted: list[tuple[Order, datetime]], data: st.DataObject) -> None:
    tag, ref = data.draw(st.none() | _NAMES), data.draw(st.none() | _NAMES)
    shown = build(tag=tag, ref=ref, seconds=data.draw(st.integers(0, 40)))
    # Providers show nobody what was asked for before them.
    waiting = [Asked(order, at) for order, at in wanted if shown.asked_at and at - LEEWAY <= shown.asked_at]

    def takes(number: int) -> bool:
        others = tuple(each for other, each in enumerate(waiting) if other != number)
        return is_ours(replace(waiting[number], others=others), shown)

    for number in data.draw(st.permutations(range(len(waiting)))):
        if takes(number):
            waiting[number] = replace(waiting[number], build_id=shown.id)

    assert sum(each.build_id is not None and takes(number) for number, each in enumerate(waiting)) <= 1
