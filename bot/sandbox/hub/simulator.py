"""A Docker Hub on your own machine: a real HTTP server with state, rate limits, and faults on demand.

One origin plays hub.docker.com, auth.docker.io, registry-1.docker.io and api.scout.docker.com. Use it in a test as a
context manager, or run it by itself with `python -m bot.sandbox.hub --port 8080`.

What it knows comes from Docker's published API pages and from recorded answers, never from the bot's own client.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from bot.sandbox.clock import utc_now
from bot.sandbox.faults import FaultBox
from bot.sandbox.httpd import Answer, HttpServer, Request
from bot.sandbox.hub.access import ANONYMOUS, Audience, Caller, CredentialKind, TokenOffice
from bot.sandbox.hub.build_farm import BuildFarm
from bot.sandbox.hub.build_triggers import is_trigger_path
from bot.sandbox.hub.builds import LATEST, Automation, BuildRule, classic_path
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.damage import replaced_answer, too_many_requests
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.limits import RateLimiter, api_headers, retry_headers
from bot.sandbox.hub.organizations import Organization
from bot.sandbox.hub.pipelines import Hook, Pipeline
from bot.sandbox.hub.pushing import Announcement, Undertaking, built_images, carry_out, letters_about
from bot.sandbox.hub.registry import PULL_WINDOW, TOKEN_PATH, answer_registry, is_registry_path
from bot.sandbox.hub.routes import dispatch
from bot.sandbox.hub.scout import Scout
from bot.sandbox.hub.scout_answers import PATH as SCOUT_PATH
from bot.sandbox.hub.scout_answers import answer_scout
from bot.sandbox.hub.seed import seed_acme
from bot.sandbox.hub.state import HubState, Image, Tag
from bot.sandbox.hub.unknowns import Unknowns
from bot.sandbox.hub.webhooks import WebhookSender
from bot.sandbox.records import Records
from bot.sandbox.service import Service
from bot.sandbox.wire import damaged_answer

# Observed 2026-09-11 and 2026-10-01: anonymous clients have 180 calls a minute. 600 for an account is hearsay.
ANONYMOUS_RATE_LIMIT = 180
AUTHENTICATED_RATE_LIMIT = 600
API_WINDOW = timedelta(minutes=1)
# Source: docs.docker.com, Docker Hub API, create access token.
TOKEN_LIFETIME_SECONDS = 600


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request that the simulator met, with what it answered.

    Attributes:
        path: As sent, still percent-encoded, without the query.
        headers: Names in lower case.
        status: None when the connection was reset instead of answered.
        when: By the simulator's clock, UTC.
        credential: What kind of credential the bearer was made from; `invalid` for a bad or expired one.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    status: int | None
    when: datetime
    credential: CredentialKind


class HubSimulator(Service):
    """The simulated Docker Hub.

    Attributes:
        state: What there is; change it through its verbs at any time.
        faults: What goes wrong; empty at first.
        unknowns: The positions of the switches; may be replaced while running.
        clock: Where the simulator takes its time from.
        latency_seconds: How long every answer takes at least; may be changed while running.
        lag_seconds: How long the API shows a tag as it was before a push, by the simulator's clock; the registry shows
            the push at once. It counts for the pushes from then on. Reported: minutes after the webhook.
        announcement: How pushes are told, unless a push says otherwise; may be changed while running.
        webhooks: Sends the webhooks, and knows what was sent.
        builds: Builds what is asked for, and pushes it.
        scout: Knows what is vulnerable in images.
    """

    def __init__(
        self,
        state: HubState | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
        port: int = 0,
        unknowns: Unknowns = Unknowns(),  # noqa: B008 - frozen, so sharing it is safe.
        rate_limit: int = ANONYMOUS_RATE_LIMIT,
        authenticated_rate_limit: int = AUTHENTICATED_RATE_LIMIT,
        latency_seconds: float = 0.0,
        token_lifetime_seconds: int = TOKEN_LIFETIME_SECONDS,
        public_origin: str | None = None,
    ) -> None:
        """Listen on loopback; `start` begins to answer.

        Args:
            state: What there is at first; None for the organization of `seed_acme`.
            now: Returns the time, aware and UTC.
            port: The TCP port; 0 lets the system choose.
            unknowns: The positions of the switches.
            rate_limit: Calls a minute for an anonymous address.
            authenticated_rate_limit: Calls a minute for an account, where `unknowns` lets it have its own.
            latency_seconds: How long every answer takes at least.
            token_lifetime_seconds: Of bearers from `/v2/auth/token`.
            public_origin: What the links to next pages begin with; None for the simulator's own address. The real
                service names `https://hub.docker.com`.
        """
        self.clock = now
        self.state = state if state is not None else _seeded_state(now())
        self.faults = FaultBox[Fault]()
        self.unknowns = unknowns
        self.latency_seconds = latency_seconds
        self.lag_seconds = 0.0
        self.announcement = Announcement()
        self.webhooks = WebhookSender(now, lambda: self.unknowns)
        self.builds = BuildFarm(self.state, now, lambda path, tag, at: self.push(path, tag, at=at))
        self.scout = Scout(self.state, now)
        self._limits = {False: rate_limit, True: authenticated_rate_limit}
        self._token_lifetime_seconds = token_lifetime_seconds
        self._public_origin = public_origin
        self._office = TokenOffice(now)
        self._api_limiter = RateLimiter(now, API_WINDOW)
        self._pull_limiter = RateLimiter(now, PULL_WINDOW)
        self._requests = Records[RecordedRequest]()
        self._server = HttpServer(self._answer, port)

    @property
    def url(self) -> str:
        """The simulator's origin, such as `http://127.0.0.1:43210`."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def requests(self) -> list[RecordedRequest]:
        """A copy of the log, in the order in which requests were answered; the newest 100,000 of them."""
        return self._requests.copy()

    @property
    def answered(self) -> int:
        """How many requests were answered since the start."""
        return self._requests.count

    def requests_to(self, path_prefix: str) -> list[RecordedRequest]:
        """Return the recorded requests whose path begins so."""
        return [request for request in self.requests if request.path.startswith(path_prefix)]

    def clear_requests(self) -> None:
        """Forget the recorded requests."""
        self._requests.clear()

    def keep_records(self, most: int) -> None:
        """Remember no more than the newest so many requests, and as many webhooks."""
        self._requests.keep(most)
        self.webhooks.keep_records(most)

    def organization(self, name: str) -> Organization:
        """Return an organization, to look at its members, teams, invites and seats, and to change them.

        Raises:
            KeyError: There is no such organization.
        """
        return self.state.organization(name)

    def add_webhook(self, repository: str, url: str, *, name: str | None = None) -> Pipeline:
        """Register a webhook of a repository, as its owner does in the web form.

        Args:
            repository: `namespace/name`.
            url: Called at each push of a tag. Only addresses of this machine are.
            name: For people, once in a repository; None makes one up.

        Raises:
            KeyError: There is no such repository.
            NameTakenError: The name is taken.
        """
        with self.state.lock:
            name = name or f"webhook {len(self.state.repository(repository).pipelines) + 1}"
            return self.state.add_pipeline(repository, name, [Hook(name, url)], at=self.clock())

    def add_builds(self, repository: str, *, rules: Sequence[BuildRule] = (LATEST,), source: str = "") -> str:
        """Set a repository up for automated builds, as its owner does in the web form; return the new trigger URL.

        Args:
            repository: `namespace/name`.
            rules: What becomes which tag.
            source: The source repository on GitHub, `owner/name`; empty: the same as the repository.

        Raises:
            KeyError: There is no such repository.
        """
        self.state.automate(repository, rules=rules, source=source)
        return self.build_trigger(repository)

    def build_trigger(self, repository: str) -> str:
        """Return the trigger URL of today.

        Raises:
            KeyError: There is no such repository.
            ValueError: It is not set up for builds.
        """
        return f"{self.url}{self._automation(repository).trigger_path}"

    def classic_trigger(self, repository: str) -> str:
        """Return the trigger URL of the first kind; raises as `build_trigger`."""
        return f"{self.url}{classic_path(repository, self._automation(repository))}"

    def push(
        self,
        repository: str,
        tag: str,
        *,
        pusher: str = "",
        platforms: Sequence[str] | None = None,
        sizes: int | Sequence[int] | None = None,
        images: Sequence[Image] | None = None,
        digest: str | None = None,
        media_type: str | None = None,
        at: datetime | None = None,
        webhooks: Announcement | None = None,
    ) -> Tag:
        """Push to a tag, and tell those who registered a webhook; returns before they are told.

        Args:
            repository: `namespace/name`.
            tag: The name, new or old.
            pusher: A user name; empty takes the namespace.
            platforms: What was built, such as `linux/arm64/v8`; None: what the tag has now, or linux/amd64.
            sizes: Compressed bytes, of all platforms or of each; None: as large as they were.
            images: What is pushed instead of a new build: images that are known.
            digest: Of the index, or of the only manifest. One that the repository knows brings its images back, as in a
                rollback; None gives a new one to a new build.
            media_type: Of what the tag names, for what is no image, such as `application/vnd.cncf.helm.config.v1+json`.
            at: Time of the push; None is now. Its webhooks come from now on all the same.
            webhooks: How it is told; None: as `announcement` says.

        Returns:
            The tag as it is in the end.

        Raises:
            KeyError: There is no such repository.
            ImmutableTagError: The tag exists and a rule protects it.
            ValueError: A platform is none, or there is not one size for each.
        """
        with self.state.lock:
            now = self.clock()
            found = self.state.repository(repository)
            if images is None and digest is not None:
                images = found.known_images(digest)
            if images is None:
                images = built_images(self.state, found, tag, platforms=platforms, sizes=sizes, at=at or now)
            undertaking = Undertaking(
                repository=found,
                tag=tag,
                images=images,
                before=found.tags[tag].images if tag in found.tags else (),
                digest=digest,
                media_type=media_type,
                pusher=pusher,
                at=at or now,
                now=now,
                lag=timedelta(seconds=self.lag_seconds),
                announcement=webhooks or self.announcement,
            )
            pieces = carry_out(self.state, undertaking)
            letters = list(letters_about(undertaking, pieces, self.unknowns))
        self.webhooks.send(letters)
        return pieces[-1]

    def set_tokens_active(self, *, is_active: bool) -> None:
        """Let every access token expire, with all bearers made from it, or be good again."""
        with self.state.lock:
            for personal in self.state.personal_tokens.values():
                personal.is_active = is_active
            for of_organization in self.state.organization_tokens.values():
                of_organization.is_active = is_active
        if not is_active:
            self._office.end_sessions()

    def start(self) -> Self:
        """Begin to answer, in background threads."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Close every connection and wait for all threads."""
        self.builds.stop()
        self.webhooks.stop()
        self._server.stop()

    def _answer(self, request: Request) -> Answer:
        self._server.pause(self.latency_seconds)
        fault = self.faults.take(request.method, request.path)
        if fault is not None and fault.kind == "slow":
            self._server.pause(fault.seconds)
        caller = self._caller(request)
        with self.state.lock:
            self.builds.advance()
            answer = self._answer_under(fault, self._call(request, caller, fault))
        self._record(request, caller, answer)
        if fault is not None and fault.kind == "hang":
            self._server.pause(fault.seconds)
        return answer

    def _automation(self, repository: str) -> Automation:
        automation = self.state.repository(repository).automation
        if automation is None:
            raise ValueError(f"{repository} is not set up for builds")
        return automation

    def _caller(self, request: Request) -> Caller:
        if request.path == TOKEN_PATH:
            return ANONYMOUS  # No bearer is expected here; Basic credentials are the token service's own business.
        audience: Audience = "registry" if is_registry_path(request.path) else "hub"
        return self._office.identify(request.headers.get("authorization"), audience)

    def _call(self, request: Request, caller: Caller, fault: Fault | None) -> Call:
        has_own_limit = caller.is_logged_in and self.unknowns.authenticated_limit == "higher"
        return Call(
            request=request,
            state=self.state,
            unknowns=self.unknowns,
            caller=caller,
            office=self._office,
            builds=self.builds,
            scout=self.scout,
            now=self.clock(),
            public_origin=self._public_origin or self.url,
            own_origin=self.url,
            token_lifetime_seconds=self._token_lifetime_seconds,
            rate_limit=self._limits[has_own_limit],
            page_fault=fault,
        )

    def _answer_under(self, fault: Fault | None, call: Call) -> Answer:
        if fault is None:
            return self._right_answer(call)
        return replaced_answer(fault, call) or damaged_answer(fault, self._right_answer(call))

    def _right_answer(self, call: Call) -> Answer:
        if is_registry_path(call.request.path):
            return answer_registry(call, self._pull_limiter)
        if call.request.path == SCOUT_PATH:
            return answer_scout(call)  # Another service: its limits are not known, and the API's are not spent.
        return dispatch(call) if is_trigger_path(call.request.path) else self._limited(call)

    def _limited(self, call: Call) -> Answer:
        """Answer for the API: count the call, refuse it or let it through, and tell the budget either way."""
        if call.caller.is_logged_in and self.unknowns.authenticated_limit == "no_headers":
            return dispatch(call)
        client = call.caller.name if call.caller.is_logged_in else call.request.client_ip
        budget = self._api_limiter.spend(client, call.rate_limit)
        if budget.is_exceeded:
            return too_many_requests(budget, retry_headers(self.unknowns.retry_after, budget.reset_at, call.now))
        answer = dispatch(call)
        return replace(answer, headers={**api_headers(budget), **answer.headers})

    def _record(self, request: Request, caller: Caller, answer: Answer) -> None:
        record = RecordedRequest(
            request.method,
            request.path,
            request.query,
            request.headers,
            request.body,
            None if answer.delivery == "reset" else answer.status,
            self.clock(),
            caller.kind,
        )
        self._requests.add(record)


def _seeded_state(now: datetime) -> HubState:
    state = HubState()
    seed_acme(state, now)
    return state
