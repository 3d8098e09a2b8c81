"""The checks. To add one: a function that yields findings, and a line in `checks_of`."""

import platform
from collections.abc import Iterator, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial

from pydantic import SecretStr

from bot import __version__
from bot.doctor.examination import Check, Finding, Verdict
from bot.doctor.patient import Patient
from bot.egress.client import EgressRequest
from bot.egress.errors import EgressError
from bot.errors import ConfigError, DeliveryError
from bot.governance.vault import Vault
from bot.hub.auth import RULES, Credentials
from bot.settings import Settings
from bot.slack.manifest import bot_scopes
from bot.store import migrations
from bot.store.engine import parse_url, sqlite_path
from bot.store.errors import StoreUnavailableError
from bot.words import in_words

LARGEST_SKEW = timedelta(minutes=1)
"""Slack's requests are refused when they are five minutes old: there must be room left."""
_OTHER_TABLES = "This is kept in the database, whose tables are not there yet, or of another version."
_LOGIN_IS_AWAY = "does not answer"


def checks_of(patient: Patient) -> Sequence[Check]:
    """Return everything there is to look at, in the order in which to tell of it."""
    return [
        Check("Program", program),
        Check("Settings", partial(settings_in_use, patient.settings)),
        Check("Slack", partial(slack, patient)),
        Check("Ways in from Slack", partial(ways_in, patient.settings)),
        Check("Docker Hub", partial(docker_hub, patient)),
        Check("Docker Hub credentials", partial(credentials, patient)),
        Check("Docker Hub rights", partial(rights, patient.settings)),
        Check("Pushes", partial(pushes, patient.settings)),
        Check("Database", partial(database, patient)),
        Check("Secrets at rest", partial(secrets, patient)),
        Check("Approvals", partial(approvals, patient)),
        Check("Clock", partial(clock, patient)),
    ]


def program() -> Iterator[Finding]:
    """Tell which versions run."""
    yield Finding("Program", Verdict.WORKS, f"Hub Bot {__version__} on Python {platform.python_version()}.")


def settings_in_use(settings: Settings) -> Iterator[Finding]:
    """Tell which settings are set, by name, and which one `serve` cannot do without."""
    fields = type(settings).model_fields
    names = sorted(str(fields[name].alias) for name in settings.model_fields_set)
    yield Finding("Settings", Verdict.WORKS, f"Set: {', '.join(names)}." if names else "None is set.")
    for sentence in settings.missing_for_slack():
        yield Finding("Settings", Verdict.BROKEN, sentence, "`hub-bot serve` does not start without it.")


def slack(patient: Patient) -> Iterator[Finding]:
    """Check the bot token and what it may do."""
    name = "Slack token"
    if patient.settings.slack_bot_token is None:
        yield Finding(name, Verdict.OFF, "There is none, so Slack cannot be asked.")
        return
    try:
        identity = patient.slack.auth_test()
    except DeliveryError as error:
        verdict = Verdict.BROKEN if error.permanent else Verdict.UNKNOWN
        advice = "Install the app again, and set SLACK_BOT_TOKEN." if error.permanent else ""
        yield Finding(name, verdict, str(error), advice)
        return
    home = patient.settings.home_team
    if home is not None and home != identity.team_id:
        sentence = f"It is of workspace {identity.team_id}, and HUB_BOT_HOME_TEAM names {home}."
        yield Finding(name, Verdict.BROKEN, sentence, "Nobody may do anything; set one of the two right.")
    else:
        yield Finding(name, Verdict.WORKS, f"It is good, for workspace {identity.team_id}.")
    yield _scopes(identity.scopes)


def _scopes(granted: frozenset[str]) -> Finding:
    name = "Slack scopes"
    if not granted:
        return Finding(name, Verdict.UNKNOWN, "Slack does not tell which the token has.")
    if missing := [scope for scope in bot_scopes() if scope not in granted]:
        advice = "Give the app the manifest that `hub-bot manifest` prints, and install it again."
        return Finding(name, Verdict.BROKEN, f"Missing: {', '.join(missing)}.", advice)
    return Finding(name, Verdict.WORKS, "The token has all that are needed.")


def ways_in(settings: Settings) -> Iterator[Finding]:
    """Tell how Slack's requests come in."""
    name = "Ways in from Slack"
    if settings.slack_signing_secret is not None:
        said = "HTTP, by the signing secret. Whether that is the right one shows with the first command."
        yield Finding(name, Verdict.WORKS, said)
    elif settings.slack_app_token is not None:
        yield Finding(name, Verdict.WORKS, "Socket Mode, by the app-level token.")
    else:
        yield Finding(
            name,
            Verdict.OFF,
            "There is none.",
            "Set SLACK_SIGNING_SECRET for HTTP, or SLACK_APP_TOKEN for Socket Mode.",
        )


