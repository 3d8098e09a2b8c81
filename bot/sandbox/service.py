"""What runs in the background between a start and a stop, in a test as a context manager."""

import signal
import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Service(ABC):
    """Something that runs."""

    @abstractmethod
    def start(self) -> Self:
        """Begin, in background threads."""

    @abstractmethod
    def stop(self) -> None:
        """End, and wait for all threads."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def told_to_end() -> threading.Event:
    """Return what is set once the process is told to end (SIGINT, SIGTERM), from now on."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    return told
