"""Servers that lie, drip, cut or never end: one clear line, in time."""

import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.errors import FetchError, TrimsetError
from builder.limits import MAX_HEAD, Limits
from builder.sources.http_pace import Pace, SlowError, paced
from builder.sources.remote import Remote
from builder.sources.retry import Retry
from tests.servers.raw_server import RawServer, head

BODY = b"0123456789"
WHOLE = head(Content_Range="bytes 0-9/10", Content_Length=10, ETag='"a"') + BODY


@pytest.fixture(autouse=True)
def _direct(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def fast(attempts=2, waits=None, **options):
    sleep = (lambda _: None) if waits is None else waits.append
    return Remote(retry=Retry(attempts=attempts, sleep=sleep), **options)


def raised(answer, attempts=1, **options):
    """Return the error of a read of ten bytes, and how many requests it took."""
    with RawServer(lambda *_: [answer]) as server, fast(attempts, **options) as remote:
        with pytest.raises(FetchError) as caught:
            remote.read(server.url(), 0, 10)
        message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 500
    return message, len(server.requests)


def test_the_answer_that_all_others_differ_from():
    with RawServer(lambda *_: [WHOLE]) as server, fast() as remote:
        assert remote.read(server.url(), 0, 10) == BODY


def test_a_part_in_answer_to_head_is_not_the_status_that_was_expected():
    with (
        RawServer(lambda *_: [WHOLE]) as server,
        fast() as remote,
        pytest.raises(FetchError, match="expected status 200, found 206"),
    ):
        remote.stat(server.url())


RANGE = "bytes 0-9/10"


def test_spaces_behind_a_value_are_no_part_of_it():
    answer = head(Content_Range=f"{RANGE} \t", Content_Length="10 ") + BODY
    with RawServer(lambda *_: [answer]) as server, fast() as remote:
        assert remote.read(server.url(), 0, 10) == BODY


CASES = [
    # Lengths.
    *(
        (head(Content_Range=RANGE, Content_Length=value) + BODY, words, 1)
        for value, words in [
            ("abc", "expected a Content-Length that is one number, found 'abc'"),
            ("-5", "found '-5'"),
            ("1e9", "found '1e9'"),
            ("10, 10", "found '10, 10'"),
            ("0x0a", "found '0x0a'"),
            ("1_0", "found '1_0'"),
            ("+10", r"found '\+10'"),
            ("¹⁰".encode().decode("latin-1"), "one number, found"),
            ("\xb9", "one number, found"),
            (10**30, "found '1000000"),
            ("9" * 5000, "found '9{80}...;? ?"),
            ("", "found ''"),
        ]
    ),
    (
        b"HTTP/1.1 206 OK\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n"
        b"Content-Length: 11\r\n\r\n" + BODY,
        "expected headers that agree, found .*10, 11",
        1,
    ),
    (head(Content_Range=RANGE, Content_Length=9) + BODY, "9 bytes announced", 2),
    (head(Content_Range=RANGE, Content_Length=10) + BODY[:4], "IncompleteRead", 2),
    # Parts.
    *(
        (head(Content_Range=value, Content_Length=10) + BODY, words, 1)
        for value, words in [
            ("bytes 9-0/10", "a Content-Range that can be, found 'bytes 9-0/10'"),
            ("bytes 0-9/5", "a Content-Range that can be"),
            ("bytes 0-9/9", "a Content-Range that can be"),
            ("bytes */10", "a part without saying which"),
            ("bytes 0-9", "a part without saying which"),
            ("bytes 0-9/10, bytes 0-9/10", "a part without saying which"),
            ("bytes 0-\xb9/10", "a part without saying which"),
            (f"bytes 0-9/{10**30}", "a part without saying which"),
            (f"bytes 0-{'9' * 5000}/*", "a part without saying which"),
            ("bytes 0-9/\x1b[31m10", "a part without saying which"),
        ]
    ),
    (
        head(
            Content_Range=RANGE,
            Content_Length=10,
            Content_Type="multipart/byteranges; boundary=x",
        )
        + BODY,
        "expected one part, found several",
        1,
    ),
    # Codings.
    (
        head(Content_Range=RANGE, Content_Encoding="gzip") + BODY,
        "re-codes the file.*'gzip'",
        1,
    ),
    *(
        (
            head(Content_Range=RANGE, Transfer_Encoding=value)
            + b"a\r\n0123456789\r\n0\r\n\r\n",
            "expected a body as it is or in chunks",
            1,
        )
        for value in ["gzip", "gzip, chunked", "chunked, chunked", "identity", ""]
    ),
    (
        head(Content_Range=RANGE, Content_Length=10, Transfer_Encoding="chunked")
        + b"a\r\n0123456789\r\n0\r\n\r\n",
        "either a Content-Length or chunks, found both",
        1,
    ),
    *(
        (
            head(Content_Range=RANGE, Transfer_Encoding="chunked") + body,
            "the connection failed|bytes came of 10",
            2,
        )
        for body in [
            b"-1\r\n0123456789",
            b"-5\r\n0123456789\r\n0\r\n\r\n",
            b"zz\r\n0123456789\r\n0\r\n\r\n",
            b"a;" + b"x" * 70_000 + b"\r\n0123456789\r\n0\r\n\r\n",
            b"a\r\n01234",
            b"",
            b"0\r\n\r\n",
        ]
    ),
    # Heads that are none, cut, or too much.
    (b"", "RemoteDisconnected|failed", 2),
    (b"HTT", "head of the answer was cut short", 2),
    (b"\x00\xff" * 50, "head of the answer was cut short", 2),
    (b"\x00\xff\r\n\r\n", "BadStatusLine", 2),
    (b"HTTP/9.9 200 OK\r\n\r\n", "the connection failed", 2),
    (b"HTTP/1.1 20 OK\r\n\r\n", "BadStatusLine", 2),
    (b"HTTP/1.1 206 OK\r\n", "head of the answer was cut short", 2),
    (WHOLE.partition(b"\r\n\r\n")[0], "head of the answer was cut short", 2),
    (WHOLE.partition(b"\r\n\r\n")[0] + b"\r\n", "head of the answer was cut short", 2),
    (
        b"HTTP/1.1 206 OK\r\n" + b"X-A: b\r\n" * 150 + b"\r\n",
        "the connection failed",
        2,
    ),
    (b"HTTP/1.1 206 OK\r\nX-A: " + b"x" * 100_000 + b"\r\n\r\n", "LineTooLong", 2),
    (b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000, "frame the answer", 2),
    # Statuses.
    (b"HTTP/1.1 103 Early Hints\r\n\r\n" + WHOLE, "found 103", 1),
    (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "found 101", 1),
    (head("204 Nothing"), "found 204", 1),
    (head("304 Not Modified"), "found 304", 1),
    (head("200 OK", Content_Length=10) + BODY, "ignores range requests", 1),
    (head("302 Found"), "found 302", 1),
    *(
        (head("302 Found", Location=value), words, 1)
        for value, words in [
            ("file:///etc/passwd", "redirects to the scheme 'file'"),
            ("gopher://127.0.0.1/", "redirects to the scheme 'gopher'"),
            ("http://127.0.0.1:9/a", "to another port without https"),
            ("http://[::1/", "redirects to no address"),
            ("http://127.0.0.1:99999/", "redirects to no address"),
            ("/\x1b]0;owned\x07", "redirects to no address"),
            ("/" + "a" * 10_000, "redirects to no address"),
            ("https://me:pw@127.0.0.1/", "with a user of its own"),
        ]
    ),
    # Waits.
    *(
        (head("503 Busy", Retry_After=value), "the server answers 503", requests)
        for value, requests in [
            (365 * 86400 * 1000, 1),
            ("9" * 5000, 1),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 1),
            ("-5", 2),
            ("\xb2", 2),
            ("1e9", 2),
            ("Mon, 01 Jan 2024 00:00:00 +999999999999", 2),
            ("Mon, 99 Jan 99999999999 99:99:99 GMT", 2),
        ]
    ),
]


