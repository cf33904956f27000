"""Calls of the Hub's client that end in time, without a word, in one thread only."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import huggingface_hub.utils._http as client

from builder.limits import LIMITS, RATE_WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# Seconds without a byte in either direction. The Hub takes its time over a commit of
# many files; where one is cut off nevertheless, the push looks whether it landed.
TIMEOUT = 100.0


@contextmanager
def timeouts() -> Iterator[None]:
    """Give the calls of this thread a timeout where they have none: theirs is for ever.

    From version 1 on all threads share one session, and hooks of it look whose
    request it is; before, each thread has a session of its own.

    From version 1 on, too, a body that drips ends it. What the client has no hook for
    is bounded between two bytes alone: heads, what is sent, and what `hf_xet` moves.
    """
    session: Any = client.get_session()
    if hasattr(session, "event_hooks"):
        thread = threading.get_ident()

        def limit(request: Any) -> None:
            given = request.extensions.get("timeout") or {}
            if threading.get_ident() == thread and given.get("read") is None:
                parts = ("connect", "read", "write", "pool")
                request.extensions["timeout"] = dict.fromkeys(parts, TIMEOUT)

        def watch(response: Any) -> None:
            if threading.get_ident() == thread:
                response.stream = _watched(response.stream)

        hooks = session.event_hooks
        hooks["request"].append(limit)
        hooks["response"].append(watch)
        try:
            yield
        finally:
            hooks["request"].remove(limit)
            hooks["response"].remove(watch)
        return
    ordinary = session.request
    session.request = partial(ordinary, timeout=TIMEOUT)
    try:
        yield
    finally:
        session.request = ordinary


def _watched(stream: Any) -> Any:
    """Return a body of the client's HTTP library that ends if it drips."""
    # httpx, or what it is called by then
    base = next(b for b in type(stream).__mro__ if b.__name__ == "SyncByteStream")

    class Watched(base):  # type: ignore[misc, valid-type]
        def __iter__(self) -> Iterator[bytes]:
            return fast_enough(stream, window=RATE_WINDOW)

        def close(self) -> None:
            stream.close()

    return Watched()


def fast_enough(
    parts: Iterable[bytes],
    *,
    least: int = LIMITS.min_rate,
    window: float,
    clock: Callable[[], float] = monotonic,
) -> Iterator[bytes]:
    """Yield the parts of a body as they come.

    Parameters
    ----------
    parts : iterable of bytes
    least : int
        Bytes a second that have to come.
    window : float
        Seconds of waiting over which that is taken.
    clock : callable
        Returns seconds that never go back.

    Raises
    ------
    TimeoutError
        Fewer came.
    """
    left = iter(parts)
    waited, came = 0.0, 0
    while True:
        began = clock()
        part = next(left, None)
        waited += clock() - began
        if part is None:
            return
        came += len(part)
        if waited >= window:
            if came < least * waited:
                raise TimeoutError(
                    f"only {came} bytes came in {waited:.0f} s, less than {least} a"
                    " second"
                )
            waited, came = 0.0, 0
        yield part


@contextmanager
def own_calls() -> Iterator[None]:
    """Let the client's calls of this thread end in time, and without a word.

    What it warns of is retried here, and told; and it names signed URLs.
    """
    thread = threading.get_ident()

    def is_others(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR or threading.get_ident() != thread

    names = list(logging.root.manager.loggerDict)
    loggers = [logging.getLogger(n) for n in names if n.startswith("huggingface_hub")]
    for log in loggers:
        log.addFilter(is_others)
    try:
        with timeouts():
            yield
    finally:
        for log in loggers:
            log.removeFilter(is_others)
