"""waitress with a start and a stop."""

import errno
import logging
import socket
import threading
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from bot.errors import ConfigError
from bot.web.routes import MOST_BODY_BYTES, WsgiApp

logger = logging.getLogger(__name__)

THREADS = 32
STOP_SECONDS = 5.0
# waitress reads bodies before anybody can refuse them; what is up to twice too long still gets our own answer.
_MOST_RECEIVED_BYTES = 2 * MOST_BODY_BYTES
_CONNECTIONS = 1_000
_BACKLOG = 1_024


class WebServer:
    """Serves the application from threads of its own.

    Args:
        app: The WSGI application.
        host: The address to listen on.
        port: The port; 0 takes any that is free.
        threads: How many requests are answered at the same time.
    """

    def __init__(self, app: WsgiApp, host: str, port: int, *, threads: int = THREADS) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._threads = threads
        self._map: dict[int, Any] = {}
        self._is_closing = False
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return self._port

    def start(self) -> None:
        """Listen, and return when connections are accepted.

        Raises:
            ConfigError: The address cannot be used.
        """
        listener = self._listener()
        self._port = listener.getsockname()[1]
        # Under a burst it would write a line for each request that waits for a thread.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = create_server(
            self._app,
            map=self._map,
            sockets=[listener],
            threads=self._threads,
            connection_limit=_CONNECTIONS,
            asyncore_use_poll=True,
            backlog=_BACKLOG,
            max_request_body_size=_MOST_RECEIVED_BYTES,
            clear_untrusted_proxy_headers=True,
            ident=None,
        )
        self._thread = threading.Thread(target=self._serve, name="web-server", daemon=True)
        self._thread.start()
        logger.info("web_server_started", extra={"host": self._host, "port": self._port})

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Accept no more connections, let the running requests finish, and close. Nothing happens the second time."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        server = self._server
        server.trigger.pull_trigger(lambda: wasyncore.dispatcher.close(server))
        server.task_dispatcher.shutdown(timeout=timeout_seconds)
        server.trigger.pull_trigger(self._close_channels)
        thread.join(timeout_seconds)
        wasyncore.close_all(self._map, ignore_all=True)

    def _serve(self) -> None:
        # waitress's own loop ends only when it is killed, and then drops the answers that are still to be written.
        while not (self._is_closing and not self._server.active_channels):
            wasyncore.loop(timeout=1.0, use_poll=True, map=self._map, count=1)

    def _close_channels(self) -> None:
        self._is_closing = True
        for channel in list(self._server.active_channels.values()):
            channel.close_when_flushed = True

    def _listener(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            return socket.create_server((self._host, self._port), family=family, backlog=_BACKLOG)
        except OSError as error:
            raise ConfigError([_why_not(error, self._host, self._port)]) from error


def _why_not(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"HUB_BOT_PORT: port {port} on {host} is in use by another program."
        case errno.EACCES:
            return f"HUB_BOT_PORT: this account may not listen on port {port}."
        case _:
            return f"HUB_BOT_HOST: cannot listen on {host}, port {port}: {error.strerror or error}."
