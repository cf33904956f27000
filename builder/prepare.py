"""Read the metadata of a source and select: what all commands have in common."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from builder.cache import Cache
from builder.errors import FetchError, SourceError, UsageError
from builder.fetch import fetch, needed
from builder.image_stores import CocoUrlImages, UrlFolderImages
from builder.recipes import CocoRecipe, IsicRecipe
from builder.sources import OFFICIAL, TextFile, find_coco, find_isic, sha256
from builder.urls import host_of, is_remote, local_path, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from builder.audit import Audit
    from builder.coco import CocoTable
    from builder.image_stores import ImageStore
    from builder.model import Member
    from builder.sources import CocoSplit
    from builder.tables import SplitRows

DATASETS = ("coco_stuff_trimmed", "siim_isic_small")
Recipe = CocoRecipe | IsicRecipe


class Selection(Protocol):
    """What was selected from a source; see `trim_coco` and `trim_isic`."""

    @property
    def dataset(self) -> str:
        """Name of the dataset."""

    @property
    def rule(self) -> str:
        """The rule in words."""

    @property
    def recipe(self) -> Recipe:
        """The numbers of the rule."""

    def feasibility(self) -> list[dict[str, Any]]:
        """Return what was available and what was taken."""

    @property
    def needs_digests(self) -> bool:
        """Whether the images must be known before the rows can be."""

    def with_audit(self, audit: Audit) -> Selection:
        """Return the selection as it is once the images are known."""

    def stated_sizes(self) -> dict[str, tuple[int, int]]:
        """Return width and height that the source states, by key."""

    def audit(self, audit: Audit) -> dict[str, Any]:
        """Return what the audit says, as plain data."""

    def figures(self, audit: Audit, read: Callable[[str], bytes]) -> dict[str, bytes]:
        """Return the figures of the card, by file name."""

    def facts(self) -> dict[str, Any]:
        """Return what the card says besides: sizes of the source, licences."""

    def draws_by_config(self) -> dict[str, dict[str, list[str]]]:
        """Return the images of each config's rows, in order."""

    def images_written(self) -> Iterable[str]:
        """Return the key of the image of every row that gets written."""

    def small_files(self) -> dict[str, bytes]:
        """Return the notebook's own tables by file name."""

    def notes(self) -> dict[str, bytes]:
        """Return what else lies in a build, by file name."""

    def export_files(self) -> dict[str, bytes]:
        """Return what an export holds besides tables and images."""

    def export_record(self) -> dict[str, Any]:
        """Return what the dataset script needs besides the notebook's files."""

    def features(self) -> dict[str, Any]:
        """Return the `datasets.Features` of each config."""

    def rows(self) -> list[SplitRows]:
        """Return the rows of every config and split that has files of its own."""


@dataclass(frozen=True)
class ImageGroup:
    """Selected images that lie together.

    Attributes
    ----------
    role : str
        Such as ``train images``.
    store : ImageStore
    keys, names : list of str
        Key of each image, and its name in the store.
    """

    role: str
    store: ImageStore
    keys: list[str]
    names: list[str]


@dataclass(frozen=True)
class Prepared:
    """A selection, and what it was made from.

    Attributes
    ----------
    selection : Selection
    inputs : list of dict
        Role, name, sha256 and bytes of each metadata file; empty if not asked for.
    images : list of ImageGroup
    """

    selection: Selection
    inputs: list[dict[str, Any]]
    images: list[ImageGroup]

    def locate(self) -> dict[str, Member]:
        """Return where each selected image lies, by its key.

        Raises
        ------
        SourceError
            Images are missing, or an archive cannot be read.
        """
        members: dict[str, Member] = {}
        for group in self.images:
            found = group.store.locate(group.names)
            members.update(zip(group.keys, found, strict=True))
        return members


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
        As `builder.fetch.fetch`.
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


