"""Rows that are made when they are asked for, and what is told without them."""

import numpy as np
import pytest

import builder
from builder.pipeline.prepare import keys_of
from builder.selection.contract import (
    Export,
    ImageGroup,
    SettledSelection,
    SplitRows,
    draws_of,
    sizes_of,
)
from tests.small import DATASETS, build_from


def test_columns_and_features_are_made_once_and_only_when_asked_for():
    made = []

    def columns():
        made.append("columns")
        return {"label": [1, 0]}

    def features():
        made.append("features")
        return {"label": "int64"}

    shared = (("part", "test", 1, 2),)
    images, left_out = np.array([4, 2]), np.array([7])
    rows = SplitRows(
        "default", "train", images, columns, features, shared=shared, left_out=left_out
    )
    assert len(rows) == 2
    assert [(c, s, found.tolist()) for c, s, found in rows.draws()] == [
        ("default", "train", [4, 2, 7]),
        ("part", "test", [2]),
    ]
    assert made == []
    assert rows.columns is rows.columns
    assert rows.columns == {"label": [1, 0]}
    assert made == ["columns"]
    assert rows.features is rows.features
    assert made == ["columns", "features"]


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_plan_makes_no_columns(dataset, sources, recipes, monkeypatch, tmp_path):
    class AskedError(Exception):
        pass

    def refuse(self):
        raise AskedError

    told = builder.plan(dataset, recipes[dataset], source=str(sources[dataset]))
    for name in ("columns", "features"):
        monkeypatch.setattr(SplitRows, name, property(refuse))
    again = builder.plan(dataset, recipes[dataset], source=str(sources[dataset]))
    assert again == told
    with pytest.raises(AskedError):
        build_from(dataset, sources[dataset], tmp_path / "out")


def test_groups_number_their_images_one_after_the_other():
    stated = np.array([[4, 3], [5, 2]], dtype=np.int32)
    one = ImageGroup("train images", None, ["a", "b"], ["a", "b"], [1, 2], stated)
    two = ImageGroup("val images", None, ["c"], ["c"], [3])
    assert keys_of([one, two]) == ["a", "b", "c"]
    assert sizes_of([two]) is None
    found = sizes_of([two, one])
    assert found.dtype == np.int32
    assert found.tolist() == [[0, 0], [4, 3], [5, 2]]


class Small(SettledSelection):
    """Three images in two groups, in two configs that share files."""

    def images(self):
        one = ImageGroup("train images", None, ["a", "b"], ["a", "b"], ["1", "2"])
        return [one, ImageGroup("test images", None, ["c"], ["c"], ["3"])]

    def splits(self):
        shared = (("part", "train", 1, 2), ("part", "test", 0, 1))
        train, test = np.array([2, 0]), np.array([1])
        return [
            SplitRows("default", "train", train, dict, dict, shared=shared),
            SplitRows("default", "test", test, dict, dict, left_out=np.array([2])),
        ]


def test_draws_name_the_images_of_every_config_in_order():
    assert draws_of(Small()) == {
        "default": {"train": ["3", "1"], "test": ["2", "3"]},
        "part": {"train": ["1"], "test": ["3"]},
    }


def test_a_settled_selection_has_nothing_besides_its_images():
    selection = Small()
    assert selection.is_settled
    assert selection.settle(None) is selection
    assert selection.figures(None, None) == selection.small_tables() == {}
    assert selection.export() == Export({}, {})
