"""What the audit says of a selection of SIIM-ISIC, and its patient split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from builder.audit import drift, duplicates, labels
from builder.datasets.isic import parse as isic
from builder.errors import SelectionError
from builder.selection.groups import (
    connected_groups,
    link_equal,
    link_named,
    split_groups,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from builder.datasets.isic.selection import IsicSelection
    from builder.pipeline.look import Audit

SPLITS = ("train", "validation", "test")
_SHEET = 16
_SITE = "anatom_site_general_challenge"


def split_patients(
    selection: IsicSelection, audit: Audit
) -> tuple[dict[str, NDArray[np.int64]] | None, str]:
    """Split the selection so that nothing that belongs together is torn apart.

    Linked are rows of one patient, of one lesion, of an officially listed pair of
    duplicates, of equal bytes, and near duplicates; see `builder.selection.groups` and
    `builder.audit.duplicates`. Broken images take no part.

    Returns
    -------
    splits : dict of str to int64, or None
        Positions in metadata_small.csv of train, validation and test, ascending.
    reason : str
        Why there is no such split; empty if there is one.
    """
    facts = audit.facts
    found = duplicates.find_duplicates(facts.sha256, facts.dhash, facts.is_good)
    names = isic.image_names(selection.small)
    edges = np.concatenate(
        [
            link_equal(_texts(selection.small, "patient_id")),
            link_equal(_texts(selection.small, "lesion_id")),
            link_named(names, selection.official_duplicates or ()),
            found.exact,
            found.links,
        ]
    )
    groups = connected_groups(len(facts), edges)
    kept = np.flatnonzero(facts.is_good)
    malignant = isic.labels(selection.small) == "malignant"
    try:
        part = split_groups(
            groups[kept],
            malignant[kept],
            seed=selection.recipe.seed,
            keys=[names[row] for row in kept.tolist()],
        )
    except SelectionError as err:
        return None, str(err)
    return {name: kept[part == number] for number, name in enumerate(SPLITS)}, ""


def audit_isic(selection: IsicSelection, audit: Audit) -> dict[str, Any]:
    """Return duplicates, patients and lesions, labels and drift, as plain data."""
    facts = audit.facts
    split_of = np.full(len(facts), "", dtype=object)
    for split, positions in selection.splits.get("patient", {}).items():
        split_of[positions] = split
    names = isic.image_names(selection.small)
    found = duplicates.find_duplicates(facts.sha256, facts.dhash, facts.is_good)
    told: dict[str, Any] = {
        "decoded": audit.decoded,
        "images": len(facts),
        "duplicates": duplicates.report(
            found,
            names,
            split_of.tolist(),
            facts.dhash,
            official=selection.official_duplicates,
        ),
        "patient_split": _describe_split(selection, split_of),
        "labels": labels.report(_labels(_whole(selection, audit))),
        "drift": drift.report(_drifts(selection, _whole(selection, audit))),
    }
    if audit.decoded:
        taken = isic.labels(selection.small)
        good = facts.is_good
        parts = {label: good & (taken == label) for label in isic.LABELS}
        told["grey"] = drift.grey_shares(facts.is_grey, parts)
    return told


def draw_isic_figures(
    selection: IsicSelection, audit: Audit, read: Callable[[str], bytes]
) -> dict[str, bytes]:
    """Return the figures of the card, by file name.

    Parameters
    ----------
    selection : IsicSelection
    audit : Audit
    read : callable
        Gives the bytes of an image by its key.
    """
    from builder.audit import figures

    shown = _labels(_whole(selection, audit))
    drawn = {figures.LABELS: figures.draw_labels(shown)} if shown else {}
    if audit.decoded:
        taken = isic.labels(selection.small)
        names = isic.image_names(selection.small)
        broken = audit.broken
        sheet = []
        for label in isic.LABELS:
            places = [
                place
                for place in np.flatnonzero(taken == label).tolist()
                if selection.keys[place] not in broken
            ]
            # Evenly over the slice, so that it is not eight images of one patient.
            step = np.linspace(0, len(places) - 1, min(len(places), _SHEET // 2))
            for place in (places[round(at)] for at in step.tolist()):
                caption = f"{label}, {names[place]}"
                sheet.append((read(selection.keys[place]), caption))
        drawn[figures.CONTACT_SHEET] = figures.contact_sheet(sheet)
    return drawn


def _describe_split(
    selection: IsicSelection, split_of: NDArray[np.object_]
) -> dict[str, Any]:
    """Return sizes and shares of the patient split, and that nothing crosses it."""
    if "patient" not in selection.splits:
        return {"splits": None, "reason": selection.no_patients}
    malignant = isic.labels(selection.small) == "malignant"
    splits = {}
    for split, positions in selection.splits["patient"].items():
        splits[split] = {
            "images": len(positions),
            "malignant": int(malignant[positions].sum()),
            "malignant_share": round(float(malignant[positions].mean()), 6),
            **{
                _plural(column): _count(selection.small, column, positions)
                for column in ("patient_id", "lesion_id")
                if column in selection.small.columns
            },
        }
    return {
        "splits": splits,
        "across": {
            _plural(column): _count_across(
                _texts(selection.small, column), split_of.tolist()
            )
            for column in ("patient_id", "lesion_id")
            if column in selection.small.columns
        },
    }


def _plural(column: str) -> str:
    return f"{column.removesuffix('_id')}s"


def _count(frame: pd.DataFrame, column: str, positions: NDArray[np.int64]) -> int:
    return int(frame[column].iloc[positions].nunique())


def _count_across(values: list[str | None], splits: list[str]) -> int:
    """Return how many values lie in two splits or more."""
    seen: dict[str, set[str]] = {}
    for value, split in zip(values, splits, strict=True):
        if value is not None and split:
            seen.setdefault(value, set()).add(split)
    return sum(len(where) > 1 for where in seen.values())


def _whole(selection: IsicSelection, audit: Audit) -> pd.DataFrame:
    """Return the rows whose images are not broken; the others are left out."""
    whole: pd.DataFrame = selection.small[audit.facts.is_good]
    return whole


def _labels(small: pd.DataFrame) -> dict[str, list[labels.LabelCount]]:
    malignant = isic.labels(small) == "malignant"
    shown = {}
    if "sex" in small.columns:
        shown["sex"] = labels.count_labels(_texts(small, "sex"), malignant)
    if "age_approx" in small.columns:
        shown["age"] = labels.count_labels(
            labels.band_ages(_ages(small)), malignant, order=drift.AGE_NAMES
        )
    if _SITE in small.columns:
        shown["site"] = labels.count_labels(_texts(small, _SITE), malignant)
    return shown


def _drifts(selection: IsicSelection, small: pd.DataFrame) -> list[drift.Drift]:
    parent = selection.metadata
    drifts = [
        drift.compare_values(
            "label", isic.labels(small).tolist(), isic.labels(parent).tolist()
        )
    ]
    drifts += [
        drift.compare_values(name, _texts(small, column), _texts(parent, column))
        for name, column in (("sex", "sex"), ("site", _SITE))
        if column in small.columns
    ]
    if "age_approx" in small.columns:
        drifts.append(drift.compare_ages(_ages(small), _ages(parent)))
    return drifts


def _texts(frame: pd.DataFrame, column: str) -> list[str | None]:
    """Return a column as str, None where it is empty or not there at all."""
    if column not in frame.columns:
        return [None] * len(frame)
    values = frame[column]
    return [
        None if null else str(value)
        for value, null in zip(values.tolist(), values.isna().tolist(), strict=True)
    ]


def _ages(frame: pd.DataFrame) -> NDArray[np.float64]:
    ages: NDArray[np.float64] = frame["age_approx"].to_numpy(
        np.float64, na_value=np.nan
    )
    return ages
