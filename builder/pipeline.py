"""The whole way from a source to a finished folder, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card import render_card
from builder.errors import ImageError
from builder.execute import InlineExecutor, map_bounded
from builder.manifest import (
    KIND,
    LAST,
    LOCK,
    describe_images,
    digest_of,
    make_lock,
    make_manifest,
    to_json,
    versions,
    with_files,
)
from builder.output import begin, check_output, finish
from builder.prepare import Recipe, prepare
from builder.shards import ShardInfo, plan_shards, remember, write_shard
from builder.storage import Root
from builder.tables import schema_of

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor

MAX_SHARD_SIZE = 40_000_000


def build(
    dataset: str,
    out: str | os.PathLike[str],
    recipe: Recipe | None = None,
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    executor: Executor | None = None,
    workers: int = 1,
    max_shard_size: int = MAX_SHARD_SIZE,
    allow_broken: bool = False,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Build a dataset folder that `load_dataset` reads, and return its manifest.

    Parameters
    ----------
    dataset : str
        ``coco_stuff_trimmed`` or ``siim_isic_small``.
    out : path
        Folder to write, or an fsspec URL. It must be empty, or an earlier output.
    recipe : CocoRecipe or IsicRecipe, optional
        What to draw; the notebook's numbers, if not given.
    source : str, optional
        Folder with one of the official layouts.
    files : dict of str to str, optional
        Single files that go before `source`; see `builder.prepare.prepare`.
    executor : concurrent.futures.Executor, optional
        Where the shards are written; one after the other here, if not given.
    workers : int
        How many tasks the executor runs at a time.
    max_shard_size : int
        Bytes that a Parquet file may have.
    allow_broken : bool
        Leave rows with broken images out instead of stopping.
    overwrite : bool
        Replace a finished build of other options.

    Raises
    ------
    TrimsetError
        One of its subclasses, with what to do about it.
    """
    root = Root(out)
    check_output(root, last=LAST, kind=KIND)

    prepared = prepare(dataset, recipe, source=source, files=files)
    selection = prepared.selection
    lock = make_lock(selection, prepared.inputs)
    members = prepared.locate()

    options = {"max_shard_size": max_shard_size, "allow_broken": allow_broken}
    sizes = [member.file_size for member in members.values()]
    key = digest_of([lock["digest"], options, versions(), sizes])
    output = begin(root, last=LAST, kind=KIND, key=key, overwrite=overwrite)
    remember(root, output.previous)

    schemas = {name: schema_of(f) for name, f in selection.features().items()}
    tasks = plan_shards(
        selection.rows(),
        members,
        schemas,
        root=root,
        max_shard_size=max_shard_size,
        versions=versions(),
        allow_broken=allow_broken,
    )
    shards = list(
        map_bounded(executor or InlineExecutor(), write_shard, tasks, limit=2 * workers)
    )
    _check_images(shards, total=len(members), allow_broken=allow_broken)

    manifest = make_manifest(
        selection,
        lock=lock,
        key=key,
        options=options,
        sources=[*prepared.inputs, *describe_images(prepared.images, shards)],
        shards=shards,
        schemas=schemas,
    )
    texts = {
        **selection.small_files(),
        **selection.notes(),
        LOCK: to_json(lock),
        "README.md": render_card(manifest).encode(),
    }
    for name, data in texts.items():
        root.write(name, data)
    manifest = with_files(manifest, texts)
    finish(output, to_json(manifest), keep=set(manifest["files"]))
    return manifest


def _check_images(
    shards: Sequence[ShardInfo], *, total: int, allow_broken: bool
) -> None:
    broken = {name: reason for shard in shards for name, reason in shard.broken}
    if broken and not allow_broken:
        listed = "; ".join(f"{name} {why}" for name, why in sorted(broken.items()))
        msg = (
            f"{len(broken)} of {total} selected images are broken: {listed}; mend the"
            " source, or leave them out with --allow-broken"
        )
        raise ImageError(msg)
