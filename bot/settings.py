"""The settings: one typed model, read from the environment, checked as a whole.

Every field says what it means; the table in the README is made from here. Everything that is wrong is reported at
once, in sentences that name the setting and never show a secret.
"""

import base64
import binascii
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.addresses import HostPort, is_loopback
from bot.errors import ConfigError
from bot.words import nearest, quoted

PREFIX = "HUB_BOT_"
FILE_SUFFIX = "_FILE"
SHORTEST_WEBHOOK_SECRET = 24
_KEY_BYTES = 32
_SERVICE_URLS = frozenset(
    {
        "SLACK_API_URL",
        "DOCKERHUB_URL",
        "DOCKER_SCOUT_URL",
        "DOCKER_REGISTRY_URL",
        "DOCKER_AUTH_URL",
        "OSV_URL",
    }
)


def _split_list(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _split_pairs(value: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in _split_list(value)]
    if any(not (name.strip() and secret.strip()) for name, _, secret in pairs):
        raise ValueError("write it as `organization=token`, with commas between")
    return {name.strip().lower(): secret.strip() for name, _, secret in pairs}


def _origin(value: str) -> str:
    """Check that the value is an origin: scheme and host, no path; plain http only to this machine."""
    address = _checked_address(value)
    if address.path.strip("/") or address.query:
        raise ValueError("an address without a path is expected, like `https://hub.docker.com`")
    return f"{address.scheme}://{address.netloc}"


def _api_address(value: str) -> str:
    address = _checked_address(value)
    if not address.path.endswith("/api/"):
        raise ValueError("the address must end in `/api/`")
    return address.geturl()


def _local_address(value: str) -> str:
    address = _checked_address(value)
    if not is_loopback(address.hostname):
        raise ValueError("an address on this machine is expected (127.0.0.1, ::1, localhost)")
    return address.geturl()


def _checked_address(value: str) -> SplitResult:
    try:
        address = urlsplit(value)
        _ = address.port  # Raises for a port that is no number.
    except ValueError as error:
        raise ValueError("an address like `https://…` is expected") from error
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ValueError("an address like `https://…` is expected")
    if address.username or address.password:
        raise ValueError("an address must not hold a user name or password")
    if address.scheme == "http" and not is_loopback(address.hostname):
        raise ValueError("plain http is accepted for this machine only (127.0.0.1, ::1, localhost); use https")
    return address


def _hosts(value: str) -> tuple[str, ...]:
    hosts = _split_list(value)
    for host in hosts:
        try:
            HostPort.parse(host)
        except ValueError as error:
            raise ValueError(f"{quoted(host)}: {error}") from error
    return hosts


def _keys(value: str) -> tuple[str, ...]:
    keys = _split_list(value)
    if not all(map(_is_fernet_key, keys)):
        raise ValueError("each key is what `hub-bot db new-key` prints: 32 random bytes in URL-safe base64")
    return keys


def _is_fernet_key(text: str) -> bool:
    """Tell whether a text is a key of Fernet. Source: https://github.com/fernet/spec/blob/master/Spec.md."""
    try:
        key = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(key) == _KEY_BYTES


Names = Annotated[tuple[str, ...], BeforeValidator(_split_list)]
Origin = Annotated[str, BeforeValidator(_origin)]
ApiAddress = Annotated[str, BeforeValidator(_api_address)]
LocalAddress = Annotated[str, BeforeValidator(_local_address)]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_split_list)]
Keys = Annotated[tuple[SecretStr, ...], BeforeValidator(_keys)]
Hosts = Annotated[tuple[str, ...], BeforeValidator(_hosts)]
Pairs = Annotated[dict[str, SecretStr], BeforeValidator(_split_pairs)]


