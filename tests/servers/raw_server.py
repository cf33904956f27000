"""A server on 127.0.0.1 that sends what it is told, HTTP or not.

    with RawServer(lambda number, request: [b"HTTP/1.1 200 OK\\r\\n\\r\\n"]) as server:
        ...  # each connection gets these pieces, and is then closed

The answer may be an endless generator: it ends with the connection, or the block.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Self

MOST_CONNECTIONS = 200
MOST_PIECES = 200_000


class RawServer:
    """Answers connections one after the other, until its block ends."""

    def __init__(self, answer: Callable[[int, bytes], Iterable[bytes]]):
        self.answer = answer
        self.requests: list[bytes] = []
        self._ended = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=32)
        self._socket.settimeout(0.05)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def port(self) -> int:
        return self._socket.getsockname()[1]

    def url(self, path: str = "a") -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def wait(self, seconds: float) -> bool:
        """Wait, but no longer than the block lasts; whether it has ended."""
        return self._ended.wait(seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):  # wakes the one that waits for somebody
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while not self._ended.is_set() and len(self.requests) < MOST_CONNECTIONS:
            with contextlib.suppress(OSError):  # nobody came, or somebody left
                connection = self._socket.accept()[0]
                with connection:
                    connection.settimeout(5)
                    self._talk(connection)

    def _talk(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            came = connection.recv(65536)
            if not came:
                return
            request += came
        self.requests.append(request)
        for number, piece in enumerate(self.answer(len(self.requests), request)):
            if self._ended.is_set() or number > MOST_PIECES:
                return
            connection.sendall(piece)
        # In order, so that what was sent arrives before the end of it.
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            connection.settimeout(0.5)
            while connection.recv(65536):
                pass


def head(status: str = "206 Partial Content", **headers: object) -> bytes:
    """Return the head of an answer; ``Content_Length=3`` is ``Content-Length: 3``."""
    lines = [f"HTTP/1.1 {status}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
