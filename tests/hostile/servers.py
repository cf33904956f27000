"""Servers that lie, break off, lead elsewhere or never end; all of them here."""

from __future__ import annotations

import sys

from builder.sources import http_connections, http_reader, remote, retry, urls
from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile
from tests.servers.range_server import RangeServer, Rule

_MODULES = (http_connections, http_reader, remote, retry, urls)
_FAST = {
    "READ_TIMEOUT": 0.4, "CONNECT_TIMEOUT": 1.0, "RATE_WINDOW": 1.0,
    "HEADER_TIMEOUT": 1.0, "HEADERS_TIMEOUT": 1.0,
}  # fmt: skip
IMAGE, TABLE = "000000000002.jpg", "train.json"


def hurry(world):
    """Wait for nothing between attempts, and a second where it would be a minute."""
    made = retry.Retry.__init__
    fewer = tuple(3 if value == 8 else value for value in made.__defaults__)
    world.patches += [
        (retry.Retry, "delay", lambda *_: 0.0),
        (made, "__defaults__", fewer),
    ]
    opened = remote.Remote.__init__
    named = opened.__kwdefaults__ or {}
    sooner = {name: 0.5 if value == 60.0 else value for name, value in named.items()}
    world.patches.append((opened, "__kwdefaults__", sooner))
    modules = [m for name, m in sys.modules.items() if name.startswith("builder.")]
    for module in modules:
        for name, value in _FAST.items():
            if isinstance(getattr(module, name, None), float):
                world.patches.append((module, name, value))


def served(world, *rules, data=None):
    """Serve the source by these rules, and return the words that read it there."""
    files = world.coco() if data is None else data
    server = RangeServer(files)
    server.rules += rules
    server.__enter__()
    world.closing.append(lambda: server.__exit__(None, None, None))
    hurry(world)
    recipe = world.source / "r.toml"
    recipe.write_text(recipe.read_text().replace("train = 4", "train = 6"))
    return world.quick("--source", server.url("").rstrip("/"))


@hostile("http", RIGHT)
def server_is_good(world):
    return served(world)


def _latin(text):
    """Return a text in UTF-8 as a header has to spell it."""
    return text.encode().decode("latin-1")


HEADERS = {
    "length-text": {"Content-Length": "abc"}, "length-empty": {"Content-Length": ""},
    "length-negative": {"Content-Length": "-5"},
    "length-huge": {"Content-Length": "9" * 30},
    "length-digits": {"Content-Length": "9" * 5000}, "length-arabic":
    {"Content-Length": "\u0661\u0662".encode().decode("latin-1")}, "length-none":
    {"Content-Length": None}, "length-plus": {"Content-Length": "+5"},
    "length-two": {"Content-Length": "5, 7"}, "range-text": {"Content-Range": "abc"},
    "range-none": {"Content-Range": None}, "range-digits":
    {"Content-Range": f"bytes 0-{'9' * 5000}/{'9' * 5000}"}, "range-back":
    {"Content-Range": "bytes 9-5/10"}, "range-beyond": {"Content-Range": "bytes 0-9/5"},
    "range-arabic": {"Content-Range": _latin("bytes \u0660-\u0661/\u0662")},
    "range-unit": {"Content-Range": "lines 0-9/10"},
    "range-star": {"Content-Range": "bytes */10"},
    "coding": {"Content-Encoding": "gzip"},
    "coding-odd": {"Content-Encoding": "\x1b[31m"},
    "etag-escape": {"ETag": '"\x1b[31m"'}, "etag-long": {"ETag": "x" * 60_000},
    "chunked": {"Transfer-Encoding": "chunked"},
    "encoding": {"Transfer-Encoding": "evil"},
    "date-odd": {"Last-Modified": "x", "ETag": None}, "location": {"Location": "/etc"},
    "header-long": {"X": "x" * 200_000}, "cookie": {"Set-Cookie": "a=b\x1b"},
    "type": {"Content-Type": "text/html"}, "connection": {"Connection": "\x00"},
}  # fmt: skip


@each("http", EITHER, HEADERS)
def headers_of_a_table_are(world, headers):
    rules = [Rule(TABLE, method, headers=headers) for method in ("GET", "HEAD")]
    return served(world, *rules)


@each("http", EITHER, HEADERS)
def headers_of_an_image_are(world, headers):
    rules = [Rule(IMAGE, method, headers=headers) for method in ("GET", "HEAD")]
    return served(world, *rules)


RETRY = {
    "thousand-years": "31536000000", "digits": "9" * 5000,
    "date": "Fri, 31 Dec 9999 23:59:59 GMT",
    "date-odd": "Fri, 99 Dec 9999 99:99:99 +9999", "negative": "-5", "arabic":
    "\u0663".encode().decode("latin-1"),
    "exponent": "1e308", "nan": "nan", "inf": "inf",
    "float": "1.5", "text": "soon", "escape": "\x1b[31m", "long": "x" * 50_000,
    "year": "Mon, 01 Jan 99999999999 00:00:00 GMT",
}  # fmt: skip


