"""Drift: shares add up, and the largest differences are named first."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.audit import drift
from builder.audit.drift import (
    compare_categories,
    compare_numbers,
    compare_sizes,
    compare_values,
    grey_shares,
    report,
)
from builder.errors import SelectionError

values = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1)


@given(values, values)
def test_shares_are_shares(selection, parent):
    found = compare_values("letter", selection, parent)
    assert found.selection.sum() == pytest.approx(1)
    assert found.parent.sum() == pytest.approx(1)
    assert 0 <= found.size <= 1
    for name, share in zip(found.values, found.selection, strict=True):
        value = None if name == "missing" else name
        assert share == selection.count(value) / len(selection)
    assert compare_values("letter", parent, selection).size == pytest.approx(found.size)
    assert compare_values("letter", parent, parent).size == 0


def test_nan_is_missing_and_comes_last():
    found = compare_values("sex", ["z", float("nan")], ["z", None])
    assert found.values == ("z", "missing")
    assert found.size == 0


def test_numbers_at_a_border_count_above_it():
    numbers = np.array([-1.0, 0.0, 0.5, 1.0, np.nan])
    found = compare_numbers("x", numbers, numbers[:3], borders=(0, 1), names="abc")
    assert found.values == ("a", "b", "c", "missing")
    np.testing.assert_allclose(found.selection, [0.2, 0.4, 0.2, 0.2])
    np.testing.assert_allclose(found.parent, [1 / 3, 2 / 3, 0, 0])
    whole = compare_numbers("x", numbers[:4], numbers[:3], borders=(0, 1), names="abc")
    assert whole.values == ("a", "b", "c")


@pytest.mark.parametrize("feature", ["ASPECT", "AREA"])
def test_bands_have_one_name_each(feature):
    borders, names = getattr(drift, f"{feature}S"), getattr(drift, f"{feature}_NAMES")
    assert len(set(names)) == len(names) == len(borders) + 1
    assert list(borders) == sorted(borders)


def test_sizes_are_relative_to_the_median_of_the_parent():
    parent = np.array([100, 100, 100, 200]), np.array([100, 100, 100, 100])
    selection = np.array([100, 40]), np.array([100, 100])
    area, aspect = compare_sizes(selection, parent)
    assert dict(zip(area.values, area.selection, strict=True)) == {
        name: 0.5 if name in (drift.AREA_NAMES[0], drift.AREA_NAMES[3]) else 0
        for name in drift.AREA_NAMES
    }
    assert area.parent[[3, 5]].tolist() == [0.75, 0.25]
    assert aspect.selection[[0, 2]].tolist() == [0.5, 0.5]
    assert aspect.parent[[2, 6]].tolist() == [0.75, 0.25]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unknown", [0, 1])
def test_unknown_sizes_are_not_compared(unknown):
    known = np.array([100]), np.array([100])
    missing = np.array([100, 0]), np.array([100, 0])
    sides = [missing, known] if unknown else [known, missing]
    assert compare_sizes(*sides) == []


def test_report_names_the_largest_differences_first():
    numbers = np.array([1.0, 9, 9, 9]), np.array([1.0, 9])
    sizes = compare_numbers("size", *numbers, borders=(5,), names=("small", "large"))
    categories = compare_categories(
        ["car", "bus"], np.array([9, 1]), 10, np.array([10, 50]), 100
    )
    told = report([sizes, categories], top=3)
    assert [(d["feature"], d["value"], d["points"]) for d in told["largest"]] == [
        ("category", "car", 80.0),
        ("category", "bus", -40.0),
        ("size", "small", -25.0),
    ]
    assert told["features"]["size"]["size"] == 0.25
    assert told["features"]["size"]["measure"] == "total variation"
    assert told["features"]["category"]["size"] == 0.8
    assert told["features"]["category"]["measure"] == "largest difference"
    assert report([compare_values("x", ["a"], ["a"])])["largest"] == []
    json.dumps(told, allow_nan=False)


def test_grey_shares_do_not_speak_of_the_parent():
    is_grey = np.array([True, False, False, False])
    train = np.array([True, True, True, False])
    told = grey_shares(is_grey, {"train": train, "test": ~train, "none": train & False})
    assert told == {
        "parent": None,
        "parts": {
            "train": {"images": 3, "grey": 1, "share": 0.333333},
            "test": {"images": 1, "grey": 0, "share": 0.0},
            "none": {"images": 0, "grey": 0, "share": None},
        },
    }


@pytest.mark.parametrize(
    "compare",
    [
        lambda: compare_values("sex", [], ["male"]),
        lambda: compare_numbers(
            "size", np.array([1.0]), np.empty(0), borders=(), names=("any",)
        ),
        lambda: compare_sizes((np.empty(0),) * 2, (np.ones(1),) * 2),
        lambda: compare_categories(["a"], np.array([0]), 0, np.array([1]), 1),
    ],
)
def test_an_empty_selection_is_an_error(compare):
    with pytest.raises(SelectionError, match="has no rows"):
        compare()


def test_ten_of_the_largest_differences_are_named_those_of_equal_size_in_order():
    names = [f"c{n}" for n in range(12)]
    shares = np.array([50 - n // 2 for n in range(12)])
    drift_of = compare_categories(names, shares, 100, np.zeros(12, dtype=int), 100)
    told = report([drift_of])
    assert [row["value"] for row in told["largest"]] == names[:10]
    assert [row["points"] for row in told["largest"][:3]] == [50, 50, 49]
    assert told["largest"][2] == {
        "feature": "category", "value": "c2", "selection": 0.49, "parent": 0.0,
        "points": 49.0,
    }  # fmt: skip
    assert told["features"]["category"]["values"] == names
    assert report([compare_values("x", ["a"], ["a", "b"])], top=0) == {
        "features": {
            "x": {
                "size": 0.5,
                "measure": "total variation",
                "values": ["a", "b"],
                "selection": [1.0, 0.0],
                "parent": [0.5, 0.5],
            }
        },
        "largest": [],
    }
    thirds = compare_values("x", ["a", "b", "b"], ["a", "b"])
    (first, *_) = report([thirds])["largest"]
    assert (first["selection"], first["points"]) == (0.333333, -16.6667)


@pytest.mark.parametrize(
    ("feature", "compare"),
    [
        ("sex", lambda: compare_values("sex", ["a"], [])),
        ("size", lambda: compare_numbers(
            "size", np.empty(0), np.array([1.0]), borders=(), names=("any",))),
        ("area", lambda: compare_sizes((np.ones(1),) * 2, (np.empty(0),) * 2)),
        ("category", lambda: compare_categories(["a"], np.ones(1), 1, np.ones(1), 0)),
    ],
)  # fmt: skip
def test_what_has_no_rows_is_named_on_either_side(feature, compare):
    with pytest.raises(SelectionError) as caught:
        compare()
    assert str(caught.value) == (
        f"The drift of {feature} compares a selection with its parent, but one of them"
        " has no rows: select at least one image"
    )
