"""Where what Slack sends is taken in: understood, checked from memory, acknowledged, and handed to the workers.

Nothing here waits for anything: Slack shows an error to the person when an acknowledgement takes three seconds.
"""

import logging
from collections.abc import Callable, Mapping

from bot.chat.failures import describe_failure
from bot.chat.forms import FormProblemsError
from bot.chat.router import Invocation, Router, crashed
from bot.clock import Clock
from bot.errors import UsageError, UserError
from bot.governance.roles import Person
from bot.logs import bind_request_id, new_request_id
from bot.slack.response_url import ResponseUrl, ResponseUrls
from bot.store.errors import StoreUnavailableError
from bot.web.announced import QUESTIONS, Announced
from bot.web.answers import Answers, Reply
from bot.web.asking import Asked, Asking
from bot.web.assignment import Assignment
from bot.web.conversations import ChannelConversation, CommandConversation, Conversation, ThreadConversation
from bot.web.courier import Courier
from bot.web.deciding import ACTIONS as DECISIONS
from bot.web.deciding import Deciding
from bot.web.home import Home
from bot.web.offering import OFFER_ACTIONS, Offering
from bot.web.outgoing import AWAY, Outgoing, notice, outgoing
from bot.web.payloads import FORM_VIEW, Click, HomeOpened, Mention, Opened, SlashCommand, Submission
from bot.web.pool import Job, WorkerPool
from bot.web.recent import Recent
from bot.web.response_line import FIRST_BACKOFF_SECONDS, ResponseLine
from bot.web.rights import NotAllowedError, Rights
from bot.web.sharing import SHARE_ACTION, Sharing
from bot.web.tickets import TicketRefusedError
from bot.web.work import Work

logger = logging.getLogger(__name__)

BUSY = "Busy, try again in a moment."
RESTARTING = "The bot is restarting. Try again in a minute."
# Slack sends an event again after a minute and after five; hourly for a day only when asked to.
EVENTS_REMEMBERED_SECONDS = 3_600.0


