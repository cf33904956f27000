"""Shards: planned by size, written one task at a time, found again by digest."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from builder.cache import Cache
from builder.digests import rows_digest
from builder.errors import ClusterError, ImageError
from builder.execute import map_bounded
from builder.fetch import fetch
from builder.manifest import versions
from builder.output import SIDECARS
from builder.pixels import check_structure
from builder.readers import read_into
from builder.tables import (
    CDC_OPTIONS,
    SplitRows,
    batch_of,
    plan_cuts,
    writer_options,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from builder.model import Member
    from builder.storage import Root

MAX_ROWS = 250
# Room for what is not image bytes, so that a file stays below its limit: footer
# and page index of a file, and the other columns of a row.
_BYTES_PER_FILE = 64 * 1024
_BYTES_PER_ROW = 1024


@dataclass(frozen=True)
class ShardTask:
    """All that is needed to write one shard, wherever that may happen.

    Attributes
    ----------
    root : Root
        Folder to write to.
    path : str
        Name of the shard below it.
    key : str
        Digest of everything that decides the shard's bytes, but for the content of
        its images.
    schema : pa.Schema
        Of the file, ``image`` included.
    rows : pa.RecordBatch
        Every column but ``image``.
    names : tuple of str
        Key of the image of each row.
    members : tuple of Member
        Where the image of each row lies.
    sizes : tuple of (int, int)
        Width and height that the source states for each image; empty if it does not.
    listed : tuple of (str, str)
        Config and split of each data file list that this shard is in.
    digest_images : bool
        Whether to return the digest of each image.
    broken : dict of str to str
        Images that are known to be broken, and why.
    allow_broken : bool
        Whether rows with a broken image are left out, or nothing is written.
    versions : dict of str to str
        Versions that decide the bytes of the file.
    """

    root: Root
    path: str
    key: str
    schema: pa.Schema
    rows: pa.RecordBatch
    names: tuple[str, ...]
    members: tuple[Member, ...]
    sizes: tuple[tuple[int, int], ...]
    listed: tuple[tuple[str, str], ...]
    digest_images: bool
    broken: Mapping[str, str]
    allow_broken: bool
    versions: Mapping[str, str]


@dataclass(frozen=True)
class ShardInfo:
    """What was written: a row of manifest.json.

    Attributes
    ----------
    path, task : str
        Name of the shard, and key of its task.
    sha256, bytes, rows
        Of the file.
    num_bytes : int
        Size of the rows in Arrow, as `datasets` counts it.
    rows_sha256 : str
        `builder.digests.rows_digest` of the rows.
    images_sha256 : str
        sha256 of the concatenated sha256 of the images, in row order.
    image_digests : tuple of (str, str)
        Name and sha256 of each image, if asked for.
    broken : tuple of (str, str)
        Name of each broken image, and what is wrong with it.
    """

    path: str
    task: str
    sha256: str
    bytes: int
    rows: int
    num_bytes: int
    rows_sha256: str
    images_sha256: str
    image_digests: tuple[tuple[str, str], ...] = ()
    broken: tuple[tuple[str, str], ...] = ()


def plan_shards(
    splits: Sequence[SplitRows],
    members: Mapping[str, Member],
    schemas: Mapping[str, pa.Schema],
    *,
    root: Root,
    max_shard_size: int,
    versions: Mapping[str, str],
    broken: Mapping[str, str] | None = None,
    allow_broken: bool = False,
) -> list[ShardTask]:
    """Return the tasks that write all splits.

    Parameters
    ----------
    splits : sequence of SplitRows
    members : mapping of str to Member
        Where each image lies, by its key.
    schemas : mapping of str to pa.Schema
        By config.
    root : Root
        Folder to write to.
    max_shard_size : int
        Bytes that a file may have.
    versions : mapping of str to str
        Versions that decide the bytes of a file.
    broken : dict of str to str, optional
        Images that are known to be broken, and why.
    allow_broken : bool
        See `ShardTask`.
    """
    tasks = []
    broken = broken or {}
    for split in splits:
        schema = schemas[split.config]
        found = [members[name] for name in split.images]
        sizes = np.array([m.file_size for m in found], dtype=np.int64)
        cuts = _cut(split, sizes, max_shard_size)
        stated = [list(split.columns.get(name, ())) for name in ("width", "height")]
        for number, (start, stop, listed) in enumerate(cuts):
            rows = batch_of(schema, split.columns, start, stop)
            part = tuple(found[start:stop])
            names = tuple(split.images[start:stop])
            tasks.append(
                ShardTask(
                    root=root,
                    path=f"data/{split.config}/{split.split}"
                    f"-{number:05d}-of-{len(cuts):05d}.parquet",
                    key=_key(
                        schema, rows, names, part, versions, allow_broken=allow_broken
                    ),
                    schema=schema,
                    rows=rows,
                    names=names,
                    members=part,
                    sizes=tuple(
                        zip(*(side[start:stop] for side in stated), strict=True)
                    ),
                    listed=((split.config, split.split), *listed),
                    digest_images=split.digest_images,
                    broken={
                        name: broken[name]
                        for name in split.images[start:stop]
                        if name in broken
                    },
                    allow_broken=allow_broken,
                    versions=versions,
                )
            )
    return tasks


def _cut(
    split: SplitRows, sizes: NDArray[np.int64], max_shard_size: int
) -> list[tuple[int, int, list[tuple[str, str]]]]:
    """Return the row range of each shard, and where else it is listed."""
    borders = {0, len(split)}
    for _, _, start, stop in split.shared:
        borders |= {start, stop}
    found = []
    for first, last in pairwise(sorted(borders) if len(split) else [0, 0]):
        listed = [
            (config, name)
            for config, name, start, stop in split.shared
            if start <= first and last <= stop
        ]
        cuts = plan_cuts(
            sizes[first:last] + _BYTES_PER_ROW,
            max_rows=MAX_ROWS,
            max_bytes=max_shard_size - _BYTES_PER_FILE,
        )
        found += [(first + start, first + stop, listed) for start, stop in cuts]
    return found


def write_shards(
    tasks: Sequence[ShardTask],
    executor: Executor,
    *,
    workers: int,
    progress: Callable[[str, int, int], None] | None = None,
) -> Iterator[ShardInfo]:
    """Yield what was written, in the order of the tasks."""
    total = sum(task.rows.num_rows for task in tasks)
    for shard in map_bounded(executor, write_shard, tasks, limit=2 * workers):
        if progress:
            progress("write", shard.rows, total)
        yield shard
    # What the buffers of images took; the figures come next, and need some, too.
    pa.default_memory_pool().release_unused()


def write_shard(task: ShardTask) -> ShardInfo:
    """Write one shard, or find that it is whole already.

    The images are always read: a shard is kept only where the file has the digest
    that was recorded and the source still has the images that went into it.

    Raises
    ------
    SourceError
        An image could not be read.
    OutputError
        The shard could not be written.
    ClusterError
        This worker has other packages than the process that planned the task.
    """
    _check_versions(task)
    data, views = _read_images(fetch(task.members, cache=Cache()))
    digests = [hashlib.sha256(view).digest() for view in views]
    broken = _find_broken(task, views)
    kept = [row for row in range(len(views)) if task.names[row] not in broken]
    info = ShardInfo(
        path=task.path,
        task=task.key,
        sha256="",
        bytes=0,
        rows=len(kept),
        num_bytes=0,
        rows_sha256="",
        images_sha256=hashlib.sha256(b"".join(digests[r] for r in kept)).hexdigest(),
        image_digests=tuple(
            (task.names[row], digests[row].hex())
            for row in range(len(views))
            if task.digest_images
        ),
        broken=tuple(broken.items()),
    )
    if broken and not (task.allow_broken and kept):
        return info
    earlier = _read_sidecar(task)
    if (
        earlier
        and earlier.images_sha256 == info.images_sha256
        and task.root.digest(task.path) == (earlier.sha256, earlier.bytes)
    ):
        return replace(earlier, image_digests=info.image_digests, broken=info.broken)
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
    info = replace(
        info,
        sha256=file.hexdigest(),
        bytes=file.size,
        num_bytes=_size_when_loaded(batch),
        rows_sha256=rows_digest([batch], image_sha256=[digests[r].hex() for r in kept]),
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
    tasks: Sequence[ShardTask], shards: Sequence[ShardInfo]
) -> tuple[list[ShardTask], list[ShardInfo]]:
    """Return the shards that have rows, as `load_dataset` cannot read others.

    Raises
    ------
    ImageError
        A split is left without any row.
    """
    rows: dict[tuple[str, str], int] = {}
    for task, shard in zip(tasks, shards, strict=True):
        for listed in task.listed:
            rows[listed] = rows.get(listed, 0) + shard.rows
    empty = ["/".join(listed) for listed, number in rows.items() if not number]
    if empty:
        msg = f"all images of {', '.join(empty)} are broken: mend the source"
        raise ImageError(msg)
    kept = [place for place, shard in enumerate(shards) if shard.rows]
    return [tasks[place] for place in kept], [shards[place] for place in kept]


def write_sidecar(root: Root, info: ShardInfo) -> None:
    """Record that a shard is whole, for a run that comes after an interruption."""
    record = asdict(replace(info, image_digests=(), broken=()))
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


def _read_images(members: Sequence[Member]) -> tuple[pa.Buffer, list[memoryview]]:
    """Return the images one after the other in one buffer, and a view of each."""
    total = sum(member.file_size for member in members)
    buffer = pa.allocate_buffer(total)
    whole = memoryview(buffer).cast("B")
    views = []
    place = 0
    for member in members:
        view = whole[place : place + member.file_size]
        read_into(member, view)
        views.append(view)
        place += member.file_size
    return buffer, views


def _find_broken(task: ShardTask, views: Sequence[memoryview]) -> dict[str, str]:
    sizes = task.sizes or [(None, None)] * len(views)
    broken = dict(task.broken)
    for name, view, (width, height) in zip(task.names, views, sizes, strict=True):
        if name in broken:
            continue
        reason = check_structure(view, width=width, height=height)
        if reason:
            broken[name] = reason
    return broken


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
    loaded = pq.read_table(pa.BufferReader(file.getvalue()))
    return int(batch.column("image").nbytes + loaded.nbytes)


def _key(
    schema: pa.Schema,
    rows: pa.RecordBatch,
    names: Sequence[str],
    members: Sequence[Member],
    versions: Mapping[str, str],
    *,
    allow_broken: bool,
) -> str:
    sha256 = hashlib.sha256()
    # Keys, not the members' own names, which tell a zip from a folder.
    sizes = [member.file_size for member in members]
    facts: list[Any] = list(zip(names, sizes, strict=True))
    sha256.update(json.dumps([facts, dict(versions), allow_broken]).encode())
    sha256.update(schema.serialize())
    sha256.update(schema.metadata[b"huggingface"])
    sha256.update(rows_digest([rows]).encode())
    return sha256.hexdigest()
