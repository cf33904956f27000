"""The whole way from a source to a finished folder, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.render import render_card
from builder.output.folder import Root
from builder.output.manifest import (
    KIND,
    LAST,
    LOCK,
    describe_images,
    digest_of,
    make_manifest,
    to_json,
    versions,
    with_files,
)
from builder.output.plan import plan_shards
from builder.output.schema import schema_of
from builder.output.shards import remember, without_empty, write_shards
from builder.output.state import begin, check_output, finish, refuse_other
from builder.pipeline.examine import examine, settle
from builder.pipeline.execute import InlineExecutor
from builder.pipeline.prepare import bring, for_workers, prepare
from builder.pipeline.resize import resize_images, resized_rows
from builder.selection.recipe import check_image_size
from builder.sources.cache import Cache
from builder.sources.disk import check_room, size_of_folder, size_of_output
from builder.sources.fetch import needed
from builder.sources.read import read_any

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Executor

    from builder.selection.recipe import Recipe
    from builder.sources.member import Member

MAX_SHARD_SIZE = 40_000_000


def build(
    dataset: str,
    out: str | os.PathLike[str],
    recipe: Recipe | None = None,
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    allow_hosts: Sequence[str] = (),
    executor: Executor | None = None,
    workers: int = 1,
    remote_workers: bool = False,
    image_size: int | None = None,
    max_shard_size: int = MAX_SHARD_SIZE,
    lock: str | os.PathLike[str] | None = None,
    audit: bool = True,
    allow_broken: bool = False,
    overwrite: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
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
        Folder or URL with one of the official layouts; the official server, if
        neither it nor all of `files` are given.
    files : dict of str to str, optional
        Single files that go before `source`; see `builder.pipeline.prepare.prepare`.
    cache_dir : path, optional
        Where fetched files are kept; the platform's cache folder, if not given.
    allow_hosts : sequence of str
        Hosts from which images may come by their ``coco_url``.
    executor : concurrent.futures.Executor, optional
        Where the shards are written; one after the other here, if not given.
    workers : int
        How many tasks the executor runs at a time.
    remote_workers : bool
        The executor's tasks run on other machines. Each fetches what it needs of a
        remote source into the cache of its machine, instead of all into the one here;
        a local source, and a local `out`, must be there under the same paths.
    image_size : int, optional
        Shorter side, in pixels, that larger images are resized to, in the cache of this
        machine; not with `remote_workers`. If not given, image bytes are the source's.
    max_shard_size : int
        Bytes that a Parquet file may have.
    lock : path, optional
        A selection.json; stop unless exactly that selection comes out.
    audit : bool
        Decode every image: find near duplicates and those that only look whole.
    allow_broken : bool
        Leave rows with broken images out instead of stopping.
    overwrite : bool
        Replace a finished build of other options.
    progress : callable, optional
        Called with a stage (``metadata``, ``fetch``, ``look``, ``resize``, ``write``),
        how much of it was done just now, and how much it is in all (bytes, bytes,
        images, images, rows).

    Raises
    ------
    TrimsetError
        One of its subclasses, with what to do about it.
    """
    check_image_size(image_size, remote_workers=remote_workers)
    root = Root(out)
    executor = executor or InlineExecutor()
    check_output(root, last=LAST, kind=KIND)

    cache = Cache(cache_dir)
    prepared = prepare(
        dataset,
        recipe,
        source=source,
        files=files,
        cache=cache,
        allow_hosts=allow_hosts,
        lock=lock,
        progress=progress,
    )
    options = {
        **({} if image_size is None else {"image_size": image_size}),
        "max_shard_size": max_shard_size,
        "allow_broken": allow_broken,
        "audit": audit,
    }
    asked = {"recipe": prepared.selection.recipe.as_dict(), "options": options}
    refuse_other(root, last=LAST, asked=asked, overwrite=overwrite)
    located = prepared.locate()
    rows = prepared.selection.images_written() if image_size is None else ()
    _check_room(None if remote_workers else cache, root, located, rows)
    if remote_workers:
        members = for_workers(located)
    else:
        members = bring(located, cache, progress=progress)
    seen = examine(
        prepared,
        members,
        executor=executor,
        workers=workers,
        decode=audit,
        digests=image_size is not None,  # else the shards tell them
        allow_broken=allow_broken,
        progress=progress,
    )
    resized = resize_images(
        members,
        seen,
        image_size,
        cache=cache,
        executor=executor,
        workers=workers,
        allow_broken=allow_broken,
        progress=progress,
    )
    selection, locked = settle(prepared, resized.looked, lock=lock)

    sizes = [member.file_size for member in members.values()]
    key = digest_of([locked["digest"], options, versions(), sizes])
    output = begin(root, last=LAST, kind=KIND, key=key, overwrite=overwrite)
    remember(root, output.previous)

    schemas = {name: schema_of(f) for name, f in selection.features().items()}
    plan = plan_shards(
        resized_rows(selection, image_size),
        resized.members,
        schemas,
        root=root,
        max_shard_size=max_shard_size,
        versions=versions(),
        allow_broken=allow_broken,
    )
    written, told = write_shards(
        plan, executor, workers=workers, audit=resized.audit, progress=progress
    )
    planned, shards = without_empty(plan.shards, written)
    looked = told if image_size is None else resized.looked

    manifest = make_manifest(
        selection,
        lock=locked,
        key=key,
        options=options,
        sources=[*prepared.inputs, *describe_images(prepared.images, looked)],
        planned=planned,
        shards=shards,
        schemas=schemas,
        audit=selection.audit(looked),
        broken=looked.broken,
    )
    texts = {
        **selection.figures(looked, lambda name: read_any(members[name], cache)),
        **selection.small_files(),
        **selection.notes(),
        LOCK: to_json(locked),
        "README.md": render_card(manifest).encode(),
    }
    for name, data in texts.items():
        root.write(name, data)
    manifest = with_files(manifest, texts)
    finish(output, to_json(manifest), keep=set(manifest["files"]))
    return manifest


def _check_room(
    cache: Cache | None, root: Root, members: Mapping[str, Member], rows: Iterable[str]
) -> None:
    """Refuse what the disks of cache, if it is filled here, and output cannot take.

    `rows` names the image of each row; none, if they will be resized to who knows what.
    """
    needs: dict[str, int] = {}
    if cache:
        needs[str(cache.root)] = needed(members.values(), cache).bytes_to_keep
    if root.is_local:
        there = size_of_folder(root.path)  # of an earlier run, which this one goes on
        size = size_of_output(rows, members)
        needs[root.path] = max(0, size - there)
    check_room(needs)
