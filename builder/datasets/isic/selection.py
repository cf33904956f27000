"""From SIIM-ISIC metadata and a recipe to configs, splits and rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.datasets.isic import parse as isic
from builder.errors import AnnotationError, SelectionError
from builder.selection.rules import slice_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from builder.output.schema import SplitRows
    from builder.pipeline.look import Audit
    from builder.selection.recipe import IsicRecipe

DATASET = "siim_isic_small"
RULE = (
    "Rows sorted by benign_malignant with"
    " numpy.argsort(labels.astype(object), kind='quicksort'), as pandas 2 sorts"
    " them; then slices of the benign and of the malignant rows."
)
_OURS = ("image", "label", "position")


@dataclass(frozen=True)
class IsicSelection:
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
    splits : dict of str to dict of str to int64
        By config and split: positions in metadata_small.csv. Every config but
        ``default`` cuts the same rows into parts, and ``default`` lists these parts
        one after the other.
    official_duplicates : sequence of (str, str), optional
        Pairs of image names that ISIC lists as duplicates.
    no_patients : str
        Why there is no config ``patient``, where there is none.
    """

    recipe: IsicRecipe
    name: str
    metadata: pd.DataFrame
    picked: NDArray[np.int64]
    splits: Mapping[str, Mapping[str, NDArray[np.int64]]] = field(default_factory=dict)
    official_duplicates: Sequence[tuple[str, str]] | None = None
    no_patients: str = "the images were not looked at"

    dataset = DATASET
    rule = RULE

    @cached_property
    def small(self) -> pd.DataFrame:
        """The rows of metadata_small.csv."""
        return self.metadata.iloc[self.picked]

    @cached_property
    def image_files(self) -> list[str]:
        """File name of each row's image, below the folder of images."""
        return isic.image_files(self.small)

    @cached_property
    def keys(self) -> list[str]:
        """Key of each row's image."""
        return [f"images/{PurePosixPath(name).name}" for name in self.image_files]

    @cached_property
    def column_types(self) -> dict[str, str]:
        """Dtype of each of the metadata's own columns, as `datasets` names it."""
        types = {}
        for name in self.small.columns:
            kind = self.metadata[name].dtype.kind
            types[str(name)] = {"i": "int64", "f": "float64", "b": "bool"}.get(
                kind, "string"
            )
        return types

    def feasibility(self) -> list[dict[str, Any]]:
        """Return, per label, what was available and what was taken."""
        everything = isic.labels(self.metadata)
        taken = isic.labels(self.small)
        slices = {"benign": self.recipe.benign, "malignant": self.recipe.malignant}
        return [
            {
                "label": label,
                "slice": f"{start}:{stop}",
                "available": int((everything == label).sum()),
                "taken": int((taken == label).sum()),
            }
            for label, (start, stop) in slices.items()
        ]

    # The patient split keeps equal files together.
    needs_digests = True

    def with_audit(self, audit: Audit) -> IsicSelection:
        """Return the selection with the config ``patient``, where there is one."""
        from builder.datasets.isic.audit import split_patients

        parts, reason = split_patients(self, audit)
        if parts is None:
            return replace(self, no_patients=reason)
        # Broken images are in no part: selected, but their rows are never written.
        order = np.concatenate(list(parts.values()))
        broken = np.setdiff1d(np.arange(len(self.picked)), order)
        splits = {
            "default": {"train": np.concatenate([order, broken])},
            "patient": parts,
        }
        return replace(self, splits=splits)

    def stated_sizes(self) -> dict[str, tuple[int, int]]:
        """Return nothing: the metadata does not state sizes."""
        return {}

    def audit(self, audit: Audit) -> dict[str, Any]:
        """Return what the audit says, as plain data."""
        from builder.datasets.isic.audit import audit_isic

        return audit_isic(self, audit)

    def figures(self, audit: Audit, read: Callable[[str], bytes]) -> dict[str, bytes]:
        """Return the figures of the card, by file name."""
        from builder.datasets.isic.audit import draw_isic_figures

        return draw_isic_figures(self, audit, read)

    def facts(self) -> dict[str, Any]:
        """Return what the card says of the source."""
        everything = isic.labels(self.metadata)
        return {
            "parent": {
                "images": len(everything),
                **{label: int((everything == label).sum()) for label in isic.LABELS},
            }
        }

    def draws_by_config(self) -> dict[str, dict[str, list[str]]]:
        """Return the names of each config's images, by config and split."""
        names = isic.image_names(self.small)
        return {
            config: {
                split: [names[position] for position in positions.tolist()]
                for split, positions in splits.items()
            }
            for config, splits in self.splits.items()
        }

    def images_written(self) -> Iterable[str]:
        """Return the key of each image: all configs share one copy."""
        return self.keys

    def small_files(self) -> dict[str, bytes]:
        """Return the notebook's table, byte for byte."""
        return {"metadata_small.csv": isic.write_metadata(self.small)}

    def notes(self) -> dict[str, bytes]:
        """Return what else lies in a build: nothing here."""
        return {}

    def export_files(self) -> dict[str, bytes]:
        """Return what an export holds besides the table and the images."""
        return {}

    def export_record(self) -> dict[str, Any]:
        """Return what the dataset script needs besides the notebook's files."""
        return {
            "columns": self.column_types,
            "images": self.keys,
            "configs": {
                config: {split: p.tolist() for split, p in splits.items()}
                for config, splits in self.splits.items()
            },
            "no_patients": "" if "patient" in self.splits else self.no_patients,
        }

    def features(self) -> dict[str, Any]:
        """Return the `datasets.Features` of each config."""
        from siim_isic_small.siim_isic_small import features

        return {config: features(self.column_types) for config in self.splits}

    def rows(self) -> list[SplitRows]:
        """Return the rows of ``default``, of which ``patient`` lists the parts."""
        from builder.output.schema import SplitRows

        positions = self.splits["default"]["train"]
        shared = []
        start = 0
        for split, part in self.splits.get("patient", {}).items():
            shared.append(("patient", split, start, start + len(part)))
            start += len(part)
        if shared:
            positions = positions[:start]  # what follows is broken
        return [
            SplitRows(
                config="default",
                split="train",
                columns=self._columns(positions),
                images=positions,
                is_whole=True,
                shared=tuple(shared),
            )
        ]

    def _columns(self, positions: NDArray[np.int64]) -> dict[str, Any]:
        frame = self.small.iloc[positions]
        columns: dict[str, Any] = {
            "label": [isic.LABELS.index(label) for label in isic.labels(frame)],
            "position": positions.astype(np.int32),
        }
        for name, dtype in self.column_types.items():
            values = frame[name].astype(object).where(frame[name].notna(), None)
            convert = str if dtype == "string" else lambda value: value
            columns[name] = [None if v is None else convert(v) for v in values]
        return columns


