"""What Docker Hub's push webhook says, read into a value. Pure.

Every payload recorded since 2014 is understood; what a later one adds is ignored. A payload is a hint, not a fact:
nothing signs it, it has no digest, and several come for one push of several platforms.

Source: https://docs.docker.com/docker-hub/repos/manage/webhooks/ and payloads that others published: the automated
builds of 2014 (ids of images, floats, counts as text, no tag), official repositories without a namespace, `images` as
null, the `media_type` of 2022, the `dhi_metadata` of mirrored Docker Hardened Images.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

from bot.images import ImageReference, InvalidReferenceError, RepositoryName

# Docker Hub opened in 2013; what claims to be older, or of another century, is no time of a push.
_EARLIEST = datetime(2013, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_LONGEST_PUSHER = 255
_LONGEST_MEDIA_TYPE = 255
# What no text for people holds, and not every database takes.
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_FORM_FIELD = "payload"
_MOST_FORM_FIELDS = 20


class ContentKind(StrEnum):
    """What was pushed, as far as the media type tells."""

    IMAGE = "image"
    HELM_CHART = "helm chart"
    MODEL = "model"
    COMPOSE = "compose application"
    WASM = "wasm module"
    VOLUME = "volume"
    PLUGIN = "plugin"
    OTHER = "artifact"


# The first that the media type contains decides.
_KINDS: tuple[tuple[str, ContentKind], ...] = (
    ("helm", ContentKind.HELM_CHART),
    (".ai.model", ContentKind.MODEL),
    ("compose", ContentKind.COMPOSE),
    ("wasm", ContentKind.WASM),
    ("volume", ContentKind.VOLUME),
    ("plugin", ContentKind.PLUGIN),
    ("docker.distribution.manifest", ContentKind.IMAGE),
    ("docker.container.image", ContentKind.IMAGE),
    ("oci.image", ContentKind.IMAGE),
)


class RejectedPayloadError(Exception):
    """The payload says nothing that could be used.

    Args:
        field: Where, such as `push_data.tag`; empty for the payload as a whole.
        problem: What is wrong, one sentence without any of its values.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field = field
        self.problem = problem


@dataclass(frozen=True)
class Push:
    """What a webhook says happened.

    Attributes:
        repository: Which repository.
        tag: Which name was pushed to; empty when the payload has none, as before 2016.
        pushed_at: When, by Docker Hub's clock (aware, UTC).
        pusher: A Docker Hub user name; empty when the payload has none.
        media_type: Of what was pushed; None before 2022.
        hardened: What Docker says changed in a mirrored hardened image, by platform digest; empty for all others.
    """

    repository: RepositoryName
    tag: str
    pushed_at: datetime
    pusher: str = ""
    media_type: str | None = None
    hardened: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content_kind(self) -> ContentKind:
        """What was pushed; an image when the payload does not tell."""
        return content_kind(self.media_type)


def content_kind(media_type: str | None) -> ContentKind:
    """Return what a media type stands for: a manifest's, or that of the configuration it points at."""
    if not media_type:
        return ContentKind.IMAGE
    lowered = media_type.lower()
    return next((kind for part, kind in _KINDS if part in lowered), ContentKind.OTHER)


def parse_push(body: bytes) -> Push:
    """Read a webhook's body, whatever content type it came with.

    Nobody has documented the content type. So JSON is tried, then a form with the JSON under `payload`, then a form
    whose only name is the JSON itself.

    Raises:
        RejectedPayloadError: It is none of these, or lacks what an event needs.
    """
    payload = _decoded(body)
    push_data = _section(payload, "push_data")
    media_type = _text(push_data, "push_data.media_type", longest=_LONGEST_MEDIA_TYPE)
    return Push(
        repository=_repository(_section(payload, "repository")),
        tag=_tag(push_data),
        pushed_at=_pushed_at(push_data.get("pushed_at")),
        pusher=_text(push_data, "push_data.pusher", longest=_LONGEST_PUSHER),
        media_type=media_type or None,
        hardened=_hardened(payload.get("dhi_metadata")),
    )


def _hardened(value: object) -> Mapping[str, Any]:
    """Return what changed in a hardened image; nothing when it is in a form that we do not know."""
    if not isinstance(value, dict):
        return {}
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, RecursionError):
        return {}
    return {} if "\\u0000" in text else value


def _decoded(body: bytes) -> Mapping[str, Any]:
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise RejectedPayloadError("", "The body is not UTF-8.") from None
    if not text:
        raise RejectedPayloadError("", "The body is empty.")
    decoded = _json(text)
    if decoded is None:
        decoded = _json(_form_value(text))
    if not isinstance(decoded, dict):
        raise RejectedPayloadError("", "The body is neither a JSON object nor a form that holds one.")
    return decoded


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _form_value(text: str) -> str:
    try:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FORM_FIELDS)
    except ValueError:
        return ""
    if _FORM_FIELD in fields:
        return fields[_FORM_FIELD][0]
    return next(iter(fields), "")


def _section(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = payload.get(name)
    if not isinstance(found, dict):
        raise RejectedPayloadError(name, "An object is expected here.")
    return found


def _text(section: Mapping[str, Any], path: str, *, longest: int) -> str:
    """Return an optional text; its name is the last part of the path."""
    found = section.get(path.rpartition(".")[2])
    if found is None:
        return ""
    if not isinstance(found, str):
        raise RejectedPayloadError(path, "A text is expected here.")
    if len(found) > longest:
        raise RejectedPayloadError(path, f"At most {longest} characters are expected here.")
    if _UNWRITABLE.search(found):
        raise RejectedPayloadError(path, "Control characters and halves of characters are not expected here.")
    return found


def _tag(push_data: Mapping[str, Any]) -> str:
    tag = _text(push_data, "push_data.tag", longest=1_000)
    if not tag:
        return ""
    try:
        is_tag = ImageReference.parse(f"name:{tag}").tag == tag
    except InvalidReferenceError:
        is_tag = False
    if not is_tag:
        raise RejectedPayloadError("push_data.tag", "This is not the name of a tag.")
    return tag


def _repository(section: Mapping[str, Any]) -> RepositoryName:
    """Return the repository: `repo_name`, which lacks the namespace for official images; else namespace and name."""
    full = _text(section, "repository.repo_name", longest=1_000)
    name = _text(section, "repository.name", longest=1_000)
    namespace = _text(section, "repository.namespace", longest=1_000)
    written = full or (f"{namespace}/{name}" if namespace else name)
    if not written:
        raise RejectedPayloadError("repository.repo_name", "The repository's name is missing.")
    try:
        return RepositoryName.parse(written)
    except InvalidReferenceError:
        raise RejectedPayloadError("repository.repo_name", "This is not the name of a repository.") from None


def _pushed_at(value: object) -> datetime:
    """Return a Unix time: whole seconds today, a float in old payloads, text in none recorded but as good."""
    path = "push_data.pushed_at"
    if value is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        raise RejectedPayloadError(path, "A Unix time is expected here.")
    try:
        seconds = float(value)
        moment = datetime.fromtimestamp(seconds, UTC) if math.isfinite(seconds) else None
    except (ValueError, OverflowError, OSError):
        moment = None
    if moment is None or not _EARLIEST <= moment < _LATEST:
        raise RejectedPayloadError(path, "A Unix time in seconds, after 2013, is expected here.")
    return moment
