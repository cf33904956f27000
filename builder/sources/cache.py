"""What was fetched, on disk: one file a member, found again by source and version.

    ROOT/fetched/<digest of source and version>/source.json
    ROOT/fetched/<digest of source and version>/<digest of member>        its bytes
    ROOT/fetched/<digest of source and version>/<digest of member>.crc    (*)

(*) only where the source gives no CRC-32. Names and URLs only ever enter as digests,
so nothing that a source says becomes a path.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from platformdirs import user_cache_path

from builder.errors import OutputError
from builder.sources.urls import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.sources.member import RemoteMember

_FOLDER = "fetched"
_DIGEST = re.compile("[0-9a-f]{32}")
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

    def path_of(self, member: RemoteMember) -> Path:
        """Return where `member` is kept, or would be."""
        source, version = _source_of(member)
        key = [member.name, member.file_size, member.CRC]
        if not member.in_zip:
            key = [member.url, member.etag]
        return self.root / _FOLDER / _digest(source, version) / _digest(*key)

    def has(self, member: RemoteMember) -> bool:
        """Return whether `member` is there with the right length, its bytes unread."""
        path = self.path_of(member)
        try:
            size = path.stat().st_size
        except OSError:
            return False
        if member.file_size not in {-1, size}:
            return False
        return member.in_zip or _crc_file(path).is_file()

    def find(self, member: RemoteMember) -> Path | None:
        """Return the file of `member` if it is there and its CRC-32 is right."""
        if not self.has(member):
            return None
        path = self.path_of(member)
        try:
            expected = member.CRC
            if not member.in_zip:
                expected = int(_crc_file(path).read_text("ascii"), 16)
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
        path = self.path_of(member)
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._describe(path.parent, member)
            try:
                with temporary.open("xb") as file:
                    yield file
                if not member.in_zip:
                    _replace(_crc_file(path), f"{_crc_of(temporary):08x}".encode())
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as err:
            raise OutputError(
                f"the cache {self.root} cannot be written ({err.strerror or err}): "
                "free some room or choose another with TRIMSET_CACHE, and run it "
                "again: what was fetched is kept"
            ) from err

    def sweep(self) -> None:
        """Remove the files of processes that were killed while they wrote them."""
        before = time.time() - _ABANDONED
        for folder in _folders(self.root):
            for path in folder.glob("*.tmp"):
                with contextlib.suppress(OSError):  # another process did it, or may
                    if path.stat().st_mtime < before:
                        path.unlink()

    def _describe(self, folder: Path, member: RemoteMember) -> None:
        """Say beside the entries what they are of; URLs without their secrets."""
        path = folder / "source.json"
        if not path.exists():
            url, etag = _source_of(member)
            text = json.dumps({"url": shown(url), "etag": etag})
            _replace(path, text.encode())


def list_cache(root: str | os.PathLike[str] | None = None) -> list[CacheEntry]:
    """Return what is kept of each source, sorted by URL."""
    entries = []
    for folder in _folders(cache_root(root)):
        sizes = [
            path.stat().st_size
            for path in folder.iterdir()
            if _DIGEST.fullmatch(path.name)
        ]
        try:
            source = json.loads((folder / "source.json").read_bytes())
            url, etag = str(source["url"]), str(source["etag"])
        except (OSError, ValueError, TypeError, KeyError):
            url, etag = "unknown", ""
        entries.append(CacheEntry(url, etag, len(sizes), sum(sizes), folder))
    return sorted(entries)


def clear_cache(root: str | os.PathLike[str] | None = None) -> int:
    """Remove all that is kept, and return how many bytes that were.

    Only folders that `Cache` makes are removed; anything else in `root` stays.
    """
    entries = list_cache(root)
    for entry in entries:
        shutil.rmtree(entry.path, ignore_errors=True)
    return sum(entry.bytes for entry in entries)


def _folders(root: Path) -> list[Path]:
    try:
        found = list((root / _FOLDER).iterdir())
    except OSError:
        return []
    return [
        path
        for path in found
        if _DIGEST.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    ]


def _source_of(member: RemoteMember) -> tuple[str, str]:
    """Return what the folder of `member` is named after, and its version."""
    if member.in_zip:
        return member.url, member.etag
    return member.url.partition("?")[0].rpartition("/")[0], ""


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _crc_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.crc")


def _crc_of(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            crc = zlib.crc32(piece, crc)
    return crc


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)
