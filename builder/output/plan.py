"""Shards as they are planned: which rows and images go into which file."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from builder.limits import LIMITS, Limits
from builder.output.schema import batch_of, plan_cuts
from builder.sources.members import Members

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from builder.images.facts import AuditFacts, Seen
    from builder.output.folder import Folder
    from builder.selection.contract import SplitRows
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
    root : Folder
        Folder to write to.
    path : str
        Name of the shard below it.
    schema : pa.Schema
        Of the file, ``image`` included.
    rows : pa.RecordBatch
        Every column but ``image``.
    names : tuple of str
        Key of the image of each row.
    members : tuple of Member
        Where the image of each row lies.
    sizes : int32[n, 2], optional
        Width and height that the source states for each image, if it does; not where
        the images are known.
    known : AuditFacts, optional
        Of the images, where they were looked at before: one is not hashed and checked
        again while its file has the stamp that it had then.
    allow_broken : bool
        Whether rows with a broken image are left out, or nothing is written.
    versions : dict of str to str
        Versions that decide the bytes of the file.
    limits : Limits
        What an image may ask for.
    """

    root: Folder
    path: str
    schema: pa.Schema
    rows: pa.RecordBatch
    names: tuple[str, ...]
    members: tuple[Member, ...]
    sizes: NDArray[np.int32] | None
    known: AuditFacts | None
    allow_broken: bool
    versions: Mapping[str, str]
    limits: Limits = LIMITS


@dataclass(frozen=True)
class ShardInfo:
    """What was written: a row of manifest.json.

    Attributes
    ----------
    path, task : str
        Name of the shard, and digest of everything that decides its bytes, but for
        the content of its images.
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
    sizes : int32[n, 2], optional
        Width and height that the source states for each image, if it does.
    schemas : dict of str to pa.Schema
        By config.
    root, versions, allow_broken, limits
        See `ShardTask`.
    """

    shards: list[PlannedShard]
    keys: Sequence[str]
    members: Sequence[Member]
    sizes: NDArray[np.int32] | None
    schemas: Mapping[str, pa.Schema]
    root: Folder
    versions: Mapping[str, str]
    allow_broken: bool
    limits: Limits = LIMITS

    def task(self, shard: PlannedShard, known: Seen | None = None) -> ShardTask:
        """Return the task that writes one shard.

        Parameters
        ----------
        shard : PlannedShard
        known : Seen, optional
            What is known of the images, if they were read.
        """
        schema = self.schemas[shard.split.config]
        images = shard.images
        numbers = images.tolist()
        sizes = None if known or self.sizes is None else self.sizes[images]
        return ShardTask(
            root=self.root,
            path=shard.path,
            schema=schema,
            rows=batch_of(schema, shard.split.columns, shard.start, shard.stop),
            names=tuple(
                with_ending(self.keys[number], self.members[number].name)
                for number in numbers
            ),
            members=tuple(self.members[number] for number in numbers),
            sizes=sizes,
            known=known.facts.take(images) if known else None,
            allow_broken=self.allow_broken,
            versions=self.versions,
            limits=self.limits,
        )


def plan_shards(
    splits: Sequence[SplitRows],
    keys: Sequence[str],
    members: Sequence[Member],
    schemas: Mapping[str, pa.Schema],
    *,
    root: Folder,
    max_shard_size: int,
    versions: Mapping[str, str],
    sizes: NDArray[np.int32] | None = None,
    allow_broken: bool = False,
    limits: Limits = LIMITS,
) -> ShardPlan:
    """Return how all splits are cut into files.

    Parameters
    ----------
    splits : sequence of SplitRows
    keys, members, sizes, schemas, root, versions, allow_broken, limits
        See `ShardPlan`.
    max_shard_size : int
        Bytes that a file may have.
    """
    stored = Members.of(members).file_sizes
    shards = []
    for split in sorted(splits, key=lambda split: not split.is_whole):
        cuts = _cut(split, stored[split.images], max_shard_size)
        for number, (start, stop, listed) in enumerate(cuts):
            name = f"{split.split}-{number:05d}-of-{len(cuts):05d}.parquet"
            path = f"data/{split.config}/{name}"
            listed_in = ((split.config, split.split), *listed)
            shards.append(PlannedShard(path, split, start, stop, listed_in))
    return ShardPlan(
        shards, keys, members, sizes, schemas, root, versions, allow_broken, limits
    )


def base_name(key: str) -> str:
    """Return the last part of a key.

    >>> base_name("train/img_1.jpg")
    'img_1.jpg'
    """
    return key.rpartition("/")[2]


def with_ending(key: str, found: str) -> str:
    """Return the key of an image, with the ending of its file where the key has none.

    >>> with_ending("img_1", "train/img_1.jpg"), with_ending("a.jpg", "x/a.jpg")
    ('img_1.jpg', 'a.jpg')
    """
    name, base = base_name(key), base_name(found)
    is_longer = base.casefold().startswith(f"{name}.".casefold())
    return key + base[len(name) :] if is_longer else key


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
