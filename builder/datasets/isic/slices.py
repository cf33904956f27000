"""What was taken from the metadata of SIIM-ISIC: rows of it, cut into splits."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from builder.datasets.isic import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from builder.audit.duplicates import Duplicates
    from builder.datasets.isic.recipe import IsicRecipe
    from builder.selection.cuts import Cut
    from builder.sources.image_stores import ImageStore


@dataclass(frozen=True)
class IsicSlices:
    """What was taken from SIIM-ISIC.

    Attributes
    ----------
    recipe : IsicRecipe
    name : str
        Name of the metadata file, for messages.
    metadata : pandas.DataFrame
        The whole of it.
    picked : int64[n]
        Rows of the metadata, in the order of metadata_small.csv.
    store : ImageStore
        Where the images are.
    official_duplicates : sequence of (str, str), optional
        Pairs of image names that ISIC lists as duplicates.
    parts : dict of str to int64
        Positions in metadata_small.csv of each split of `config`; empty where there is
        no such config.
    left_out : int64[k]
        Positions whose images are broken, where there is such a config.
    reason, advice : str
        Why there is none, and what helps.
    found : Duplicates, optional
        Once the images were seen.
    cut : Cut, optional
        How the splits were cut, where there are any.
    """

    recipe: IsicRecipe
    name: str
    metadata: pd.DataFrame
    picked: NDArray[np.int64]
    store: ImageStore
    official_duplicates: Sequence[tuple[str, str]] | None = None
    parts: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    left_out: NDArray[np.int64] | None = None
    reason: str = "the images were not looked at"
    advice: str = ""
    found: Duplicates | None = None
    cut: Cut | None = None

    @cached_property
    def small(self) -> pd.DataFrame:
        """The rows of metadata_small.csv."""
        return self.metadata.iloc[self.picked]

    @cached_property
    def config(self) -> str:
        """Name of the config with several splits: ``patient`` if patients are known."""
        return "patient" if "patient_id" in parse.known_owners(self.small) else "split"

    @cached_property
    def names(self) -> list[str]:
        """Name that ISIC has for the image of each row."""
        return parse.image_names(self.small)

    @cached_property
    def image_files(self) -> list[str]:
        """File name of each row's image, below the folder of images."""
        return parse.image_files(self.small)

    @cached_property
    def keys(self) -> list[str]:
        """Key of each row's image."""
        return [
            f"{self.store.name}/{PurePosixPath(name).name}" for name in self.image_files
        ]

    @cached_property
    def labels(self) -> NDArray[np.object_]:
        """Label of each row."""
        return parse.labels(self.small)

    @cached_property
    def column_types(self) -> dict[str, str]:
        """Dtype of each of the metadata's own columns, as `datasets` names it."""
        kinds = {"i": "int64", "f": "float64", "b": "bool"}
        return {
            str(name): kinds.get(self.metadata[name].dtype.kind, "string")
            for name in self.small.columns
        }
