"""From tables as they were read to the rows that may be taken. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from builder.datasets.recipe_record import SPLIT
from builder.datasets.table.labels import labels_of, name_classes
from builder.datasets.table.values import as_text, in_order, known_texts
from builder.errors import AnnotationError
from builder.selection.groups import met_again
from builder.selection.names import check_names, plain_name, unsafe_reason
from builder.sources.texts import Texts, each, in_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from builder.datasets.recipe_record import Columns
    from builder.datasets.table.frame import Frame

NO_LABEL = "without a label"
NO_IMAGE = "without the name of an image"
NO_SPLIT = "without a split"
AGAIN = "said twice"


@dataclass(frozen=True)
class Pool:
    """The rows that may be taken, of all tables one after the other.

    Attributes
    ----------
    rows : pandas.DataFrame
        The tables' own columns.
    names : Texts, length n
        Name of each row's image, as the table has it.
    files : tuple of str
        Name of each table.
    file_of : ndarray of int32, shape (n,)
        Table of each row.
    splits : tuple of str
        Splits that the source gives; empty if it gives none.
    split_of : ndarray of int32, shape (n,)
        Split of each row among these; 0 where the source gives none.
    classes : tuple of str
        Empty where no column is the label.
    labels : ndarray of int32, shape (n,)
        Class of each row; 0 where there are none.
    roles : dict of str to list of str
        Columns of the tables that are image, label, group and split.
    left_out : dict of str to int
        Why rows may not be taken, and how many.
    notes : tuple of str
        What is to be said of the reading.
    """

    rows: pd.DataFrame
    names: Texts
    files: tuple[str, ...]
    file_of: NDArray[np.int32]
    splits: tuple[str, ...]
    split_of: NDArray[np.int32]
    classes: tuple[str, ...]
    labels: NDArray[np.int32]
    roles: Mapping[str, list[str]]
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def keys(self) -> Texts:
        """Key of each row's image: its name, after its split where two are alike."""
        plain = self.names
        if any(plain_name(name) != name for name in plain):
            plain = Texts.of(map(plain_name, plain))
        again = [plain[row] for row in _alike(plain).tolist()]
        if len(set(again)) == len(again):
            return plain
        return Texts.of(
            f"{self.splits[split]}/{name}"
            for split, name in zip(each(self.split_of), plain, strict=True)
        )

    def owners(self, rows: NDArray[np.int64]) -> dict[str, list[str | None]]:
        """Return the values of each column that keeps rows together, None if none."""
        return {
            column: known_texts(self.rows[column].iloc[rows].tolist())
            for column in self.roles["group"]
        }


def columns_as_text(columns: Columns) -> list[str]:
    """Return the columns that have to be read as text, for `read_frame`."""
    label = as_list(columns.label)
    wanted = [columns.image, *(label if len(label) == 1 else [])]
    return [*wanted, *as_list(columns.group), *as_list(columns.split)]


def as_list(value: str | Sequence[str] | None) -> list[str]:
    """Return one or several texts as a list.

    >>> as_list("a"), as_list(None), as_list(["a", "b"])
    (['a'], [], ['a', 'b'])
    """
    return [] if value is None else [value] if isinstance(value, str) else [*value]


def make_pool(frames: Mapping[str, Frame], columns: Columns) -> Pool:
    """Return the rows that may be taken.

    Parameters
    ----------
    frames : dict of str to Frame
        By split; of a source without splits by the empty name.
    columns : Columns
        As the recipe has them.

    Raises
    ------
    AnnotationError
        A column is not there, the name of an image leads out of the source, or an
        image stands in two rows that differ.
    """
    parts: list[pd.DataFrame] = []
    names: list[Texts] = []
    values: list[str | None] = []
    split_names: list[str] = []
    file_of: list[NDArray[np.int32]] = []
    left_out: dict[str, int] = {}
    notes: list[str] = []
    unmapped: dict[str, int] = {}
    roles: dict[str, list[str]] = {}
    for number, (split, table) in enumerate(frames.items()):
        found = _roles(table, columns)
        roles = roles or found
        # The first table's spelling holds for all of them.
        spelt = {
            name: roles[role][place]
            for role, names_there in found.items()
            for place, name in enumerate(names_there)
        }
        frame = replace(table, rows=table.rows.rename(columns=spelt))
        column = frame.rows[roles["image"][0]]
        named = Texts.of(as_text(value).strip() for value in in_order(column))
        labels = labels_of(frame, roles["label"], columns.labels, unmapped)
        places = _places(frame, roles["split"], split)
        kept = np.ones(len(frame), dtype=bool)
        for reason, lacks in (
            (NO_IMAGE, _flags(not name for name in named)),
            (NO_LABEL, _flags(label is None for label in labels)),
            (NO_SPLIT, _flags(place is None for place in places)),
            (AGAIN, _said_twice(frame, named)),
        ):
            away = kept & lacks
            if away.any():
                left_out[reason] = left_out.get(reason, 0) + int(away.sum())
            kept &= ~away
        rows = np.flatnonzero(kept)
        _check_names(frame, named, rows)
        parts.append(frame.rows if kept.all() else frame.rows.iloc[rows])
        names.append(named.take(rows))
        values += [labels[row] for row in each(rows)]
        split_names += [str(places[row]) for row in each(rows)]
        file_of.append(np.full(len(rows), number, dtype=np.int32))
        notes += frame.notes
    known = tuple(dict.fromkeys([*filter(None, frames), *filter(None, split_names)]))
    classes: tuple[str, ...] = ()
    if roles["label"]:
        classes = name_classes(values, roles["label"], columns.labels)
    number_of = {name: place for place, name in enumerate(classes)}
    split_number = {name: place for place, name in enumerate(known)}
    if unmapped:
        listed = [f"{value!r} ({n:,})" for value, n in sorted(unmapped.items())[:3]]
        more = f" and {len(unmapped) - 3} more" if len(unmapped) > 3 else ""
        notes.append(f"no class stands for {', '.join(listed)}{more}: rows left out")
    return Pool(
        rows=pd.concat(parts, ignore_index=True),
        names=Texts(block for part in names for block in part.blocks),
        files=tuple(frame.name for frame in frames.values()),
        file_of=np.concatenate(file_of),
        splits=known,
        split_of=_codes(split_number.get(name, 0) for name in split_names),
        classes=classes,
        labels=_codes(number_of.get(str(value), 0) for value in values),
        roles=roles,
        left_out=left_out,
        notes=tuple(notes),
    )


