"""What was fetched, on disk: one file a member, found again by source and version.

    ROOT/fetched/<digest of source and version>/source.json
    ROOT/fetched/<digest of source and version>/<digest of member>        its bytes
    ROOT/fetched/<digest of source and version>/<digest of member>.crc    (*)

(*) only where the source gives no CRC-32. Names and URLs only ever enter as digests,
so nothing that a source says becomes a path. ROOT may be reached through links; below
it nothing is, and only files of these names are removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
import time
import zlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from platformdirs import user_cache_path

from builder.errors import OutputError
from builder.limits import MAX_SMALL_RECORD
from builder.sources import own_files
from builder.sources.cache_folders import (
    DIGEST,
    FOLDER,
    HALF,
    SOURCE,
    folders_of,
    own_of,
    remove,
)
from builder.sources.json_text import read_json
from builder.sources.regular import open_regular
from builder.sources.urls import shown

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator

    from builder.sources.member import RemoteMember

_CRC_DIGITS = 8
_CRC = re.compile(f"[0-9a-f]{{{_CRC_DIGITS}}}")
_PIECE = 1024**2
_ABANDONED = 24 * 3600.0  # seconds since a process last wrote to its file


class CacheEntry(NamedTuple):
    """All that is kept of one source."""

    url: str
    etag: str
    files: int
    bytes: int
    path: Path


def cache_root(root: str | os.PathLike[str] | None = None) -> Path:
    """Return `root`, or else TRIMSET_CACHE, or else the platform's cache folder."""
    chosen = root or os.environ.get("TRIMSET_CACHE")
    return Path(chosen) if chosen else user_cache_path("trimset", appauthor=False)


