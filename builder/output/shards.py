"""Shards: written one task at a time, and found again by digest."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict, fields, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from builder.errors import ClusterError, ImageError
from builder.images.facts import gather
from builder.images.inspect import look
from builder.output.digests import rows_digest
from builder.output.manifest import versions
from builder.output.plan import ShardInfo, ShardTask
from builder.output.schema import CDC_OPTIONS, writer_options
from builder.output.state import SIDECARS
from builder.pipeline.execute import map_bounded
from builder.pipeline.look import Audit, refuse_broken
from builder.sources.cache import Cache
from builder.sources.fetch import fetch
from builder.sources.read import read_into

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from builder.images.facts import AuditFacts
    from builder.output.folder import Root
    from builder.output.plan import PlannedShard, ShardPlan
    from builder.sources.member import Member


def write_shards(
    plan: ShardPlan,
    executor: Executor,
    *,
    workers: int,
    audit: Audit,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[list[ShardInfo], Audit]:
    """Write all shards, hashing each image once.

    Parameters
    ----------
    plan : ShardPlan
    executor : concurrent.futures.Executor
    workers : int
        How many tasks it runs at a time.
    audit : Audit
        What is known of the images. If that is nothing, the shards of the splits that
        hold every image are written first, and what they tell serves all others.

    Returns
    -------
    shards : list of ShardInfo
        In the order of the plan.
    audit : Audit
        The one given, or what was told.

    Raises
    ------
    ImageError
        Images are broken or changed, and `plan` does not allow it.
    """
    total = sum(shard.stop - shard.start for shard in plan.shards)

    def write(
        shards: Sequence[PlannedShard], audit: Audit | None = None
    ) -> Iterator[ShardInfo]:
        tasks = (plan.task(shard, audit) for shard in shards)
        for info in map_bounded(executor, write_shard, tasks, limit=2 * workers):
            if progress:
                progress("write", info.rows, total)
            yield info

    written = []
    rest = plan.shards
    if not audit.names:
        first = [shard for shard in plan.shards if shard.split.is_whole]
        rest = plan.shards[len(first) :]
        audit = Audit.of(list(plan.keys))
        for shard, info in zip(first, write(first), strict=True):
            if info.looked is not None:
                audit.facts.put(shard.images, info.looked)
            written.append(replace(info, looked=None))
    refuse_broken(audit.broken, total=len(plan.keys), allow_broken=plan.allow_broken)
    written += write(rest, audit)
    # What the buffers of images took; the figures come next, and need some, too.
    pa.default_memory_pool().release_unused()
    return written, audit


def write_shard(task: ShardTask) -> ShardInfo:
    """Write one shard, or find that it is whole already.

    The images are always read: a shard is kept only where the file has the digest
    that was recorded and the source still has the images that went into it.

    Raises
    ------
    SourceError
        An image could not be read, or is another one than was looked at.
    OutputError
        The shard could not be written.
    ClusterError
        This worker has other packages than the process that planned the task.
    """
    _check_versions(task)
    data, views, stamps = _read_images(fetch(task.members, cache=Cache()))
    looked = _look_at(task, views, stamps)
    digests = looked.sha256
    kept = np.flatnonzero(looked.is_good).tolist()
    info = ShardInfo(
        path=task.path,
        task=task.key,
        sha256="",
        bytes=0,
        rows=len(kept),
        num_bytes=0,
        rows_sha256="",
        images_sha256=hashlib.sha256(digests[kept].tobytes()).hexdigest(),
        looked=None if task.known is not None else looked,
    )
    if looked.reasons and not (task.allow_broken and kept):
        return info
    earlier = _read_sidecar(task)
    if (
        earlier
        and earlier.images_sha256 == info.images_sha256
        and task.root.digest(task.path) == (earlier.sha256, earlier.bytes)
    ):
        return replace(earlier, looked=info.looked)
    batch = _with_images(task, data, kept)
    options = writer_options(task.schema)
    with (
        task.root.writing(task.path) as file,
        # pyarrow needs to be told that this Python object is a file to write to.
        pq.ParquetWriter(
            pa.PythonFile(file, mode="w"), task.schema, **options
        ) as shard,
    ):
        shard.write_batch(batch, row_group_size=max(1, len(kept)))
        shard.add_key_value_metadata(
            {"content_defined_chunking": json.dumps(CDC_OPTIONS)}
        )
    hexes = [digests[row].tobytes().hex() for row in kept]
    info = replace(
        info,
        sha256=file.hexdigest(),
        bytes=file.size,
        num_bytes=_size_when_loaded(batch),
        rows_sha256=rows_digest([batch], image_sha256=hexes),
    )
    write_sidecar(task.root, info)
    return info


def shard_reader(root: Root, name: str) -> pa.BufferReader:
    """Return a shard in memory, for Arrow to read.

    Arrow's own threads would still call into a file of Python's when the process
    ends, which now and then aborts it.
    """
    return pa.BufferReader(root.read(name) or b"")


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
        msg = f"all images of {', '.join(empty)} are broken: mend the source"
        raise ImageError(msg)
    kept = [place for place, shard in enumerate(shards) if shard.rows]
    return [planned[place] for place in kept], [shards[place] for place in kept]


def write_sidecar(root: Root, info: ShardInfo) -> None:
    """Record that a shard is whole, for a run that comes after an interruption."""
    record = asdict(replace(info, looked=None))
    root.write(f"{SIDECARS}/{info.task}.json", json.dumps(record).encode())


def remember(root: Root, previous: Mapping[str, Any]) -> None:
    """Record the shards of a finished build, so that another need not write them.

    Parameters
    ----------
    root : Root
    previous : dict
        manifest.json of that build, or an empty dict.
    """
    wanted = {f.name for f in fields(ShardInfo)}
    for path, entry in previous.get("files", {}).items():
        if "task" in entry:
            known = {name: entry[name] for name in wanted & set(entry)}
            write_sidecar(root, ShardInfo(path=path, **known))


def _read_sidecar(task: ShardTask) -> ShardInfo | None:
    data = task.root.read(f"{SIDECARS}/{task.key}.json")
    try:
        earlier = ShardInfo(**json.loads(data or b""))
    except (TypeError, ValueError):
        return None
    return earlier if earlier.path == task.path else None


def _check_versions(task: ShardTask) -> None:
    """Refuse to write other bytes than any other worker would."""
    found = versions()
    other = [f"{n} {found[n]} instead of {v}" for n, v in task.versions.items() if
             found.get(n) != v]  # fmt: skip
    if other:
        msg = (
            f"{platform.node()}: this worker has {', '.join(other)}, so it would write"
            " other bytes: install the same versions on every worker"
        )
        raise ClusterError(msg)


def _read_images(
    members: Sequence[Member],
) -> tuple[pa.Buffer, list[memoryview], NDArray[np.int64]]:
    """Return the images in one buffer, and a view and a stamp of each."""
    total = sum(member.file_size for member in members)
    # The default pool would keep it for later: 70 MB more at the peak of two workers.
    buffer = pa.allocate_buffer(total, memory_pool=pa.system_memory_pool())
    whole = memoryview(buffer).cast("B")
    views = []
    stamps = np.zeros(len(members), dtype=np.int64)
    place = 0
    for row, member in enumerate(members):
        view = whole[place : place + member.file_size]
        stamps[row] = read_into(member, view)
        views.append(view)
        place += member.file_size
    return buffer, views, stamps


def _look_at(
    task: ShardTask, views: Sequence[memoryview], stamps: NDArray[np.int64]
) -> AuditFacts:
    """Return digest and reason of each image, as they are known or as they are now.

    Raises
    ------
    ImageError
        An image is not the one that was looked at before.
    """
    sizes = task.sizes or [(None, None)] * len(views)
    if task.known is None:
        found = [
            look(view, width=width, height=height)
            for view, (width, height) in zip(views, sizes, strict=True)
        ]
        return gather(found, stamps)
    is_same = (task.known.stamps == stamps) & (stamps != 0)
    for row in np.flatnonzero(~is_same).tolist():
        digest = hashlib.sha256(views[row]).digest()
        if digest != task.known.sha256[row].tobytes():
            msg = (
                f"{task.names[row]}: is another image than the build looked at before:"
                " the source changed; run the build again"
            )
            raise ImageError(msg)
    return task.known


def _with_images(
    task: ShardTask, data: pa.Buffer, kept: Sequence[int]
) -> pa.RecordBatch:
    sizes = [member.file_size for member in task.members]
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
    binary = pa.BinaryArray.from_buffers(
        pa.binary(), len(sizes), [None, pa.py_buffer(offsets), data]
    )
    names = [PurePosixPath(name).name for name in task.names]
    rows = task.rows
    if len(kept) < len(sizes):
        places = pa.array(kept, pa.int64())
        # take() makes a bitmap of nulls where there are none, and readers do not.
        _, *buffers = binary.take(places).buffers()
        binary = pa.BinaryArray.from_buffers(pa.binary(), len(kept), [None, *buffers])
        names = [names[row] for row in kept]
        rows = rows.take(places)
    image = pa.StructArray.from_arrays(
        [binary, pa.array(names, pa.string())],
        fields=list(task.schema.field("image").type),
    )
    columns = [image if f.name == "image" else rows.column(f.name) for f in task.schema]
    return pa.RecordBatch.from_arrays(columns, schema=task.schema)


def _size_when_loaded(batch: pa.RecordBatch) -> int:
    """Return the bytes of the rows in Arrow, as read back from Parquet.

    The reader makes validity bitmaps where we need none, and `datasets` counts
    them; so the small columns go there and back. Image bytes are the same there.
    """
    small = pa.Table.from_batches([batch]).drop_columns("image")
    file = pa.BufferOutputStream()
    pq.write_table(small, file)
    loaded = pq.ParquetFile(pa.BufferReader(file.getvalue())).read(use_threads=False)
    return int(batch.column("image").nbytes + loaded.nbytes)
