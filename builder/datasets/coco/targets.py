"""The categories that a recipe means, and what there is of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.errors import SelectionError
from builder.selection.names import config_name
from builder.selection.rules import repeats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from builder.datasets.coco.table import Category, CocoTable


def find_targets(
    categories: Sequence[Category], wanted: Sequence[str]
) -> list[Category]:
    """Return the categories that names or ids mean.

    A name may be spelled as its config: ``sports_ball`` for ``sports ball``.

    Raises
    ------
    SelectionError
        One is unknown, two mean the same, or two would share a config.
    """
    found: list[Category] = []
    for text in wanted:
        matches = [
            c
            for c in categories
            if text in {str(c.id), c.name} or config_name(text) == config_name(c.name)
        ]
        exact = [c for c in matches if text in {str(c.id), c.name}]
        if len(exact or matches) != 1:
            msg = (
                f"target {text!r}: expected the name or id of one of the"
                f" {len(categories)} categories of the annotations, found"
                f" {len(matches)} that fit; names are"
                f" {', '.join(c.name for c in categories[:100])}"
            )
            raise SelectionError(msg)
        found.extend(exact or matches)
    configs = ["default", *(config_name(c.name) for c in found)]
    twice = sorted({name for name in configs if configs.count(name) > 1 or not name})
    if twice:
        msg = (
            f"targets: two of them would be the config {twice[0]!r} (of"
            f" {', '.join(wanted)}); name each once, and none whose name is 'default'"
        )
        raise SelectionError(msg)
    return found


def check_feasible(
    tables: Mapping[str, CocoTable], targets: Sequence[Category]
) -> None:
    """Raise SelectionError naming every target that cannot be drawn.

    One cannot if a split has no images with it, or none without it.

    Parameters
    ----------
    tables : dict of str to CocoTable
        By split.
    targets : sequence of Category
    """
    faults = []
    hopeless = set()
    for table in tables.values():
        for target in targets:
            positives = int(table.has(target.id).sum())
            if positives in (0, len(table)):
                kind = "without" if positives else "with"
                faults.append(
                    f"none of {len(table)} {kind} {target.name} in {table.name}"
                )
                hopeless.add(target.name)
    if faults:
        left = [config_name(t.name) for t in targets if t.name not in hopeless]
        advice = f"give --targets {','.join(left)}" if left else "give other --targets"
        msg = (
            "expected images with and without every target in both splits, found"
            f" {'; '.join(faults)}: {advice}, or another source"
        )
        raise SelectionError(msg)


def feasibility(
    tables: Mapping[str, CocoTable],
    targets: Sequence[Category],
    draws: Mapping[str, NDArray[np.int64]],
) -> list[dict[str, Any]]:
    """Return, per split and target, what was available and what was drawn.

    Parameters
    ----------
    tables : dict of str to CocoTable
        By split.
    targets : sequence of Category, length t
    draws : dict of str to int64[t, k]
        By split: the rows drawn for each target, half of them with it, these first.
    """
    found = []
    for split, table in tables.items():
        for target, rows in zip(targets, draws[split], strict=True):
            half = len(rows) // 2
            positives = int(table.has(target.id).sum())
            again = repeats(rows)
            found.append(
                {
                    "split": split,
                    "target": target.name,
                    "category_id": target.id,
                    "quota": half,
                    "positives_available": positives,
                    "negatives_available": len(table) - positives,
                    "drawn": len(rows),
                    "distinct": len(rows) - int(again.sum()),
                    "repeated_positives": int(again[:half].sum()),
                    "repeated_negatives": int(again[half:].sum()),
                }
            )
    return found
