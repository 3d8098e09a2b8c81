from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.settings import Settings, is_secret, setting_names

SECRET = "dckr_pat_invented_for_this_test"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def problems(environment: Mapping[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as refused:
        Settings.from_environment({"UNRELATED": "1", **environment})
    return refused.value.problems


def test_nothing_has_to_be_set() -> None:
    settings = Settings.from_environment({"UNRELATED": "1"})

    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.dockerhub_url == "https://hub.docker.com"
    assert settings.namespaces == ()


def test_every_name_of_the_contract_is_accepted() -> None:
    contract = """SLACK_BOT_TOKEN SLACK_SIGNING_SECRET SLACK_APP_TOKEN SLACK_CLIENT_ID SLACK_CLIENT_SECRET SLACK_API_URL
        DOCKERHUB_USERNAME DOCKERHUB_TOKEN DOCKERHUB_ORG_TOKENS DOCKERHUB_PASSWORD DOCKERHUB_NAMESPACES DOCKERHUB_URL
        DOCKER_SCOUT_URL DOCKER_REGISTRY_URL DOCKER_AUTH_URL OSV_URL HUB_BOT_HOST HUB_BOT_PORT HUB_BOT_PUBLIC_URL
        HUB_BOT_DATABASE_URL HUB_BOT_WEBHOOK_SECRET HUB_BOT_SECRET_KEY HUB_BOT_ADMINS HUB_BOT_OPERATORS
        HUB_BOT_HOME_TEAM HUB_BOT_ALLOWED_HOSTS HUB_BOT_CONFIG HUB_BOT_CLOCK HUB_BOT_LOG_FORMAT HUB_BOT_LOG_LEVEL
        HUB_BOT_VULNERABILITIES HUB_BOT_SCANNER"""

    assert set(setting_names()) == set(contract.split())


def test_a_misspelt_name_is_refused_with_the_nearest_one() -> None:
    assert problems({"HUB_BOT_PROT": "1"}) == ("HUB_BOT_PROT is not a setting. Did you mean HUB_BOT_PORT?",)


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"DOCKERHUB_TOKEN": SECRET}, "DOCKERHUB_TOKEN is set without DOCKERHUB_USERNAME: say whose token it is."),
        (
            {"DOCKERHUB_PASSWORD": SECRET},
            "DOCKERHUB_PASSWORD is set without DOCKERHUB_USERNAME: say whose password it is.",
        ),
        (
            {"SLACK_CLIENT_ID": "1.2"},
            "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET belong together; one of them is missing.",
        ),
        (
            {"HUB_BOT_VULNERABILITIES": "Scanner"},
            "HUB_BOT_VULNERABILITIES is `scanner`, and HUB_BOT_SCANNER names none.",
        ),
        (
            {"HUB_BOT_VULNERABILITIES": "grype"},
            "HUB_BOT_VULNERABILITIES: 'auto', 'scout', 'osv', 'scanner' or 'off' is expected.",
        ),
        (
            {"SLACK_APP_TOKEN": "xapp-1"},
            "SLACK_APP_TOKEN is set without SLACK_BOT_TOKEN: Socket Mode needs both.",
        ),
        (
            {"HUB_BOT_WEBHOOK_SECRET": "x" * 24 + ",short"},
            "HUB_BOT_WEBHOOK_SECRET is too short: at least 24 characters each.",
        ),
        (
            {"HUB_BOT_CLOCK": "http://127.0.0.1:8420/clock"},
            "HUB_BOT_CLOCK is for the sandbox: every service URL must then be on this machine.",
        ),
        (
            {"DOCKERHUB_URL": "http://hub.example.com"},
            "DOCKERHUB_URL: plain http is accepted for this machine only (127.0.0.1, ::1, localhost); use https.",
        ),
        (
            {"DOCKERHUB_URL": "https://hub.docker.com/v2"},
            "DOCKERHUB_URL: an address without a path is expected, like `https://hub.docker.com`.",
        ),
        ({"DOCKERHUB_URL": "hub.docker.com"}, "DOCKERHUB_URL: an address like `https://…` is expected."),
        (
            {"DOCKERHUB_URL": "https://ana:secret@hub.docker.com"},
            "DOCKERHUB_URL: an address must not hold a user name or password.",
        ),
        ({"SLACK_API_URL": "https://slack.com/"}, "SLACK_API_URL: the address must end in `/api/`."),
        ({"HUB_BOT_PORT": "many"}, "HUB_BOT_PORT: a whole number from 0 to 65535 is expected."),
        ({"HUB_BOT_PORT": "70000"}, "HUB_BOT_PORT: a whole number from 0 to 65535 is expected."),
        (
            {"SLACK_BOT_TOKEN": "xapp-1"},
            "SLACK_BOT_TOKEN holds an app-level token (xapp-…); the bot token begins with xoxb-.",
        ),
        (
            {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xoxb-2"},
            "SLACK_APP_TOKEN holds a bot token (xoxb-…); the app-level token begins with xapp-.",
        ),
        ({"HUB_BOT_CONFIG": "no/such/file.toml"}, "HUB_BOT_CONFIG: there is no such file."),
        (
            {"HUB_BOT_DATABASE_URL": "mysql://db"},
            "HUB_BOT_DATABASE_URL: `sqlite:///…` or `postgresql+psycopg://…` is expected.",
        ),
        ({"HUB_BOT_PROT": ""}, "HUB_BOT_PROT is not a setting. Did you mean HUB_BOT_PORT?"),
        (
            {"DOCKERHUB_URL": "http://127.evil.example"},
            "DOCKERHUB_URL: plain http is accepted for this machine only (127.0.0.1, ::1, localhost); use https.",
        ),
        ({"DOCKERHUB_URL": "https://hub.docker.com:many"}, "DOCKERHUB_URL: an address like `https://…` is expected."),
        ({"HUB_BOT_LOG_FORMAT": "xml"}, "HUB_BOT_LOG_FORMAT: 'text' or 'json' is expected."),
        (
            {"DOCKERHUB_ORG_TOKENS": "acme"},
            "DOCKERHUB_ORG_TOKENS: write it as `organization=token`, with commas between.",
        ),
    ],
)
def test_what_contradicts_itself_or_makes_no_sense_is_refused(environment: Mapping[str, str], problem: str) -> None:
    assert problems(environment) == (problem,)


