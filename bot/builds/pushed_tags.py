"""Which build the push of a tag ends, where the tags are all that tells of builds. Pure.

A tag does not say what it was built from, so this is a guess, and is said to be one. One push ends one build at most:
that which was asked for by this very tag, else the one that has waited longest. Those that count as lost come last.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.builds.build_rows import FollowedBuild
from bot.builds.model import Ref
from bot.builds.progress import Progress

_SKEW = timedelta(seconds=2)
"""By how much another clock may be behind ours."""


def is_since(build: FollowedBuild, pushed_at: datetime | None) -> bool:
    """Return whether a tag was pushed since a build was asked for."""
    if pushed_at is None or pushed_at < build.asked_at - _SKEW:
        return False
    return build.run.baseline is None or pushed_at > build.run.baseline


def is_ended_by(build: FollowedBuild, tag: str, pushed_at: datetime, known: Sequence[FollowedBuild]) -> bool:
    """Return whether it is this build that the push of a tag ends.

    Args:
        build: One of those known, which is looking at tags.
        tag: The tag.
        pushed_at: When it was pushed (UTC).
        known: The builds of the repository that we asked for.
    """
    if any(_has_made(each, tag, pushed_at) for each in known):
        return False
    waiting = [
        each
        for each in known
        if not each.run.state.is_final
        and (each.order.ref is not Ref.DOCKER_TAG or each.order.name == tag)
        and is_since(each, pushed_at)
    ]
    first = min(waiting, key=_turn, default=None)
    return first is not None and first.id == build.id


def _has_made(build: FollowedBuild, tag: str, pushed_at: datetime) -> bool:
    """Return whether a push of a tag is known to be of a build that has ended: it told of the end, or came before."""
    run = build.run
    if run.state is not Progress.SUCCESS or run.tag != tag or run.ended_at is None:
        return False
    if run.is_seen_by_tag:
        return run.ended_at == pushed_at
    return is_since(build, pushed_at) and pushed_at <= run.ended_at + _SKEW


def _turn(build: FollowedBuild) -> tuple[bool, bool, datetime, str]:
    return build.order.ref is not Ref.DOCKER_TAG, build.run.verdict is not None, build.asked_at, build.id