def docker_hub(patient: Patient) -> Iterator[Finding]:
    """Ask Docker Hub for something that everybody may see."""
    hub = patient.hub_of(Credentials())
    try:
        hub.rate_limits.get()
    finally:
        hub.close()
    yield Finding("Docker Hub", Verdict.WORKS, "It answers.")


def credentials(patient: Patient) -> Iterator[Finding]:
    """Log in with each credential by itself: in daily use, the best one hides the others."""
    found = list(_each_credential(patient.settings))
    for setting, whose, only in found:
        yield _credential(patient, setting, whose, only)
    if not found:
        yield Finding(
            "Docker Hub login",
            Verdict.OFF,
            "There is no credential: the bot sees what is public, and changes nothing.",
            "Set DOCKERHUB_USERNAME and DOCKERHUB_TOKEN.",
        )


def _each_credential(settings: Settings) -> Iterator[tuple[str, str, Credentials]]:
    """Yield the setting, whose it is, and the credential alone."""
    user = settings.dockerhub_username or ""
    if settings.dockerhub_token:
        yield "DOCKERHUB_TOKEN", user, Credentials.from_values(username=user, token=settings.dockerhub_token)
    if settings.dockerhub_password:
        yield "DOCKERHUB_PASSWORD", user, Credentials.from_values(username=user, password=settings.dockerhub_password)
    for organization, token in settings.dockerhub_org_tokens.items():
        alone = Credentials.from_values(organization_tokens={organization: token})
        yield "DOCKERHUB_ORG_TOKENS", organization, alone


def _credential(patient: Patient, setting: str, whose: str, only: Credentials) -> Finding:
    name = f"Docker Hub login of {whose} ({setting})"
    hub = patient.hub_of(only)
    try:
        hub.rate_limits.get(whose.lower())
        status = hub.credential_status(whose)
    finally:
        hub.close()
    if not status.refusal:
        return Finding(name, Verdict.WORKS, f"Docker Hub takes {status.credential}.")
    if _LOGIN_IS_AWAY in status.refusal:
        return Finding(name, Verdict.UNKNOWN, status.refusal)
    return Finding(name, Verdict.BROKEN, status.refusal, f"Make a new one at Docker Hub, and set {setting}.")


def rights(settings: Settings) -> Iterator[Finding]:
    """Tell what no credential of the settings is of use for."""
    held = Credentials.from_values(
        username=settings.dockerhub_username,
        token=settings.dockerhub_token,
        password=settings.dockerhub_password,
        organization_tokens=settings.dockerhub_org_tokens,
    )
    lacking = [rule for operation, rule in RULES.items() if not held.candidates(operation)]
    if not lacking:
        yield Finding("Docker Hub rights", Verdict.WORKS, "There is a credential for everything the bot can do.")
    by_advice: dict[str, list[str]] = {}
    for rule in lacking:
        by_advice.setdefault(rule.missing, []).append(rule.task)
    for missing, tasks in by_advice.items():
        said = f"There is no credential for {', '.join(dict.fromkeys(tasks))}."
        yield Finding("Docker Hub rights", Verdict.OFF, said, missing)


def pushes(settings: Settings) -> Iterator[Finding]:
    """Tell how the bot hears of pushes."""
    missing = [
        name
        for name, value in (
            ("HUB_BOT_WEBHOOK_SECRET", settings.webhook_secret),
            ("HUB_BOT_PUBLIC_URL", settings.public_url),
        )
        if not value
    ]
    if missing:
        said = "Docker Hub cannot tell of pushes; the bot finds them by looking, which is minutes later."
        yield Finding("Pushes", Verdict.OFF, said, f"Set {' and '.join(missing)}, and add the webhook it takes.")
    else:
        yield Finding("Pushes", Verdict.WORKS, f"Docker Hub can tell of them at {settings.public_url}.")


