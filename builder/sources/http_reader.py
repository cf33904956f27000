"""Single attempts at HTTP requests, each answer checked before its body is read."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import urllib3

from builder.errors import FetchError
from builder.limits import LIMITS, SLOW_ATTEMPTS, Limits
from builder.sources.http_answers import (
    NO_HEAD,
    PASSING,
    REDIRECTS,
    Stat,
    changed,
    check_framing,
    check_version,
    content_length,
    content_range,
    is_strong,
    refusal,
    version_of,
)
from builder.sources.http_connections import Answer, Connections
from builder.sources.http_faults import own_faults
from builder.sources.http_pace import Pace
from builder.sources.retry import TransientError, parse_retry_after
from builder.sources.urls import follow, quoted, shown
from builder.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from builder.sources.known import Growing

MAX_REDIRECTS = 5
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0  # between two pieces of a body, not for the whole of it

_PIECE = 256 * 1024
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": f"trimset/{__version__}"}


class Http:
    """Requests to HTTP servers over a pool of connections; for many threads.

    Parameters
    ----------
    concurrency : int
        Connections to keep to one host.
    closing : threading.Event
        Set from outside to make reads end early.
    limits : Limits
        How large a file may be.
    pace : Pace
        How slow a server may be.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        closing: threading.Event,
        limits: Limits = LIMITS,
        pace: Pace | None = None,
    ) -> None:
        self._limits = limits
        self._closing = closing
        self._pace = pace or Pace(limits.min_rate)
        self._connections = Connections(concurrency, self._pace)
        self._totals: dict[str, int] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all connections; who waits for an answer on one gets none."""
        self._connections.close()

    def stat(self, url: str) -> Stat:
        """Return size and version of a file, by HEAD or else by its first byte."""
        with self._answer("HEAD", url) as answer:
            size = content_length(url, answer.headers) if answer.status == 200 else -1
            if size >= 0:
                return Stat(size, version_of(answer.headers))
            if answer.status != 200 and answer.status not in NO_HEAD:
                raise refusal(url, answer.status)
        with self._answer("GET", url, "bytes=0-0") as answer:
            if answer.status == 206:
                size = content_range(url, answer.headers)[2]
            elif answer.status == 200:
                size = content_length(url, answer.headers)
            else:
                raise refusal(url, answer.status)
            return Stat(size, version_of(answer.headers))

    def tail(self, url: str, length: int) -> tuple[Stat, memoryview]:
        """Return size and version of a file, and its last bytes, in one request."""
        with self._answer("GET", url, f"bytes=-{length}") as answer:
            if answer.status == 206:
                first, last, size = content_range(url, answer.headers)
                if last == size and first == max(0, size - length):
                    self._check_total(url, size)
                    stat = Stat(size, version_of(answer.headers))
                    return stat, self._body(answer, last - first)
        # Some stores know no ranges from the end, and answer that in their own ways.
        stat = self.stat(url)
        start = max(0, stat.size - length)
        if start >= stat.size:
            return stat, memoryview(b"")
        return stat, self.read(url, start, stat.size, stat.etag)

    def read(self, url: str, start: int, stop: int, etag: str) -> memoryview:
        """Return the bytes from `start` to `stop`, exactly, of the version `etag`."""
        with self._answer("GET", url, f"bytes={start}-{stop - 1}") as answer:
            if answer.status != 206:
                raise refusal(url, answer.status)
            check_version(url, answer.headers, etag)
            first, last, total = content_range(url, answer.headers)
            self._check_total(url, total)
            if (first, last) != (start, stop):
                raise FetchError(
                    f"{shown(url)}: the server sent another range: expected bytes "
                    f"{start} to {stop}, found {first} to {last}; it is broken, or the "
                    "source changed: run it again or name another source"
                )
            return self._body(answer, stop - start)

    def download(
        self, url: str, file: Growing, etag: str, progress: Callable[[int], None]
    ) -> None:
        """Write the file at `url` to `file`, from where `file` stands if it can.

        Only a strong entity tag says that what comes now goes on what came before;
        without one it begins anew.
        """
        if file.tell() and not is_strong(etag):
            _empty(file, progress)
        start = file.tell()
        with self._answer("GET", url, start=start, etag=etag) as answer:
            if answer.status not in {200, 206}:
                raise refusal(url, answer.status)
            check_version(url, answer.headers, etag)
            if answer.status == 200:
                _empty(file, progress)
            else:
                _check_rest(url, answer.headers, start)
                if start and answer.headers.get("ETag") != etag:
                    _empty(file, progress)
                    raise TransientError("the rest came without its version")
            self._copy(answer, file, progress)

    def _copy(
        self, answer: Answer, file: Growing, progress: Callable[[int], None]
    ) -> None:
        """Write a body to the end of a file."""
        size, most = file.tell(), self._limits.max_file_size
        buffer = memoryview(bytearray(_PIECE))
        while came := self._read_into(buffer, answer):
            size += came
            if size > most:
                raise FetchError(
                    f"{shown(answer.url)} goes on and on: expected {most} bytes "
                    "at most of a file that trimset has a use for; check the "
                    "address"
                )
            file.write(buffer[:came])
            progress(came)

    def _answer(
        self,
        method: str,
        url: str,
        byte_range: str = "",
        *,
        start: int = 0,
        etag: str = "",
    ) -> Answer:
        """Send one request, following redirects, and return the answer unread.

        From `start` on, it asks for the rest of the version `etag`, or else for all.
        """
        asked = {"Range": byte_range} if byte_range else {}
        if start:
            asked = {"Range": f"bytes={start}-", "If-Range": etag}
        target, began = url, self._pace.clock()
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._request(method, target, asked)
            location = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not location:
                break
            answer.close()
            target = follow(target, location)
            if self._pace.clock() - began > self._pace.window:
                fault = f"redirects for more than {self._pace.window:.0f} s"
                raise TransientError(fault, attempts=SLOW_ATTEMPTS)
        else:
            raise FetchError(
                f"{shown(url)} redirects more than {MAX_REDIRECTS} times; name the "
                "final address as the source"
            )
        if answer.status in PASSING:
            answer.close()
            wait = parse_retry_after(answer.headers.get("Retry-After"))
            raise TransientError(f"the server answers {answer.status}", wait)
        try:
            if answer.status in {200, 206}:
                check_framing(url, answer.headers)
        except FetchError:
            answer.close()
            raise
        return answer

    def _request(self, method: str, url: str, asked: dict[str, str]) -> Answer:
        # It is an address: `Remote` looked, and `follow` at where it leads.
        with own_faults(url):
            headers = {**_HEADERS, **asked}
            user = urlsplit(url).netloc.rpartition("@")[0]
            if user:
                headers |= urllib3.make_headers(basic_auth=unquote(user))
            response = self._connections.pool(url).request(
                method,
                url,
                headers=headers,
                preload_content=False,
                decode_content=False,
                redirect=False,
                retries=False,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
            )
        return Answer(response, url, whole=method == "HEAD")

    def _body(self, answer: Answer, length: int) -> memoryview:
        """Return the body, which has to have `length` bytes."""
        announced = content_length(answer.url, answer.headers)
        if announced not in {-1, length}:
            raise TransientError(f"{announced} bytes announced of {length}")
        body = memoryview(bytearray(length))
        filled = 0
        while filled < length:
            came = self._read_into(body[filled : filled + _PIECE], answer)
            if not came:
                raise TransientError(f"{filled} bytes came of {length}")
            filled += came
        if self._read_into(memoryview(bytearray(1)), answer):
            raise TransientError(f"more than the {length} bytes asked for came")
        return body

    def _read_into(self, buffer: memoryview, answer: Answer) -> int:
        """Read some of the body, and return how much; 0 at its end."""
        if self._closing.is_set():
            raise FetchError("the fetch was stopped; run it again to go on")
        with own_faults(answer.url):
            came = answer.response.readinto(buffer)
        answer.whole = not came
        return came

    def _check_total(self, url: str, total: int) -> None:
        """Refuse a file that has another size than when it was first read."""
        if total < 0:
            return
        with self._lock:
            known = self._totals.setdefault(url, total)
        if known != total:
            raise changed(url, f"{known} bytes", f"{total}")


def _empty(file: Growing, progress: Callable[[int], None]) -> None:
    """Begin a file anew."""
    progress(-file.tell())
    file.seek(0)
    file.truncate()


def _check_rest(url: str, headers: Mapping[str, str], start: int) -> None:
    """Refuse a part of a whole file that is not all the rest of it."""
    first, stop, total = content_range(url, headers)
    if first == start and stop == total:
        return
    raise FetchError(
        f"{shown(url)}: the server sent another part: expected bytes from "
        f"{start} on, found {quoted(headers['Content-Range'])}; it is "
        "broken: name another source"
    )
