"""The request log of the Hub's server, and the rules by which requests fail."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.servers.hub_http import CHUNK, body_of, cut, drain, plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass(eq=False)
class Request:
    """One line of the log; `received` grows while the body comes in."""

    method: str
    path: str
    user: str | None
    authorized: bool  # whether a token was sent, right or wrong
    on_store: bool
    stream: Any = None
    status: int = 0  # 0: the connection was cut
    sent: int = 0
    fault: str = ""

    @property
    def received(self) -> int:
        return int(getattr(self.stream, "total_bytes", 0))

    def __str__(self) -> str:
        text = f"{self.method:5} {self.path}  {self.status or 'cut'}"
        return f"{text}  in {self.received}  out {self.sent}  {self.fault}".rstrip()


@dataclass
class Fault:
    """What goes wrong with the next requests whose path matches a pattern.

    Attributes
    ----------
    kind : str
        ``status``: answer `status`, `headers` and `body`; nothing else happens.
        ``reset``: cut the connection after `after` bytes of the request's body.
        ``hang``: neither do nor answer anything, until the server stops.
        ``lost``: do it, then cut the connection instead of answering.
        ``cut``: do it, then cut the connection halfway through the answer's body.
        ``flip``: do it, with one byte of the answer's body changed.
        ``call``: run `call` first, then do it.
    times, skip : int
        How many requests fail, and how many are let pass before.
    seen : int
        How many requests matched so far.
    """

    method: str
    pattern: str
    kind: str = "status"
    times: int = 1
    skip: int = 0
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"error": "Service Unavailable"}'
    after: int = 0
    call: Callable[[], object] | None = None
    seen: int = 0

    def takes(self, entry: Request) -> bool:
        """Tell whether this request is to fail, and count it."""
        if entry.method != self.method or not re.search(self.pattern, entry.path):
            return False
        self.seen += 1
        return self.skip < self.seen <= self.skip + self.times

    async def apply(
        self,
        request: web.BaseRequest,
        answer: Callable[[], Awaitable[web.StreamResponse]],
        stopped: asyncio.Event,
    ) -> web.StreamResponse:
        """Answer a request as the rule says; `answer` does what is asked."""
        if self.kind == "status":
            await drain(request)
            return web.Response(
                status=self.status,
                headers=self.headers,
                text=self.body,
                content_type="application/json",
            )
        if self.kind == "reset":
            left = self.after
            while left > 0 and (data := await request.content.read(min(left, CHUNK))):
                left -= len(data)
            raise cut(request)
        if self.kind == "hang":
            await stopped.wait()
            raise cut(request)
        if self.call is not None:
            self.call()
        response = await answer()
        if self.kind == "lost":
            raise cut(request)
        if self.kind == "flip":
            body = bytearray(body_of(response))
            body[len(body) // 2] ^= 1
            headers = plain(response)
            return web.Response(
                status=response.status, body=bytes(body), headers=headers
            )
        if self.kind == "cut":
            content = body_of(response)
            half = web.StreamResponse(status=response.status, headers=plain(response))
            half.content_length = len(content)
            await half.prepare(request)
            await half.write(content[: len(content) // 2])
            await asyncio.sleep(0.05)  # let the half arrive before the cut
            raise cut(request)
        return response
