"""What is made of the metadata of a source: a selection, and where its images are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from builder.output.schema import SplitRows
    from builder.pipeline.look import Audit
    from builder.selection.recipe import Recipe
    from builder.sources.image_stores import ImageStore
    from builder.sources.member import Member


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

        Group by group, in the order of their keys: by this order the images are
        numbered from here on.

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
