"""Boxes and outlines of some images: those of the file, as pycocotools sees them."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.datasets.coco.objects import read_objects
from builder.datasets.coco.records import whole
from builder.errors import AnnotationError
from tests.tiny import SHARED, coco_json

SQUARE = [[1, 1, 1.5, 1, 1.5, 2.25]]
CROWD = {"counts": [3, 4, 5], "size": [3, 4]}
PACKED = {"counts": "NaN\\{}[]o0", "size": [3, 4]}
NAN = float("nan")


def with_objects(*objects, images=3):
    """Return annotations, each a dict of what is other than in a plain one."""
    content = coco_json(images, ((1, 1),) * len(objects))
    for number, (record, other) in enumerate(
        zip(content["annotations"], objects, strict=True)
    ):
        record |= {
            "bbox": [1, 2.5, 3, 4.1],
            "area": 12 + number,
            "segmentation": SQUARE,
            **other,
        }
    return json.dumps(content).encode()


def read(data, image_ids=(1,), *, of=None, masks=True):
    if of is None:
        of = [whole(record["image_id"]) for record in json.loads(data)["annotations"]]
    numbers, ids = (np.array(each, dtype=np.int64) for each in (of, image_ids))
    return read_objects(data, numbers, ids, name="mine.json", masks=masks)


def test_objects_stand_by_image_in_the_order_of_the_file():
    data = with_objects(
        {"image_id": 3}, {"image_id": 1, "category_id": 2}, {"image_id": 3, "area": 7.5}
    )
    found = read(data, (2, 3, 1))
    assert len(found) == 3
    assert found.of(0) == {
        "id": [], "bbox": [], "category_id": [], "area": [], "iscrowd": [],
        "segmentation": [],
    }  # fmt: skip
    assert found.of(1) == {
        "id": [1, 3],
        "bbox": [[1.0, 2.5, 3.0, 4.1]] * 2,
        "category_id": [1, 1],
        "area": [12.0, 7.5],
        "iscrowd": [0, 0],
        "segmentation": [json.dumps(SQUARE)] * 2,
    }
    assert found.of(2)["id"] == [2]
    assert found.of(2)["category_id"] == [2]
    assert {type(value) for box in found.of(2)["bbox"] for value in box} == {float}


@pytest.mark.parametrize("masks", [False, True])
def test_what_is_mended_stands_beside_what_is_not(masks):
    """In the same columns, whatever way each was read."""
    as_numbers = with_objects({}, {"bbox": [1, 2, 3, 4]}, {"iscrowd": 1})
    in_other_ways = with_objects(
        {"id": 1.0}, {"bbox": [1, 2, 3, 4], "category_id": "1"}, {"iscrowd": True}
    )
    found, expected = (read(d, masks=masks).of(0) for d in (in_other_ways, as_numbers))
    assert found == expected


def test_outlines_are_left_out_unless_asked_for():
    found = read(with_objects({"segmentation": PACKED}), masks=False)
    assert "segmentation" not in found.of(0)


@pytest.mark.parametrize("outline", [SQUARE, CROWD, PACKED, [], None, 3, {"a": "é"}])
@pytest.mark.parametrize("area", [1, NAN])
def test_an_outline_is_the_text_of_the_file(outline, area):
    data = with_objects({"segmentation": outline, "area": area})
    (text,) = read(data).of(0)["segmentation"]
    if outline is None:
        assert text is None
    else:
        assert text == json.dumps(outline)


def test_an_outline_may_be_missing():
    content = coco_json()
    assert read(json.dumps(content).encode()).of(0) == {
        "id": [1], "bbox": [None], "category_id": [1], "area": [None], "iscrowd": [0],
        "segmentation": [None],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("id", "7", 7), ("id", "a", None), ("id", None, None), ("id", 2**62, 2**62),
        ("image_id", "1", 1), ("image_id", 1.0, 1), ("category_id", "2", 2),
        ("bbox", None, None), ("bbox", [], None), ("bbox", [0, 0, 0, 0], [0.0] * 4),
        ("bbox", [-1e-9, 1e300, 3, 0.1], [-1e-9, 1e300, 3.0, 0.1]),
        ("area", None, None), ("area", NAN, None), ("area", 2, 2.0),
        ("iscrowd", 1, 1), ("iscrowd", True, 1), ("iscrowd", False, 0),
        ("iscrowd", None, 0), ("iscrowd", "1", 1), ("iscrowd", 1.0, 1),
        ("iscrowd", NAN, 0),
    ],
)  # fmt: skip
def test_a_field_is_read_as_it_is_meant(field, value, expected):
    found = read(with_objects({field: value})).of(0)
    if field == "image_id":
        assert len(found["id"]) == 1
    else:
        assert found[field] == [expected]
        assert type(found[field][0]) is type(expected)


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("bbox", [NAN, 1, 2, 3], "the bbox [NaN, 1, 2, 3]; expected x, y, width"),
        ("bbox", {"x": 1}, "the bbox {'x': 1}; expected"),
        ("bbox", [1, 2, 3], "the bbox [1, 2, 3]; expected"),
        ("bbox", [1, 2, 3, 4, 5], "the bbox [1, 2, 3, 4, 5]; expected"),
        ("bbox", [1, 2, 3, "4"], "the bbox [1, 2, 3, '4']; expected"),
        ("bbox", [1, 2, 3, True], "the bbox [1, 2, 3, True]; expected"),
        ("bbox", [1, 2, 3, 10**400], "the bbox [1, 2, 3, 1000"),
        ("area", "big", "the area 'big'; expected a number"),
        ("iscrowd", 2, "the iscrowd 2; expected 0 or 1"),
        ("category_id", None, "the category_id null; expected a whole number"),
        ("segmentation", [[1, NAN]], "a segmentation with NaN or Infinity in it; exp"),
    ],
)
def test_what_cannot_be_shown_names_its_annotation(field, value, found):
    data = with_objects({}, {field: value})
    expected = f"mine.json: annotation 2 of image 1 (annotations[1]) has {found}"
    with pytest.raises(AnnotationError, match=re.escape(expected)):
        read(data)
    assert read(data, (2, 3)).of(0)["id"] == []  # nobody asked for it


def test_a_number_out_of_range_names_its_annotation():
    data = with_objects({"bbox": "Q"}).replace(b'"Q"', b"[1, 2, 3, 1e999]")
    with pytest.raises(
        AnnotationError, match=r"annotation 1 of image 1 .* out of range"
    ):
        read(data)


def test_a_file_that_changed_is_an_error():
    with pytest.raises(AnnotationError, match="truncated after 9 bytes"):
        read(b'{"annotat', of=[1])
    with pytest.raises(AnnotationError, match="Expected `object`, got `int`"):
        read(b'{"annotations": [1]}', of=[1])
    with pytest.raises(AnnotationError, match="missing required field `annotations`"):
        read(b"{}", of=[1])
    with pytest.raises(AnnotationError, match=r"expected 2 annotations .* found 1: it"):
        read(with_objects({}), of=[1, 1])


@given(
    numbers=st.lists(st.integers(1, 5), max_size=20), order=st.permutations(range(1, 6))
)
def test_every_annotation_of_an_image_is_its_own(numbers, order):
    data = with_objects(*({"image_id": number} for number in numbers), images=5)
    found = read(data, order[:3], masks=False)
    for place, image in enumerate(order[:3]):
        expected = [k for k, number in enumerate(numbers, start=1) if number == image]
        assert found.of(place)["id"] == expected


def annotation_file(place, folder):
    """Return the path of a small file with polygons, counts and packed counts."""
    if place != "made":
        return SHARED / place
    path = folder / "made.json"
    counts = {"counts": [50, 20, 60, 30, 32], "size": [12, 16]}
    packed = {"counts": "b1d0l1:TO", "size": [12, 16]}  # the same
    data = with_objects(
        {"image_id": 3, "iscrowd": 1, "segmentation": counts},
        {"image_id": 1, "segmentation": [[1, 1, 9.5, 1, 9.5, 8.25]]},
        {"image_id": 3, "segmentation": packed, "category_id": 2},
    )
    path.write_bytes(data)
    return path


PLACES = {
    "made": True,
    "data/coco/tiny/annotations/instances_train2017.json": SHARED.is_dir(),
    "golden/coco/annotations/instances_val2017.json": SHARED.is_dir(),
}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("place", PLACES)
def test_objects_are_those_of_pycocotools(place, tmp_path):
    if not PLACES[place]:
        pytest.skip("needs the annotations of ../shared")
    path = annotation_file(place, tmp_path)
    peer = pytest.importorskip("pycocotools.coco").COCO(str(path))
    ids = list(peer.imgs)[::2]
    found = read(path.read_bytes(), ids)
    seen = 0
    for number, image in enumerate(ids):
        ours = found.of(number)
        theirs = peer.loadAnns(peer.getAnnIds(imgIds=[image]))
        for field in ("id", "bbox", "category_id", "area", "iscrowd"):
            assert ours[field] == [record[field] for record in theirs]
        for text, record in zip(ours["segmentation"], theirs, strict=True):
            assert json.loads(text) == record["segmentation"]
            if record["iscrowd"] or place == "made":
                outline = {"image_id": image, "segmentation": json.loads(text)}
                pixels = peer.annToMask(outline)
                assert (pixels == peer.annToMask(record)).all()
                seen += int(pixels.any())
    assert seen or place.startswith("golden")
