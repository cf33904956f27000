"""Single attempts at HTTP requests, each answer checked before its body is read."""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, LocationValueError, SSLError

from builder.errors import FetchError
from builder.sources.http_answers import (
    NO_HEAD,
    PASSING,
    REDIRECTS,
    Stat,
    changed,
    check_version,
    content_range,
    refusal,
    version_of,
)
from builder.sources.http_connections import Connections
from builder.sources.limits import MAX_FILE_SIZE
from builder.sources.retry import TransientError, parse_retry_after
from builder.sources.urls import follow, shown
from builder.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

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
    """

    def __init__(self, *, concurrency: int, closing: threading.Event) -> None:
        self._closing = closing
        self._connections = Connections(concurrency)
        self._totals: dict[str, int] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all connections; who waits for an answer on one gets none."""
        self._connections.close()

    def stat(self, url: str) -> Stat:
        """Return size and version of a file, by HEAD or else by its first byte."""
        with self._answer("HEAD", url) as answer:
            if answer.status == 200 and "Content-Length" in answer.headers:
                return Stat(
                    int(answer.headers["Content-Length"]), version_of(answer.headers)
                )
            if answer.status != 200 and answer.status not in NO_HEAD:
                raise refusal(url, answer.status)
        with self._answer("GET", url, "bytes=0-0") as answer:
            if answer.status == 206:
                size = content_range(url, answer.headers)[2]
            elif answer.status == 200:
                size = int(answer.headers.get("Content-Length", -1))
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
        self, url: str, file: BinaryIO, etag: str, progress: Callable[[int], None]
    ) -> None:
        """Write the file at `url` to `file`, from where `file` stands if it can."""
        start = file.tell()
        with self._answer("GET", url, f"bytes={start}-" if start else "") as answer:
            if answer.status not in {200, 206}:
                raise refusal(url, answer.status)
            check_version(url, answer.headers, etag)
            if answer.status == 200:
                progress(-start)
                start = file.seek(0)
                file.truncate()
            elif content_range(url, answer.headers)[0] != start:
                raise FetchError(
                    f"{shown(url)}: the server sent another part: expected bytes from "
                    f"{start} on, found {answer.headers['Content-Range']!r}; it is "
                    "broken: name another source"
                )
            buffer = memoryview(bytearray(_PIECE))
            while came := self._read_into(buffer, answer):
                start += came
                if start > MAX_FILE_SIZE:
                    raise FetchError(
                        f"{shown(url)} goes on and on: expected {MAX_FILE_SIZE} bytes "
                        "at most of a file that trimset has a use for; check the "
                        "address"
                    )
                file.write(buffer[:came])
                progress(came)

    def _answer(self, method: str, url: str, byte_range: str = "") -> _Answer:
        """Send one request, following redirects, and return the answer unread."""
        target = url
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._request(method, target, byte_range)
            location = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not location:
                break
            answer.close()
            target = follow(target, location)
        else:
            raise FetchError(
                f"{shown(url)} redirects more than {MAX_REDIRECTS} times; name the "
                "final address as the source"
            )
        coding = answer.headers.get("Content-Encoding", "identity")
        if answer.status in PASSING:
            answer.close()
            wait = parse_retry_after(answer.headers.get("Retry-After"))
            raise TransientError(f"the server answers {answer.status}", wait)
        if coding != "identity":
            answer.close()
            raise FetchError(
                f"{shown(url)}: the server re-codes the file: expected its bytes as "
                f"they are, found {coding!r}; name another source"
            )
        return answer

    def _request(self, method: str, url: str, byte_range: str) -> _Answer:
        headers = {**_HEADERS, "Range": byte_range} if byte_range else {**_HEADERS}
        user = urlsplit(url).netloc.rpartition("@")[0]
        if user:
            headers |= urllib3.make_headers(basic_auth=unquote(user))
        try:
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
        except LocationValueError as err:
            raise FetchError(f"{shown(url)} is no address ({err}); check it") from err
        except HTTPError as err:
            raise _fault(url, err) from err
        return _Answer(response, url, whole=method == "HEAD")

    def _body(self, answer: _Answer, length: int) -> memoryview:
        """Return the body, which has to have `length` bytes."""
        announced = answer.headers.get("Content-Length", str(length))
        if announced != str(length):
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

    def _read_into(self, buffer: memoryview, answer: _Answer) -> int:
        """Read some of the body, and return how much; 0 at its end."""
        if self._closing.is_set():
            raise FetchError("the fetch was stopped; run it again to go on")
        try:
            came = answer.response.readinto(buffer)
        except HTTPError as err:
            raise _fault(answer.url, err) from err
        answer.whole = not came
        return came

    def _check_total(self, url: str, total: int) -> None:
        """Refuse a file that has another size than when it was first read."""
        with self._lock:
            known = self._totals.setdefault(url, total)
        if known != total:
            raise changed(url, f"{known} bytes", f"{total}")


class _Answer:
    """An answer whose connection is kept for the next only if it was read whole."""

    def __init__(
        self, response: urllib3.BaseHTTPResponse, url: str, *, whole: bool
    ) -> None:
        self.response = response
        self.status = response.status
        self.headers = response.headers
        self.url = url
        self.whole = whole

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self.whole:
            self.response.drain_conn()
        else:
            self.response.close()
        self.response.release_conn()


def _fault(url: str, err: HTTPError) -> Exception:
    """Return the error for a failed connection; a bad certificate does not pass."""
    cause = err.args[0] if err.args else None
    if isinstance(err, SSLError) and isinstance(cause, ssl.SSLCertVerificationError):
        return FetchError(
            f"{shown(url)}: the server's certificate is not valid "
            f"({cause.verify_message}); check the address and the clock"
        )
    return TransientError(f"the connection failed ({type(err).__name__})")
