"""Reads what went wrong from the client's errors, on any of its HTTP libraries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from huggingface_hub.errors import HfHubHTTPError

from builder.limits import MAX_WAIT
from builder.sources.retry import parse_retry_after

if TYPE_CHECKING:
    from datetime import datetime

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
HTTP_LIBRARIES = frozenset({"httpx", "httpx2", "httpcore", "requests", "urllib3"})
# What the client raises, whichever of these libraries it is made with: with httpx
# a broken connection is no OSError, but an heir of the same class as HfHubHTTPError.
FAILURES: tuple[type[Exception], ...] = (
    ValueError,
    RuntimeError,
    OSError,
    *(
        base
        for base in HfHubHTTPError.__mro__
        if base.__module__.partition(".")[0] in HTTP_LIBRARIES
        and issubclass(base, Exception)
    ),
)


def status_of(err: BaseException) -> int | None:
    """Return the HTTP status behind an error of the client, if there is one."""
    status = getattr(getattr(cause_of(err), "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def asked_wait(err: BaseException, now: datetime | None = None) -> float:
    """Return how many seconds the server asks to wait: Retry-After or RateLimit."""
    headers = getattr(getattr(cause_of(err), "response", None), "headers", {})
    if after := headers.get("Retry-After"):
        return parse_retry_after(after, now)
    limit = re.search(r"\br=0\b.*?\bt=([0-9]+)", headers.get("RateLimit", ""))
    return min(float(limit[1]), MAX_WAIT) if limit else 0.0


def cause_of(err: BaseException) -> BaseException:
    """Return the error of HTTP behind one of the client, else the error itself."""
    link: BaseException | None = err
    while link is not None:
        if getattr(link, "response", None) is not None or _of_http(link):
            return link
        link = link.__cause__ or link.__context__
    return err


def root_of(err: BaseException) -> BaseException:
    """Return where a chain of errors began, which mostly says it best."""
    while (link := err.__cause__ or err.__context__) is not None:
        err = link
    return err


def _of_http(err: BaseException) -> bool:
    return type(err).__module__.partition(".")[0] in HTTP_LIBRARIES


def is_network(err: BaseException) -> bool:
    """Tell whether the connection failed, rather than that the server refused."""
    cause = cause_of(err)
    return _of_http(cause) or isinstance(cause, (ConnectionError, TimeoutError))


def is_timeout(err: BaseException) -> bool:
    """Tell whether there was no answer in time, rather than a wrong one or none."""
    cause = cause_of(err)
    return isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__
