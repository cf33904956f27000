"""Write all shards of a build, in workers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from builder.errors import ImageError, first_of
from builder.images.facts import refuse_broken
from builder.output.shards import write_shard
from builder.pipeline.bring import run_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.images.facts import Seen
    from builder.output.plan import PlannedShard, ShardInfo, ShardPlan
    from builder.pipeline.work import Work


def write_shards(
    plan: ShardPlan, work: Work, *, known: Seen
) -> tuple[list[ShardInfo], Seen]:
    """Write all shards, hashing each image once.

    Parameters
    ----------
    plan : ShardPlan
    work : Work
    known : Seen
        What is known of the images. If they were not read, shards that together show
        every image are written first, and what they tell serves all others.

    Returns
    -------
    shards : list of ShardInfo
        In the order of the plan.
    known : Seen
        The one given, with what was told.

    Raises
    ------
    ImageError
        Images are broken or changed, and `plan` does not allow it, or all are.
    """
    total = sum(shard.stop - shard.start for shard in plan.shards)

    def write(
        shards: Sequence[PlannedShard], known: Seen | None = None
    ) -> Iterator[ShardInfo]:
        tasks = (plan.task(shard, known) for shard in shards)
        for info in run_tasks(work, write_shard, tasks):
            work.tell("write", info.rows, total)
            yield info

    written: dict[str, ShardInfo] = {}
    if not known.read:
        first = _telling(plan)
        for shard, info in zip(first, write(first), strict=True):
            if info.looked is not None:
                known.facts.put(shard.images, info.looked)
            written[shard.path] = replace(info, looked=None)
        known = replace(known, read=True)
    refuse_broken(known, allow_broken=plan.allow_broken)
    rest = [shard for shard in plan.shards if shard.path not in written]
    written |= {info.path: info for info in write(rest, known)}
    return [written[shard.path] for shard in plan.shards], known


def _telling(plan: ShardPlan) -> list[PlannedShard]:
    """Return shards that together show every image.

    Those of whole splits, and of others those that show what no whole split holds.
    """
    is_told = np.zeros(len(plan.keys), dtype=bool)
    for shard in plan.shards:
        if shard.split.is_whole:
            is_told[shard.images] = True
    return [
        shard
        for shard in plan.shards
        if shard.split.is_whole or not is_told[shard.images].all()
    ]


def without_empty(
    planned: Sequence[PlannedShard], shards: Sequence[ShardInfo]
) -> tuple[list[PlannedShard], list[ShardInfo]]:
    """Return the shards that have rows, as `load_dataset` cannot read others.

    Raises
    ------
    ImageError
        A split is left without any row.
    """
    rows: dict[tuple[str, str], int] = {}
    for plan, shard in zip(planned, shards, strict=True):
        for listed in plan.listed:
            rows[listed] = rows.get(listed, 0) + shard.rows
    empty = ["/".join(listed) for listed, number in rows.items() if not number]
    if empty:
        msg = f"all images of {first_of(empty)} are broken: mend the source"
        raise ImageError(msg)
    kept = [place for place, shard in enumerate(shards) if shard.rows]
    return [planned[place] for place in kept], [shards[place] for place in kept]
