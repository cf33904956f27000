"""Room on the disks, looked at before anything is moved or written."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import OutputError
from builder.sources.own_files import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.sources.member import Member


def check_room(needs: Mapping[str, int]) -> None:
    """Refuse to start what would not fit; places on one disk share its room.

    Parameters
    ----------
    needs : dict of path to int
        Bytes that will be written below each place, which need not exist yet.

    Raises
    ------
    OutputError
        Less is free on a disk.
    """
    disks: dict[int, list[str]] = {}
    for path in needs:
        disks.setdefault(_folder(path).stat().st_dev, []).append(path)
    for paths in disks.values():
        size = sum(needs[path] for path in paths)
        free = shutil.disk_usage(_folder(paths[0])).free
        if free < size:
            raise OutputError(
                f"no room for {' and '.join(paths)}: expected {size:,} bytes"
                f" free on the disk, found {free:,}; free some, or choose a place on"
                " another disk"
            )


def size_of_output(keys: Iterable[str], members: Mapping[str, Member]) -> int:
    """Return the bytes of the images of all rows; `keys` names one for each row."""
    uses = Counter(keys)
    return sum(max(0, members[key].file_size) * times for key, times in uses.items())


def size_of_folder(path: str) -> int:
    """Return the bytes of all files that are below a local folder already."""
    return sum(
        entry.stat(follow_symlinks=False).st_size
        for _, entry in walk(path)
        if entry.is_file(follow_symlinks=False)
    )


def _folder(path: str) -> Path:
    """Return the folder itself, or the nearest above it that exists."""
    folder = Path(path).absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
