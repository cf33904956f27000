"""The store of large files: Git LFS, and signed URLs that need no token."""

from __future__ import annotations

import hashlib
import hmac
import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.servers.hub_http import CHUNK, ranged
from tests.servers.hub_repos import RefusedError

if TYPE_CHECKING:
    from tests.servers.hub_http import Call
    from tests.servers.hub_repos import Repos

SECRET = b"signs the URLs of the store"


class HubStore:
    """Keeps large files in a folder; `url` is where it is served.

    Parameters
    ----------
    part : int, optional
        Size from which files are uploaded in parts of this size; never by default.
    limit : int
        Largest sum of bytes taken in.
    """

    def __init__(self, repos: Repos, folder: str, part: int | None, limit: int) -> None:
        self.repos, self.folder, self.part, self.limit = repos, folder, part, limit
        self.url = self.api_url = ""
        self._taken = 0

    def object(self, name: str) -> Path:
        """Return where a large file lies."""
        return Path(self.folder, name)

    def signed(self, path: str) -> str:
        """Return a URL of the store that works without a token."""
        mark = hmac.new(SECRET, path.encode(), "sha256").hexdigest()[:32]
        return f"{self.url}/store/{path}?X-Amz-Signature={mark}"

    async def batch(self, call: Call) -> web.Response:
        asked = await call.json()
        # a pull request may be opened by anyone, and names no ref
        write = "ref" in asked
        found = self.repos.find(call.kind, call.repo, call.user, write=write)
        key = f"{found.type}:{found.id}".encode().hex()
        objects = []
        for item in asked["objects"]:
            oid, size = item["oid"], item["size"]
            answer: dict[str, Any] = {"oid": oid, "size": size, "authenticated": True}
            if oid not in found.stored:
                verify = {"href": f"{self.api_url}/lfs-verify/{key}"}
                upload = self._upload(f"{key}/{oid}", key, size)
                answer["actions"] = {"upload": upload, "verify": verify}
            objects.append(answer)
        return web.json_response({"transfer": "basic", "objects": objects})

    def _upload(self, path: str, key: str, size: int) -> dict[str, Any]:
        if self.part is None or size <= self.part:
            return {"href": self.signed(path)}
        numbers = range(1, -(-size // self.part) + 1)
        parts = {f"{i:05}": self.signed(f"{path}/{i:05}") for i in numbers}
        header = {"chunk_size": str(self.part), **parts}
        return {"href": f"{self.api_url}/lfs-complete/{key}", "header": header}

    async def put(self, call: Call) -> web.Response:
        parts = [part for part in (call.repo, call.oid, call.part) if part]
        if not self._is_signed(call, "/".join(parts)):
            raise RefusedError(403, "SignatureDoesNotMatch")
        temporary = self.object(f"{call.oid}.{call.part or id(call)}")
        sha256 = hashlib.sha256()
        with temporary.open("wb") as file:
            async for data in call.request.content.iter_chunked(CHUNK):
                self._taken += len(data)
                if self._taken > self.limit:
                    raise RefusedError(507, "the test server is full")
                sha256.update(data)
                file.write(data)
        if not call.part:
            self._keep(call.repo, call.oid, temporary, sha256.hexdigest())
        headers = {"ETag": f'"{sha256.hexdigest()[:32]}"'}
        return web.Response(status=200, headers=headers)

    async def complete(self, call: Call) -> web.Response:
        asked = await call.json()
        oid = asked["oid"]
        temporary, sha256 = self.object(f"{oid}.whole"), hashlib.sha256()
        with temporary.open("wb") as file:
            for part in asked["parts"]:
                data = self.object(f"{oid}.{part['partNumber']:05}").read_bytes()
                if part["etag"] != f'"{hashlib.sha256(data).hexdigest()[:32]}"':
                    raise RefusedError(400, "InvalidPart")
                sha256.update(data)
                file.write(data)
        self._keep(call.repo, oid, temporary, sha256.hexdigest())
        return web.Response(status=200)

    async def verify(self, call: Call) -> web.Response:
        asked = await call.json()
        path = self.object(asked["oid"])
        if not path.exists() or path.stat().st_size != asked["size"]:
            raise RefusedError(404, "Object does not exist")
        return web.Response(status=200)

    async def get(self, call: Call) -> web.StreamResponse:
        if not self._is_signed(call, call.oid):
            raise RefusedError(403, "SignatureDoesNotMatch")
        with (
            self.object(call.oid).open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            return ranged(call.request, content, {"ETag": f'"{call.oid[:32]}"'})

    def _is_signed(self, call: Call, path: str) -> bool:
        mark = call.request.query.get("X-Amz-Signature", "none")
        return self.signed(path).endswith(f"={mark}")

    def _keep(self, key: str, oid: str, temporary: Path, sha256: str) -> None:
        if sha256 != oid:
            temporary.unlink()
            raise RefusedError(400, "XAmzContentSHA256Mismatch")
        temporary.replace(self.object(oid))
        kind, _, repo_id = bytes.fromhex(key).decode().partition(":")
        self.repos.by_key[kind, repo_id].stored.add(oid)
