"""The box that holds the faults which wait for their requests; each simulator has faults of its own kinds."""

import threading
from typing import Generic, Protocol, TypeVar


class Matching(Protocol):
    """What the box needs to know of a fault."""

    @property
    def times(self) -> int | None:
        """How many requests it strikes; None for all."""

    def matches(self, method: str, path: str, body: bytes = b"") -> bool:
        """Tell whether a request is one of those that it is for."""


FaultT = TypeVar("FaultT", bound=Matching)


class FaultBox(Generic[FaultT]):
    """The faults that wait for their requests; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[FaultT] = []
        self._fired: list[int] = []

    def add(self, fault: FaultT) -> None:
        """Let a fault happen from now on; of several that match a request, the one added first goes first."""
        with self._lock:
            self._faults.append(fault)
            self._fired.append(0)

    def clear(self) -> None:
        """Be well again."""
        with self._lock:
            self._faults.clear()
            self._fired.clear()

    def take(self, method: str, path: str, body: bytes = b"") -> FaultT | None:
        """Return the fault that this request meets, and count it as fired; at most one per request."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                is_used_up = fault.times is not None and self._fired[index] >= fault.times
                if not is_used_up and fault.matches(method, path, body):
                    self._fired[index] += 1
                    return fault
        return None
