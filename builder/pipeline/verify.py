"""Re-read a build folder, and say everything that is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from builder.datasets import registry
from builder.datasets.shipped import ENDING
from builder.errors import UsageError, VerifyError
from builder.limits import LIMITS, MAX_CARD, MAX_RECORD, Limits
from builder.output.build import read_lock
from builder.output.check import check_build, foreign_files, read_finished
from builder.output.folder import Folder
from builder.output.lock import without_address
from builder.output.records import DIGESTS, LAST, LOCK, README
from builder.pipeline.prepare import Request
from builder.pipeline.replay import replay
from builder.pipeline.verify_card import check_card, is_flipped, look_at_edits
from builder.pipeline.verify_images import check_images, limits_of
from builder.pipeline.verify_shard import check_shard
from builder.pipeline.work import working
from builder.selection.names import plain_name, unsafe_reason

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from builder.datasets.base import Dataset
    from builder.output.records import Lock, Manifest
    from builder.selection.recipe import Recipe


_SHOWN = 60  # characters of a place in a message
# What Arrow raises, and what is raised for what nobody would write.


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
    edited : tuple of str
        What somebody changed in the card; no fault.
    foreign : tuple of str
        Files of a copy of a repo that somebody else put there; no fault.
    repo_id : str
        Where the build was pushed to, if it was.
    """

    files: int
    rows: int
    replayed: bool
    faults: tuple[str, ...]
    edited: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    repo_id: str = ""


def verify(
    folder: str | os.PathLike[str],
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    allow_hosts: Sequence[str] = (),
    follow_links: bool = False,
    executor: Executor | None = None,
    workers: int = 1,
    limits: Limits = LIMITS,
    progress: Callable[[str, int, int], None] | None = None,
) -> VerifyReport:
    """Check a build folder against its manifest, and against its source if given.

    Parameters
    ----------
    folder : path
        Of a build.
    source : str, optional
        Folder or URL with the files that the recipe of the build names, or that recipe
        itself: the selection is replayed from it, and every row and image is compared.
    files, cache_dir, allow_hosts, follow_links, progress
        As in `builder.pipeline.build.build`.
    executor : concurrent.futures.Executor, optional
        Where the images of the source are looked at; here, if not given.
    workers : int
        How many tasks the executor runs at a time.
    limits : Limits
        What the source may ask of this machine.

    Raises
    ------
    VerifyError
        There is no finished build to check, or it was built within wider limits than
        these, with which its source would be read.
    OutputError
        A link in the folder leads out of it, or a pipe or such lies there.
    """
    root = Folder(folder)
    manifest = read_finished(root, VerifyError)
    foreign = foreign_files(root, manifest)
    faults = list(check_build(root, manifest, foreign=foreign))
    if not manifest.is_intact:
        return VerifyReport(1, 0, replayed=False, faults=tuple(faults))
    dataset, recipe = _recorded(root, manifest)
    damaged = {fault.split(":", 1)[0] for fault in faults}
    shards = {
        name: entry
        for name, entry in manifest.files.items()
        if name.endswith(".parquet") and name not in damaged
    }
    held: set[tuple[str, str]] = set()
    before = len(faults)
    for name, entry in shards.items():
        faults += check_shard(root, name, entry, manifest, held)
    if DIGESTS in manifest.files and DIGESTS not in damaged:
        number = sum(name.endswith(".parquet") for name in manifest.files)
        whole = len(shards) == number and len(faults) == before
        faults += check_images(root, manifest, held, whole=whole)
    lock = None
    if LOCK not in damaged:
        try:
            lock = read_lock(
                root.read(LOCK, MAX_RECORD) or b"", where=LOCK, error=VerifyError
            )
        except VerifyError as err:
            faults.append(str(err))
        else:
            faults += _check_lock(lock, manifest)
    card = root.read(README, MAX_CARD)
    edited: tuple[str, ...] = ()
    if README not in damaged:
        faults += check_card(card or b"", manifest, dataset)
    elif card is not None and not is_flipped(card, manifest, dataset):
        faults = [fault for fault in faults if not fault.startswith(f"{README}: ")]
        found, edited = look_at_edits(card, manifest, dataset)
        faults += [f"{README}: {fault}" for fault in found]
    replayed = False
    if lock and (source or files):
        replayed = True
        if source and source.endswith(ENDING):
            dataset, source = _named(source, manifest, recipe)
        else:
            _check_places(dataset, source, files or {})
        request = Request(
            dataset,
            recipe,
            source,
            files or {},
            allow_hosts,
            follow_links=follow_links,
        )
        with working(
            cache_dir,
            executor=executor,
            workers=workers,
            limits=limits_of(root, manifest, limits),
            progress=progress,
        ) as work:
            faults += replay(root, manifest.content, lock.content, request, work)
    rows = sum(entry.rows or 0 for entry in shards.values())
    number = len(manifest.files) + 1
    return VerifyReport(
        number, rows, replayed, tuple(faults), edited, foreign, manifest.repo_id
    )