def prepare(
    dataset: str,
    recipe: Recipe | None = None,
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    cache: Cache | None = None,
    allow_hosts: Sequence[str] = (),
    digest: bool = True,
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
        Whether to take the digests of the metadata files.
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
        The recipe does not fit the source.
    """
    known = {
        "coco_stuff_trimmed": {
            "train_annotations", "train_images", "test_annotations", "test_images"
        },
        "siim_isic_small": {"metadata", "images", "duplicates"},
    }  # fmt: skip
    if dataset not in known:
        msg = f"dataset {dataset!r}: expected one of {', '.join(DATASETS)}"
        raise UsageError(msg)
    given = {name: path for name, path in (files or {}).items() if path}
    unknown = sorted(set(given) - known[dataset])
    if unknown:
        msg = f"{dataset} has no {unknown[0]!r}, only {sorted(known[dataset])}"
        raise UsageError(msg)
    cache = cache or Cache()
    if dataset == "coco_stuff_trimmed":
        if not isinstance(recipe, CocoRecipe | None):
            msg = f"{dataset} takes a CocoRecipe, not {recipe!r}"
            raise UsageError(msg)
        found = find_coco(source, **given)
        base = source or OFFICIAL[dataset]
        tables, inputs = _read_tables(found, cache, progress, digest=digest)
        stores = {
            split: place.images or _find_by_url(base, place, tables[split], allow_hosts)
            for split, place in found.items()
        }
        return _select_coco(recipe or CocoRecipe(), tables, stores, inputs)
    if not isinstance(recipe, IsicRecipe | None):
        msg = f"{dataset} takes an IsicRecipe, not {recipe!r}"
        raise UsageError(msg)
    return _prepare_isic(
        recipe or IsicRecipe(), source, given, cache, progress, digest=digest
    )


def _read_tables(
    found: Mapping[str, CocoSplit],
    cache: Cache,
    progress: Callable[[str, int, int], None] | None,
    *,
    digest: bool,
) -> tuple[dict[str, CocoTable], list[dict[str, Any]]]:
    from builder.coco import read_table

    tables, inputs = {}, []
    for split, place in found.items():
        role = f"{split} annotations"
        with (
            place.annotations.open(cache, progress) as view,
            ThreadPoolExecutor(1) as pool,  # hashing leaves the interpreter free
        ):
            if digest:
                described = pool.submit(_describe, role, place.annotations, view)
            tables[split] = read_table(view, name=place.annotations.name)
            if digest:
                inputs.append(described.result())
    return tables, inputs


def _find_by_url(
    base: str, place: CocoSplit, table: CocoTable, allow_hosts: Sequence[str]
) -> ImageStore:
    """Return where images without folder or zip are: below the source, or anywhere."""
    is_remote = local_path(base) is None
    folder = UrlFolderImages((f"{base.rstrip('/')}/{place.official}",), place.official)
    if is_remote and table.images and folder.has(table.images[0].file_name):
        return folder
    hosts = (*((host_of(base),) if is_remote else ()), *allow_hosts)
    first = table.images[0].coco_url if table.images else None
    if not allow_hosts and not (first and host_of(first) in hosts):
        msg = (
            f"{shown(base)}: expected {place.official}/, {place.official}.zip or"
            f" zips/{place.official}.zip, found none of them: check --source, or get"
            " each image from its coco_url with --allow-host images.cocodataset.org"
        )
        raise SourceError(msg)
    urls = {image.file_name: image.coco_url for image in table.images}
    return CocoUrlImages(place.official, urls, hosts)


def _select_coco(
    recipe: CocoRecipe,
    tables: Mapping[str, CocoTable],
    stores: Mapping[str, ImageStore],
    inputs: list[dict[str, Any]],
) -> Prepared:
    from builder.trim_coco import select_coco

    folders = {split: store.name for split, store in stores.items()}
    selection = select_coco(tables, folders, recipe)
    images = [
        ImageGroup(
            role=f"{split} images",
            store=store,
            keys=selection.keys(split, selection.union[split]),
            names=selection.files(split),
        )
        for split, store in stores.items()
    ]
    return Prepared(selection, inputs, images)


def _prepare_isic(
    recipe: IsicRecipe,
    source: str | None,
    files: Mapping[str, str],
    cache: Cache,
    progress: Callable[[str, int, int], None] | None,
    *,
    digest: bool,
) -> Prepared:
    from builder.isic import read_duplicates, read_metadata
    from builder.trim_isic import select_isic

    found = find_isic(source, **files)
    inputs = []
    with found.metadata.open(cache, progress) as view:
        metadata = read_metadata(bytes(view), name=found.metadata.name)
        if digest:
            inputs.append(_describe("metadata", found.metadata, view))
    pairs = None
    if found.duplicates:
        with found.duplicates.open(cache, progress) as view:
            pairs = read_duplicates(bytes(view), name=found.duplicates.name)
            if digest:
                role = "official duplicates"
                inputs.append(_describe(role, found.duplicates, view))
    selection = select_isic(
        metadata, recipe, name=found.metadata.name, official_duplicates=pairs
    )
    images = ImageGroup("images", found.images, selection.keys, selection.image_files)
    return Prepared(selection, inputs, [images])


def _describe(role: str, file: TextFile, view: memoryview) -> dict[str, Any]:
    return {
        "role": role,
        "name": file.name,
        "sha256": sha256(view),
        "bytes": len(view),
        **({"url": file.url} if file.url else {}),
    }
