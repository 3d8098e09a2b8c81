"""The composition root: settings in, a wired application out. The only module that sees everything."""

import getpass
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import replace
from functools import partial

from pydantic import SecretStr

from bot import __version__
from bot.assembly import (
    Parts,
    assemble,
    build_doctor,
    build_home,
    build_hub,
    build_refreshing,
    watched_images,
)
from bot.builds.following import Follower
from bot.builds.watching import Listener, Watcher
from bot.builds.writers import WRITERS as BUILD_WRITERS
from bot.chat.command import Context
from bot.chat.place import Place
from bot.chat.router import Router
from bot.clock import Clock, SystemClock
from bot.configuration import Configuration, load
from bot.digest.closed import tell_owners
from bot.digest.loop import DigestLoop
from bot.digest.writers import WRITERS as DIGEST_WRITERS
from bot.errors import ConfigError, UserError
from bot.fleet.loop import FleetLoop
from bot.fleet.model import Scope
from bot.followed_clock import FollowedClock
from bot.governance.cards import KIND as APPROVAL
from bot.governance.cards import ApprovalWriter
from bot.governance.loop import ChangeLoop
from bot.governance.roles import Role
from bot.hub.client import HubClient
from bot.jobs.loop import JobLoop
from bot.jobs.writers import WRITERS as JOB_WRITERS
from bot.loops import Loop, Loops
from bot.outbox.dispatcher import Dispatcher
from bot.outbox.notes import KIND as NOTE
from bot.outbox.notes import NoteWriter
from bot.outbox.worker import LaneWorker
from bot.outbox.writers import Writer
from bot.progress import Progress
from bot.pushes import as_code
from bot.pushes.build_listeners import build_listeners
from bot.pushes.channels import Channels
from bot.pushes.engine import WRITERS as PUSH_WRITERS
from bot.pushes.engine import PushEngine
from bot.pushes.intake import Intake
from bot.settings import Settings
from bot.slack.client import SlackClient
from bot.slack.manifest import COMMAND
from bot.slack.response_url import ResponseUrls
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.errors import StoreUnavailableError
from bot.store.migrations import upgrade
from bot.store.workspaces import HOME
from bot.terminal import Terminal, make_console
from bot.web.audience import Audience, Audiences
from bot.web.front import SlackFront
from bot.web.health import Check, Health, requires
from bot.web.routes import build_routes
from bot.web.server import WebServer
from bot.web.socket_mode import SocketModeConnection
from bot.web.webhooks import DockerHubWebhooks
from commands import COMMANDS

logger = logging.getLogger(__name__)

# Together under ten seconds, which is what platforms give a program before they kill it.
WEB_STOP_SECONDS = 1.0
WORK_STOP_SECONDS = 5.0
LOOPS_STOP_SECONDS = 2.5
# A worker that computes may keep the interpreter to itself for this long before an acknowledgement gets its turn.
# Python's own 5 ms would be half of what a person at the other end has to spare under load.
SWITCH_INTERVAL_SECONDS = 0.001
FAILED_EXIT_STATUS, SETTINGS_EXIT_STATUS = 1, 2


