"""What the handlers of the Hub's server share: a call, and how to answer it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    import mmap
    from collections.abc import Awaitable, Callable

    from tests.servers.hub_repos import RefusedError, User

    Handler = Callable[["Call"], Awaitable[web.StreamResponse]]

CHUNK = 64 * 1024


@dataclass
class Call:
    """A request whose path was recognized: who asks, and the parts of the path."""

    request: web.BaseRequest
    user: User | None
    kind: str = ""
    repo: str = ""
    rev: str = ""
    path: str = ""
    oid: str = ""
    part: str = ""

    async def json(self) -> Any:
        return json.loads(await self.read())

    async def read(self) -> bytes:
        chunks = self.request.content.iter_chunked(CHUNK)
        return b"".join([data async for data in chunks])

    def flag(self, name: str) -> bool:
        return self.request.query.get(name, "").lower() in ("true", "1")


def ranged(
    request: web.BaseRequest, content: bytes | mmap.mmap, headers: dict[str, str]
) -> web.Response:
    headers = {**headers, "Accept-Ranges": "bytes"}
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("Range", ""))
    if asked is None:
        return web.Response(body=content[:], headers=headers)
    first, last = asked[1], asked[2]
    size = len(content)
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    if start >= size:
        headers["Content-Range"] = f"bytes */{size}"
        return web.Response(status=416, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return web.Response(status=206, body=content[start:stop], headers=headers)


def error(refused: RefusedError, headers: dict[str, str] | None = None) -> web.Response:
    headers = {**(headers or {}), "X-Error-Message": refused.message}
    if refused.code:
        headers["X-Error-Code"] = refused.code
    body = {"error": refused.message}
    return web.json_response(body, status=refused.status, headers=headers)


def body_of(response: web.StreamResponse) -> bytes:
    body = response.body if isinstance(response, web.Response) else b""
    assert isinstance(body, bytes)
    return body


def plain(response: web.StreamResponse) -> dict[str, str]:
    return {k: v for k, v in response.headers.items() if k != "Content-Length"}


def cut(request: web.BaseRequest) -> ConnectionError:
    """Reset the connection; the caller raises what this returns."""
    if request.transport is not None:
        request.transport.abort()
    return ConnectionResetError("cut by rule")


async def drain(request: web.BaseRequest) -> None:
    """Read what is left of a body, as servers do before they refuse."""
    async for _ in request.content.iter_chunked(CHUNK):
        pass
