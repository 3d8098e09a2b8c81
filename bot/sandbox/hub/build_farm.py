"""Where the simulated Docker Hub builds: requests become builds, builds wait, run and end by the simulator's clock.

A build that succeeds pushes its tag. Owns the queue and its limits; what requests look like is in `build_triggers.py`,
what is told of builds in `build_views.py`.
"""

import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.sandbox.clock import is_within
from bot.sandbox.hub.builds import Automation, Build, Chosen, Outcome, Wish
from bot.sandbox.hub.state import HubState, ImmutableTagError, Repository

QUEUE_SECONDS = 5.0
BUILD_SECONDS = 30.0
# Source: https://docs.docker.com/docker-hub/builds/, 2021: 30 pending builds; 15 at a time for Team and Business.
MOST_PENDING = 30
MOST_AT_ONCE = 15
# Source: the same page of the classic builds, 2014: no more than one each five minutes.
CLASSIC_PAUSE = timedelta(minutes=5)
# How soon a moved clock is noticed when nobody asks, real time.
POLL_SECONDS = 0.05

SUBMITTED = "Build submitted"
# What the registry takes; a branch like `fix/x` makes no tag of its own name.
TAG_NAME = re.compile(r"\w[\w.-]{0,127}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one rule of a request.

    Attributes:
        build: None: it was ignored.
        message: In Docker Hub's words.
    """

    chosen: Chosen
    build: Build | None
    message: str


@dataclass(frozen=True, slots=True)
class _Event:
    """What a build comes to next."""

    at: datetime
    is_start: bool
    repository: Repository
    build: Build


class BuildFarm:
    """Builds what is asked for. Safe to use from any thread.

    Args:
        state: Where repositories, rules and builds are.
        now: Returns the time, aware and UTC.
        push: Pushes a new image: repository `namespace/name`, tag, and when.

    Attributes:
        queue_seconds: How long a build waits at least, by the simulator's clock; counts for requests from then on.
        build_seconds: How long it takes; likewise.
        most_pending: How many builds may wait in a namespace; what is more is ignored.
        most_at_once: How many builds of a namespace run side by side.
        outcomes: What the next builds that are asked for come to, the first one first.
        usual_outcome: What they come to without any.
        drops_requests: Requests are taken, and nothing comes of them.
    """

    def __init__(
        self, state: HubState, now: Callable[[], datetime], push: Callable[[str, str, datetime], object]
    ) -> None:
        self.queue_seconds = QUEUE_SECONDS
        self.build_seconds = BUILD_SECONDS
        self.most_pending = MOST_PENDING
        self.most_at_once = MOST_AT_ONCE
        self.outcomes: deque[Outcome] = deque()
        self.usual_outcome: Outcome = "success"
        self.drops_requests = False
        self._is_paused = False
        self._state = state
        self._now = now
        self._push = push
        self._open: list[tuple[Repository, Build]] = []
        self._advanced_at = datetime.min.replace(tzinfo=UTC)
        self._changed = threading.Condition(state.lock)
        self._clerk: threading.Thread | None = None
        self._is_stopped = False

    @property
    def is_busy(self) -> bool:
        """Whether there are builds that have not ended."""
        return bool(self._open)

    def request(self, repository: Repository, automation: Automation, wish: Wish) -> list[Entry]:
        """Ask for builds by today's trigger; an entry for each rule that the wish is for.

        A tag that already waits is not queued again. Recorded of the classic builds; that the same holds today is
        inferred.
        """
        with self._changed:
            self.advance()
            if self.drops_requests:
                return []
            return [self._entry(repository, automation, chosen) for chosen in automation.chosen(wish)]

    def request_classic(self, repository: Repository, automation: Automation, wish: Wish) -> list[Entry]:
        """Ask for builds by the classic trigger, which builds nothing while one is under way or was just asked for."""
        with self._changed:
            self.advance()
            now = self._now()
            is_throttled = automation.classic_at is not None and is_within(CLASSIC_PAUSE, automation.classic_at, now)
            if is_throttled or any(build.ended_at is None for build in automation.builds):
                return []
            entries = self.request(repository, automation, wish)
            if any(entry.build for entry in entries):
                automation.classic_at = now
            return entries

    def cancel(self, path: str, code: str) -> Build:
        """End a build that has not ended.

        Args:
            path: The repository, `namespace/name`.
            code: The build's code.

        Raises:
            KeyError: There is no such build.
            ValueError: It has ended.
        """
        with self._changed:
            self.advance()
            automation = self._state.repository(path).automation
            build = automation.find(code) if automation else None
            if build is None:
                raise KeyError(code)
            if build.ended_at is not None:
                raise ValueError(f"build {code} has ended")
            build.comes_to, build.ended_at = "canceled", self._now()
            return build

    def pause(self) -> None:
        """Let nothing begin from now on; what runs goes on."""
        with self._changed:
            self.advance()
            self._is_paused = True

    def resume(self) -> None:
        """Let builds begin again."""
        with self._changed:
            self.advance()
            self._is_paused = False
            self._changed.notify_all()

    def advance(self) -> None:
        """Let everything happen that is due by now, in the order of its times."""
        with self._changed:
            if not self._open:
                return
            now = self._now()
            # All that could begin before did; what waits for room begins when there is some, not when it was due.
            reached = min(self._advanced_at, now)
            while events := list(self._events(now, reached)):
                event = min(events, key=lambda each: (each.at, each.is_start, each.build.created_at, each.build.number))
                reached = event.at
                if event.is_start:
                    event.build.started_at = event.at
                else:
                    self._end(event.repository, event.build, event.at)
            self._open = [each for each in self._open if each[1].ended_at is None]
            self._advanced_at = now

    def stop(self) -> None:
        """Let nothing more happen by itself, and wait for the thread."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        if self._clerk is not None:
            self._clerk.join()

    def _entry(self, repository: Repository, automation: Automation, chosen: Chosen) -> Entry:
        pending = [
            (each, build)
            for each, build in self._open
            if build.state == "queued" and each.namespace == repository.namespace
        ]
        if any(each is repository and build.docker_tag == chosen.docker_tag for each, build in pending):
            return Entry(chosen, None, f"A build for tag {chosen.docker_tag} is already pending. Ignoring request.")
        if len(pending) >= self.most_pending:
            # Source: the same page as the limit, by which more than that is discarded; the words are inferred.
            return Entry(chosen, None, "Too many builds are pending. Ignoring request.")
        now = self._now()
        build = automation.add(
            chosen,
            created_at=now,
            due_at=now + timedelta(seconds=self.queue_seconds),
            seconds=self.build_seconds,
            comes_to=self.outcomes.popleft() if self.outcomes else self.usual_outcome,
        )
        self._open.append((repository, build))
        self._watch()
        return Entry(chosen, build, SUBMITTED)

    def _events(self, now: datetime, reached: datetime) -> Iterator[_Event]:
        """Yield what may happen next: every end that is due, and every start for which there is room."""
        running = Counter(repository.namespace for repository, build in self._open if build.state == "building")

        def has_room(repository: Repository) -> bool:
            return not self._is_paused and running[repository.namespace] < self.most_at_once

        for repository, build in self._open:
            if build.state == "building" and build.started_at is not None:
                ends_at = build.started_at + timedelta(seconds=build.seconds)
                if not build.started_at <= now < ends_at:
                    at = _passed(build.started_at, ends_at, now)
                    yield _Event(at=at, is_start=False, repository=repository, build=build)
            elif build.state == "queued" and has_room(repository) and not build.created_at <= now < build.due_at:
                at = _passed(build.created_at, max(build.due_at, reached), now)
                yield _Event(at=at, is_start=True, repository=repository, build=build)

    def _end(self, repository: Repository, build: Build, at: datetime) -> None:
        if TAG_NAME.fullmatch(build.docker_tag) is None:
            build.comes_to = "error"
        if build.comes_to == "success":
            try:
                self._push(repository.path, build.docker_tag, at)
            except ImmutableTagError:
                build.comes_to = "error"
            except KeyError:
                build.comes_to = "exception"  # The repository was deleted.
        build.ended_at = at

    def _watch(self) -> None:
        """Let builds go on when nobody asks: whoever waits for their webhooks does not."""
        if self._clerk is None and not self._is_stopped:
            self._clerk = threading.Thread(target=self._keep_advancing, name="sandbox-builds", daemon=True)
            self._clerk.start()
        self._changed.notify_all()

    def _keep_advancing(self) -> None:
        with self._changed:
            while not self._is_stopped:
                self.advance()
                self._changed.wait(POLL_SECONDS if self._open else None)


def _passed(since: datetime, until: datetime, now: datetime) -> datetime:
    """Return when something is over that is: as planned, or when the clock was moved back past its beginning, then."""
    return min(until, max(now, since))
