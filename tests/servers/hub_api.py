"""The part of the Hub's HTTP API that datasets and huggingface_hub use."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import yaml
from aiohttp import web

from tests.servers.hub_http import error, ranged
from tests.servers.hub_repos import Blob, RefusedError, Repo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.servers.hub_http import Call
    from tests.servers.hub_repos import Repos
    from tests.servers.hub_store import HubStore


class HubApi:
    """Answers calls about repositories; `url` is where it is served.

    Parameters
    ----------
    page : int
        Entries on a page of a tree.
    """

    def __init__(self, repos: Repos, store: HubStore, page: int) -> None:
        self.repos, self.store, self.page = repos, store, page
        self.url = ""

    def _find(self, call: Call, *, write: bool = False) -> Repo:
        return self.repos.find(call.kind, call.repo, call.user, write=write)

    def _page(self, kind: str, repo_id: str) -> str:
        return f"{self.url}/{'' if kind == 'model' else kind + 's/'}{repo_id}"

    async def whoami(self, call: Call) -> web.Response:
        user = call.user
        if user is None:
            raise RefusedError(401, "Invalid username or password.")
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

    # Reading -------------------------------------------------------------------

    async def info(self, call: Call) -> web.Response:
        found = self._find(call)
        commit = found.resolve(call.rev or next(iter(found.branches)))
        siblings: list[dict[str, Any]] = []
        for path, blob in sorted(commit.tree.items()):
            entry: dict[str, Any] = {"rfilename": path}
            if "blobs" in call.request.query:
                entry |= {"size": blob.size, "blobId": blob.oid}
                if lfs := blob.as_json(path).get("lfs"):
                    entry["lfs"] = {"sha256": lfs["oid"], **lfs}
            siblings.append(entry)
        answer = {
            "_id": hashlib.md5(call.repo.encode()).hexdigest()[:24],
            "id": call.repo,
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
            "cardData": card_of(commit.tree.get("README.md"), or_none=True),
            "siblings": siblings,
        }
        query = call.request.query
        if wanted := query.getall("expand", []) + query.getall("expand[]", []):
            answer = {k: v for k, v in answer.items() if k in (*wanted, "_id", "id")}
        return web.json_response(answer)

    async def tree(self, call: Call) -> web.Response:
        commit = self._find(call).resolve(call.rev)
        entries = entries_of(commit.tree, call.path, recursive=call.flag("recursive"))
        if call.path and not entries:
            raise RefusedError(404, f"{call.path} does not exist", "EntryNotFound")
        size = self.page
        if call.flag("expand"):
            last = {"id": commit.oid, "title": commit.title, "date": commit.date}
            entries = [{**entry, "lastCommit": last} for entry in entries]
            size = min(size, 50)
        start = int(call.request.query.get("cursor", "0"))
        headers = {}
        if start + size < len(entries):
            query = {**call.request.query, "cursor": str(start + size)}
            following = call.request.url.with_query(query)
            headers["Link"] = f'<{following}>; rel="next"'
        return web.json_response(entries[start : start + size], headers=headers)

    async def paths_info(self, call: Call) -> web.Response:
        found = self._find(call)
        commit = found.resolve(call.rev)
        form = await call.request.post()
        by_path = {e["path"]: e for e in entries_of(commit.tree, "", recursive=True)}
        paths = [str(path).rstrip("/") for path in form.getall("paths", [])]
        entries = [by_path[path] for path in paths if path in by_path]
        if str(form.get("expand", "")).lower() == "true":
            for entry in entries:
                last = found.last_commit(call.rev, entry["path"])
                about = {"id": last.oid, "title": last.title, "date": last.date}
                entry["lastCommit"] = about
        return web.json_response(entries)

    async def refs(self, call: Call) -> web.Response:
        found = self._find(call)

        def listed(refs: Mapping[str, str], prefix: str) -> list[dict[str, str]]:
            return [
                {"name": name, "ref": prefix + name, "targetCommit": oid}
                for name, oid in refs.items()
            ]

        answer = {
            "branches": listed(found.branches, "refs/heads/"),
            "tags": listed(found.tags, "refs/tags/"),
            "converts": [],
        }
        if "include_prs" in call.request.query:
            pulls = {str(n): pull.head for n, pull in found.pulls.items()}
            answer["pullRequests"] = listed(pulls, "refs/pr/")
        return web.json_response(answer)

    async def commits(self, call: Call) -> web.Response:
        return web.json_response(
            [
                {
                    "id": commit.oid,
                    "title": commit.title,
                    "message": "",
                    "date": commit.date,
                    "authors": [{"user": commit.author}],
                }
                for commit in self._find(call).history(call.rev)
            ]
        )

    async def discussions(self, call: Call) -> web.Response:
        found = self._find(call)
        query = call.request.query
        shown = [
            {
                "num": number,
                "title": pull.title,
                "author": {"name": pull.author},
                "createdAt": "2026-01-01T00:00:00.000Z",
                "status": pull.status,
                "isPullRequest": True,
                "repo": {"name": call.repo, "type": found.type},
            }
            for number, pull in sorted(found.pulls.items(), reverse=True)
            if query.get("author", pull.author) == pull.author
            and query.get("status", pull.status) == pull.status
        ]
        answer = {"discussions": shown, "count": len(shown), "start": 0}
        return web.json_response(answer)

    async def resolve(self, call: Call) -> web.StreamResponse:
        found = self._find(call)
        commit = found.resolve(call.rev)
        if found.gated and not (call.user and call.user.may_use(found.namespace)):
            status = 403 if call.user else 401
            message = f"Access to dataset {found.id} is restricted."
            raise RefusedError(status, message, "GatedRepo")
        headers = {"X-Repo-Commit": commit.oid}
        blob = commit.tree.get(call.path)
        if blob is None:
            refused = RefusedError(404, "Entry not found", "EntryNotFound")
            return error(refused, headers)
        if blob.sha256 is None:
            headers["ETag"] = f'"{blob.oid}"'
            return ranged(call.request, blob.content or b"", headers)
        headers |= {
            "X-Linked-Size": str(blob.size),
            "X-Linked-Etag": f'"{blob.sha256}"',
            "Location": self.store.signed(blob.sha256),
        }
        return web.Response(status=302, headers=headers)

    # Writing -------------------------------------------------------------------

    async def create(self, call: Call) -> web.Response:
        asked = await call.json()
        namespace = asked.get("organization") or (call.user.name if call.user else "")
        self.repos.check_writer(call.user, namespace)
        key = asked.get("type") or "model", f"{namespace}/{asked['name']}"
        url = self._page(*key)
        if key in self.repos.by_key:
            text = {"error": "You already created this repo", "url": url}
            return web.json_response(text, status=409)
        private = asked.get("private") or asked.get("visibility") == "private"
        self.repos.by_key[key] = Repo(key[1], key[0], private=bool(private))
        return web.json_response({"url": url, "name": key[1], "id": key[1]})

    async def preupload(self, call: Call) -> web.Response:
        found = self._find(call, write="create_pr" not in call.request.query)
        tree = found.resolve(call.rev).tree
        files = []
        for file in (await call.json())["files"]:
            path = file["path"]
            entry = {
                "path": path,
                "uploadMode": found.upload_mode(call.rev, path, file["size"]),
                "shouldIgnore": False,
            }
            if path in tree:
                entry["oid"] = tree[path].sha256 or tree[path].oid
            files.append(entry)
        return web.json_response({"files": files})

    async def commit(self, call: Call) -> web.Response:
        as_pr = call.flag("create_pr")
        found = self._find(call, write=not as_pr)
        # whoever may write anywhere may propose here
        own = call.user.name if as_pr and call.user else found.namespace
        user = self.repos.check_writer(call.user, own)
        lines = [json.loads(line) for line in (await call.read()).splitlines()]
        made, number = found.commit(call.rev, lines, user.name, create_pr=as_pr)
        url = self._page(found.type, found.id)
        answer: dict[str, Any] = {
            "success": True,
            "commitOid": made.oid,
            "commitUrl": f"{url}/commit/{made.oid}",
            "hookOutput": "",
        }
        if number is not None:
            answer["pullRequestUrl"] = f"{url}/discussions/{number}"
        return web.json_response(answer)

    async def tag(self, call: Call) -> web.Response:
        found = self._find(call, write=True)
        name, commit = (await call.json())["tag"], found.resolve(call.rev)
        if name in found.tags:
            raise RefusedError(409, f"Tag {name} already exists")
        found.tags[name] = commit.oid
        return web.Response(status=200)

    async def branch(self, call: Call) -> web.Response:
        found = self._find(call, write=True)
        start = (await call.json()).get("startingPoint", "main")
        if call.rev in found.branches:
            raise RefusedError(409, f"Branch {call.rev} already exists")
        found.branches[call.rev] = found.resolve(start).oid
        return web.Response(status=200)

    async def validate(self, call: Call) -> web.Response:
        content = (await call.json())["content"]
        errors = []
        try:
            card_of(Blob.regular(content.encode()))
        except yaml.YAMLError as err:
            errors.append({"message": str(err)})
        status = 400 if errors else 200
        return web.json_response({"errors": errors, "warnings": []}, status=status)


def entries_of(
    tree: Mapping[str, Blob], folder: str, *, recursive: bool
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


def card_of(readme: Blob | None, *, or_none: bool = False) -> Any:
    """Return the YAML of a card, or None; also where it cannot be read, if asked."""
    text = (readme.content or b"").decode() if readme else ""
    match = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    if match is None:
        return None
    try:
        value = yaml.safe_load(match[1])
    except (yaml.YAMLError, RecursionError, ValueError):
        if or_none:
            return None
        raise
    # as the Hub does: through JSON, which has no dates
    return json.loads(json.dumps(value, default=str))
