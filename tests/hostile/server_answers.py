"""Answers that are no HTTP, or have no end."""

from __future__ import annotations

import time

from tests.fuzz.answering import Answering
from tests.hostile.archives import CENTRAL, images, pack, patch_first
from tests.hostile.servers import hurry
from tests.hostile.trial import REFUSED, each, hostile
from tests.servers.range_server import RangeServer


def answered(world, answer):
    """Answer every request with the same, and return the words that ask."""
    world.coco()
    server = Answering(answer)
    server.__enter__()
    world.closing.append(lambda: server.__exit__(None, None, None))
    hurry(world)
    return world.quick("--source", server.url)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
RAW = {
    "nothing": b"", "noise": bytes(range(256)), "no-status": b"HELLO\r\n\r\n",
    "version": b"HTTP/9.9 200 OK\r\n\r\n", "status-text": b"HTTP/1.1 abc OK\r\n\r\n",
    "status-huge": b"HTTP/1.1 99999 OK\r\n\r\n", "head-only": b"HTTP/1.1 200 OK\r\n",
    "cut-header": b"HTTP/1.1 200 OK\r\nContent-Len",
    "zero-status": b"HTTP/1.1 000 x\r\n\r\n",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" * 500,
    "early": b"HTTP/1.1 103 Early\r\n\r\n" * 50,
    "many-headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
    "long-header": b"HTTP/1.1 200 OK\r\nA: " + b"x" * 1_000_000 + b"\r\n\r\n",
    "long-status": b"HTTP/1.1 200 " + b"x" * 1_000_000 + b"\r\n\r\n",
    "folded": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nab",
    "chunk-size": CHUNKED + b"zz\r\n",
    "chunk-huge": CHUNKED + b"ffffffffffffffff\r\nx",
    "chunk-negative": CHUNKED + b"-5\r\nx",
    "chunk-cut": CHUNKED + b"5\r\nab",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00", "ftp": b"220 ready\r\n",
    "ssh": b"SSH-2.0-x\r\n",
    "no-colon": b"HTTP/1.1 200 OK\r\nabc\r\n\r\n",
    "nul": b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n",
    "escape": b"HTTP/1.1 404 \x1b[31m\r\nA: \x1b[2J\r\n\r\n", "two-lengths":
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nabcde",
    "informational-forever": b"HTTP/1.1 102 x\r\n\r\n" * 20_000,
}  # fmt: skip


@each("http", REFUSED, RAW)
def answer_is(world, data):
    return answered(world, data)


class _Slow:
    """Pieces with a pause before each; a hundred at most."""

    def __init__(self, head, piece, pause):
        self.head, self.piece, self.pause = head, piece, pause

    def __iter__(self):
        yield self.head
        for _ in range(100):
            time.sleep(self.pause)
            yield self.piece


@each(
    "http",
    REFUSED,
    {
        "bodies": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        "headers": (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
        "header": (b"HTTP/1.1 200 OK\r\nA: ", b"x"),
        "informs": (b"", b"HTTP/1.1 102 x\r\n\r\n"),
    },
)
def server_drips(world, pieces):
    """A byte or a line now and then, which no pause between two pieces tells."""
    return answered(world, _Slow(*pieces, pause=0.3))


@hostile("http", REFUSED)
def server_sends_without_end(world):
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    return answered(world, _Endless(head))


class _Endless:
    """Two gigabytes, said by nothing."""

    def __init__(self, head):
        self.head = head

    def __iter__(self):
        yield self.head
        piece = bytes(1 << 20)
        for _ in range(2048):
            yield piece


@hostile("http", REFUSED)
def server_is_not_there(world):
    world.coco()
    hurry(world)
    return world.quick("--source", "http://127.0.0.1:9")


@each("http", REFUSED, {"crc": 16, "size": 24, "offset": 42})
def zip_of_a_server_lies(world, offset):
    world.coco()
    data = pack(images(world))
    (world.source / "train.zip").write_bytes(
        patch_first(CENTRAL, offset, "<L", 77)(data)
    )
    recipe = world.source / "r.toml"
    recipe.write_text(recipe.read_text().replace('"train/"', '"train.zip"'))
    server = RangeServer(world.source)
    server.__enter__()
    world.closing.append(lambda: server.__exit__(None, None, None))
    hurry(world)
    recipe.write_text(recipe.read_text().replace("train = 4", "train = 6"))
    return world.quick("--source", server.url("").rstrip("/"))
