"""Read the metadata of a source and select; then bring what was selected."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import FetchError, UsageError
from builder.output.lock import check_lock
from builder.output.manifest import make_lock
from builder.selection.recipe import CocoRecipe, IsicRecipe
from builder.sources.cache import Cache
from builder.sources.fetch import fetch, needed
from builder.sources.urls import is_remote, shown

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from builder.selection.contract import Prepared
    from builder.selection.recipe import Recipe
    from builder.sources.member import Member

# What may be given besides, or instead of, a whole source.
_FILES = {
    "coco_stuff_trimmed": {
        "train_annotations", "train_images", "test_annotations", "test_images"
    },
    "siim_isic_small": {"metadata", "images", "duplicates"},
}  # fmt: skip


def prepare(
    dataset: str,
    recipe: Recipe | None = None,
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    cache: Cache | None = None,
    allow_hosts: Sequence[str] = (),
    digest: bool = True,
    lock: str | os.PathLike[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Prepared:
    """Find the source of a dataset, read its metadata, and select.

    Parameters
    ----------
    dataset : str
        ``coco_stuff_trimmed`` or ``siim_isic_small``.
    recipe : CocoRecipe or IsicRecipe, optional
        The notebook's, if not given.
    source : str, optional
        Folder or URL with one of the official layouts; the official server, if
        neither it nor all of `files` are given.
    files : dict of str to str, optional
        Files and folders that go before `source`: ``train_annotations``,
        ``train_images``, ``test_annotations`` and ``test_images``; or ``metadata``,
        ``images`` and ``duplicates``.
    cache : Cache, optional
        Where remote files are kept; in the platform's cache folder, if not given.
    allow_hosts : sequence of str
        Hosts from which images may come by their ``coco_url``, besides that of
        `source`, where there is neither a folder nor a zip of images.
    digest : bool
        Whether to take the digests of the metadata files; with a `lock` they are
        always taken.
    lock : path, optional
        A selection.json; stop unless this is the selection, as far as it is known
        before any image is.
    progress : callable, optional
        Called with ``metadata``, the bytes of remote metadata that just came, and
        how many there are in all.

    Raises
    ------
    UsageError
        The dataset or one of `files` is unknown.
    SourceError
        The source is not there, or contradicts itself.
    SelectionError
        The recipe does not fit the source, or the selection is not that of `lock`.
    """
    if dataset not in _FILES:
        msg = f"dataset {dataset!r}: expected one of {', '.join(_FILES)}"
        raise UsageError(msg)
    given = {name: path for name, path in (files or {}).items() if path}
    unknown = sorted(set(given) - _FILES[dataset])
    if unknown:
        msg = f"{dataset} has no {unknown[0]!r}, only {sorted(_FILES[dataset])}"
        raise UsageError(msg)
    cache = cache or Cache()
    digest = digest or lock is not None
    # Each imports what reads its metadata, which the other does without.
    if dataset == "coco_stuff_trimmed":
        from builder.datasets.coco.source import prepare_coco

        if not isinstance(recipe, CocoRecipe | None):
            msg = f"{dataset} takes a CocoRecipe, not {recipe!r}"
            raise UsageError(msg)
        prepared = prepare_coco(
            recipe or CocoRecipe(),
            source=source,
            files=given,
            cache=cache,
            allow_hosts=allow_hosts,
            digest=digest,
            progress=progress,
        )
    else:
        from builder.datasets.isic.source import prepare_isic

        if not isinstance(recipe, IsicRecipe | None):
            msg = f"{dataset} takes an IsicRecipe, not {recipe!r}"
            raise UsageError(msg)
        prepared = prepare_isic(
            recipe or IsicRecipe(),
            source=source,
            files=given,
            cache=cache,
            digest=digest,
            progress=progress,
        )
    if lock is not None:
        found = make_lock(prepared.selection, prepared.inputs)
        # A patient split is only known once the images were looked at.
        check_lock(lock, found, draws=not prepared.selection.needs_digests)
    return prepared


def bring(
    members: Mapping[str, Member],
    cache: Cache,
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Member]:
    """Return the members as local files, the remote ones fetched into the cache.

    Raises
    ------
    SourceError, OutputError
        As `builder.sources.fetch.fetch`.
    """
    wanted = list(members.values())
    report = None
    if progress:
        total = needed(wanted, cache).bytes_to_fetch
        report = partial(_report_fetch, progress, total)
    found = fetch(wanted, cache=cache, progress=report)
    return dict(zip(members, found, strict=True))


def for_workers(members: Mapping[str, Member]) -> dict[str, Member]:
    """Return the members as workers in other folders and on other machines find them.

    Raises
    ------
    FetchError
        A server does not tell the size of an image, by which the shards are cut.
    """
    for member in members.values():
        if member.file_size < 0:
            msg = (
                f"{shown(member.url)}: its server does not tell its size, which a"
                " cluster must know beforehand: build without --scheduler"
            )
            raise FetchError(msg)
    return {
        name: member
        if is_remote(member.url)
        else replace(member, url=str(Path(member.url).absolute()))
        for name, member in members.items()
    }


def _report_fetch(
    progress: Callable[[str, int, int], None], total: int, moved: int
) -> None:
    progress("fetch", moved, total)
