"""The whole way from a source to a finished folder, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.render import render_card
from builder.images.sizes import check_image_size
from builder.output.digests import digest_of, to_json
from builder.output.folder import Folder
from builder.output.limits import MAX_SHARD_SIZE, check_shard_size
from builder.output.manifest import describe_images, make_manifest, with_files
from builder.output.plan import plan_shards
from builder.output.records import KIND, LAST, LOCK
from builder.output.schema import schemas_of
from builder.output.shards import remember
from builder.output.state import begin, check_output, finish, refuse_other
from builder.output.versions import versions
from builder.pipeline.bring import reader
from builder.pipeline.disks import check_disks
from builder.pipeline.prepare import Request, prepare
from builder.pipeline.stages import check_resizing, settle
from builder.pipeline.work import working
from builder.pipeline.write import without_empty, write_shards

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from builder.selection.recipe import Recipe


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
        Name of a dataset; see `builder.datasets.registry`.
    out : path
        Folder to write, or an fsspec URL. It must be empty, or an earlier output.
    recipe : Recipe, optional
        What to draw; the dataset's own numbers, if not given.
    source : str, optional
        Folder or URL with one of the official layouts; the official server, if
        neither it nor all of `files` are given.
    files : dict of str to str, optional
        Single files that go before `source`, by the options of the dataset's inputs.
    cache_dir : path, optional
        Where fetched files are kept; the platform's cache folder, if not given.
    allow_hosts : sequence of str
        Hosts from which images may come by an address in their record.
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
    check_image_size(image_size)
    check_resizing(image_size, remote_workers=remote_workers)
    check_shard_size(max_shard_size)
    root = Folder(out)
    check_output(root, last=LAST, kind=KIND)
    request = Request(dataset, recipe, source, files or {}, allow_hosts, lock)
    options = {
        **({} if image_size is None else {"image_size": image_size}),
        "max_shard_size": max_shard_size,
        "allow_broken": allow_broken,
        "audit": audit,
    }
    with working(
        cache_dir,
        executor=executor,
        workers=workers,
        remote_workers=remote_workers,
        progress=progress,
    ) as work:
        prepared = prepare(request, work)
        asked = {"recipe": prepared.selection.recipe.as_dict(), "options": options}
        refuse_other(root, last=LAST, kind=KIND, asked=asked, overwrite=overwrite)
        located = prepared.locate(work)
        check_disks(prepared, located, work, root=root, image_size=image_size)
        settled = settle(
            prepared,
            request,
            located,
            work,
            image_size=image_size,
            decode=audit,
            digests=False,  # the shards tell them
            allow_broken=allow_broken,
        )

        sizes = [member.file_size for member in settled.originals]
        key = digest_of([settled.lock["digest"], options, versions(), sizes])
        output = begin(root, last=LAST, kind=KIND, key=key, overwrite=overwrite)
        remember(root, output.previous)

        splits = settled.selection.splits()
        schemas = schemas_of(splits)
        plan = plan_shards(
            splits,
            prepared.keys,
            settled.members,
            schemas,
            root=root,
            max_shard_size=max_shard_size,
            versions=versions(),
            sizes=prepared.sizes,
            allow_broken=allow_broken,
        )
        written, known = write_shards(plan, work, known=settled.known)
        planned, shards = without_empty(plan.shards, written)
        seen = known if image_size is None else settled.seen

        manifest = make_manifest(
            prepared.dataset.name,
            settled.selection,
            lock=settled.lock,
            key=key,
            options=options,
            sources=[*prepared.inputs, *describe_images(prepared.images, seen)],
            planned=planned,
            shards=shards,
            schemas=schemas,
            audit=settled.selection.audit(seen),
            broken=seen.broken,
        )
        card = prepared.dataset.card()
        texts = {
            **settled.selection.figures(seen, reader(settled.originals, work)),
            **settled.selection.small_tables(),
            LOCK: to_json(settled.lock),
            "README.md": render_card(manifest, card.prose, card.blocks).encode(),
        }
    for name, data in texts.items():
        root.write(name, data)
    manifest = with_files(manifest, texts)
    finish(output, to_json(manifest), keep=set(manifest["files"]))
    return manifest
