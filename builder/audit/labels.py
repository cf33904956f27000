"""How the label of SIIM-ISIC goes with sex, age and site of the patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from builder.audit.drift import AGE_NAMES, AGES, MISSING
from builder.audit.intervals import share_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LabelCount:
    """Images with one value of a feature.

    Attributes
    ----------
    value : str
    benign, malignant : int
        Images of either label.
    """

    value: str
    benign: int
    malignant: int

    @property
    def interval(self) -> tuple[float, float, float]:
        """Malignant share with the ends of its 95 per cent Wilson interval."""
        images = np.array(self.benign + self.malignant)
        share, low, high = share_interval(np.array(self.malignant), images).tolist()
        return share, low, high


def count_labels(
    values: Sequence[str | None],
    is_malignant: NDArray[np.bool_],
    *,
    order: Sequence[str] = (),
) -> list[LabelCount]:
    """Count both labels for every value; null and NaN are ``missing``.

    Parameters
    ----------
    values : sequence of (str or None), length n
    is_malignant : ndarray of bool, shape (n,)
    order : sequence of str, optional
        Values that come first, in this order, such as `builder.audit.drift.AGE_NAMES`.

    Returns
    -------
    list of LabelCount
        Of the values that are met; those that `order` does not name follow in the
        order of the alphabet, ``missing`` last.

    Examples
    --------
    >>> [malignant] = count_labels(["male", "male"], np.array([True, False]))
    >>> malignant.benign, malignant.malignant
    (1, 1)
    """
    counts: dict[str, list[int]] = {}
    for value, malignant in zip(values, is_malignant.tolist(), strict=True):
        is_null = value is None or value != value  # noqa: PLR0124  # NaN
        counts.setdefault(MISSING if is_null else str(value), [0, 0])[malignant] += 1
    first = {value: place for place, value in enumerate(order)}
    found = sorted(
        counts,
        key=lambda value: (value == MISSING, first.get(value, len(first)), value),
    )
    return [LabelCount(value, *counts[value]) for value in found]


def band_ages(ages: NDArray[np.float64]) -> list[str | None]:
    """Name the ten years into which each age falls, null where it is NaN.

    Examples
    --------
    >>> band_ages(np.array([25, 30, 85, np.nan]))
    ['below 30', '30-39', '80 and more', None]
    """
    places = np.searchsorted(AGES, ages, "right").tolist()
    missing = np.isnan(ages).tolist()
    return [
        None if is_null else AGE_NAMES[place]
        for place, is_null in zip(places, missing, strict=True)
    ]


def report(features: Mapping[str, Sequence[LabelCount]]) -> dict[str, object]:
    """Tell in plain data what manifest and card say of label by each feature.

    Parameters
    ----------
    features : mapping of str to sequence of LabelCount

    Returns
    -------
    dict
        For each feature a list of ``value``, ``benign``, ``malignant`` and
        ``share``, the malignant share with the ends of its interval.
    """
    return {
        feature: [
            {
                "value": count.value,
                "benign": count.benign,
                "malignant": count.malignant,
                "share": [round(part, 6) for part in count.interval],
            }
            for count in counts
        ]
        for feature, counts in features.items()
    }
