"""Socket Mode: the same listeners over a WebSocket that we open, for a bot that the internet cannot reach.

slack_sdk keeps the connection: it pings, and opens a new one when Slack asks for it or nothing comes back. What it
does not do is the first connection while Slack is away; that is done here.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import logging
import threading

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

logger = logging.getLogger(__name__)

_FIRST_BACKOFF_SECONDS = 1.0
_LONGEST_BACKOFF_SECONDS = 30.0


class SocketModeConnection:
    """Keeps one connection to Slack.

    Args:
        app: The Bolt app.
        app_token: The app-level token, `xapp-…`.
        base_url: Where the Web API is.
        concurrency: How many requests are taken in at the same time.
        backoff_seconds: How long to wait after the first failed connection; doubled up to 30 s after further ones.
    """

    def __init__(
        self,
        app: App,
        *,
        app_token: str,
        base_url: str,
        concurrency: int = 10,
        backoff_seconds: float = _FIRST_BACKOFF_SECONDS,
    ) -> None:
        # Never at debug: there it prints whole messages.
        quiet = logging.getLogger("slack_sdk.socket_mode.hub_bot")
        quiet.setLevel(logging.WARNING)
        self._handler = SocketModeHandler(
            app,
            app_token=app_token,
            logger=quiet,
            web_client=WebClient(token=app_token, base_url=base_url, timeout=10, retry_handlers=[], logger=quiet),
            concurrency=concurrency,
        )
        self._backoff_seconds = backoff_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._connect, name="socket-mode", daemon=True)

    @property
    def is_connected(self) -> bool:
        """Whether Slack can reach us at this moment."""
        return bool(self._handler.client.is_connected())

    def start(self) -> None:
        """Connect in the background, and try again until it works."""
        self._thread.start()

    def stop(self) -> None:
        """Disconnect; what was taken in is still acknowledged."""
        self._stopping.set()
        self._thread.join()
        self._handler.close()  # type: ignore[no-untyped-call]

    def _connect(self) -> None:
        wait = self._backoff_seconds
        while not self._stopping.is_set():
            try:
                self._handler.connect()  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001 - Anything from a refused token to a broken handshake.
                logger.warning("socket_mode_not_connected", extra={"reason": type(error).__name__})
            else:
                logger.info("socket_mode_connected")
                return
            self._stopping.wait(wait)
            wait = min(wait * 2, _LONGEST_BACKOFF_SECONDS)
