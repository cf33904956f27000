"""The directories of remote zips, kept until the server tells another version.

That of train2017.zip has 14 MB, which `plan`, `build` and `verify` all need. Kept is
the end of the zip as it came, which is read like a fresh one, and in the cache as an
entry like any other, after a line that says of which version it is.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING

from builder.errors import OutputError
from builder.limits import MAX_SMALL_RECORD, MAX_ZIP_DIRECTORY
from builder.sources.http_answers import Stat, is_strong
from builder.sources.json_text import read_json
from builder.sources.member import RemoteMember
from builder.sources.range_file import BLOCK, RangeFile
from builder.sources.regular import read_regular
from builder.sources.urls import HTTP_SCHEMES, scheme_of

if TYPE_CHECKING:
    from builder.sources.cache import Cache
    from builder.sources.remote import Remote


# Most bytes of an entry: the line, the directory, and what the first block adds.
_MOST = MAX_SMALL_RECORD + MAX_ZIP_DIRECTORY + BLOCK


def open_zip(remote: Remote, url: str) -> RangeFile:
    """Return a remote zip, with its end at hand if it is kept of this version.

    The server is asked for the version either way, once.
    """
    cache = remote.directories
    kept = None if cache is None else _find(cache, url)
    if kept is not None and remote.stat(url) == kept[0]:
        return RangeFile(remote, url, kept)
    return RangeFile(remote, url)


def keep(remote: Remote, url: str, file: RangeFile) -> None:
    """Keep the end of a zip whose directory was read.

    That is one which took more than the block that every zip is asked for, and of a
    version that says when it is another.
    """
    cache = remote.directories
    if cache is None or file.is_kept or len(file.end) <= BLOCK:
        return
    if scheme_of(url) in HTTP_SCHEMES and not is_strong(file.etag):
        return
    told = {
        "size": file.size,
        "etag": file.etag,
        "sha256": hashlib.sha256(file.end).hexdigest(),
    }
    # It is read again next time: no reason to fail.
    with suppress(OutputError), cache.writing(_entry(url)) as entry:
        entry.write(json.dumps(told).encode() + b"\n")
        entry.write(file.end)


def _find(cache: Cache, url: str) -> tuple[Stat, bytes] | None:
    """Return what is kept of a zip, and of which version; None if that is damaged."""
    try:
        data = read_regular(cache.path_of(_entry(url)), most=_MOST, no_follow=True)
        line, _, end = data.partition(b"\n")
        told = read_json(line, most=MAX_SMALL_RECORD)
        version = Stat(told["size"], told["etag"])
        is_whole = told["sha256"] == hashlib.sha256(end).hexdigest()
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return (version, end) if is_whole else None


def _entry(url: str) -> RemoteMember:
    """Return what the cache knows it by: a member of a size that none of a zip has."""
    return RemoteMember("", url, -1, "its directory", header_offset=0)
