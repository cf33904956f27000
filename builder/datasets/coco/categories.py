"""The categories of several files, matched with each other. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from builder.datasets.coco.parse import fit_ids
from builder.errors import SelectionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.datasets.coco.table import Category, CocoTable


def match_categories(tables: Mapping[str, CocoTable]) -> dict[str, CocoTable]:
    """Return tables that all have the same categories, in the same order.

    Categories are the same by id and name, or else by a name that no other of their
    file has; ids and order are those of the first table that lists them. One that
    only some tables list is the others', too, if no annotation uses it.

    Parameters
    ----------
    tables : dict of str to CocoTable
        By split.

    Raises
    ------
    SelectionError
        A category that is used is not listed by all tables, or an id would stand for
        two.
    """
    union: list[Category] = []
    # Of each table: from the ids of its categories to their ids in `union`.
    numbers: dict[str, dict[int, int]] = {}
    for split, table in tables.items():
        numbers[split] = _match(union, table.categories)
        new = [c for c in table.categories if c.id not in numbers[split]]
        clashing = [c for c in new if c.id in {other.id for other in union}]
        if clashing:
            first = next(iter(tables.values()))
            raise _differ(table, first, clashing, [])
        union += new
        numbers[split] |= {c.id: c.id for c in new}
    used = {
        number
        for split, table in tables.items()
        for own, number in numbers[split].items()
        if len(table.rows_of(own))
    }
    _check_listed(tables, [c for c in union if c.id in used], numbers)
    return {
        split: _renumber(table, union, numbers[split])
        for split, table in tables.items()
    }


def _match(union: Sequence[Category], own: Sequence[Category]) -> dict[int, int]:
    """Return the id in `union` of each of a table's categories that is there."""
    pairs = {(category.id, category.name) for category in union}
    found = {c.id: c.id for c in own if (c.id, c.name) in pairs}
    # Two of one name, such as a class and the root above it, are told apart by id
    # alone: by their name the class of one file would be the root of the other.
    theirs, ours = (Counter(c.name for c in part) for part in (union, own))
    by_name = {c.name: c.id for c in union if theirs[c.name] == 1}
    for category in own:
        if ours[category.name] == 1 and category.name in by_name:
            found.setdefault(category.id, by_name[category.name])
    return found


def _check_listed(
    tables: Mapping[str, CocoTable],
    used: Sequence[Category],
    numbers: Mapping[str, Mapping[int, int]],
) -> None:
    """Raise SelectionError where a table lacks a category that another uses.

    What its people never looked for would count as absent from its images.
    """
    first: str | None = None
    for split, table in tables.items():
        first = first or split
        here, there = set(numbers[split].values()), set(numbers[first].values())
        only_here = [c for c in used if c.id in here - there]
        only_there = [c for c in used if c.id in there - here]
        if only_here or only_there:
            raise _differ(table, tables[first], only_here, only_there)


def _differ(
    table: CocoTable,
    first: CocoTable,
    only_here: Sequence[Category],
    only_there: Sequence[Category],
) -> SelectionError:
    sides = [
        f"{_named(categories)} in {side.name} alone"
        for side, categories in ((table, only_here), (first, only_there))
        if categories
    ]
    msg = (
        f"{table.name}: expected the categories of {first.name}, by id or name, found"
        f" {' and '.join(sides)}: give files of one dataset, or list them in each file"
        " whose images were looked through for them"
    )
    return SelectionError(msg)


def _named(categories: Sequence[Category]) -> str:
    named = ", ".join(f"{c.name!r} (id {c.id})" for c in categories[:3])
    rest = len(categories) - 3
    return f"{named} and {rest} more" if rest > 0 else named


def _renumber(
    table: CocoTable, union: Sequence[Category], numbers: Mapping[int, int]
) -> CocoTable:
    """Return a table with the categories of all, or itself if it has them already."""
    if [(c.id, c.name) for c in table.categories] == [(c.id, c.name) for c in union]:
        return table
    own = np.array(sorted(numbers), dtype=np.int64)
    new = np.array([numbers[number] for number in own.tolist()], dtype=np.int64)
    known = np.array([category.id for category in union], dtype=np.int64)
    return replace(
        table,
        categories=list(union),
        category_ids=fit_ids(new[np.searchsorted(own, table.category_ids)], known),
        renumbered={a: b for a, b in numbers.items() if a != b},
    )
