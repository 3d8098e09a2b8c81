"""The parts that commands use, put together from the settings: the same for Slack and for a terminal."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pydantic import SecretStr
from sqlalchemy import Connection

from bot.builds.executing import KIND as TRIGGER
from bot.builds.executing import BuildExecutor
from bot.builds.model import ProviderKind, Setup
from bot.builds.providers import all_providers
from bot.builds.providers.provider import Provider
from bot.builds.service import Builds
from bot.builds.setups import Setups
from bot.clock import Clock
from bot.configuration import Configuration
from bot.digest import rows
from bot.digest.knowledge import Knowledge, Tell
from bot.digest.parts import all_parts
from bot.digest.service import Digests
from bot.digest.watched import last_told_at, watched
from bot.digest.zones import zone_of_person
from bot.doctor.checks import checks_of
from bot.doctor.examination import Doctor
from bot.doctor.patient import Patient
from bot.document import Document
from bot.egress.client import EgressClient
from bot.egress.hosts import AllowedHosts
from bot.errors import ConfigError, UserError
from bot.fleet.bases import Bases
from bot.fleet.contents import Contents
from bot.fleet.deleting import KIND as DELETE_TAGS
from bot.fleet.deleting import DeletingExecutor, TagDeletion
from bot.fleet.looking import StaleImages
from bot.fleet.model import Scope
from bot.fleet.rules import StaleRules
from bot.fleet.service import Fleet
from bot.fleet.vulnerabilities.choosing import Choosing, Mode
from bot.fleet.vulnerabilities.model import VulnerabilitySource
from bot.fleet.vulnerabilities.refreshing import VulnerabilityLoop
from bot.fleet.vulnerabilities.sbom import OsvSource
from bot.fleet.vulnerabilities.scanner import ScannerSource
from bot.fleet.vulnerabilities.scout import ScoutSource
from bot.fleet.vulnerabilities.service import Vulnerabilities
from bot.governance import access as rights
from bot.governance.access import Access, read_grants
from bot.governance.executors import Executor
from bot.governance.governance import Governance
from bot.governance.roles import Policy, Roles
from bot.governance.trail import Trail
from bot.governance.vault import Vault
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.images import RepositoryName
from bot.jobs.service import Jobs
from bot.organization.executing import organization_executors
from bot.pushes.intake import Intake
from bot.pushes.ledger import Ledger
from bot.pushes.payload import Push
from bot.pushes.service import Pushes
from bot.pushes.subscribing import Post, Subscribing, Update
from bot.pushes.webhook_setup import Receiver
from bot.settings import Settings
from bot.slack.client import Posted, SlackClient
from bot.slack.links import MessageLinks
from bot.store.base import Store
from bot.store.workspaces import HOME
from bot.web.courier import Courier
from bot.web.home import HomePage
from bot.web.home_page import DigestWords, make_page
from bot.web.home_team import HomeTeam
from bot.web.outgoing import outgoing

_SECONDS_FOR_DIGEST = 10.0
"""How long somebody who sets a digest waits for what is not known of vulnerabilities yet."""


@dataclass(frozen=True)
class Parts:
    """What commands may use where there is a database.

    Attributes:
        policy: Who was named in the settings.
        roles: Who is what.
        vault: Keeps secrets.
        pushes: Subscribes channels, and knows what became of pushes.
        builds: Knows who builds what, for people who wait.
        patient_builds: The same for work that comes back by itself.
        governance: Knows the rules under which anything is changed.
        access: Knows who has which right.
        trail: Reads the audit trail.
        fleet: Knows repositories and tags.
        stale_rules: Knows from which age on images are stale.
        stale_images: Finds them.
        vulnerabilities: Knows those of images.
        scanner: The external one, of which one runs at a time; None: there is none.
        digests: Sets and shows digests.
        jobs: Knows the long work that is done in the background.
    """

    policy: Policy
    roles: Roles
    vault: Vault
    pushes: Pushes
    builds: Builds
    patient_builds: Builds
    governance: Governance
    access: Access
    trail: Trail
    fleet: Fleet
    stale_rules: StaleRules
    stale_images: StaleImages
    vulnerabilities: Vulnerabilities
    scanner: ScannerSource | None
    digests: Digests
    jobs: Jobs


def assemble(
    settings: Settings,
    configuration: Configuration,
    store: Store,
    hub: HubClient,
    slack: SlackClient,
    *,
    clock: Clock,
    on_decided: Callable[[], None] = lambda: None,
) -> Parts:
    """Put the parts together; nothing is sent, nor asked of the database.

    Args:
        settings: What was said from outside.
        configuration: What the configuration file says.
        store: Where everything is kept.
        hub: Docker Hub.
        slack: Slack.
        clock: The time.
        on_decided: Called when somebody has decided on a change.

    Raises:
        ConfigError: A secret that the configuration file points at cannot be read, or what it says of builds cannot be
            used.
    """
    policy, roles = _policy(settings), _roles(settings, store, slack, clock)
    vault = Vault(store, settings.secret_key)
    egress = _egress(settings)
    providers = all_providers(egress, hub, clock)
    setups = Setups(store, vault, _builds_of(configuration, providers))
    fleet = Fleet(store, hub, clock, own_namespaces=settings.own_namespaces)
    stale_rules = StaleRules(store, configuration.stale.configured())
    bases = Bases(store, fleet, Contents(store, hub), stale_rules)
    scanner = _scanner(settings, clock)
    vulnerabilities = _vulnerabilities(settings, store, hub, clock, scanner)
    executors: dict[str, Executor] = {
        TRIGGER: BuildExecutor(setups, providers),
        DELETE_TAGS: DeletingExecutor(),
        **organization_executors(hub),
        **rights.executors(policy, roles.forget),
    }
    return Parts(
        policy=policy,
        roles=roles,
        vault=vault,
        pushes=_pushes(settings, store, slack, clock),
        builds=Builds(store, setups, providers, is_protected=configuration.policy.protects),
        patient_builds=Builds(store, setups, all_providers(egress, hub.once(), clock)),
        governance=Governance(
            store,
            executors,
            configuration.policy,
            role_of=roles.resolve_afresh,
            admins=roles.admins,
            one_look=roles.one_look,
            on_decided=on_decided,
        ),
        access=Access(store, roles, policy),
        trail=Trail(store),
        fleet=fleet,
        stale_rules=stale_rules,
        stale_images=StaleImages(store, fleet, stale_rules, bases),
        vulnerabilities=vulnerabilities,
        scanner=scanner,
        digests=_digests(
            configuration, store, slack, clock, stale_rules=stale_rules, fleet=fleet, vulnerabilities=vulnerabilities
        ),
        jobs=Jobs(store, {DELETE_TAGS: TagDeletion(hub, clock, configuration.policy.tags)}, clock),
    )


def build_hub(settings: Settings, clock: Clock, credentials: Credentials | None = None) -> HubClient:
    """Return the Docker Hub client.

    Args:
        settings: Where the services are.
        clock: The time.
        credentials: What it may use; None: everything that the settings hold.
    """
    urls = HubUrls(
        hub=settings.dockerhub_url,
        registry=settings.docker_registry_url,
        auth=settings.docker_auth_url,
        osv=settings.osv_url,
        scout=settings.docker_scout_url,
    )
    everything = Credentials.from_values(
        username=settings.dockerhub_username,
        token=settings.dockerhub_token,
        password=settings.dockerhub_password,
        organization_tokens=settings.dockerhub_org_tokens,
    )
    return HubClient(urls, everything if credentials is None else credentials, clock)


def build_doctor(
    settings: Settings, opened: Callable[[], AbstractContextManager[Store]], slack: SlackClient, clock: Clock
) -> Doctor:
    """Return what looks at how everything is; nothing is sent yet.

    Args:
        settings: What was said from outside.
        opened: Gives the database for a while.
        slack: Slack.
        clock: The time.
    """

    def admins() -> frozenset[str]:
        with opened() as store:
            return _roles(settings, store, slack, clock).admins()

    patient = Patient(
        settings=settings,
        clock=clock,
        slack=slack,
        hub_of=lambda credentials: build_hub(settings, clock, credentials),
        egress=_egress(settings),
        store=opened,
        admins=admins,
    )
    return Doctor(checks_of(patient))


def watched_images(settings: Settings, store: Store) -> Scope:
    """Return the images that are looked at in the background: of our namespaces, and those that a digest is about.

    Raises:
        StoreUnavailableError: The database is away.
    """
    of_digests = watched(store)
    namespaces = dict.fromkeys((*settings.own_namespaces, *of_digests.namespaces))
    return Scope(tuple(namespaces), of_digests.images)


def build_home(settings: Settings, parts: Parts, store: Store) -> HomePage:
    """Return what says on the Home tab how things are; the arguments are those of `assemble`."""
    namespaces = settings.own_namespaces

    def digests(connection: Connection) -> Iterator[DigestWords]:
        for each in rows.listed(connection, HOME):
            # What is due at the very end of a pause, or later, comes.
            is_paused = each.paused_until is not None and each.paused_until > each.due.at
            words = f"{each.wish.name}, {each.wish.schedule}"
            yield DigestWords(each.wish.channel, words, None if is_paused else each.due.at, each.created_by)

    return make_page(store, parts.digests.knowledge.parts, Scope(namespaces), lambda found: tuple(digests(found)))


def build_refreshing(settings: Settings, parts: Parts, store: Store, hub: HubClient, clock: Clock) -> VulnerabilityLoop:
    """Return what looks for vulnerabilities in the background; the arguments are those of `assemble`."""
    sources = _sources(store, hub.background(), hub.once(), clock, parts.scanner)
    return VulnerabilityLoop(
        store,
        parts.vulnerabilities.choosing.with_sources(sources),
        clock,
        scopes=lambda: watched_images(settings, store),
        contents=Contents(store, hub.once()),
        on_stop=parts.scanner.stop if parts.scanner else lambda: None,
    )


def _vulnerabilities(
    settings: Settings, store: Store, hub: HubClient, clock: Clock, scanner: ScannerSource | None
) -> Vulnerabilities:
    sources = _sources(store, hub, hub, clock, scanner)
    return Vulnerabilities(
        store,
        Choosing(Mode(settings.vulnerabilities), sources, clock),
        clock,
        watched=lambda: watched_images(settings, store),
        last_digest=partial(last_told_at, store),
    )


def _scanner(settings: Settings, clock: Clock) -> ScannerSource | None:
    if settings.scanner is None:
        return None
    try:
        return ScannerSource(settings.scanner, clock)
    except ConfigError as error:
        raise ConfigError([f"HUB_BOT_SCANNER: {problem}" for problem in error.problems]) from error


def _sources(
    store: Store, hub: HubClient, registry: HubClient, clock: Clock, scanner: ScannerSource | None
) -> tuple[VulnerabilitySource, ...]:
    """Return who knows vulnerabilities. Pulls that a registry refuses are not waited for: `registry` may say so."""
    scout, osv = ScoutSource(hub, clock), OsvSource(Contents(store, registry), hub.osv, clock)
    return (scout, scanner, osv) if scanner else (scout, osv)


def _policy(settings: Settings) -> Policy:
    return Policy(frozenset(settings.admins), frozenset(settings.operators))


def _roles(settings: Settings, store: Store, slack: SlackClient, clock: Clock) -> Roles:
    return Roles(
        _policy(settings),
        slack,
        home_team=HomeTeam(slack, configured=settings.home_team),
        monotonic=clock.monotonic,
        grants=lambda: read_grants(store),
    )


def _egress(settings: Settings) -> EgressClient:
    return EgressClient(AllowedHosts(docker_hub=settings.dockerhub_url, named=settings.allowed_hosts))


def _builds_of(
    configuration: Configuration, providers: Mapping[ProviderKind, Provider]
) -> dict[str, tuple[Setup, SecretStr]]:
    found = {table.repository: table.read() for table in configuration.builds}
    problems = []
    for repository, (setup, secret) in found.items():
        try:
            providers[setup.provider].check(setup, secret)
        except UserError as error:
            problems.append(f"HUB_BOT_CONFIG: builds of `{repository}`: {error}")
    if problems:
        raise ConfigError(problems)
    return found


def _pushes(settings: Settings, store: Store, slack: SlackClient, clock: Clock) -> Pushes:
    post, update = _speaking(slack, clock)
    intake = Intake(store)

    def send_test(channel: str, repository: RepositoryName, tag: str) -> None:
        intake.take_test(Push(repository, tag, clock.now()), channel=channel)

    secrets = settings.webhook_secret
    subscribing = Subscribing(
        store,
        HOME,
        namespaces=settings.own_namespaces,
        receiver=Receiver(settings.public_url, secrets[0] if secrets else None),
        post=post,
        update=update,
        send_test=send_test,
    )
    return Pushes(subscribing=subscribing, ledger=Ledger(store, link=MessageLinks(slack)))


def _digests(
    configuration: Configuration,
    store: Store,
    slack: SlackClient,
    clock: Clock,
    *,
    stale_rules: StaleRules,
    fleet: Fleet,
    vulnerabilities: Vulnerabilities,
) -> Digests:
    post, update = _speaking(slack, clock)

    def is_fresh(scope: Scope, since: datetime) -> bool:
        if not fleet.is_fresh(scope, since):
            return False
        with store.read() as connection:
            return vulnerabilities.is_fresh(connection, scope, store.now(connection))

    def ask(scope: Scope) -> None:
        fleet.hasten(scope)
        vulnerabilities.hasten(scope)

    def look(scope: Scope, hub: HubClient, tell: Tell) -> None:
        fleet.look(scope, hub=hub, progress=tell)
        if not vulnerabilities.is_off:
            tags, _ = vulnerabilities.standing_for(scope)
            vulnerabilities.look(tags, seconds=_SECONDS_FOR_DIGEST, progress=tell)

    parts = all_parts(stale_rules.limits, configuration.thresholds.of, has_vulnerabilities=not vulnerabilities.is_off)
    knowledge = Knowledge(parts, is_fresh, ask=ask, look=look)
    return Digests(store, knowledge, post=post, update=update, zone_of_person=partial(zone_of_person, slack))


def _speaking(slack: SlackClient, clock: Clock) -> tuple[Post, Update]:
    """Return what says something in a channel, as the bot, and what says something else in its place."""
    courier = Courier(slack, clock)

    def post(channel: str, document: Document) -> Posted:
        said = outgoing(document)
        return courier.post(channel, said.message, said.plain)

    def update(posted: Posted, document: Document) -> None:
        said = outgoing(document)
        courier.update(posted.channel, posted.ts, said.message, said.plain)

    return post, update
