"""The same work on many things side by side, as wide as is allowed just now."""

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Generic, Protocol, TypeVar

_LOOK_EVERY_SECONDS = 0.25
"""How often it is looked at whether the process ends, while nothing else happens."""
_MOST_UNCLAIMED = 32

T = TypeVar("T")
R = TypeVar("R")


class Breadth(Protocol):
    """How many at once; `bot.fleet.width.Width`, but for tests."""

    @property
    def allowed(self) -> int:
        """How many may be at work now; at least one."""

    def note_answer(self) -> None:
        """Note that one is done."""


class StoppedError(Exception):
    """The process ends; whoever is at work is left to it."""


class Crew(Generic[T, R]):
    """Workers that take one thing after the other, each on a thread of its own.

    The threads end by themselves when there is nothing left. One that waits for Docker Hub when the process ends
    does not hold it up.

    Args:
        work: What to do with each thing; what it raises is raised by `results`.
        width: How many at once.
        most: Never more than so many.
        is_stopping: Returns whether the process ends.
    """

    def __init__(
        self, work: Callable[[T], R], width: Breadth, *, most: int, is_stopping: Callable[[], bool] = lambda: False
    ) -> None:
        self._work = work
        self._width = width
        self._most = most
        self._is_stopping = is_stopping
        self._changed = threading.Condition()
        self._busy = 0
        self._is_over = False
        self._is_abandoned = False
        self._items: Iterator[T] = iter(())
        self._results: queue.Queue[tuple[T, R] | BaseException | None] = queue.Queue(_MOST_UNCLAIMED)

    def finish(self) -> None:
        """Begin nothing more; `results` ends when all that was begun is done."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def results(self, items: Iterable[T], *, count: int) -> Generator[tuple[T, R] | None, None, None]:
        """Yield each thing with what came of it, in no order; None now and then while nothing comes.

        Args:
            items: What to work on. Taken one by one, by whichever worker is free, never by two at once.
            count: How many there are at most.

        Raises:
            StoppedError: The process ends.
            BaseException: What the work, or the taking, raised.
        """
        self._items = iter(items)
        workers = min(self._most, count)
        for number in range(workers):
            threading.Thread(target=self._serve, name=f"sweep-{number}", daemon=True).start()
        try:
            while workers:
                try:
                    result = self._results.get(timeout=_LOOK_EVERY_SECONDS)
                except queue.Empty:
                    if self._is_stopping():
                        raise StoppedError from None
                    yield None
                    continue
                if isinstance(result, BaseException):
                    raise result
                if result is None:
                    workers -= 1
                else:
                    yield result
                    if self._is_stopping():
                        raise StoppedError
        finally:
            self._is_abandoned = True
            self.finish()

    def _serve(self) -> None:
        try:
            while self._wait_for_place():
                try:
                    item = self._next()
                    result = (item, self._work(item))
                except StopIteration:
                    return
                finally:
                    self._leave_place()
                self._width.note_answer()
                self._hand_over(result)
        except BaseException as error:  # noqa: BLE001 - Raised again, on the thread that waits for it.
            self._hand_over(error)
        finally:
            self._hand_over(None)

    def _wait_for_place(self) -> bool:
        """Wait until one more may be at work; False when there is nothing more to do."""
        with self._changed:
            while not self._is_over and self._busy >= self._width.allowed:
                self._changed.wait(_LOOK_EVERY_SECONDS)
            self._busy += not self._is_over
            return not self._is_over

    def _next(self) -> T:
        with self._changed:
            if self._is_over:
                raise StopIteration
            try:
                return next(self._items)
            except StopIteration:
                self._is_over = True
                raise

    def _leave_place(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def _hand_over(self, result: tuple[T, R] | BaseException | None) -> None:
        """Wait until somebody takes it, unless nobody will any more."""
        while True:
            try:
                self._results.put(result, timeout=_LOOK_EVERY_SECONDS)
            except queue.Full:
                if self._is_abandoned:
                    return
            else:
                return
