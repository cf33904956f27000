"""Ages of patients, in bands of ten years."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.audit.drift import Drift, compare_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Borders of the ages of patients, in years; SIIM-ISIC gives them in steps of five.
AGES = (30, 40, 50, 60, 70, 80)
AGE_NAMES = ("below 30", "30-39", "40-49", "50-59", "60-69", "70-79", "80 and more")


def compare_ages(selection: NDArray[np.float64], parent: NDArray[np.float64]) -> Drift:
    """Compare the ages of patients, in years, NaN where unknown, in bands of ten."""
    return compare_numbers("age", selection, parent, borders=AGES, names=AGE_NAMES)


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
