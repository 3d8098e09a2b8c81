"""What the simulated Docker Hub knows: accounts, organizations, tokens, repositories, tags and images.

Plain mutable data with verbs for what people do to it. A test changes it by these verbs from any thread; a request
is answered while holding `HubState.lock`, so that it sees no half-made change. All times are aware and UTC.
"""

import hashlib
import re
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import NAMESPACE_DNS, uuid5

from bot.sandbox.hub.builds import LATEST, Automation, BuildRule
from bot.sandbox.hub.organizations import Organization, Role, Team
from bot.sandbox.hub.pipelines import Hook, NameTakenError, Pipeline, slug_of

PatScope = Literal["repo:public_read", "repo:read", "repo:write", "repo:admin"]

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
IMAGE_CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
DEFAULT_SIZE_BYTES = 30_000_000
# What a tag pointed at before: enough to roll back to, and to show while the API lags behind a burst of pushes.
FORMER_KEPT = 200


class ImmutableTagError(Exception):
    """A tag that the repository's rules protect was to be overwritten or deleted."""


@dataclass(slots=True)
class Image:
    """The image of one platform. Tags that point at the same build share it, as they share its manifest.

    Attributes:
        digest: Of the platform's manifest; None occurs in recorded data.
        size_bytes: Compressed; None occurs in recorded data.
        pushed_at: None when unknown.
        pulled_at: None when never pulled.
    """

    os: str | None
    architecture: str
    variant: str | None = None
    os_version: str | None = None
    digest: str | None = None
    size_bytes: int | None = DEFAULT_SIZE_BYTES
    pushed_at: datetime | None = None
    pulled_at: datetime | None = None

    @property
    def platform(self) -> str:
        """The platform as Docker's tools write it, with the system's version where it has one."""
        name = "/".join(filter(None, (self.os, self.architecture, self.variant)))
        return f"{name}@{self.os_version}" if self.os_version else name


class Span(NamedTuple):
    """A stretch of time, its end left out."""

    since: datetime
    until: datetime


@dataclass(slots=True)
class Tag:
    """A name in a repository, and what it points at now.

    Attributes:
        id: Docker Hub's number for the tag.
        images: One per platform, in the order of the index.
        digest: Of the index, or of the only image's manifest.
        pushed_at: Of the last push to this name.
        pulled_at: None when never pulled by this name.
        content_type: `image`, `helm`, and others that Docker Hub knows.
        hidden: While the API still shows what was there before, as its data is cached; None: at no time.
    """

    name: str
    id: int
    images: list[Image]
    digest: str | None
    pushed_at: datetime
    pusher: str
    pulled_at: datetime | None = None
    media_type: str = INDEX_TYPE
    content_type: str = "image"
    hidden: Span | None = None

    def is_shown(self, now: datetime) -> bool:
        """Tell whether the API shows it; also when the clock was moved back from its push."""
        return self.hidden is None or not self.hidden.since <= now < self.hidden.until


@dataclass(slots=True)
class Repository:
    """A repository with its tags by name.

    Attributes:
        id: Docker Hub's number for the repository.
        description: The short one; None occurs in lists.
        modified_at: Of the last change to the metadata, apart from pushes.
        repository_type: `image`, `plugin`, or None for old ones.
        immutable_rules: Patterns (RE2) of the tags that may never change; empty switches the protection off.
        tags: As they are. What the API shows of them is `shown_tags`.
        former: What each of the tags pointed at before, oldest first.
        lags_until: When the API will show everything; None: it always did.
        pipelines: The webhooks, by slug.
        automation: How it is built by Docker Hub; None: it is not.
    """

    namespace: str
    name: str
    id: int
    registered_at: datetime
    modified_at: datetime
    is_private: bool = False
    description: str | None = ""
    full_description: str | None = None
    repository_type: str | None = "image"
    star_count: int = 0
    pull_count: int = 0
    storage_bytes: int = 0
    pushed_at: datetime | None = None
    categories: Sequence[tuple[str, str]] = ()
    immutable_rules: Sequence[str] = ()
    tags: dict[str, Tag] = field(default_factory=dict)
    former: dict[str, deque[Tag]] = field(default_factory=dict, repr=False)
    lags_until: datetime | None = None
    pipelines: dict[str, Pipeline] = field(default_factory=dict)
    automation: Automation | None = None

    @property
    def path(self) -> str:
        """Namespace and name, as in `acme/api`."""
        return f"{self.namespace}/{self.name}"

    def shown_tags(self, now: datetime) -> Mapping[str, Tag]:
        """Return the tags as the API shows them."""
        if self.lags_until is None or now >= self.lags_until:
            return self.tags
        shown = {name: self._shown(tag, now) for name, tag in self.tags.items()}
        return {name: tag for name, tag in shown.items() if tag is not None}

    def shown_pushed_at(self, now: datetime) -> datetime | None:
        """Return the time of the last push as the API shows it; None when never pushed."""
        shown = self.shown_tags(now)
        if shown is self.tags:
            return self.pushed_at
        return max((tag.pushed_at for tag in shown.values()), default=None)

    def tag_before(self, name: str) -> Tag | None:
        """Return what a tag pointed at before, neither its image of now nor a part of that; None: nothing, or no tag.

        The first manifest of a push that was assembled piece by piece is a part of its index.
        """
        tag = self.tags.get(name)
        if tag is None:
            return None
        now = {tag.digest, *(image.digest for image in tag.images)}
        return next((each for each in reversed(self.former.get(name, ())) if each.digest not in now), None)

    def known_images(self, digest: str) -> Sequence[Image] | None:
        """Return what a digest stands for: the images of any tag that points or pointed at it; None when unknown."""
        known = [*self.tags.values(), *(each for former in self.former.values() for each in former)]
        return next((tag.images for tag in known if tag.digest == digest), None)

    def _shown(self, tag: Tag, now: datetime) -> Tag | None:
        past = (tag, *reversed(self.former.get(tag.name, ())))
        return next((each for each in past if each.is_shown(now)), None)

    def is_immutable(self, tag: str) -> bool:
        """Tell whether the rules protect this name; a rule must match all of it."""
        return any(re.fullmatch(rule, tag) for rule in self.immutable_rules)