class Application:
    """The bot, ready to serve.

    Args:
        settings: Complete for Slack, see `Settings.missing_for_slack`.
        clock: The time.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        configuration = _configuration(settings)
        self._hub = build_hub(settings, clock)
        self._slack = SlackClient(_value(settings.slack_bot_token), settings.slack_api_url)
        self._store = _open_store(settings, clock, exclusive=True)
        self._intake = Intake(self._store)
        self._dispatcher = self._build_dispatcher()
        self._parts = assemble(
            settings,
            configuration,
            self._store,
            self._hub,
            self._slack,
            clock=clock,
            on_decided=lambda: self._changes.wake(),  # noqa: PLW0108 - There is no such loop before this.
        )
        self._doctor = build_doctor(settings, lambda: nullcontext(self._store), self._slack, clock)
        self._changes = ChangeLoop(self._parts.governance)
        self._wanted = configuration.subscriptions
        self._wanted_digests = configuration.digests
        engine = PushEngine(
            self._store,
            self._hub,
            self._slack,
            clock,
            intake=self._intake,
            after_commit=self._dispatcher.wake,
            namespaces=settings.own_namespaces,
            has_webhooks=bool(settings.webhook_secret),
            thresholds=configuration.thresholds.of,
        )
        self._lookout = engine.lookout
        self._loops = Loops({**engine.loops, **self._build_loops(), "deliveries": self._dispatcher})
        self._audiences = Audiences(self._slack, has_private_data=settings.has_dockerhub_credential)
        self._front = SlackFront(
            router=Router(COMMANDS),
            roles=self._parts.roles,
            policy=self._parts.policy,
            client=self._slack,
            urls=ResponseUrls(settings.slack_api_url),
            make_context=self._context,
            has_private_data=settings.has_dockerhub_credential,
            clock=clock,
            store=self._store,
            channels=Channels(self._store),
            governance=self._parts.governance,
            jobs=self._parts.jobs,
            home=build_home(settings, self._parts, self._store),
        )
        self._socket = self._build_socket()
        self._health = Health(self._checks())
        is_http = settings.slack_signing_secret is not None
        requests = self._front.http(_value(settings.slack_signing_secret)) if is_http else None
        self._server = WebServer(build_routes(self._health, requests, self._webhooks()), settings.host, settings.port)

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return self._server.port

    def start(self) -> None:
        """Serve, and return.

        Raises:
            ConfigError: The address cannot be listened on, or the database cannot be used.
            StoreUnavailableError: The database is away.
        """
        upgrade(self._store)
        if not self._store.is_shared:
            self._parts.governance.orphan()
            self._parts.fleet.orphan()
        followed = as_code.follow_file(self._parts.pushes.subscribing.subscriptions, self._wanted)
        if not followed.is_empty:
            counts = {name: len(getattr(followed, name)) for name in ("added", "changed", "removed")}
            logger.info("subscriptions_follow_file", extra=counts)
        put = self._parts.digests.follow_file(self._wanted_digests, _default_namespace(self._settings))
        if put:
            logger.info("digests_follow_file", extra={"changed": len(put)})
        self._loops.start()
        self._health.start()
        try:
            self._server.start()  # When it answers, everything else is at work.
        except ConfigError:
            self.stop()
            raise
        if self._socket:
            self._socket.start()
        mode = "socket_mode" if self._socket else "http"
        logger.info("bot_started", extra={"version": __version__, "slack": mode, "port": self.port})

    def stop(self) -> None:
        """Take nothing new, let running commands finish or say that they could not, and close; under ten seconds."""
        if self._socket:
            self._socket.stop()
        self._server.stop(WEB_STOP_SECONDS)
        self._front.stop(WORK_STOP_SECONDS)
        self._loops.stop(LOOPS_STOP_SECONDS)
        self._health.stop()
        self._hub.close()
        self._store.close()
        logger.info("bot_stopped")

    def _build_dispatcher(self) -> Dispatcher:
        own: dict[str, Writer] = {APPROVAL: ApprovalWriter(), NOTE: NoteWriter()}
        writers = {**PUSH_WRITERS, **BUILD_WRITERS, **JOB_WRITERS, **DIGEST_WRITERS, **own}
        worker = LaneWorker(self._store, self._slack, writers, self._clock, on_suspended=tell_owners)
        return Dispatcher(self._store, worker, self._clock)

    def _build_loops(self) -> dict[str, Loop]:
        builds, store = self._parts.patient_builds, self._store

        def listeners() -> Mapping[str, Sequence[Listener]]:
            return build_listeners(store, HOME, (kept.setup.repository for kept in builds.setups.all()))

        wake = self._dispatcher.wake
        knowledge = self._parts.digests.knowledge
        vulnerabilities = build_refreshing(self._settings, self._parts, store, self._hub, self._clock)

        def ask(scope: Scope) -> None:
            knowledge.ask(scope)
            vulnerabilities.wake()

        return {
            "changes": self._changes,
            "builds": Follower(store, builds, self._hub, after_commit=wake),
            "build_watches": Watcher(store, builds, listeners, after_commit=wake),
            "digests": DigestLoop(
                store, replace(knowledge, ask=ask), is_read_outside=self._is_read_outside, after_commit=wake
            ),
            "fleet": FleetLoop(
                self._parts.fleet,
                self._hub,
                self._clock,
                partial(watched_images, self._settings, store),
                after_look=vulnerabilities.wake,
            ),
            "vulnerabilities": vulnerabilities,
            "jobs": JobLoop(store, self._parts.jobs.kinds, self._clock, after_commit=wake),
        }

    def _build_socket(self) -> SocketModeConnection | None:
        if not self._settings.uses_socket_mode:
            return None
        return SocketModeConnection(
            self._front.app, app_token=_value(self._settings.slack_app_token), base_url=self._settings.slack_api_url
        )

    def _webhooks(self) -> DockerHubWebhooks | None:
        secrets = [secret.get_secret_value() for secret in self._settings.webhook_secret]
        if not secrets:
            return None
        return DockerHubWebhooks(self._intake, secrets, on_lost=self._lookout.look_now)

    def _context(self, role: Role, progress: Callable[[Progress | str], None], place: Place) -> Context:
        base = _context(self._settings, self._hub, self._clock, self._parts, role=role)
        return replace(base, progress=progress, place=place, kept_back_from=self._kept_back_from, doctor=self._doctor)

    def _kept_back_from(self, channel: str) -> str:
        return self._audiences.of(channel).value

    def _is_read_outside(self, channel: str) -> bool:
        return self._audiences.of(channel) is Audience.OTHERS

    def _checks(self) -> Sequence[Check]:
        outside = [
            Check("slack", self._slack.auth_test),
            Check("docker_hub", self._hub.rate_limits.get),
        ]
        if self._socket:
            connected = requires(lambda: bool(self._socket and self._socket.is_connected), "Slack is not connected.")
            outside.append(Check("socket_mode", connected))
        own = [Check("database", self._store.check, is_outside=False)]
        for name, loop in self._loops.by_name.items():
            own.append(
                Check(name, requires(partial(getattr, loop, "is_alive"), f"{name} has ended."), is_outside=False)
            )
        return [*self._front.checks(), *own, *outside]


def serve_forever(settings: Settings) -> int:
    """Run the bot until the process is told to stop (SIGTERM, SIGINT).

    Returns:
        The exit status: 0 after an orderly stop, 1 when the database is away at the start, 2 when the settings name an
        address or a database that cannot be used.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        with _clock(settings) as clock:
            application = Application(settings, clock)
            application.start()
            stopping.wait()
            application.stop()
    except (ConfigError, StoreUnavailableError) as error:
        logger.error("bot_not_started", extra={"reason": str(error)})  # noqa: TRY400 - The sentence says it all.
        return SETTINGS_EXIT_STATUS if isinstance(error, ConfigError) else FAILED_EXIT_STATUS
    return 0


