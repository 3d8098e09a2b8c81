"""Looks for secrets in everything that the tests make the bot write, say and keep; one that is found fails the run.

Looked through are: every log record as the bot would write it, what tests print, everything that a simulated Slack was
sent (messages, modals, answers, files' words), and every SQLite database that a test left behind. Looked for are the
known secrets of the simulators and of the tests' own helpers, and everything that has the form of one. Under xdist each
worker looks at its own, and the controller fails the run.

A test that shows a secret on purpose carries `@pytest.mark.shows_secrets("why")`.
"""

import importlib
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from bot.logs import JsonFormatter

MARK = "shows_secrets"
SOURCES = (
    "bot.sandbox.hub.seed",
    "bot.sandbox.slack.seed",
    "bot.sandbox.builders.github",
    "bot.sandbox.builders.gitlab",
    "bot.sandbox.builders.receiver",
    "tests.support.desk",
    "tests.support.organization",
)
"""Modules whose constants hold secrets. Secrets in paths of webhooks are not among them: admins are shown these."""
FORMS: Mapping[str, str] = {
    "a token of Slack": r"xox[abeprs]-[A-Za-z0-9-]{12,}|xapp-[A-Za-z0-9-]{12,}",
    "a token of Docker Hub": r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{16,}",
    "a token of GitHub": r"(?:gh[oprsu]|github_pat)_[A-Za-z0-9_]{16,}",
    "a token of GitLab": r"gl(?:pat|ptt)-[A-Za-z0-9_-]{16,}",
    "a trigger URL": r"/trigger/[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,}",
    "a bearer": r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    "the signature of a request": r"(?:v0|sha256)=[0-9a-f]{64}",
}
_NAME = re.compile(r"(?:^|_)(?:PAT|OAT|PASSWORD|TOKEN|SECRET|KEY)(?:_|$)")
_SHORTEST = 12
_SQLITE = b"SQLite format 3\x00"
_SIMULATOR = "bot.sandbox.slack.simulator"
_OUTPUT = "secret_watch"
# With these a program shows Slack who it is. Source: https://docs.slack.dev/reference/methods/oauth.v2.access
_TAKES_SECRETS = frozenset({"oauth.v2.access"})


def known_secrets() -> dict[str, str]:
    """Return the secrets that stand in constants, each with where it stands."""
    found: dict[str, str] = {}
    for name in SOURCES:
        if importlib.util.find_spec(name) is None:
            continue
        for constant, value in vars(importlib.import_module(name)).items():
            if _NAME.search(constant) and isinstance(value, str) and len(value) >= _SHORTEST:
                found.setdefault(value, f"{name}.{constant}")
    return found


class SecretWatch:
    """A plugin of pytest.

    Attributes:
        leaks: What was found where, a line each, without the secrets themselves.
    """

    def __init__(self) -> None:
        self.leaks: list[str] = []
        self._test = "no test in particular"
        self._is_watching = True
        self._handler = _Listener(self)

    @cached_property
    def _known(self) -> dict[str, str]:
        return known_secrets()

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        values = "|".join(map(re.escape, sorted(self._known, key=len, reverse=True)))
        forms = "|".join(f"(?P<f{number}>{form})" for number, form in enumerate(FORMS.values()))
        return re.compile(f"(?P<known>{values})|{forms}")

    def look_through(self, text: str, where: str) -> None:
        """Note every secret in a text.

        Args:
            text: What was written, said or kept.
            where: What it is, in words.
        """
        if self._is_watching:
            self.leaks += [f"{self._test}: {what} in {where}" for what in sorted(set(self._found(text)))]

    def _found(self, text: str) -> Iterator[str]:
        names = list(FORMS)
        for match in self._pattern.finditer(text):
            group = str(match.lastgroup)
            yield self._known[match[0]] if group == "known" else names[int(group[1:])]

    # What pytest calls

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Know which test it is, and whether it shows secrets on purpose; hear its log."""
        self._test, self._is_watching = item.nodeid, item.get_closest_marker(MARK) is None
        # At the bot's own logger, and to be heard at the level at which the bot is run; the root's is pytest's warning.
        ours = logging.getLogger("bot")
        ours.addHandler(self._handler)
        ours.setLevel(logging.INFO)
        try:
            return (yield)
        finally:
            ours.setLevel(logging.NOTSET)
            ours.removeHandler(self._handler)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look through what a test has printed."""
        if not hasattr(report, "node"):  # Else it is a worker's, who has looked.
            for title, content in report.sections:
                if "log" not in title:
                    self.look_through(content, title.lower())

    def pytest_collection_finish(self) -> None:
        """Have every simulated Slack looked through when it stops, if there is any."""
        if _SIMULATOR in sys.modules:
            _follow(sys.modules[_SIMULATOR].SlackSimulator, self._look_at_slack)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Look through the databases, and fail the run if anything was found."""
        self._test, self._is_watching = "the databases that were left", True
        self._look_at_databases(session.config)
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = self.leaks
        elif self.leaks:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker has found."""
        self.leaks += getattr(node, "workeroutput", {}).get(_OUTPUT, [])

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was found."""
        if self.leaks:
            terminalreporter.section("secrets in the open", red=True, bold=True)
            for leak in sorted(set(self.leaks)):
                terminalreporter.line(leak)

    # What is looked at

    def _look_at_slack(self, simulator: Any) -> None:
        for call in simulator.calls:
            if call.method in _TAKES_SECRETS:
                continue
            self.look_through(json.dumps(dict(call.arguments), default=str, ensure_ascii=False), f"`{call.method}`")
        for post in simulator.posts:
            self.look_through(json.dumps(post.payload, default=str, ensure_ascii=False), "an answer to a command")

    def _look_at_databases(self, config: pytest.Config) -> None:
        factory = getattr(config, "_tmp_path_factory", None)
        folder = getattr(factory, "_basetemp", None)  # Asking for it in the usual way would make it.
        if folder is None:
            return
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and not path.is_symlink() and _is_database(path):
                # Most of a small database is room that nothing was written into yet.
                written = path.read_bytes().replace(b"\0", b"")
                self.look_through(written.decode("latin-1"), f"{path.parent.name}/{path.name}")


class _Listener(logging.Handler):
    """Looks through each record as it would be written."""

    def __init__(self, watch: SecretWatch) -> None:
        super().__init__()
        self._watch = watch
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Look through one."""
        self._watch.look_through(self.format(record), f"a log record of {record.name}")


def install(config: pytest.Config) -> None:
    """Begin to watch; for `pytest_configure`."""
    config.addinivalue_line("markers", f"{MARK}(why): this test shows secrets on purpose")
    config.pluginmanager.register(SecretWatch(), "secret-watch")


def _is_database(path: Path) -> bool:
    main = path.with_name(path.name.removesuffix("-wal"))
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE or (main != path and main.exists())


def _follow(simulator: Any, look: Callable[[Any], None]) -> None:
    really_stop = simulator.stop

    def stop(self: Any) -> None:
        really_stop(self)
        look(self)

    simulator.stop = stop
