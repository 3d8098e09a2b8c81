"""How Docker Hub comes to tell us of pushes: the address of our webhook, who is to set it, and setting it.

The address is a secret. Only admins see it, in an answer for them alone, once for each repository.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import Connection, select

from bot.errors import AccessDeniedError, HubError, InvalidError, UserError
from bot.governance.roles import Role
from bot.hub.client import HubClient
from bot.hub.webhooks import LONGEST_URL
from bot.images import RepositoryName
from bot.pushes.intake import Source
from bot.pushes.patterns import Pattern
from bot.store.base import Store
from bot.store.rows import insert_if_new
from bot.store.tables import events, told

logger = logging.getLogger(__name__)

WEBHOOK_NAME = "hub-bot"
WEBHOOK: Source = "webhook"
EVERY_HOUR, EVERY_TEN_MINUTES = "every hour", "about every 10 minutes"
"""How often `bot.pushes.lookout` looks: the first for our own repositories when webhooks can come, else the second."""
_PATH = "/webhooks/dockerhub/"


@dataclass(frozen=True)
class Receiver:
    """Where Docker Hub reaches us.

    Attributes:
        public_url: How the outside does; None: nobody said.
        secret: What lets a webhook in, the newest one; None: nothing does.
    """

    public_url: str | None = None
    secret: SecretStr | None = None

    @property
    def url(self) -> SecretStr | None:
        """The address to call, secret as a whole; None when there is none that could be used."""
        return None if self.problem else self._address()

    @property
    def polled(self) -> str:
        """How often our own repositories are looked at."""
        return EVERY_HOUR if self.secret else EVERY_TEN_MINUTES

    @property
    def problem(self) -> str:
        """Why there is no address, as a sentence that names the setting; empty when there is one."""
        if self.secret is None:
            return "Docker Hub cannot tell me of pushes: `HUB_BOT_WEBHOOK_SECRET` is not set."
        if self.public_url is None:
            return "I do not know how Docker Hub reaches me: `HUB_BOT_PUBLIC_URL` is not set."
        if len(self._address().get_secret_value()) > LONGEST_URL:
            return (
                f"The address of my webhook is longer than the {LONGEST_URL} characters that Docker Hub takes: shorten "
                "`HUB_BOT_WEBHOOK_SECRET`."
            )
        return ""

    def _address(self) -> SecretStr:
        secret = self.secret.get_secret_value() if self.secret else ""
        return SecretStr(f"{(self.public_url or '').rstrip('/')}{_PATH}{secret}")


@dataclass(frozen=True)
class Advice:
    """What to tell the person alone.

    Attributes:
        notes: Sentences with code in backticks.
        url: The address to be set by hand; None when there is nothing to be done.
    """

    notes: tuple[str, ...] = ()
    url: SecretStr | None = None


class WebhookSetup:
    """Tells how a repository's webhook is set, or sets it. Safe to use from several threads.

    Args:
        store: Where it is noted what was told.
        workspace: Whose.
        namespaces: Our own, lower case.
        receiver: Where Docker Hub reaches us.
    """

    def __init__(self, store: Store, workspace: str, *, namespaces: Collection[str], receiver: Receiver) -> None:
        self._store = store
        self._workspace = workspace
        self._namespaces = frozenset(namespaces)
        self._receiver = receiver

    def check(self, pattern: Pattern, role: Role) -> None:
        """Return if somebody may have the webhook created.

        Raises:
            UserError: They may not, or it makes no sense.
        """
        if role < Role.ADMIN:
            raise AccessDeniedError("`--create-webhook` is for admins. Nothing was done.")
        if not pattern.is_exact:
            raise UserError("`--create-webhook` takes one repository, not a pattern. Nothing was done.")
        if not self._is_ours(pattern):
            raise UserError(
                f"`{pattern.namespace}` is not among our namespaces (`DOCKERHUB_NAMESPACES`), so I do not set up a "
                "webhook there. Nothing was done."
            )

    def advise(self, pattern: Pattern, role: Role, *, same: str, is_new: bool) -> Advice:
        """Say how pushes become known; to an admin, how they become known at once.

        Args:
            pattern: What is subscribed to.
            role: Of who asks.
            same: What to type after `subscribe` for the same; without its filters it would lose them.
            is_new: Whether it was not so before; what is old is told to an admin only, and only what operators were
                sent to them for.

        Raises:
            StoreUnavailableError: Nobody knows what was told before.
        """
        is_sent_to = role >= Role.ADMIN and not pattern.is_exact and self._is_ours(pattern)
        if not (is_new or is_sent_to) or self._is_set(pattern):
            return Advice()
        if not self._is_ours(pattern):
            return Advice((f"Docker Hub sends me no webhook for `{pattern}`: I look for pushes {EVERY_TEN_MINUTES}.",))
        topic = _topic(pattern)
        if role < Role.ADMIN:
            ask = f"To have pushes told at once, an admin sets a webhook: {_asking_an_admin(pattern, same)}"
            return Advice() if self._was_told(topic) else Advice((ask,))
        if self._receiver.url is None:
            return Advice((f"{self._receiver.problem} Meanwhile I look for pushes {self._receiver.polled}.",))
        how_to = self._how_to(pattern, creating=f" Or let me set it: {_creating(same)}." if pattern.is_exact else "")
        return Advice((how_to,), self._receiver.url) if self._tell_once(topic) else Advice()

    def create(self, pattern: Pattern, hub: HubClient) -> Advice:
        """Create the webhook; where that cannot be, say why, and how it is done by hand.

        Raises:
            StoreUnavailableError: It is created, and that could not be noted.
        """
        url = self._receiver.url
        if url is None:
            return Advice((f"The webhook was not created. {self._receiver.problem}",))
        name = RepositoryName(pattern.namespace, pattern.name)
        try:
            is_there = any(webhook.calls(url) for webhook in hub.webhooks.list(name))
            if not is_there:
                hub.webhooks.create(name, WEBHOOK_NAME, url)
        except HubError as error:
            return Advice((_why_not(name, error), self._how_to(pattern)), url)
        self._tell_once(_topic(pattern))
        if is_there:
            return Advice((f"`{name}` has the webhook already.",))
        logger.info("webhook_created", extra={"repository": str(name)})
        return Advice((f"The webhook `{WEBHOOK_NAME}` of `{name}` is created.",))

    def _is_ours(self, pattern: Pattern) -> bool:
        return pattern.namespace in self._namespaces

    def _is_set(self, pattern: Pattern) -> bool:
        """Return whether a webhook of the repository has come; that of one says nothing of the others of a pattern."""
        if not pattern.is_exact:
            return False
        came = (
            select(events.c.id)
            .where(
                events.c.workspace == self._workspace,
                events.c.repository == str(pattern),
                events.c.source == WEBHOOK,
            )
            .limit(1)
        )
        with self._store.read() as connection:
            return connection.execute(came).first() is not None

    def _how_to(self, pattern: Pattern, *, creating: str = "") -> str:
        where = (
            f"`{pattern}` needs a webhook" if pattern.is_exact else f"each repository of `{pattern}` needs a webhook"
        )
        return (
            f"To have pushes told at once, {where}: on its Webhooks page at Docker Hub, set the name `{WEBHOOK_NAME}` "
            f"and the address below. It is a secret, and shown this once.{creating} Until then I look for pushes "
            f"{self._receiver.polled}."
        )

    def _was_told(self, topic: str) -> bool:
        with self._store.read() as connection:
            is_it = (told.c.workspace == self._workspace) & (told.c.topic == topic)
            return connection.execute(select(told.c.topic).where(is_it)).first() is not None

    def _tell_once(self, topic: str) -> bool:
        """Note that something is being told; return whether it never was before."""

        def work(connection: Connection) -> bool:
            row = {"workspace": self._workspace, "topic": topic, "told_at": self._store.now(connection)}
            return insert_if_new(connection, told, row, unique=[told.c.workspace, told.c.topic])

        return self._store.write(work)


def _topic(pattern: Pattern) -> str:
    return f"webhook:{pattern}"


def _why_not(name: RepositoryName, error: HubError) -> str:
    if isinstance(error, InvalidError) and "name" in error.fields:
        return f"The webhook was not created: `{name}` has one called `{WEBHOOK_NAME}` that calls another address."
    return f"I could not create the webhook. {error}"


def _asking_an_admin(pattern: Pattern, same: str) -> str:
    return f"{_creating(same)}." if pattern.is_exact else f"`/hub subscribe {same}` tells them how."


def _creating(same: str) -> str:
    return f"`/hub subscribe {same} --create-webhook`"
