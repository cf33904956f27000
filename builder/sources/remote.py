"""Files by URL, whatever holds them: the same verbs over HTTP and fsspec."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar, cast

from builder.errors import FetchError, MissingError
from builder.sources.http_answers import Stat
from builder.sources.member import Member
from builder.sources.range_file import RangeFile
from builder.sources.retry import Retry
from builder.sources.urls import (
    HTTP_SCHEMES,
    OFFICIAL_HOSTS,
    host_of,
    local_path,
    scheme_of,
    shown,
)
from builder.sources.zips import read_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from typing_extensions import Self

T = TypeVar("T")

CONCURRENCY = 16
_FIRST_ATTEMPTS = 4


class Reader(Protocol):
    """Single attempts at one kind of storage: `Http` and `Store`."""

    def stat(self, url: str) -> Stat: ...  # noqa: D102
    def tail(self, url: str, length: int) -> tuple[Stat, memoryview]: ...  # noqa: D102
    def read(self, url: str, start: int, stop: int, etag: str) -> memoryview: ...  # noqa: D102
    def download(  # noqa: D102
        self, url: str, file: BinaryIO, etag: str, progress: Callable[[int], None]
    ) -> None: ...
    def close(self) -> None: ...  # noqa: D102


class Remote:
    """Reads files by URL, trying again what may pass; for many threads.

    Parameters
    ----------
    concurrency : int
        Most requests in flight; further threads wait for their turn.
    retry : Retry
        How often and how patiently a request is tried again.
    """

    def __init__(
        self, *, concurrency: int = CONCURRENCY, retry: Retry | None = None
    ) -> None:
        self._concurrency = concurrency
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
        for reader in self._readers.values():
            reader.close()

    def stat(self, url: str) -> Stat:
        """Return size (-1 where it is not told) and version of a file."""
        reader = self._reader(url)
        return self._call(url, lambda: reader.stat(url))

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
        file: BinaryIO,
        *,
        etag: str = "",
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Write the whole file at `url` to the empty `file`; go on where it broke."""
        reader = self._reader(url)
        self._call(url, lambda: reader.download(url, file, etag, progress))

    def _call(self, url: str, attempt: Callable[[], T]) -> T:
        with self._slots:
            self._wait(0)
            return self._retry.call(attempt, url, sleep=self._wait)

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
        if is_http:
            from builder.sources.http_reader import (
                Http,  # urllib3, which local files do without
            )

            return Http(concurrency=self._concurrency, closing=self._closing)
        from builder.sources.store_reader import (
            Store,  # and with it fsspec, which HTTP does without
        )

        return Store(url, concurrency=self._concurrency, closing=self._closing)


def stat(url: str, *, retry: Retry | None = None) -> Stat:
    """Return size (-1 where it is not told) and version of a local or remote file.

    Raises
    ------
    MissingError
        There is no such file, or it may not be read.
    FetchError
        It could not be asked for.
    """
    path = local_path(url)
    if path is None:
        with Remote(retry=retry) as remote:
            return remote.stat(url)
    if not path.is_file():
        raise MissingError(f"{path}: no such file; check the path")
    return Stat(path.stat().st_size, "")


def exists(url: str, *, retry: Retry | None = None) -> bool:
    """Return whether there is a file at a local path or URL that may be read.

    It is the first question to a server, so that without a network the answer is an
    error within seconds: fewer attempts are made than later, when there was one.
    """
    try:
        stat(url, retry=retry or Retry(attempts=_FIRST_ATTEMPTS))
    except MissingError:
        return False
    return True


def open_seekable(url: str, *, retry: Retry | None = None) -> BinaryIO:
    """Return a seekable, read-only file: local, or over range requests."""
    path = local_path(url)
    if path is None:
        return cast("BinaryIO", RangeFile(Remote(retry=retry), url))
    if not path.is_file():
        raise MissingError(f"{path}: no such file; check the path")
    return path.open("rb")


def read_zip(url: str, *, retry: Retry | None = None) -> dict[str, Member]:
    """Return the members of a local or remote zip by name.

    As `builder.sources.zips.read_directory`, of which it is the edge: over HTTP it moves the
    directory and 128 KiB at most, in two requests.
    """
    with open_seekable(url, retry=retry) as file:
        return read_directory(file, url=url, etag=getattr(file, "etag", ""))


def members_from_urls(
    names: Sequence[str],
    urls: Sequence[str],
    *,
    allowed_hosts: Collection[str] = OFFICIAL_HOSTS,
    concurrency: int = CONCURRENCY,
    retry: Retry | None = None,
) -> list[Member]:
    """Return members that are files of their own, with sizes asked from the servers.

    Parameters
    ----------
    names : sequence of str
        Keys of the images.
    urls : sequence of str
        The http or https URL of each, as an annotation file may give it.
    allowed_hosts : collection of str
        Hosts that may be asked; all others are refused before anything is sent.

    Raises
    ------
    FetchError
        A URL is of another scheme or host, or cannot be read.
    """
    hosts = {host.lower() for host in allowed_hosts}
    for name, url in zip(names, urls, strict=True):
        if url.partition("://")[0].lower() not in HTTP_SCHEMES:
            raise FetchError(f"{name!r} has the URL {shown(url)!r}; expected http(s)")
        if host_of(url) not in hosts:
            raise FetchError(
                f"{name!r} has the URL {shown(url)}, of a host that was not named: "
                f"expected {', '.join(sorted(hosts))}; add --allow-host {host_of(url)} "
                "if you trust it"
            )
    return members_at(names, urls, concurrency=concurrency, retry=retry)


def members_at(
    names: Sequence[str],
    urls: Sequence[str],
    *,
    concurrency: int = CONCURRENCY,
    retry: Retry | None = None,
) -> list[Member]:
    """Return members at URLs that the user gave, whatever their scheme.

    Raises
    ------
    FetchError
        One cannot be asked for its size.
    """
    with (
        Remote(concurrency=concurrency, retry=retry) as remote,
        ThreadPoolExecutor(concurrency) as pool,
    ):
        try:
            stats = list(pool.map(remote.stat, urls))
        except BaseException:
            remote.close()
            pool.shutdown(cancel_futures=True)
            raise
    return [
        Member(name, url, size, etag)
        for name, url, (size, etag) in zip(names, urls, stats, strict=True)
    ]
