"""`hub-bot`: the program. Exit status: 0 done, 1 the answer is no or it failed, 2 usage or settings."""

import gc
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import click

from bot import __version__
from bot.errors import ConfigError, HubBotError
from bot.logs import configure_logging
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.store.base import Store

EXIT_NO, EXIT_USAGE = 1, 2


def main() -> None:
    """Start the program. What a terminal's encoding cannot show is replaced, never a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    program()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hub-bot")
def program() -> None:
    """Docker Hub, run from Slack."""


@program.command()
def serve() -> None:
    """Run the bot: Slack over HTTP or Socket Mode, as the settings say."""
    with _explained():
        settings = Settings.from_environment()
    if missing := settings.missing_for_slack():
        _refuse(missing)
    configure_logging(form=settings.log_format, level=settings.log_level)
    # Imported late, like everything heavy here: `hub-bot --help` answers at once.
    with _importing():
        from bot.app import serve_forever

    sys.exit(serve_forever(settings))


@program.command(
    "exec",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []},
    add_help_option=False,
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def run_once(words: tuple[str, ...]) -> None:
    """Run one /hub command in this terminal, like: hub-bot exec tags nginx.

    --json, in any position, prints one JSON document and nothing else on standard output.
    """
    kept, as_json = _take(words, "--json")
    with _explained(as_json=as_json):
        settings = Settings.from_environment()
        _configure_for_terminal(settings)
        with _importing():
            from bot.app import run_in_terminal

        sys.exit(run_in_terminal(settings, kept, as_json=as_json))


def _configure_for_terminal(settings: Settings) -> None:
    # A person at a terminal wants the answer, which says what went wrong; the log is for those who ask for it.
    level = settings.log_level if "log_level" in settings.model_fields_set else "error"
    configure_logging(form=settings.log_format, level=level)


@program.command()
@click.option("--socket", is_flag=True, help="For Socket Mode, without a public address. The default.")
@click.option("--http", "public_url", metavar="URL", help="For HTTP: the https address at which Slack reaches the bot.")
def manifest(*, socket: bool, public_url: str | None) -> None:
    """Print the manifest to create the Slack app from."""
    if socket and public_url:
        raise click.UsageError("--socket and --http exclude each other.")
    from bot.slack.manifest import manifest_yaml

    if public_url is not None and (urlsplit(public_url).scheme != "https" or not urlsplit(public_url).hostname):
        raise click.UsageError("--http takes the address Slack can call: https://…")
    click.echo(manifest_yaml(public_url), nl=False)


@program.command()
@click.option("--port", type=click.IntRange(1, 65_535), help="Port of the page. Default: the first free one from 8420.")
@click.option("--socket", "uses_socket_mode", is_flag=True, help="Let the bot use Socket Mode instead of HTTP.")
@click.option("--verbose", "is_verbose", is_flag=True, help="Show the bot's log here.")
def demo(*, port: int | None, uses_socket_mode: bool, is_verbose: bool) -> None:
    """Try the bot in a browser, against a simulated Slack and Docker Hub, without any account."""
    from bot.demo import run_demo

    sys.exit(run_demo(port=port, uses_socket_mode=uses_socket_mode, is_verbose=is_verbose))


@program.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else on standard output.")
def doctor(*, as_json: bool) -> None:
    """Say what works, what does not, and what to do about it. Ends with status 1 if anything is broken."""
    with _explained(as_json=as_json):
        settings = Settings.from_environment()
        _configure_for_terminal(settings)
        with _importing():
            from bot.app import run_in_terminal

        sys.exit(run_in_terminal(settings, ["doctor"], as_json=as_json))


@program.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the tables to this version. `hub-bot serve` does it too, when it starts."""
    from bot.store import migrations

    with _database() as store:
        is_changed = migrations.upgrade(store)
        revision = ", ".join(migrations.current(store))
    click.echo(
        f"The database is now at revision {revision}." if is_changed else f"It is at revision {revision} already."
    )


@db.command()
def current() -> None:
    """Print the revision of the tables. Ends with status 1 if it is not that of this version."""
    from bot.store import migrations

    with _database() as store:
        found = migrations.current(store)
    click.echo(", ".join(found) or "none")
    if found != migrations.heads():
        click.echo(f"This version has {', '.join(migrations.heads())}: run `hub-bot db upgrade`.", err=True)
        sys.exit(EXIT_NO)


@db.command("new-key")
def new_key() -> None:
    """Print a fresh key for HUB_BOT_SECRET_KEY."""
    from bot.governance.vault import new_key as fresh_key

    click.echo(fresh_key())


@db.command("rotate-keys")
def rotate_keys() -> None:
    """Encrypt every secret with the first key of HUB_BOT_SECRET_KEY.

    To change the key: put a new one in front of the old, start the bot again, run this, then take the old one away.
    """
    from bot.governance.vault import Vault

    with _explained():
        keys = Settings.from_environment().secret_key
    with _database() as store:
        vault = Vault(store, keys)
        count = vault.rotate()
        unreadable = vault.unreadable()
    click.echo(f"{count} {'secret was' if count == 1 else 'secrets were'} encrypted with the newest key.")
    if unreadable:
        click.echo("No key of HUB_BOT_SECRET_KEY reads these; they are left as they are:", err=True)
        for name in unreadable:
            click.echo(f"  - {name}", err=True)
        sys.exit(EXIT_NO)


@db.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
def backup(path: Path, *, overwrite: bool) -> None:
    """Write a copy of a SQLite database to PATH, while the bot runs or not."""
    from bot.store.backup import backup as write_backup

    with _database() as store:
        write_backup(store, path, overwrite=overwrite)
    click.echo(f"The copy is in {path}.")


@db.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace the database if it is there.")
def restore(path: Path, *, overwrite: bool) -> None:
    """Make the SQLite database from the copy in PATH. The bot must not run."""
    from bot.store.backup import restore as read_backup

    with _explained():
        read_backup(Settings.from_environment().database_url.get_secret_value(), path, overwrite=overwrite)
    click.echo(f"The database is that of {path}.")


@contextmanager
def _database() -> Iterator["Store"]:
    """Open the database of the settings, and say what is wrong with either."""
    with _explained():
        settings = Settings.from_environment()
        _configure_for_terminal(settings)
        from bot.store.engine import open_store

        with closing(open_store(settings.database_url.get_secret_value())) as store:
            yield store


@contextmanager
def _importing() -> Iterator[None]:
    """Import without looking for garbage, of which there is none: a sixth of the start goes into that otherwise.

    What is there then stays for good, and is not looked through again.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _take(words: Sequence[str], flag: str) -> tuple[list[str], bool]:
    kept = [word for word in words if word != flag]
    return kept, len(kept) != len(words)


@contextmanager
def _explained(*, as_json: bool = False) -> Iterator[None]:
    """Turn what goes wrong, with the settings first of all, into sentences and the exit status."""
    try:
        yield
    except HubBotError as error:
        if as_json:
            click.echo(json.dumps({"error": {"reason": error.reason, "message": str(error)}}, ensure_ascii=False))
        if isinstance(error, ConfigError):
            _refuse(error.problems)
        click.echo(str(error), err=True)
        sys.exit(EXIT_NO)


def _refuse(problems: Sequence[str]) -> NoReturn:
    click.echo("The settings cannot be used:", err=True)
    for problem in problems:
        click.echo(f"  - {problem}", err=True)
    sys.exit(EXIT_USAGE)
