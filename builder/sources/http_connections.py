"""Connections to HTTP servers, direct or by a proxy, that can be cut at any time."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakSet

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from builder.sources.http_pace import Pace, paced
from builder.sources.urls import host_of

if TYPE_CHECKING:
    from typing_extensions import Self


class Connections:
    """Pools of connections, for many threads.

    Parameters
    ----------
    concurrency : int
        Connections to keep to one host.
    pace : Pace
        How slow an answer may be.
    """

    def __init__(self, concurrency: int, pace: Pace | None = None) -> None:
        self._concurrency = concurrency
        self._pace = pace or Pace()
        self._managers: dict[str, urllib3.PoolManager] = {}
        self._proxies: dict[tuple[str, str], str] = {}
        self._sockets = _Sockets()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Cut all connections; who waits for an answer on one gets an error."""
        self._sockets.cut()
        with self._lock:
            managers = list(self._managers.values())
        for manager in managers:
            manager.clear()

    def pool(self, url: str) -> urllib3.PoolManager:
        """Return the connections for `url`: direct, or through the user's proxy."""
        place = urlsplit(url).scheme, host_of(url)
        with self._lock:
            # Asked once: of an environment that is read whole, or of the system.
            if place not in self._proxies:
                self._proxies[place] = _proxy_for(*place)
            proxy = self._proxies[place]
            if proxy not in self._managers:
                made = (
                    urllib3.ProxyManager(proxy, maxsize=self._concurrency)
                    if proxy
                    else urllib3.PoolManager(maxsize=self._concurrency)
                )
                made.pool_classes_by_scheme = _pools_that_tell(
                    self._sockets, self._pace
                )
                self._managers[proxy] = made
            return self._managers[proxy]


def _proxy_for(scheme: str, host: str) -> str:
    proxy = getproxies().get(scheme, "")
    return "" if proxy and proxy_bypass(host) else proxy


class Answer:
    """An answer whose connection is kept for the next only if it was read whole."""

    def __init__(
        self, response: urllib3.BaseHTTPResponse, url: str, *, whole: bool
    ) -> None:
        self.response = response
        self.status = response.status
        self.headers = response.headers
        self.url = url
        self.whole = whole

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back, or cut it."""
        if self.whole:
            self.response.drain_conn()
        else:
            self.response.close()
        self.response.release_conn()


class _Sockets:
    """The sockets of all connections, added by many threads while one may cut them."""

    def __init__(self) -> None:
        self._open: WeakSet[socket.socket] = WeakSet()
        self._is_cut = False
        self._lock = threading.Lock()

    def add(self, made: socket.socket) -> None:
        """Add a socket; it is cut at once if the others were."""
        with self._lock:
            self._open.add(made)
            is_cut = self._is_cut
        if is_cut:
            _shut(made)

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            sockets = list(self._open)
        for each in sockets:
            _shut(each)


def _shut(connected: socket.socket) -> None:
    with suppress(OSError):  # closed already
        connected.shutdown(socket.SHUT_RDWR)


def _pools_that_tell(
    sockets: _Sockets, pace: Pace
) -> dict[str, type[HTTPConnectionPool]]:
    """Return urllib3's pools by scheme, whose connections add their sockets."""

    class Plain(HTTPConnection):
        response_class = paced(pace)

        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class Secure(HTTPSConnection):
        response_class = paced(pace)

        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
