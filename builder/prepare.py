"""Read the metadata of a source and select: what all commands have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from builder.errors import UsageError
from builder.recipes import CocoRecipe, IsicRecipe
from builder.sources import ImageStore, TextFile, find_coco, find_isic, sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model import Member
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

    def facts(self) -> dict[str, Any]:
        """Return what the card says besides: sizes of the source, licences."""

    def draws_by_config(self) -> dict[str, dict[str, list[str]]]:
        """Return the images of each config's rows, in order."""

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


def prepare(
    dataset: str,
    recipe: Recipe | None = None,
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    digest: bool = True,
) -> Prepared:
    """Find the source of a dataset, read its metadata, and select.

    Parameters
    ----------
    dataset : str
        ``coco_stuff_trimmed`` or ``siim_isic_small``.
    recipe : CocoRecipe or IsicRecipe, optional
        The notebook's, if not given.
    source : str, optional
        Folder with one of the official layouts.
    files : dict of str to str, optional
        Files and folders that go before `source`: ``train_annotations``,
        ``train_images``, ``test_annotations`` and ``test_images``; or ``metadata``,
        ``images`` and ``duplicates``.
    digest : bool
        Whether to take the digests of the metadata files.

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
    if dataset == "coco_stuff_trimmed":
        if not isinstance(recipe, CocoRecipe | None):
            msg = f"{dataset} takes a CocoRecipe, not {recipe!r}"
            raise UsageError(msg)
        return _prepare_coco(recipe or CocoRecipe(), source, given, digest=digest)
    if not isinstance(recipe, IsicRecipe | None):
        msg = f"{dataset} takes an IsicRecipe, not {recipe!r}"
        raise UsageError(msg)
    return _prepare_isic(recipe or IsicRecipe(), source, given, digest=digest)


def _prepare_coco(
    recipe: CocoRecipe, source: str | None, files: Mapping[str, str], *, digest: bool
) -> Prepared:
    from builder.coco import read_table
    from builder.trim_coco import select_coco

    found = find_coco(source, **files)
    tables, inputs = {}, []
    for split, place in found.items():
        with place.annotations.open() as view:
            tables[split] = read_table(view, name=place.annotations.name)
            if digest:
                inputs.append(
                    _describe(f"{split} annotations", place.annotations, view)
                )
    folders = {split: place.images.name for split, place in found.items()}
    if len(set(folders.values())) < len(folders):
        folders = {split: split for split in folders}
    selection = select_coco(tables, folders, recipe)
    images = [
        ImageGroup(
            role=f"{split} images",
            store=place.images,
            keys=selection.keys(split, selection.union[split]),
            names=selection.files(split),
        )
        for split, place in found.items()
    ]
    return Prepared(selection, inputs, images)


def _prepare_isic(
    recipe: IsicRecipe, source: str | None, files: Mapping[str, str], *, digest: bool
) -> Prepared:
    from builder.isic import read_metadata
    from builder.trim_isic import select_isic

    found = find_isic(source, **files)
    inputs = []
    with found.metadata.open() as view:
        metadata = read_metadata(bytes(view), name=found.metadata.name)
        if digest:
            inputs.append(_describe("metadata", found.metadata, view))
    selection = select_isic(metadata, recipe, name=found.metadata.name)
    images = ImageGroup("images", found.images, selection.keys, selection.image_files)
    return Prepared(selection, inputs, [images])


def _describe(role: str, file: TextFile, view: memoryview) -> dict[str, Any]:
    return {
        "role": role,
        "name": file.name,
        "sha256": sha256(view),
        "bytes": len(view),
    }
