"""The whole way from a source to a finished folder, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from builder.card.render import render_card
from builder.images.sizes import check_image_size
from builder.limits import LIMITS, Limits
from builder.output.digests import digest_of, to_json
from builder.output.example import example_of
from builder.output.folder import Folder
from builder.output.hold import holding
from builder.output.image_digests import digests_of, write_digests
from builder.output.limits import MAX_SHARD_SIZE, check_shard_size
from builder.output.manifest import describe_images, make_manifest, with_files
from builder.output.plan import plan_shards
from builder.output.records import DIGESTS, KIND, LAST, LOCK
from builder.output.schema import schemas_of
from builder.output.shards import remember
from builder.output.state import begin, check_output, finish, refuse_other
from builder.output.versions import versions
from builder.pipeline.bring import reader
from builder.pipeline.disks import check_disks
from builder.pipeline.locate import locate, present_rows
from builder.pipeline.notes import notes_of, notes_of_audit
from builder.pipeline.prepare import Request, prepare
from builder.pipeline.stages import check_resizing, settle
from builder.pipeline.work import working
from builder.pipeline.write import without_empty, write_shards
from builder.sources.members import Members

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
    follow_links: bool = False,
    executor: Executor | None = None,
    workers: int = 1,
    remote_workers: bool = False,
    image_size: int | None = None,
    max_shard_size: int = MAX_SHARD_SIZE,
    lock: str | os.PathLike[str] | None = None,
    audit: bool = True,
    allow_broken: bool = False,
    skip_missing: bool = False,
    overwrite: bool = False,
    limits: Limits = LIMITS,
    progress: Callable[[str, int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
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
    follow_links : bool
        Read what links in the source lead to outside of it, as on another disk.
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
        A selection.json; stop unless exactly that selection comes out, of the very
        images of the images.sha256 beside it, if it is there.
    audit : bool
        Decode every image: find near duplicates and those that only look whole.
    allow_broken : bool
        Leave rows with broken images out instead of stopping.
    skip_missing : bool
        Leave rows out whose images are nowhere instead of stopping.
    overwrite : bool
        Replace a finished build of other options.
    limits : Limits
        What the source may ask of this machine.
    progress : callable, optional
        Called with a stage (``metadata``, ``fetch``, ``look``, ``resize``, ``write``),
        how much of it was done just now, and how much it is in all (bytes, bytes,
        images, images, rows).
    say : callable, optional
        Called with what is worth knowing before anything is written, a line each.

    Raises
    ------
    TrimsetError
        One of its subclasses, with what to do about it.
    """
    check_image_size(image_size)
    check_resizing(image_size, remote_workers=remote_workers)
    check_shard_size(max_shard_size)
    root = Folder(out)
    request = Request(
        dataset, recipe, source, files or {}, allow_hosts, lock, follow_links
    )
    options = {
        **({} if image_size is None else {"image_size": image_size}),
        "max_shard_size": max_shard_size,
        "allow_broken": allow_broken,
        "audit": audit,
        **limits.of_images(),
    }
    with (
        holding(root, say),
        working(
            cache_dir,
            executor=executor,
            workers=workers,
            remote_workers=remote_workers,
            limits=limits,
            progress=progress,
            say=say,
        ) as work,
    ):
        check_output(root, last=LAST, kind=KIND)
        prepared = prepare(request, work)
        asked = {"recipe": prepared.selection.recipe.as_dict(), "options": options}
        refuse_other(root, last=LAST, kind=KIND, asked=asked, overwrite=overwrite)
        located = locate(
            prepared.images, work, skip_missing=skip_missing, allow_broken=allow_broken
        )
        located.tell(work)
        for line in notes_of(prepared.selection, located.members):
            work.say(line)
        check_disks(prepared, located.members, work, root=root, image_size=image_size)
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

        sizes = Members.of(settled.originals).file_sizes.tolist()
        decided = [settled.lock["digest"], options, versions(), sizes]
        key = digest_of([*decided, *settled.skipped])
        output = begin(root, last=LAST, kind=KIND, key=key, overwrite=overwrite)
        remember(root, output.previous)

        splits = present_rows(settled.selection.splits(), located.missing)
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
            limits=limits,
        )
        written, known = write_shards(plan, work, known=settled.known)
        planned, shards = without_empty(plan.shards, written)
        seen = known if image_size is None else settled.seen

        audited = settled.selection.audit(seen)
        for line in notes_of_audit(audited):
            work.say(line)
        # What the images and the audit took: the figures need some, too.
        pa.default_memory_pool().release_unused()
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
            audit=audited,
            broken=seen.broken,
            about=prepared.dataset.about,
            missing=seen.missing,
            located=located.ways,
            example=example_of(splits, seen),
        )
        card = prepared.dataset.card(manifest)
        texts = {
            **settled.selection.figures(
                seen, reader(settled.originals, work, seen.facts)
            ),
            **settled.selection.small_tables(),
            LOCK: to_json(settled.lock),
            DIGESTS: write_digests(digests_of(seen)),
            "README.md": render_card(manifest, card.prose, card.blocks).encode(),
        }
        for name, data in texts.items():
            root.write(name, data)
        manifest = with_files(manifest, texts)
        finish(output, to_json(manifest), keep=set(manifest["files"]))
        return manifest
