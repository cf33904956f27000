"""How a label of two values goes with other features of the images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from builder.audit.drift import MISSING
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
    negative, positive : int
        Images of either label.
    """

    value: str
    negative: int
    positive: int

    @property
    def interval(self) -> tuple[float, float, float]:
        """Positive share with the ends of its 95 per cent Wilson interval."""
        images = np.array(self.negative + self.positive)
        share, low, high = share_interval(np.array(self.positive), images).tolist()
        return share, low, high


def count_labels(
    values: Sequence[str | None],
    is_positive: NDArray[np.bool_],
    *,
    order: Sequence[str] = (),
) -> list[LabelCount]:
    """Count both labels for every value; null and NaN are ``missing``.

    Parameters
    ----------
    values : sequence of (str or None), length n
    is_positive : ndarray of bool, shape (n,)
    order : sequence of str, optional
        Values that come first, in this order.

    Returns
    -------
    list of LabelCount
        Of the values that are met; those that `order` does not name follow in the
        order of the alphabet, ``missing`` last.

    Examples
    --------
    >>> count_labels(["round", "round"], np.array([True, False]))
    [LabelCount(value='round', negative=1, positive=1)]
    """
    counts: dict[str, list[int]] = {}
    for value, positive in zip(values, is_positive.tolist(), strict=True):
        is_null = value is None or value != value  # noqa: PLR0124  # NaN
        counts.setdefault(MISSING if is_null else str(value), [0, 0])[positive] += 1
    first = {value: place for place, value in enumerate(order)}
    found = sorted(
        counts,
        key=lambda value: (value == MISSING, first.get(value, len(first)), value),
    )
    return [LabelCount(value, *counts[value]) for value in found]


def report(
    features: Mapping[str, Sequence[LabelCount]], *, negative: str, positive: str
) -> dict[str, object]:
    """Tell in plain data what manifest and card say of label by each feature.

    Parameters
    ----------
    features : mapping of str to sequence of LabelCount
    negative, positive : str
        Names of the two labels.

    Returns
    -------
    dict
        For each feature a list of ``value``, the number of images of either label
        under its name, and ``share``, that of the positive label with the ends of its
        interval.
    """
    return {
        feature: [
            {
                "value": count.value,
                negative: count.negative,
                positive: count.positive,
                "share": [round(part, 6) for part in count.interval],
            }
            for count in counts
        ]
        for feature, counts in features.items()
    }
