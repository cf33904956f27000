"""From SIIM-ISIC metadata and a recipe to configs, splits and rows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.datasets.isic import parse
from builder.datasets.isic.audit import audit_isic, audit_split, plot_isic
from builder.datasets.isic.patients import SPLITS, find_duplicates, split_together
from builder.datasets.isic.slices import IsicSlices
from builder.errors import AnnotationError, SelectionError
from builder.selection.contract import Export, ImageGroup, SplitRows
from builder.selection.rules import slice_labels
from builder.selection.unfair import TooFewGroupsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from builder.datasets.isic.recipe import IsicRecipe
    from builder.images.facts import Seen
    from builder.sources.image_stores import ImageStore

RULE = (
    "Rows sorted by benign_malignant with"
    " numpy.argsort(labels.astype(object), kind='quicksort'), as pandas 2 sorts"
    " them; then slices of the benign and of the malignant rows."
)
_OURS = ("image", "label", "position")


class IsicSelection(IsicSlices):
    """What was taken from SIIM-ISIC: a `builder.selection.contract.Selection`."""

    rule = RULE

    @property
    def is_settled(self) -> bool:
        """Whether the images were seen: the splits keep equal ones together."""
        return self.found is not None

    def images(self) -> Sequence[ImageGroup]:
        """Return the images of metadata_small.csv, in its order."""
        return [
            ImageGroup("images", self.store, self.keys, self.image_files, self.names)
        ]

    def settle(self, seen: Seen) -> IsicSelection:
        """Return the selection with its config of splits, where there is one."""
        found = find_duplicates(seen)
        try:
            cut, unfair = split_together(self, seen, found)
        except TooFewGroupsError as err:
            cut, unfair = None, err.why
        if unfair:
            return replace(self, found=found, reason=unfair.fact, advice=unfair.advice)
        assert cut is not None  # noqa: S101 (else it is said why)
        kept = np.flatnonzero(seen.facts.is_good)
        parts = {split: kept[cut.split == n] for n, split in enumerate(SPLITS)}
        # Broken images are in no part: selected, but their rows are never written.
        broken = np.flatnonzero(~seen.facts.is_good)
        return replace(
            self, found=found, parts=parts, left_out=broken, reason="", cut=cut
        )

    def splits(self) -> Sequence[SplitRows]:
        """Return the rows of ``default``, of which `config` lists the parts."""
        positions = np.arange(len(self.picked), dtype=np.int64)
        shared = []
        if self.parts:
            positions = np.concatenate(list(self.parts.values()))
            stops = np.cumsum([len(part) for part in self.parts.values()]).tolist()
            starts = [0, *stops[:-1]]
            shared = [
                (self.config, split, start, stop)
                for split, start, stop in zip(self.parts, starts, stops, strict=True)
            ]
        return [
            SplitRows(
                config="default",
                split="train",
                images=positions,
                make_columns=partial(self._columns, positions),
                make_features=self._features,
                is_whole=True,
                shared=tuple(shared),
                **({} if self.left_out is None else {"left_out": self.left_out}),
            )
        ]

    def told(self) -> Mapping[str, Any]:
        """Return what was available and taken by label, and the source."""
        everything = parse.labels(self.metadata)
        slices = {"benign": self.recipe.benign, "malignant": self.recipe.malignant}
        return {
            "feasibility": [
                {
                    "label": label,
                    "slice": f"{start}:{stop}",
                    "available": int((everything == label).sum()),
                    "taken": int((self.labels == label).sum()),
                }
                for label, (start, stop) in slices.items()
            ],
            "parent": {
                "images": len(everything),
                **{label: int((everything == label).sum()) for label in parse.LABELS},
            },
        }

    def audit(self, seen: Seen) -> Mapping[str, Any]:
        """Return what the audit says, as plain data."""
        return audit_isic(self, seen)

    def figures(self, seen: Seen, read: Callable[[int], bytes]) -> Mapping[str, bytes]:
        """Return the figures of the card, by file name."""
        return plot_isic(self, seen, read)

    def small_tables(self) -> Mapping[str, bytes]:
        """Return the notebook's table, byte for byte."""
        return {"metadata_small.csv": parse.write_metadata(self.small)}

    def export(self) -> Export:
        """Return the table, and what the dataset script needs besides."""
        configs = {
            config: {split: positions.tolist() for split, positions in splits.items()}
            for config, splits in self._positions().items()
        }
        record = {
            "columns": self.column_types,
            "images": self.keys,
            "configs": configs,
            **audit_split(self),
        }
        return Export(self.small_tables(), record)

    def _positions(self) -> dict[str, dict[str, NDArray[np.int64]]]:
        found: dict[str, dict[str, NDArray[np.int64]]] = {}
        for rows in self.splits():
            for config, split, positions in rows.draws():
                found.setdefault(config, {})[split] = positions
        return found

    def _features(self) -> Any:
        from siim_isic_small.siim_isic_small import features  # and with it datasets

        return features(self.column_types)

    def _columns(self, positions: NDArray[np.int64]) -> dict[str, Any]:
        frame = self.small.iloc[positions]
        columns: dict[str, Any] = {
            "label": [parse.LABELS.index(label) for label in parse.labels(frame)],
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
    store: ImageStore,
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
        picked = slice_labels(parse.labels(metadata), slices)
    except SelectionError as err:
        msg = f"{name}: {err} (--benign, --malignant)"
        raise SelectionError(msg) from err
    bases = [PurePosixPath(n).name for n in parse.image_files(metadata.iloc[picked])]
    if len(set(bases)) < len(bases):
        twice = next(base for base in bases if bases.count(base) > 1)
        msg = f"{name}: two images are called {twice!r}; expected distinct names"
        raise AnnotationError(msg)
    return IsicSelection(recipe, name, metadata, picked, store, official_duplicates)
