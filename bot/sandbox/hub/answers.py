"""How Docker Hub writes a repository, a tag, an account and a search result as JSON.

Field names and order follow recorded answers; where the official OpenAPI document differs, `Unknowns` has a switch.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.sandbox.hub.access import Permission, permission
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.state import IMAGE_CONFIG_TYPE, Account, Image, Repository, Tag, digest_of

# "Active" means pulled or pushed within the last month. Source: docs.docker.com, Docker Hub API, read tag.
ACTIVE_PERIOD = timedelta(days=30)
ATTESTATION_SIZE_BYTES = 8_192
OTHER_STATUS_WORD = "archived"

Precision = Literal["micro", "nano"]


def repository_entry(call: Call, repository: Repository) -> dict[str, Any]:
    """Write a repository as lists have it. Source: docs.docker.com, schema `repository_list_entry`."""
    return {
        "name": repository.name,
        "namespace": repository.namespace,
        "repository_type": repository.repository_type,
        "status": 1,
        "status_description": "active",
        "description": repository.description,
        "is_private": repository.is_private,
        "star_count": repository.star_count,
        "pull_count": repository.pull_count,
        "last_updated": _last_updated(call, repository),
        "last_modified": time_text(call, repository.modified_at),
        "date_registered": time_text(call, repository.registered_at),
        "affiliation": _affiliation(call, repository),
        "media_types": _media_types(call, repository),
        "content_types": _content_types(call, repository),
        "categories": [{"name": name, "slug": slug} for name, slug in repository.categories],
        "storage_size": repository.storage_bytes,
    }


def repository_info(call: Call, repository: Repository) -> dict[str, Any]:
    """Write a single repository. Source: docs.docker.com, schema `repository_info`."""
    allowed = permission(call.state, call.caller, repository)
    return {
        "user": repository.namespace,
        **repository_entry(call, repository),
        # Text in the schema of the single repository, though null in that of lists.
        "description": repository.description or "",
        # Capitalised here, lower case in lists. Source: the official examples.
        "status_description": "Active",
        "is_automated": False,
        "collaborator_count": 0,
        "hub_user": repository.namespace,
        "has_starred": False,
        "full_description": repository.full_description,
        "permissions": {
            "read": allowed >= Permission.READ,
            "write": allowed >= Permission.WRITE,
            "admin": allowed >= Permission.ADMIN,
        },
        "immutable_tags_settings": {
            "enabled": bool(repository.immutable_rules),
            "rules": list(repository.immutable_rules),
        },
        "storage_size": repository.storage_bytes or None,
        "source": None,
    }


def tag_entry(call: Call, repository: Repository, tag: Tag) -> dict[str, Any]:
    """Write a tag, the same in lists and alone. Source: a page recorded on 2026-01-01."""
    pushed_at = time_text(call, tag.pushed_at)
    entry = {
        "creator": call.state.account_number(tag.pusher),
        "id": tag.id,
        "images": _tag_images(call, tag),
        "last_updated": pushed_at,
        "last_updater": call.state.account_number(tag.pusher),
        "last_updater_username": tag.pusher,
        "name": tag.name,
        "repository": repository.id,
        "full_size": _full_size(tag.images),
        "v2": True if call.unknowns.tag_v2 == "boolean" else "true",
        call.unknowns.tag_status_key: _status(call, tag.pulled_at, tag.pushed_at),
        "tag_last_pulled": time_text(call, tag.pulled_at, "nano"),
        "tag_last_pushed": pushed_at,
        "media_type": tag.media_type,
        "content_type": tag.content_type,
        "digest": tag.digest if call.unknowns.tag_digest == "present" else None,
    }
    if call.unknowns.tag_digest == "absent":
        del entry["digest"]
    return entry


def search_result(call: Call, repository: Repository) -> dict[str, Any]:
    """Write a repository as the v2 search finds it: an official image without its namespace. Observed 2026-10-01."""
    is_official = repository.namespace == "library"
    return {
        "repo_name": repository.name if is_official else repository.path,
        "short_description": repository.description or "",
        "star_count": repository.star_count,
        "pull_count": repository.pull_count,
        "repo_owner": repository.namespace if call.unknowns.search_owner == "namespace" else "",
        "is_automated": False,
        "is_official": is_official,
    }


def account_profile(call: Call, account: Account) -> dict[str, Any]:
    """Write the public profile of a user or organization. Source: docs.docker.com, schema `user`."""
    return {
        "id": account.uuid,
        "username": account.name,
        "full_name": account.full_name,
        "location": account.location,
        "company": account.company,
        "profile_url": "",
        "date_joined": time_text(call, account.joined_at),
        "gravatar_url": "",
        "gravatar_email": "",
        "type": "Org" if account.is_organization else "User",
    }


def organization_profile(call: Call, account: Account) -> dict[str, Any]:
    """Write an organization as `/v2/orgs/` has it: the profile with `orgname` in place of `username`. Inferred."""
    profile = account_profile(call, account)
    return {"orgname": profile.pop("username"), **profile}


def time_text(call: Call, moment: datetime | None, precision: Precision = "micro") -> str | None:
    """Write a time, UTC with a `Z`: six fraction digits, nine for pulls and images, or as the switch says."""
    if moment is None:
        return None
    text = moment.isoformat(timespec="microseconds")
    if call.unknowns.time_digits == "none":
        return f"{text[:19]}Z"
    if precision == "nano" or call.unknowns.time_digits == "nine":
        # Python's times end at microseconds; the last three digits are made up, the same for the same moment.
        return f"{text[:26]}{moment.microsecond * 7 % 1000:03d}Z"
    return f"{text[:26]}Z"


def _last_updated(call: Call, repository: Repository) -> str | None:
    pushed_at = repository.shown_pushed_at(call.now)
    if pushed_at is None and call.unknowns.never_pushed == "registered":
        return time_text(call, repository.registered_at)
    return time_text(call, pushed_at)


def _affiliation(call: Call, repository: Repository) -> str:
    account = call.state.accounts.get(repository.namespace)
    if call.caller.name == repository.namespace:
        return "owner"
    return account.members.get(call.caller.name, "") if account else ""


def _media_types(call: Call, repository: Repository) -> list[str]:
    tags = repository.shown_tags(call.now)
    return sorted({tag.media_type for tag in tags.values()} | {IMAGE_CONFIG_TYPE}) if tags else []


def _content_types(call: Call, repository: Repository) -> list[str]:
    return sorted({tag.content_type for tag in repository.shown_tags(call.now).values()})


def _tag_images(call: Call, tag: Tag) -> object:
    images = [_image_entry(call, image) for image in tag.images]
    if call.unknowns.attestations == "listed":
        images += [_attestation_entry(call, image) for image in tag.images]
    shapes = {"array": images, "object": images[0] if images else None, "null": None, "empty": []}
    return shapes[call.unknowns.tag_images]


def _image_entry(call: Call, image: Image) -> dict[str, Any]:
    return {
        "architecture": image.architecture,
        "features": "",
        "variant": image.variant,
        "digest": image.digest,
        "os": image.os,
        "os_features": "",
        "os_version": image.os_version,
        "size": image.size_bytes,
        "status": _status(call, image.pulled_at, image.pushed_at),
        "last_pulled": time_text(call, image.pulled_at, "nano"),
        "last_pushed": time_text(call, image.pushed_at, "nano"),
    }


def _attestation_entry(call: Call, image: Image) -> dict[str, Any]:
    # In the registry's index these stand beside the images they speak of. Source: moby/buildkit, attestation storage.
    attestation = Image(
        "unknown",
        "unknown",
        digest=digest_of(f"attestation of {image.digest}"),
        size_bytes=ATTESTATION_SIZE_BYTES,
        pushed_at=image.pushed_at,
    )
    return _image_entry(call, attestation)


def _full_size(images: Sequence[Image]) -> int | None:
    # Not the sum over the platforms: in recorded answers it is the amd64 image's size, or the only one's.
    preferred = [image for image in images if image.architecture == "amd64"] or list(images)
    return preferred[0].size_bytes if preferred else None


def _status(call: Call, pulled_at: datetime | None, pushed_at: datetime | None) -> str:
    last_used_at = max((moment for moment in (pulled_at, pushed_at) if moment), default=None)
    if last_used_at is not None and call.now - last_used_at <= ACTIVE_PERIOD:
        return "active"
    return "inactive" if call.unknowns.status_words == "documented" else OTHER_STATUS_WORD
