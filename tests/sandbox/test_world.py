"""What a bot that lives in the sandbox is given: people, credentials and secrets that fit together."""

from collections.abc import Iterator

import pytest
import requests
from cryptography.fernet import Fernet

from bot.configuration import parse
from bot.sandbox.sandbox import INES, Sandbox
from bot.sandbox.slack import seed


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed.manifest_for(None)) as sandbox:
        yield sandbox


def test_two_admins_can_approve_what_the_other_asks_for(sandbox: Sandbox) -> None:
    people = sandbox.slack.state.people
    admins = sandbox.environment()["HUB_BOT_ADMINS"].split(",")

    assert admins == [seed.ANA, INES]
    assert {people[each].role for each in admins} == {"admin"}
    assert {each.role for each in people.values()} >= {"operator", "member", "guest", "stranger"}


def test_the_admins_meet_in_every_channel_of_their_own(sandbox: Sandbox) -> None:
    channels = sandbox.slack.state.conversations.values()

    assert [each.id for each in channels if each.members >= {seed.ANA, INES}] == [
        seed.GENERAL, seed.DEPLOYS, seed.RANDOM, seed.ATTIC, seed.CREW,
    ]  # fmt: skip


def test_operators_are_a_group_that_there_is(sandbox: Sandbox) -> None:
    group = sandbox.slack.state.usergroups[sandbox.environment()["HUB_BOT_OPERATORS"]]

    assert group.users == [seed.OMAR]


def test_everybody_of_the_workspace_can_be_on_the_page(sandbox: Sandbox) -> None:
    people = requests.get(f"{sandbox.page.url}/state?as={INES}&after=0", timeout=5).json()["people"]

    who = {each["id"]: each["role"] for each in people if each["can_act"]}
    assert who == {
        seed.ANA: "admin",
        INES: "admin",
        seed.OMAR: "operator",
        seed.MIA: "member",
        seed.GUS: "guest",
        seed.STEF: "stranger",
    }


def test_the_secret_key_encrypts(sandbox: Sandbox) -> None:
    fernet = Fernet(sandbox.environment()["HUB_BOT_SECRET_KEY"])

    assert fernet.decrypt(fernet.encrypt(b"a token")) == b"a token"


def test_the_organizations_token_manages_the_organization(sandbox: Sandbox) -> None:
    organization, _, secret = sandbox.environment()["DOCKERHUB_ORG_TOKENS"].partition("=")
    login = {"identifier": organization, "secret": secret}
    bearer = requests.post(f"{sandbox.hub.url}/v2/auth/token", json=login, timeout=5).json()["access_token"]
    headers = {"Authorization": f"Bearer {bearer}"}

    paths = [f"/v2/orgs/{organization}/{what}" for what in ("members", "groups", "invites")]

    answers = [requests.get(f"{sandbox.hub.url}{path}", headers=headers, timeout=5).status_code for path in paths]
    assert answers == [200, 200, 200]


def test_the_configuration_is_one_of_the_bots_and_its_triggers_work(sandbox: Sandbox) -> None:
    configuration = parse(sandbox.configuration())

    assert configuration.protected.repositories == ("acme/billing",)
    (digest,) = configuration.digests
    assert (digest.channel, str(digest.at), digest.namespaces) == (seed.DEPLOYS, "09:00:00", ("acme",))
    triggers = {table.repository: table.read()[1].get_secret_value() for table in configuration.builds}
    assert list(triggers) == ["acme/api", "acme/billing"]
    assert [requests.post(url, json={}, timeout=5).status_code for url in triggers.values()] == [202, 202]
