"""Checks a published build against the manifest that lies beside it."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from builder.card.edits import tell_edits
from builder.errors import MISFITS, VerifyError
from builder.hub.client import HubRepo
from builder.hub.plan import HUBS_OWN
from builder.hub.timeouts import TIMEOUT
from builder.output.build import read_manifest
from builder.output.digests import file_digest, rows_digest
from builder.output.footer import check_footer
from builder.output.records import LAST, README

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.hub.plan import HubFile
    from builder.output.records import FileEntry, Manifest

BATCH = 250  # rows; one batch is a shard of a build
_UNREADABLE = (pa.ArrowException, OSError, MemoryError, *MISFITS)


@dataclass(frozen=True, slots=True)
class PublishedReport:
    """What was checked, and what was wrong with it.

    Attributes
    ----------
    repo_id, commit : str
        What was looked at.
    faults : tuple of str
        What differs from the manifest, a line each; empty if all is well.
    files : int
        Number of files whose bytes were compared by hash.
    rows : int
        Number of rows that were read again; 0 unless ``deep``.
    foreign : tuple of str
        Paths that the manifest does not list; no fault.
    edited : tuple of str
        What somebody changed in the card since it was pushed; no fault.
    renamed : str
        What to say of a repo that has another name now; else empty.
    """

    repo_id: str
    commit: str
    faults: tuple[str, ...]
    files: int
    rows: int
    foreign: tuple[str, ...]
    edited: tuple[str, ...] = ()
    renamed: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing was wrong."""
        return not self.faults


def verify_remote(
    repo_id: str,
    *,
    revision: str | None = None,
    deep: bool = False,
    token: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> PublishedReport:
    """Return what differs between a published build and its manifest.

    Parameters
    ----------
    repo_id : str
        Namespace and name of the dataset repo.
    revision : str, optional
        Branch, tag, commit or ``refs/pr/N``; main by default.
    deep : bool
        Also download every shard, hash what comes, and read its rows again.
        Without it, large files are compared by the hashes that the Hub reports.
    token : str, optional
        By default the one of the environment or of ``hf auth login``; public repos
        need none.
    progress : callable, optional
        Called with files done and files in all.
    sleep : callable
        Waits so many seconds before a retry.

    Raises
    ------
    VerifyError
        There is no such repo or revision for this token, no build in it, or the
        connection failed for too long.
    """
    repo = HubRepo(repo_id, VerifyError, token=token, sleep=sleep)
    if repo.exists() is None:
        raise VerifyError(
            f"{repo_id} is not there, or not for this token, and no local folder has "
            "that name: expected a dataset repo; check the name, and HF_TOKEN if it "
            "is private."
        )
    # the commit is fixed once, so that a push meanwhile does not mix in
    info = repo.call(
        f"find revision {revision or 'main'}",
        repo.api.repo_info,
        repo.repo_id,
        repo_type="dataset",
        revision=revision or "main",
        timeout=TIMEOUT,
    )
    commit = str(info.sha)
    tree = repo.tree(commit)
    if LAST not in tree:
        raise VerifyError(
            f"{repo_id} at {revision or 'main'} holds no build: expected "
            f"{LAST}, found none; push one with `trimset push`."
        )
    raw = repo.read(LAST, commit, tree[LAST])
    where = f"{LAST} of {repo.repo_id}"
    manifest = read_manifest(raw, where=where, error=VerifyError)
    listed = manifest.files
    faults: list[str] = []
    if not manifest.is_intact:
        faults.append(f"{LAST} has a digest that is not that of its content")
    rows = 0
    edited: tuple[str, ...] = ()
    for done, (path, said) in enumerate(sorted(listed.items())):
        if progress is not None:
            progress(done, len(listed))
        if path not in tree:
            faults.append(f"{path} is missing")
            continue
        if path == README:
            found, edited = _check_card(repo, commit, manifest, tree[path])
            faults += found
            continue
        found, count = _check(repo, commit, path, said, tree[path], deep=deep)
        faults += found
        rows += count
    if progress is not None:
        progress(len(listed), len(listed))
    return PublishedReport(
        repo_id=repo.repo_id,
        commit=commit,
        faults=tuple(faults),
        files=len(listed.keys() & tree.keys()),
        rows=rows,
        foreign=tuple(sorted(tree.keys() - listed.keys() - HUBS_OWN - {LAST})),
        edited=edited,
        renamed=repo.renamed,
    )


def _check_card(
    repo: HubRepo, commit: str, manifest: Manifest, file: HubFile
) -> tuple[list[str], tuple[str, ...]]:
    """Return the faults of the card, and what people changed in it."""
    data = repo.read(README, commit, file)
    if hashlib.sha256(data).hexdigest() == manifest.files[README].sha256:
        return [], ()
    pushed = None if manifest.card is None else manifest.card.pushed
    faults, edited = tell_edits(data, manifest.content, pushed)
    return [f"{README}: {fault}" for fault in faults], edited


def _check(
    repo: HubRepo,
    commit: str,
    path: str,
    said: FileEntry,
    file: HubFile,
    *,
    deep: bool,
) -> tuple[list[str], int]:
    """Return the faults of one file, and how many of its rows were read."""
    if file.sha256 is not None and file.sha256 != said.sha256:
        return [_differs(path, "sha256", said.sha256, file.sha256)], 0
    if file.sha256 is not None and not deep:
        return [], 0
    if file.sha256 is None:
        # the Hub reports a name of git for it, not what the manifest says
        sha256 = hashlib.sha256(repo.read(path, commit, file)).hexdigest()
        if sha256 != said.sha256:
            return [_differs(path, "sha256", said.sha256, sha256)], 0
        if not (deep and path.endswith(".parquet")):
            return [], 0
    if file.size != said.bytes:
        return [f"{path} has {file.size:,} bytes, expected {said.bytes:,}"], 0
    with repo.download(path, commit, file.size) as copy:
        return _check_copy(copy, path, said)


def _check_copy(copy: Path, path: str, said: FileEntry) -> tuple[list[str], int]:
    """Return the faults of a downloaded file, and how many rows it has."""
    with copy.open("rb") as file:
        sha256, _ = file_digest(file)
    if sha256 != said.sha256:
        # the client does not check what it downloads
        return [_differs(path, "downloaded sha256", said.sha256, sha256)], 0
    if not path.endswith(".parquet"):
        return [], 0
    try:
        with pq.ParquetFile(copy) as parquet:
            check_footer(parquet.metadata, copy.stat().st_size)
            count = int(parquet.metadata.num_rows)
            digest = rows_digest(parquet.iter_batches(batch_size=BATCH))
    except _UNREADABLE as err:
        words = " ".join(str(err).split())
        return [f"{path} cannot be read as Parquet ({words})"], 0
    faults = []
    if count != said.rows:
        faults.append(f"{path} has {count} rows, expected {said.rows}")
    if digest != said.rows_sha256:
        faults.append(_differs(path, "rows_sha256", str(said.rows_sha256), digest))
    return faults, count


def _differs(path: str, what: str, expected: str, found: str) -> str:
    return f"{path} has {what} {found[:12]}…, expected {expected[:12]}…"
