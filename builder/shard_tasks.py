"""Shards as they are planned: which rows and images go into which file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.digests import rows_digest
from builder.tables import SplitRows, batch_of, plan_cuts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
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
