"""Single attempts at reading object stores and file systems, through fsspec."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, TypeVar

import fsspec

from builder.errors import FetchError, MissingError, SourceError
from builder.sources.http_answers import Stat, changed
from builder.sources.retry import TransientError
from builder.sources.urls import scheme_of, shown

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

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
    """

    def __init__(self, url: str, *, concurrency: int, closing: threading.Event) -> None:
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
        info = self._attempt(url, self._fs.info)
        if info["type"] != "file":
            raise MissingError(f"{shown(url)} is a {info['type']}, expected a file")
        version = next((info[name] for name in _VERSIONS if info.get(name)), "")
        size = info["size"]
        return Stat(-1 if size is None else int(size), str(version))

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
            url, lambda path: self._fs.cat_file(path, start=start, end=stop)
        )
        if len(body) != stop - start:
            raise TransientError(f"{len(body)} bytes came of {stop - start}")
        return memoryview(body)

    def download(
        self, url: str, file: BinaryIO, etag: str, progress: Callable[[int], None]
    ) -> None:
        """Write the file at `url` to `file`, from where `file` stands."""
        size, version = self.stat(url)
        if etag and version != etag:
            raise changed(url, f"version {etag}", version or "none")
        while (start := file.tell()) < size:
            if self._closing.is_set():
                raise FetchError("the fetch was stopped; run it again to go on")
            body = self.read(url, start, min(start + _PIECE, size), etag)
            file.write(body)
            progress(len(body))

    def _attempt(self, url: str, call: Callable[[str], T]) -> T:
        try:
            return call(self._fs._strip_protocol(url))
        except FileNotFoundError as err:
            raise MissingError(
                f"{shown(url)}: no such file; check the address"
            ) from err
        except Exception as err:  # each store has errors of its own
            name = type(err).__name__
            if isinstance(err, PermissionError) or "Credential" in name:
                raise MissingError(
                    f"{shown(url)} may not be read ({name}: {err}); check the address "
                    "and your credentials (FSSPEC_S3_ANON=true needs none)"
                ) from err
            raise TransientError(f"reading failed ({name}: {err})") from err