class Cache:
    """Files of verified members; safe for many threads and processes at once.

    Writes go to a name of their own beside the entry and are then renamed, so that a
    reader finds the whole of it or nothing, whoever wins.

    Parameters
    ----------
    root : path, optional
        As for `cache_root`. Made when something is first written.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        self.root = cache_root(root)
        # Written here, of sources that do not tell their version.
        self._own: set[RemoteMember] = set()
        self._folders: dict[tuple[str, str], str] = {}

    def __reduce__(self) -> tuple[type[Cache], tuple[Path]]:
        """Send workers where it is, not what was written here."""
        return type(self), (self.root,)

    def path_of(self, member: RemoteMember) -> Path:
        """Return where `member` is kept, or would be."""
        return Path(self.root, self._name_of(member))

    def _name_of(self, member: RemoteMember) -> str:
        """Return where that is below the root."""
        source = _source_of(member)
        if source not in self._folders:  # one of many members, and asked for each
            self._folders[source] = f"{FOLDER}/{_digest(*source)}"
        key = [member.name, member.file_size, member.CRC]
        if not member.in_zip:
            key = [member.url, member.etag]
        return f"{self._folders[source]}/{_digest(*key)}"

    def has(self, member: RemoteMember) -> bool:
        """Return whether `member` is there with the right length, its bytes unread.

        A file of its own whose server tells no version may be another one by now, of
        the same length or not: it counts only if it was fetched through this very
        cache, or if `proves` was asked.
        """
        if not (member.in_zip or member.etag or member in self._own):
            return False
        path = self.path_of(member)
        size = _size_of(path)
        if size is None or member.file_size not in {-1, size}:
            return False
        return member.in_zip or _size_of(_crc_file(path)) is not None

    def proves(self, member: RemoteMember, sha256: str) -> bool:
        """Return whether `member` is there with this digest; from then on it counts."""
        try:
            with open_regular(self.path_of(member), no_follow=True) as file:
                found = _sha256_of(file)
        except OSError:
            return False
        if found == sha256:
            self._own.add(member)
        return found == sha256

    def find(self, member: RemoteMember) -> Path | None:
        """Return the file of `member` if it is there and its CRC-32 is right."""
        if not self.has(member):
            return None
        path = self.path_of(member)
        try:
            expected = member.CRC
            if not member.in_zip:
                expected = _read_crc(path)
            return path if _crc_of(path) == expected else None
        except (OSError, ValueError):
            return None  # removed or damaged meanwhile: as if it were not there

    def write(self, member: RemoteMember, data: bytes | memoryview) -> Path:
        """Keep the verified `data` of `member`, and return its file."""
        with self.writing(member) as file:
            file.write(data)
        return self.path_of(member)

    @contextlib.contextmanager
    def writing(self, member: RemoteMember) -> Iterator[BinaryIO]:
        """Open an empty file that becomes the entry of `member` if all goes well.

        Raises
        ------
        OutputError
            The disk is full, or the cache cannot be written. What was kept before is
            still there.
        """
        name = self._name_of(member)
        try:
            self._describe(name.rpartition("/")[0], member)
            finish = None if member.in_zip else partial(self._keep_crc, name)
            with self._writing(name, finish) as file:
                yield file
            if not (member.in_zip or member.etag):
                self._own.add(member)
        except OSError as err:
            raise OutputError(
                f"the cache {self.root} cannot be written ({err.strerror or err}): "
                "free some room or choose another with TRIMSET_CACHE, and run it "
                "again: what was fetched is kept"
            ) from err

    def sweep(self) -> None:
        """Remove the files of processes that were killed while they wrote them."""
        before = time.time() - _ABANDONED
        for folder in folders_of(self.root):
            for name, found in own_of(folder):
                if HALF.fullmatch(name) and found.st_mtime < before:
                    remove(folder, name)

    def _describe(self, folder: str, member: RemoteMember) -> None:
        """Say beside the entries what they are of; URLs without their secrets."""
        name = f"{folder}/{SOURCE}"
        if not (self.root / name).exists():
            url, etag = _source_of(member)
            self._replace(name, json.dumps({"url": shown(url), "etag": etag}).encode())

    def _keep_crc(self, name: str, temporary: str) -> None:
        crc = f"{_crc_of(self.root / temporary):08x}"
        self._replace(f"{name}.crc", crc.encode())

    def _replace(self, name: str, data: bytes) -> None:
        with self._writing(name) as file:
            file.write(data)

    def _writing(
        self, name: str, finish: Callable[[str], None] | None = None
    ) -> contextlib.AbstractContextManager[BinaryIO]:
        temporary = f"{name}.{own_files.token(8)}.tmp"
        return own_files.writing(str(self.root), name, temporary, finish)


def list_cache(root: str | os.PathLike[str] | None = None) -> list[CacheEntry]:
    """Return what is kept of each source, sorted by URL."""
    entries = []
    for folder in folders_of(cache_root(root)):
        sizes = [f.st_size for name, f in own_of(folder) if DIGEST.fullmatch(name)]
        url, etag = _read_source(folder / SOURCE)
        entries.append(CacheEntry(url, etag, len(sizes), sum(sizes), folder))
    return sorted(entries)


def clear_cache(root: str | os.PathLike[str] | None = None) -> int:
    """Remove all that is kept, and return how many bytes that were.

    Only files that `Cache` makes are removed, and folders that are empty then; anything
    else in `root` stays.
    """
    size = 0
    for folder in folders_of(cache_root(root)):
        for name, found in own_of(folder):
            if remove(folder, name) and DIGEST.fullmatch(name):
                size += found.st_size
        with contextlib.suppress(OSError):  # it holds something else
            folder.rmdir()
    return size


def _size_of(path: Path) -> int | None:
    """Return the size of a regular file; None where there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _source_of(member: RemoteMember) -> tuple[str, str]:
    """Return what the folder of `member` is named after, and its version."""
    if member.in_zip:
        return member.url, member.etag
    return member.url.partition("?")[0].rpartition("/")[0], ""


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _read_source(path: Path) -> tuple[str, str]:
    """Return URL and version as `Cache` wrote them; others if somebody else did."""
    try:
        data = _read(path, MAX_SMALL_RECORD)
        told = read_json(data, most=MAX_SMALL_RECORD)
        url, etag = told["url"], told["etag"]
    except (OSError, ValueError, TypeError, KeyError):
        return "unknown", ""
    is_text = isinstance(url, str) and isinstance(etag, str)
    return (url, etag) if is_text and url.isprintable() else ("unknown", "")


def _read_crc(path: Path) -> int:
    """Return the CRC-32 that was kept of an entry; ValueError if that is none."""
    text = _read(_crc_file(path), _CRC_DIGITS).decode("ascii")
    if not _CRC.fullmatch(text):
        msg = f"expected {_CRC_DIGITS} hexadecimal digits"
        raise ValueError(msg)
    return int(text, 16)


def _read(path: Path, most: int) -> bytes:
    """Return the bytes of a regular file that has `most` of them at most."""
    with open_regular(path, no_follow=True) as file:
        return file.read(most + 1)


def _crc_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.crc")


def _crc_of(path: Path) -> int:
    crc = 0
    with open_regular(path, no_follow=True) as file:
        while piece := file.read(_PIECE):
            crc = zlib.crc32(piece, crc)
    return crc


def _sha256_of(file: io.FileIO) -> str:
    digest = hashlib.sha256()  # `hashlib.file_digest` is of Python 3.11
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()
