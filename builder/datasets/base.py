"""What a dataset is: one object of this form, which is all that the commands know."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from builder.selection.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from typing_extensions import Self

    from builder.datasets.files import Files
    from builder.datasets.inputs import Input, Official
    from builder.selection.contract import Selection

R = TypeVar("R", bound=Recipe)


@dataclass(frozen=True)
class Card:
    """What a dataset brings to the card of its builds.

    Attributes
    ----------
    prose : str
        The text that people wrote, YAML first, with marked places for the blocks.
    blocks : dict of str to callable
        What fills each place, from the manifest; None where the prose in it holds.
    """

    prose: str
    blocks: Mapping[str, Callable[[Mapping[str, Any]], str | None]]


@dataclass(frozen=True)
class DemoSource(Generic[R]):
    """A small drawn source, and what the demo draws from it.

    Attributes
    ----------
    source : Path
    recipe : Recipe
    configs : tuple of str
        Whose first row the demo shows.
    """

    source: Path
    recipe: R
    configs: tuple[str, ...] = field(default=("default",))


class Dataset(Protocol[R]):
    """All that is known of one dataset.

    Attributes
    ----------
    name : str
        On the command line, in manifest and lock, and of its folder.
    recipe : type of Recipe
        Its fields are the dataset's own options.
    inputs : tuple of Input
    official : Official or None
    has_urls : bool
        Whether its records may name the address of an image, for which hosts can be
        allowed.
    default : Recipe
        Its own numbers.
    home : str or None
        Folder or URL in which its inputs are looked for where no source is given, if
        that is not the official server.
    about : dict
        What a manifest records of it besides name and recipe.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def recipe(self) -> type[R]: ...  # noqa: D102
    @property
    def inputs(self) -> tuple[Input, ...]: ...  # noqa: D102
    @property
    def official(self) -> Official | None: ...  # noqa: D102
    @property
    def has_urls(self) -> bool: ...  # noqa: D102
    @property
    def default(self) -> R: ...  # noqa: D102
    @property
    def home(self) -> str | None: ...  # noqa: D102
    @property
    def about(self) -> Mapping[str, Any]: ...  # noqa: D102

    def select(self, files: Files, recipe: R) -> Selection:
        """Read the inputs and select; no image is looked at.

        Raises
        ------
        SourceError
            An input is not there, or what it says cannot be right.
        SelectionError
            The recipe does not fit the source.
        """

    def becomes(self, selection: Selection) -> Dataset[Any]:
        """Return the dataset that a selection turned out to be of: as a rule, this."""

    def card(self, manifest: Mapping[str, Any]) -> Card:
        """Return prose and blocks of the card of a build.

        What the prose says is true of the build: that of an official source is for
        builds whose manifest has the digests of one.
        """

    def remarks(self, record: Mapping[str, Any]) -> list[str]:
        """Return what a build or an export says besides, from its last file.

        Such as that a config could not be made, and why: a line each.
        """

    def demo(self, folder: Path) -> DemoSource[R]:
        """Draw a small source into a folder, and say what to draw from it."""


class UnofficialDataset:
    """What a dataset need not say that has no official source.

    Nor do its records name addresses, and there is nothing to remark of its builds.
    """

    official = None
    has_urls = False
    home = None
    about: Mapping[str, Any] = MappingProxyType({})
    recipe: type[Recipe]

    @property
    def default(self) -> Any:
        """The recipe without any option."""
        return self.recipe()

    def becomes(self, selection: Selection) -> Self:
        """Return this dataset."""
        del selection
        return self

    def remarks(self, record: Mapping[str, Any]) -> list[str]:
        """Return nothing."""
        del record
        return []
