"""Categories of several files: matched by id and name, by name, or refused."""

import json
import re

import pytest

from builder.datasets.coco.categories import match_categories
from builder.datasets.coco.parse import read_table
from builder.errors import SelectionError
from tests.tiny import coco_json

WIDE = 2**31


def table_of(categories, used, name):
    """Return a table of one image for each id in `used`."""
    content = coco_json(len(used), tuple(enumerate(used, start=1)))
    content["categories"] = [{"id": i, "name": text} for i, text in categories.items()]
    return read_table(json.dumps(content).encode(), name=name)


def tables_of(*sides):
    names = ("train", "validation", "test")
    return {
        name: table_of(categories, used, f"{name}.json")
        for name, (categories, used) in zip(names, sides, strict=False)
    }


def listed(table):
    return [(category.id, category.name) for category in table.categories]


def test_equal_lists_are_left_as_they_are():
    tables = tables_of(({1: "car", 2: "bus"}, [1, 2]), ({1: "car", 2: "bus"}, [2]))
    matched = match_categories(tables)
    assert all(matched[split] is table for split, table in tables.items())
    assert match_categories({}) == {}


def test_another_order_is_that_of_the_first():
    tables = tables_of(({2: "bus", 1: "car"}, [1, 2]), ({1: "car", 2: "bus"}, [2, 1]))
    other = match_categories(tables)["validation"]
    assert listed(other) == [(2, "bus"), (1, "car")]
    assert other.category_ids.tolist() == [2, 1]
    assert other.presence.tolist() == [[True, False], [False, True]]
    assert other.renumbered == {}


def test_other_ids_are_matched_by_name():
    tables = tables_of(
        ({1: "car", 2: "bus", 3: "cat"}, [1, 2, 3]),
        ({1: "cat", 5: "car", WIDE: "bus"}, [WIDE, 5, 1]),
        ({3: "car", 1: "bus", 2: "cat"}, [1, 2]),
    )
    matched = match_categories(tables)
    assert matched["train"] is tables["train"]
    assert {str(listed(table)) for table in matched.values()} == {
        str([(1, "car"), (2, "bus"), (3, "cat")])
    }
    assert matched["validation"].category_ids.tolist() == [2, 1, 3]
    assert not matched["validation"].has_wide_ids
    assert matched["validation"].renumbered == {1: 3, 5: 1, WIDE: 2}
    assert matched["test"].category_ids.tolist() == [2, 3]
    assert matched["test"].has(3).tolist() == [False, True]


def test_what_is_nowhere_used_may_be_missing():
    tables = tables_of(
        ({0: "root", 1: "car"}, [1]), ({7: "none", 1: "car"}, [1]), ({1: "car"}, [1])
    )
    for table in match_categories(tables).values():
        assert listed(table) == [(0, "root"), (1, "car"), (7, "none")]
        assert table.has(1).all()
        assert not table.has(0).any()


def test_two_of_one_name_are_told_apart_by_id():
    root = {0: "hole", 1: "hole", 2: "crack"}
    matched = match_categories(tables_of((root, [1]), ({1: "hole", 2: "crack"}, [1])))
    assert listed(matched["validation"]) == list(root.items())
    shifted = {1: "hole", 2: "hole", 3: "crack"}
    with pytest.raises(SelectionError, match=re.escape("'hole' (id 2) in validation.")):
        match_categories(tables_of((root, [1]), (shifted, [2])))


@pytest.mark.parametrize(
    ("sides", "found"),
    [
        (
            [({1: "car"}, [1]), ({1: "Car"}, [1])],
            "'Car' (id 1) in validation.json alone: give",
        ),
        (
            [({1: "car", 2: "bus"}, [1]), ({1: "car", 3: "cat"}, [1, 3])],
            "'cat' (id 3) in validation.json alone: give",
        ),
        (
            [({k: f"c{k}" for k in range(1, 8)}, range(1, 8)), ({7: "c7"}, [7])],
            "'c1' (id 1), 'c2' (id 2), 'c3' (id 3) and 3 more in train.json alone",
        ),
        (
            [({1: "a", 2: "b"}, [1, 2]), ({1: "a", 3: "c"}, [3])],
            "'c' (id 3) in validation.json alone and 'b' (id 2) in train.json alone",
        ),
        (
            [({1: "a"}, [1]), ({1: "a"}, [1]), ({1: "a", 2: "b"}, [2])],
            "test.json: expected the categories of train.json, by id or name, found",
        ),
    ],
)
def test_categories_that_differ_are_named(sides, found):
    with pytest.raises(SelectionError, match=re.escape(found)):
        match_categories(tables_of(*sides))
