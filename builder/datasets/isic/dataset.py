"""SIIM-ISIC 2020 as a `Dataset`: its inputs, and how it is selected, told and drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from builder.datasets.base import DemoSource
from builder.datasets.isic.recipe import IsicRecipe
from builder.datasets.recipe_inputs import inputs_of, places_as_dicts
from builder.datasets.shipped import shipped_recipe, shipped_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from builder.datasets.base import Card
    from builder.datasets.files import Files
    from builder.datasets.inputs import Input, Official
    from builder.datasets.isic.selection import IsicSelection
    from builder.datasets.recipe_record import RecipeFile
    from builder.selection.contract import Selection


@dataclass(frozen=True)
class Isic:
    """SIIM-ISIC 2020, trimmed to slices of its sorted rows.

    Attributes
    ----------
    given : RecipeFile, optional
        Its recipe, if that is not the one that comes with the package.
    """

    given: RecipeFile | None = None
    recipe: type[IsicRecipe] = IsicRecipe
    has_urls: bool = False
    home: str | None = None

    name: ClassVar[str] = "siim_isic_small"

    @property
    def file(self) -> RecipeFile:
        """Its recipe, with the places of the official layouts."""
        return self.given or shipped_recipe(self.name)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The files and folders that the recipe names, each in one of its places."""
        parts = places_as_dicts(self.given or shipped_table(self.name))
        entries = inputs_of(parts, joined=False, official=True)
        return tuple(
            replace(entry, name="images") if entry.kind == "images" else entry
            for entry in entries
        )

    @property
    def official(self) -> Official | None:
        """The official server, and the digest of its metadata."""
        from builder.datasets.recipe_inputs import official_of

        return official_of(self.file)

    @property
    def default(self) -> IsicRecipe:
        """The numbers of the recipe."""
        return IsicRecipe() if self.given is None else IsicRecipe.of(self.given)

    @property
    def about(self) -> Mapping[str, Any]:
        """Nothing: the prose of the dataset says it."""
        return {}

    def becomes(self, selection: Selection) -> Isic:
        """Return this dataset: its selections are of no other."""
        del selection
        return self

    def select(self, files: Files, recipe: IsicRecipe) -> IsicSelection:
        """Read metadata and official duplicates; select. See `Dataset.select`."""
        from builder.datasets.isic.parse import read_duplicates, read_metadata
        from builder.datasets.isic.selection import select_isic

        with files.open("metadata") as table:
            assert table is not None  # noqa: S101 (the input is needed)
            name = table.name
            metadata = read_metadata(bytes(table.data), name=name)
        for note in metadata.attrs["notes"]:
            files.say(note)
        pairs = None
        with files.open("duplicates") as table:
            if table is not None:
                pairs = read_duplicates(bytes(table.data), name=table.name)
        store = files.images("images")
        assert store is not None  # noqa: S101 (the source itself may hold them)
        return select_isic(
            metadata, recipe, name=name, store=store, official_duplicates=pairs
        )

    def card(self, manifest: Mapping[str, Any]) -> Card:
        """Return the prose of the dataset's folder, or of another source's images."""
        from builder.datasets.isic.card import study_card

        return study_card(manifest)

    def remarks(self, record: Mapping[str, Any]) -> list[str]:
        """Return why there is no config of splits, or how far its splits had to go.

        And why the card states no licence, where it does not.
        """
        from builder.card.splits import note_of_cut
        from builder.datasets.licences import UNOFFICIAL
        from builder.datasets.recipe_inputs import official_source

        told = record if "split" in record else record.get("audit", {})
        notes = []
        if "split" in told:
            config = told["split"]["config"]
            if "cut" in told:
                notes.append(note_of_cut(told["cut"], f"config {config!r}"))
            else:
                split = told["split"]
                why = ": ".join(split[k] for k in ("reason", "advice") if k in split)
                notes.append(f"no config {config!r}: {why}")
        is_build = "sources" in record  # and no export
        if is_build and not official_source(self.file).is_source(record):
            notes.append(UNOFFICIAL)
        return [note for note in notes if note]

    def demo(self, folder: Path) -> DemoSource[IsicRecipe]:
        """Draw lesions, and take some of either label."""
        from builder.datasets.painted.isic import paint_isic

        recipe = replace(self.default, benign=(10, 90), malignant=(5, 25))
        return DemoSource(paint_isic(folder, benign=120, malignant=30), recipe)
