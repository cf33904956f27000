"""Checks a finished folder against its manifest; verify and push both ask here."""

from __future__ import annotations

import fnmatch
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from builder.errors import OutputError, VerifyError
from builder.limits import MAX_RECORD
from builder.output.build import read_manifest
from builder.output.digests import file_digest, to_json
from builder.output.folder import Folder
from builder.output.paths import is_hidden
from builder.output.records import LAST, STATE
from builder.output.within import place_within

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from builder.errors import TrimsetError
    from builder.output.records import Manifest

SHOWN = 5  # faults that one message names


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of a finished build; `git_oid` is what git would call its blob."""

    size: int
    sha256: str
    git_oid: str

    @classmethod
    def of(cls, data: bytes) -> LocalFile:
        """Return what a file of these bytes is."""
        git = hashlib.sha1(b"blob %d\0" % len(data) + data)  # noqa: S324
        return cls(len(data), hashlib.sha256(data).hexdigest(), git.hexdigest())


@dataclass(frozen=True)
class Build:
    """A finished build: its folder, its manifest, and every file as it is there."""

    folder: Path
    manifest: Manifest
    files: dict[str, LocalFile]

    def open(self, name: str) -> BinaryIO:
        """Open one of the files.

        Raises
        ------
        OutputError
            It is gone, or leads out of the folder by now.
        """
        file = Folder(self.folder).open(name)
        if file is None:
            msg = f"{self.folder / name} is gone: build it again, then push."
            raise OutputError(msg)
        return file

    def place(self, name: str) -> str:
        """Return where one of the files really lies; raises as `open`."""
        return place_within(str(self.folder), name)


def read_build(folder: str | os.PathLike[str]) -> Build:
    """Return the build in a local folder, having hashed every file of it.

    Raises
    ------
    OutputError
        The folder is not a finished build.
    VerifyError
        A file is missing, left over, or not what the manifest says.
    """
    root = Folder(folder)
    if not root.is_local:
        msg = f"{root.url}: expected a folder of this machine: copy the build to one"
        raise OutputError(msg)
    manifest = read_finished(root, OutputError)
    files: dict[str, LocalFile] = {}

    def fingerprint(name: str, most: int = MAX_RECORD) -> tuple[str, int] | None:
        file = root.open(name)
        if file is None:
            return None
        with file:
            files[name] = _fingerprint(file, most)
        return files[name].sha256, files[name].size

    fingerprint(LAST)
    if faults := list(check_build(root, manifest, digest=fingerprint)):
        more = f" (and {len(faults) - SHOWN} more)" if len(faults) > SHOWN else ""
        msg = (
            f"{root.url} is not what its {LAST} says:"
            f" {'; '.join(faults[:SHOWN])}{more}; build it again, or remove what does"
            " not belong there."
        )
        raise VerifyError(msg)
    return Build(Path(root.path), manifest, dict(sorted(files.items())))


def read_finished(root: Folder, error: type[TrimsetError]) -> Manifest:
    """Return the manifest of a finished build.

    Raises
    ------
    error
        There is none, or it cannot be right.
    """
    data = root.read(LAST, MAX_RECORD)
    if data is None:
        state = "no build of trimset"
        if not root.exists(""):
            state = "no such folder"
        elif root.exists(STATE):
            state = "an unfinished build"
        msg = (
            f"{root.url}: expected a finished build with {LAST}, found {state}: run"
            " `trimset build` again, or check the folder."
        )
        raise error(msg)
    return read_manifest(data, where=f"{root.url}: {LAST}", error=error)


def check_build(
    root: Folder,
    manifest: Manifest,
    *,
    digest: Callable[[str, int], tuple[str, int] | None] | None = None,
    foreign: Collection[str] = (),
) -> Iterator[str]:
    """Yield all in which a folder is not what its manifest says.

    Each fault begins with the name of a file and a colon. Hidden files are nobody's.

    Parameters
    ----------
    root : Folder
    manifest : Manifest
    digest : callable, optional
        As `Folder.digest`, which it is, if not given.
    foreign : collection of str
        Names that it need not list; see `foreign_files`.
    """
    if not manifest.is_intact:
        # Nothing else that it says can be relied on.
        yield f"{LAST}: its digest is not that of its content"
        return
    if root.read(LAST, MAX_RECORD) != to_json(manifest.content):
        yield f"{LAST}: is not written as a build writes it"
    yield from _check_sums(manifest)
    digest = digest or root.digest
    for name, entry in manifest.files.items():
        found = digest(name, entry.bytes)
        if found is None:
            yield f"{name}: is in the manifest, but not there"
        elif found[1] > entry.bytes:
            yield f"{name}: expected {entry.bytes:,} bytes, found more"
        elif found != (entry.sha256, entry.bytes):
            yield (
                f"{name}: expected sha256 {entry.sha256[:16]}… and"
                f" {entry.bytes:,} bytes, found {found[0][:16]}… and {found[1]:,}"
            )
    for name in _unlisted(root, manifest):
        if name not in foreign:
            yield f"{name}: is not in the manifest"


def foreign_files(root: Folder, manifest: Manifest) -> tuple[str, ...]:
    """Return what others put beside a build on the Hub, found in a copy of it.

    In a build that was not pushed there is nothing of others, and what would load with
    its rows is nobody's to add.
    """
    if not manifest.repo_id:
        return ()
    patterns = [
        f"data/{config}/{split}-*.parquet"
        for config, splits in manifest.configs.items()
        for split in splits
    ]
    return tuple(
        name
        for name in _unlisted(root, manifest)
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    )


def _unlisted(root: Folder, manifest: Manifest) -> Iterator[str]:
    """Yield the files that a manifest does not list, but for hidden ones."""
    for name in root.files():
        if name not in manifest.files and name != LAST and not is_hidden(name):
            yield name


def _check_sums(manifest: Manifest) -> Iterator[str]:
    """Compare what the manifest says of a split with what it says of its files."""
    for config, splits in manifest.configs.items():
        for split, facts in splits.items():
            files = [manifest.files.get(name) for name in facts.files]
            for what, stated, parts in (
                ("num_examples", facts.num_examples, [f and f.rows for f in files]),
                ("num_bytes", facts.num_bytes, [f and f.num_bytes for f in files]),
                ("download_size", facts.download_size, [f and f.bytes for f in files]),
            ):
                found = sum(part or 0 for part in parts)
                if stated != found:
                    yield (
                        f"{LAST}: {config}/{split} has {what} {stated}, its files"
                        f" together {found}"
                    )


def _fingerprint(file: BinaryIO, most: int) -> LocalFile:
    """Hash an open file for both kinds of storage that the Hub has, in one pass."""
    size = os.fstat(file.fileno()).st_size
    git = hashlib.sha1(b"blob %d\0" % size)  # noqa: S324
    sha256, _ = file_digest(file, git, most=most)
    return LocalFile(size, sha256, git.hexdigest())
