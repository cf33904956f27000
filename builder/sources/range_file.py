"""A remote file that can be read like a local one, in few large requests."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from builder.errors import FetchError
from builder.sources.urls import shown

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from builder.sources.http_answers import Stat
    from builder.sources.remote import Remote

# The tail of a zip that is read at once: the end record with its zip64 friends, the
# longest possible comment, and the whole directory of a small archive.
BLOCK = 128 * 1024


class RangeFile(io.RawIOBase):
    """A seekable file over range reads: what `read` asks for, or a block of 128 KiB.

    Parameters
    ----------
    remote : Remote
        Stays open when the file is closed.
    url : str
        The file.
    kept : tuple of Stat and bytes, optional
        Its size and version, and its last bytes, if they are known; nothing is asked
        for then.

    Attributes
    ----------
    size : int
    etag : str
    is_kept : bool
        Whether its end was known.
    """

    def __init__(
        self, remote: Remote, url: str, kept: tuple[Stat, bytes] | None = None
    ) -> None:
        self._remote = remote
        self._url = url
        self.is_kept = kept is not None
        self._block: bytes | memoryview
        (self.size, self.etag), self._block = kept or remote.tail(url, BLOCK)
        if self.size < 0:
            raise FetchError(
                f"{shown(url)}: the server does not tell its size, so that parts of it "
                "cannot be read; name another source"
            )
        self._position = 0
        self._start = self.size - len(self._block)

    @property
    def end(self) -> bytes | memoryview:
        """The last bytes of it, as many as are at hand."""
        is_end = self._start + len(self._block) == self.size
        return self._block if is_end else b""

    def readable(self) -> bool:  # noqa: D102
        return True

    def seekable(self) -> bool:  # noqa: D102
        return True

    def tell(self) -> int:  # noqa: D102
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:  # noqa: D102
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}
        if base[whence] + offset < 0:
            raise OSError(f"cannot seek to {base[whence] + offset}")
        self._position = base[whence] + offset
        return self._position

    def readinto(self, buffer: Buffer) -> int:  # noqa: D102
        target = memoryview(buffer).cast("B")
        start, stop = self._position, min(self._position + len(target), self.size)
        if start >= stop:
            return 0
        if start < self._start or stop > self._start + len(self._block):
            self._fill(start, stop)
        target[: stop - start] = self._block[start - self._start : stop - self._start]
        self._position = stop
        return stop - start

    def read(self, size: int | None = -1) -> bytes:  # noqa: D102
        # The inherited one reads to the end in pieces, and makes room for `size`
        # bytes before it knows whether they are there.
        left = max(0, self.size - self._position)
        size = left if size is None or size < 0 else min(size, left)
        most = self._remote.limits.max_file_size
        if size > most:
            raise FetchError(
                f"{shown(self._url)}: asked for {size} bytes at once, expected "
                f"{most} at most; the archive is damaged or made to harm: "
                "name another source"
            )
        data = bytearray(size)
        self.readinto(data)
        return bytes(data)

    def _fill(self, start: int, stop: int) -> None:
        if stop - start < BLOCK:
            start = max(0, min(start, self.size - BLOCK))
            stop = min(start + BLOCK, self.size)
        elif start < self._start <= stop and self.end:  # the directory of a zip
            rest = self._remote.read(self._url, start, self._start, etag=self.etag)
            self._start, self._block = start, b"".join((rest, self._block))
            return
        self._block = self._remote.read(self._url, start, stop, etag=self.etag)
        self._start = start
