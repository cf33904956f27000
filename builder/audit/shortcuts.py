"""What a label can be guessed from without a look at what is shown.

For each label and each measure the AUC (`builder.audit.auc`): how often an image with
the label has the larger value than one without. Above 0.5 it has so more often, below
less often; either way a model can learn it. Of many that are 0.5, some seem not to be
by chance: those count as above chance whose interval leaves out 0.5 when all intervals
of the report are widened until they hold together at 95 per cent (Bonferroni).

Of the whole source only sizes in pixels are compared, where it states them: the sizes
of its files are told by some of the places where it may lie and not by others, and a
build does not depend on that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.audit.auc import auc_interval, auc_of_ranks, mid_ranks
from builder.audit.intervals import critical_value
from builder.audit.measured import DECODED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

#: So many of the strongest are listed one by one.
MOST_LISTED = 200


@dataclass(frozen=True)
class Contrast:
    """Images with a label, and those that they are compared with.

    Attributes
    ----------
    label : str
    rows : ndarray of int64
        Images with it, each once.
    others : ndarray of int64, optional
        Images without it, each once; all others, if not given.
    against : str
        What the others are, where they are of one class.
    """

    label: str
    rows: NDArray[np.int64]
    others: NDArray[np.int64] | None = None
    against: str = ""


@dataclass(frozen=True)
class Compared:
    """The AUC of each of t labels by each of k measures.

    Attributes
    ----------
    scope : str
        ``selection`` or ``source``.
    values : dict of str to ndarray of float64, shape (n,)
        The measures, of each image; NaN where there is none.
    contrasts : sequence of Contrast, length t
    auc : ndarray of float64, shape (t, k)
        NaN where it cannot be: a measure is the same for all, or one side is empty.
    positives, negatives : ndarray of int64, shape (t, k)
        Images with and without the label that have the measure.
    """

    scope: str
    values: Mapping[str, NDArray[np.float64]]
    contrasts: Sequence[Contrast]
    auc: NDArray[np.float64]
    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]


def contrasts_of(labels: NDArray[np.object_], classes: Sequence[str]) -> list[Contrast]:
    """Return each class against all others; of two, the second against the first.

    Parameters
    ----------
    labels : ndarray of str, shape (n,)
        Class of each image.
    classes : sequence of str
        Those without an image are left out.
    """
    rows = {name: np.flatnonzero(labels == name) for name in classes}
    rows = {name: found for name, found in rows.items() if len(found)}
    if len(rows) != 2:
        return [Contrast(name, found) for name, found in rows.items()]
    (against, others), (label, found) = rows.items()
    return [Contrast(label, found, others, against)]


def compare(
    scope: str,
    values: Mapping[str, NDArray[np.float64]],
    contrasts: Sequence[Contrast],
) -> Compared:
    """Return the AUC of each label by each measure.

    Hues are put in order from that opposite to the mean hue of all images on, where
    the fewest are: otherwise two reds would be as far apart as hues can be.

    Parameters
    ----------
    scope : str
    values : dict of str to ndarray of float64, shape (n,)
    contrasts : sequence of Contrast
    """
    found, varies = [], []
    for name in values:
        column = unrolled(values[name]) if name == "hue" else values[name]
        varies.append(_varies(column))
        found.append(_aucs(column[:, np.newaxis], contrasts))
    shape = len(values), len(contrasts)
    auc, positives, negatives = (
        np.array([[one[part] for one in row] for row in found]).reshape(shape).T
        for part in range(3)
    )
    auc = np.where(varies, auc, np.nan)
    return Compared(scope, values, contrasts, auc, positives, negatives)


def _aucs(
    column: NDArray[np.float64], contrasts: Sequence[Contrast]
) -> list[tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]]:
    """Return what `auc_of_ranks` says of one measure, float64[n, 1], by contrast."""
    found = []
    whole = None
    for contrast in contrasts:
        rows, others = contrast.rows, contrast.others
        if others is None or len(rows) + len(others) == len(column):
            whole = mid_ranks(column) if whole is None else whole
            found.append(auc_of_ranks(whole, rows))
        else:
            part = column[np.concatenate([rows, others])]
            found.append(auc_of_ranks(mid_ranks(part), np.arange(len(rows))))
    return found


def unrolled(hues: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return hues as degrees from their mean, from -180 up to 180.

    >>> unrolled(np.array([350.0, 10.0, 30.0])).round(6).tolist()
    [-20.0, 0.0, 20.0]
    """
    return (hues - _mean_hue(hues) + 180) % 360 - 180


