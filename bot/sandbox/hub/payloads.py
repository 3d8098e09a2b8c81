"""What Docker Hub's push webhooks say, in every shape that was recorded since 2014. Pure.

No shape has a digest, an event name, an id or a signature.

Source: https://docs.docker.com/docker-hub/repos/manage/webhooks/ and payloads that others published: the documents of
2014, the samples of Jenkins' receiver (2015), of rabbithook-builder (2016), the newest real one (2022), kargo's struct
with the media type, and the hardened images' `dhi_metadata`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote, urlencode

from bot.sandbox.hub.state import Image, Repository, digest_of

PayloadShape = Literal["2022", "2016", "2015", "2014", "documented", "hardened"]
BodyForm = Literal["json", "form", "bare_form"]

OFFICIAL = "library"
FORM = "application/x-www-form-urlencoded"
_HOOK_ID_LENGTH = 33
# Of the first webhooks: one for each push of several platforms has the list, the earlier ones null.
_LISTS_LAST: frozenset[PayloadShape] = frozenset({"2015"})
_WITHOUT_TAG: frozenset[PayloadShape] = frozenset({"2015", "2014"})

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PushFacts:
    """What a webhook tells of.

    Attributes:
        media_type: Of what this piece of the push is.
        images: What the tag points at, one per platform.
        before: What it pointed at before; empty when that is nothing.
        is_last: Whether it is the push's last webhook.
    """

    repository: Repository
    tag: str
    pushed_at: datetime
    pusher: str
    media_type: str
    images: Sequence[Image]
    before: Sequence[Image] = ()
    is_last: bool = True


def push_payload(shape: PayloadShape, facts: PushFacts) -> Json:
    """Write a webhook's payload.

    The shapes are named by the year of their record; `documented` is today's documentation, without ids of images and
    media type, and `hardened` is a mirrored Docker Hardened Image's.
    """
    payload: Json = {
        "callback_url": _callback_url(facts),
        "push_data": _push_data(shape, facts),
        "repository": _repository(shape, facts.repository),
    }
    if shape == "hardened":
        del payload["callback_url"]
        payload["dhi_metadata"] = _hardened(facts)
    return payload


def encoded(payload: Mapping[str, Any], form: BodyForm) -> tuple[bytes, str]:
    """Return a payload as it travels, and its content type; which one Docker Hub sends is not documented."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    match form:
        case "json":
            return text.encode(), "application/json"
        case "form":
            return urlencode({"payload": text}).encode(), FORM
        case "bare_form":
            return quote(text, safe="").encode(), FORM


def _push_data(shape: PayloadShape, facts: PushFacts) -> Json:
    ids = [(image.digest or "").removeprefix("sha256:") for image in facts.images]
    seconds = int(facts.pushed_at.timestamp())
    data: Json = {"pushed_at": float(seconds) if shape == "2014" else seconds, "pusher": facts.pusher}
    if shape not in _WITHOUT_TAG:
        data["tag"] = facts.tag
    if shape == "2014":
        data["images"] = ids
    elif shape in _LISTS_LAST:
        data["images"] = ids if facts.is_last else None
    elif shape in {"2016", "2022"}:
        data["images"] = []
    if shape in {"2022", "hardened"}:
        data["media_type"] = facts.media_type
    return data


def _repository(shape: PayloadShape, repository: Repository) -> Json:
    is_official = repository.namespace == OFFICIAL
    created_at = int(repository.registered_at.timestamp())
    told: Json = {
        "comment_count": 0,
        "date_created": created_at,
        "description": repository.description or "",
        "full_description": repository.full_description,
        "is_official": is_official,
        "is_private": repository.is_private,
        "is_trusted": False,
        "name": repository.name,
        "namespace": repository.namespace,
        "owner": repository.namespace,
        "repo_name": repository.name if is_official else repository.path,
        "repo_url": _repository_url(shape, repository),
        "star_count": repository.star_count,
        "status": "Active",
    }
    if shape == "2014":  # An automated build.
        automated = {"is_trusted": True, "dockerfile": "FROM scratch\n"}
        told |= {**automated, "comment_count": "0", "date_created": float(created_at)}
    return told


def _repository_url(shape: PayloadShape, repository: Repository) -> str:
    if shape in {"2014", "2015"}:
        return f"https://registry.hub.docker.com/{_old_path(repository)}/"
    official = f"https://hub.docker.com/_/{repository.name}"
    return official if repository.namespace == OFFICIAL else f"https://hub.docker.com/r/{repository.path}"


def _old_path(repository: Repository) -> str:
    return f"_/{repository.name}" if repository.namespace == OFFICIAL else f"u/{repository.path}"


def _callback_url(facts: PushFacts) -> str:
    """Return the address of a protocol that is no longer supported; nobody should call it."""
    hook = digest_of(f"hook {facts.repository.path}:{facts.tag} {facts.pushed_at}")[-_HOOK_ID_LENGTH:]
    place = f"_/{facts.repository.name}" if facts.repository.namespace == OFFICIAL else facts.repository.path
    return f"https://registry.hub.docker.com/u/{place}/hook/{hook}/"


def _hardened(facts: PushFacts) -> Json:
    former = {image.platform: image.digest for image in facts.before}
    return {
        image.digest: {
            "schema_version": 1,
            "change_categories": ["vulnerability_fix", "version_upgrade"],
            "previous_version": {"tag": facts.tag, "digest": former.get(image.platform)},
            "changes": {
                "vulnerabilities_fixed": [
                    {
                        "cve_id": "CVE-2026-0001",
                        "severity": "HIGH",
                        "package": "openssl",
                        "fixed_in_version": "3.0.16",
                    }
                ],
                "packages_updated": [
                    {"name": "openssl", "type": "deb", "old_version": "3.0.15", "new_version": "3.0.16"}
                ],
                "packages_added": [],
                "packages_removed": [],
                "environment_variables_changed": [],
                "labels_changed": [],
                "configuration_changed": [],
            },
        }
        for image in facts.images
        if image.digest
    }
