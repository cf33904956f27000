"""Lets no call of the Hub's client wait for ever, on any version of it."""

from __future__ import annotations

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
    """Give sessions of the client a timeout where they have none: theirs is for ever.

    From version 1 on there is one session with a timeout to set; before, each thread
    has its own, made by a factory.
    """
    session: Any = client.get_session()
    if hasattr(session, "timeout"):
        before = session.timeout
        if before.read is None:
            session.timeout = TIMEOUT
        try:
            yield
        finally:
            session.timeout = before
        return
    configure, factory = (
        getattr(client, name)
        for name in ("configure_http_backend", "_GLOBAL_BACKEND_FACTORY")
    )

    def with_timeout() -> Any:
        made = factory()
        made.request = partial(made.request, timeout=TIMEOUT)
        return made

    configure(with_timeout)
    try:
        yield
    finally:
        configure(factory)
