"""Subscriptions as a text: written out, read back, compared with what is there, and put into force.

::

    [[subscriptions]]
    channel = "C0123456789"
    image = "acme/api"
    tag = ["v*"]
    not_tag = ["*-rc*"]

The same text serves the configuration file, whose subscriptions are kept equal to it at every start, and an export
that is read in elsewhere. Subscriptions of commands and of the file stand beside each other and leave each other alone.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from bot.pushes.filters import Filters, PusherGlobs, TagGlobs, VersionRange, check_together
from bot.pushes.filters import Platforms as PlatformNames
from bot.pushes.model import BuildEnds, Threads
from bot.pushes.patterns import Pattern
from bot.pushes.subscriptions import Origin, Subscription, Subscriptions, Topic, Wish
from bot.toml import read_toml
from bot.words import quoted

SOURCE = "The text"
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,30}")


def checked_channel(text: str) -> str:
    """Return the id of a channel.

    Raises:
        ValueError: It is none; the message is a clause.
    """
    if not _CHANNEL.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not a channel's id, like `C0123456789`: see its details in Slack")
    return text


def _checked_image(text: str) -> str:
    return str(Pattern.parse(text))


def _listed(value: Any) -> Any:
    """Take one text for a list of one."""
    return [value] if isinstance(value, str) else value


class SubscriptionTable(BaseModel):
    """One `[[subscriptions]]`.

    Attributes:
        channel: A Slack channel's id.
        image: A repository with its namespace; `*` and `?` in the name.
        builds, tag, not_tag, pusher, not_pusher, semver, platform, threads: As in `Filters`; a list may be one text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Annotated[str, AfterValidator(checked_channel)]
    image: Annotated[str, AfterValidator(_checked_image)]
    builds: BuildEnds | None = None
    tag: Annotated[TagGlobs, BeforeValidator(_listed)] = ()
    not_tag: Annotated[TagGlobs, BeforeValidator(_listed)] = ()
    pusher: Annotated[PusherGlobs, BeforeValidator(_listed)] = ()
    not_pusher: Annotated[PusherGlobs, BeforeValidator(_listed)] = ()
    semver: VersionRange | None = None
    platform: Annotated[PlatformNames, BeforeValidator(_listed)] = ()
    threads: Threads = Threads.NEVER

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        threads = self.threads is not Threads.NEVER
        check_together(self.builds, self.pusher, self.not_pusher, self.platform, threads)
        return self

    @property
    def wish(self) -> Wish:
        """What is asked for."""
        filters = Filters.model_validate(self.model_dump(exclude={"channel", "image"}))
        return Wish(self.channel, Pattern.parse(self.image), filters)


def _each_once(tables: tuple[SubscriptionTable, ...]) -> tuple[SubscriptionTable, ...]:
    seen: set[tuple[str, str, bool]] = set()
    for table in tables:
        key = (table.channel, table.image, table.builds is not None)
        if key in seen:
            raise ValueError(
                f"channel {quoted(table.channel)} has image {quoted(table.image)} twice: make it one table"
            )
        seen.add(key)
    return tables


SubscriptionTables = Annotated[tuple[SubscriptionTable, ...], AfterValidator(_each_once)]


