"""What a digest tells of: one small module for each subject."""

from collections.abc import Callable

from bot.digest.part import Parts
from bot.digest.parts.builds import FailedBuilds
from bot.digest.parts.cves import NewVulnerabilities
from bot.digest.parts.deliveries import DeadLetters
from bot.digest.parts.pushes import RecentPushes
from bot.digest.parts.sizes import GrownImages
from bot.digest.parts.stale import LimitsOf, StaleImages
from bot.images import RepositoryName
from bot.pushes.growth import Thresholds


def all_parts(
    limits: LimitsOf,
    thresholds: Callable[[RepositoryName], Thresholds] = lambda _: Thresholds(),
    *,
    has_vulnerabilities: bool = True,
) -> Parts:
    """Return the parts in the order in which they are told.

    Args:
        limits: From which age on the tags of a namespace are stale: `bot.fleet.rules.StaleRules.limits`.
        thresholds: When an image of a repository counts as grown too large.
        has_vulnerabilities: Whether anybody is asked about those.
    """
    return (
        StaleImages(limits),
        *((NewVulnerabilities(),) if has_vulnerabilities else ()),
        GrownImages(thresholds),
        FailedBuilds(),
        DeadLetters(),
        RecentPushes(),
    )
