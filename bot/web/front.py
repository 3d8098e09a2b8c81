"""The whole Slack side, put together from plain values: what `bot.app` builds, starts and stops."""

from dataclasses import dataclass

from slack_bolt import App

from bot.chat.router import Router
from bot.clock import Clock
from bot.digest.writers import Pressed
from bot.governance.governance import Governance
from bot.governance.roles import Policy, Roles
from bot.jobs.service import Jobs
from bot.pushes.channels import Channels
from bot.slack.client import SlackClient
from bot.slack.response_url import ResponseUrls
from bot.store.base import Store
from bot.web import asking, offering
from bot.web.announced import Announced
from bot.web.answers import PROGRESS_AFTER_SECONDS, WORKING_AFTER_SECONDS, Answers
from bot.web.asking import Asking
from bot.web.attachments import Attachments
from bot.web.audience import Audiences
from bot.web.courier import Courier
from bot.web.deciding import Deciding
from bot.web.desk import Desk
from bot.web.gate import SignatureGate
from bot.web.health import Check, requires
from bot.web.home import Home, HomePage
from bot.web.keeping import Keeping
from bot.web.offering import Offering
from bot.web.pool import QUEUE_SIZE, THREADS, WorkerPool
from bot.web.rights import Rights
from bot.web.sharing import Sharing, new_shares
from bot.web.slack import SlackRequests, build_app
from bot.web.tickets import Kind, Tickets
from bot.web.work import ContextFactory, Work

STOP_SECONDS = 10.0
TICKET_REFUSALS = {Kind.OFFER: offering.REFUSALS, Kind.FORM: asking.REFUSALS}


@dataclass(frozen=True)
class Sizes:
    """How much is taken on at once, and how patient the bot is.

    Attributes:
        threads: Commands that run at the same time.
        queue_size: Commands that may wait for a thread.
        working_after_seconds: When "Working…" is shown.
        progress_after_seconds: When it is said after that how far the work has come.
        backoff_seconds: The first wait after an error on the way to Slack.
    """

    threads: int = THREADS
    queue_size: int = QUEUE_SIZE
    working_after_seconds: float = WORKING_AFTER_SECONDS
    progress_after_seconds: tuple[float, ...] = PROGRESS_AFTER_SECONDS
    backoff_seconds: float = 0.5


class SlackFront:
    """Takes in what people ask in Slack, and answers it.

    Args:
        router: The commands.
        roles: Who is what.
        policy: Who was named in the settings.
        client: Slack's Web API.
        urls: Posts to response URLs.
        make_context: Makes what a command may use, for a role, a way to tell of progress, and where it was asked.
        has_private_data: Whether the bot holds a Docker Hub credential, so that answers may be private.
        clock: The time.
        store: Where it is kept what buttons and forms stand for.
        channels: Opens and mutes channels; None where nothing is announced.
        governance: Decides on requests; None where nothing is changed.
        jobs: Stops long work; None where there is none.
        home: Says what the Home tab shows a person; None: there is none.
        sizes: How much is taken on at once.
    """

    def __init__(
        self,
        *,
        router: Router,
        roles: Roles,
        policy: Policy,
        client: SlackClient,
        urls: ResponseUrls,
        make_context: ContextFactory,
        has_private_data: bool,
        clock: Clock,
        store: Store,
        channels: Channels | None = None,
        governance: Governance | None = None,
        jobs: Jobs | None = None,
        home: HomePage | None = None,
        sizes: Sizes = Sizes(),
    ) -> None:
        rights = Rights(roles, policy)
        audiences = Audiences(client, has_private_data=has_private_data)
        shares = new_shares(monotonic=clock.monotonic)
        courier = Courier(client, clock, backoff_seconds=sizes.backoff_seconds)
        tickets, keeping = Tickets(store, TICKET_REFUSALS), Keeping(router)
        offers, forms = Offering(tickets, keeping), Asking(tickets, keeping, courier, clock)
        self._clock = clock
        self._urls = urls
        self._pool = WorkerPool("worker", threads=sizes.threads, queue_size=sizes.queue_size)
        self._answers = Answers(
            clock,
            working_after_seconds=sizes.working_after_seconds,
            progress_after_seconds=sizes.progress_after_seconds,
        )
        desk = Desk(
            router=router,
            rights=rights,
            work=Work(
                rights=rights,
                make_context=make_context,
                audiences=audiences,
                attachments=Attachments(client),
                shares=shares,
                tickets=tickets,
                offering=offers,
                asking=forms,
                clock=clock,
            ),
            sharing=Sharing(shares, rights, audiences),
            offering=offers,
            asking=forms,
            answers=self._answers,
            pool=self._pool,
            urls=urls,
            courier=courier,
            announced=Announced(channels, Pressed(store), rights) if channels is not None else None,
            deciding=Deciding(governance, rights, jobs) if governance is not None else None,
            home=Home(client, rights, home) if home is not None else None,
            clock=clock,
            backoff_seconds=sizes.backoff_seconds,
        )
        self.app: App = build_app(desk, urls)

    def http(self, signing_secret: str) -> SlackRequests:
        """Return what takes Slack's HTTP requests."""
        return SlackRequests(self.app, SignatureGate(signing_secret, self._clock))

    def checks(self) -> list[Check]:
        """Return the health checks of our own threads."""
        return [
            Check("workers", requires(lambda: self._pool.is_alive, "The workers are gone."), is_outside=False),
            Check("answers", requires(lambda: self._answers.is_alive, "Nobody sends answers."), is_outside=False),
        ]

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Finish what runs, and tell the people whose commands did not end; all within the time, and a moment."""
        deadline = self._clock.monotonic() + timeout_seconds
        self._pool.stop(timeout_seconds)
        self._answers.stop(max(0.0, deadline - self._clock.monotonic()))
        self._urls.close()