class _Text(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    subscriptions: SubscriptionTables = ()


def export(subscriptions: Iterable[Subscription]) -> str:
    """Return subscriptions as TOML that `parse`, and the configuration file, read back to the same.

    Where a channel has the same topic from a command and from the file, which one text cannot hold twice, the command's
    is written: it is what the file does not say.
    """
    chosen: dict[tuple[str, Topic], Subscription] = {}
    for each in subscriptions:
        key = (each.channel, each.topic)
        if key not in chosen or each.origin is Origin.COMMAND:
            chosen[key] = each
    return "\n".join(_table(each) for each in chosen.values())


def _table(subscription: Subscription) -> str:
    said = {"channel": subscription.channel, "image": str(subscription.pattern), **subscription.filters.to_json()}
    lines = [f"{name} = {json.dumps(value)}" for name, value in said.items()]
    return "\n".join(["[[subscriptions]]", *lines, ""])


def parse(text: str) -> tuple[Wish, ...]:
    """Read a text that holds subscriptions and nothing else.

    Raises:
        ConfigError: With a sentence for each thing that is wrong.
    """
    return tuple(table.wish for table in read_toml(text, _Text, source=SOURCE).subscriptions)


@dataclass(frozen=True)
class Changed:
    """Other filters for the same repositories.

    Attributes:
        before: What is there.
        wish: What is to be.
    """

    before: Subscription
    wish: Wish


@dataclass(frozen=True)
class Plan:
    """What would have to be done. Each in the order of channels and patterns.

    Attributes:
        added: To be subscribed.
        changed: To have other filters.
        removed: To be unsubscribed.
        unchanged: As they should be.
    """

    added: tuple[Wish, ...] = ()
    changed: tuple[Changed, ...] = ()
    removed: tuple[Subscription, ...] = ()
    unchanged: tuple[Subscription, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.added or self.changed or self.removed)

    def lines(self) -> Iterator[str]:
        """Yield what would be done, one thing a line: `+` added, `~` changed, `-` removed; then what stays."""
        for wish in self.added:
            yield f"+ {wish.channel} {_words(wish.pattern, wish.filters)}"
        for each in self.changed:
            before, after = each.before.filters.words() or "everything", each.wish.filters.words() or "everything"
            yield f"~ {each.wish.channel} {each.wish.pattern}: {before} → {after}"
        for gone in self.removed:
            yield f"- {gone.channel} {_words(gone.pattern, gone.filters)}"
        if self.unchanged:
            yield f"= {len(self.unchanged):,} unchanged"


def plan(
    current: Iterable[Subscription], wanted: Sequence[Wish], *, origin: Origin, remove_others: bool = False
) -> Plan:
    """Compare what is there with what is wanted.

    Args:
        current: All subscriptions; those of another origin are left alone.
        wanted: What is to be; each topic once a channel.
        origin: Whose subscriptions are compared.
        remove_others: Whether what is not wanted is to go.
    """
    own = {(each.channel, each.topic): each for each in current if each.origin is origin}
    wishes = {(wish.channel, wish.topic): wish for wish in wanted}
    known = {key: own[key] for key in wishes if key in own}
    return Plan(
        added=tuple(wishes[key] for key in sorted(wishes.keys() - own.keys())),
        changed=tuple(
            Changed(known[key], wishes[key]) for key in sorted(known) if known[key].filters != wishes[key].filters
        ),
        removed=tuple(own[key] for key in sorted(own.keys() - wishes.keys())) if remove_others else (),
        unchanged=tuple(known[key] for key in sorted(known) if known[key].filters == wishes[key].filters),
    )


def apply(subscriptions: Subscriptions, todo: Plan, *, origin: Origin, by: str | None = None) -> None:
    """Do what a plan says, all or nothing.

    Args:
        subscriptions: Where.
        todo: What.
        origin: Who keeps them.
        by: The Slack user id of who asks; None: nobody in Slack does.

    Raises:
        StoreUnavailableError: Nothing was done, or nobody knows.
    """
    if not todo.is_empty:
        put = (*todo.added, *(each.wish for each in todo.changed))
        subscriptions.apply(put=put, remove=todo.removed, by=by, origin=origin)


def follow_file(subscriptions: Subscriptions, tables: Collection[SubscriptionTable]) -> Plan:
    """Make the subscriptions of the configuration file equal to it, and return what that took.

    For the start of the bot. Several processes may do this at the same time with the same file.

    Raises:
        StoreUnavailableError: Nothing was done, or nobody knows.
    """
    wanted = [table.wish for table in tables]
    todo = plan(subscriptions.all(), wanted, origin=Origin.FILE, remove_others=True)
    apply(subscriptions, todo, origin=Origin.FILE)
    return todo


def _words(pattern: Pattern, filters: Filters) -> str:
    return f"{pattern} {filters.words()}".rstrip()
