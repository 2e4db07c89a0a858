"""A threaded HTTP server for a WSGI application, on 127.0.0.1 only."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from moto.moto_server import werkzeug_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

HOST = "127.0.0.1"
_POLL_SECONDS = 0.05  # within which the server notices that it is to end

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class HttpServer:
    """Listens from the start, answers from :meth:`serve` on.

    :param port: to listen on; 0 for a free one.
    :raises OSError: if the port is taken.
    """

    def __init__(self, port: int) -> None:
        self._socket = _listen(port)
        self._port: int = self._socket.getsockname()[1]
        self._connections: set[socket.socket] = set()
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self._port}"

    def serve(self, app: WsgiApplication) -> None:
        """Begin to answer, in threads."""
        self._server = make_server(
            HOST,
            self._port,
            app,
            threaded=True,
            request_handler=_request_handler(self._connections),
            fd=self._socket.fileno(),
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="http-server", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Listen and answer no more, on kept connections neither."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
        self._socket.close()
        for connection in tuple(self._connections):
            with suppress(OSError):  # its client may have gone in this moment
                connection.shutdown(socket.SHUT_RDWR)

    def reopen(self) -> None:
        """Listen again after :meth:`close`, on the same port.

        :raises OSError: if somebody else has taken the port.
        """
        self._socket = _listen(self._port)


def _listen(port: int) -> socket.socket:
    # werkzeug would end the process if it can't have the port.
    return socket.create_server((HOST, port), backlog=128)


def _request_handler(connections: set[socket.socket]) -> type[WSGIRequestHandler]:
    # Newer versions of moto bring their own, for S3 metadata with underscores.
    base: type[WSGIRequestHandler] = getattr(werkzeug_app, "MotoRequestHandler", WSGIRequestHandler)

    class RequestHandler(base):  # type: ignore[misc, valid-type]
        def setup(self) -> None:
            """Note the connection, which may be kept open for many requests."""
            super().setup()
            connections.add(self.connection)

        def finish(self) -> None:
            """Forget the connection."""
            connections.discard(self.connection)
            super().finish()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing: the list of calls has it."""

    return RequestHandler