def select_isic(
    metadata: pd.DataFrame,
    recipe: IsicRecipe,
    *,
    name: str,
    official_duplicates: Sequence[tuple[str, str]] | None = None,
) -> IsicSelection:
    """Take the notebook's slices.

    Raises
    ------
    SelectionError
        A label has too few rows.
    AnnotationError
        A column has a name that the dataset needs itself, or two images would have
        the same base name.
    """
    taken = sorted(set(_OURS) & set(metadata.columns))
    if taken:
        msg = (
            f"{name}: has a column {taken[0]!r}, which is a column of the dataset"
            " itself: rename it"
        )
        raise AnnotationError(msg)
    slices = {"benign": recipe.benign, "malignant": recipe.malignant}
    try:
        picked = slice_labels(isic.labels(metadata), slices)
    except SelectionError as err:
        msg = f"{name}: {err} (--benign, --malignant)"
        raise SelectionError(msg) from err
    bases = [PurePosixPath(n).name for n in isic.image_files(metadata.iloc[picked])]
    if len(set(bases)) < len(bases):
        twice = next(base for base in bases if bases.count(base) > 1)
        msg = f"{name}: two images are called {twice!r}; expected distinct names"
        raise AnnotationError(msg)
    everything = np.arange(len(picked), dtype=np.int64)
    return IsicSelection(
        recipe,
        name,
        metadata,
        picked,
        {"default": {"train": everything}},
        official_duplicates,
    )
