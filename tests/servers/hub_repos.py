"""Repositories as the Hub keeps them: blobs, commits, refs. No network, no clock."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GITATTRIBUTES = "".join(
    f"*.{ext} filter=lfs diff=lfs merge=lfs -text\n"
    for ext in ("parquet", "arrow", "zip", "gz", "bin", "png", "jpg", "jpeg", "webp")
).encode()
LARGEST_REGULAR = 10 * 1024 * 1024  # what the Hub takes without LFS
DATE = "2026-01-01T00:00:{:02d}.000Z"


class RefusedError(Exception):
    """An answer with an error status, and the Hub's X-Error-Code where it has one."""

    def __init__(self, status: int, message: str, code: str | None = None):
        super().__init__(status, message, code)
        self.status, self.message, self.code = status, message, code


def git_oid(content: bytes) -> str:
    """Name of a blob in git."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass(frozen=True)
class Blob:
    """A file: its content, or the sha256 of what LFS holds."""

    size: int
    oid: str
    content: bytes | None = None
    sha256: str | None = None
    pointer_size: int = 0

    @classmethod
    def regular(cls, content: bytes) -> Blob:
        return cls(len(content), git_oid(content), content=content)

    @classmethod
    def lfs(cls, sha256: str, size: int) -> Blob:
        pointer = (
            "version https://git-lfs.github.com/spec/v1\n"
            f"oid sha256:{sha256}\nsize {size}\n"
        ).encode()
        return cls(size, git_oid(pointer), sha256=sha256, pointer_size=len(pointer))

    def as_json(self, path: str) -> dict[str, Any]:
        """The entry of this file in a tree."""
        entry: dict[str, Any] = {
            "type": "file",
            "path": path,
            "size": self.size,
            "oid": self.oid,
        }
        if self.sha256 is not None:
            entry["lfs"] = {
                "oid": self.sha256,
                "size": self.size,
                "pointerSize": self.pointer_size,
            }
        return entry


@dataclass(frozen=True)
class Commit:
    oid: str
    parent: str | None
    title: str
    author: str
    number: int
    tree: Mapping[str, Blob]

    @property
    def date(self) -> str:
        return DATE.format(self.number % 60)


@dataclass
class Pull:
    title: str
    author: str
    head: str
    status: str = "open"


@dataclass
class Repo:
    """One repository; a private one is seen by its namespace only."""

    id: str
    type: str
    private: bool = False
    gated: bool = False  # files are read by its namespace only, the rest by all
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)  # sha256 of what LFS holds

    def __post_init__(self):
        tree = {".gitattributes": Blob.regular(GITATTRIBUTES)}
        self.branches["main"] = self._record(None, tree, "initial commit", "system").oid

    @property
    def namespace(self) -> str:
        return self.id.partition("/")[0]

    def resolve(self, revision: str) -> Commit:
        """Return the commit that a branch, tag, pull request or hash stands for."""
        name = revision.removeprefix("refs/heads/")
        if name in self.branches:
            return self.commits[self.branches[name]]
        if revision in self.tags:
            return self.commits[self.tags[revision]]
        number = revision.removeprefix("refs/pr/")
        if number != revision and number.isdigit() and int(number) in self.pulls:
            return self.commits[self.pulls[int(number)].head]
        if revision in self.commits:
            return self.commits[revision]
        raise RefusedError(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def last_commit(self, revision: str, path: str) -> Commit:
        """Return the commit that wrote a file of a revision."""
        commits = self.history(revision)
        blob = commits[0].tree[path]
        for commit, parent in itertools.pairwise(commits):
            if parent.tree.get(path) != blob:
                return commit
        return commits[-1]

    def history(self, revision: str) -> list[Commit]:
        """Return the commits behind a revision, newest first."""
        commits = [self.resolve(revision)]
        while commits[-1].parent is not None:
            commits.append(self.commits[commits[-1].parent])
        return commits

    def upload_mode(self, revision: str, path: str, size: int) -> str:
        """Return ``lfs`` or ``regular``, by .gitattributes and size."""
        blob = self.resolve(revision).tree.get(".gitattributes")
        lines = (blob.content or b"").decode().splitlines() if blob else []
        patterns = [line.split()[0] for line in lines if "filter=lfs" in line]
        name = path.rpartition("/")[2]
        by_name = any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
        return "lfs" if by_name or size > LARGEST_REGULAR else "regular"

    def commit(
        self,
        revision: str,
        lines: Iterable[Mapping[str, Any]],
        author: str,
        *,
        create_pr: bool = False,
    ) -> tuple[Commit, int | None]:
        """Apply the lines of a commit request, all or nothing."""
        title, parent, tree = "", None, dict(self.resolve(revision).tree)
        for line in lines:
            key, value = line["key"], line["value"]
            if key == "header":
                title, parent = value["summary"], value.get("parentCommit")
                if parent is not None and create_pr:
                    tree = dict(self.resolve(parent).tree)
                elif parent is not None and parent != self.resolve(revision).oid:
                    raise RefusedError(
                        412,
                        "A commit has happened since. Please refresh and try again.",
                    )
            else:
                self._apply(tree, key, value)
        if create_pr:
            base = parent or self.resolve(revision).oid
            commit = self._record(base, tree, title, author)
            number = len(self.pulls) + 1
            self.pulls[number] = Pull(title, author, commit.oid)
            return commit, number
        branch = revision.removeprefix("refs/heads/")
        if branch not in self.branches:
            raise RefusedError(404, f"Not a branch: {revision}", "RevisionNotFound")
        commit = self._record(self.branches[branch], tree, title, author)
        self.branches[branch] = commit.oid
        return commit, None

    def edit(self, files: Mapping[str, bytes | None], author: str = "bob") -> Commit:
        """Commit small files to main, as a colleague does on the web page."""
        lines: list[dict[str, Any]] = [{"key": "header", "value": {"summary": "edit"}}]
        for path, content in files.items():
            if content is None:
                lines.append({"key": "deletedFile", "value": {"path": path}})
                continue
            text = base64.b64encode(content).decode()
            value = {"path": path, "content": text, "encoding": "base64"}
            lines.append({"key": "file", "value": value})
        return self.commit("main", lines, author)[0]

    def _apply(self, tree: dict[str, Blob], key: str, value: Mapping[str, Any]) -> None:
        path = value["path"]
        if key == "file":
            tree[path] = Blob.regular(base64.b64decode(value["content"]))
        elif key == "lfsFile":
            if value["oid"] not in self.stored:
                raise RefusedError(
                    400, f"LFS pointer of {path} points to no known object"
                )
            tree[path] = Blob.lfs(value["oid"], value["size"])
        elif key == "deletedFile":
            if path not in tree:
                message = f"A file with this name doesn't exist: {path}"
                raise RefusedError(404, message, "EntryNotFound")
            del tree[path]
        else:
            raise RefusedError(400, f"Unknown operation: {key}")

    def _record(
        self, parent: str | None, tree: dict[str, Blob], title: str, author: str
    ) -> Commit:
        number = len(self.commits)
        text = f"{self.type} {self.id} {number} {parent} {title} {sorted(tree.items())}"
        oid = hashlib.sha1(text.encode()).hexdigest()
        commit = Commit(oid, parent, title, author, number, tree)
        self.commits[oid] = commit
        return commit


@dataclass(frozen=True)
class User:
    name: str
    role: str = "write"  # or "read", "fineGrained"
    orgs: tuple[str, ...] = ()

    def may_use(self, namespace: str) -> bool:
        return namespace in (self.name, *self.orgs)


USERS = {
    "hf_alice": User("alice", orgs=("acme",)),
    "hf_alice_read": User("alice", "read", orgs=("acme",)),
    "hf_bob": User("bob", orgs=("acme",)),
    "hf_eve": User("eve"),
}


@dataclass
class Repos:
    """All repositories by type and id, and the users by token."""

    users: dict[str, User] = field(default_factory=lambda: dict(USERS))
    by_key: dict[tuple[str, str], Repo] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    def rename(self, old: str, new: str, kind: str = "dataset") -> None:
        """Give a repo a new name, to which the old one leads from now on."""
        self.by_key[kind, new] = self.by_key.pop((kind, old))
        self.by_key[kind, new].id = new
        self.renamed[old] = new

    def find(
        self, kind: str, repo_id: str, user: User | None, *, write: bool = False
    ) -> Repo:
        """Return a repo, for a user who may read or write it."""
        repo = self.by_key.get((kind.removesuffix("s") or "model", repo_id))
        mine = repo is not None and user is not None and user.may_use(repo.namespace)
        if repo is None or (repo.private and not mine):
            # the Hub does not tell strangers whether a private repo exists
            status = 404 if user else 401
            raise RefusedError(status, "Repository not found", "RepoNotFound")
        if write:
            self.check_writer(user, repo.namespace)
        return repo

    def check_writer(self, user: User | None, namespace: str) -> User:
        """Return the user, if there is one who may write there."""
        if user is None:
            raise RefusedError(401, "Invalid username or password.")
        if user.role == "read" or not user.may_use(namespace):
            message = f"You don't have the rights to write under {namespace!r}"
            raise RefusedError(403, message)
        return user
