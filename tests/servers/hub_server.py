"""A loopback server that speaks the Hub's HTTP protocol for its real clients.

What it answers follows the source of `huggingface_hub` 0.36, 1.33 and 2.4, and of
`datasets` 3.6 to 5.2. Two sites share one process, as at the Hub: the API, and a
store of large files behind signed URLs that must never see a token. Repositories
live in memory, large files in a temporary folder; both are bounded, and so is the
life of the server.

    with HubServer() as hub:
        HfApi(endpoint=hub.url, token="hf_alice").create_repo(...)
        hub.fail("POST", "/commit/", status=503, times=2)

or, for a look by hand: ``python -m tests.servers.hub_server``.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import web

from tests.servers.hub_api import HubApi
from tests.servers.hub_faults import Fault, Request
from tests.servers.hub_http import Call, drain, error
from tests.servers.hub_repos import RefusedError, Repos
from tests.servers.hub_store import HubStore

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.hub_http import Handler
    from tests.servers.hub_repos import Repo, User

_REPO = r"(?P<repo>[^/]+/[^/]+)"
_API = rf"/api/(?P<kind>models|datasets|spaces)/{_REPO}"
_FILES = rf"/(?:(?P<kind>datasets|spaces)/)?{_REPO}"
_REV = r"(?P<rev>[^/]+)"
API_ROUTES = (
    ("GET", r"/api/whoami-v2", "whoami"),
    ("POST", r"/api/repos/create", "create"),
    ("POST", r"/api/validate-yaml", "validate"),
    ("GET HEAD", rf"{_API}(?:/revision/{_REV})?", "info"),
    ("GET", rf"{_API}/tree/{_REV}(?:/(?P<path>.+))?", "tree"),
    ("POST", rf"{_API}/paths-info/{_REV}", "paths_info"),
    ("GET", rf"{_API}/refs", "refs"),
    ("GET", rf"{_API}/commits/{_REV}", "commits"),
    ("GET", rf"{_API}/discussions", "discussions"),
    ("POST", rf"{_API}/preupload/{_REV}", "preupload"),
    ("POST", rf"{_API}/commit/{_REV}", "commit"),
    ("POST", rf"{_API}/tag/{_REV}", "tag"),
    ("POST", rf"{_API}/branch/{_REV}", "branch"),
    ("GET HEAD", rf"{_FILES}/resolve/{_REV}/(?P<path>.+)", "resolve"),
)
STORE_ROUTES = (
    ("POST", rf"{_FILES}\.git/info/lfs/objects/batch", "batch"),
    ("POST", r"/lfs-verify/(?P<repo>\w+)", "verify"),
    ("POST", r"/lfs-complete/(?P<repo>\w+)", "complete"),
    ("PUT", r"/store/(?P<repo>\w+)/(?P<oid>\w+)(?:/(?P<part>\d+))?", "put"),
    ("GET HEAD", r"/store/(?P<oid>\w+)", "get"),
)


class HubServer:
    """The Hub on 127.0.0.1, in a thread; a context manager.

    Parameters
    ----------
    page : int
        Entries on a page of a tree.
    part : int, optional
        Size from which files are uploaded in parts of this size; never by default.
    seconds : float
        Longest life; the server stops by itself then.
    limit : int
        Largest sum of bytes that the store takes in.
    """

    def __init__(
        self,
        *,
        page: int = 1000,
        part: int | None = None,
        seconds: float = 900,
        limit: int = 4 * 1024**3,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hub-")
        self.repos = Repos()
        self.store = HubStore(self.repos, self._folder.name, part, limit)
        self.api = HubApi(self.repos, self.store, page)
        self.log: deque[Request] = deque(maxlen=100_000)
        self.faults: list[Fault] = []
        self.url, self.seconds = "", seconds
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._routes: list[tuple[list[str], str, Handler]] = [
            (methods.split(), pattern, getattr(part_of, name))
            for part_of, routes in ((self.api, API_ROUTES), (self.store, STORE_ROUTES))
            for methods, pattern, name in routes
        ]

    def __enter__(self) -> HubServer:  # noqa: PYI034
        self._thread.start()
        if not self._ready.wait(60) or not self.url:
            raise RuntimeError("the server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        if self.alive:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(10)
        self._folder.cleanup()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def fail(
        self, method: str, pattern: str, kind: str = "status", **more: Any
    ) -> Fault:
        """Add a rule: the next requests whose path matches go wrong."""
        fault = Fault(method, pattern, kind, **more)
        self.faults.append(fault)
        return fault

    def repo(self, repo_id: str, kind: str = "dataset") -> Repo:
        return self.repos.by_key[kind, repo_id]

    def object(self, sha256: str) -> Path:
        """Return where the store keeps a large file."""
        return self.store.object(sha256)

    def requests(self, method: str = "", pattern: str = "") -> list[Request]:
        """Return the requests of the log with this method and a matching path."""
        return [
            entry
            for entry in list(self.log)
            if method in ("", entry.method) and re.search(pattern, entry.path)
        ]

    def uploaded(self) -> int:
        """Return the bytes of file bodies that came in, useless ones included."""
        return sum(r.received for r in self.requests("PUT") if r.on_store)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        runner = web.ServerRunner(web.Server(self._dispatch, access_log=None))
        await runner.setup()
        try:
            for _ in range(2):
                await web.TCPSite(runner, "127.0.0.1", 0).start()
            (_, api), (_, store) = runner.addresses
            self.url = self.api.url = self.store.api_url = f"http://127.0.0.1:{api}"
            # another name, since some clients take one host for one site
            self.store.url = f"http://localhost:{store}"
            self._ready.set()
            await asyncio.wait_for(self._stopped.wait(), self.seconds)
        except asyncio.TimeoutError:
            self._stopped.set()
        finally:
            self._ready.set()
            await runner.cleanup()

    async def _dispatch(self, request: web.BaseRequest) -> web.StreamResponse:
        auth = request.headers.get("Authorization", "")
        user = self.repos.users.get(auth.removeprefix("Bearer "))
        entry = Request(
            request.method,
            unquote(request.rel_url.raw_path),
            user.name if user else None,
            bool(auth),
            self.store.url.endswith(request.host),
            request.content,
        )
        self.log.append(entry)

        async def answer() -> web.StreamResponse:
            try:
                return await self._answer(request, user, auth)
            except RefusedError as refused:
                await drain(request)
                return error(refused)

        fault = next((f for f in self.faults if f.takes(entry)), None)
        try:
            if fault is None:
                response = await answer()
            else:
                entry.fault = fault.kind
                response = await fault.apply(request, answer, self._stopped)
        except ConnectionError:
            return web.Response(status=499)  # goes nowhere: the connection is cut
        entry.status, entry.sent = response.status, response.content_length or 0
        return response

    async def _answer(
        self, request: web.BaseRequest, user: User | None, auth: str
    ) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if auth and user is None:
            raise RefusedError(401, "Invalid credentials in Authorization header")
        for methods, pattern, handler in self._routes:
            match = re.fullmatch(pattern, path)
            if match and request.method in methods:
                parts = {k: unquote(v or "") for k, v in match.groupdict().items()}
                if new := self.repos.renamed.get(parts.get("repo", "")):
                    where = request.path_qs.replace(parts["repo"], new, 1)
                    headers = {"Location": where}
                    return web.Response(status=307, headers=headers)
                return await handler(Call(request, user, **parts))
        raise RefusedError(404, f"Cannot {request.method} {path}")


def main() -> None:
    """Serve until Ctrl-C or one hour, and print what is asked."""
    with HubServer(seconds=3600) as hub:
        print(f"export HF_ENDPOINT={hub.url} HF_TOKEN=hf_alice", flush=True)
        shown = 0
        try:
            while hub.alive:
                for entry in list(hub.log)[shown:]:
                    print(entry, flush=True)
                    shown += 1
                time.sleep(0.2)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