def _codes(numbers: Iterable[int]) -> NDArray[np.int32]:
    return np.fromiter(numbers, dtype=np.int32)


def _flags(values: Iterable[bool]) -> NDArray[np.bool_]:
    return np.fromiter(values, dtype=np.bool_)


def _alike(names: Iterable[str]) -> NDArray[np.int64]:
    """Return the rows of all names that may be there twice, by their hashes."""
    return met_again(np.fromiter(map(hash, names), dtype=np.int64))


def _roles(frame: Frame, columns: Columns) -> dict[str, list[str]]:
    """Return the columns of each role, as the table spells them."""
    asked = {
        "image": [columns.image],
        "label": as_list(columns.label),
        "group": as_list(columns.group),
        "split": as_list(columns.split),
    }
    return {
        role: [frame.column(name, what=f"columns.{role}") for name in names]
        for role, names in asked.items()
    }


def _places(frame: Frame, column: list[str], split: str) -> list[str | None]:
    """Return the split of each row; the empty name where the source gives none."""
    if not column:
        return [split] * len(frame)
    found = known_texts(frame.rows[column[0]].tolist())
    for row, name in enumerate(found):
        if name is not None and not re.fullmatch(SPLIT, name):
            msg = (
                f"{frame.name}: {frame.where(row)} has the split {name!r}; expected"
                " letters, digits and underscores such as train: correct it"
            )
            raise AnnotationError(msg)
    return found


def _said_twice(frame: Frame, named: Texts) -> NDArray[np.bool_]:
    """Return which rows repeat an earlier one wholly.

    Raises
    ------
    AnnotationError
        Two rows of one image differ.
    """
    alike = _alike(map(plain_name, named))
    if not any(plain_name(named[row]) for row in each(alike)):
        return np.zeros(len(frame), dtype=bool)
    plain = pd.Series([plain_name(name) for name in named])
    again = (plain.duplicated() & (plain != "")).to_numpy()
    if not again.any():
        return np.zeros(len(frame), dtype=bool)
    whole: NDArray[np.bool_] = frame.rows.duplicated().to_numpy() & again
    other = np.flatnonzero(again & ~whole)
    if len(other):
        row = int(other[0])
        first = int(np.flatnonzero((plain == plain[row]).to_numpy())[0])
        one, two = frame.rows.iloc[first], frame.rows.iloc[row]
        differ = [
            f"{column} {as_text(one[column])!r} and {as_text(two[column])!r}"
            for column in frame.rows.columns
            if as_text(one[column]) != as_text(two[column])
        ]
        msg = (
            f"{frame.name}: {frame.where(first)} and {frame.where(row)} are both of the"
            f" image {named[row]!r} and differ in {', '.join(differ[:3])}; expected one"
            " row an image, with one label: keep one of them"
        )
        raise AnnotationError(msg)
    return whole


def _check_names(frame: Frame, named: Texts, rows: NDArray[np.int64]) -> None:
    try:
        for names in in_blocks(named[row] for row in each(rows)):
            check_names(names, where=frame.name, records=names)
    except AnnotationError:
        # Where a row stands is told of the wrong one alone, as that takes a while.
        for row in each(rows):
            if unsafe_reason(plain_name(named[row])):
                check_names(
                    [named[row]], where=frame.name, records=[f"in {frame.where(row)}"]
                )
        raise
