"""Carries out changes of the kind `trigger`: asks a provider for a build, once, and leaves a build to be followed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import Connection

from bot.builds import build_rows
from bot.builds.model import Accepted, Order, Prepared, ProviderKind, Ref, Setup
from bot.builds.providers.provider import Asked, BuildError, Provider, Refusal
from bot.builds.reading import fitting_secret
from bot.builds.setups import KeptSetup, Setups
from bot.document import format_age
from bot.errors import UserError
from bot.governance import cooldowns
from bot.governance.policy import ALL_TAGS
from bot.governance.proposals import TERMINAL, Change, Outcome, Proposal, State
from bot.governance.roles import Role
from bot.words import in_words

KIND = "trigger"
CHANGED = "The set-up was changed after this was asked for, so it was not sent. Ask again."
# Of these the provider has something in its queue, or wants to be left alone.
_KEEPS_COOLING = frozenset({Refusal.PENDING, Refusal.THROTTLED, Refusal.UNHEARD})


def propose(kept: KeptSetup, order: Order, prepared: Prepared, *, role: Role, channel: str | None) -> Proposal:
    """Return the change that asks for a build.

    Args:
        kept: How the repository is built.
        order: What is to be built.
        prepared: The call that will be made.
        role: The least role of who asks.
        channel: Where the build is followed: a channel, or a person; None: nowhere.
    """
    request: dict[str, JsonValue] = {
        "order": order.model_dump(mode="json"),
        "setup": kept.setup.model_dump(mode="json"),
        "mark": kept.mark,
        "prepared": prepared.model_dump(mode="json"),
        "channel": channel,
    }
    return Proposal(
        kind=KIND,
        action=KIND,
        subject=order.repository,
        summary=f"Ask {kept.setup.provider.label} to build {order}",
        shown=prepared.lines(),
        request=request,
        role=role,
        repository=order.repository,
        # Whatever a ref is called, the tag it makes is likely to be called so too.
        tags=(ALL_TAGS,) if order.ref is Ref.ALL else (order.name,),
    )


class BuildExecutor:
    """Implements `bot.governance.executors.Executor`.

    Args:
        setups: How repositories are built.
        providers: Who builds.
    """

    def __init__(self, setups: Setups, providers: Mapping[ProviderKind, Provider]) -> None:
        self._setups = setups
        self._providers = providers

    def channels(self, change: Change) -> Sequence[str]:
        """Return where the build is followed."""
        channel = change.request["channel"]
        return (channel,) if isinstance(channel, str) else ()

    def begin(self, connection: Connection, change: Change, now: datetime) -> None:
        """Begin the cool-down of the repository, and keep the build, with the message that follows it.

        Raises:
            UserError: The repository was triggered just now.
        """
        setup, order = _setup_of(change), _order_of(change)
        length = timedelta(seconds=setup.cooldown_seconds)
        held = cooldowns.claim(
            connection, change.workspace, _topic(setup), by=change.asker.user_id, length=length, now=now
        )
        if held:
            # Not the person themselves, whom a mention would call.
            who = "" if held.set_by.startswith(TERMINAL) or held.set_by == change.asker.user_id else " by somebody else"
            ago = format_age(held.set_at, now=now).replace("now", "a moment ago")
            wait = in_words(held.until_at - now)
            raise UserError(f"`{order.repository}` was triggered{who} {ago}. Nothing was sent; try again in {wait}.")
        channel = change.request["channel"]
        build_rows.add(
            connection,
            workspace=change.workspace,
            order=order,
            setup=setup,
            change_id=change.id,
            asker=change.asker,
            channel=channel if isinstance(channel, str) else None,
            now=now,
        )

    def send(self, change: Change) -> Outcome:
        """Ask the provider.

        Raises:
            UserError: The set-up or its secret has changed or is gone; nothing was sent.
        """
        setup, prepared = _setup_of(change), Prepared.model_validate(change.request["prepared"])
        found = self._setups.find_with_secret(setup.repository)
        if found is None or found[0].setup != setup or found[0].mark != change.request["mark"]:
            raise UserError(CHANGED)
        _, secret = found
        try:
            accepted = self._providers[setup.provider].trigger(setup, prepared, secret)
        except BuildError as error:
            state = State.UNKNOWN if error.refusal is Refusal.UNHEARD else State.FAILED
            return Outcome(state, str(error), {"refusal": error.refusal, "status": error.status})
        said = accepted.said or f"{setup.provider.label} took it."
        return Outcome(State.DONE, said, accepted.model_dump(mode="json"))

    def read_back(self, change: Change) -> Outcome | None:
        """Look whether the provider shows the build.

        Raises:
            HubError: Docker Hub could not be asked.
        """
        setup, order = _setup_of(change), _order_of(change)
        asked = Asked(order, change.started_at or change.requested_at)
        try:
            kept = self._setups.find_with_secret(setup.repository)
            is_as_it_was = kept is not None and kept[0].mark == change.request["mark"]
            secret = fitting_secret(setup, kept[0].setup, kept[1]) if kept and is_as_it_was else None
            found = self._providers[setup.provider].find(setup, secret, asked)
        except (BuildError, UserError):
            return None
        if found is None:
            return None
        accepted = Accepted(said="The provider shows the build.", build_id=found.id, url=found.log_url)
        return Outcome(State.DONE, accepted.said, accepted.model_dump(mode="json"))

    def settled(self, connection: Connection, change: Change, outcome: Outcome, now: datetime) -> None:
        """Have the build followed, or say that there will be none; then it may be triggered again at once."""
        if outcome.state is State.DONE:
            build_rows.note_accepted(connection, change.id, Accepted.model_validate(outcome.answer), now)
            return
        may_be_queued = outcome.state is State.UNKNOWN
        build_rows.note_not_taken(connection, change.id, outcome.sentence, may_be_queued=may_be_queued, now=now)
        refusal = outcome.answer.get("refusal") if isinstance(outcome.answer, dict) else None
        build = build_rows.find_any(connection, change.id)
        if build and not may_be_queued and refusal not in _KEEPS_COOLING:
            cooldowns.end(connection, change.workspace, _topic(_setup_of(change)), begun_at=build.asked_at)


def _setup_of(change: Change) -> Setup:
    return Setup.model_validate(change.request["setup"])


def _order_of(change: Change) -> Order:
    return Order.model_validate(change.request["order"])


def _topic(setup: Setup) -> str:
    return f"build/{setup.repository}"
