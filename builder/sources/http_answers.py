"""What an HTTP answer says, and which answers are refused; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from builder.errors import FetchError, MissingError
from builder.sources.urls import one_line, quoted, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Answers that may be others a little later.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 509, 520, 522, 524})
# Answers of servers that have nothing against GET.
NO_HEAD = frozenset({400, 403, 405, 501})
# Object stores answer 403 for a missing key where listing is not allowed.
_MISSING = frozenset({403, 404, 410})
# Digits of ASCII alone, and no more than a file can have bytes.
_LENGTH = re.compile("[0-9]{1,18}")
_CONTENT_RANGE = re.compile(
    f"bytes ({_LENGTH.pattern})-({_LENGTH.pattern})/({_LENGTH.pattern}|\\*)"
)
# May follow a value, is no part of it, and is left there by the standard library.
_SPACE = " \t"
_STRONG_ETAG = re.compile('"[^"\x00-\x20\x7f]*"')


class Stat(NamedTuple):
    """Size of a remote file (-1 where it is not told) and its version."""

    size: int
    etag: str


def version_of(headers: Mapping[str, str]) -> str:
    """Return what tells one version of a file from another; empty if nothing does."""
    return headers.get("ETag") or headers.get("Last-Modified") or ""


def is_strong(etag: str) -> bool:
    """Whether files of this version are the same to the byte.

    A weak entity tag (``W/``) does not say so, nor does a date: a file may be written
    twice in the second that it names.

    Examples
    --------
    >>> [is_strong(etag) for etag in ('"a1"', 'W/"a1"', "Mon, 01 Jan 2024 00:00:30")]
    [True, False, False]
    """
    return _STRONG_ETAG.fullmatch(etag) is not None


def content_length(url: str, headers: Mapping[str, str]) -> int:
    """Return how many bytes an answer announces; -1 where it does not.

    Raises
    ------
    FetchError
        The header is not one number.

    Examples
    --------
    >>> content_length("http://host/a", {"Content-Length": "10"})
    10
    """
    value = headers.get("Content-Length")
    if value is None:
        return -1
    if not _LENGTH.fullmatch(value.rstrip(_SPACE)):
        raise _broken(url, "a Content-Length that is one number", quoted(value))
    return int(value)


def check_framing(url: str, headers: Mapping[str, str]) -> None:
    """Refuse an answer of which it is not clear where its body ends, or what it is.

    Raises
    ------
    FetchError
        It is in several parts, re-coded, of no length that is one, or of two.
    """
    coding = headers.get("Content-Encoding", "").strip().lower()
    if coding not in {"", "identity"}:
        raise FetchError(
            f"{shown(url)}: the server re-codes the file: expected its bytes as "
            f"they are, found {quoted(coding)}; name another source"
        )
    length = content_length(url, headers)
    transfer = headers.get("Transfer-Encoding")
    if transfer is not None:
        if transfer.lower() != "chunked":
            raise _broken(url, "a body as it is or in chunks", quoted(transfer))
        if length >= 0:
            raise _broken(url, "either a Content-Length or chunks", "both")
    if headers.get("Content-Type", "").strip().lower().startswith("multipart/byter"):
        raise _broken(url, "one part", "several (multipart/byteranges)")


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
    match = _CONTENT_RANGE.fullmatch(value.rstrip(_SPACE))
    if match is None:
        raise FetchError(
            f"{shown(url)}: the server sent a part without saying which: expected a "
            f"Content-Range, found {quoted(value)}; it is broken: name another source"
        )
    first, last = int(match[1]), int(match[2])
    total = -1 if match[3] == "*" else int(match[3])
    if last < first or 0 <= total <= last:
        raise _broken(url, "a Content-Range that can be", quoted(value))
    return first, last + 1, total


def refusal(url: str, status: int) -> FetchError:
    """Return the error for a status that is not the one that was hoped for."""
    if status == 200:
        return FetchError(
            f"{shown(url)}: the server ignores range requests (expected status 206, "
            "found 200), so that only the whole file could be had: download it "
            "yourself and name the copy as the source"
        )
    if status == 206:
        return _broken(url, "status 200", "206 (a part), where none was asked for")
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


def _broken(url: str, expected: str, found: str) -> FetchError:
    return FetchError(
        f"{shown(url)}: expected {expected}, found {found}: the server is broken: name "
        "another source"
    )


def changed(url: str, expected: str, found: str) -> FetchError:
    """Return the error for a file that is another one than before."""
    return FetchError(
        f"{shown(url)}: the source changed while it was read: expected "
        f"{one_line(expected)}, found {one_line(found)}; run it again to start from "
        "the new one"
    )
