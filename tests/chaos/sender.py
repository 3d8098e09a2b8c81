"""Whoever pushes all the time: one after the other in each repository, many repositories at once."""

import random
import threading
from collections.abc import Sequence

from tests.chaos.world import Accepted, World

LONGEST_PAUSE_SECONDS = 9.0
"""Some pushes follow each other within the quiet time of a fold, others do not."""


class Sender:
    """Pushes, and sends the webhook of each push until it was accepted.

    The guarantee begins with the answer, so the next push of a repository waits for the one before.

    Args:
        world: Where.
        repositories: To which.
        seed: Of the pauses.
        longest_pause_seconds: Between two pushes of a repository.
    """

    def __init__(
        self,
        world: World,
        repositories: Sequence[str],
        seed: int,
        *,
        longest_pause_seconds: float = LONGEST_PAUSE_SECONDS,
    ) -> None:
        self._world = world
        self._longest = longest_pause_seconds
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._accepted: list[Accepted] = []
        self._seed = seed
        self._threads = [threading.Thread(target=self._run, args=(path,), daemon=True) for path in repositories]

    @property
    def accepted(self) -> list[Accepted]:
        """What was accepted so far; of each repository in its order."""
        with self._lock:
            return list(self._accepted)

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> list[Accepted]:
        """Push nothing more, wait until what was pushed is accepted, and return all of it."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive(), "a webhook was not accepted within two minutes"
        return self.accepted

    def _run(self, path: str) -> None:
        draw = random.Random(f"{self._seed} {path}")  # noqa: S311 - Chance that can be repeated.
        number = 0
        while not self._stopping.wait(draw.uniform(0, self._longest)):
            number += 1
            payload = self._world.push(path, tag_of(path, number))
            found = self._world.deliver(payload, lambda: draw.choice(self._world.ports))
            with self._lock:
                self._accepted.append(found)


def tag_of(path: str, number: int) -> str:
    """Return a tag that is found again in any text."""
    return f"{path.rpartition('/')[2]}-n{number:04d}"