@each("http", REFUSED, RETRY)
def server_asks_to_wait(world, value):
    headers = {"Retry-After": value}
    rules = [Rule("", m, status=503, headers=headers) for m in ("GET", "HEAD")]
    return served(world, *rules)


@each(
    "http", RIGHT, {"date-odd": RETRY["date-odd"], "year": RETRY["year"], "nan": "nan"}
)
def server_asks_to_wait_once(world, value):
    headers = {"Retry-After": value}
    return served(world, Rule("", status=503, times=1, headers=headers))


@each(
    "http",
    REFUSED,
    {
        str(status): status
        for status in (
            201,
            204,
            300,
            304,
            400,
            401,
            402,
            403,
            404,
            410,
            418,
            451,
            500,
            599,
        )
    },
)
def status_is(world, status):
    rules = [Rule(TABLE, m, status=status) for m in ("GET", "HEAD")]
    return served(world, *rules)


@each(
    "http",
    REFUSED,
    {
        "port": "http://127.0.0.1:9/a", "host": "http://localhost.evil.example/a",
        "metadata": "http://169.254.169.254/latest", "file": "file:///etc/hosts",
        "ftp": "ftp://127.0.0.1/a", "loop": "/train.json", "empty-host": "http:///a",
        "bad": "http://[", "port-odd": "http://127.0.0.1:99999/", "data": "data:,x",
        "escape": "http://\x1b[31m/", "script": "javascript:x",
        "long": "/" + "x" * 100_000,
        "user": "http://a:b@127.0.0.1:9/", "upper": "FILE:///etc/hosts",
        "relative": "//evil/a",
    },
)  # fmt: skip
def redirect_leads(world, place):
    headers = {"Location": place}
    rules = [Rule(TABLE, m, status=302, headers=headers) for m in ("GET", "HEAD")]
    return served(world, *rules)


@each("http", REFUSED, {"table": TABLE, "image": IMAGE})
def redirect_leads_to_another_port(world, name):
    """To a service of this machine that is not the one that was named."""
    other = RangeServer({name: b"secret of another service"})
    other.__enter__()
    world.closing.append(lambda: other.__exit__(None, None, None))
    headers = {"Location": other.url(name)}
    words = served(
        world, *[Rule(name, m, status=302, headers=headers) for m in ("GET", "HEAD")]
    )
    return words


BODIES = {
    "cut": (REFUSED, {"cut": 5}), "reset": (REFUSED, {"cut": 5, "reset": True}),
    "short": (REFUSED, {"cut": 5, "shorten": True}),
    "garbled": (REFUSED, {"garble": True}),
    "empty": (REFUSED, {"body": b""}), "longer": (EITHER, {"body": b"x" * 100_000}),
    "other": (REFUSED, {"body": b"<html>login</html>"}),
    "whole": (EITHER, {"ignore_range": True}),
    "cut-once": (EITHER, {"cut": 5, "times": 1}),
    "reset-once": (EITHER, {"cut": 1, "reset": True, "times": 1}),
}  # fmt: skip


def _bodies(expected):
    cases = {name: rule for name, (said, rule) in BODIES.items() if said == expected}

    @each("http", expected, cases)
    def body_of_an_image_is(world, rule):
        return served(world, Rule(IMAGE, **rule), data=_files(world))

    @each("http", expected, cases)
    def body_of_a_table_is(world, rule):
        return served(world, Rule(TABLE, **rule), data=_files(world))


_bodies(REFUSED)
_bodies(EITHER)


class _Changing(dict):
    """Files of which one is another at each request, and says nothing of it."""

    def __init__(self, files, name, make):
        super().__init__(files)
        self.name, self.make, self.asked = name, make, 0

    def __getitem__(self, name):
        data = super().__getitem__(name)
        if name.endswith(self.name):
            self.asked += 1
            return self.make(data, self.asked)
        return data


def _files(world):
    folder = world.coco()
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


NO_VERSION = {"ETag": None, "Last-Modified": None}


@each(
    "http",
    EITHER,
    {"none": NO_VERSION, "weak": {"ETag": 'W/"a"', "Last-Modified": None}},
)
def version_is_not_told_and_the_file_changes(world, headers):
    """Two halves of two versions are never one file."""
    files = _Changing(
        _files(world),
        IMAGE,
        lambda data, asked: data[:-9] + bytes([asked]) * 7 + data[-2:],
    )
    rules = [
        Rule(IMAGE, cut=300, reset=True, times=1, headers=headers),
        *(Rule("", m, headers=headers) for m in ("GET", "HEAD")),
    ]
    return served(world, *rules, data=files)
