"""A session of the PyPI client `dockerhub-api` with a Docker Hub, told as one JSON object on standard output.

Runs in the client's own virtual environment, which has nothing of this project: see `install_dockerhub_api.sh`.

Usage: python dockerhub_api_session.py ORIGIN USERNAME PAT ORGANIZATION OAT
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from dockerhub_api import dockerhub_response_models as models  # type: ignore[import-not-found]
from dockerhub_api.api_client import Api, RegistryApi  # type: ignore[import-not-found]
from dockerhub_api.auth import RegistryTokenManager  # type: ignore[import-not-found]


def main(origin: str, username: str, pat: str, organization: str, oat: str) -> None:
    """Look around, change a little, run into every refusal, and print what the client made of it."""
    hub = Api(url=origin, username=username, password=pat)
    organization_hub = Api(url=origin, username=organization, password=oat)
    stranger = Api(url=origin)
    page = hub.get_repositories("acme", ordering="name", page_size=100)
    tags = hub.get_repository_tags("acme", "api", page=2, page_size=100)
    new = {"namespace": "acme", "name": "from-witness", "description": "Made by a witness", "is_private": True}
    story = {
        "whoami": hub.whoami()["data"]["identity"],
        "claims": sorted(hub.whoami()["data"]["claims"]),
        "repositories": [one["name"] for one in strictly(models.RepositoryPage, page)["results"]],
        "rate_limit": sorted(page["rate_limit"]),
        "repository": strictly(models.Repository, hub.get_repository("acme", "api")),
        "tags": len(strictly(models.TagPage, tags)["results"]),
        "tag": strictly(models.Tag, hub.get_repository_tag("acme", "api", "latest")),
        "oat_repositories": organization_hub.get_repositories("acme", page_size=100)["data"]["count"],
        "public_repositories": stranger.get_repositories("acme", page_size=100)["data"]["count"],
        "exists": [
            hub.check_repository("acme", "api")["exists"],
            hub.check_repository_tags("acme", "empty")["exists"],
            hub.check_repository_tag("acme", "api", "latest")["exists"],
            hub.check_repository_tag("acme", "api", "none")["exists"],
        ],
        "created": hub.create_repository(**new)["status_code"],
        "manifest": registry(origin, username, pat).check_manifest("acme/api", "latest")["headers"],
        "refusals": {
            "missing repository": refusal(lambda: hub.get_repository("acme", "none")),
            "private to strangers": refusal(lambda: stranger.get_repository("acme", "api")),
            "page past the end": refusal(lambda: hub.get_repositories("acme", page=99)),
            "exists already": refusal(lambda: hub.create_repository(**new)),
            "nothing may be created": refusal(lambda: stranger.create_repository(**new)),
            "bad bearer": refusal(lambda: Api(url=origin, token="expired").get_repository("library", "nginx")),
            "bad password": refusal(lambda: Api(url=origin, username=username, password="wrong").whoami()),
            "rate limit": refusal(lambda: Api(url=origin, max_retries=0).get_repository("library", "redis")),
            "unavailable": refusal(lambda: hub.get_repository("library", "alpine")),
        },
    }
    json.dump(story, sys.stdout)


def strictly(model: Any, envelope: dict[str, Any]) -> dict[str, Any]:
    """Return the data, after the client's own model took it; the client itself would hide a misfit."""
    model.model_validate(envelope["data"])
    data: dict[str, Any] = envelope["data"]
    return data


def registry(origin: str, username: str, secret: str) -> Any:
    """Return the client's registry side, with the token service of the same origin."""
    manager = RegistryTokenManager(username=username, secret=secret, realm=f"{origin}/token")
    return RegistryApi(url=origin, registry_token_manager=manager)


def refusal(call: Callable[[], object]) -> str:
    """Return the kind and words of the error that a call ends in."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - which error it is, is the finding.
        return f"{type(error).__name__}: {error}"
    return "no error"


if __name__ == "__main__":
    main(*sys.argv[1:])
