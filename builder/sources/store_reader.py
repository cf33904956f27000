"""Single attempts at reading object stores and file systems, through fsspec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import fsspec

from builder.errors import FetchError, MissingError, SourceError
from builder.limits import LIMITS, Limits
from builder.sources.http_answers import Stat, changed
from builder.sources.retry import TransientError
from builder.sources.urls import one_line, scheme_of, shown

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from builder.sources.known import Growing

T = TypeVar("T")

_PIECE = 8 * 1024**2
# What the stores call the version of a file, the best first.
_VERSIONS = ("ETag", "etag", "generation", "LastModified", "mtime", "created")


class Store:
    """Reads from one fsspec file system; for many threads.

    Credentials and endpoints come from where the store's own tools look for them,
    and from fsspec's configuration (such as ``FSSPEC_S3_ANON=true``).

    Parameters
    ----------
    url : str
        Any URL of the file system.
    concurrency : int
        Most requests that will be in flight.
    closing : threading.Event
        Set from outside to make downloads end early.
    limits : Limits
        How large a file may be. How long a store may take is up to its own timeouts.
    """

    def __init__(
        self,
        url: str,
        *,
        concurrency: int,
        closing: threading.Event,
        limits: Limits = LIMITS,
    ) -> None:
        self._limits = limits
        self._closing = closing
        options: dict[str, object] = {"use_listings_cache": False}
        if scheme_of(url) == "s3":  # its own default is 10
            options["config_kwargs"] = {"max_pool_connections": concurrency}
        try:
            self._fs = fsspec.core.url_to_fs(url, **options)[0]
        except ImportError as err:
            raise SourceError(
                f"{shown(url)} cannot be read without another package ({err})"
            ) from err

    def close(self) -> None:
        """Do nothing: fsspec keeps its connections for the whole process."""

    def stat(self, url: str) -> Stat:
        """Return size and version of a file."""
        info = self._attempt(url, lambda path: dict(self._fs.info(path)))
        kind = info.get("type")
        if kind != "file":
            raise MissingError(
                f"{shown(url)} is a {one_line(str(kind))}, expected a file"
            )
        version = next((info[name] for name in _VERSIONS if info.get(name)), "")
        return Stat(_size_of(url, info), str(version))

    def list_below(self, url: str) -> dict[str, int]:
        """Return the files below a folder, by their names in it, with their sizes."""
        base = self._fs._strip_protocol(url).rstrip("/") + "/"
        found = self._attempt(url, lambda path: dict(self._fs.find(path, detail=True)))
        return {
            path.removeprefix(base): _size_of(url, info)
            for path, info in found.items()
            if path.startswith(base)
        }

    def tail(self, url: str, length: int) -> tuple[Stat, memoryview]:
        """Return size and version of a file, and its last bytes."""
        stat = self.stat(url)
        start = max(0, stat.size - length)
        if start >= stat.size:
            return stat, memoryview(b"")
        return stat, self.read(url, start, stat.size, stat.etag)

    def read(self, url: str, start: int, stop: int, etag: str) -> memoryview:  # noqa: ARG002
        """Return the bytes from `start` to `stop`, exactly.

        The stores do not tell the version with the bytes; `fetch` compares it before,
        and again when a member turns out damaged.
        """
        body = self._attempt(
            url,
            lambda path: memoryview(self._fs.cat_file(path, start=start, end=stop)),
        )
        if body.nbytes != stop - start:
            raise TransientError(f"{body.nbytes} bytes came of {stop - start}")
        return body

    def download(
        self, url: str, file: Growing, etag: str, progress: Callable[[int], None]
    ) -> None:
        """Write the file at `url` to `file`, from where `file` stands if it can.

        The stores do not tell the version with the bytes: it is compared before and
        after, and where there is none, what broke begins anew.
        """
        before = self.stat(url)
        if etag and before.etag != etag:
            raise changed(url, f"version {etag}", before.etag or "none")
        if not 0 <= before.size <= self._limits.max_file_size:
            raise FetchError(
                f"{shown(url)} has {before.size} bytes, expected "
                f"{self._limits.max_file_size} at most of a file that trimset has a "
                "use for; check the address"
            )
        if not before.etag:
            progress(-file.tell())
            file.seek(0)
            file.truncate()
        while (start := file.tell()) < before.size:
            if self._closing.is_set():
                raise FetchError("the fetch was stopped; run it again to go on")
            body = self.read(url, start, min(start + _PIECE, before.size), etag)
            file.write(body)
            progress(len(body))
        after = self.stat(url)
        if after != before:
            raise changed(url, f"{before.size} bytes {before.etag}", f"{after}")

    def _attempt(self, url: str, call: Callable[[str], T]) -> T:
        try:
            return call(self._fs._strip_protocol(url))
        except FileNotFoundError as err:
            raise MissingError(
                f"{shown(url)}: no such file; check the address"
            ) from err
        except Exception as err:  # each store has errors of its own
            name = type(err).__name__
            told = f"{name}: {one_line(str(err))}"
            if isinstance(err, PermissionError) or "Credential" in name:
                raise MissingError(
                    f"{shown(url)} may not be read ({told}); check the address "
                    "and your credentials (FSSPEC_S3_ANON=true needs none)"
                ) from err
            raise TransientError(f"reading failed ({told})") from err


def _size_of(url: str, info: Mapping[str, Any]) -> int:
    """Return the size that a store tells, -1 for none; a lie is refused."""
    size = info.get("size")
    if size is None:
        return -1
    if type(size) is not int or not 0 <= size < 10**18:
        raise FetchError(
            f"{shown(url)}: expected the number of its bytes, found "
            f"{one_line(str(size))}: the store is broken: name another source"
        )
    return size
