"""Shards as they are planned: which rows and images go into which file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.output.digests import rows_digest
from builder.output.schema import SplitRows, batch_of, plan_cuts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from builder.images.facts import AuditFacts
    from builder.output.folder import Root
    from builder.pipeline.look import Audit
    from builder.sources.member import Member

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
        Width and height that the source states for each image; empty if it does not,
        or where the images are known.
    known : AuditFacts, optional
        Of the images, where they were looked at before: one is not hashed and checked
        again while its file has the stamp that it had then.
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
    known: AuditFacts | None
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
        `builder.output.digests.rows_digest` of the rows.
    images_sha256 : str
        sha256 of the concatenated sha256 of the images, in row order.
    looked : AuditFacts, optional
        Of the images in the order of the task, unless they were known to it.
    """

    path: str
    task: str
    sha256: str
    bytes: int
    rows: int
    num_bytes: int
    rows_sha256: str
    images_sha256: str
    looked: AuditFacts | None = None


@dataclass(frozen=True)
class PlannedShard:
    """Which rows go into which file; the task itself is made when it is its turn.

    Attributes
    ----------
    path : str
        Name of the shard below the folder that is written to.
    split : SplitRows
        All rows of the split.
    start, stop : int
        Half-open range of the rows of this shard.
    listed : tuple of (str, str)
        Config and split of each data file list that this shard is in.
    """

    path: str
    split: SplitRows
    start: int
    stop: int
    listed: tuple[tuple[str, str], ...]

    @property
    def images(self) -> NDArray[np.int64]:
        """Number of the image of each row."""
        return self.split.images[self.start : self.stop]


@dataclass(frozen=True)
class ShardPlan:
    """All shards of a build, and what their tasks are made from.

    Attributes
    ----------
    shards : list of PlannedShard
        First those of the splits that hold every image once (`SplitRows.is_whole`).
    keys, members : sequence of str, of Member
        Key of each selected image, and where it lies.
    schemas : dict of str to pa.Schema
        By config.
    root, versions, allow_broken
        See `ShardTask`.
    """

    shards: list[PlannedShard]
    keys: Sequence[str]
    members: Sequence[Member]
    schemas: Mapping[str, pa.Schema]
    root: Root
    versions: Mapping[str, str]
    allow_broken: bool

    def task(self, shard: PlannedShard, audit: Audit | None = None) -> ShardTask:
        """Return the task that writes one shard.

        Parameters
        ----------
        shard : PlannedShard
        audit : Audit, optional
            What is known of the images.
        """
        schema = self.schemas[shard.split.config]
        columns = shard.split.columns
        rows = batch_of(schema, columns, shard.start, shard.stop)
        images = shard.images.tolist()
        names = tuple(self.keys[image] for image in images)
        members = tuple(self.members[image] for image in images)
        return ShardTask(
            root=self.root,
            path=shard.path,
            key=self._key(schema, rows, names, members),
            schema=schema,
            rows=rows,
            names=names,
            members=members,
            sizes=() if audit else _stated_sizes(shard),
            known=audit.facts.take(shard.images) if audit else None,
            allow_broken=self.allow_broken,
            versions=self.versions,
        )

    def _key(
        self,
        schema: pa.Schema,
        rows: pa.RecordBatch,
        names: Sequence[str],
        members: Sequence[Member],
    ) -> str:
        sha256 = hashlib.sha256()
        # Keys, not the members' own names, which tell a zip from a folder.
        sizes = [member.file_size for member in members]
        facts: list[Any] = list(zip(names, sizes, strict=True))
        versions = dict(self.versions)
        sha256.update(json.dumps([facts, versions, self.allow_broken]).encode())
        sha256.update(schema.serialize())
        sha256.update(schema.metadata[b"huggingface"])
        sha256.update(rows_digest([rows]).encode())
        return sha256.hexdigest()


def _stated_sizes(shard: PlannedShard) -> tuple[tuple[int, int], ...]:
    """Return width and height of each row, where the rows have both."""
    columns = shard.split.columns
    if not {"width", "height"} <= columns.keys():
        return ()
    sides = (columns[name][shard.start : shard.stop] for name in ("width", "height"))
    return tuple(zip(*sides, strict=True))


def plan_shards(
    splits: Sequence[SplitRows],
    members: Mapping[str, Member],
    schemas: Mapping[str, pa.Schema],
    *,
    root: Root,
    max_shard_size: int,
    versions: Mapping[str, str],
    allow_broken: bool = False,
) -> ShardPlan:
    """Return how all splits are cut into files.

    Parameters
    ----------
    splits : sequence of SplitRows
    members : dict of str to Member
        Where each selected image lies, by its key.
    schemas, root, versions, allow_broken
        See `ShardPlan`.
    max_shard_size : int
        Bytes that a file may have.
    """
    keys, places = list(members), list(members.values())
    sizes = np.array([place.file_size for place in places], dtype=np.int64)
    shards = []
    for split in sorted(splits, key=lambda split: not split.is_whole):
        cuts = _cut(split, sizes[split.images], max_shard_size)
        for number, (start, stop, listed) in enumerate(cuts):
            name = f"{split.split}-{number:05d}-of-{len(cuts):05d}.parquet"
            path = f"data/{split.config}/{name}"
            listed_in = ((split.config, split.split), *listed)
            shards.append(PlannedShard(path, split, start, stop, listed_in))
    return ShardPlan(shards, keys, places, schemas, root, versions, allow_broken)


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
