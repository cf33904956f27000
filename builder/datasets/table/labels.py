"""The label of each row, from one column or from one for each class. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.datasets.table.values import as_text, in_order, known_texts, numbers
from builder.errors import AnnotationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from builder.datasets.table.frame import Frame


def labels_of(
    frame: Frame,
    columns: Sequence[str],
    classes: Mapping[str, str | Sequence[str]],
    unmapped: dict[str, int],
) -> list[str | None]:
    """Return the class of each row, None of one without any.

    Parameters
    ----------
    frame : Frame
    columns : sequence of str
        The column of the label; or one for each class, of which one is 1; or none,
        and every row is of the empty class.
    classes : dict of str to (str or list of str)
        Values, or columns, that each class stands for; empty if they are the classes.
    unmapped : dict of str to int
        Gets the values that no class stands for, and how many rows have each.

    Raises
    ------
    AnnotationError
        Several of the columns are 1.
    """
    if not columns:
        return [""] * len(frame)
    found: Iterable[str | None]
    if len(columns) > 1:
        found = _of_columns(frame, columns)
    else:
        found = (as_text(v).strip() for v in in_order(frame.rows[columns[0]]))
    if not classes:
        return known_texts(found)
    meant: dict[str, str] = {}
    for kind, values in classes.items():
        for value in [values] if isinstance(values, str) else values:
            meant[value] = kind
    alike = {_canonical(value): name for value, name in meant.items()}
    named: list[str | None] = []
    for text in found:
        name: str | None = None
        if text is not None:
            name = meant.get(text) or alike.get(_canonical(text))
            if name is None and known_texts([text]) != [None]:
                unmapped[text] = unmapped.get(text, 0) + 1
        named.append(name)
    return named


def name_classes(
    values: Sequence[str | None],
    columns: Sequence[str],
    classes: Mapping[str, str | Sequence[str]],
) -> tuple[str, ...]:
    """Return the classes in order: the recipe's, the columns', or sorted by text.

    >>> name_classes(["b", "a", "b"], ["dx"], {})
    ('a', 'b')
    """
    if classes:
        return tuple(classes)
    if len(columns) > 1:
        return tuple(columns)
    return tuple(sorted({value for value in values if value is not None}))


def _of_columns(frame: Frame, columns: Sequence[str]) -> list[str | None]:
    """Return which of the columns is 1 in each row."""
    flags = np.stack([numbers(frame.rows[column]) == 1 for column in columns], axis=1)
    several = np.flatnonzero(flags.sum(axis=1) > 1)
    if len(several):
        row = int(several[0])
        both = [columns[place] for place in np.flatnonzero(flags[row]).tolist()]
        msg = (
            f"{frame.name}: {frame.where(row)} is 1 in {' and in '.join(both)};"
            " expected one label an image: correct it, or take one column as label"
        )
        raise AnnotationError(msg)
    place = np.where(flags.any(axis=1), flags.argmax(axis=1), -1).tolist()
    return [columns[at] if at >= 0 else None for at in place]


def _canonical(text: str) -> str:
    """Return a value without what writers differ in: letter case, and 1 or 1.0.

    >>> _canonical("Benign"), _canonical("1.0")
    ('benign', '1')
    """
    try:
        return as_text(float(text))
    except (ValueError, OverflowError):
        return text.casefold()
