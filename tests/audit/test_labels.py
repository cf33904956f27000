"""Label by sex, age and site."""

import json

import numpy as np
import pytest

from builder.audit.drift import AGE_NAMES
from builder.audit.labels import LabelCount, band_ages, count_labels, report


def test_counts_are_of_both_labels_and_missing_comes_last():
    values = ["male", None, "female", "male", float("nan")]
    is_malignant = np.array([True, True, False, False, False])
    assert count_labels(values, is_malignant) == [
        LabelCount("female", 1, 0),
        LabelCount("male", 1, 1),
        LabelCount("missing", 1, 1),
    ]


def test_ages_keep_their_order():
    ages = band_ages(np.array([85.0, 15, 45, np.nan, 29.9, 30]))
    assert ages == ["80 and more", "below 30", "40-49", None, "below 30", "30-39"]
    counts = count_labels(ages, np.zeros(6, dtype=bool), order=AGE_NAMES)
    values = [count.value for count in counts]
    assert values == ["below 30", "30-39", "40-49", "80 and more", "missing"]


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="zip"):
        count_labels(["male"], np.zeros(2, dtype=bool))


def test_report_is_plain_data():
    told = report({"sex": [LabelCount("female", 9, 1)]})
    row = {"value": "female", "benign": 9, "malignant": 1}
    assert told == {"sex": [row | {"share": [0.1, 0.017876, 0.40415]}]}
    json.dumps(told)