class Desk:
    """Takes in commands, mentions, clicks and forms. Never raises, never waits.

    Args:
        router: Understands what was typed.
        rights: Who may do what.
        work: Runs commands.
        sharing: Handles the Share buttons.
        offering: Knows the buttons for what answers offer.
        asking: Knows the forms.
        answers: Promises answers.
        pool: Where work is done.
        urls: Posts to response URLs.
        courier: Posts through the Web API.
        announced: Knows the buttons of announcements; None where nothing is announced.
        deciding: Knows the buttons of requests; None where nothing is changed.
        home: Shows the Home tab; None where there is none.
        clock: The time.
        backoff_seconds: How long to wait after a first connection error on a response URL.
    """

    def __init__(
        self,
        *,
        router: Router,
        rights: Rights,
        work: Work,
        sharing: Sharing,
        offering: Offering,
        asking: Asking,
        answers: Answers,
        pool: WorkerPool,
        urls: ResponseUrls,
        courier: Courier,
        announced: Announced | None,
        deciding: Deciding | None,
        home: Home | None,
        clock: Clock,
        backoff_seconds: float = FIRST_BACKOFF_SECONDS,
    ) -> None:
        self._router = router
        self._rights = rights
        self._work = work
        self._sharing = sharing
        self._offering = offering
        self._asking = asking
        self._answers = answers
        self._pool = pool
        self._urls = urls
        self._courier = courier
        self._announced = announced
        self._deciding = deciding
        self._home = home
        self._clock = clock
        self._backoff_seconds = backoff_seconds
        self._events = Recent(EVENTS_REMEMBERED_SECONDS, monotonic=clock.monotonic)

    def command(self, asked: SlashCommand) -> str | None:
        """Take in a slash command.

        Returns:
            Words for the acknowledgement itself; None when the answer comes later.
        """
        conversation = CommandConversation(self._line(asked.response_url), self._courier, asked.person)
        said_at_once = self._take(asked, conversation)
        return None if said_at_once is None else said_at_once.plain.text

    def event(self, asked: Mention | Opened | HomeOpened) -> None:
        """Take in a mention, an invitation, a look at the Home tab; the same event is not taken in again."""
        if not self._events.is_new(asked.event_id):
            return
        if isinstance(asked, Mention):
            self._mention(asked)
        elif isinstance(asked, HomeOpened):
            self._open_home(asked.person)
        elif self._announced is not None:
            announced, channel = self._announced, asked.channel_id
            if not self._pool.submit(Job(lambda: announced.opened(channel))):
                logger.warning("pool_full")

    def _open_home(self, person: Person) -> None:
        home = self._home
        if home is not None and not self._pool.submit(Job(lambda: home.opened(person))):
            logger.warning("pool_full")

    def _mention(self, asked: Mention) -> None:
        conversation = ThreadConversation(
            self._courier, asked.person, asked.channel_id, asked.thread_ts, is_in_thread=asked.is_in_thread
        )
        said_at_once = self._take(asked, conversation)
        if said_at_once is not None:
            self._answers.give_soon(conversation, said_at_once)

    def click(self, asked: Click) -> None:
        """Take in a press on a button."""
        if asked.response_url is None:
            return
        received_at = self._clock.monotonic()
        line = self._line(asked.response_url)
        is_offer = asked.action_id in OFFER_ACTIONS
        conversation = CommandConversation(line, self._courier, asked.person, rewrites=is_offer)
        reply = Reply(conversation)

        def press() -> None:
            try:
                if asked.action_id == SHARE_ACTION:
                    self._sharing.press(asked, line)
                elif is_offer:
                    self._press_offer(asked, reply, received_at)
                elif asked.action_id in DECISIONS:
                    self._press_decision(asked, reply)
                elif self._announced is not None:
                    self._press_announced(self._announced, asked, reply, received_at)
            except Exception as error:  # noqa: BLE001 - The last net: a bug must reach the person as a sentence too.
                reply.give(outgoing(crashed(error, verb=asked.action_id).document))

        if not self._submit(press, reply):
            self._answers.give_soon(conversation, notice(BUSY))
        elif is_offer:
            self._answers.watch(reply, received_at=received_at)

    def submission(self, sent: Submission) -> Mapping[str, str]:
        """Take in a form that was filled in.

        Returns:
            Sentences to be shown beside inputs, by the ids of their blocks, and the form stays open with what was put
            in; none: it was taken.
        """
        received_at = self._clock.monotonic()
        if problems := self._asking.problems(sent):
            return problems
        asked = self._asking.recall(sent)
        reply = asked.reply if asked else Reply(ChannelConversation(self._courier, sent.person))
        if not self._submit(lambda: self._fill(sent, asked, reply, received_at), reply):
            if asked:
                self._asking.remember(sent, asked)
            return dict.fromkeys(list(sent.values)[:1], BUSY)
        self._answers.watch(reply, received_at=received_at)
        return {}

    def _fill(self, sent: Submission, asked: Asked | None, reply: Reply, received_at: float) -> None:
        """Run the command that a form belongs to.

        Args:
            sent: What was put in.
            asked: What the form belongs to; None: the database may know.
            reply: Where to say that nothing came of it.
            received_at: When it came, in monotonic seconds.
        """
        try:
            found = asked or self._asking.look_up(sent)
        except TicketRefusedError as error:
            logger.info("form_refused", extra={"reason": str(error)})
            reply.give(notice(str(error)))
            return
        except StoreUnavailableError:
            reply.give(notice(AWAY))
            return
        except Exception as error:  # noqa: BLE001 - The last net: a bug must reach the person as a sentence too.
            reply.give(outgoing(crashed(error, verb=FORM_VIEW).document))
            return
        try:
            assignment = found.filled(sent, received_at=received_at)
        except FormProblemsError as error:
            self._asking.ask_again(sent, found, found.form.sentences(error.problems))
            return
        self._work.run(assignment, found.reply, put_off=lambda: self._asking.ask_again(sent, found, [AWAY]))

    def _press_offer(self, asked: Click, reply: Reply, received_at: float) -> None:
        try:
            assignment = self._offering.accepted(asked, received_at=received_at)
        except TicketRefusedError as error:
            logger.info("offer_refused", extra={"reason": str(error)})
            reply.give(notice(str(error)))
        except StoreUnavailableError:
            reply.give(notice(AWAY))
        else:
            self._work.run(assignment, reply)

    def _press_decision(self, asked: Click, reply: Reply) -> None:
        refusal = self._deciding.decide(asked) if self._deciding else None
        if refusal is not None:
            reply.give(refusal)

    def _press_announced(self, announced: Announced, asked: Click, reply: Reply, received_at: float) -> None:
        if asked.action_id not in QUESTIONS:
            reply.give(announced.mute(asked))
            return
        try:
            invocation = self._router.parse(announced.question(asked))
        except LookupError as error:
            reply.give(notice(str(error)))
        except StoreUnavailableError:
            reply.give(notice(AWAY))
        else:
            self._work.run(_assignment(asked, invocation, received_at), reply)

    def _take(self, asked: SlashCommand | Mention, conversation: Conversation) -> Outgoing | None:
        """Hand the command over; or return what there is to say at once instead."""
        received_at = self._clock.monotonic()
        try:
            invocation = self._understood(asked)
        except UserError as error:
            return outgoing(describe_failure(error))
        except NotAllowedError as error:
            return notice(str(error))
        except Exception as error:  # noqa: BLE001 - The last net: a bug must reach the person as a sentence too.
            return outgoing(crashed(error, verb="").document)
        assignment = _assignment(asked, invocation, received_at)
        reply = Reply(conversation, is_public=assignment.is_public)
        if not self._submit(lambda: self._work.run(assignment, reply), reply):
            return notice(BUSY)
        self._answers.watch(reply, received_at=received_at)
        return None

    def _understood(self, asked: SlashCommand | Mention) -> Invocation:
        invocation = self._router.parse(asked.text)
        if invocation.says_yes:
            raise UsageError("`--yes` is for terminals: leave it out, and press the button under the answer.")
        self._rights.check_cached(asked.person, invocation.role, invocation.title)
        return invocation

    def _submit(self, action: Callable[[], None], reply: Reply) -> bool:
        def run() -> None:
            with bind_request_id(new_request_id()):
                action()

        is_taken = self._pool.submit(Job(run, abandon=lambda: reply.give_up(notice(RESTARTING))))
        if not is_taken:
            logger.warning("pool_full")
        return is_taken

    def _line(self, url: ResponseUrl) -> ResponseLine:
        return ResponseLine(
            self._urls,
            url,
            clock=self._clock,
            received_at=self._clock.monotonic(),
            backoff_seconds=self._backoff_seconds,
        )


def _assignment(asked: SlashCommand | Mention | Click, invocation: Invocation, received_at: float) -> Assignment:
    """Return the work to do. A command is answered privately unless it says `--share`, a mention in its thread."""
    is_mention = isinstance(asked, Mention)
    return Assignment(
        invocation=invocation,
        person=asked.person,
        channel_id=asked.channel_id,
        received_at=received_at,
        is_public=invocation.command.can_share if is_mention else invocation.share,
        can_share=isinstance(asked, SlashCommand),
        is_shared_outside=asked.is_shared_outside if isinstance(asked, Mention) else None,
        trigger_id="" if isinstance(asked, Mention) else asked.trigger_id,
    )
