"""Running a foreign program once, within limits of time, output, memory and processor, and with nothing of ours.

It gets its own session, an empty folder, no input, and only the environment that it is given. In the end its whole
process group is killed, whatever became of it; only what starts a session of its own could outlive that.
"""

import os
import resource
import selectors
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICK_SECONDS = 0.1
"""How often is looked whether it ended, or wrote too much into a file."""
MOST_DATA_BYTES = 4 * 2**30
"""Of memory that a process may write to. Address space is not limited: Go reserves far more than it uses."""
MOST_PROCESSORS = 16
_CHUNK_BYTES = 65_536
_LAST_WORDS_BYTES = 8_192
_OUTPUT_NAME = "output"


class RunError(Exception):
    """The program gave no answer. `str()` is a clause for people, which follows the program's name."""


@dataclass(frozen=True)
class Limits:
    """How much a program may take.

    Attributes:
        seconds: Until its end.
        output_bytes: Of the answer.
    """

    seconds: float
    output_bytes: int


@dataclass(frozen=True)
class Ran:
    """How a program ended.

    Attributes:
        status: Its exit status; negative: the signal that killed it.
        answer: What it wrote, to its output or into the file.
        last_words: The end of what it said to its standard error.
    """

    status: int
    answer: bytes
    last_words: str


Words = Callable[[Path], Sequence[str]]
"""Gives the program and its arguments, when told the file that it may write its answer into."""


def run(
    words: Words, *, environment: Mapping[str, str], limits: Limits, is_file: bool, is_stopping: Callable[[], bool]
) -> Ran:
    """Run a program to its end.

    Args:
        words: What to run.
        environment: All of its environment.
        limits: How much it may take.
        is_file: Whether the answer is what is in the file, and not what the program prints.
        is_stopping: Tells, at any time, that nobody wants the answer any more.

    Raises:
        RunError: It could not be started, or took too much.
    """
    # The limit is on a process of the machine, so the machine's own time counts.
    ends_at = time.monotonic() + limits.seconds
    with tempfile.TemporaryDirectory(prefix="hub-bot-scan-", ignore_cleanup_errors=True) as folder:
        file = Path(folder, _OUTPUT_NAME)
        with _started(words(file), folder, environment) as process:
            try:
                _limit(process.pid, limits)
                streams = _Streams(process, limits.output_bytes)
                while not (streams.read(_tick(ends_at)) and _has_ended(process)):
                    _check(file, ends_at, limits, is_stopping)
            finally:
                _kill_all(process)
            answer = _content(file, limits.output_bytes) if is_file else bytes(streams.output)
            return Ran(process.returncode, answer, streams.last_words)


class _Streams:
    """What a program writes to its standard output and error."""

    def __init__(self, process: "subprocess.Popen[bytes]", most_bytes: int) -> None:
        self.output = bytearray()
        self._said = bytearray()
        self._most_bytes = most_bytes
        self._selector = selectors.DefaultSelector()
        for stream, kept in ((process.stdout, self.output), (process.stderr, self._said)):
            if stream is not None:
                self._selector.register(stream.fileno(), selectors.EVENT_READ, kept)

    @property
    def last_words(self) -> str:
        return self._said.decode("utf-8", errors="replace")

    def read(self, seconds: float) -> bool:
        """Read what comes within that time; return whether nothing did.

        Raises:
            RunError: It is too much.
        """
        is_quiet = True
        for key, _ in self._selector.select(seconds):
            chunk = os.read(key.fd, _CHUNK_BYTES)
            if not chunk:
                self._selector.unregister(key.fd)
                continue
            is_quiet = False
            key.data.extend(chunk)
        del self._said[:-_LAST_WORDS_BYTES]
        if len(self.output) > self._most_bytes:
            raise RunError("wrote more than is plausible")
        return is_quiet


def _started(words: Sequence[str], folder: str, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 - Running it is what the settings ask for; no shell reads the words.
            words,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise RunError("is not installed") from error
    except (OSError, ValueError) as error:
        raise RunError("cannot be started") from error


def _limit(pid: int, limits: Limits) -> None:
    """Limit a process that has just begun, and what it will start. From outside: nothing of ours may run inside it.

    Only Linux can do that; elsewhere the time and the output are limited all the same.
    """
    if not hasattr(resource, "prlimit"):
        return
    seconds = int(limits.seconds * MOST_PROCESSORS) + 1
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_DATA, MOST_DATA_BYTES),
    ):
        # It may have ended already; and a limit of the system that is lower stays as it is.
        with suppress(ProcessLookupError, PermissionError, ValueError):
            resource.prlimit(pid, kind, (most, most))


def _tick(ends_at: float) -> float:
    return min(TICK_SECONDS, max(0.0, ends_at - time.monotonic()))


def _check(file: Path, ends_at: float, limits: Limits, is_stopping: Callable[[], bool]) -> None:
    if is_stopping():
        raise RunError("was stopped")
    if time.monotonic() >= ends_at:
        raise RunError(f"took longer than {limits.seconds:g} s")
    with suppress(OSError):
        if file.lstat().st_size > limits.output_bytes:
            raise RunError("wrote more than is plausible")


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    """Tell whether it has ended, and leave its number taken until the others of its group are killed."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_all(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _content(file: Path, most_bytes: int) -> bytes:
    """Return what is in a file that the program wrote: a plain one, and no longer than allowed.

    Raises:
        RunError: It is something else.
    """
    try:
        # Neither a link out of the folder nor a pipe that nobody writes to.
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise RunError("wrote no file") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise RunError("wrote no file")
        with os.fdopen(handle, "rb", closefd=False) as opened:
            content = opened.read(most_bytes + 1)
    finally:
        os.close(handle)
    if len(content) > most_bytes:
        raise RunError("wrote more than is plausible")
    return content
