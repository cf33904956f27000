"""Files by URL, whatever holds them: the same verbs over HTTP and fsspec."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from builder.errors import FetchError, SourceError
from builder.limits import LIMITS, RATE_WINDOW, Limits
from builder.sources.retry import GaveUpError, Retry
from builder.sources.urls import HTTP_SCHEMES, scheme_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from builder.sources.cache import Cache
    from builder.sources.http_answers import Stat
    from builder.sources.known import Growing

T = TypeVar("T")

CONCURRENCY = 16


class Reader(Protocol):
    """Single attempts at one kind of storage: `Http` and `Store`."""

    def stat(self, url: str) -> Stat: ...  # noqa: D102
    def tail(self, url: str, length: int) -> tuple[Stat, memoryview]: ...  # noqa: D102
    def read(self, url: str, start: int, stop: int, etag: str) -> memoryview: ...  # noqa: D102
    def download(  # noqa: D102
        self, url: str, file: Growing, etag: str, progress: Callable[[int], None]
    ) -> None: ...
    def close(self) -> None: ...  # noqa: D102


class Remote:
    """Reads files by URL, trying again what may pass; for many threads.

    One is made for a whole command, so that its connections are used again; nothing is
    connected or imported before the first URL is read.

    Parameters
    ----------
    concurrency : int
        Most requests in flight; further threads wait for their turn.
    retry : Retry
        How often and how patiently a request is tried again.
    limits : Limits
        How large a file may be, and how slow a server.
    window : float
        Seconds over which `limits.min_rate` is taken.
    directories : Cache, optional
        Where the directories of zips are kept; if not given, each is read anew.
    """

    def __init__(
        self,
        *,
        concurrency: int = CONCURRENCY,
        retry: Retry | None = None,
        limits: Limits = LIMITS,
        window: float = RATE_WINDOW,
        directories: Cache | None = None,
    ) -> None:
        self.concurrency = concurrency
        self.limits = limits
        self.directories = directories
        self._window = window
        self._retry = retry or Retry()
        self._closing = threading.Event()
        self._slots = threading.BoundedSemaphore(concurrency)
        self._readers: dict[str, Reader] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Make reads and waits in other threads end early, and drop connections."""
        self._closing.set()
        with self._lock:
            readers = list(self._readers.values())
        for reader in readers:
            reader.close()

    def stat(self, url: str, *, attempts: int | None = None) -> Stat:
        """Return size (-1 where it is not told) and version of a file.

        Of `attempts` at most, where that is less than what is tried usually.
        """
        reader = self._reader(url)
        return self._call(url, lambda: reader.stat(url), attempts)

    def tail(self, url: str, length: int) -> tuple[Stat, memoryview]:
        """Return size and version of a file, and its last `length` bytes."""
        reader = self._reader(url)
        return self._call(url, lambda: reader.tail(url, length))

    def read(self, url: str, start: int, stop: int, *, etag: str = "") -> memoryview:
        """Return the bytes from `start` to `stop`, exactly, of the version `etag`."""
        if start >= stop:
            return memoryview(b"")
        reader = self._reader(url)
        return self._call(url, lambda: reader.read(url, start, stop, etag))

    def download(
        self,
        url: str,
        file: Growing,
        *,
        etag: str = "",
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Write the whole file at `url` to the empty `file`.

        Where it breaks, it goes on if the version says that it is the same file to the
        byte, and else begins anew.
        """
        reader = self._reader(url)
        self._call(url, lambda: reader.download(url, file, etag, progress))

    def list_below(self, url: str) -> dict[str, int]:
        """Return the files below a folder of an object store, with their sizes."""
        from builder.sources.store_reader import Store  # fsspec

        reader = self._reader(url)
        if not isinstance(reader, Store):
            msg = f"{shown(url)}: a web server does not list files: name each of them"
            raise SourceError(msg)
        return self._call(url, lambda: reader.list_below(url))

    def _call(
        self, url: str, attempt: Callable[[], T], attempts: int | None = None
    ) -> T:
        retry = self._retry
        if attempts is not None:
            retry = replace(retry, attempts=min(attempts, retry.attempts))
        with self._slots:
            self._wait(0)
            try:
                return retry.call(attempt, sleep=self._wait)
            except GaveUpError as err:
                raise FetchError(
                    f"{shown(url)}: {err}; run it again later: what was fetched is kept"
                ) from err

    def _wait(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise FetchError("the fetch was stopped; run it again to go on")

    def _reader(self, url: str) -> Reader:
        scheme = scheme_of(url)
        kind = "http" if scheme in HTTP_SCHEMES else scheme
        with self._lock:
            if kind not in self._readers:
                self._readers[kind] = self._make_reader(url, is_http=kind == "http")
            return self._readers[kind]

    def _make_reader(self, url: str, *, is_http: bool) -> Reader:
        # The imports are heavy ones, which local files do without.
        if is_http:
            from builder.sources.http_pace import Pace
            from builder.sources.http_reader import Http  # urllib3

            return Http(
                concurrency=self.concurrency,
                closing=self._closing,
                limits=self.limits,
                pace=Pace(self.limits.min_rate, self._window),
            )
        from builder.sources.store_reader import Store  # fsspec

        return Store(
            url,
            concurrency=self.concurrency,
            closing=self._closing,
            limits=self.limits,
        )
