"""What goes wrong below HTTP, as errors of trimset: the one place that knows them."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError, InvalidHeader, LocationValueError

from builder.errors import FetchError
from builder.limits import SLOW_ATTEMPTS
from builder.sources.http_pace import SlowError, WatchError
from builder.sources.retry import TransientError
from builder.sources.urls import quoted, shown

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def own_faults(url: str) -> Iterator[None]:
    """Turn what the libraries raise while they talk to a server into own errors.

    Raises
    ------
    FetchError
        It is of the kind that stays: the address is none, or the certificate not valid.
    TransientError
        It may pass.
    """
    try:
        yield
    except LocationValueError as err:
        raise _no_address(url, err) from err
    except InvalidHeader as err:  # of two lengths
        told = quoted(str(err))
        raise FetchError(
            f"{shown(url)}: expected headers that agree, found {told}: the server is "
            "broken: name another source"
        ) from err
    except (HTTPError, HTTPException, OSError) as err:
        raise _fault(url, err) from err
    except ValueError as err:  # of idna, of what builds requests, of closed files
        raise _no_address(url, err) from err


def _no_address(url: str, err: Exception) -> FetchError:
    told = quoted(str(err))
    return FetchError(f"{quoted(shown(url))} is no address ({told}); check it")


def _fault(url: str, err: Exception) -> Exception:
    """Return the error for a failed connection; a bad certificate does not pass."""
    causes = list(_causes(err))
    for cause in causes:
        if isinstance(cause, SlowError):
            return TransientError(str(cause), attempts=SLOW_ATTEMPTS)
        if isinstance(cause, WatchError):
            return TransientError(str(cause))
        if isinstance(cause, ssl.SSLCertVerificationError):
            return FetchError(
                f"{shown(url)}: the server's certificate is not valid "
                f"({cause.verify_message}); check the address and the clock"
            )
    # What the standard library says tells more than that something is wrong.
    found = next((c for c in causes if isinstance(c, HTTPException)), err)
    return TransientError(f"the connection failed ({type(found).__name__})")


def _causes(err: BaseException) -> Iterator[BaseException]:
    """Yield an error and those behind it."""
    seen: set[int] = set()
    link: BaseException | None = err
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        inner = link.args[-1] if link.args else None
        if not isinstance(inner, BaseException):
            inner = link.__cause__ or link.__context__
        link = inner
