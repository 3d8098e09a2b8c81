"""Whose a build is that a provider shows: of several that we asked for, and of those that others asked for. Pure.

Where a provider does not say which build a trigger became, one that fits is taken for it. What would tell may not be
known: then whoever it fits better has it, else whoever had it first.
"""

from datetime import timedelta
from enum import IntEnum

from bot.builds.model import Build, Order, Ref
from bot.builds.providers.provider import Asked

LEEWAY = timedelta(seconds=2)
"""By so much another clock may be behind ours."""


class Fit(IntEnum):
    """How well a build fits what was asked for."""

    NOT = 0
    PERHAPS = 1
    """What would tell is not known."""
    SURELY = 2


def fit_of(order: Order, build: Build) -> Fit:
    """Return how well a build fits an order. Everything can be anything, so for that no build is sure."""
    told = build.tag if order.ref is Ref.DOCKER_TAG else build.ref
    if order.ref is Ref.ALL or told is None:
        return Fit.PERHAPS
    return Fit.SURELY if told == order.name else Fit.NOT


def is_ours(asked: Asked, build: Build) -> bool:
    """Return whether a build may be the one that was asked for, and none of the others has a better claim to it."""
    fit = fit_of(asked.order, build)
    return fit is not Fit.NOT and not any(_has_better_claim(other, asked, fit, build) for other in asked.others)


def _has_better_claim(other: Asked, asked: Asked, fit: Fit, build: Build) -> bool:
    others_fit = fit_of(other.order, build)
    if others_fit is Fit.NOT or other.build_id not in {None, build.id}:
        return False
    if build.asked_at is None:
        # Told of without a time is whatever was built last, always by the same id.
        return not other.is_over and (others_fit, other.build_id is not None) > (fit, asked.build_id == build.id)
    if build.asked_at < other.at - LEEWAY or others_fit < fit:
        return False
    if others_fit is fit and build.id in {asked.build_id, other.build_id}:
        return build.id != asked.build_id
    # A trigger is followed by its build: of two that fit alike it is that of the last one before it.
    return others_fit > fit or asked.at < other.at <= build.asked_at
