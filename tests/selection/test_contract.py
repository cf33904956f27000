"""Rows that are made when they are asked for, and what is told without them."""

import numpy as np
import pytest

import builder
from builder.selection.contract import ImageGroup, SplitRows, keys_of, sizes_of
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
