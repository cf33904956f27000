"""The categories that a recipe means, and what there is of them. Pure."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.errors import SelectionError
from builder.selection.names import config_name
from builder.selection.rules import repeats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from builder.datasets.coco.table import Category, CocoTable


def find_targets(
    categories: Sequence[Category], wanted: Sequence[str | int]
) -> list[Category]:
    """Return the categories that names or ids mean.

    A text means the category of that name, or else the one of that id, or else the one
    whose config is spelled so: ``sports_ball`` for ``sports ball``. Pieces of a name
    with commas in it, which were taken for several names, are put together.

    Raises
    ------
    SelectionError
        One is unknown, or two mean the same.
    """
    found: list[Category] = []
    rest = list(wanted)
    while rest:
        matches, length = _match(categories, rest)
        if len(matches) != 1:
            raise SelectionError(_unknown(categories, rest[0], matches))
        found += matches
        rest = rest[length:]
    ids = [category.id for category in found]
    twice = [category.name for category in found if ids.count(category.id) > 1]
    if twice:
        msg = (
            f"targets: two of them would be the config {config_name(twice[0])!r} (of"
            f" {', '.join(map(str, wanted))}); name each once"
        )
        raise SelectionError(msg)
    return found


def _match(
    categories: Sequence[Category], rest: Sequence[str | int]
) -> tuple[list[Category], int]:
    """Return what the next of the texts mean, and how many of them that takes."""
    first = rest[0]
    named = [c for c in categories if c.name == first]
    if named:
        return named, 1
    numbered = [c for c in categories if str(c.id) == str(first)]
    if numbered or isinstance(first, int):
        return numbered, 1
    for length in range(2, len(rest) + 1):
        pieces = [str(piece) for piece in rest[:length]]
        joined = {comma.join(pieces) for comma in (", ", ",")}
        whole = [c for c in categories if c.name in joined]
        if whole:
            return whole, length
    spelled = config_name(first)
    return [c for c in categories if spelled and config_name(c.name) == spelled], 1


def _unknown(
    categories: Sequence[Category], text: str | int, matches: Sequence[Category]
) -> str:
    expected = (
        f"target {text!r}: expected the name or id of one of the {len(categories)}"
        f" categories of the annotations, found {len(matches)} that fit"
    )
    if matches:
        listed = ", ".join(f"{c.name!r} has the id {c.id}" for c in matches)
        return f"{expected}: {listed}; give the id"
    names = [category.name for category in categories]
    near = get_close_matches(str(text), names, 3, 0.6)
    advice = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    return f"{expected}; {advice}names are {', '.join(names[:100])}"


def feasible_targets(tables: Mapping[str, CocoTable]) -> list[Category]:
    """Return the categories that every split has images with, and images without."""
    counts = [(table, count_images(table)) for table in tables.values()]
    categories = next(iter(tables.values())).categories
    return [
        category
        for place, category in enumerate(categories)
        if all(0 < count[place] < len(table) for table, count in counts)
    ]


def without_roots(
    tables: Mapping[str, CocoTable],
) -> tuple[dict[str, CocoTable], list[str]]:
    """Return the tables without categories that only stand above others.

    Roboflow's exports begin with one: it is the supercategory of the others, or has
    the name of the only one, and no annotation has it.

    Returns
    -------
    tables : dict of str to CocoTable
    roots : list of str
        Names of the categories that were left out.
    """
    categories = next(iter(tables.values())).categories
    counts = [count_images(table) for table in tables.values()]
    above = {c.supercategory for c in categories}
    roots = {
        category.id
        for place, category in enumerate(categories)
        if not any(count[place] for count in counts) and category.name in above
    }
    if not roots or len(roots) == len(categories):
        return dict(tables), []
    kept = [category for category in categories if category.id not in roots]
    names = [category.name for category in categories if category.id in roots]
    return {s: replace(table, categories=kept) for s, table in tables.items()}, names


def count_images(table: CocoTable) -> list[int]:
    """Return how many images show each category, in the order of the categories."""
    return [len(table.rows_of(category.id)) for category in table.categories]


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
        spare = sum(table.num_images - len(table) for table in tables.values())
        if spare and any("without" in fault for fault in faults):
            advice += (
                f", or a recipe with unannotated = true, by which the {spare:,} images"
                " without annotations count as those"
            )
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        msg = (
            "expected images with and without every target in every split, found"
            f" {'; '.join(faults[:3])}{more}: {advice}, or another source"
        )
        raise SelectionError(msg)


def taken_of(
    tables: Mapping[str, CocoTable], taken: Mapping[str, NDArray[np.int64]]
) -> list[dict[str, Any]]:
    """Return, per split, what there was and what was taken, for every class.

    Parameters
    ----------
    tables : dict of str to CocoTable
    taken : dict of str to int64[n]
        By split: rows that were taken.
    """
    found: list[dict[str, Any]] = []
    for split, table in tables.items():
        found.append(
            {"split": split, "images_available": len(table), "taken": len(taken[split])}
        )
        picked = np.zeros(len(table), dtype=bool)
        picked[taken[split]] = True
        for category in table.categories:
            rows = table.rows_of(category.id)
            found.append(
                {
                    "split": split,
                    "category": category.name,
                    "category_id": category.id,
                    "images_available": len(rows),
                    "taken": int(picked[rows].sum()),
                }
            )
    return found


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