def _open_store(settings: Settings, clock: Clock, *, exclusive: bool) -> Store:
    played = clock.now if settings.clock is not None else None
    return open_store(_value(settings.database_url), exclusive=exclusive, now=played)


def _configuration(settings: Settings) -> Configuration:
    return load(settings.config) if settings.config else Configuration()


@contextmanager
def _clock(settings: Settings) -> Iterator[Clock]:
    if settings.clock is None:
        yield SystemClock()
        return
    clock = FollowedClock(settings.clock)
    clock.start()
    try:
        yield clock
    finally:
        clock.stop()


def run_in_terminal(settings: Settings, words: Sequence[str], *, as_json: bool) -> int:
    """Run one command in this terminal and return its exit status.

    Whoever can start the program with these settings owns them, and so has every right.

    Raises:
        ConfigError: The settings name a clock that tells no time.
    """
    # Help and messages write commands as they are typed in Slack; what is copied from there should work here.
    said = words[1:] if words and words[0] == COMMAND else words
    router = Router(COMMANDS)
    with _clock(settings) as clock, closing(build_hub(settings, clock)) as hub, ExitStack() as closing_store:
        slack = SlackClient(_value(settings.slack_bot_token), settings.slack_api_url)

        def opened() -> AbstractContextManager[Store]:
            return closing(_open_store(settings, clock, exclusive=False))

        parts = None
        if _uses_store(router, said):
            store = closing_store.enter_context(opened())
            upgrade(store)
            parts = assemble(settings, _configuration(settings), store, hub, slack, clock=clock)
        context = _context(settings, hub, clock, parts, role=Role.ADMIN)
        context = replace(context, doctor=build_doctor(settings, opened, slack, clock))
        terminal = Terminal(router, output=make_console(), errors=make_console(to_errors=True))
        return terminal.run(said, context, as_json=as_json)


def _uses_store(router: Router, words: Sequence[str]) -> bool:
    """Tell whether a command needs the database, which the others should not have to wait for, nor make."""
    try:
        return router.parse_words(words).command.uses_store
    except UserError:
        return False


def _context(settings: Settings, hub: HubClient, clock: Clock, parts: Parts | None, *, role: Role) -> Context:
    context = Context(
        hub=hub,
        clock=clock,
        default_namespace=_default_namespace(settings),
        own_namespaces=settings.own_namespaces,
        role=role,
        machine_user=_machine_user(),
    )
    if parts is None:
        return context
    return replace(
        context,
        pushes=parts.pushes,
        governance=parts.governance,
        builds=parts.builds,
        access=parts.access,
        trail=parts.trail,
        stale_rules=parts.stale_rules,
        stale_images=parts.stale_images,
        fleet=parts.fleet,
        vulnerabilities=parts.vulnerabilities,
        digests=parts.digests,
        jobs=parts.jobs,
    )


def _default_namespace(settings: Settings) -> str | None:
    return settings.namespaces[0] if settings.namespaces else None


def _machine_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # A container's user may have a number and no name.
        return str(os.getuid())


def _value(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
