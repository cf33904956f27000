"""Room on the disks, looked at before anything is moved or written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.sources.disk import check_room, size_of_folder
from builder.sources.fetch import needed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.output.folder import Folder
    from builder.pipeline.prepare import Prepared
    from builder.pipeline.work import Work
    from builder.sources.member import Member


def check_disks(
    prepared: Prepared,
    members: Sequence[Member],
    work: Work,
    *,
    root: Folder,
    image_size: int | None,
) -> None:
    """Refuse what the disks of cache, if it is filled here, and output cannot take.

    Raises
    ------
    OutputError
        Less is free on a disk.
    """
    needs: dict[str, int] = {}
    if not work.remote_workers:
        needs[str(work.cache.root)] = needed(members, work.cache).bytes_to_keep
    if root.is_local:
        # Nobody knows what images take once they are resized.
        size = 0 if image_size else prepared.size_of_rows(members)
        there = size_of_folder(root.path)  # of an earlier run, which this one goes on
        needs[root.path] = max(0, size - there)
    check_room(needs)
