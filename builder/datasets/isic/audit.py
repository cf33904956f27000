"""What the audit says of a selection of SIIM-ISIC: data and figures."""

from __future__ import annotations

from collections import Counter
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
from builder.datasets.isic.ages import AGE_NAMES, band_ages, compare_ages
from builder.datasets.isic.parse import LABELS, OWNERS, known_owners, texts
from builder.datasets.isic.parse import labels as labels_of
from builder.datasets.isic.patients import links_of
from builder.datasets.table.values import numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from builder.audit.labels import LabelCount
    from builder.datasets.isic.slices import IsicSlices
    from builder.images.facts import Seen

_SHEET = 16
_SITE = "anatom_site_general_challenge"


def audit_isic(taken: IsicSlices, seen: Seen) -> dict[str, Any]:
    """Return duplicates, patients and lesions, labels and drift, as plain data."""
    facts = seen.facts
    split_of = np.full(len(facts), "", dtype=object)
    for split, positions in taken.parts.items():
        split_of[positions] = split
    assert taken.found is not None  # noqa: S101 (settled, as the images were seen)
    told: dict[str, Any] = {
        "decoded": seen.decoded,
        "images": len(facts),
        "duplicates": duplicates.report(
            taken.found,
            taken.names,
            split_of.tolist(),
            official=taken.official_duplicates,
        ),
        "modes": modes.report(seen),
        "sizes": sizes.report(seen),
        "conflicts": conflicts.report(
            taken.found, taken.names, [(label,) for label in taken.labels.tolist()]
        ),
        "shortcuts": _shortcuts(taken, seen),
        **audit_split(taken),
        "labels": labels.report(
            _count_labels(_whole(taken, seen)), negative=LABELS[0], positive=LABELS[1]
        ),
        "drift": drift.report(_drifts(taken, _whole(taken, seen))),
    }
    if seen.decoded:
        parts = {label: facts.is_good & (taken.labels == label) for label in LABELS}
        told["grey"] = drift.grey_shares(facts.is_grey, parts)
    return told


def plot_isic(
    taken: IsicSlices, seen: Seen, read: Callable[[int], bytes]
) -> dict[str, bytes]:
    """Return the figures of the card, by file name.

    Parameters
    ----------
    taken : IsicSlices
    seen : Seen
    read : callable
        Gives the bytes of an image by its number.
    """
    # With matplotlib: slow.
    from builder.audit import contact_sheet, figures, shortcut_figure

    shown = _count_labels(_whole(taken, seen))
    made = {}
    guessed = _shortcuts(taken, seen)["strongest"]
    if guessed:
        made[shortcut_figure.SHORTCUTS] = shortcut_figure.plot_shortcuts(guessed)
    if shown:
        made[figures.LABELS] = figures.plot_labels(
            shown, negative=LABELS[0], positive=LABELS[1]
        )
    if seen.decoded:
        sheet = []
        for label in LABELS:
            places = np.flatnonzero((taken.labels == label) & seen.facts.is_good)
            # Evenly over the slice, so that it is not eight images of one patient.
            step = np.linspace(0, len(places) - 1, min(len(places), _SHEET // 2))
            chosen = [int(places[round(at)]) for at in step.tolist()]
            sheet += [(read(at), f"{label}, {taken.names[at]}") for at in chosen]
        made[contact_sheet.CONTACT_SHEET] = contact_sheet.contact_sheet(sheet)
    return made


def _shortcuts(taken: IsicSlices, seen: Seen) -> dict[str, Any]:
    """Return what tells the labels without a look at what is shown."""
    values = measured.measures_of(seen.facts, decoded=seen.decoded)
    contrasts = shortcuts.contrasts_of(taken.labels, LABELS)
    found = shortcuts.compare("selection", values, contrasts)
    return shortcuts.report([found], decoded=seen.decoded)


def audit_split(taken: IsicSlices) -> dict[str, Any]:
    """Return what the config with several splits is like, or why there is none.

    Returns
    -------
    dict
        ``split``: the ``config`` by name, and the ``reason`` if there is none, with
        ``advice`` in the words of the command line if there is any; else its
        ``splits``, each with its counts; ``kept``: what was kept together, of patients
        and lesions how many images are ``known`` to have one and how many owners have
        ``several`` images, of duplicates how many pairs there are; and ``across``, how
        many patients and lesions lie in two splits all the same. ``cut``: see
        `builder.audit.splits.report`.
    """
    if taken.cut is None:
        advice = {"advice": taken.advice} if taken.advice else {}
        return {"split": {"config": taken.config, "reason": taken.reason, **advice}}
    assert taken.found is not None  # noqa: S101 (they are cut by what was found)
    malignant = taken.labels == "malignant"
    named = {OWNERS[c]: values for c, values in known_owners(taken.small).items()}
    split_of = [""] * len(malignant)
    parts = {}
    for split, positions in taken.parts.items():
        for at in positions.tolist():
            split_of[at] = split
        parts[split] = {
            "images": len(positions),
            "malignant": int(malignant[positions].sum()),
            "malignant_share": round(float(malignant[positions].mean()), 6),
            **{
                name: len({values[at] for at in positions.tolist()} - {None})
                for name, values in named.items()
            },
        }
    kept: dict[str, Any] = {}
    for name, link in links_of(taken, taken.found).items():
        kept[name] = len(link.edges)
        if link.values is not None:
            of_good = [
                v for v, split in zip(link.values, split_of, strict=True) if split
            ]
            counts = Counter(value for value in of_good if value is not None)
            several = sum(number > 1 for number in counts.values())
            kept[name] = {"known": counts.total(), "several": several}
    return {
        "split": {
            "config": taken.config,
            "splits": parts,
            "kept": kept,
            "across": {
                name: _count_across(values, split_of) for name, values in named.items()
            },
        },
        "cut": splits.report(taken.cut, [*parts], LABELS),
    }


def _count_across(values: list[str | None], splits: list[str]) -> int:
    """Return how many values lie in two splits or more."""
    seen: dict[str, set[str]] = {}
    for value, split in zip(values, splits, strict=True):
        if value is not None and split:
            seen.setdefault(value, set()).add(split)
    return sum(len(where) > 1 for where in seen.values())


def _whole(taken: IsicSlices, seen: Seen) -> pd.DataFrame:
    """Return the rows whose images are not broken; the others are left out."""
    whole: pd.DataFrame = taken.small[seen.facts.is_good]
    return whole


def _count_labels(small: pd.DataFrame) -> dict[str, list[LabelCount]]:
    malignant = labels_of(small) == "malignant"
    shown = {}
    if "sex" in small.columns:
        shown["sex"] = labels.count_labels(texts(small, "sex"), malignant)
    if "age_approx" in small.columns:
        shown["age"] = labels.count_labels(
            band_ages(ages_of(small)), malignant, order=AGE_NAMES
        )
    if _SITE in small.columns:
        shown["site"] = labels.count_labels(texts(small, _SITE), malignant)
    return shown


def _drifts(taken: IsicSlices, small: pd.DataFrame) -> list[drift.Drift]:
    parent = taken.metadata
    drifts = [
        drift.compare_values(
            "label", labels_of(small).tolist(), labels_of(parent).tolist()
        )
    ]
    drifts += [
        drift.compare_values(name, texts(small, column), texts(parent, column))
        for name, column in (("sex", "sex"), ("site", _SITE))
        if column in small.columns
    ]
    if "age_approx" in small.columns:
        drifts.append(compare_ages(ages_of(small), ages_of(parent)))
    return drifts


def ages_of(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Return the ages of patients, NaN where there is none, or 85+ and the like."""
    return numbers(frame["age_approx"])