def database(patient: Patient) -> Iterator[Finding]:
    """Check that the database can be written, and that its tables are those of this version."""
    if _is_still_to_be_made(patient.settings):
        yield Finding("Database", Verdict.OFF, "There is none yet; `hub-bot serve` makes it.")
        return
    try:
        with patient.store() as store:
            store.check()
            found = migrations.current(store)
            where = store.label
    except (ConfigError, StoreUnavailableError) as error:
        yield Finding("Database", Verdict.BROKEN, str(error), "Nothing can be kept, so nothing can be changed.")
        return
    yield Finding("Database", Verdict.WORKS, f"{where} can be written.")
    newest = migrations.heads()
    if found == newest:
        yield Finding("Tables", Verdict.WORKS, f"They are those of this version ({', '.join(newest)}).")
    elif set(found) <= migrations.revisions():
        said = f"They are of an older version ({', '.join(found) or 'none'})."
        yield Finding("Tables", Verdict.BROKEN, said, "Run `hub-bot db upgrade`; `hub-bot serve` does it too.")
    else:
        said = f"They are of a newer version ({', '.join(found)})."
        yield Finding("Tables", Verdict.BROKEN, said, "Run that version, or restore a backup from before.")


def _is_still_to_be_made(settings: Settings) -> bool:
    """Tell whether the database is a file that is not there: looking must not make it."""
    url = settings.database_url.get_secret_value()
    if not url.startswith("sqlite:"):
        return False
    try:
        path = sqlite_path(parse_url(url))
    except ConfigError:
        return False
    return path is not None and not path.exists()


def _has_our_tables(patient: Patient) -> bool:
    if _is_still_to_be_made(patient.settings):
        return False
    with patient.store() as store:
        return migrations.current(store) == migrations.heads()


def secrets(patient: Patient) -> Iterator[Finding]:
    """Check that secrets can be stored, and that each that was can be read."""
    name = "Secrets at rest"
    keys = patient.settings.secret_key
    if not keys:
        said = "Nothing secret can be stored, such as the trigger of a build."
        yield Finding(name, Verdict.OFF, said, "Set HUB_BOT_SECRET_KEY to what `hub-bot db new-key` prints.")
    if _is_still_to_be_made(patient.settings):
        return
    if not _has_our_tables(patient):
        yield Finding(name, Verdict.UNKNOWN, _OTHER_TABLES)
        return
    with patient.store() as store:
        unreadable = Vault(store, keys).unreadable()
    if unreadable:
        said = f"Cannot be read: {', '.join(f'`{each}`' for each in unreadable)}."
        advice = "Put the key they were stored with back at the end of HUB_BOT_SECRET_KEY, or set them up again."
        yield Finding(name, Verdict.BROKEN, said, advice)
    elif keys:
        count = "1 key" if len(keys) == 1 else f"{len(keys)} keys"
        yield Finding(name, Verdict.WORKS, f"{count} in HUB_BOT_SECRET_KEY; every secret can be read.")


def approvals(patient: Patient) -> Iterator[Finding]:
    """Tell who can approve what needs a second person."""
    name = "Approvals"
    settings = patient.settings
    if not settings.admins and not settings.operators:
        said = "Neither HUB_BOT_ADMINS nor HUB_BOT_OPERATORS is set: every full member of the workspace is an operator."
        yield Finding("Roles", Verdict.OFF, said, "Name people or user groups to change that.")
    if not _has_our_tables(patient):
        yield Finding(name, Verdict.UNKNOWN, _OTHER_TABLES)
        return
    admins = patient.admins()
    if not admins:
        said = "Nobody is an admin, so nobody can approve: what needs a second person cannot be done."
        yield Finding(name, Verdict.OFF, said, "Fill in HUB_BOT_ADMINS, with two people at least.")
    elif len(admins) == 1:
        said = "There is a single admin: what needs a second person, they confirm themselves by typing its name."
        yield Finding(name, Verdict.WORKS, said, "Name a second one in HUB_BOT_ADMINS for real approvals.")
    else:
        yield Finding(name, Verdict.WORKS, f"{len(admins)} admins can approve for each other.")


def clock(patient: Patient) -> Iterator[Finding]:
    """Compare the machine's clock with Docker Hub's, which every answer of theirs tells."""
    if patient.settings.clock is not None:
        yield Finding("Clock", Verdict.OFF, "The time is that of a sandbox.")
        return
    try:
        answer = patient.egress.send(EgressRequest("HEAD", SecretStr(f"{patient.settings.dockerhub_url}/")))
        told = parsedate_to_datetime(answer.headers["date"])
    except (EgressError, LookupError, ValueError):
        yield Finding("Clock", Verdict.UNKNOWN, "Docker Hub does not tell the time.")
        return
    skew = patient.clock.now() - told
    if abs(skew) <= LARGEST_SKEW:
        yield Finding("Clock", Verdict.WORKS, "It agrees with Docker Hub's.")
        return
    way = "ahead of" if skew > timedelta() else "behind"
    said = f"It is {in_words(abs(skew))} {way} Docker Hub's; requests of Slack that look five minutes old are refused."
    yield Finding("Clock", Verdict.BROKEN, said, "Let the machine set its clock over the network (NTP).")
