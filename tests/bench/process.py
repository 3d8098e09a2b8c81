"""What a process holds, as the kernel tells it."""

import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_WATCH_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Holdings:
    """What a process holds at a moment.

    Attributes:
        resident_bytes: Of memory.
        threads: How many.
        handles: How many open files and sockets.
    """

    resident_bytes: int
    threads: int
    handles: int


def holdings(pid: int) -> Holdings:
    """Return what a process holds now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return Holdings(
        resident_bytes=int(told["VmRSS"].split()[0]) * 1024,
        threads=int(told["Threads"]),
        handles=sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()),
    )


class Watch:
    """Looks at a process again and again, as a context manager.

    Args:
        pid: Which.

    Attributes:
        most: The most of each that was ever seen.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.most = holdings(pid)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_WATCH_EVERY_SECONDS):
            now, most = holdings(self._pid), self.most
            self.most = Holdings(
                max(now.resident_bytes, most.resident_bytes),
                max(now.threads, most.threads),
                max(now.handles, most.handles),
            )


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used so far."""
    # The name, in parentheses, may hold spaces. Source: proc_pid_stat(5), fields 14 and 15, in hundredths of a second.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
