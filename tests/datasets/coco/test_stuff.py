"""Stuff annotations: matched with the images of a table, and told from others."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.datasets.coco.context import STUFF
from builder.datasets.coco.parse import read_table
from builder.datasets.coco.stuff import check_stuff, match_stuff
from builder.errors import AnnotationError
from tests.stuffed import CATEGORIES, stuff_of
from tests.tiny import coco_json


def read(content, name="stuff_val2017.json", **options):
    return read_table(json.dumps(content).encode(), name=name, **options)


def match(content, instances):
    return match_stuff(read(content, unannotated=True), read(instances, "a.json"))


@given(
    count=st.integers(1, 12),
    left_out=st.sets(st.integers(1, 12)),
    seed=st.integers(0, 99),
)
def test_each_image_has_the_stuff_of_its_id(count, left_out, seed):
    order = np.random.RandomState(seed).permutation(count) + 1
    pairs = tuple((int(i), 1) for i in order)
    instances = coco_json(count, pairs)
    content = stuff_of(instances, left_out=left_out)
    found = match(content, instances)
    listed = [row for row, i in enumerate(order) if int(i) not in left_out]
    if not listed:
        assert found is None
        return
    assert found.listed.tolist() == listed
    assert found.categories == tuple(name for _, name in CATEGORIES[:-1])
    shown = {(a["image_id"], a["category_id"]) for a in content["annotations"]}
    for place, (number, _) in enumerate(CATEGORIES[:-1]):
        expected = [(int(i), number) in shown for i in order]
        assert found.presence[place].tolist() == expected
    rows = np.array([0, count - 1])
    assert found.listed[found.places(rows)].tolist() == sorted(
        {0, count - 1} & set(listed)
    )


def test_things_among_stuff_are_left_to_the_instances():
    instances = coco_json(categories=("car", "bus"))
    content = stuff_of(instances)
    content["categories"].append({"id": 1, "name": "car"})
    found = match(content, instances)
    assert "car" not in found.categories
    assert "other" not in found.categories


def test_annotations_of_other_kinds_are_named():
    content = stuff_of(coco_json())
    check_stuff(read(content))
    content["categories"] = [c for c in content["categories"] if c["name"] != "road"]
    content["annotations"] = []
    with pytest.raises(
        AnnotationError, match=r"without road: give stuff_val2017\.json"
    ):
        check_stuff(read(content, unannotated=True))
    with pytest.raises(AnnotationError, match=r"found car, bus, without fruit, road, "):
        check_stuff(read(coco_json()))
    assert set(STUFF.values()) < {name for _, name in CATEGORIES}


def test_another_image_of_the_same_id_is_refused():
    instances = coco_json()
    content = json.loads(json.dumps(stuff_of(instances)))
    content["images"][1]["file_name"] = "other.jpg"
    with pytest.raises(AnnotationError, match=r"the image 2 .* found 'other\.jpg'"):
        match(content, instances)
    content["images"][1]["file_name"] = "val2017/000000000002.jpg"
    assert match(content, instances).listed.tolist() == [0, 1]
