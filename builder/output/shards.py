"""One shard: written by a worker, and found again by digest."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import mmap
import platform
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import asdict

from builder.errors import ClusterError, ImageError
from builder.images.facts import gather
from builder.images.inspect import look
from builder.limits import MAX_SMALL_RECORD
from builder.output.build import read_shard_record
from builder.output.digests import parts_digest, row_parts
from builder.output.plan import ShardInfo, ShardTask, base_name
from builder.output.records import SHARDS
from builder.output.schema import writer_options
from builder.output.versions import versions
from builder.sources.read import read_into

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from builder.images.facts import AuditFacts
    from builder.output.folder import Folder
    from builder.output.records import ShardRecord
    from builder.sources.member import LocalMember


def write_shard(task: ShardTask, files: Sequence[LocalMember]) -> ShardInfo:
    """Write one shard, or find that it is whole already.

    Parameters
    ----------
    task : ShardTask
    files : sequence of LocalMember
        The image of each row, on this machine.

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
    data, views, stamps = _read_images(files)
    looked = _look_at(task, views, stamps)
    digests = looked.sha256
    parts = row_parts(task.rows)
    key = task_key(task, parts_digest(parts))
    kept = np.flatnonzero(looked.is_good).tolist()
    info = ShardInfo(
        path=task.path,
        task=key,
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
    earlier = _read_sidecar(task, key)
    if (
        earlier
        and earlier.images_sha256 == info.images_sha256
        and task.root.digest(task.path, earlier.bytes)
        == (earlier.sha256, earlier.bytes)
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
    hexes = [digests[row].tobytes().hex() for row in kept]
    info = replace(
        info,
        sha256=file.hexdigest(),
        bytes=file.size,
        num_bytes=_size_when_loaded(batch),
        rows_sha256=parts_digest(
            [parts[row] for row in kept],
            paths=[base_name(task.names[row]) for row in kept],
            image_sha256=hexes,
        ),
    )
    write_sidecar(task.root, info)
    return info


def task_key(task: ShardTask, rows_sha256: str) -> str:
    """Return the digest of everything that decides a shard but its images' content.

    Parameters
    ----------
    task : ShardTask
    rows_sha256 : str
        `builder.output.digests.rows_digest` of its rows, without the images.
    """
    sha256 = hashlib.sha256()
    # Keys, not the members' own names, which tell a zip from a folder.
    sizes = [member.file_size for member in task.members]
    facts: list[Any] = list(zip(task.names, sizes, strict=True))
    versions = dict(task.versions)
    sha256.update(json.dumps([facts, versions, task.allow_broken]).encode())
    sha256.update(task.schema.serialize())
    sha256.update(task.schema.metadata[b"huggingface"])
    sha256.update(rows_sha256.encode())
    return sha256.hexdigest()


def shard_reader(root: Folder, name: str) -> pa.BufferReader:
    """Return a shard in memory, for Arrow to read.

    Arrow's own threads would still call into a file of Python's when the process
    ends, which now and then aborts it.
    """
    return pa.BufferReader(root.read(name) or b"")


def write_sidecar(root: Folder, info: ShardInfo) -> None:
    """Record that a shard is whole, for a run that comes after an interruption."""
    record = dataclasses.asdict(replace(info, looked=None))
    root.write(f"{SHARDS}/{info.task}.json", json.dumps(record).encode())


def remember(root: Folder, previous: Mapping[str, ShardRecord | None]) -> None:
    """Record the shards of a finished build, so that another need not write them.

    Parameters
    ----------
    root : Folder
    previous : dict of str to ShardRecord or None
        Its files; see `builder.output.state.Output`.
    """
    for record in previous.values():
        if record:
            write_sidecar(root, ShardInfo(**asdict(record)))


def _read_sidecar(task: ShardTask, key: str) -> ShardInfo | None:
    data = task.root.read(f"{SHARDS}/{key}.json", MAX_SMALL_RECORD)
    earlier = read_shard_record(data)
    if earlier is None or earlier.path != task.path:
        return None
    return ShardInfo(**asdict(earlier))


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
    members: Sequence[LocalMember],
) -> tuple[pa.Buffer, list[memoryview], NDArray[np.int64]]:
    """Return the images in one buffer, and a view and a stamp of each."""
    total = sum(member.file_size for member in members)
    # Every other way to get memory would keep some of it for later.
    buffer = pa.py_buffer(mmap.mmap(-1, max(1, total)))
    whole = memoryview(buffer).cast("B")[:total]
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
    if task.known is None:
        sizes = [(0, 0)] * len(views) if task.sizes is None else task.sizes.tolist()
        found = [
            look(view, width=width or None, height=height or None, limits=task.limits)
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
    names = list(map(base_name, task.names))
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