def report(compared: Sequence[Compared], *, decoded: bool) -> dict[str, Any]:
    """Tell in plain data what manifest, card and report say of shortcuts.

    Parameters
    ----------
    compared : sequence of Compared
    decoded : bool
        Whether the images of the selection were decoded.

    Returns
    -------
    dict
        ``tests``, how many AUCs there are, and ``critical_value``, what stands in the
        place of 1.96 where all intervals hold together; ``not_measured``, the names of
        measures for which the images were not decoded; ``above_chance``, how many
        are; ``strongest``, those above chance, the farthest from 0.5 first,
        `MOST_LISTED` at most, each with ``scope``, ``label``, ``against`` (the class
        of the images without the label; empty where these are of several),
        ``measure``, ``auc``, ``low`` and ``high`` (its 95 per cent interval, not
        widened), ``with`` and ``without`` (images with and without the label that have
        the measure), and ``typical``, the median of these and of those (of grey the
        share; of hues that from their mean); and ``scopes``: for ``selection``, and
        where the source states sizes for ``source``, ``measures``, ``same`` (those that
        are the same for all images) and ``labels``, for each ``label``, ``against``,
        and in the order of the measures ``with``, ``without``, ``auc``, ``low``,
        ``high`` (None where there is none) and ``above_chance``. An AUC above
        0.5 means larger values with the label.
    """
    tests = sum(int(np.isfinite(part.auc).sum()) for part in compared)
    z = critical_value(tests)
    found, scopes = [], {}
    for part in compared:
        low, high = _interval(part, critical_value(1))
        wide_low, wide_high = _interval(part, z)
        is_above = (wide_low > 0.5) | (wide_high < 0.5)
        measures = list(part.values)
        varies = [_varies(values) for values in part.values.values()]
        scopes[part.scope] = {
            "measures": measures,
            "same": [n for n, v in zip(measures, varies, strict=True) if not v],
            "labels": [
                {
                    "label": contrast.label,
                    "against": contrast.against,
                    "with": part.positives[row].tolist(),
                    "without": part.negatives[row].tolist(),
                    "auc": _rounded(part.auc[row]),
                    "low": _rounded(low[row]),
                    "high": _rounded(high[row]),
                    "above_chance": is_above[row].tolist(),
                }
                for row, contrast in enumerate(part.contrasts)
            ],
        }
        found += [(part, row, column) for row, column in np.argwhere(is_above).tolist()]
    # Stable: what is equally far stays in the order of scopes, labels and measures.
    found.sort(key=lambda at: -round(abs(float(at[0].auc[at[1:]]) - 0.5), 9))
    return {
        "tests": tests,
        "critical_value": round(z, 6),
        "not_measured": [] if decoded else list(DECODED),
        "above_chance": len(found),
        "strongest": [
            _describe(scopes[part.scope], part, row, column)
            for part, row, column in found[:MOST_LISTED]
        ],
        "scopes": scopes,
    }


def _describe(
    scope: Mapping[str, Any], part: Compared, row: int, column: int
) -> dict[str, Any]:
    """Return one AUC by itself."""
    told, measure = scope["labels"][row], scope["measures"][column]
    return {
        "scope": part.scope,
        "label": told["label"],
        "against": told["against"],
        "measure": measure,
        **{n: told[n][column] for n in ("auc", "low", "high", "with", "without")},
        "typical": _typical(part.contrasts[row], measure, part.values[measure]),
    }


def _varies(values: NDArray[np.float64]) -> bool:
    """Whether there are two values or more."""
    high = np.fmax.reduce(values, initial=-np.inf)
    return bool(high > np.fmin.reduce(values, initial=np.inf))


def _interval(
    part: Compared, z: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return auc_interval(part.auc, part.positives, part.negatives, z=z)


def _typical(
    contrast: Contrast, measure: str, values: NDArray[np.float64]
) -> list[float]:
    """Return what is typical of the images with the label, and of those without."""
    others = contrast.others
    if others is None:
        is_other = np.ones(len(values), dtype=np.bool_)
        is_other[contrast.rows] = False
        others = np.flatnonzero(is_other)
    parts = values[contrast.rows], values[others]
    middles = [
        (_mean_hue(own) + np.nanmedian(unrolled(own))) % 360
        if measure == "hue"
        else np.nanmean(own)
        if measure == "grey"
        else np.nanmedian(own)
        for own in parts
    ]
    return [round(float(middle), 4) for middle in middles]


def _mean_hue(hues: NDArray[np.float64]) -> float:
    """Return the direction of the sum of all hues, in degrees."""
    angles = np.deg2rad(hues[~np.isnan(hues)])
    return float(np.rad2deg(np.arctan2(np.sin(angles).sum(), np.cos(angles).sum())))


def _rounded(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(v) else round(v, 6) for v in values.tolist()]
