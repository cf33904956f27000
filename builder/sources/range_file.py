"""A remote file that can be read like a local one, in few large requests."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from builder.errors import FetchError
from builder.sources.urls import shown

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from builder.sources.remote import Remote

# The tail of a zip that is read at once: the end record with its zip64 friends, the
# longest possible comment, and the whole directory of a small archive.
_BLOCK = 128 * 1024


class RangeFile(io.RawIOBase):
    """A seekable file over range reads: what `read` asks for, or a block of 128 KiB.

    Parameters
    ----------
    remote : Remote
        Stays open when the file is closed.
    url : str
        The file.

    Attributes
    ----------
    size : int
    etag : str
    """

    def __init__(self, remote: Remote, url: str) -> None:
        self._remote = remote
        self._url = url
        (self.size, self.etag), self._block = remote.tail(url, _BLOCK)
        if self.size < 0:
            raise FetchError(
                f"{shown(url)}: the server does not tell its size, so that parts of it "
                "cannot be read; name another source"
            )
        self._position = 0
        self._start = max(0, self.size - _BLOCK)

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
        if stop - start < _BLOCK:
            start = max(0, min(start, self.size - _BLOCK))
            stop = min(start + _BLOCK, self.size)
        self._block = self._remote.read(self._url, start, stop, etag=self.etag)
        self._start = start
