"""What subscribing takes beyond the rows: finding out what is meant, and saying it in the channel.

A subscription is worth something only if we can post where it is for. So the confirmation is posted first, by the bot
itself and not as an answer to the person, and the subscription is saved only when Slack has taken it.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from pydantic import SecretStr
from sqlalchemy import Connection

from bot.document import Code, Document, Inline, Line, Paragraph, Person, line, marked
from bot.errors import ConfigError, DeliveryError, HubBotError, HubError, NotFoundError, UserError
from bot.governance.roles import Role
from bot.hub.client import HubClient
from bot.images import OFFICIAL_NAMESPACE, ImageReference, RepositoryName
from bot.outbox.lanes import Lane
from bot.pushes import as_code, history
from bot.pushes.as_code import Plan
from bot.pushes.filters import Filters
from bot.pushes.mutes import lift
from bot.pushes.noting import note_done
from bot.pushes.patterns import Pattern, WrittenPattern
from bot.pushes.state import EVERYTHING, ChannelFacts, pattern_words, state_parts
from bot.pushes.subscriptions import Added, Change, ChannelState, Origin, Removed, Subscriptions, Wish
from bot.pushes.verdicts import images_of
from bot.pushes.webhook_setup import Advice, Receiver, WebhookSetup
from bot.slack.client import Posted
from bot.slack.failures import Kind, SlackCallError
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError

logger = logging.getLogger(__name__)

INVITE = "`/invite @Hub Bot`"
ONLY_PUSHES = "`--test` and `--create-webhook` are about pushes, and `--builds` is not. Nothing was done."
ONLY_BUILDS = "This is about builds alone: pushes are a subscription of their own, without `--builds`."
HOW_OFTEN = "I look for builds every 5 minutes, and tell of those that end from now on."
OF_A_PATTERN = "Of a pattern, I look at the repositories that `/hub trigger setup` knows."
TWO_STEPS = f"type {INVITE}, then the same command again. Nothing was saved."
SAMPLE_TAG = "latest"
REMEMBERED_TAGS = 100
"""As many as one request gives."""
_SIGNS = frozenset("*?")

Post = Callable[[str, Document], Posted]
"""Posts into a channel as the bot; raises `DeliveryError`."""
Update = Callable[[Posted, Document], None]
"""Puts something else in its place; raises `DeliveryError`."""
SendTest = Callable[[str, RepositoryName, str], None]
"""Has a sample push of a tag told to one channel, over the whole road."""


@dataclass(frozen=True)
class Asker:
    """Who asks, and where.

    Attributes:
        channel: The channel's id.
        user_id: The person's Slack id.
        role: What they may do.
    """

    channel: str
    user_id: str
    role: Role


@dataclass(frozen=True)
class Order:
    """What to subscribe to.

    Attributes:
        written: The repositories, as they were written.
        filters: Which of their pushes.
        with_test: Whether to have a sample push told.
        creates_webhook: Whether to set up the webhook at Docker Hub.
    """

    written: WrittenPattern
    filters: Filters = field(default_factory=Filters)
    with_test: bool = False
    creates_webhook: bool = False


@dataclass(frozen=True)
class Subscribed:
    """What came of it.

    Attributes:
        pattern: What was meant.
        added: What it did.
        notes: What else there is to say, as sentences with code in backticks; for the person alone.
        webhook_url: The address to be set by hand as a webhook; None when there is nothing to be done.
    """

    pattern: Pattern
    added: Added
    notes: tuple[str, ...] = ()
    webhook_url: SecretStr | None = None


@dataclass(frozen=True)
class Unsubscribed:
    """What came of unsubscribing.

    Attributes:
        removed: What it did.
        unknown: What was named and is not subscribed to, as it was written.
        notes: What else there is to say.
    """

    removed: Removed
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Untold:
    """A channel whose subscriptions were changed, and which could not be told.

    Attributes:
        channel: Its id.
        reason: Why not, as sentences with code in backticks.
    """

    channel: str
    reason: str


class Subscribing:
    """Subscribes channels and people's wishes to each other. Safe to use from several threads.

    Args:
        store: The database.
        workspace: Whose.
        namespaces: Our own, lower case; the first is where short names are looked for.
        receiver: Where Docker Hub reaches us.
        post: Posts into a channel.
        update: Rewrites what was posted.
        send_test: Has a sample push told.
    """

    def __init__(
        self,
        store: Store,
        workspace: str,
        *,
        namespaces: Sequence[str],
        receiver: Receiver,
        post: Post,
        update: Update,
        send_test: SendTest,
    ) -> None:
        self.subscriptions = Subscriptions(store, workspace)
        self._store = store
        self._workspace = workspace
        self._namespaces = tuple(namespace.lower() for namespace in namespaces)
        self._webhooks = WebhookSetup(store, workspace, namespaces=self._namespaces, receiver=receiver)
        self._post = post
        self._update = update
        self._send_test = send_test

    def subscribe(self, asker: Asker, order: Order, hub: HubClient) -> Subscribed:
        """Subscribe a channel: check, say it there, and only then save it. Also ends a mute of the same repository.

        Args:
            asker: Who asks, and where.
            order: What to subscribe to.
            hub: Docker Hub, with the patience of whoever waits.

        Raises:
            UserError: It cannot be; the sentence says what to do. Nothing was saved.
            HubError: A short name could not be looked up. Nothing was saved.
            StoreUnavailableError: Nothing was saved; what was said in the channel was taken back.
        """
        is_about_builds = order.filters.builds is not None
        if is_about_builds and (order.with_test or order.creates_webhook):
            raise UserError(ONLY_PUSHES)
        pattern, notes = self._resolve(order.written, hub)
        if order.creates_webhook:
            self._webhooks.check(pattern, asker.role)
        wish = Wish(asker.channel, pattern, order.filters)
        notes += self._doubts(pattern, hub)
        added, lifted = self._say_and_save(asker, wish)
        if is_about_builds:
            return Subscribed(pattern, added, (*lifted, *notes, *_about_builds(pattern)))
        advice = self._about_webhook(asker, order, pattern, hub, is_new=added.change is not Change.UNCHANGED)
        if added.change is not Change.UNCHANGED:
            self._remember(pattern, hub)
        sample = self._sample(asker, order, pattern) if order.with_test else ()
        return Subscribed(pattern, added, (*lifted, *notes, *advice.notes, *sample), advice.url)

    def unsubscribe(
        self, asker: Asker, choices: Collection[WrittenPattern | int] | None, *, only_builds: bool = False
    ) -> Unsubscribed:
        """Unsubscribe a channel, and say it there.

        Args:
            asker: Who asks, and where.
            choices: Numbers and patterns; None: everything.
            only_builds: Whether to go on hearing of the pushes.

        Raises:
            UserError: Nothing of it can be removed.
            StoreUnavailableError: Nothing was removed, or nobody knows.
        """
        there = self.subscriptions.of_channel(asker.channel)
        meant = None if choices is None else {choice: self._meant(choice, there) for choice in choices}
        removed = self.subscriptions.remove(
            asker.channel, None if meant is None else list(meant.values()), only_builds=only_builds, by=asker.user_id
        )
        missing = {choice for choice, found in (meant or {}).items() if found in removed.missing}
        unknown = tuple(str(choice) for choice in choices or () if choice in missing)
        if not removed.removed:
            raise UserError(_nothing_removed(removed, unknown))
        return Unsubscribed(removed, unknown, self._say_removed(asker, removed))

    def import_(self, text: str, *, remove_others: bool = False) -> Plan:
        """Return what it would take to have what a text says. See `bot.pushes.as_code`.

        Raises:
            UserError: The text cannot be read; with a sentence for each thing that is wrong.
        """
        try:
            wanted = as_code.parse(text)
        except ConfigError as error:
            raise UserError("\n".join(error.problems)) from error
        current = self.subscriptions.all()
        if remove_others:
            # Only in the channels that the text is about: it is no list of all that there should be.
            channels = {wish.channel for wish in wanted}
            current = tuple(each for each in current if each.channel in channels)
        return as_code.plan(current, wanted, origin=Origin.COMMAND, remove_others=remove_others)

    def apply(self, plan: Plan, *, by: str | None) -> tuple[Untold, ...]:
        """Do what a plan says, all or nothing, and say it in the channels that it changes.

        Args:
            plan: From `import_`.
            by: The Slack user id of who asks; None: nobody in Slack does.

        Returns:
            The channels that could not be told. Their subscriptions are changed all the same.

        Raises:
            StoreUnavailableError: Nothing was done, or nobody knows.
        """
        as_code.apply(self.subscriptions, plan, origin=Origin.COMMAND, by=by)
        put = {wish.channel for wish in (*plan.added, *(each.wish for each in plan.changed))}
        channels = sorted(put | {gone.channel for gone in plan.removed})
        untold: list[Untold] = []
        for number, channel in enumerate(channels):
            try:
                self._say_imported(channel, by=by)
            except (DeliveryError, StoreUnavailableError) as error:
                untold.append(Untold(channel, _why_untold(error)))
                if isinstance(error, SlackCallError) and error.kind is Kind.INSTALL_BROKEN:
                    # No other channel would fare better.
                    return (*untold, *(Untold(other, _why_untold(error)) for other in channels[number + 1 :]))
        return tuple(untold)

    def _resolve(self, written: WrittenPattern, hub: HubClient) -> tuple[Pattern, tuple[str, ...]]:
        """Return what is meant, and how a short name was read."""
        if written.namespace is not None:
            return Pattern(written.namespace, written.name), ()
        default = self._namespaces[0] if self._namespaces else None
        if not written.is_exact:
            if default is None:
                raise UserError(f"`{written.name}` lacks the namespace: write it like `acme/{written.name}`.")
            return Pattern(default, written.name), (f"`{written.name}` was read as `{default}/{written.name}`.",)
        found = hub.find(ImageReference(written.name), default)
        if default is None:
            return Pattern(found.namespace, found.name), ()
        name = written.name
        return Pattern(found.namespace, found.name), (
            f"`{name}` is the official image: `{default}` has no repository of that name."
            if found.is_official
            else f"`{name}` was read as `{found}`; for the official image write `{OFFICIAL_NAMESPACE}/{name}`.",
        )

    def _meant(self, choice: WrittenPattern | int, there: ChannelState) -> Pattern | int:
        """Return what is meant, going by what is subscribed to rather than by what there is at Docker Hub."""
        if isinstance(choice, int):
            return choice
        if choice.namespace is not None:
            return Pattern(choice.namespace, choice.name)
        known = {each.pattern for each in there.subscriptions}
        readings = [Pattern(each, choice.name) for each in (*self._namespaces[:1], OFFICIAL_NAMESPACE)]
        return next((reading for reading in readings if reading in known), readings[0])

    def _doubts(self, pattern: Pattern, hub: HubClient) -> tuple[str, ...]:
        """Say so when there may be no such repository, which is no reason to refuse: it may be made tomorrow.

        Raises:
            UserError: There is no such official image; those are not made by whoever asks.
        """
        if not pattern.is_exact:
            return ()
        try:
            hub.repositories.get(RepositoryName(pattern.namespace, pattern.name))
        except NotFoundError as error:
            if pattern.namespace == OFFICIAL_NAMESPACE:  # None of them is private: there is none.
                raise UserError(f"There is no official image `{pattern.name}`.") from error
            return (f"Docker Hub shows no `{pattern}`. Check the name, or whether my token may read it.",)
        except HubError as error:
            return (f"I could not see whether `{pattern}` exists. {error}",)
        return ()

    def _say_and_save(self, asker: Asker, wish: Wish) -> tuple[Added, tuple[str, ...]]:
        """Return what was added, and what is to be said of a mute."""
        before = self.subscriptions.of_channel(wish.channel)
        preview = self.subscriptions.preview(wish, by=asker.user_id)
        muted = _muted(before, wish.pattern)
        if preview.change is Change.UNCHANGED and before.suspended_at is None and muted is None:
            return preview, ()
        try:
            posted = self._post(wish.channel, _confirmation(asker, wish, preview, lifted=muted))
        except DeliveryError as error:
            raise UserError(why_refused(error)) from error
        try:
            added = self.subscriptions.add(wish, by=asker.user_id)
        except Exception:
            said = line("I could not save the subscription to ", Code(str(wish.pattern)), ". Nothing has changed here.")
            self._say_instead(posted, Document("", (Paragraph(said),)))
            raise
        if muted is None:
            return added, ()
        lane = Lane(self._workspace, wish.channel)
        try:
            self._store.write(lambda connection: self._lift(connection, lane, muted, by=asker.user_id))
        except StoreUnavailableError as error:
            self._say_instead(posted, _confirmation(asker, wish, preview))
            return added, (f"The subscription is saved, but the mute of `{muted}` could not be lifted: {error}",)
        return replace(added, state=_without_mute(added.state, muted)), (_lifted(muted),)

    def _lift(self, connection: Connection, lane: Lane, muted: RepositoryName, *, by: str) -> None:
        if lift(connection, lane, muted):
            note_done(
                connection,
                self._workspace,
                verb="unmute",
                subject=str(muted),
                summary=f"Announce pushes to {muted} again",
                by=by,
                channel=lane.channel,
                now=self._store.now(connection),
            )

    def _say_instead(self, posted: Posted, document: Document) -> None:
        try:
            self._update(posted, document)
        except DeliveryError as error:
            logger.warning("confirmation_not_taken_back", extra={"channel": posted.channel, "reason": str(error)})

    def _say_removed(self, asker: Asker, removed: Removed) -> tuple[str, ...]:
        facts = ChannelFacts.of(removed.state)
        gone: list[Inline] = []
        for each in removed.removed:
            gone += [", " if gone else "", *pattern_words(str(each.pattern), each.filters.words())]
        first = line(Person(asker.user_id), " unsubscribed this channel from ", *gone, ".")
        try:
            self._post(asker.channel, Document("", (Paragraph(first), *state_parts(facts))))
        except DeliveryError as error:
            return (f"I could not say so in the channel: {error}",)
        return ()

    def _say_imported(self, channel: str, *, by: str | None) -> None:
        facts = ChannelFacts.of(self.subscriptions.of_channel(channel))
        who: Line = (", as ", Person(by), " asked") if by else ()
        first = line("What is announced here was changed by an import", *who, ":")
        self._post(channel, Document("", (Paragraph(first), *state_parts(facts))))

    def _remember(self, pattern: Pattern, hub: HubClient) -> None:
        """Note what the newest tags point at, so that already the first push shows its change. As far as possible."""
        if not pattern.is_exact:
            return
        name = RepositoryName(pattern.namespace, pattern.name)
        try:
            shown = images_of(hub.tags.newest(name, REMEMBERED_TAGS))
            history.remember_all(self._store, self._workspace, name, shown)
        except (HubError, StoreUnavailableError) as error:
            logger.info("tags_not_remembered", extra={"repository": str(name), "reason": error.reason})

    def _about_webhook(self, asker: Asker, order: Order, pattern: Pattern, hub: HubClient, *, is_new: bool) -> Advice:
        same = f"{pattern} {order.filters.words()}".rstrip()
        try:
            if order.creates_webhook:
                return self._webhooks.create(pattern, hub)
            return self._webhooks.advise(pattern, asker.role, same=same, is_new=is_new)
        except StoreUnavailableError as error:
            # What was asked for is saved: that must not sound like a failure.
            return Advice((f"The subscription is saved, but I can say nothing of the webhook: {error}",))

    def _sample(self, asker: Asker, order: Order, pattern: Pattern) -> tuple[str, ...]:
        name = pattern.name.replace("*", "example").replace("?", "x")
        tag = next((each for each in order.filters.tag if not _SIGNS & set(each)), SAMPLE_TAG)
        try:
            self._send_test(asker.channel, RepositoryName(pattern.namespace, name), tag)
        except HubBotError as error:
            return (f"The subscription is saved, but no sample push could be sent: {error}",)
        return ("A sample push is on its way.",)


def _confirmation(asker: Asker, wish: Wish, added: Added, *, lifted: RepositoryName | None = None) -> Document:
    first = line(Person(asker.user_id), *_what_happens(wish, added), ".")
    if lifted is None:
        return Document("", (Paragraph(first), *state_parts(ChannelFacts.of(added.state))))
    state = _without_mute(added.state, lifted)
    said = line(*first, " ", *marked(_lifted(lifted)))
    return Document("", (Paragraph(said), *state_parts(ChannelFacts.of(state))))


def _muted(state: ChannelState, pattern: Pattern) -> RepositoryName | None:
    """Return the repository that is muted, if it is just what is subscribed to; one of several stays muted."""
    return next((each.repository for each in state.mutes if str(each.repository) == str(pattern)), None)


def _without_mute(state: ChannelState, repository: RepositoryName) -> ChannelState:
    return replace(state, mutes=tuple(each for each in state.mutes if each.repository != repository))


def _lifted(repository: RepositoryName) -> str:
    return f"The mute of `{repository}` is lifted."


def _about_builds(pattern: Pattern) -> tuple[str, ...]:
    return (HOW_OFTEN, ONLY_BUILDS) if pattern.is_exact else (HOW_OFTEN, OF_A_PATTERN, ONLY_BUILDS)


def _what_happens(wish: Wish, added: Added) -> Line:
    what = pattern_words(str(wish.pattern), wish.filters.words())
    match added.change:
        case Change.ADDED:
            return (" subscribed this channel to ", *what)
        case Change.REPLACED:
            now, before = _which(wish.filters), _which(added.before or Filters())
            return (" changed the filters of ", Code(str(wish.pattern)), ": now ", now, ", before ", before)
        case Change.UNCHANGED:
            return (" subscribed this channel again to ", *what)


def _which(filters: Filters) -> Inline:
    words = filters.words()
    return Code(words) if words else EVERYTHING


def why_refused(error: DeliveryError) -> str:
    """Return why Slack did not take a confirmation, and what to do about it, as sentences with code in backticks."""
    match error.code:
        case "not_in_channel":
            return f"I am not in this channel: {TWO_STEPS}"
        case "channel_not_found":
            return f"Slack does not show me this conversation. If it is a private channel, {TWO_STEPS}"
        case "":
            return f"Slack did not take the confirmation: {error} Nothing was saved; try again in a moment."
        case code if error.permanent:
            return f"Slack does not let me post here (`{code}`). Nothing was saved."
        case code:
            return f"Slack did not take the confirmation just now (`{code}`). Nothing was saved; try again in a moment."


def _why_untold(error: DeliveryError | StoreUnavailableError) -> str:
    if isinstance(error, DeliveryError) and error.code in {"not_in_channel", "channel_not_found"}:
        return f"I am not in it, or it is gone: type {INVITE} there."
    return str(error)


def _nothing_removed(removed: Removed, unknown: Sequence[str]) -> str:
    reasons = []
    if removed.kept:
        names = ", ".join(f"`{each.pattern}`" for each in removed.kept)
        reasons.append(f"{names}: kept by the configuration file, and changed there.")
    if unknown:
        names = ", ".join(f"`{each}`" for each in unknown)
        reasons.append(f"This channel has no subscription {names}; `/hub subscriptions` lists what it has.")
    return " ".join(["Nothing was removed.", *(reasons or ["This channel hears of no pushes."])])
