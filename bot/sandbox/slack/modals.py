"""What people do with the modals of apps: submit them, and close them.

Source: https://docs.slack.dev/surfaces/modals
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.sandbox.slack.actor import NotThere
from bot.sandbox.slack.apps import App
from bot.sandbox.slack.call import Refusal
from bot.sandbox.slack.clicks import NOTHING, TROUBLE, Clicked, Clicker, Values
from bot.sandbox.slack.elements import STATE_FIELDS, elements_in, is_offered, state_values, unanswered, unfit
from bot.sandbox.slack.payloads import view_closed, view_submission
from bot.sandbox.slack.state import View
from bot.sandbox.slack.views import close_view, push_view, update_view

REQUIRED = "Please complete this required field."


@dataclass(frozen=True, slots=True)
class Submitted(Clicked):
    """What came of the submission of a modal.

    Attributes:
        errors: What is said beside the inputs, by block id: by the app, or by Slack for those that want an answer.
        refusal: Slack's short name for what is wrong with the view in the acknowledgement; people only see `problem`.
    """

    errors: Mapping[str, str] = field(default_factory=dict)
    refusal: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the modal went on, or closed."""
        return self.problem is None and not self.errors


class ModalUser(Clicker):
    """The verbs for the buttons of a modal."""

    def submits(self, view_id: str, values: Values = NOTHING) -> Submitted:
        """Submit the uppermost view of a modal, and do what the app answers.

        Args:
            view_id: Of the view.
            values: What its inputs hold, by block and action; those left out hold what the app put there.

        Raises:
            NotThere: This person has no such view on the screen, or it has nothing to submit, or a menu of it does not
                offer what they chose.
        """
        view = self._view(view_id)
        if not view.payload.get("submit"):
            raise NotThere(f"The view {view_id} has no button to submit it.")
        app = self._app(view.app_id)
        held = state_values(view.payload["blocks"], values)
        _check_offered(view, held)
        blocks = view.payload["blocks"]
        if problems := unfit(blocks, held) | dict.fromkeys(unanswered(blocks, held), REQUIRED):
            return self._marked(view, problems)
        self._set_errors(view, {})
        payload = view_submission(
            self._sender(app),
            view,
            values=held,
            trigger_id=self._services.triggers.issue(self.person.id),
            response_urls=list(self._response_urls(app, view, held)),
        )
        return self._after_submission(app, view, self._interacts(app, payload))

    def closes_view(self, view_id: str, *, is_cleared: bool = False) -> Clicked:
        """Close a view with its cancel button, or the whole modal with the cross; the app may have asked to be told.

        Raises:
            NotThere: This person has no such view on the screen.
        """
        view = self._view(view_id)
        is_cleared = is_cleared or bool(view.payload.get("clear_on_close"))
        gone = close_view(self.state, view, is_cleared=is_cleared)
        # Of a whole modal, Slack names the view that it began with.
        told = gone[-1] if is_cleared and gone else view
        if not told.payload.get("notify_on_close"):
            return Clicked()
        app = self._app(told.app_id)
        return self._interacts(app, view_closed(self._sender(app), told, is_cleared=is_cleared))

    def _response_urls(self, app: App, view: View, held: Values) -> Iterator[dict[str, str]]:
        """Yield a response URL for each conversation that was chosen in an input that asks for one."""
        for found in elements_in(view.payload["blocks"]):
            kind = found.element.get("type")
            if kind in {"conversations_select", "channels_select"} and found.element.get("response_url_enabled"):
                chosen = held[found.block_id][found.action_id].get(STATE_FIELDS[kind][0])
                if chosen in self.state.conversations:
                    chain = self._services.response_urls.issue("app", app, user=self.person.id, channel=chosen)
                    place = {"block_id": found.block_id, "action_id": found.action_id, "channel_id": chosen}
                    yield place | {"response_url": chain.url}

    def _after_submission(self, app: App, view: View, clicked: Clicked) -> Submitted:
        sent = Submitted(clicked.payload, clicked.outcome, clicked.problem)
        if clicked.outcome is None or not clicked.outcome.is_accepted:
            return sent
        try:
            answer = clicked.outcome.decoded() if clicked.outcome.body.strip() else {}
            return replace(sent, errors=self._follow(app, view, answer))
        except Refusal as refusal:
            return replace(sent, problem=TROUBLE, refusal=refusal.error)
        except ValueError:
            return replace(sent, problem=TROUBLE, refusal="invalid_json")

    def _follow(self, app: App, view: View, answer: object) -> Mapping[str, str]:
        """Do what an answer says; return the errors that it puts beside inputs."""
        action = answer.get("response_action") if isinstance(answer, Mapping) else "none"
        if action is None and not answer:
            close_view(self.state, view, is_cleared=False)
            return {}
        if not isinstance(answer, Mapping):
            raise Refusal("invalid_response_action")
        unknowns = self._services.unknowns()
        if action == "clear":
            close_view(self.state, view, is_cleared=True)
        elif action == "update":
            update_view(self.state, view, answer.get("view"), unknowns)
        elif action == "push":
            push_view(self.state, app, self.person.id, answer.get("view"), unknowns)
        elif action == "errors":
            return self._accepted_errors(view, answer.get("errors"))
        else:
            raise Refusal("invalid_response_action")
        return {}

    def _accepted_errors(self, view: View, errors: object) -> Mapping[str, str]:
        """Put errors beside the inputs that they name; each must name the block of one."""
        inputs = {block.get("block_id") for block in view.payload["blocks"] if block.get("type") == "input"}
        if not isinstance(errors, Mapping) or not errors or not set(errors) <= inputs:
            raise Refusal("invalid_errors")
        self._set_errors(view, errors)
        return dict(errors)

    def _marked(self, view: View, errors: Mapping[str, str]) -> Submitted:
        self._set_errors(view, errors)
        return Submitted(errors=errors)

    def _set_errors(self, view: View, errors: Mapping[str, str]) -> None:
        with self.state.lock:
            view.errors = dict(errors)
            self.state.touch()


def _check_offered(view: View, held: Values) -> None:
    for found in elements_in(view.payload["blocks"]):
        state = held.get(found.block_id, {}).get(found.action_id)
        if state is not None and not is_offered(found.element, state):
            raise NotThere(f"The element {found.action_id} does not offer {dict(state)}.")