def test_everything_that_is_wrong_is_said_at_once_and_no_secret_with_it() -> None:
    found = problems({"DOCKERHUB_TOKEN": SECRET, "HUB_BOT_PORT": "many", "HUB_BOT_HOTS": "x", "OSV_URL": SECRET})

    assert len(found) == 4
    assert SECRET not in "\n".join(found)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(SECRET + "\n")

    settings = Settings.from_environment({"DOCKERHUB_USERNAME": "ana", "DOCKERHUB_TOKEN_FILE": str(file)})

    assert settings.dockerhub_token is not None
    assert settings.dockerhub_token.get_secret_value() == SECRET


@pytest.mark.parametrize("name", setting_names())
def test_exactly_the_secrets_may_come_from_files(name: str, tmp_path: Path) -> None:
    by_name = {field.alias: field for field in Settings.model_fields.values()}
    environment = {f"{name}_FILE": str(tmp_path / "missing"), "DOCKERHUB_USERNAME": "ana"}

    if is_secret(by_name[name]):
        assert f"{name}_FILE: the file cannot be read (FileNotFoundError)." in problems(environment)
    elif name.startswith("HUB_BOT_"):
        assert f"{name}_FILE is not a setting." in problems(environment)[0]


def test_a_value_and_its_file_contradict_each_other(tmp_path: Path) -> None:
    environment = {
        "DOCKERHUB_USERNAME": "ana",
        "DOCKERHUB_TOKEN": SECRET,
        "DOCKERHUB_TOKEN_FILE": str(tmp_path / "token"),
    }

    assert problems(environment) == ("DOCKERHUB_TOKEN and DOCKERHUB_TOKEN_FILE are both set; keep one.",)


