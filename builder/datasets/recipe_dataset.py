"""What datasets of all kinds have in common that a recipe describes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.datasets.base import Card
from builder.datasets.file_recipe import FileRecipe, about_of
from builder.datasets.licences import (
    NONE_STATED,
    OTHERS,
    UNOFFICIAL,
    licence_keys,
    stated_keys,
)
from builder.datasets.recipe_inputs import inputs_of, official_of, places_as_dicts
from builder.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import NoReturn

    from typing_extensions import Self

    from builder.datasets.inputs import Input, Official
    from builder.datasets.recipe_record import RecipeFile
    from builder.selection.contract import Selection


@dataclass(frozen=True)
class RecipeDataset:
    """A dataset that a recipe describes; its kinds add how it is selected and told.

    Attributes
    ----------
    file : RecipeFile
    home : str, optional
        Folder or URL that relative places start at, where no source is given.
    is_shipped : bool
        Whether the recipe came with the package, and with prose of its own.
    """

    file: RecipeFile
    home: str | None = None
    is_shipped: bool = False

    recipe = FileRecipe

    @property
    def name(self) -> str:
        """The name of the recipe."""
        return self.file.name

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The files and folders that the recipe names."""
        is_official = self.file.official is not None
        return inputs_of(places_as_dicts(self.file), official=is_official)

    @property
    def official(self) -> Official | None:
        """The source that the recipe comes from, if it names one."""
        return official_of(self.file)

    @property
    def default(self) -> FileRecipe:
        """The numbers of the recipe."""
        return FileRecipe(self.file, self.file.select.seed)

    @property
    def about(self) -> Mapping[str, Any]:
        """What a manifest records of the recipe besides its rule."""
        told = about_of(self.file)
        return {**told, "prose": self.name} if self.is_shipped else told

    def becomes(self, selection: Selection) -> Self:
        """Return this dataset: its selections are of no other."""
        del selection
        return self

    def card(self, manifest: Mapping[str, Any]) -> Card:
        """Return prose and blocks of the card: what the recipe says.

        Where it says it of an official source that this build is not made from, that
        is left out.
        """
        from builder.datasets.prose import (
            neutral_prose,
            of_another_source,
            of_licensed_images,
            shipped_prose,
        )

        front = self._stated(manifest)
        if self._is_of_another_source(manifest):
            prose = of_another_source(self.file, front)
        elif self.is_shipped:
            prose = shipped_prose(self.name)
        elif front:
            is_partial = NONE_STATED in manifest["licences"]
            prose = of_licensed_images(self.file, front, is_partial=is_partial)
        else:
            prose = neutral_prose(self.file)
        return Card(prose, self.blocks())

    def _stated(self, record: Mapping[str, Any]) -> dict[str, str]:
        """Return the licence in the YAML where it is not the recipe's but the images'.

        Of another source than the official one the recipe's says nothing.
        """
        counts = record.get("licences", {})  # of a table there are none
        if self._is_of_another_source(record):
            return licence_keys(counts)
        return stated_keys(counts, self.file.license_name or self.file.license)

    def _is_of_another_source(self, manifest: Mapping[str, Any]) -> bool:
        """Whether a build has other files than those that the recipe calls official."""
        official = self.official
        return official is not None and not official.is_source(manifest)

    def blocks(self) -> Mapping[str, Any]:
        """Return what fills the marked places of the card."""
        raise NotImplementedError

    def remarks(self, record: Mapping[str, Any]) -> list[str]:
        """Return that no licence is stated, or that the images state another one."""
        is_build = "sources" in record  # and no export, which has no card
        front = self._stated(record) if is_build else {}
        if is_build and self._is_of_another_source(record):
            return [] if front else [UNOFFICIAL]
        if self.file.license:
            own = self.file.license_name or self.file.license
            return [OTHERS.format(own)] if front else []
        if front:
            return []
        return [
            (
                "no licence is stated: the card says so, and push refuses it until the"
                " recipe has a key 'license', or the card on the Hub states one"
            )
        ]

    def demo(self, folder: Path) -> NoReturn:
        """Refuse: nothing can be drawn for a recipe."""
        del folder
        msg = f"{self.name}: a recipe has no drawn source: give one of the studies"
        raise UsageError(msg)