@pytest.mark.parametrize(
    ("answer", "words", "requests"), CASES, ids=[str(n) for n in range(len(CASES))]
)
def test_answers_that_are_wrong(answer, words, requests):
    if requests > 1:
        # So that no second attempt goes over what the server closes just then.
        answer = answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    message, asked = raised(answer, attempts=2)
    assert re.search(words, message), message
    assert asked == requests


def fuzz_answer(data: bytes) -> None:
    """Read a file by all ways from a server that answers `data`, whatever it is.

    Raises anything but a TrimsetError only where the reader has a fault.
    """
    limits = Limits(max_file_size=1000, min_rate=10**6)
    with RawServer(lambda *_: [data]) as server:
        url = server.url()
        for ask in (
            lambda remote: remote.stat(url),
            lambda remote: remote.tail(url, 5),
            lambda remote: remote.read(url, 0, 10),
            lambda remote: remote.download(url, io.BytesIO()),
        ):
            with fast(1, limits=limits, window=1.0) as remote:
                try:
                    ask(remote)
                except TrimsetError as err:
                    if "\n" in str(err):
                        raise AssertionError(str(err)) from err


@pytest.mark.parametrize("part", range(4))
def test_wrong_answers_to_other_questions(part):
    for answer, _, _ in CASES[part::4]:
        fuzz_answer(answer)