@dataclass(slots=True)
class Account:
    """A user or an organization; both are namespaces.

    Attributes:
        number: The old integer id, which tags carry as their creator.
        uuid: The newer id, hexadecimal without dashes.
        password: None for organizations, which cannot log in.
        email: A user's address; empty when there is none to know.
        organization: What an organization is beyond an account; None for users.
    """

    name: str
    number: int
    uuid: str
    joined_at: datetime
    full_name: str = ""
    company: str = ""
    location: str = ""
    password: str | None = None
    email: str = ""
    organization: Organization | None = None

    @property
    def is_organization(self) -> bool:
        """Whether it is an organization, not a user."""
        return self.organization is not None

    @property
    def members(self) -> dict[str, Role]:
        """The role of each member by user name; empty for users."""
        return self.organization.members if self.organization else {}


@dataclass(slots=True)
class PersonalToken:
    """A personal access token (PAT): a user's second password, with one scope that implies the lower ones."""

    secret: str
    username: str
    scope: PatScope
    is_active: bool = True


@dataclass(slots=True)
class OrganizationToken:
    """An organization access token (OAT): speaks for the organization, within its scopes."""

    secret: str
    organization: str
    scopes: frozenset[str]
    is_active: bool = True


class HubState:
    """Everything there is; the simulator's database."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.accounts: dict[str, Account] = {}
        self.repositories: dict[str, dict[str, Repository]] = {}
        self.personal_tokens: dict[str, PersonalToken] = {}
        self.organization_tokens: dict[str, OrganizationToken] = {}
        self._last_number = 1_000_000

    def add_user(
        self, name: str, *, password: str, joined_at: datetime, full_name: str = "", email: str = ""
    ) -> Account:
        """Register a user."""
        return self._add_account(
            Account(name, self._next_number(), _uuid(name), joined_at, full_name, password=password, email=email)
        )

    def add_organization(
        self,
        name: str,
        *,
        joined_at: datetime,
        full_name: str = "",
        members: dict[str, Role] | None = None,
        seats: int | None = None,
    ) -> Account:
        """Register an organization with its members' roles and its seats, of which None is no limit."""
        return self._add_account(
            Account(
                name,
                self._next_number(),
                _uuid(name),
                joined_at,
                full_name,
                company=full_name,
                organization=Organization(name, self.lock, dict(members or {}), seats=seats),
            )
        )

    def organization(self, name: str) -> Organization:
        """Return an organization; for tests and seeds, which know that it is there.

        Raises:
            KeyError: It is not.
        """
        found = self.accounts[name].organization
        if found is None:
            raise KeyError(name)
        return found

    def add_team(self, organization: str, name: str, *, description: str = "", members: Iterable[str] = ()) -> Team:
        """Make a team of an organization's members.

        Raises:
            ValueError: There is such a team.
            KeyError: There is no such organization, or one of them is no member of it.
        """
        with self.lock:
            found = self.organization(organization)
            return found.add_team(name, self._next_number(), description=description, members=members)

    def accept_invite(self, organization: str, invitee: str, *, at: datetime) -> Account:
        """Let somebody accept their invite and join; who has no account yet registers first, as the mail asks them to.

        Args:
            organization: Its name.
            invitee: As the inviter wrote it.
            at: When they register, if they do.

        Returns:
            Their account.

        Raises:
            KeyError: There is no such organization or invite.
        """
        with self.lock:
            found = self.organization(organization)
            found.pending(invitee)
            user = self.find_user(invitee) or self._register(invitee, at)
            found.accept(invitee, user=user.name)
            return user

    def _register(self, email: str, at: datetime) -> Account:
        """Register the owner of an address, by a name that is free."""
        name = wanted = re.sub(r"[^a-z0-9]", "", email.partition("@")[0].lower()) or "user"
        number = 1
        while name in self.accounts:
            number += 1
            name = f"{wanted}{number}"
        return self.add_user(name, password=f"password-of-{name}", joined_at=at, email=email)

    def find_user(self, name_or_email: str) -> Account | None:
        """Return the user of a name or an e-mail address, in whatever case; None when there is none."""
        wanted = name_or_email.lower()
        users = (account for account in self.accounts.values() if not account.is_organization)
        return next((user for user in users if wanted in {user.name, user.email.lower()}), None) if wanted else None

    def add_personal_token(self, username: str, secret: str, scope: PatScope = "repo:admin") -> PersonalToken:
        """Give a user a PAT."""
        with self.lock:
            token = self.personal_tokens[secret] = PersonalToken(secret, username, scope)
        return token

    def add_organization_token(self, organization: str, secret: str, scopes: Iterable[str]) -> OrganizationToken:
        """Give an organization an OAT."""
        with self.lock:
            token = OrganizationToken(secret, organization, frozenset(scopes))
            self.organization_tokens[secret] = token
        return token

    def create_repository(
        self,
        namespace: str,
        name: str,
        *,
        at: datetime,
        is_private: bool = False,
        description: str | None = "",
        full_description: str | None = None,
    ) -> Repository:
        """Create an empty repository; the namespace needs no account.

        Raises:
            ValueError: It exists.
        """
        with self.lock:
            siblings = self.repositories.setdefault(namespace, {})
            if name in siblings:
                raise ValueError(f"{namespace}/{name} exists")
            siblings[name] = Repository(
                namespace,
                name,
                self._next_number(),
                registered_at=at,
                modified_at=at,
                is_private=is_private,
                description=description,
                full_description=full_description,
            )
            return siblings[name]

    def find_repository(self, path: str) -> Repository | None:
        """Return the repository `namespace/name`, or None."""
        namespace, _, name = path.partition("/")
        return self.repositories.get(namespace, {}).get(name)

    def repository(self, path: str) -> Repository:
        """Return the repository `namespace/name`; for tests and seeds, which know that it is there.

        Raises:
            KeyError: It is not.
        """
        namespace, _, name = path.partition("/")
        return self.repositories[namespace][name]

    def delete_repository(self, path: str) -> None:
        """Delete a repository with its tags."""
        namespace, _, name = path.partition("/")
        with self.lock:
            del self.repositories[namespace][name]

    def push_tag(
        self,
        path: str,
        tag: str,
        *,
        at: datetime,
        images: Sequence[Image] | None = None,
        pusher: str = "",
        digest: str | None = None,
    ) -> Tag:
        """Push images under a name, new or old, as `docker push` does.

        Args:
            path: The repository, `namespace/name`.
            tag: The name to push to.
            at: Time of the push.
            images: One per platform; None makes one linux/amd64 image of its own.
            pusher: User name; empty takes the namespace.
            digest: Of the index; None takes the single image's, or derives one from the images' digests, so that two
                tags with the same images have the same digest.

        Raises:
            ImmutableTagError: The tag exists and a rule protects it.
        """
        with self.lock:
            repository = self.repository(path)
            if tag in repository.tags and repository.is_immutable(tag):
                raise ImmutableTagError(f"{path}:{tag} is immutable")
            pushed = list(images) if images is not None else [self._single_image(at)]
            return self.point(path, tag, at=at, images=pushed, pusher=pusher, digest=digest)

    def point(
        self,
        path: str,
        tag: str,
        *,
        at: datetime,
        images: Sequence[Image],
        pusher: str = "",
        digest: str | None = None,
        media_type: str | None = None,
        hidden: Span | None = None,
    ) -> Tag:
        """Let a name point at images, whatever rules protect it; a further piece of a push does so.

        Args:
            path: The repository, `namespace/name`.
            tag: The name, new or old.
            at: Time of the push.
            images: One per platform.
            pusher: As for `push_tag`.
            digest: As for `push_tag`.
            media_type: Of what the name points at; None: an index of several images, or the only one's manifest.
            hidden: While the API does not show it.
        """
        with self.lock:
            repository = self.repository(path)
            known = repository.tags.get(tag)
            if known is not None:
                repository.former.setdefault(tag, deque(maxlen=FORMER_KEPT)).append(known)
            repository.tags[tag] = Tag(
                tag,
                known.id if known else self._next_number(),
                list(images),
                digest or index_digest(images),
                at,
                pusher or repository.namespace,
                known.pulled_at if known else None,
                media_type or (INDEX_TYPE if len(images) > 1 else MANIFEST_TYPE),
                "helm" if "helm" in (media_type or "") else "image",
                hidden=hidden,
            )
            repository.pushed_at = max(repository.pushed_at or at, at)
            if hidden is not None:
                repository.lags_until = max(repository.lags_until or hidden.until, hidden.until)
            return repository.tags[tag]

    def pull_tag(self, path: str, tag: str, *, at: datetime) -> None:
        """Pull a tag's first image by name: pull times and the repository's counter move, its push time does not."""
        with self.lock:
            repository = self.repository(path)
            pulled = repository.tags[tag]
            pulled.pulled_at = at
            for image in pulled.images[:1]:
                image.pulled_at = at
            repository.pull_count += 1

    def delete_tag(self, path: str, tag: str) -> None:
        """Delete a name; its images stay, as on Docker Hub.

        Raises:
            ImmutableTagError: A rule protects the tag.
            KeyError: There is no such tag.
        """
        with self.lock:
            repository = self.repository(path)
            if tag in repository.tags and repository.is_immutable(tag):
                raise ImmutableTagError(f"{path}:{tag} is immutable")
            del repository.tags[tag]
            repository.former.pop(tag, None)

    def build_image(self, platform: str, *, at: datetime, size_bytes: int | None = DEFAULT_SIZE_BYTES) -> Image:
        """Return an image that was just built, of a digest that there never was.

        Args:
            platform: As Docker's tools write it: `linux/arm64/v8`, `windows/amd64@10.0.17763.6532`.
            at: Time of its push.
            size_bytes: Compressed.

        Raises:
            ValueError: That is no platform.
        """
        name, _, os_version = platform.partition("@")
        os, _, architecture = name.partition("/")
        architecture, _, variant = architecture.partition("/")
        if not os or not architecture or "/" in variant:
            raise ValueError(f"{platform!r} is not a platform")
        digest = digest_of(f"image {self._next_number()}")
        return Image(os, architecture, variant or None, os_version or None, digest, size_bytes, at)

    def add_pipeline(
        self, path: str, name: str, hooks: Iterable[Hook], *, at: datetime, expects_final_callback: bool = False
    ) -> Pipeline:
        """Register webhooks of a repository under a name.

        Raises:
            NameTakenError: The repository has such a pipeline.
        """
        with self.lock:
            pipelines = self.repository(path).pipelines
            slug = slug_of(name)
            if slug in pipelines:
                raise NameTakenError(f"{path} has a webhook {name}")
            pipelines[slug] = Pipeline(name, slug, tuple(hooks), at, expects_final_callback)
            return pipelines[slug]

    def delete_pipeline(self, path: str, slug: str) -> None:
        """Delete webhooks.

        Raises:
            KeyError: There are none of that slug.
        """
        with self.lock:
            del self.repository(path).pipelines[slug]

    def automate(self, path: str, *, rules: Iterable[BuildRule] = (LATEST,), source: str = "") -> Automation:
        """Let Docker Hub build a repository from now on; what was built before is forgotten.

        Args:
            path: The repository, `namespace/name`.
            rules: What becomes which tag.
            source: The source repository on GitHub, `owner/name`; empty: the same as `path`.
        """
        with self.lock:
            owner, _, name = (source or path).partition("/")
            automation = self.repository(path).automation = Automation(owner, name, tuple(rules))
            return automation

    def account_number(self, name: str) -> int:
        """Return an account's integer id; 0 for a name without an account."""
        account = self.accounts.get(name)
        return account.number if account else 0

    def _add_account(self, account: Account) -> Account:
        with self.lock:
            self.accounts[account.name] = account
        return account

    def _single_image(self, at: datetime) -> Image:
        return self.build_image("linux/amd64", at=at)

    def _next_number(self) -> int:
        with self.lock:
            self._last_number += 1
            return self._last_number


def digest_of(text: str) -> str:
    """Return a digest that looks real and is the same for the same text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def index_digest(images: Sequence[Image]) -> str | None:
    """Return the digest that tells these images from all others: the only one's own, else that of their index."""
    if len(images) == 1:
        return images[0].digest
    return digest_of("index " + " ".join(image.digest or "" for image in images))


def _uuid(name: str) -> str:
    return uuid5(NAMESPACE_DNS, name).hex
