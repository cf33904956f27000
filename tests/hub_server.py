"""A loopback server that speaks the Hub's HTTP protocol for its real clients.

What it answers follows the source of `huggingface_hub` 0.36, 1.33 and 2.4, and of
`datasets` 3.6 to 5.2. Two sites share one process, as at the Hub: the API, and a
store of large files behind signed URLs that must never see a token. Repositories
live in memory, large files in a temporary folder; both are bounded, and so is the
life of the server.

    with HubServer() as hub:
        HfApi(endpoint=hub.url, token="hf_alice").create_repo(...)
        hub.fail("POST", "/commit/", status=503, times=2)

or, for a look by hand: ``python -m tests.hub_server``.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import tempfile
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import yaml
from aiohttp import web

from tests.hub_repos import Blob, Refused, Repo

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[..., Awaitable[web.StreamResponse]]

CHUNK = 64 * 1024
SECRET = b"signs the URLs of the store"


@dataclass(frozen=True)
class User:
    name: str
    role: str = "write"  # or "read", "fineGrained"
    orgs: tuple[str, ...] = ()


USERS = {
    "hf_alice": User("alice", orgs=("acme",)),
    "hf_alice_read": User("alice", "read", orgs=("acme",)),
    "hf_bob": User("bob", orgs=("acme",)),
    "hf_eve": User("eve"),
}


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
    seconds: float = 0.0

    @property
    def received(self) -> int:
        return int(getattr(self.stream, "total_bytes", 0))

    def __str__(self) -> str:
        text = f"{self.method:5} {self.path}  {self.status or 'cut'}"
        return f"{text}  in {self.received}  out {self.sent}  {self.fault}".rstrip()


@dataclass
class Fault:
    """What goes wrong with the next requests that match.

    `kind` is ``status`` (answer it, the request has no effect), ``reset`` (cut the
    connection after `after` bytes of the request's body), ``lost`` (do it, then cut
    the connection instead of answering), ``hang`` (wait until client
    or server goes away), ``cut`` (cut it halfway through the answer's
    body), ``flip`` (flip one byte of the answer's body), or ``call`` (run `call`,
    then answer as usual).
    """

    method: str
    pattern: str
    kind: str
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
        Largest sum of bytes stored.
    """

    def __init__(
        self,
        *,
        page: int = 1000,
        part: int | None = None,
        seconds: float = 900,
        limit: int = 4 * 1024**3,
        users: dict[str, User] | None = None,
    ):
        self.page, self.part, self.seconds, self.limit = page, part, seconds, limit
        self.users = USERS if users is None else users
        self.repos: dict[tuple[str, str], Repo] = {}
        self.log: deque[Request] = deque(maxlen=100_000)
        self.faults: list[Fault] = []
        self.url = self.store_url = ""
        self._stored = 0
        self._folder = tempfile.TemporaryDirectory(prefix="hub-")
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    # What tests use ------------------------------------------------------------

    def __enter__(self) -> HubServer:
        self._thread.start()
        if not self._ready.wait(10) or not self.url:
            raise RuntimeError("the server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)
        self._folder.cleanup()

    def fail(
        self, method: str, pattern: str, kind: str = "status", **more: Any
    ) -> Fault:
        """Add a rule: requests whose path matches the pattern go wrong."""
        fault = Fault(method, pattern, kind, **more)
        self.faults.append(fault)
        return fault

    def repo(self, repo_id: str, kind: str = "dataset") -> Repo:
        return self.repos[kind, repo_id]

    def requests(self, method: str = "", pattern: str = "") -> list[Request]:
        """Return the requests of the log with this method and a matching path."""
        return [
            entry
            for entry in list(self.log)
            if (not method or entry.method == method) and re.search(pattern, entry.path)
        ]

    def uploaded(self) -> int:
        """Return the bytes of file bodies that came in, useless ones included."""
        return sum(r.received for r in self.requests("PUT") if r.on_store)

    def counts(self) -> Counter[str]:
        return Counter(entry.method for entry in list(self.log))

    def object(self, sha256: str) -> Path:
        """Return where the store keeps a large file."""
        return Path(self._folder.name, sha256)

    # Life ----------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = web.Server(self._dispatch, access_log=None)
        runner = web.ServerRunner(server)
        await runner.setup()
        try:
            for _ in range(2):
                await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url, self.store_url = (
                f"http://127.0.0.1:{port}" for _, port in runner.addresses
            )
            self._ready.set()
            await asyncio.wait_for(self._stop.wait(), self.seconds)
        except asyncio.TimeoutError:
            pass
        finally:
            self._ready.set()
            await runner.cleanup()

    # One request ---------------------------------------------------------------

    async def _dispatch(self, request: web.BaseRequest) -> web.StreamResponse:
        auth = request.headers.get("Authorization", "")
        user = self.users.get(auth.removeprefix("Bearer "))
        path = request.rel_url.raw_path
        on_store = request.host == self.store_url.removeprefix("http://")
        entry = Request(
            request.method,
            unquote(path),
            user.name if user else None,
            bool(auth),
            on_store,
            request.content,
        )
        self.log.append(entry)
        start = time.monotonic()
        fault = next((f for f in self.faults if f.takes(entry)), None)
        try:
            if fault is None:
                response = await self._answer(request, path, user, auth)
            else:
                entry.fault = fault.kind
                response = await self._fail(fault, request, path, user, auth)
            entry.status = response.status
            entry.sent = response.content_length or 0
            return response
        except (ConnectionError, asyncio.IncompleteReadError):
            return web.Response(status=499)  # goes nowhere: the connection is cut
        finally:
            entry.seconds = time.monotonic() - start

    async def _fail(
        self, fault: Fault, request: web.BaseRequest, path: str, user: Any, auth: str
    ) -> web.StreamResponse:
        if fault.kind == "status":
            await _drain(request)
            return web.Response(
                status=fault.status,
                headers=fault.headers,
                text=fault.body,
                content_type="application/json",
            )
        if fault.kind == "reset":
            left = fault.after
            while left > 0 and (data := await request.content.read(min(left, CHUNK))):
                left -= len(data)
            raise _cut(request)
        if fault.kind == "hang":
            await self._stop.wait()
            raise _cut(request)
        if fault.kind == "call":
            assert fault.call is not None
            fault.call()
        response = await self._answer(request, path, user, auth)
        if fault.kind == "lost":
            raise _cut(request)
        if fault.kind in ("cut", "flip"):
            body = bytearray(_body(response))
            if fault.kind == "flip":
                body[len(body) // 2] ^= 1
                return web.Response(
                    status=response.status, body=bytes(body), headers=_plain(response)
                )
            half = web.StreamResponse(status=response.status, headers=_plain(response))
            half.content_length = len(body)
            await half.prepare(request)
            await half.write(bytes(body[: len(body) // 2]))
            await asyncio.sleep(0.05)  # let the half arrive before the cut
            raise _cut(request)
        return response

    async def _answer(
        self, request: web.BaseRequest, path: str, user: User | None, auth: str
    ) -> web.StreamResponse:
        try:
            if auth and user is None and not path.startswith("/store/"):
                raise Refused(401, "Invalid credentials in Authorization header")
            for method, pattern, name in ROUTES:
                match = re.fullmatch(pattern, path)
                if match and request.method in method.split():
                    parts = {k: unquote(v or "") for k, v in match.groupdict().items()}
                    handler: Handler = getattr(self, name)
                    return await handler(request, user, **parts)
            raise Refused(404, f"Cannot {request.method} {path}")
        except Refused as refused:
            await _drain(request)
            return _error(refused)

    # Who and where -------------------------------------------------------------

    def _find(
        self, kind: str, repo_id: str, user: User | None, *, write: bool = False
    ) -> Repo:
        repo = self.repos.get((kind.removesuffix("s") or "model", repo_id))
        mine = repo is not None and user is not None
        mine = mine and repo.namespace in (user.name, *user.orgs)
        if repo is None or (repo.private and not mine):
            # the Hub does not tell strangers whether a private repo exists
            raise Refused(404 if user else 401, "Repository not found", "RepoNotFound")
        if write and user is None:
            raise Refused(401, "Invalid username or password.")
        if write and (not mine or user.role == "read"):
            raise Refused(403, "Forbidden: you must use a write token to upload to it.")
        return repo

    async def whoami(self, request: web.BaseRequest, user: User | None) -> web.Response:
        if user is None:
            raise Refused(401, "Invalid username or password.")
        token = {"displayName": "test", "role": user.role}
        return web.json_response(
            {
                "type": "user",
                "id": user.name,
                "name": user.name,
                "fullname": user.name,
                "orgs": [{"name": org, "type": "org"} for org in user.orgs],
                "auth": {"type": "access_token", "accessToken": token},
            }
        )

    async def create(self, request: web.BaseRequest, user: User | None) -> web.Response:
        asked = await request.json()
        if user is None:
            raise Refused(401, "Invalid username or password.")
        namespace = asked.get("organization") or user.name
        if user.role == "read" or namespace not in (user.name, *user.orgs):
            message = f"You don't have the rights to create a repo under {namespace!r}"
            raise Refused(403, message)
        key = asked.get("type") or "model", f"{namespace}/{asked['name']}"
        prefix = "" if key[0] == "model" else f"{key[0]}s/"
        url = f"{self.url}/{prefix}{key[1]}"
        if key in self.repos:
            text = {"error": "You already created this repo", "url": url}
            return web.json_response(text, status=409)
        private = asked.get("private") or asked.get("visibility") == "private"
        self.repos[key] = Repo(key[1], key[0], private=bool(private))
        return web.json_response({"url": url, "name": key[1], "id": key[1]})

    # Reading -------------------------------------------------------------------

    async def info(
        self,
        request: web.BaseRequest,
        user: User | None,
        kind: str,
        repo: str,
        rev: str,
    ) -> web.Response:
        found = self._find(kind, repo, user)
        commit = found.resolve(rev or "main")
        siblings: list[dict[str, Any]] = []
        for path, blob in sorted(commit.tree.items()):
            entry: dict[str, Any] = {"rfilename": path}
            if "blobs" in request.query:
                entry |= {"size": blob.size, "blobId": blob.oid}
                if lfs := blob.as_json(path).get("lfs"):
                    lfs = {"sha256": lfs["oid"], **lfs}
                    entry["lfs"] = lfs
            siblings.append(entry)
        answer = {
            "_id": hashlib.md5(repo.encode()).hexdigest()[:24],
            "id": repo,
            "author": found.namespace,
            "sha": commit.oid,
            "lastModified": commit.date,
            "createdAt": commit.date,
            "private": found.private,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "cardData": _card(commit.tree.get("README.md")),
            "siblings": siblings,
        }
        wanted = request.query.getall("expand", []) + request.query.getall(
            "expand[]", []
        )
        if wanted:
            answer = {k: v for k, v in answer.items() if k in (*wanted, "_id", "id")}
        return web.json_response(answer)

    async def tree(
        self,
        request: web.BaseRequest,
        user: User | None,
        kind: str,
        repo: str,
        rev: str,
        path: str,
    ) -> web.Response:
        commit = self._find(kind, repo, user).resolve(rev)
        recursive = request.query.get("recursive", "").lower() in ("true", "1")
        expand = request.query.get("expand", "").lower() in ("true", "1")
        entries = _entries(commit.tree, path, recursive)
        if path and not entries:
            raise Refused(404, f"{path} does not exist", "EntryNotFound")
        if expand:
            last = {"id": commit.oid, "title": commit.title, "date": commit.date}
            entries = [{**entry, "lastCommit": last} for entry in entries]
        size = min(self.page, 50) if expand else self.page
        start = int(request.query.get("cursor", "0"))
        headers = {}
        if start + size < len(entries):
            query = {**request.query, "cursor": str(start + size)}
            following = request.url.with_query(query)
            headers["Link"] = f'<{following}>; rel="next"'
        return web.json_response(entries[start : start + size], headers=headers)

    async def paths_info(
        self,
        request: web.BaseRequest,
        user: User | None,
        kind: str,
        repo: str,
        rev: str,
    ) -> web.Response:
        commit = self._find(kind, repo, user).resolve(rev)
        form = await request.post()
        by_path = {e["path"]: e for e in _entries(commit.tree, "", recursive=True)}
        paths = [str(path).rstrip("/") for path in form.getall("paths", [])]
        return web.json_response([by_path[p] for p in paths if p in by_path])

    async def refs(
        self, request: web.BaseRequest, user: User | None, kind: str, repo: str
    ) -> web.Response:
        found = self._find(kind, repo, user)

        def listed(refs: dict[str, str], prefix: str) -> list[dict[str, str]]:
            return [
                {"name": name, "ref": prefix + name, "targetCommit": oid}
                for name, oid in refs.items()
            ]

        answer = {
            "branches": listed(found.branches, "refs/heads/"),
            "tags": listed(found.tags, "refs/tags/"),
            "converts": [],
        }
        if "include_prs" in request.query:
            pulls = {str(n): pull.head for n, pull in found.pulls.items()}
            answer["pullRequests"] = listed(pulls, "refs/pr/")
        return web.json_response(answer)

    async def commits(
        self,
        request: web.BaseRequest,
        user: User | None,
        kind: str,
        repo: str,
        rev: str,
    ) -> web.Response:
        history = self._find(kind, repo, user).history(rev)
        return web.json_response(
            [
                {
                    "id": commit.oid,
                    "title": commit.title,
                    "message": "",
                    "date": commit.date,
                    "authors": [{"user": commit.author}],
                }
                for commit in history
            ]
        )

    async def discussions(
        self, request: web.BaseRequest, user: User | None, kind: str, repo: str
    ) -> web.Response:
        found = self._find(kind, repo, user)
        wanted = request.query.get("author"), request.query.get("status")
        shown = [
            {
                "num": number,
                "title": pull.title,
                "author": {"name": pull.author},
                "createdAt": "2026-01-01T00:00:00.000Z",
                "status": pull.status,
                "isPullRequest": True,
                "repo": {"name": repo, "type": found.type},
            }
            for number, pull in sorted(found.pulls.items(), reverse=True)
            if wanted[0] in (None, pull.author) and wanted[1] in (None, pull.status)
        ]
        answer = {"discussions": shown, "count": len(shown), "start": 0}
        return web.json_response(answer)

    async def resolve(
        self,
        request: web.BaseRequest,
        user: User | None,
        kind: str,
        repo: str,
        rev: str,
        path: str,
    ) -> web.StreamResponse:
        commit = self._find(kind, repo, user).resolve(rev)
        headers = {"X-Repo-Commit": commit.oid}
        blob = commit.tree.get(path)
        if blob is None:
            refused = Refused(404, "Entry not found", "EntryNotFound")
            return _error(refused, headers)
        if blob.sha256 is None:
            headers["ETag"] = f'"{blob.oid}"'
            return _ranged(request, blob.content or b"", headers)
        headers |= {
            "X-Linked-Size": str(blob.size),
            "X-Linked-Etag": f'"{blob.sha256}"',
            "Location": self._signed(blob.sha256),
        }
        return web.Response(status=302, headers=headers)

    # Writing -------------------------------------------------------------------

    async def preupload(
        self,
        request: web.BaseRequest,
        user: User | None,
        kind: str,
        repo: str,
        rev: str,
    ) -> web.Response:
        as_pr = "create_pr" in request.query
        found = self._find(kind, repo, user, write=not as_pr)
        tree = found.resolve(rev).tree
        files = []
        for file in (await request.json())["files"]:
            path = file["path"]
            entry = {
                "path": path,
                "uploadMode": found.upload_mode(rev, path, file["size"]),
                "shouldIgnore": False,
            }
            if path in tree:
                entry["oid"] = tree[path].sha256 or tree[path].oid
            files.append(entry)
        return web.json_response({"files": files})

    async def commit(
        self,
        request: web.BaseRequest,
        user: User | None,
        kind: str,
        repo: str,
        rev: str,
    ) -> web.Response:
        as_pr = request.query.get("create_pr") == "1"
        found = self._find(kind, repo, user, write=not as_pr)
        if user is None or user.role == "read":
            raise Refused(403, "Forbidden: you must use a write token to upload to it.")
        body = (await _read(request)).splitlines()
        lines = [json.loads(line) for line in body]
        made, number = found.commit(rev, lines, user.name, create_pr=as_pr)
        prefix = "" if found.type == "model" else f"{found.type}s/"
        answer: dict[str, Any] = {
            "success": True,
            "commitOid": made.oid,
            "commitUrl": f"{self.url}/{prefix}{repo}/commit/{made.oid}",
            "hookOutput": "",
        }
        if number is not None:
            url = f"{self.url}/{prefix}{repo}/discussions/{number}"
            answer["pullRequestUrl"] = url
        return web.json_response(answer)

    async def tag(
        self,
        request: web.BaseRequest,
        user: User | None,
        kind: str,
        repo: str,
        rev: str,
    ) -> web.Response:
        found = self._find(kind, repo, user, write=True)
        name, commit = (await request.json())["tag"], found.resolve(rev)
        if name in found.tags:
            raise Refused(409, f"Tag {name} already exists")
        found.tags[name] = commit.oid
        return web.Response(status=200)

    async def branch(
        self,
        request: web.BaseRequest,
        user: User | None,
        kind: str,
        repo: str,
        rev: str,
    ) -> web.Response:
        found = self._find(kind, repo, user, write=True)
        start = (await request.json()).get("startingPoint", "main")
        if rev in found.branches:
            raise Refused(409, f"Branch {rev} already exists")
        found.branches[rev] = found.resolve(start).oid
        return web.Response(status=200)

    async def yaml(self, request: web.BaseRequest, user: User | None) -> web.Response:
        content = (await request.json())["content"]
        errors = []
        try:
            _card(Blob.regular(content.encode()))
        except yaml.YAMLError as error:
            errors.append({"message": str(error)})
        status = 400 if errors else 200
        return web.json_response({"errors": errors, "warnings": []}, status=status)

    # Large files ---------------------------------------------------------------

    def _signed(self, path: str) -> str:
        """Return a URL of the store that works without a token."""
        mark = hmac.new(SECRET, path.encode(), "sha256").hexdigest()[:32]
        return f"{self.store_url}/store/{path}?X-Amz-Signature={mark}"

    async def batch(
        self, request: web.BaseRequest, user: User | None, kind: str, repo: str
    ) -> web.Response:
        asked = await request.json()
        # a pull request may be opened by readers too, and names no ref
        found = self._find(kind, repo, user, write="ref" in asked)
        objects = []
        for item in asked["objects"]:
            oid, size = item["oid"], item["size"]
            answer: dict[str, Any] = {"oid": oid, "size": size, "authenticated": True}
            if oid not in found.stored:
                repo_path = f"{found.type}:{repo}".encode().hex()
                verify = f"{self.url}/lfs-verify/{repo_path}"
                upload: dict[str, Any] = {"href": self._signed(f"{repo_path}/{oid}")}
                if self.part is not None and size > self.part:
                    count = -(-size // self.part)
                    upload["header"] = {"chunk_size": str(self.part)} | {
                        f"{i:05}": self._signed(f"{repo_path}/{oid}/{i:05}")
                        for i in range(1, count + 1)
                    }
                    upload["href"] = f"{self.url}/lfs-complete/{repo_path}"
                answer["actions"] = {"upload": upload, "verify": {"href": verify}}
            objects.append(answer)
        return web.json_response({"transfer": "basic", "objects": objects})

    async def put(
        self,
        request: web.BaseRequest,
        user: User | None,
        repo: str,
        oid: str,
        part: str,
    ) -> web.Response:
        name = f"{repo}/{oid}/{part}" if part else f"{repo}/{oid}"
        if request.query.get("X-Amz-Signature") not in self._signed(name):
            raise Refused(403, "SignatureDoesNotMatch")
        temporary = self.object(f"{oid}.{part}" if part else f"{oid}.{id(request)}")
        sha256 = hashlib.sha256()
        with temporary.open("wb") as file:
            async for data in request.content.iter_chunked(CHUNK):
                self._stored += len(data)
                if self._stored > self.limit:
                    raise Refused(507, "the test server is full")
                sha256.update(data)
                file.write(data)
        headers = {"ETag": f'"{sha256.hexdigest()[:32]}"'}
        if not part:
            self._keep(repo, oid, temporary, sha256.hexdigest())
        return web.Response(status=200, headers=headers)

    def _keep(self, repo: str, oid: str, temporary: Path, sha256: str) -> None:
        if sha256 != oid:
            temporary.unlink()
            raise Refused(400, "XAmzContentSHA256Mismatch")
        temporary.replace(self.object(oid))
        kind, _, repo_id = bytes.fromhex(repo).decode().partition(":")
        self.repos[kind, repo_id].stored.add(oid)

    async def complete(
        self, request: web.BaseRequest, user: User | None, repo: str
    ) -> web.Response:
        asked = await request.json()
        oid = asked["oid"]
        temporary, sha256 = self.object(f"{oid}.whole"), hashlib.sha256()
        with temporary.open("wb") as file:
            for part in asked["parts"]:
                data = self.object(f"{oid}.{part['partNumber']:05}").read_bytes()
                if part["etag"] != f'"{hashlib.sha256(data).hexdigest()[:32]}"':
                    raise Refused(400, "InvalidPart")
                sha256.update(data)
                file.write(data)
        self._keep(repo, oid, temporary, sha256.hexdigest())
        return web.Response(status=200)

    async def verify(
        self, request: web.BaseRequest, user: User | None, repo: str
    ) -> web.Response:
        asked = await request.json()
        path = self.object(asked["oid"])
        if not path.exists() or path.stat().st_size != asked["size"]:
            raise Refused(404, "Object does not exist")
        return web.Response(status=200)

    async def store(
        self, request: web.BaseRequest, user: User | None, oid: str
    ) -> web.StreamResponse:
        if request.query.get("X-Amz-Signature") not in self._signed(oid):
            raise Refused(403, "SignatureDoesNotMatch")
        content = await asyncio.to_thread(self.object(oid).read_bytes)
        return _ranged(request, content, {"ETag": f'"{oid[:32]}"'})


_REPO = r"(?P<repo>[^/]+/[^/]+)"
_API = rf"/api/(?P<kind>models|datasets|spaces)/{_REPO}"
_FILES = rf"/(?:(?P<kind>datasets|spaces)/)?{_REPO}"
_REV = r"(?P<rev>[^/]+)"
ROUTES = (
    ("GET", r"/api/whoami-v2", "whoami"),
    ("POST", r"/api/repos/create", "create"),
    ("POST", r"/api/validate-yaml", "yaml"),
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
    ("POST", rf"{_FILES}\.git/info/lfs/objects/batch", "batch"),
    ("GET HEAD", rf"{_FILES}/resolve/{_REV}/(?P<path>.+)", "resolve"),
    ("POST", r"/lfs-verify/(?P<repo>\w+)", "verify"),
    ("POST", r"/lfs-complete/(?P<repo>\w+)", "complete"),
    ("PUT", r"/store/(?P<repo>\w+)/(?P<oid>\w+)(?:/(?P<part>\d+))?", "put"),
    ("GET HEAD", r"/store/(?P<oid>\w+)", "store"),
)


def _entries(
    tree: dict[str, Blob] | Any, folder: str, recursive: bool
) -> list[dict[str, Any]]:
    """Return the entries of a folder of a tree, folders included, in order."""
    prefix = f"{folder}/" if folder else ""
    entries: dict[str, dict[str, Any]] = {}
    for path, blob in tree.items():
        if not path.startswith(prefix):
            continue
        parts = path[len(prefix) :].split("/")
        for depth in range(1, len(parts) if recursive else min(2, len(parts))):
            name = prefix + "/".join(parts[:depth])
            oid = hashlib.sha1(name.encode()).hexdigest()
            entries[name] = {"type": "directory", "path": name, "size": 0, "oid": oid}
        if recursive or len(parts) == 1:
            entries[path] = blob.as_json(path)
    return [entries[path] for path in sorted(entries)]


def _card(readme: Blob | None) -> Any:
    """Return the YAML of a card, or None."""
    text = (readme.content or b"").decode() if readme else ""
    match = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    # as the Hub does: through JSON, which has no dates
    return (
        json.loads(json.dumps(yaml.safe_load(match[1]), default=str)) if match else None
    )


def _ranged(
    request: web.BaseRequest, content: bytes, headers: dict[str, str]
) -> web.Response:
    headers = {**headers, "Accept-Ranges": "bytes"}
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("Range", ""))
    if asked is None:
        return web.Response(body=content, headers=headers)
    first, last = asked[1], asked[2]
    size = len(content)
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    if start >= size:
        headers["Content-Range"] = f"bytes */{size}"
        return web.Response(status=416, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return web.Response(status=206, body=content[start:stop], headers=headers)


def _error(refused: Refused, headers: dict[str, str] | None = None) -> web.Response:
    headers = {**(headers or {}), "X-Error-Message": refused.message}
    if refused.code:
        headers["X-Error-Code"] = refused.code
    body = {"error": refused.message}
    return web.json_response(body, status=refused.status, headers=headers)


def _body(response: web.StreamResponse) -> bytes:
    body = response.body if isinstance(response, web.Response) else b""
    assert isinstance(body, bytes)
    return body


def _plain(response: web.StreamResponse) -> dict[str, str]:
    return {k: v for k, v in response.headers.items() if k != "Content-Length"}


def _cut(request: web.BaseRequest) -> ConnectionError:
    """Reset the connection; the caller raises what this returns."""
    if request.transport is not None:
        request.transport.abort()
    return ConnectionResetError("cut by rule")


async def _read(request: web.BaseRequest) -> bytes:
    return b"".join([data async for data in request.content.iter_chunked(CHUNK)])


async def _drain(request: web.BaseRequest) -> None:
    """Read what is left of a body, as servers do before they refuse."""
    async for _ in request.content.iter_chunked(CHUNK):
        pass


def main() -> None:
    """Serve until Ctrl-C or one hour, and print what is asked."""
    with HubServer(seconds=3600) as hub:
        print(f"export HF_ENDPOINT={hub.url} HF_TOKEN=hf_alice", flush=True)
        shown = 0
        try:
            while hub._thread.is_alive():
                for entry in list(hub.log)[shown:]:
                    print(entry, flush=True)
                    shown += 1
                time.sleep(0.2)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
