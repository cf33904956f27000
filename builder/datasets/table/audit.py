"""What the audit says of a selection from a table: data and figures."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.audit import (
    conflicts,
    drift,
    duplicates,
    labels,
    measured,
    modes,
    shortcuts,
    sizes,
    splits,
)
from builder.audit.drift import MISSING
from builder.datasets.table.splits import stem_of
from builder.datasets.table.values import Column, numbers
from builder.sources.texts import each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from builder.audit.labels import LabelCount
    from builder.datasets.table.rows import TableRows
    from builder.images.facts import Seen

#: So many columns are looked at, of so many values; numbers are put in four bands.
COLUMNS, VALUES = 8, 20
_SHEET = 16


@dataclass(frozen=True)
class Feature:
    """A column of few values, or of numbers in bands.

    Attributes
    ----------
    name : str
    values : list of (str or None), length n
        Of each row of the source.
    order : tuple of str
        Of the values, where they have one.
    """

    name: str
    values: list[str | None]
    order: tuple[str, ...] = ()


def audit_table(
    taken: TableRows, seen: Seen, pairs: Sequence[tuple[str, str]] | None
) -> dict[str, Any]:
    """Return duplicates, groups, labels and drift, as plain data.

    Parameters
    ----------
    taken : TableRows
    seen : Seen
    pairs : sequence of (str, str), optional
        Duplicates that the source lists.
    """
    facts = seen.facts
    key_of = {stem_of(key): key for key in taken.keys} if pairs else {}
    listed = pairs and [
        (key_of.get(stem_of(a), a), key_of.get(stem_of(b), b)) for a, b in pairs
    ]
    found = duplicates.find_duplicates(facts)
    told: dict[str, Any] = {
        "decoded": seen.decoded,
        "images": len(facts),
        "duplicates": duplicates.report(
            found, taken.keys, taken.split_of, official=listed
        ),
        "modes": modes.report(seen),
        "sizes": sizes.report(seen),
        "across": _across(taken),
        **({} if (cut := report_cut(taken)) is None else {"cut": cut}),
        **_of_columns(taken, seen),
    }
    if len(taken.classes) > 1:
        alone = {name: (name,) for name in taken.pool.classes}
        told["conflicts"] = conflicts.report(
            found, taken.keys, [alone[name] for name in taken.labels]
        )
        del found  # 8 bytes an image, when ranks take most
        told["shortcuts"] = _shortcuts(taken, seen)
    if seen.decoded:
        told["grey"] = drift.grey_shares(facts.is_grey, _parts(taken, seen))
    return told


def report_cut(taken: TableRows) -> dict[str, Any] | None:
    """Return how far splits that were cut are from what was asked; None of others."""
    cut = taken.chosen.cut
    if cut is None:
        return None
    names = [
        n for n, part in taken.file.splits.items() if isinstance(part, float | int)
    ]
    return splits.report(cut, names, taken.pool.classes, unfair=taken.chosen.unfair)


def plot_table(
    taken: TableRows, seen: Seen, read: Callable[[int], bytes]
) -> dict[str, bytes]:
    """Return the figures of the card, by file name: pictures, and two classes.

    Parameters
    ----------
    taken : TableRows
    seen : Seen
    read : callable
        Gives the bytes of an image by its number.
    """
    # With matplotlib: slow.
    from builder.audit import contact_sheet, figures, shortcut_figure

    made = {}
    guessed = _shortcuts(taken, seen)["strongest"] if len(taken.classes) > 1 else []
    if guessed:
        made[shortcut_figure.SHORTCUTS] = shortcut_figure.plot_shortcuts(guessed)
    counts = _two_classes(taken, seen, features_of(taken))
    if counts:
        made[figures.LABELS] = figures.plot_labels(
            counts, negative=taken.classes[0], positive=taken.classes[1]
        )
    if seen.decoded:
        sheet = []
        named = taken.labels
        parts = [np.flatnonzero(part) for part in _parts(taken, seen).values()]
        parts = [part for part in parts if len(part)]
        each = max(1, _SHEET // max(1, len(parts)))
        for places in parts[:_SHEET]:
            # Evenly over the table, so that they are not all of one group.
            step = np.linspace(0, len(places) - 1, min(len(places), each))
            for at in (int(places[round(place)]) for place in step.tolist()):
                label = f"{named[at]}, " if named[at] else ""
                sheet.append((read(at), f"{label}{taken.keys[at]}"))
        if sheet:
            made[contact_sheet.CONTACT_SHEET] = contact_sheet.contact_sheet(sheet)
    return made


def _shortcuts(taken: TableRows, seen: Seen) -> dict[str, Any]:
    """Return what tells the classes without a look at what is shown."""
    values = measured.measures_of(seen.facts, decoded=seen.decoded)
    contrasts = shortcuts.contrasts_of(taken.labels, taken.classes)
    found = shortcuts.compare("selection", values, contrasts)
    return shortcuts.report([found], decoded=seen.decoded)


def features_of(taken: TableRows) -> list[Feature]:
    """Return the columns that say something which can be counted, in their order.

    Left out are image, label, group and split, columns of one value, those of too many,
    and those that the label follows from.
    """
    roles = {name for names in taken.pool.roles.values() for name in names}
    rows = taken.pool.rows
    found: list[Feature] = []
    for column in taken.own:
        if column in roles or len(found) == COLUMNS:
            continue
        values = rows[column]
        kinds = int(values.nunique())
        if kinds < 2:
            continue
        if values.dtype.kind in "iuf" and kinds > COLUMNS:
            found.append(_banded(column, numbers(values)))
        elif kinds <= VALUES:
            texts = Column(partial(taken.values, column), np.arange(len(rows)))
            once: dict[str, str] = {}  # a text of its own for each row would add up
            named = [
                None if v is None else once.setdefault(str(v), str(v)) for v in texts
            ]
            if not _is_label(named, taken.pool.labels):
                found.append(Feature(column, named))
    return found


def _is_label(values: Sequence[str | None], classes: NDArray[np.int32]) -> bool:
    """Whether a column says but the label in other words."""
    labels_by_value: dict[str | None, set[int]] = {}
    for value, number in zip(values, each(classes), strict=True):
        labels_by_value.setdefault(value, set()).add(number)
    return len(np.unique(classes)) > 1 and all(
        len(numbers_) == 1 for numbers_ in labels_by_value.values()
    )


def _banded(column: str, values: NDArray[np.float64]) -> Feature:
    """Return numbers in bands of about a quarter of the source each."""
    borders = np.unique(
        np.nanquantile(values, [0.25, 0.5, 0.75], method="nearest")
    ).tolist()
    said = [f"{border:g}" for border in borders]
    names = (
        f"below {said[0]}",
        *(f"{low} to {high}" for low, high in itertools.pairwise(said)),
        f"{said[-1]} and more",
    )
    place = np.where(np.isnan(values), -1, np.searchsorted(borders, values, "right"))
    named = [None if at < 0 else names[at] for at in each(place)]
    return Feature(column, named, names)


def _parts(taken: TableRows, seen: Seen) -> dict[str, NDArray[np.bool_]]:
    """Return the good images of each class, or of each split where there are none."""
    named = taken.labels if taken.classes else np.array(taken.split_of, dtype=object)
    kinds = taken.classes or list(taken.chosen.splits)
    return {kind: (named == kind) & seen.facts.is_good for kind in kinds}


def _selected(taken: TableRows, seen: Seen) -> NDArray[np.int64]:
    """Return the rows whose images are not broken."""
    return taken.union[seen.facts.is_good]


def _of_columns(taken: TableRows, seen: Seen) -> dict[str, Any]:
    """Return what is told of the columns, whose values are not kept longer."""
    features = features_of(taken)
    return {
        "labels": _label_tables(taken, seen, features),
        "drift": drift.report(_drifts(taken, seen, features)),
    }


def _label_tables(
    taken: TableRows, seen: Seen, features: Sequence[Feature]
) -> dict[str, Any]:
    """Return, for each column and value, how many images of each class there are."""
    if len(taken.classes) < 2:
        return {}
    rows = _selected(taken, seen)
    told = {}
    for feature in features:
        counts: dict[str, dict[str, int]] = {}
        for row in each(rows):
            value = feature.values[row]
            name = taken.pool.classes[int(taken.pool.labels[row])]
            of = counts.setdefault(
                MISSING if value is None else value, dict.fromkeys(taken.classes, 0)
            )
            of[name] += 1
        first = {value: place for place, value in enumerate(feature.order)}
        order = sorted(
            counts, key=lambda v: (v == MISSING, first.get(v, len(first)), v)
        )
        told[feature.name] = [
            {"value": value, "classes": counts[value]} for value in order
        ]
    return told


def _two_classes(
    taken: TableRows, seen: Seen, features: Sequence[Feature]
) -> dict[str, list[LabelCount]]:
    if len(taken.classes) != 2:
        return {}
    rows = _selected(taken, seen)
    positive = taken.labels[seen.facts.is_good] == taken.classes[1]
    return {
        feature.name: labels.count_labels(
            [feature.values[row] for row in each(rows)], positive, order=feature.order
        )
        for feature in features
    }


def _drifts(
    taken: TableRows, seen: Seen, features: Sequence[Feature]
) -> list[drift.Drift]:
    rows = _selected(taken, seen)
    compared = list(features)
    if taken.pool.classes:
        named: list[str | None]
        named = [taken.pool.classes[n] for n in each(taken.pool.labels)]
        compared.insert(0, Feature("label", named))
    return [
        drift.compare_values(
            feature.name, [feature.values[row] for row in each(rows)], feature.values
        )
        for feature in compared
    ]


def _across(taken: TableRows) -> dict[str, int]:
    """Return, for each column of groups, how many values lie in several splits."""
    told = {}
    split_of = taken.split_of
    for column, values in taken.pool.owners(taken.union).items():
        splits: dict[str, set[str]] = {}
        for value, split in zip(values, split_of, strict=True):
            if value is not None:
                splits.setdefault(value, set()).add(split)
        told[column] = sum(len(where) > 1 for where in splits.values())
    return told
