"""Programs on Node, which tests start, talk with in lines of JSON, and end; `install_npm.sh` installs what they use."""

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any

import pytest

HERE = Path(__file__).parent
SLACK_PACKAGES = HERE.parents[1] / ".tools" / "slack"
PATIENCE_SECONDS = 20.0
STOP_SECONDS = 5.0
OLDEST_NODE = 20

Line = dict[str, Any]


def slack_packages() -> Path:
    """Return where Slack's packages are; skip the test, with the reason, where they are not."""
    # The installer writes this file last, so that half an installation is never mistaken for one.
    if not (SLACK_PACKAGES / "installed.txt").exists():
        pytest.skip(f"{SLACK_PACKAGES} is missing; `make tools` makes it")
    if node_version() < OLDEST_NODE:
        pytest.skip(f"Slack's packages want Node {OLDEST_NODE} or newer")
    return SLACK_PACKAGES


@cache
def node_version() -> int:
    """Return the major version of Node, 0 without one."""
    if shutil.which("node") is None:
        return 0
    told = subprocess.run(["node", "--version"], capture_output=True, check=True, text=True, timeout=PATIENCE_SECONDS)
    return int(told.stdout.removeprefix("v").partition(".")[0])


class NodeProgram:
    """A program that reads and writes one JSON object a line."""

    def __init__(self, process: "subprocess.Popen[str]", errors: IO[bytes]) -> None:
        self._process = process
        self._errors = errors
        self._lines: list[Line] = []
        self._is_over = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def tell(self, line: Mapping[str, Any]) -> None:
        """Write one line to the program."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()

    def take(self, is_wanted: Callable[[Line], bool] = lambda _: True) -> Line:
        """Wait for the first wanted line that the program wrote, take it out, and return it."""
        with self._changed:
            is_in_time = self._changed.wait_for(
                lambda: self._find(is_wanted) is not None or self._is_over, PATIENCE_SECONDS
            )
            found = self._find(is_wanted)
            assert found is not None, f"{'ended' if is_in_time else 'too late'}: {self._lines}\n{self.errors}"
            self._lines.remove(found)
            return found

    def ask(self, line: Mapping[str, Any]) -> Line:
        """Write one line and return the next that comes back."""
        self.tell(line)
        return self.take()

    @property
    def lines(self) -> list[Line]:
        """What it wrote and nobody took."""
        with self._changed:
            return list(self._lines)

    def forget(self) -> None:
        """Drop what it wrote and nobody took."""
        with self._changed:
            self._lines.clear()

    @property
    def errors(self) -> str:
        """What it wrote to standard error."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def stop(self) -> None:
        """End the program, by force if it does not end by itself."""
        end(self._process)
        self._reader.join(STOP_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _find(self, is_wanted: Callable[[Line], bool]) -> Line | None:
        return next((line for line in self._lines if is_wanted(line)), None)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            with self._changed:
                self._lines.append(json.loads(text))
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


@contextmanager
def node(script: str, *arguments: str) -> Iterator[NodeProgram]:
    """Run a script of this folder with its arguments."""
    slack_packages()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            ["node", HERE / script, *arguments],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        program = NodeProgram(process, errors)
        try:
            yield program
        finally:
            program.stop()


def environment(**more: str) -> dict[str, str]:
    """Return what a program needs of the environment, and nothing that could send it elsewhere."""
    return {"PATH": os.environ["PATH"], "NO_PROXY": "*", **more}


def end(process: "subprocess.Popen[Any]") -> None:
    """Ask a process to end, and make it."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def plain(text: str) -> dict[str, Any]:
    """Return a text object."""
    return {"type": "plain_text", "text": text}


def modal(blocks: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """Return a modal that can be submitted."""
    return {"type": "modal", "title": plain("Witness"), "submit": plain("Go"), "blocks": list(blocks), **more}
