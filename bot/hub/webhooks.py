"""The webhooks of a repository: where Docker Hub tells of pushes.

Docker Hub calls them pipelines. They are not in its API's documentation; the shapes are those that several clients
agree on. The path under the namespace, which the page on organization tokens implies, comes first; where it is not
known, the old one is asked, which takes no organization token.

A webhook's address is a secret: whoever has it can tell the bot of pushes that never were.

Source: https://docs.docker.com/docker-hub/repos/manage/webhooks/ for what they are and who may manage them;
https://docs.docker.com/enterprise/security/access-tokens/ for the scopes; the rest observed in other clients.
"""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, SecretStr

from bot.errors import HubError, NoCredentialError
from bot.hub.api import Api, Call
from bot.hub.auth import Operation
from bot.hub.decoding import HubModel, OptionalText, OptionalTime, decode, decode_many, read_text
from bot.hub.paging import Listing, list_pages
from bot.hub.protocol import path_of
from bot.hub.repositories import repository_path
from bot.images import RepositoryName

LONGEST_URL = 255
"""Docker Hub takes no longer address. Source: https://docs.docker.com/docker-hub/repos/manage/webhooks/"""

_PIPELINES = "webhook_pipeline"
_UNKNOWN_PATH = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})

T = TypeVar("T")


def _read_secret(value: Any) -> Any:
    return value if isinstance(value, SecretStr) else read_text(value)


class Hook(HubModel):
    """One address that is called.

    Attributes:
        hook_url: The address; None is unknown.
    """

    hook_url: Annotated[SecretStr | None, BeforeValidator(_read_secret)] = None


class Webhook(HubModel):
    """A webhook, which has a name and calls one address, or several.

    Attributes:
        name: What people call it.
        slug: What Docker Hub calls it; None is unknown.
        hooks: What is called.
        created: When it was made.
    """

    name: str
    slug: OptionalText = None
    hooks: Annotated[tuple[Hook, ...], BeforeValidator(lambda value: decode_many(Hook, value))] = Field(
        default=(), alias="webhooks"
    )
    created: OptionalTime = None

    def calls(self, url: SecretStr) -> bool:
        """Return whether this is the address that is called."""
        return any(hook.hook_url == url for hook in self.hooks)


class Webhooks:
    """The webhooks of repositories."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, name: RepositoryName) -> Listing[Webhook]:
        """Return a repository's webhooks.

        Raises:
            NoCredentialError: Nothing we hold may see them.
            HubError: Docker Hub did not give them.
        """

        def ask(call: Call) -> Listing[Webhook]:
            listing = list_pages(self._api, call, Webhook, key=lambda found: found.slug or found.name)
            # Fetch the first page now, because it is what tells whether the path is known.
            found = list(listing)
            return Listing(
                found,
                total=listing.total,
                shortfall=listing.shortfall,
                has_more=listing.has_more,
                credential=listing.credential,
            )

        resource = f"the webhooks of {name.familiar}"
        return self._on_either_path(name, Call(Operation.MANAGE_WEBHOOKS, name.namespace, resource, ""), ask)

    def create(self, name: RepositoryName, label: str, url: SecretStr) -> Webhook:
        """Make a webhook.

        Args:
            name: The repository.
            label: What to call the webhook; one that there is already is refused.
            url: What to call, at most `LONGEST_URL` characters.

        Raises:
            NoCredentialError: Nothing we hold may make one; nothing was sent.
            InvalidError: Docker Hub does not take these values; `fields` has `name` when there is one of that name.
            HubError: Docker Hub did not make it; or, if it did not answer, perhaps did.
        """
        body = {
            "name": label,
            "expect_final_callback": False,
            "webhooks": [{"name": label, "hook_url": url.get_secret_value()}],
        }
        resource = f"a new webhook of {name.familiar}"
        call = Call(Operation.MANAGE_WEBHOOKS, name.namespace, resource, "", method="POST", body=body)
        reply = self._on_either_path(name, call, self._api.send)
        made = decode(Webhook, reply.answer.data)
        return made or Webhook(name=label)  # It is made, whatever the answer looks like.

    def _on_either_path(self, name: RepositoryName, call: Call, ask: Callable[[Call], T]) -> T:
        """Ask on the new path; where that is not known, nothing has happened, and the old one is asked."""
        try:
            return ask(replace(call, path=repository_path(name, _PIPELINES)))
        except HubError as error:
            if error.status not in _UNKNOWN_PATH:
                raise
            legacy = path_of("v2", "repositories", name.namespace.lower(), name.name.lower(), _PIPELINES)
            try:
                return ask(replace(call, operation=Operation.MANAGE_WEBHOOKS_LEGACY, path=f"{legacy}/"))
            except NoCredentialError:
                raise error from None
