"""The two streams that all words leave by, whatever the caller did with them.

A library, a warning, a traceback, or Python itself may write there too, what `lines`
never saw: none of it reaches a terminal raw, and none of it ends a command.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from builder.datasets.layouts.names import escaped
from builder.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a bar writes to go to the place of another; nothing else may.
_MOVES = re.compile(r"\n*(?:\x1b\[A)*")


class ClosedPipeError(BrokenPipeError):
    """Whoever read our output has seen enough, as in ``trimset plan | head``."""


class Stream:
    """A stream that shows what is written, in characters that its encoding has.

    Parameters
    ----------
    stream : file, optional
        None where the caller closed it, as by ``2>&-``: then nothing is shown.
    is_result : bool
        What cannot be written is lost: an error for results, which somebody waits for,
        and none for remarks on the way.
    """

    def __init__(self, stream: TextIO | None, *, is_result: bool) -> None:
        self._stream = stream
        self._is_result = is_result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def encoding(self) -> str:
        """In which it writes."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether a person looks at it."""
        return self._stream is not None and self._stream.isatty()

    def write(self, text: str) -> int:
        """Write a text, with what is not printable written out."""
        shown = text
        if not _MOVES.fullmatch(text):
            rest = text.removeprefix("\r")  # as a bar begins, at the start of its line
            lines = "\n".join(map(escaped, rest.split("\n")))
            shown = text[: len(text) - len(rest)] + lines
        known = shown.encode(self.encoding, "backslashreplace").decode(self.encoding)
        self._try("write", known)
        return len(text)

    def flush(self) -> None:
        """Write what is still held back."""
        self._try("flush")

    def _try(self, method: str, *text: str) -> None:
        if self._stream is None:
            return
        try:
            getattr(self._stream, method)(*text)
        except (OSError, ValueError) as err:
            _end(self._stream)
            if self._is_result:
                if isinstance(err, BrokenPipeError):
                    raise ClosedPipeError from err
                msg = (
                    "standard output: cannot write what was found"
                    f" ({getattr(err, 'strerror', None) or err}): send it elsewhere"
                )
                raise OutputError(msg) from err


@contextmanager
def shown_streams(*, for_good: bool = False) -> Iterator[None]:
    """Put `Stream` in the place of both streams; `for_good` if the process ends so."""
    before = sys.stdout, sys.stderr
    sys.stdout = cast("TextIO", Stream(sys.stdout, is_result=True))
    sys.stderr = cast("TextIO", Stream(sys.stderr, is_result=False))
    try:
        yield
    finally:
        if not for_good:
            sys.stdout, sys.stderr = before


def open_closed() -> None:
    """Give the three first numbers of files something, where the caller closed them.

    Else the next file that is written gets one, and with it what a library in C prints.
    """
    number = os.open(os.devnull, os.O_RDWR)  # the lowest that is free
    while number < 3:
        number = os.open(os.devnull, os.O_RDWR)
    os.close(number)


def warn_in_lines() -> None:
    """Let a warning be one line like all others, without a place in somebody's code."""
    warnings.formatwarning = lambda message, category, *_, **__: (
        f"trimset: {category.__name__}: {' '.join(str(message).split())}\n"
    )


def _end(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere, or Python fails with it at its end."""
    with suppress(OSError, ValueError):
        number, nowhere = stream.fileno(), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
