"""What the audit says of a selection of SIIM-ISIC: data and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from builder.audit import drift, duplicates, labels
from builder.datasets.isic.ages import AGE_NAMES, band_ages, compare_ages
from builder.datasets.isic.parse import LABELS, texts
from builder.datasets.isic.parse import labels as labels_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from builder.audit.labels import LabelCount
    from builder.datasets.isic.slices import IsicSlices
    from builder.images.facts import Seen

_SHEET = 16
_SITE = "anatom_site_general_challenge"
_GROUPS = {"patient_id": "patients", "lesion_id": "lesions"}


def audit_isic(taken: IsicSlices, seen: Seen) -> dict[str, Any]:
    """Return duplicates, patients and lesions, labels and drift, as plain data."""
    facts = seen.facts
    split_of = np.full(len(facts), "", dtype=object)
    for split, positions in taken.patient.items():
        split_of[positions] = split
    assert taken.found is not None  # noqa: S101 (settled, as the images were seen)
    told: dict[str, Any] = {
        "decoded": seen.decoded,
        "images": len(facts),
        "duplicates": duplicates.report(
            taken.found,
            taken.names,
            split_of.tolist(),
            facts.dhash,
            official=taken.official_duplicates,
        ),
        "patient_split": _describe_split(taken, split_of),
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
    from builder.audit import contact_sheet, figures  # with matplotlib: slow

    shown = _count_labels(_whole(taken, seen))
    made = {}
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


def _describe_split(taken: IsicSlices, split_of: NDArray[np.object_]) -> dict[str, Any]:
    """Return sizes and shares of the patient split, and that nothing crosses it."""
    if not taken.patient:
        return {"splits": None, "reason": taken.no_patients}
    malignant = taken.labels == "malignant"
    groups = {name: column for column, name in _GROUPS.items() if column in taken.small}
    splits = {}
    for split, positions in taken.patient.items():
        splits[split] = {
            "images": len(positions),
            "malignant": int(malignant[positions].sum()),
            "malignant_share": round(float(malignant[positions].mean()), 6),
            **{
                name: int(taken.small[column].iloc[positions].nunique())
                for name, column in groups.items()
            },
        }
    return {
        "splits": splits,
        "across": {
            name: _count_across(texts(taken.small, column), split_of.tolist())
            for name, column in groups.items()
        },
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
            band_ages(_ages(small)), malignant, order=AGE_NAMES
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
        drifts.append(compare_ages(_ages(small), _ages(parent)))
    return drifts


def _ages(frame: pd.DataFrame) -> NDArray[np.float64]:
    ages: NDArray[np.float64] = frame["age_approx"].to_numpy(
        np.float64, na_value=np.nan
    )
    return ages
