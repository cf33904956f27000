"""A file that takes its own digest while it is written."""

from __future__ import annotations

import hashlib
import io
from typing import Any


class HashingWriter(io.RawIOBase):
    """A file that takes the sha256 and the size of what passes through it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:
        """Write all of `data`."""
        self._sha256.update(data)
        self._file.write(data)
        length = memoryview(data).nbytes
        self.size += length
        return length

    def hexdigest(self) -> str:
        """Return the sha256 of all that was written."""
        return self._sha256.hexdigest()
