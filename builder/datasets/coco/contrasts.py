"""Which images show a class, and which they are compared with. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.audit.shortcuts import Contrast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from builder.datasets.coco.draws import CocoDraws
    from builder.datasets.coco.table import Category


def drawn_contrasts(drawn: CocoDraws) -> list[Contrast]:
    """Return, of all splits together, the images with each class against the others.

    For each target the distinct images of its draws, with it against without; where
    none were drawn for, every category against all other images. Rows are numbers of
    images.
    """
    if drawn.taken is None:
        return [
            Contrast(
                target.name,
                _half(drawn, number, second=False),
                _half(drawn, number, second=True),
            )
            for number, target in enumerate(drawn.targets)
        ]
    found = []
    for category in drawn.categories:
        rows = [
            drawn.numbers(split, np.intersect1d(taken, table.rows_of(category.id)))
            for (split, table), taken in zip(
                drawn.tables.items(), drawn.taken.values(), strict=True
            )
        ]
        found.append(Contrast(category.name, np.concatenate(rows)))
    return [contrast for contrast in found if len(contrast.rows)]


def source_contrasts(drawn: CocoDraws) -> list[Contrast]:
    """Return all images of the source with each class against all others.

    Rows are those of the tables, one split after the other.
    """
    starts = np.cumsum([0, *map(len, drawn.tables.values())]).tolist()
    classes: Sequence[Category] = drawn.targets or drawn.categories
    found = []
    for category in classes:
        rows = [
            start + table.rows_of(category.id)
            for start, table in zip(starts, drawn.tables.values(), strict=False)
        ]
        found.append(Contrast(category.name, np.concatenate(rows)))
    return [contrast for contrast in found if len(contrast.rows)]


def _half(drawn: CocoDraws, number: int, *, second: bool) -> NDArray[np.int64]:
    """Return the distinct images that were drawn with a target, or without it."""
    parts = []
    for split, draws in drawn.draws.items():
        half = len(draws[number]) // 2
        rows = draws[number][half:] if second else draws[number][:half]
        parts.append(drawn.numbers(split, np.unique(rows)))
    return np.concatenate(parts)
