"""A server on 127.0.0.1 that answers each connection with the same bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Self

_MOST_CONNECTIONS = 200


class Answering:
    """Serves until its block ends, two hundred connections at most.

    Parameters
    ----------
    answer : bytes or iterable of bytes
        Pieces, which are sent one by one; a pause is what its iteration takes.
    """

    def __init__(self, answer: bytes | Iterable[bytes]) -> None:
        self.answer = answer
        self._closing = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(10)
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        """Of any file."""
        return f"http://127.0.0.1:{self.port}/a"

    def __enter__(self) -> Self:
        self._start(self._serve)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        with contextlib.suppress(OSError):  # wakes who waits for a connection
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def _start(self, function: object, *given: object) -> None:
        thread = threading.Thread(target=function, args=given, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        for _ in range(_MOST_CONNECTIONS):
            try:
                connection, _address = self._listening.accept()
            except OSError:
                return
            self._start(self._tell, connection)

    def _tell(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(2)
            asked = b""
            while b"\r\n\r\n" not in asked:
                piece = connection.recv(65536)
                if not piece:
                    return
                asked += piece
            for piece in self._pieces():
                if self._closing:
                    return
                connection.sendall(piece)

    def _pieces(self) -> Iterator[bytes]:
        if isinstance(self.answer, bytes):
            yield self.answer
        else:
            yield from self.answer
