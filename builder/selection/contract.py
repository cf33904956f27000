"""What was selected, in the words that all rooms share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from typing_extensions import Self

    from builder.images.facts import Seen
    from builder.selection.recipe import Recipe
    from builder.sources.image_stores import ImageStore


def _none() -> NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class ImageGroup:
    """Selected images that lie together.

    All groups of a selection, one after the other, number its images from 0 on.

    Attributes
    ----------
    role : str
        Such as ``train images``.
    store : ImageStore
    keys, names, ids : sequence of str, length n
        Key of each image in manifest, card and export; its name in the store; and
        what the lock calls it.
    sizes : ndarray of int32, shape (n, 2), optional
        Width and height that the source states for each; 0 where it does not.
    is_measured : bool
        Whether the rows tell the size of each as it is shown, for which the images are
        read before any row is made; else they tell what the source states.
    hints : sequence of str or None, length n, optional
        Another address of each image, such as its URL, by whose end it may be found
        where it is not there as named.
    """

    role: str
    store: ImageStore
    keys: Sequence[str]
    names: Sequence[str]
    ids: Sequence[str]
    sizes: NDArray[np.int32] | None = None
    is_measured: bool = False
    hints: Sequence[str | None] | None = None


@dataclass(frozen=True)
class SplitRows:
    """The rows of one split of one config, all but the image bytes.

    Attributes
    ----------
    config, split : str
    images : ndarray of int64, shape (n,)
        Number of the image that each row shows.
    make_columns : callable
        Makes `columns` when they are first asked for: a plan never does.
    make_features : callable
        Makes `features`, likewise.
    is_whole : bool
        Whether the splits of this config hold every selected image once, or all but
        some that others show besides. They are written first, and what is learned of
        the images serves the others.
    shared : tuple of (str, str, int, int)
        Parts that are splits of another config, which lists the same files: its
        name, the split, and the half-open range of rows.
    left_out : ndarray of int64
        Images that were drawn after these and are known to be broken: they are in the
        lock, but in no file.
    """

    config: str
    split: str
    images: NDArray[np.int64]
    make_columns: Callable[[], Mapping[str, Any]]
    make_features: Callable[[], Any]
    is_whole: bool = False
    shared: tuple[tuple[str, str, int, int], ...] = ()
    left_out: NDArray[np.int64] = field(default_factory=_none)

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def columns(self) -> Mapping[str, Any]:
        """Every column but ``image``, in row order: a list or an array each.

        Of NumPy or of Arrow.
        """
        return self.make_columns()

    @cached_property
    def features(self) -> Any:
        """The `datasets.Features` of the config, and of those that share its files."""
        return self.make_features()

    def draws(self) -> Iterator[tuple[str, str, NDArray[np.int64]]]:
        """Yield config, split and images of this split and of those it is shared by."""
        yield self.config, self.split, np.concatenate([self.images, self.left_out])
        for config, split, start, stop in self.shared:
            yield config, split, self.images[start:stop]


@dataclass(frozen=True)
class Export:
    """What an export holds besides the images.

    Attributes
    ----------
    files : dict of str to bytes
        By name.
    record : dict
        What trimset.json says besides, for the dataset script.
    """

    files: Mapping[str, bytes]
    record: Mapping[str, Any]


class Selection(Protocol):
    """What was selected from a source.

    A new dataset brings a class of this form; all that is done with it is done by
    `builder.pipeline`, `builder.output` and `builder.card`, which know no more of it.
    `SettledSelection` says what most need not say.
    """

    @property
    def rule(self) -> str:
        """The rule in words."""

    @property
    def recipe(self) -> Recipe:
        """The numbers of the rule."""

    @property
    def is_settled(self) -> bool:
        """Whether every row is known; if not, the images have to be seen first."""

    def images(self) -> Sequence[ImageGroup]:
        """Return the selected images, each once."""

    def settle(self, seen: Seen) -> Selection:
        """Return the selection as it is once the images were seen.

        Only where that is needed are the images read before; see `is_settled`.
        """

    def splits(self) -> Sequence[SplitRows]:
        """Return the rows of every config and split that has files of its own."""

    def told(self) -> Mapping[str, Any]:
        """Return what manifest and card say of it: ``feasibility`` at least.

        ``feasibility`` lists what was available and what was taken, a dict each.
        """

    def audit(self, seen: Seen) -> Mapping[str, Any]:
        """Return what the audit says, as plain data."""

    def figures(self, seen: Seen, read: Callable[[int], bytes]) -> Mapping[str, bytes]:
        """Return the figures of the card by file name.

        `read` gives the bytes of an image by its number.
        """

    def small_tables(self) -> Mapping[str, bytes]:
        """Return the small tables that lie in a build, by file name."""

    def export(self) -> Export:
        """Return what an export holds besides the images."""


class SettledSelection:
    """What a selection need not say for itself that is settled by its metadata.

    It has no figures and no tables besides, and an export of it holds its images.
    """

    is_settled = True

    def settle(self, seen: Seen) -> Self:
        """Return the same selection."""
        del seen
        return self

    def figures(self, seen: Seen, read: Callable[[int], bytes]) -> Mapping[str, bytes]:
        """Return none."""
        del seen, read
        return {}

    def small_tables(self) -> Mapping[str, bytes]:
        """Return none."""
        return {}

    def export(self) -> Export:
        """Return nothing besides the images."""
        return Export({}, {})


def draws_of(selection: Selection) -> dict[str, dict[str, list[str]]]:
    """Return what the lock calls the images of each config's rows, in order."""
    ids = [name for group in selection.images() for name in group.ids]
    draws: dict[str, dict[str, list[str]]] = {}
    for rows in selection.splits():
        for config, split, images in rows.draws():
            named = [ids[image] for image in images.tolist()]
            draws.setdefault(config, {})[split] = named
    return draws


def sizes_of(groups: Sequence[ImageGroup]) -> NDArray[np.int32] | None:
    """Return the stated width and height of each image, int32[n, 2].

    None where no source states any; 0 by 0 where only others do.
    """
    if all(group.sizes is None for group in groups):
        return None
    return np.concatenate(
        [
            np.zeros((len(group.keys), 2), np.int32)
            if group.sizes is None
            else group.sizes
            for group in groups
        ]
    )