def _recorded(root: Folder, manifest: Manifest) -> tuple[Dataset[Any], Recipe]:
    """Return the dataset and the recipe of a build, as its manifest records them."""
    try:
        return registry.recorded(manifest.dataset, manifest.recipe, manifest.about)
    except UsageError as err:
        msg = f"{root.url}: {LAST}: {err}: use the version of trimset that wrote it"
        raise VerifyError(msg) from err


def _check_places(
    dataset: Dataset[Any], source: str | None, files: Mapping[str, str]
) -> None:
    """Raise VerifyError where only the manifest says what is to be opened.

    It may come from anybody, so that its recipe names files below the source, and
    neither others nor a server.
    """
    left = [
        entry
        for entry in dataset.inputs
        if entry.option not in files and (source or entry.needed)
    ]
    if source is None and left and not _is_known(dataset):
        msg = (
            f"{LAST}: expected all files of the recipe {dataset.name}, found none for"
            f" {left[0].role}: give the folder of its files as --source"
        )
        raise VerifyError(msg)
    for entry in left:
        for place in entry.places:
            name = plain_name(place.partition("::")[0]).rstrip("/").removeprefix("./")
            reason = unsafe_reason(name) if name not in ("", ".") else None
            if reason:
                msg = (
                    f"{LAST}: expected a place of {entry.role} below the source, found"
                    f" one that {reason} ({place[:_SHOWN]!r}): give its recipe as"
                    " --source, or the files by their options"
                )
                raise VerifyError(msg)


def _is_known(dataset: Dataset[Any]) -> bool:
    """Whether the server that a dataset names is that of one known by this name."""
    name = dataset.name
    return name in registry.names() and registry.get(name).official == dataset.official


def _named(
    source: str, manifest: Manifest, recipe: Recipe
) -> tuple[Dataset[Any], str | None]:
    """Return the dataset of a recipe file, and where its files lie.

    Raises
    ------
    VerifyError
        The build is of another recipe.
    """
    dataset = registry.get(source)
    theirs, ours = recipe.as_dict(), dataset.default.as_dict()
    if dataset.name != manifest.dataset or theirs != {**ours, "seed": theirs["seed"]}:
        msg = (
            f"{source}: expected the recipe of the build, {manifest.dataset}, found"
            f" {dataset.name} with another rule: give the folder of its files"
            " as --source"
        )
        raise VerifyError(msg)
    return dataset, dataset.home


def _check_lock(lock: Lock, manifest: Manifest) -> Iterator[str]:
    if not lock.is_intact:
        yield f"{LOCK}: its digest is not that of its content"
    if lock.digest != manifest.selection:
        yield f"{LOCK}: is not the selection that the manifest names"
    for name in ("dataset", "recipe"):
        if lock.content[name] != manifest.content[name]:
            yield f"{LOCK}: its {name} is not that of the manifest"
    sources = [without_address(entry) for entry in manifest.content["sources"]]
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
    """Return the broken images, and those that were nowhere, as the draws name them.

    That is by their keys, or, where a dataset names its images without folder and
    ending, by these names: then the draws hold none of the keys.
    """
    broken = {entry.image for entry in manifest.broken} | set(manifest.missing)
    drawn: set[str] = set()
    for splits in lock.draws.values():
        drawn.update(*splits.values())
    return broken if broken <= drawn else {PurePosixPath(key).stem for key in broken}
