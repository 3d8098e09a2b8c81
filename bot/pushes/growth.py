"""When an image counts as grown too large: against the last push, and against a baseline. Pure.

Platforms are compared one by one. One that is missing on either side, or whose size Docker Hub does not tell, says
nothing: an image that is built for a platform more has not grown.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.pushes.model import Growth, TagImage

LAST_PUSH = "the last push"
BASELINE = "the baseline"
FIRST_KNOWN = "the first known image"


@dataclass(frozen=True)
class Limit:
    """How much an image may grow. What passes only one of the two is fine: small images double, large ones breathe.

    Attributes:
        percent: Of its size before.
        size_bytes: Compressed.
    """

    percent: float
    size_bytes: int

    def is_reached(self, before: int, after: int) -> bool:
        """Tell whether that is as much as the limit, or more; an image that did not grow is never too large."""
        grown = after - before
        return grown > 0 and grown >= self.size_bytes and grown * 100 >= self.percent * before


PUSH_LIMIT = Limit(percent=10.0, size_bytes=5_000_000)
BASELINE_LIMIT = Limit(percent=25.0, size_bytes=5_000_000)


@dataclass(frozen=True)
class Thresholds:
    """What is too much for one repository.

    Attributes:
        push: Against what the tag pointed at before.
        against_baseline: Against the baseline.
        baseline: A tag of the same repository, or a size in bytes that holds for each platform; None is the first image
            that the tag was seen to point at.
    """

    push: Limit = PUSH_LIMIT
    against_baseline: Limit = BASELINE_LIMIT
    baseline: str | int | None = None

    @classmethod
    def configured(cls, *, percent: float | None, size_bytes: int | None, baseline: str | int | None) -> "Thresholds":
        """Return what somebody wrote down; None is what they left out.

        A limit that was written holds against the last push, and against a baseline that was written. The first known
        image, which nobody chose, keeps the usual limit.
        """
        if percent is None and size_bytes is None:
            return cls(baseline=baseline)
        limit = Limit(percent or 0.0, size_bytes or 0)
        return cls(limit, BASELINE_LIMIT if baseline is None else limit, baseline)

    @property
    def baseline_tag(self) -> str | None:
        """The tag that is the baseline, if it is a tag."""
        return self.baseline if isinstance(self.baseline, str) else None


def growths(
    image: TagImage, previous: TagImage | None, baseline: TagImage | None, thresholds: Thresholds
) -> tuple[Growth, ...]:
    """Return where an image is too large, in the order of its platforms.

    Args:
        image: What the tag points at.
        previous: What it pointed at before; None is unknown.
        baseline: What the baseline's tag points at or, where none is set, the first known image of the tag; None is
            unknown. Not looked at where the baseline is a size.
        thresholds: What is too much.
    """
    return tuple(_growths(_sizes(image), _sizes(previous), _sizes(baseline), thresholds))


def _growths(
    sizes: Mapping[str | None, int],
    previous: Mapping[str | None, int],
    baseline: Mapping[str | None, int],
    thresholds: Thresholds,
) -> Iterator[Growth]:
    for platform, after in sizes.items():
        before = previous.get(platform)
        grew = before is not None and thresholds.push.is_reached(before, after)
        if before is not None and grew:
            yield Growth(platform=platform, against=LAST_PUSH, before_bytes=before, after_bytes=after)
        base = thresholds.baseline if isinstance(thresholds.baseline, int) else baseline.get(platform)
        # The first known image is often the last push too; that is not said twice.
        is_said = grew and base == before and thresholds.baseline is None
        if base is not None and not is_said and thresholds.against_baseline.is_reached(base, after):
            yield Growth(platform=platform, against=_words(thresholds), before_bytes=base, after_bytes=after)


def _words(thresholds: Thresholds) -> str:
    match thresholds.baseline:
        case None:
            return FIRST_KNOWN
        case str() as tag:
            return f"{BASELINE} {tag}"
        case _:
            return BASELINE


def _sizes(image: TagImage | None) -> Mapping[str | None, int]:
    """Return the sizes in bytes by platform, as far as both are known beyond doubt.

    Windows images have several entries for one platform, one for each version of the system: which of them became
    which cannot be told. A platform of unknown name is that of another image of unknown platform only if each is the
    only one there.
    """
    if image is None:
        return {}
    if not image.platforms:
        return {} if not image.size_bytes else {None: image.size_bytes}
    names = Counter(each.platform for each in image.platforms)
    return {
        each.platform: each.size_bytes
        for each in image.platforms
        if each.size_bytes and names[each.platform] == 1 and (each.platform or len(image.platforms) == 1)
    }
