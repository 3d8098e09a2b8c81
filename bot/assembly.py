"""The parts that commands use, put together from the settings: the same for Slack and for a terminal."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from pydantic import SecretStr

from bot.builds.executing import KIND as TRIGGER
from bot.builds.executing import BuildExecutor
from bot.builds.model import ProviderKind, Setup
from bot.builds.providers import all_providers
from bot.builds.providers.provider import Provider
from bot.builds.service import Builds
from bot.builds.setups import Setups
from bot.clock import Clock
from bot.configuration import Configuration
from bot.doctor.checks import checks_of
from bot.doctor.examination import Doctor
from bot.doctor.patient import Patient
from bot.document import Document
from bot.egress.client import EgressClient
from bot.egress.hosts import AllowedHosts
from bot.errors import ConfigError, UserError
from bot.governance import access as rights
from bot.governance.access import Access, read_grants
from bot.governance.governance import Governance
from bot.governance.roles import Policy, Roles
from bot.governance.trail import Trail
from bot.governance.vault import Vault
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.images import RepositoryName
from bot.organization.executing import organization_executors
from bot.pushes.intake import Intake
from bot.pushes.ledger import Ledger
from bot.pushes.payload import Push
from bot.pushes.service import Pushes
from bot.pushes.subscribing import Subscribing
from bot.pushes.webhook_setup import Receiver
from bot.settings import Settings
from bot.slack.client import Posted, SlackClient
from bot.slack.links import MessageLinks
from bot.store.base import Store
from bot.store.workspaces import HOME
from bot.web.courier import Courier
from bot.web.home_team import HomeTeam
from bot.web.outgoing import outgoing


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
    executors = {
        TRIGGER: BuildExecutor(setups, providers),
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
    )


def build_hub(settings: Settings, clock: Clock, credentials: Credentials | None = None) -> HubClient:
    """Return the Docker Hub client.

    Args:
        settings: Where the services are.
        clock: The time.
        credentials: What it may use; None: everything that the settings hold.
    """
    urls = HubUrls(hub=settings.dockerhub_url, registry=settings.docker_registry_url, auth=settings.docker_auth_url)
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
    courier = Courier(slack, clock)
    intake = Intake(store)

    def post(channel: str, document: Document) -> Posted:
        said = outgoing(document)
        return courier.post(channel, said.message, said.plain)

    def update(posted: Posted, document: Document) -> None:
        said = outgoing(document)
        courier.update(posted.channel, posted.ts, said.message, said.plain)

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
