"""Re-read a build folder, and say everything that is not as it should be."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from builder.card.render import render_card
from builder.datasets import registry
from builder.errors import UsageError, VerifyError
from builder.output.build import read_lock
from builder.output.check import check_build, read_finished
from builder.output.digests import rows_digest
from builder.output.folder import Folder
from builder.output.lock import without_address
from builder.output.records import LAST, LOCK
from builder.output.schema import features_of, image_bytes
from builder.output.shards import shard_reader
from builder.pipeline.prepare import Request
from builder.pipeline.replay import replay
from builder.pipeline.work import working
from builder.selection.recipe import read_recipe

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from builder.datasets.base import Dataset
    from builder.output.records import FileEntry, Lock, Manifest


@dataclass(frozen=True)
class VerifyReport:
    """What a verification looked at and found.

    Attributes
    ----------
    files, rows : int
        How many were checked.
    replayed : bool
        Whether the selection was replayed from a source.
    faults : tuple of str
        Everything that is wrong, a sentence each; empty if all is well.
    """

    files: int
    rows: int
    replayed: bool
    faults: tuple[str, ...]


def verify(
    folder: str | os.PathLike[str],
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    allow_hosts: Sequence[str] = (),
    executor: Executor | None = None,
    workers: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> VerifyReport:
    """Check a build folder against its manifest, and against its source if given.

    Parameters
    ----------
    folder : path
        Of a build.
    source : str, optional
        Folder or URL with one of the official layouts: the selection is replayed
        from it, and every row and image is compared.
    files, cache_dir, allow_hosts, progress
        As in `builder.pipeline.build.build`.
    executor : concurrent.futures.Executor, optional
        Where the images of the source are looked at; here, if not given.
    workers : int
        How many tasks the executor runs at a time.

    Raises
    ------
    VerifyError
        There is no finished build to check.
    """
    root = Folder(folder)
    manifest = read_finished(root, VerifyError)
    faults = list(check_build(root, manifest))
    if not manifest.is_intact:
        return VerifyReport(1, 0, replayed=False, faults=tuple(faults))
    dataset = _dataset_of(root, manifest)
    damaged = {fault.split(":", 1)[0] for fault in faults}
    shards = {
        name: entry
        for name, entry in manifest.files.items()
        if name.endswith(".parquet") and name not in damaged
    }
    for name, entry in shards.items():
        faults += _check_shard(root, name, entry, manifest)
    lock = None
    if LOCK not in damaged:
        try:
            lock = read_lock(root.read(LOCK) or b"", where=LOCK, error=VerifyError)
        except VerifyError as err:
            faults.append(str(err))
        else:
            faults += _check_lock(lock, manifest)
    if "README.md" not in damaged:
        faults += _check_card(root, manifest, dataset)
    replayed = False
    if lock and (source or files):
        replayed = True
        request = Request(
            manifest.dataset,
            _recipe_of(root, manifest, dataset),
            source,
            files or {},
            allow_hosts,
        )
        with working(
            cache_dir, executor=executor, workers=workers, progress=progress
        ) as work:
            faults += replay(root, manifest.content, lock.content, request, work)
    rows = sum(entry.rows or 0 for entry in shards.values())
    return VerifyReport(len(manifest.files) + 1, rows, replayed, tuple(faults))


def _dataset_of(root: Folder, manifest: Manifest) -> Dataset[Any]:
    """Return the dataset that a build is of: one that is known here, or none."""
    try:
        return registry.get(manifest.dataset)
    except UsageError as err:
        msg = f"{root.url}: {LAST}: {err}: use the version of trimset that wrote it"
        raise VerifyError(msg) from err


def _recipe_of(root: Folder, manifest: Manifest, dataset: Dataset[Any]) -> Any:
    """Return the recipe that a build was made by."""
    try:
        return read_recipe(dataset.recipe, manifest.recipe)
    except UsageError as err:
        msg = f"{root.url}: {LAST}: {err}: use the version of trimset that wrote it"
        raise VerifyError(msg) from err


def _check_shard(
    root: Folder, name: str, entry: FileEntry, manifest: Manifest
) -> Iterator[str]:
    """Compare what is in a shard, whose bytes are those of the manifest, with it."""
    config = next((c for c in manifest.features if name.startswith(f"data/{c}/")), "")
    try:
        with pq.ParquetFile(shard_reader(root, name)) as file:
            groups, schema = file.num_row_groups, file.schema_arrow
            table = file.read()
        features = features_of(schema)
        images = [value.as_buffer() for value in image_bytes(table)]
        rows = rows_digest(table)
    # Whoever made the digests fit may have put anything there.
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as err:
        words = " ".join(str(err).split())
        yield f"{name}: cannot be read as a shard ({type(err).__name__}: {words})"
        return
    if groups != 1:
        yield f"{name}: expected one row group, found {groups}"
    if features != manifest.features.get(config):
        yield f"{name}: its features are not those of the manifest"
    if table.num_rows != entry.rows:
        yield f"{name}: expected {entry.rows} rows, found {table.num_rows}"
    if table.nbytes != entry.num_bytes:
        yield (
            f"{name}: expected {entry.num_bytes} bytes in Arrow, found {table.nbytes}"
        )
    digests = [hashlib.sha256(image).digest() for image in images]
    if hashlib.sha256(b"".join(digests)).hexdigest() != entry.images_sha256:
        yield f"{name}: its images are not those of the manifest"
    if rows != entry.rows_sha256:
        yield f"{name}: its rows are not those of the manifest"


def _check_lock(lock: Lock, manifest: Manifest) -> Iterator[str]:
    if not lock.is_intact:
        yield f"{LOCK}: its digest is not that of its content"
    if lock.digest != manifest.selection:
        yield f"{LOCK}: is not the selection that the manifest names"
    for name in ("dataset", "recipe"):
        if lock.content[name] != manifest.content[name]:
            yield f"{LOCK}: its {name} is not that of the manifest"
    sources = [without_address(entry) for entry in manifest.sources]
    if lock.content["inputs"] != sources[: len(lock.inputs)]:
        yield f"{LOCK}: its inputs are not the sources of the manifest"
    left_out = _left_out(lock, manifest)
    for config, splits in lock.draws.items():
        for split, names in splits.items():
            facts = manifest.configs.get(config, {}).get(split)
            left = sum(name not in left_out for name in names)
            if facts is None or facts.num_examples != left:
                found = facts and facts.num_examples
                yield (
                    f"{LOCK}: names {left} rows for {config}/{split}, the manifest"
                    f" {found}"
                )


def _left_out(lock: Lock, manifest: Manifest) -> set[str]:
    """Return the broken images as the draws name them.

    That is by their keys, or, where a dataset names its images without folder and
    ending, by these names: then the draws hold none of the keys.
    """
    broken = {entry.image for entry in manifest.broken}
    drawn: set[str] = set()
    for splits in lock.draws.values():
        drawn.update(*splits.values())
    return broken if broken <= drawn else {PurePosixPath(key).stem for key in broken}


def _check_card(
    root: Folder, manifest: Manifest, dataset: Dataset[Any]
) -> Iterator[str]:
    """Render the card again from the manifest, which the digests vouch for."""
    parts = dataset.card()
    try:
        card = render_card(manifest.content, parts.prose, parts.blocks).encode()
    # Of what the card shows, only what is used elsewhere was checked before.
    except (ValueError, TypeError, LookupError, AttributeError) as err:
        yield f"{LAST}: gives no card ({type(err).__name__}: {err})"
        return
    if root.read("README.md") != card:
        yield "README.md: is not the card that the manifest gives"
