"""The folders of the cache, one a source, and which files in them are the cache's."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import TYPE_CHECKING

from builder.sources import own_files

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "fetched"
SOURCE = "source.json"
DIGEST = re.compile("[0-9a-f]{32}")
HALF = re.compile(r"([0-9a-f]{32}(\.crc)?|source\.json)\.[0-9a-f]{16}\.tmp")
_OWN = re.compile(rf"[0-9a-f]{{32}}(\.crc)?|source\.json|{HALF.pattern}")


def folders_of(root: Path) -> list[Path]:
    """Return the folders of the sources; none where they would be reached by a link."""
    place = root / FOLDER
    if place.is_symlink():
        return []
    try:
        with os.scandir(place) as entries:
            return [
                place / entry.name
                for entry in entries
                if DIGEST.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []


def own_of(folder: Path) -> list[tuple[str, os.stat_result]]:
    """Return the regular files of a source's folder that are the cache's."""
    own = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _OWN.fullmatch(entry.name):
                with contextlib.suppress(OSError):  # another process removed it
                    found = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(found.st_mode):
                        own.append((entry.name, found))
    return own


def remove(folder: Path, name: str) -> bool:
    """Remove a file of a source's folder, which is ROOT/fetched/<digest>."""
    try:
        root = folder.parent.parent
        return own_files.remove(str(root), f"{FOLDER}/{folder.name}/{name}")
    except OSError:  # another process did, or nobody may
        return False
