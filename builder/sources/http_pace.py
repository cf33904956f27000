"""What an HTTP answer may cost: seconds for what comes, and bytes of what frames it.

The standard library waits for each piece alone, so that a byte in time, every time,
holds it for ever: in the head, in the body, in the sizes of chunks. So what it reads
from goes by a watch.
"""

from __future__ import annotations

import io
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from builder.limits import LIMITS, MAX_HEAD, RATE_WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

# Bytes that frame one of the body, where each is a chunk of its own.
_FRAMED = 8


class WatchError(OSError):
    """What came is not what an answer is; the message says how."""


class SlowError(WatchError):
    """Too little came in the time."""


class Pace(NamedTuple):
    """How slow an answer may be.

    Attributes
    ----------
    min_rate : int
        Least bytes a second.
    window : float
        Seconds over which the rate is taken. Only those count that are spent waiting
        for the server.
    clock : callable
        Returns seconds that never go back.
    """

    min_rate: int = LIMITS.min_rate
    window: float = RATE_WINDOW
    clock: Callable[[], float] = monotonic


class _Watched(io.RawIOBase):
    """What comes from a socket, as long as it comes fast enough."""

    def __init__(self, raw: io.RawIOBase, pace: Pace) -> None:
        self._raw, self._pace = raw, pace
        self._waited, self._came = 0.0, 0
        self._left = MAX_HEAD
        self._in_head = True

    def allow(self, length: int) -> None:
        """Let a piece of the body come, and what frames it; the head is over."""
        if self._in_head:
            self._waited, self._came = 0.0, 0
        self._in_head = False
        self._left = MAX_HEAD + _FRAMED * length

    def readinto(self, buffer: Buffer) -> int | None:
        began = self._pace.clock()
        came = self._raw.readinto(buffer)
        self._waited += self._pace.clock() - began
        if not came:
            if self._in_head and self._came:  # else its half is taken for all of it
                raise WatchError("the head of the answer was cut short")
            return came
        self._came += came
        self._left -= came
        if self._left < 0:
            raise WatchError(f"more than {MAX_HEAD} bytes frame the answer")
        if self._waited >= self._pace.window:
            if self._came < self._pace.min_rate * self._waited:
                raise SlowError(
                    f"only {self._came} bytes came in {self._waited:.0f} s, less than"
                    f" {self._pace.min_rate} a second (--min-rate)"
                )
            self._waited, self._came = 0.0, 0
        return came

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


def paced(pace: Pace) -> type[HTTPResponse]:
    """Return the standard library's answer, read at a pace."""

    class Paced(HTTPResponse):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._watched = _Watched(self.fp.detach(), pace)
            self.fp = io.BufferedReader(self._watched)

        def begin(self) -> None:
            super().begin()
            self._watched.allow(0)

        def read(self, amt: int | None = None) -> bytes:
            # Nothing is read whole whose length is not known.
            self._watched.allow(MAX_HEAD if amt is None else amt)
            return super().read(amt)

        def _read_next_chunk_size(self) -> int:
            size: int = super()._read_next_chunk_size()  # type: ignore[misc]
            if size < 0:  # which would read to the end, wherever that is
                raise HTTPException(f"a chunk of {size} bytes")
            return size

    return Paced