def test_an_empty_file_or_value_is_no_secret(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")

    assert problems({"SLACK_BOT_TOKEN_FILE": str(empty)}) == ("SLACK_BOT_TOKEN_FILE: the file is empty.",)
    assert Settings.from_environment({"SLACK_BOT_TOKEN": " "}).slack_bot_token is None


def test_plain_http_is_accepted_for_this_machine() -> None:
    settings = Settings.from_environment(
        {"DOCKERHUB_URL": "http://127.0.0.1:8080", "SLACK_API_URL": "http://localhost:9/api/"}
    )

    assert (settings.dockerhub_url, settings.slack_api_url) == ("http://127.0.0.1:8080", "http://localhost:9/api/")


def test_lists_are_split_at_commas() -> None:
    settings = Settings.from_environment(
        {"HUB_BOT_ADMINS": "U1, S2 ,", "DOCKERHUB_ORG_TOKENS": "Acme=dckr_oat_1,other=dckr_oat_2"}
    )

    assert settings.admins == ("U1", "S2")
    assert {name: token.get_secret_value() for name, token in settings.dockerhub_org_tokens.items()} == {
        "acme": "dckr_oat_1",
        "other": "dckr_oat_2",
    }


def test_the_default_namespace_is_the_first_one_named_else_the_user() -> None:
    user = {"DOCKERHUB_USERNAME": "Ana", "DOCKERHUB_TOKEN": SECRET}

    assert Settings.from_environment(user).namespaces == ("ana",)
    assert Settings.from_environment({**user, "DOCKERHUB_NAMESPACES": "acme,ana"}).namespaces == ("acme", "ana")


def test_a_platform_may_name_the_port_its_own_way() -> None:
    assert Settings.from_environment({"PORT": "8080"}).port == 8080
    assert Settings.from_environment({"PORT": "8080", "HUB_BOT_PORT": "9"}).port == 9


def test_socket_mode_is_an_app_token_without_a_signing_secret() -> None:
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}

    assert Settings.from_environment(tokens).uses_socket_mode
    assert not Settings.from_environment({**tokens, "SLACK_SIGNING_SECRET": "s"}).uses_socket_mode


def test_serving_says_what_it_still_needs() -> None:
    assert len(Settings.from_environment({"UNRELATED": "1"}).missing_for_slack()) == 2
    complete = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}
    assert Settings.from_environment(complete).missing_for_slack() == ()


def test_no_secret_shows_when_settings_are_printed() -> None:
    environment = {str(field.alias): SECRET * 2 for field in Settings.model_fields.values() if is_secret(field)}
    environment["HUB_BOT_DATABASE_URL"] = f"postgresql+psycopg://bot:{SECRET}@db/bot"
    environment["HUB_BOT_SECRET_KEY"] = KEY
    environment |= {"DOCKERHUB_USERNAME": "ana", "DOCKERHUB_ORG_TOKENS": f"acme={SECRET}", "SLACK_CLIENT_ID": "1"}

    shown = repr(Settings.from_environment(environment))

    assert SECRET not in shown
    assert KEY not in shown


def test_keys_for_secrets_at_rest_are_a_list_newest_first() -> None:
    newer = KEY.replace("A", "B", 1)

    settings = Settings.from_environment({"HUB_BOT_SECRET_KEY": f"{newer}, {KEY}"})

    assert [key.get_secret_value() for key in settings.secret_key] == [newer, KEY]


@pytest.mark.parametrize("wrong", ["secret", KEY[:-1], KEY[4:], KEY + KEY, KEY[:-2] + "!=", "ü" * 44, f"{KEY},x"])
def test_what_is_no_key_is_refused_without_being_shown(wrong: str) -> None:
    assert problems({"HUB_BOT_SECRET_KEY": wrong}) == (
        "HUB_BOT_SECRET_KEY: each key is what `hub-bot db new-key` prints: 32 random bytes in URL-safe base64.",
    )


def test_further_hosts_are_a_list() -> None:
    named = "api.github.com, gitlab.example.com:8443,10.0.0.5,[fd00::5]:9000,localhost:9000"

    assert len(Settings.from_environment({"HUB_BOT_ALLOWED_HOSTS": named}).allowed_hosts) == 5


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("https://ci.example.com", "a host is expected, like `gitlab.example.com` or `10.0.0.5:8443`"),
        ("*.example.com", "that is no name of a host"),
        ("ci.example.com:0", "a port is a number from 1 to 65535"),
        ("169.254.169.254", "that is an address nothing may be sent to"),
        ("0x7f.1", "an IP address is written with four decimal numbers"),
    ],
)
def test_hosts_that_cannot_be_called_are_refused_at_the_start(host: str, problem: str) -> None:
    (said,) = problems({"HUB_BOT_ALLOWED_HOSTS": f"api.github.com,{host}"})

    assert said.startswith(f"HUB_BOT_ALLOWED_HOSTS: `{host}`: {problem}")