MUTATED = st.builds(
    lambda answer, cuts: b"".join(
        answer[: at % (len(answer) + 1)] + put + answer[at % (len(answer) + 1) + gone :]
        for at, put, gone in cuts[:1]
    ),
    st.sampled_from([WHOLE, head("302 Found", Location="/b"), head("503 Busy")]),
    st.lists(
        st.tuples(st.integers(0, 500), st.binary(max_size=8), st.integers(0, 8)),
        min_size=1,
        max_size=1,
    ),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(st.one_of(st.binary(max_size=300), MUTATED))
def test_any_answer(data):
    fuzz_answer(data)


# Time.


class Clock:
    """A clock that goes on by a step each time that it is looked at."""

    def __init__(self, step):
        self.now, self.step = 0.0, step

    def __call__(self):
        self.now += self.step
        return self.now


def drip(pieces, server, seconds):
    """Yield pieces one by one, each after a while."""
    for piece in pieces:
        yield piece
        if server[0].wait(seconds):
            return


def endless(first, again):
    yield first
    while True:
        yield again


TEN = head(Content_Range=RANGE, Transfer_Encoding="chunked")
LONG = head(Content_Range="bytes 0-9999/10000", Content_Length=10_000)
CHUNKED = head(Content_Range="bytes 0-9999/10000", Transfer_Encoding="chunked")


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (LONG, b"x"),
        (b"HTTP/1.1 206 OK\r\n", b"X-A: b\r\n"),
        (b"", b"H"),
        (CHUNKED, b"1\r\nx\r\n"),
        (CHUNKED + b"1;", b"x"),
        (CHUNKED + b"0\r\n", b"X-A: b\r\n"),
    ],
    ids=["body", "head", "status", "chunks", "size of a chunk", "trailer"],
)
def test_bytes_that_drip(first, again):
    held = []
    with (
        RawServer(lambda *_: drip(endless(first, again), held, 0.005)) as server,
        fast(8, limits=Limits(min_rate=100_000), window=0.1) as remote,
    ):
        held.append(server)
        with pytest.raises(FetchError) as caught:
            remote.read(server.url(), 0, 10_000)
        assert re.search(
            r"only \d+ bytes came in \d+ s, less than 100000 a second \(--min-rate\), "
            "at the last of 3 attempts",
            str(caught.value),
        )
        assert len(server.requests) == 3


class Pieces(io.RawIOBase):
    """A socket from which one piece comes at a time."""

    def __init__(self, pieces):
        self.left = list(pieces)

    def makefile(self, _mode):
        return io.BufferedReader(self)

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self.left.pop(0) if self.left else b""
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("least", [800, 801])
def test_the_rate_is_taken_over_a_window(least, parts):
    """A hundred bytes each eighth of a second, as the clock goes on when looked at."""
    pace = Pace(least, window=1.0, clock=Clock(0.125))
    answer = paced(pace)(Pieces([LONG, *[b"x" * 100] * 100]))
    answer.begin()
    if least == 800:
        for _ in range(parts):
            assert len(answer.read(10_000 // parts)) == 10_000 // parts
        return
    told = r"only 800 bytes came in 1 s, less than 801 a second \(--min-rate\)"
    with pytest.raises(SlowError, match=told):
        answer.read(10_000)


def test_the_head_is_not_counted_for_the_body():
    """A server that thinks for a while, and then is fast enough."""
    pieces = [bytes([byte]) for byte in LONG] + [b"x" * 13] * 1000
    assert len(LONG) * 0.125 < 12
    answer = paced(Pace(100, window=12, clock=Clock(0.125)))(Pieces(pieces))
    answer.begin()
    assert len(answer.read(10_000)) == 10_000


def test_redirects_that_take_their_time():
    def answer(*_):
        server_of[0].wait(0.06)
        return [head("302 Found", Location="/on")]

    server_of = []
    with (
        RawServer(answer) as server,
        fast(8, limits=Limits(min_rate=1), window=0.1) as remote,
    ):
        server_of.append(server)
        with pytest.raises(FetchError, match=r"redirects for more than 0 s, at the l"):
            remote.stat(server.url())
        assert len(server.requests) <= 3 * 3


@pytest.mark.parametrize(
    "answer",
    [
        TEN + b"0\r\n" + b"X-A: b\r\n" * 100_000 + b"\r\n",
        TEN + (b"1;" + b"x" * 60_000 + b"\r\nx\r\n") * 10 + b"0\r\n\r\n",
        head(**{f"X{n}": "x" * 60_000 for n in range(10)}),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000 + WHOLE,
    ],
    ids=["trailer", "sizes of chunks", "head", "heads"],
)
def test_framing_without_end(answer):
    """Fast, and for ever, and none of it is the file."""
    message, _ = raised(answer)
    assert f"more than {MAX_HEAD} bytes frame the answer" in message


# Two versions are never joined.


def broken_at(place, versions, **headers):
    """Return answers of a file whose first one breaks, and which is another then."""

    def answer(number, request):
        data = versions[min(number, len(versions)) - 1]
        told = {name: value[min(number, 2) - 1] for name, value in headers.items()}
        asked = re.search(rb"\r\nRange: bytes=(\d+)-", request)
        if b"HEAD" in request[:4]:
            return [head("200 OK", Content_Length=len(data), **told)]
        if not asked:
            whole = head("200 OK", Content_Length=len(data), **told) + data
            return [whole[: len(whole) - len(data) + place] if number == 1 else whole]
        start = int(asked[1])
        span = f"bytes {start}-{len(data) - 1}/{len(data)}"
        told |= {"Content_Range": span, "Content_Length": len(data) - start}
        return [head(**told) + data[start:]]

    return answer


OLD, NEW = b"o" * 1000, b"n" * 1000


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ETag": ['W/"1"', 'W/"1"']},
        {"ETag": ["unquoted", "unquoted"]},
        {"Last_Modified": ["Mon, 01 Jan 2024 00:00:00 GMT"] * 2},
    ],
    ids=["none", "weak", "no tag", "date"],
)
def test_what_broke_begins_anew_without_a_strong_version(headers):
    etag = next(iter(headers.values()), [""])[0]
    file, steps = io.BytesIO(), []
    with RawServer(broken_at(600, [OLD, NEW], **headers)) as server, fast() as remote:
        remote.download(server.url(), file, etag=etag, progress=steps.append)
        assert b"Range:" not in b"".join(server.requests)
    assert file.getvalue() == NEW
    assert sum(steps) == 1000


