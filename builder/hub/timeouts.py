"""Calls of the Hub's client that end in time, without a word, in one thread only."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import huggingface_hub.utils._http as client

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds without a byte in either direction. The Hub takes its time over a commit of
# many files; where one is cut off nevertheless, the push looks whether it landed.
TIMEOUT = 100.0


@contextmanager
def timeouts() -> Iterator[None]:
    """Give the calls of this thread a timeout where they have none: theirs is for ever.

    From version 1 on all threads share one session, and a hook of it looks whose
    request it is; before, each thread has a session of its own.
    """
    session: Any = client.get_session()
    if hasattr(session, "event_hooks"):
        thread = threading.get_ident()

        def limit(request: Any) -> None:
            given = request.extensions.get("timeout") or {}
            if threading.get_ident() == thread and given.get("read") is None:
                parts = ("connect", "read", "write", "pool")
                request.extensions["timeout"] = dict.fromkeys(parts, TIMEOUT)

        hooks = session.event_hooks["request"]
        hooks.append(limit)
        try:
            yield
        finally:
            hooks.remove(limit)
        return
    ordinary = session.request
    session.request = partial(ordinary, timeout=TIMEOUT)
    try:
        yield
    finally:
        session.request = ordinary


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
