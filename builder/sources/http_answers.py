"""What an HTTP answer says, and which answers are refused; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from builder.errors import FetchError, MissingError
from builder.sources.urls import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Answers that may be others a little later.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 509, 520, 522, 524})
# Answers of servers that have nothing against GET.
NO_HEAD = frozenset({400, 403, 405, 501})
# Object stores answer 403 for a missing key where listing is not allowed.
_MISSING = frozenset({403, 404, 410})
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class Stat(NamedTuple):
    """Size of a remote file (-1 where it is not told) and its version."""

    size: int
    etag: str


def version_of(headers: Mapping[str, str]) -> str:
    """Return what tells one version of a file from another; empty if nothing does."""
    return headers.get("ETag") or headers.get("Last-Modified") or ""


def check_version(url: str, headers: Mapping[str, str], etag: str) -> None:
    """Refuse an answer that tells its version and tells another than `etag`."""
    told = {
        headers[name].removeprefix("W/")
        for name in ("ETag", "Last-Modified")
        if name in headers
    }
    if etag and told and etag.removeprefix("W/") not in told:
        raise changed(url, f"version {etag}", version_of(headers))


def content_range(url: str, headers: Mapping[str, str]) -> tuple[int, int, int]:
    """Return first byte, the one after the last, and the file's size (-1: unknown).

    Examples
    --------
    >>> content_range("http://host/a", {"Content-Range": "bytes 10-19/100"})
    (10, 20, 100)
    """
    value = headers.get("Content-Range", "")
    match = _CONTENT_RANGE.fullmatch(value)
    if match is None:
        raise FetchError(
            f"{shown(url)}: the server sent a part without saying which: expected a "
            f"Content-Range, found {value!r}; it is broken: name another source"
        )
    total = -1 if match[3] == "*" else int(match[3])
    return int(match[1]), int(match[2]) + 1, total


def refusal(url: str, status: int) -> FetchError:
    """Return the error for a status that is not the one that was hoped for."""
    if status == 200:
        return FetchError(
            f"{shown(url)}: the server ignores range requests (expected status 206, "
            "found 200), so that only the whole file could be had: download it "
            "yourself and name the copy as the source"
        )
    if status == 416:
        return changed(url, "as many bytes as before", "fewer")
    if status in _MISSING:
        return MissingError(
            f"{shown(url)}: no such file, or none that may be read: expected status "
            f"200, found {status}; check the address"
        )
    return FetchError(
        f"{shown(url)}: expected status 200 or 206, found {status}; check the address"
    )


def changed(url: str, expected: str, found: str) -> FetchError:
    """Return the error for a file that is another one than before."""
    return FetchError(
        f"{shown(url)}: the source changed while it was read: expected {expected}, "
        f"found {found}; run it again to start from the new one"
    )