def test_what_broke_goes_on_by_a_strong_version():
    file = io.BytesIO()
    answer = broken_at(600, [OLD, OLD], ETag=['"1"', '"1"'])
    with RawServer(answer) as server, fast() as remote:
        remote.download(server.url(), file, etag='"1"')
        assert b'\r\nRange: bytes=600-\r\nIf-Range: "1"' in server.requests[1]
    assert file.getvalue() == OLD


def test_a_rest_of_another_version_is_refused():
    answer = broken_at(600, [OLD, NEW], ETag=['"1"', '"2"'])
    with (
        RawServer(answer) as server,
        fast() as remote,
        pytest.raises(FetchError, match=r'version "1", found "2"'),
    ):
        remote.download(server.url(), io.BytesIO(), etag='"1"')


def test_a_rest_that_does_not_say_of_what_is_not_taken():
    def answer(number, request):
        if number == 2:
            told = {"Content_Range": "bytes 600-999/1000", "Content_Length": 400}
            return [head(**told) + NEW[600:]]
        whole = head("200 OK", Content_Length=1000, ETag='"1"') + OLD
        return [whole[:-400] if number == 1 else whole]

    file = io.BytesIO()
    with RawServer(answer) as server, fast(3) as remote:
        remote.download(server.url(), file, etag='"1"')
        assert len(server.requests) == 3
    assert file.getvalue() == OLD


@pytest.mark.parametrize("span", ["0-99/1000", "0-99/*"])
def test_a_part_is_not_taken_for_the_whole(span):
    answer = head(Content_Range=f"bytes {span}", Content_Length=100) + OLD[:100]
    with (
        RawServer(lambda *_: [answer]) as server,
        fast() as remote,
        pytest.raises(FetchError, match="sent another part"),
    ):
        remote.download(server.url(), io.BytesIO())


# Addresses.


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://host:99999/a", "is no address"),
        ("http://host:0/a", "is no address"),
        ("http://host:x/a", "is no address"),
        ("http:///a", "names no host"),
        ("http://:80/a", "names no host"),
        ("http://me:secret@/a", "names no host"),
        ("http://ho\nst/a", "cannot be printed"),
        ("http://host/a\r\nX-Injected: b", "cannot be printed"),
        ("http://host/\x1b[31m", "cannot be printed"),
        ("http://host/\u202egpj.exe", "cannot be printed"),
        ("http://host/\udcff", "cannot be printed"),
        ("http://host/" + "a" * 9000, "has 9012 characters, expected 8192 at most"),
        ("http://[::1/a", "is no address"),
        ("http://named\\\\@127.0.0.1:9/a", "is no address"),
        ("http://[not:an:address]/a", "is no address"),
        ("http://xn--\u00fc/a", "is no address|the connection failed"),
        (f"http://{'x' * 64}.example/a", "is no address"),
        ("http://a..example/a", "is no address"),
        ("http://me:\u20ac@127.0.0.1:9/a", "is no address"),
    ],
)
def test_addresses_that_are_none(url, words):
    with fast(1) as remote, pytest.raises(FetchError, match=words) as caught:
        remote.stat(url)
    assert str(caught.value).isprintable()
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 500
