"""Pushes as Docker Hub lives through them: piece by piece, shown by its API sooner or later, told by several webhooks.

Owns what a push changes and which webhooks it brings; `webhooks.py` sends them.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from bot.sandbox.hub.payloads import PayloadShape, PushFacts, encoded, push_payload
from bot.sandbox.hub.pipelines import Attempt
from bot.sandbox.hub.state import (
    DEFAULT_SIZE_BYTES,
    MANIFEST_TYPE,
    HubState,
    Image,
    ImmutableTagError,
    Repository,
    Span,
    Tag,
)
from bot.sandbox.hub.unknowns import Unknowns
from bot.sandbox.hub.webhooks import Letter

USUAL_PLATFORMS = ("linux/amd64",)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Announcement:
    """How Docker Hub tells of a push.

    Attributes:
        count: How many webhooks a push brings; None: as many as the real one, `usual_count`.
        spacing_seconds: Between two of them, by the simulator's clock. So long the push of several platforms takes, and
            each of its webhooks stands for one of its pieces.
        delay_seconds: How much later than the push itself they all come.
        duplicates: How often each is sent once more, byte for byte.
        order: `reversed`: what happened last is told first.
        lost: Which of them are never sent, counted from 0 in the order in which they were to come.
        is_assembled: Whether the tag names the first platform alone until the last piece came, as where somebody pushes
            platform by platform and puts them together in the end. Else it names all from the beginning.
        shape: What the payload looks like; None follows `Unknowns.webhook_payload`.
    """

    count: int | None = Field(default=None, ge=0)
    spacing_seconds: float = Field(default=1.0, ge=0)
    delay_seconds: float = Field(default=0.0, ge=0)
    duplicates: int = Field(default=0, ge=0)
    order: Literal["in_order", "reversed"] = "in_order"
    lost: Sequence[int] = ()
    is_assembled: bool = False
    shape: PayloadShape | None = None


SILENCE = Announcement(count=0)
"""No webhook at all."""


def usual_count(platforms: int) -> int:
    """Return how many webhooks a push brings.

    One for a single image. Reported: five for a push of two platforms by buildx. That is one for each manifest, one for
    each attestation and one for the index, by which the other numbers are inferred.
    """
    return 1 if platforms <= 1 else 2 * platforms + 1


def size_like(repository: Repository, tag: str, platform: str) -> int:
    """Return the size that an image of this platform has had, first under this name, then under the newest others."""
    known = sorted(repository.tags.values(), key=lambda each: (each.name == tag, each.pushed_at), reverse=True)
    sizes = (image.size_bytes for each in known for image in each.images if image.platform == platform)
    return next(filter(None, sizes), DEFAULT_SIZE_BYTES)


def built_images(
    state: HubState,
    repository: Repository,
    tag: str,
    *,
    platforms: Sequence[str] | None,
    sizes: int | Sequence[int] | None,
    at: datetime,
) -> list[Image]:
    """Return images that were just built, of digests that there never were.

    Args:
        state: Where digests come from.
        repository: Where they will be pushed.
        tag: To which name.
        platforms: One image each; None: those of the tag as it is, else linux/amd64.
        sizes: Compressed bytes, of all or of each; None: as the newest of that platform, this tag's before all others.
        at: Time of the push.

    Raises:
        ValueError: One of these is no platform, or there is not one size for each.
    """
    known = repository.tags.get(tag)
    names = platforms if platforms is not None else [image.platform for image in known.images] if known else ()
    names = names or USUAL_PLATFORMS
    if sizes is None:
        bytes_each = [size_like(repository, tag, name) for name in names]
    else:
        bytes_each = [sizes] * len(names) if isinstance(sizes, int) else list(sizes)
    return [
        state.build_image(name, at=at, size_bytes=size_bytes)
        for name, size_bytes in zip(names, bytes_each, strict=True)
    ]


@dataclasses.dataclass(frozen=True, slots=True)
class Undertaking:
    """A push that is to happen.

    Attributes:
        repository: Where to.
        images: What is pushed, one for each platform.
        before: What the tag points at until then.
        digest: Of the index, or of the only manifest; None follows from the images.
        media_type: Of what the tag will name; None follows from the images.
        at: When it happens.
        now: When it is told.
        lag: How long the API shows the tag as it was.
        announcement: How it is told.
    """

    repository: Repository
    tag: str
    images: Sequence[Image]
    before: Sequence[Image]
    digest: str | None
    media_type: str | None
    pusher: str
    at: datetime
    now: datetime
    lag: timedelta
    announcement: Announcement

    @property
    def webhook_count(self) -> int:
        """How many webhooks it brings."""
        count = self.announcement.count
        return usual_count(len(self.images)) if count is None else count

    def passed(self, number: int) -> timedelta:
        """Return how long after its beginning it comes to a piece, or to a webhook."""
        return timedelta(seconds=number * self.announcement.spacing_seconds)


def carry_out(state: HubState, push: Undertaking) -> list[Tag]:
    """Push, and return what the name points at from piece to piece; the last of it is what stays.

    Raises:
        ImmutableTagError: The tag exists and a rule protects it.
    """
    repository = push.repository
    if push.tag in repository.tags and repository.is_immutable(push.tag):
        raise ImmutableTagError(f"{repository.path}:{push.tag} is immutable")
    count = max(push.webhook_count, 1)
    return [_point(state, push, number, is_last=number == count - 1) for number in range(count)]


def letters_about(push: Undertaking, pieces: Sequence[Tag], unknowns: Unknowns) -> Iterator[Letter]:
    """Yield the webhooks of a push, and note in each pipeline's history that they are to be sent.

    Args:
        push: What was carried out.
        pieces: What the tag pointed at from piece to piece.
        unknowns: The positions of the switches.
    """
    announcement, repository = push.announcement, push.repository
    count = push.webhook_count
    told = range(count) if announcement.order == "in_order" else reversed(range(count))
    for number, which in enumerate(told):
        if number in announcement.lost:
            continue
        at = push.now + timedelta(seconds=announcement.delay_seconds) + push.passed(number)
        facts = _facts(push, pieces[which], is_last=which == count - 1)
        if unknowns.webhook_times == "same":
            facts = dataclasses.replace(facts, pushed_at=pieces[0].pushed_at)
        payload = push_payload(announcement.shape or unknowns.webhook_payload, facts)
        body, content_type = encoded(payload, unknowns.webhook_body)
        for pipeline in repository.pipelines.values():
            for hook in pipeline.hooks * (1 + announcement.duplicates):
                attempt = Attempt(at)
                pipeline.history.append(attempt)
                yield Letter(repository.path, push.tag, hook.url, at, payload, body, content_type, attempt)


def _point(state: HubState, push: Undertaking, number: int, *, is_last: bool) -> Tag:
    is_part = push.announcement.is_assembled and not is_last
    shown_from = push.now + push.passed(number) + push.lag
    return state.point(
        push.repository.path,
        push.tag,
        at=push.at + push.passed(number),
        images=push.images[:1] if is_part else push.images,
        pusher=push.pusher,
        digest=None if is_part else push.digest,
        media_type=push.media_type,
        hidden=Span(push.now, shown_from) if shown_from > push.now else None,
    )


def _facts(push: Undertaking, piece: Tag, *, is_last: bool) -> PushFacts:
    return PushFacts(
        repository=push.repository,
        tag=piece.name,
        pushed_at=piece.pushed_at,
        pusher=piece.pusher,
        media_type=piece.media_type if is_last else MANIFEST_TYPE,
        images=piece.images,
        before=push.before,
        is_last=is_last,
    )
