"""SIIM-ISIC 2020 as a `Dataset`: its inputs, and how it is selected, told and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.datasets.base import Card, DemoSource
from builder.datasets.inputs import Input
from builder.datasets.isic.official import OFFICIAL
from builder.datasets.isic.recipe import IsicRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from builder.datasets.files import Files
    from builder.datasets.inputs import Official
    from builder.datasets.isic.selection import IsicSelection

_INPUTS = (
    Input(
        role="metadata",
        option="metadata",
        kind="table",
        places=(
            "ISIC_2020_Training_GroundTruth.csv",
            "ISIC_2020_Training_GroundTruth_v2.csv",
            "train.csv",
            "metadata.csv",
        ),
    ),
    Input(
        role="images",
        option="images",
        kind="images",
        places=("train/", "jpeg/train/", "ISIC_2020_Training_JPEG.zip", "./"),
        name="images",
    ),
    Input(
        role="official duplicates",
        option="duplicates",
        kind="table",
        places=("ISIC_2020_Training_Duplicates.csv",),
        needed=False,
    ),
)


@dataclass(frozen=True)
class Isic:
    """SIIM-ISIC 2020, trimmed to slices of its sorted rows."""

    name: str = "siim_isic_small"
    recipe: type[IsicRecipe] = IsicRecipe
    inputs: tuple[Input, ...] = _INPUTS
    official: Official | None = OFFICIAL
    has_urls: bool = False

    def select(self, files: Files, recipe: IsicRecipe) -> IsicSelection:
        """Read metadata and official duplicates; select. See `Dataset.select`."""
        from builder.datasets.isic.parse import read_duplicates, read_metadata
        from builder.datasets.isic.selection import select_isic

        with files.open("metadata") as table:
            assert table is not None  # noqa: S101 (the input is needed)
            name = table.name
            metadata = read_metadata(bytes(table.data), name=name)
        pairs = None
        with files.open("duplicates") as table:
            if table is not None:
                pairs = read_duplicates(bytes(table.data), name=table.name)
        store = files.images("images")
        assert store is not None  # noqa: S101 (the source itself may hold them)
        return select_isic(
            metadata, recipe, name=name, store=store, official_duplicates=pairs
        )

    def card(self) -> Card:
        """Return the prose of the dataset's folder, and its blocks."""
        from importlib.resources import files as resources

        from builder.datasets.isic.card import BLOCKS

        prose = resources(self.name) / "README.md"
        return Card(prose.read_text(encoding="utf-8"), BLOCKS)

    def remarks(self, record: Mapping[str, Any]) -> list[str]:
        """Return why there is no config ``patient``, where there is none."""
        reason = record.get("no_patients") or (
            record.get("audit", {}).get("patient_split", {}).get("reason")
        )
        return [f"no config 'patient': {reason}"] if reason else []

    def demo(self, folder: Path) -> DemoSource[IsicRecipe]:
        """Draw lesions, and take some of either label."""
        from builder.datasets.painted.isic import paint_isic

        recipe = IsicRecipe(benign=(10, 90), malignant=(5, 25))
        return DemoSource(paint_isic(folder, benign=120, malignant=30), recipe)


ISIC = Isic()
