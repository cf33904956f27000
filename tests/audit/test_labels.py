"""Label by other features."""

import json

import numpy as np
import pytest

from builder.audit.labels import LabelCount, count_labels, report


def test_counts_are_of_both_labels_and_missing_comes_last():
    values = ["male", None, "female", "male", float("nan")]
    is_positive = np.array([True, True, False, False, False])
    assert count_labels(values, is_positive) == [
        LabelCount("female", 1, 0),
        LabelCount("male", 1, 1),
        LabelCount("missing", 1, 1),
    ]


def test_values_that_have_an_order_keep_it():
    values = ["tall", "short", "b", None, "a", "tall"]
    counts = count_labels(values, np.zeros(6, dtype=bool), order=("short", "tall"))
    assert [count.value for count in counts] == ["short", "tall", "a", "b", "missing"]
    assert [count.negative for count in counts] == [1, 2, 1, 1, 1]


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="zip"):
        count_labels(["male"], np.zeros(2, dtype=bool))


def test_report_is_plain_data():
    told = report(
        {"sex": [LabelCount("female", 9, 1)]}, negative="well", positive="ill"
    )
    row = {"value": "female", "well": 9, "ill": 1, "share": [0.1, 0.017876, 0.40415]}
    assert told == {"sex": [row]}
    assert list(told["sex"][0]) == list(row)
    json.dumps(told)
