"""The checks, before a simulated Slack and Docker Hub."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.clock import FrozenClock
from bot.doctor import checks
from bot.doctor.examination import Check, Doctor, Finding, Verdict
from bot.doctor.patient import Patient
from bot.egress.client import EgressClient
from bot.egress.hosts import AllowedHosts
from bot.errors import DeliveryError
from bot.governance.vault import Vault
from bot.hub.client import HubClient, HubUrls
from bot.sandbox.hub import seed as hub_seed
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.slack import seed as slack_seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.settings import Settings
from bot.slack.client import SlackClient
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from tests.egress.servers import Diverted, Server, hanging_up, saying, serving
from tests.support.slack import acme

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
LOST = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WORKS, BROKEN, UNKNOWN, OFF = Verdict.WORKS, Verdict.BROKEN, Verdict.UNKNOWN, Verdict.OFF
SLACK = {"SLACK_BOT_TOKEN": slack_seed.BOT_TOKEN, "SLACK_SIGNING_SECRET": slack_seed.SIGNING_SECRET}

MakePatient = Callable[..., Patient]


@pytest.fixture(scope="module")
def slack() -> Iterator[SlackSimulator]:
    with acme() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def hub() -> Iterator[HubSimulator]:
    with HubSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def front() -> Iterator[Server]:
    """What answers for Docker Hub when it is asked for the time."""
    said = f"HTTP/1.1 404 Not Found\r\nDate: {format_datetime(NOW, usegmt=True)}\r\n\r\n"
    with serving(saying(said.encode())) as server:
        yield server


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    upgrade(store)
    yield store
    store.close()


@pytest.fixture
def make_patient(slack: SlackSimulator, hub: HubSimulator, store: Store, front: Server) -> MakePatient:
    def make(
        environment: Mapping[str, str] | None = None, *, admins: frozenset[str] = frozenset(), **more: Any
    ) -> Patient:
        where = {"DOCKERHUB_URL": hub.url, "SLACK_API_URL": slack.api_url, "HUB_BOT_DATABASE_URL": "sqlite://"}
        settings = Settings.from_environment({**where, **(environment or {})})
        token = settings.slack_bot_token
        patient = {
            "settings": settings,
            "clock": FrozenClock(NOW),
            "slack": SlackClient(token.get_secret_value() if token else "", settings.slack_api_url),
            # On a clock that stands still nobody waits before asking again.
            "hub_of": lambda only: HubClient(HubUrls(hub.url, hub.url, hub.url), only, FrozenClock(NOW)),
            "egress": EgressClient(AllowedHosts(settings.dockerhub_url), connect=Diverted(front)),
            "store": lambda: nullcontext(store),
            "admins": lambda: admins,
        }
        return Patient(**{**patient, **more})

    return make


def examined(patient: Patient) -> dict[str, Finding]:
    return {finding.name: finding for finding in Doctor(checks.checks_of(patient)).examine()}


def test_a_bot_in_good_health_has_nothing_broken_and_nothing_unknown(make_patient: MakePatient) -> None:
    settings = {
        **SLACK,
        "DOCKERHUB_USERNAME": "ana",
        "DOCKERHUB_TOKEN": hub_seed.ANA_PAT,
        "DOCKERHUB_PASSWORD": hub_seed.ANA_PASSWORD,
        "DOCKERHUB_ORG_TOKENS": f"acme={hub_seed.ACME_OAT}",
        "HUB_BOT_WEBHOOK_SECRET": "a-path-secret-of-the-doctor",
        "HUB_BOT_PUBLIC_URL": "https://bot.example.com",
        "HUB_BOT_SECRET_KEY": KEY,
        "HUB_BOT_ADMINS": "U0ANA,U0OMAR",
    }

    found = examined(make_patient(settings, admins=frozenset({"U0ANA", "U0OMAR"})))

    assert {finding.verdict for finding in found.values()} == {WORKS}
    assert len(found) >= 15
    said = str(found)
    assert not [secret for secret in settings.values() if len(secret) > 15 and "://" not in secret and secret in said]


def test_a_bot_that_was_told_nothing_is_broken_only_where_it_cannot_serve(make_patient: MakePatient) -> None:
    found = examined(make_patient())

    assert {name for name, finding in found.items() if finding.verdict is BROKEN} == {"Settings"}
    assert "SLACK_SIGNING_SECRET" in found["Settings"].said
    off = {name for name, finding in found.items() if finding.verdict is OFF}
    assert off == {
        "Slack token",
        "Ways in from Slack",
        "Docker Hub login",
        "Docker Hub rights",
        "Pushes",
        "Secrets at rest",
        "Roles",
        "Approvals",
    }


# Slack


def slack_says(make_patient: MakePatient, environment: Mapping[str, str], **more: Any) -> dict[str, Finding]:
    return {finding.name: finding for finding in checks.slack(make_patient(environment, **more))}


def test_a_token_that_slack_refuses_is_broken(make_patient: MakePatient) -> None:
    found = slack_says(make_patient, {**SLACK, "SLACK_BOT_TOKEN": "xoxb-of-nobody"})

    assert found["Slack token"].verdict is BROKEN
    assert "xoxb-of-nobody" not in str(found)


def test_a_slack_that_is_away_is_unknown(make_patient: MakePatient) -> None:
    found = slack_says(make_patient, SLACK, slack=SlackClient("xoxb-1", "http://127.0.0.1:9/api/"))

    assert found["Slack token"].verdict is UNKNOWN


def test_a_token_of_another_workspace_is_broken(make_patient: MakePatient) -> None:
    found = slack_says(make_patient, {**SLACK, "HUB_BOT_HOME_TEAM": "T0OTHER"})

    assert found["Slack token"].said == "It is of workspace T0ACME, and HUB_BOT_HOME_TEAM names T0OTHER."
    assert found["Slack token"].verdict is BROKEN


def test_scopes_that_are_missing_are_named(make_patient: MakePatient, slack: SlackSimulator) -> None:
    (token,) = [each for each in slack.app.tokens.values() if each.kind == "bot"]
    kept = token.scopes
    token.scopes = type(kept)(scope for scope in kept if scope not in {"files:write", "im:write"})
    try:
        found = slack_says(make_patient, SLACK)
    finally:
        token.scopes = kept

    assert found["Slack scopes"] == Finding(
        "Slack scopes",
        BROKEN,
        "Missing: files:write, im:write.",
        "Give the app the manifest that `hub-bot manifest` prints, and install it again.",
    )


@pytest.mark.parametrize(
    ("environment", "verdict", "word"),
    [
        (SLACK, WORKS, "HTTP"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}, WORKS, "Socket Mode"),
        ({}, OFF, "none"),
    ],
)
def test_the_way_in_is_told(environment: Mapping[str, str], verdict: Verdict, word: str) -> None:
    (found,) = checks.ways_in(Settings.from_environment({"UNRELATED": "1", **environment}))

    assert (found.verdict, word in found.said) == (verdict, True)


# Docker Hub


def test_each_credential_is_tried_by_itself(make_patient: MakePatient) -> None:
    environment = {
        "DOCKERHUB_USERNAME": "ana",
        "DOCKERHUB_TOKEN": "dckr_pat_revoked_000000000000",
        "DOCKERHUB_PASSWORD": hub_seed.ANA_PASSWORD,
        "DOCKERHUB_ORG_TOKENS": "acme=dckr_oat_revoked_000000000000",
    }

    found = {finding.name: finding for finding in checks.credentials(make_patient(environment))}

    assert {name: finding.verdict for name, finding in found.items()} == {
        "Docker Hub login of ana (DOCKERHUB_TOKEN)": BROKEN,
        "Docker Hub login of ana (DOCKERHUB_PASSWORD)": WORKS,
        "Docker Hub login of acme (DOCKERHUB_ORG_TOKENS)": BROKEN,
    }
    refused = found["Docker Hub login of ana (DOCKERHUB_TOKEN)"]
    assert refused.said == "Docker Hub refuses the PAT of ana: public data only."
    assert refused.advice == "Make a new one at Docker Hub, and set DOCKERHUB_TOKEN."
    assert "revoked_0" not in str(found)


@pytest.mark.parametrize("path", ["/v2/auth/token", "/v2/"])
def test_a_docker_hub_that_is_away_refuses_nothing(make_patient: MakePatient, hub: HubSimulator, path: str) -> None:
    environment = {"DOCKERHUB_USERNAME": "ana", "DOCKERHUB_TOKEN": hub_seed.ANA_PAT}
    hub.faults.add(Fault(kind="unavailable", path=path, times=100))
    try:
        found = examined(make_patient(environment))
    finally:
        hub.faults.clear()

    logins = [finding for name, finding in found.items() if name.startswith("Docker Hub login")]
    logins += [finding for name, finding in found.items() if name == "Docker Hub credentials"]
    assert [finding.verdict for finding in logins] == [UNKNOWN]


def test_what_no_credential_is_good_for_is_told_with_what_it_takes() -> None:
    environment = {"DOCKERHUB_USERNAME": "ana", "DOCKERHUB_TOKEN": hub_seed.ANA_PAT}
    found = list(checks.rights(Settings.from_environment(environment)))

    assert {finding.verdict for finding in found} == {OFF}
    told = {finding.said: finding.advice for finding in found}
    members = "There is no credential for reading members and teams, managing members and teams."
    assert "DOCKERHUB_ORG_TOKENS" in told[members]
    assert not [said for said in told if "changing repositories" in said]


# The database, and what is in it


def test_a_database_that_is_away_is_broken(make_patient: MakePatient, store: Store) -> None:
    patient = make_patient()
    store.close()

    (found,) = checks.database(patient)

    assert found.verdict is BROKEN


def test_tables_of_another_version_are_broken(make_patient: MakePatient) -> None:
    empty = open_store("sqlite://")
    found = list(checks.database(make_patient(store=lambda: nullcontext(empty))))
    empty.close()

    assert [(finding.name, finding.verdict) for finding in found] == [("Database", WORKS), ("Tables", BROKEN)]
    assert "hub-bot db upgrade" in found[1].advice


def test_looking_does_not_make_a_database(make_patient: MakePatient, tmp_path: Path) -> None:
    def never() -> Any:
        raise AssertionError("it was opened")

    environment = {"HUB_BOT_DATABASE_URL": f"sqlite:///{tmp_path}/bot.db", "HUB_BOT_SECRET_KEY": KEY}
    patient = make_patient(environment, store=never)

    looked = (*checks.database(patient), *checks.secrets(patient), *checks.approvals(patient))

    assert [(finding.name, finding.verdict) for finding in looked] == [
        ("Database", OFF),
        ("Roles", OFF),
        ("Approvals", UNKNOWN),
    ]


def test_secrets_that_cannot_be_read_are_named(make_patient: MakePatient, store: Store) -> None:
    lost = Vault(store, [SecretStr(LOST)])
    secret = SecretStr("a-secret-of-the-doctor-tests")
    store.write(lambda c: lost.put(c, "build:acme/api", secret, by="U0ANA", now=store.now(c)))

    (found,) = checks.secrets(make_patient({"HUB_BOT_SECRET_KEY": KEY}))
    without = list(checks.secrets(make_patient()))

    assert (found.verdict, found.said) == (BROKEN, "Cannot be read: `build:acme/api`.")
    assert [finding.verdict for finding in without] == [OFF, BROKEN]


# People


@pytest.mark.parametrize(
    ("admins", "verdict", "words"),
    [
        (frozenset(), OFF, "nobody can approve"),
        (frozenset({"U0ANA"}), WORKS, "a single admin: what needs a second person, they confirm themselves"),
        (frozenset({"U0ANA", "U0OMAR"}), WORKS, "2 admins can approve for each other"),
    ],
)
def test_approvals_are_told_as_they_are(
    make_patient: MakePatient, admins: frozenset[str], verdict: Verdict, words: str
) -> None:
    (found,) = checks.approvals(make_patient({"HUB_BOT_ADMINS": "S0PLATFORM"}, admins=admins))

    assert found.verdict is verdict
    assert words in found.said


def test_admins_that_slack_does_not_tell_are_unknown(make_patient: MakePatient) -> None:
    def silent() -> frozenset[str]:
        raise DeliveryError("Slack does not say who is in S0PLATFORM.", permanent=False)

    patient = replace(make_patient({"HUB_BOT_ADMINS": "S0PLATFORM"}), admins=silent)

    assert examined(patient)["Approvals"] == Finding("Approvals", UNKNOWN, "Slack does not say who is in S0PLATFORM.")


# The clock


@pytest.mark.parametrize(
    ("seconds", "verdict", "words"),
    [
        (0, WORKS, "agrees"),
        (40, WORKS, "agrees"),
        (200, BROKEN, "min ahead of Docker Hub's"),
        (-200, BROKEN, "min behind Docker Hub's"),
    ],
)
def test_a_clock_that_is_wrong_is_broken(
    make_patient: MakePatient, seconds: float, verdict: Verdict, words: str
) -> None:
    clock = FrozenClock(NOW)
    clock.step(seconds)

    (found,) = checks.clock(make_patient(clock=clock))

    assert found.verdict is verdict
    assert words in found.said


def test_a_played_clock_is_not_compared(make_patient: MakePatient) -> None:
    patient = make_patient()
    played = patient.settings.model_copy(update={"clock": "http://127.0.0.1:9/clock"})

    (found,) = checks.clock(replace(patient, settings=played))

    assert found.verdict is OFF


def test_without_an_answer_the_time_is_unknown(make_patient: MakePatient) -> None:
    with serving(hanging_up) as server:
        silent = EgressClient(AllowedHosts("http://127.0.0.1:1"), connect=Diverted(server))
        (found,) = checks.clock(make_patient({"DOCKERHUB_URL": "http://127.0.0.1:1"}, egress=silent))

    assert found.verdict is UNKNOWN


# The doctor


def test_a_check_that_fails_hides_nothing_else() -> None:
    def crash() -> Iterator[Finding]:
        yield Finding("Half", WORKS, "It went well until here.")
        raise ZeroDivisionError

    doctor = Doctor([Check("Crash", crash), Check("Program", checks.program)])

    assert [(finding.name, finding.verdict) for finding in doctor.examine()] == [
        ("Crash", UNKNOWN),
        ("Program", WORKS),
    ]


def test_versions_are_told() -> None:
    (found,) = checks.program()

    assert re.fullmatch(r"Hub Bot [\d.]+ on Python 3\.\d+\.\d+\S*\.", found.said)
