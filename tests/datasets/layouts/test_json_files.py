"""How annotations are counted and images found, however both are named."""

import json

import pytest

from builder.datasets.layouts.images import ImageIndex
from builder.datasets.layouts.json_files import read_json
from tests.datasets.layouts.made import coco


@pytest.mark.parametrize("spell", [int, str, float], ids=lambda spell: spell.__name__)
def test_counts_do_not_depend_on_how_ids_are_written(spell):
    record = coco(["a.jpg", "b.jpg", "c.jpg"])
    twice = {"id": 9, "image_id": 2, "category_id": 1, "bbox": [0, 0, 1, 1]}
    record["annotations"] = [
        {**entry, "image_id": spell(entry["image_id"])}
        for entry in [*record["annotations"], twice]
        if entry["image_id"]
    ]
    found = read_json(json.dumps(record).encode(), "a.json")
    assert found.annotations == 5
    assert found.classes == {"car": 2, "truck": 2}
    assert found.unannotated == 1


def test_no_annotations_are_counted_as_none():
    record = {**coco(["a.jpg"]), "annotations": []}
    found = read_json(json.dumps(record).encode(), "a.json")
    assert (found.annotations, found.unannotated) == (0, 1)
    assert found.classes == {"car": 0, "truck": 0}


def test_frames_of_many_videos_are_looked_for_in_their_own_folder_alone():
    index = ImageIndex([f"in/v{v}/{k}.jpg" for v in range(50) for k in range(3)])
    assert index._candidates(["v7", "1.jpg"]) == ["in/v7/1.jpg"]
    assert len(index._candidates(["elsewhere", "1.jpg"])) == 50
    found = index.find([f"V{v}/{k}.JPG" for v in range(50) for k in range(3)], "a.json")
    assert (found.places, found.found) == (["in/"], 150)
