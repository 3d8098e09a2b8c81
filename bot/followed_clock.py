"""The time of a sandbox that runs in another process: the machine's own time and an offset, followed over HTTP.

With it the whole bot can be moved to "tomorrow 09:00". Only for services on this machine; the settings see to that.
"""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta

import requests
from pydantic import BaseModel, Field, ValidationError

from bot.errors import ConfigError

logger = logging.getLogger(__name__)

_CONNECT_SECONDS = 2.0
# The sandbox answers at once when its time has moved, else after 20 s.
_READ_SECONDS = 30.0
_RETRY_SECONDS = 1.0


class _Time(BaseModel):
    """What the sandbox says.

    Attributes:
        version: Another one with every move.
        offset_seconds: How far its time is from the machine's.
    """

    version: int
    offset_seconds: float = Field(allow_inf_nan=False)


class FollowedClock:
    """Implements `bot.clock.Clock`.

    A move forward also moves the monotonic time, and so ends what waits on it and ages what is kept; a move back
    changes the wall time alone.

    Args:
        url: Where the sandbox tells its time.
        retry_seconds: How long to wait when it does not.
    """

    def __init__(self, url: str, *, retry_seconds: float = _RETRY_SECONDS) -> None:
        self._url = url
        self._retry_seconds = retry_seconds
        self._session = requests.Session()
        self._session.trust_env = False  # It is on this machine; no proxy can reach it.
        self._time = _Time(version=0, offset_seconds=0.0)
        self._skipped_seconds = 0.0
        self._moved = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="sandbox-clock", daemon=True)

    def start(self) -> None:
        """Take the sandbox's time, and follow it from now on.

        Raises:
            ConfigError: The sandbox does not tell its time.
        """
        try:
            self._take(self._asked())
        except (requests.RequestException, ValidationError) as error:
            raise ConfigError([f"HUB_BOT_CLOCK: no sandbox tells its time at {self._url}."]) from error
        self._thread.start()

    def stop(self) -> None:
        """Follow no longer. The thread ends with its last request; nobody has to wait for that."""
        self._stopping.set()
        self._session.close()

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._time.offset_seconds)

    def monotonic(self) -> float:
        """Return seconds since an arbitrary point; never goes back."""
        return time.monotonic() + self._skipped_seconds

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds of the sandbox's time; at once for zero or less."""
        ends_at = self.monotonic() + seconds
        with self._moved:
            while (left := ends_at - self.monotonic()) > 0:
                self._moved.wait(left)

    def _follow(self) -> None:
        is_away = False
        while not self._stopping.is_set():
            try:
                self._take(self._asked())
                is_away = False
            except (requests.RequestException, ValidationError):
                if not is_away and not self._stopping.is_set():
                    logger.warning("sandbox_clock_away")
                is_away = True
                self._stopping.wait(self._retry_seconds)

    def _asked(self) -> _Time:
        answer = self._session.get(
            self._url,
            params={"after": self._time.version},
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            allow_redirects=False,
        )
        answer.raise_for_status()
        return _Time.model_validate_json(answer.content)

    def _take(self, new: _Time) -> None:
        with self._moved:
            moved_by = new.offset_seconds - self._time.offset_seconds
            is_first = self._time.version == 0
            self._time = new
            if moved_by > 0 and not is_first:
                self._skipped_seconds += moved_by
            self._moved.notify_all()