class Settings(BaseModel):
    """Everything the bot can be told from outside.

    Secrets may also come from a file: `NAME_FILE` holds a path, whose content (without the line end) is the value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    slack_bot_token: SecretStr | None = Field(
        None, alias="SLACK_BOT_TOKEN", description="Bot token (`xoxb-…`) of the app in your workspace."
    )
    slack_signing_secret: SecretStr | None = Field(
        None,
        alias="SLACK_SIGNING_SECRET",
        description="Signing secret of the app: with it, Slack calls the bot over HTTP.",
    )
    slack_app_token: SecretStr | None = Field(
        None,
        alias="SLACK_APP_TOKEN",
        description="App-level token (`xapp-…`): with it and without a signing secret, the bot uses Socket Mode.",
    )
    slack_client_id: str | None = Field(
        None,
        alias="SLACK_CLIENT_ID",
        description="Client id, for installs into many workspaces over OAuth. Not used yet.",
    )
    slack_client_secret: SecretStr | None = Field(
        None, alias="SLACK_CLIENT_SECRET", description="Client secret that goes with `SLACK_CLIENT_ID`. Not used yet."
    )
    slack_api_url: ApiAddress = Field(
        "https://slack.com/api/", alias="SLACK_API_URL", description="Slack's Web API; ends in `/api/`."
    )

    dockerhub_username: str | None = Field(
        None,
        alias="DOCKERHUB_USERNAME",
        description="Docker Hub user, or organization if the token is an OAT.",
    )
    dockerhub_token: SecretStr | None = Field(
        None,
        alias="DOCKERHUB_TOKEN",
        description="Personal access token, organization access token, or password of `DOCKERHUB_USERNAME`.",
    )
    dockerhub_org_tokens: Pairs = Field(
        default_factory=dict,
        alias="DOCKERHUB_ORG_TOKENS",
        description="More organization access tokens, `acme=dckr_oat_…,other=…`, each used for its organization.",
    )
    dockerhub_password: SecretStr | None = Field(
        None,
        alias="DOCKERHUB_PASSWORD",
        description="Only for what no token may do; without it the bot says what it cannot do.",
    )
    dockerhub_namespaces: Names = Field(
        (),
        alias="DOCKERHUB_NAMESPACES",
        description="Your namespaces, comma list; the first is the default for short names. Default: the username.",
    )
    dockerhub_url: Origin = Field(
        "https://hub.docker.com", alias="DOCKERHUB_URL", description="Docker Hub's API (an origin, no path)."
    )
    docker_scout_url: Origin = Field(
        "https://api.scout.docker.com", alias="DOCKER_SCOUT_URL", description="Docker Scout's API."
    )
    docker_registry_url: Origin = Field(
        "https://registry-1.docker.io", alias="DOCKER_REGISTRY_URL", description="Docker Hub's registry."
    )
    docker_auth_url: Origin = Field(
        "https://auth.docker.io", alias="DOCKER_AUTH_URL", description="The registry's token service."
    )
    osv_url: Origin = Field("https://api.osv.dev", alias="OSV_URL", description="The OSV vulnerability database.")

    host: str = Field("127.0.0.1", alias="HUB_BOT_HOST", description="Address to listen on.")
    port: int = Field(
        3000,
        alias="HUB_BOT_PORT",
        ge=0,
        le=65_535,
        description="Port to listen on; `PORT` works too; 0 takes any.",
    )
    public_url: Origin | None = Field(
        None,
        alias="HUB_BOT_PUBLIC_URL",
        description="How the outside reaches the bot, for webhook and badge links.",
    )
    database_url: SecretStr = Field(
        SecretStr("sqlite:///hub-bot.db"),
        alias="HUB_BOT_DATABASE_URL",
        description="`sqlite:///hub-bot.db` or `postgresql+psycopg://…`.",
    )
    webhook_secret: Secrets = Field(
        (),
        alias="HUB_BOT_WEBHOOK_SECRET",
        description="Path segment that lets a Docker Hub webhook in, at least 24 characters; comma list to rotate."
        " Unset: the route does not exist.",
    )
    secret_key: Keys = Field(
        (),
        alias="HUB_BOT_SECRET_KEY",
        description="Keys for secrets at rest, comma list, newest first; `hub-bot db new-key` prints one."
        " Unset: nothing secret can be stored, such as the trigger of a build.",
    )
    admins: Names = Field(
        (), alias="HUB_BOT_ADMINS", description="Slack user ids and user-group ids of the admins, comma list."
    )
    operators: Names = Field(
        (),
        alias="HUB_BOT_OPERATORS",
        description="Likewise the operators. Neither set: every full member is an operator and nobody is an admin.",
    )
    home_team: str | None = Field(
        None,
        alias="HUB_BOT_HOME_TEAM",
        description="The workspace (`T…`) that these settings serve. Default: the one of `SLACK_BOT_TOKEN`.",
    )
    allowed_hosts: Hosts = Field(
        (),
        alias="HUB_BOT_ALLOWED_HOSTS",
        description="Further hosts (`host[:port]`, port 443 if none is named) the bot may call, comma list: build"
        " providers such as `api.github.com`. They may be private; link-local never.",
    )
    vulnerabilities: Literal["auto", "scout", "osv", "scanner", "off"] = Field(
        "auto",
        alias="HUB_BOT_VULNERABILITIES",
        description="Who is asked about vulnerabilities: `scout` (Docker Scout), `scanner` (`HUB_BOT_SCANNER`), `osv`"
        " (the SBOM of an image and the OSV database), `off` (nobody), or `auto`: the first of these that answers.",
    )
    scanner: str | None = Field(
        None,
        alias="HUB_BOT_SCANNER",
        description="Command that looks at an image and prints SARIF, like"
        " `grype {image} -o sarif`; it gets none of the bot's secrets.",
    )
    config: Path | None = Field(
        None,
        alias="HUB_BOT_CONFIG",
        description="TOML file: approvals, what is protected, build providers, subscriptions and thresholds as code.",
    )
    clock: LocalAddress | None = Field(
        None,
        alias="HUB_BOT_CLOCK",
        description="Where a sandbox tells its time, for the bot to follow; only with every service on this machine.",
    )
    log_format: Literal["text", "json"] = Field(
        "text", alias="HUB_BOT_LOG_FORMAT", description="`text` for people, `json` for collectors."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", alias="HUB_BOT_LOG_LEVEL", description="`debug`, `info`, `warning` or `error`."
    )

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that are ours, in lower case; the first is the default one."""
        named = self.dockerhub_namespaces or ((self.dockerhub_username,) if self.dockerhub_username else ())
        return tuple(name.lower() for name in named)

    @property
    def own_namespaces(self) -> tuple[str, ...]:
        """The namespaces whose pushes Docker Hub can tell us of, in lower case: ours, and those we hold a token of."""
        return tuple(dict.fromkeys((*self.namespaces, *(name.lower() for name in self.dockerhub_org_tokens))))

    @property
    def has_dockerhub_credential(self) -> bool:
        """Whether the bot may see anything that is not public."""
        return bool(self.dockerhub_token or self.dockerhub_org_tokens or self.dockerhub_password)

    @property
    def uses_socket_mode(self) -> bool:
        """Whether Slack is reached over a WebSocket: an app token and no signing secret."""
        return self.slack_app_token is not None and self.slack_signing_secret is None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read and check the settings.

        Args:
            environment: Names and values; the process's own by default. An empty value counts as not set.

        Raises:
            ConfigError: With one sentence for each thing that is wrong.
        """
        everything = os.environ if environment is None else environment
        given = {name: value for name, value in everything.items() if value.strip()}
        values, problems = _collect(given)
        problems += _unknown_names(everything)
        problems += _contradictions(values)
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            problems += [_complaint(each) for each in error.errors(include_url=False, include_input=False)]
            raise ConfigError(problems) from None  # The cause would repeat the values.
        if problems:
            raise ConfigError(problems)
        return settings

    def missing_for_slack(self) -> tuple[str, ...]:
        """Return what `serve` still needs, one sentence each; empty when all is there."""
        missing = []
        if not self.slack_bot_token:
            oauth = " Installing into many workspaces (SLACK_CLIENT_ID) is not possible yet." * bool(
                self.slack_client_id
            )
            missing.append(f"SLACK_BOT_TOKEN is missing: the bot token (xoxb-…) of your Slack app.{oauth}")
        if not self.slack_signing_secret and not self.slack_app_token:
            missing.append(
                "SLACK_SIGNING_SECRET (Slack calls the bot over HTTP) or SLACK_APP_TOKEN (Socket Mode) is missing."
            )
        return tuple(missing)


def is_secret(field: FieldInfo) -> bool:
    """Return whether the field holds a secret, and may so be given as a file."""
    return "SecretStr" in str(field.annotation)


def setting_names() -> tuple[str, ...]:
    """Return the name of every environment variable, in the order of the model."""
    return tuple(str(field.alias) for field in Settings.model_fields.values())


def _collect(given: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    values: dict[str, str] = {}
    problems: list[str] = []
    for field in Settings.model_fields.values():
        name = str(field.alias)
        if name in given:
            values[name] = given[name].strip()
        if is_secret(field):
            problems += _read_file(given, name, values)
    if "PORT" in given and "HUB_BOT_PORT" not in given:
        values["HUB_BOT_PORT"] = given["PORT"]
    for name in ("HUB_BOT_LOG_LEVEL", "HUB_BOT_VULNERABILITIES"):
        if name in values:
            values[name] = values[name].lower()
    return values, problems


def _unknown_names(given: Iterable[str]) -> Iterator[str]:
    names = setting_names()
    files = {str(field.alias) + FILE_SUFFIX for field in Settings.model_fields.values() if is_secret(field)}
    for name in sorted(given):
        if name.startswith(PREFIX) and name not in names and name not in files:
            likely = nearest(name, (*names, *files))
            yield f"{name} is not a setting." + (f" Did you mean {likely}?" if likely else "")


def _read_file(given: Mapping[str, str], name: str, values: dict[str, str]) -> list[str]:
    path = given.get(name + FILE_SUFFIX)
    if path is None:
        return []
    if name in values:
        return [f"{name} and {name}{FILE_SUFFIX} are both set; keep one."]
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        return [f"{name}{FILE_SUFFIX}: the file cannot be read ({type(error).__name__})."]
    if not content:
        return [f"{name}{FILE_SUFFIX}: the file is empty."]
    values[name] = content
    return []


def _contradictions(values: Mapping[str, str]) -> list[str]:
    """Check the raw values against each other, so that a list of problems is complete even if some do not parse."""
    has = values.__contains__
    secrets = _split_list(values.get("HUB_BOT_WEBHOOK_SECRET", ""))
    checks = (
        (
            has("DOCKERHUB_TOKEN") and not has("DOCKERHUB_USERNAME"),
            "DOCKERHUB_TOKEN is set without DOCKERHUB_USERNAME: say whose token it is.",
        ),
        (
            has("DOCKERHUB_PASSWORD") and not has("DOCKERHUB_USERNAME"),
            "DOCKERHUB_PASSWORD is set without DOCKERHUB_USERNAME: say whose password it is.",
        ),
        (
            has("SLACK_CLIENT_ID") != has("SLACK_CLIENT_SECRET"),
            "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET belong together; one of them is missing.",
        ),
        (
            has("SLACK_APP_TOKEN") and not has("SLACK_BOT_TOKEN"),
            "SLACK_APP_TOKEN is set without SLACK_BOT_TOKEN: Socket Mode needs both.",
        ),
        (
            values.get("SLACK_BOT_TOKEN", "").startswith("xapp-"),
            "SLACK_BOT_TOKEN holds an app-level token (xapp-…); the bot token begins with xoxb-.",
        ),
        (
            values.get("SLACK_APP_TOKEN", "xapp-").startswith("xoxb-"),
            "SLACK_APP_TOKEN holds a bot token (xoxb-…); the app-level token begins with xapp-.",
        ),
        (
            any(len(secret) < SHORTEST_WEBHOOK_SECRET for secret in secrets),
            f"HUB_BOT_WEBHOOK_SECRET is too short: at least {SHORTEST_WEBHOOK_SECRET} characters each.",
        ),
        (
            values.get("HUB_BOT_VULNERABILITIES", "").lower() == "scanner" and not has("HUB_BOT_SCANNER"),
            "HUB_BOT_VULNERABILITIES is `scanner`, and HUB_BOT_SCANNER names none.",
        ),
        (
            has("HUB_BOT_CONFIG") and not Path(values["HUB_BOT_CONFIG"]).is_file(),
            "HUB_BOT_CONFIG: there is no such file.",
        ),
        (
            not values.get("HUB_BOT_DATABASE_URL", "sqlite:").startswith(("sqlite:", "postgresql")),
            "HUB_BOT_DATABASE_URL: `sqlite:///…` or `postgresql+psycopg://…` is expected.",
        ),
        (
            has("HUB_BOT_CLOCK") and not all(is_loopback(urlsplit(url).hostname) for url in _service_urls(values)),
            "HUB_BOT_CLOCK is for the sandbox: every service URL must then be on this machine.",
        ),
    )
    return [sentence for is_wrong, sentence in checks if is_wrong]


def _service_urls(values: Mapping[str, str]) -> Iterator[str]:
    for field in Settings.model_fields.values():
        if field.alias in _SERVICE_URLS:
            yield values.get(field.alias, field.default)


def _complaint(error: ErrorDetails) -> str:
    """Say in our own words what pydantic found; never the value, which may be a secret."""
    name = error["loc"][0]
    match error["type"]:
        case "int_parsing" | "int_from_float" | "greater_than_equal" | "less_than_equal":
            return f"{name}: a whole number from 0 to 65535 is expected."
        case "literal_error":
            return f"{name}: {error['ctx']['expected']} is expected."
        case _:
            return f"{name}: {error['msg'].removeprefix('Value error, ')}."
