"""A real HTTP server on 127.0.0.1 that serves ranges, and misbehaves by rule.

    with RangeServer({"a.zip": data}) as server:
        server.rules.append(Rule(status=503, times=2))
        ...  # the first two requests to server.url("a.zip") fail
        assert server.bodies == 3000

As a program (``python -m tests.servers.range_server FOLDER --latency 0.02``) it serves
a folder in a process of its own, prints its port, tells what it sent at ``/-/sent``,
and ends when its standard input is closed.
"""

from __future__ import annotations

import argparse
import contextlib
import email.utils
import hashlib
import json
import re
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from typing_extensions import Self


MAX_CONNECTIONS = 64


@dataclass
class Rule:
    """One way to misbehave, for requests whose path contains `path`.

    The first `skip` of them are let through, the next `times` are not. A rule with
    a `gate` holds the answer back until the test opens it, one with `hang` what comes
    after `cut` (30 s at most).
    """

    path: str = ""
    method: str = "GET"
    skip: int = 0
    times: int = 10**9
    status: int = 0  # answer with this and a short body
    headers: dict[str, str | None] = field(default_factory=dict)  # None removes
    ignore_range: bool = False
    cut: int = -1  # send so many bytes of the body, then close
    reset: bool = False  # close with a reset, not in order
    shorten: bool = False  # and declare only those
    garble: bool = False  # flip the bits of the body
    body: bytes | None = None  # send this in place of the body, as it is
    gate: threading.Event | None = None
    hang: threading.Event | None = None  # hold the rest of the body back
    applied: int = 0  # so often until now

    def applies(self, method: str, path: str) -> bool:
        if method != self.method or self.path not in path or self.times <= 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        self.applied += 1
        return True


@dataclass(frozen=True)
class Answer:
    """One line of the request log; `sent` counts bytes of the body."""

    method: str
    path: str
    range: str
    status: int
    sent: int
    headers: dict[str, str]


class RangeServer:
    """Serves a folder, or a dict of paths to bytes, until its block ends."""

    def __init__(self, files: dict[str, bytes] | Path, *, latency: float = 0):
        self.files = files
        self.latency = latency
        self.rules: list[Rule] = []
        self.log: list[Answer] = []
        self.lock = threading.Lock()
        self.most_at_once = 0
        self.at_once = 0
        self.connections = 0  # made so far
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def port(self) -> int:
        return self._http.server_address[1]

    @property
    def bodies(self) -> int:
        """Bytes of all bodies sent so far."""
        with self.lock:
            return sum(answer.sent for answer in self.log)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def forget(self) -> None:
        """Clear the log, once the answers that were broken off are in it, too."""
        idle, end = 0, time.monotonic() + 5
        while idle < 5 and time.monotonic() < end:
            time.sleep(0.01)
            idle = 0 if self.at_once else idle + 1
        with self.lock:
            self.log.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        for event in (e for rule in self.rules for e in (rule.gate, rule.hang) if e):
            event.set()
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()  # waits for the handlers
        self._thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = MAX_CONNECTIONS
    owner: RangeServer

    def __init__(self, *args):
        self.places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self.open = set()
        super().__init__(*args)

    def process_request(self, request, client_address):
        self.places.acquire()
        self.open.add(request)
        self.owner.connections += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.open.discard(request)
            self.places.release()

    def hang_up(self):
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request, client_address):
        """Stay silent: clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 0
    timeout = 30
    server: _Http

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        owner = self.server.owner
        with owner.lock:
            owner.at_once += 1
            owner.most_at_once = max(owner.most_at_once, owner.at_once)
            path = unquote(urlsplit(self.path).path).lstrip("/")
            rule = next(
                (rule for rule in owner.rules if rule.applies(self.command, path)),
                Rule(),
            )
        if owner.latency:
            time.sleep(owner.latency)
        status, sent = 0, 0
        try:
            if rule.gate is not None:
                rule.gate.wait(30)
            status, headers, file, start, stop = self.plan(path, rule)
            # In the log before the client has it all, so that a test which has read
            # the answer finds it there.
            sent = self.count(rule, start, stop)
            with owner.lock:
                owner.log.append(
                    Answer(
                        self.command,
                        self.path,
                        self.headers.get("Range", ""),
                        status,
                        sent,
                        {name.lower(): value for name, value in self.headers.items()},
                    )
                )
            self.send(status, headers, file, start, start + sent, rule)
        finally:
            with owner.lock:
                owner.at_once -= 1

    def count(self, rule, start, stop):
        if self.command == "HEAD":
            return 0
        return stop - start if rule.cut < 0 else min(rule.cut, stop - start)

    def plan(self, path, rule):
        """Return status, headers, and the file with the bytes to send of it."""
        owner = self.server.owner
        if path == "-/sent":
            with owner.lock:
                answers = len(owner.log)
                total = sum(answer.sent for answer in owner.log)
                owner.log.clear()
            file = json.dumps({"requests": answers, "bytes": total}).encode()
            return 200, {}, file, 0, len(file)
        if rule.status:
            file = b"sorry, by rule"
            return rule.status, {**rule.headers}, file, 0, len(file)
        try:
            if isinstance(owner.files, Path):
                file = owner.files / path
                stat = file.stat()
                size, seed = stat.st_size, f"{stat.st_mtime_ns} {stat.st_size}".encode()
            else:
                file = owner.files[path]
                size, seed = len(file), file
        except (OSError, KeyError):
            return 404, {}, b"not here", 0, 8
        headers = {
            "ETag": f'"{hashlib.md5(seed).hexdigest()}"',
            "Last-Modified": email.utils.formatdate(1_500_000_000, usegmt=True),
            "Accept-Ranges": "bytes",
        }
        start, stop, status = 0, size, 200
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if asked and not rule.ignore_range:
            start, stop = int(asked[1] or 0), min(int(asked[2] or size) + 1, size)
            if not asked[1]:  # the last so many bytes
                start, stop = max(0, size - int(asked[2])), size
            if start >= stop:
                return 416, {"Content-Range": f"bytes */{size}"}, b"", 0, 0
            status = 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        return status, {**headers, **rule.headers}, file, start, stop

    def send(self, status, headers, file, start, stop, rule):
        length = stop - start
        if rule.cut >= 0 and not rule.shorten:
            length += 1000
        if self.command == "HEAD" and not rule.status:
            length = len(file) if isinstance(file, bytes) else file.stat().st_size
        headers = {"Content-Length": str(length), **headers}
        self.send_response_only(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.send_body(file, start, stop, rule)
            if rule.hang is not None:
                rule.hang.wait(30)
        if rule.cut >= 0 and not rule.shorten:
            self.close_connection = True
        if rule.reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True

    def send_body(self, file, start, stop, rule):
        if isinstance(file, Path):
            if stop > start:
                with file.open("rb") as opened:
                    self.connection.sendfile(opened, start, stop - start)
            return
        body = file[start:stop]
        if rule.body is not None:
            body = rule.body
        if rule.garble:
            body = bytes(255 - byte for byte in body)
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--latency", type=float, default=0)
    options = parser.parse_args()
    with RangeServer(options.folder, latency=options.latency) as server:
        print(server.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
