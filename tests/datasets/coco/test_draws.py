"""Images are numbered, compared and named alike, whatever they were drawn for."""

from types import SimpleNamespace

import numpy as np
import pytest

from builder.datasets.coco.contrasts import drawn_contrasts, source_contrasts
from builder.datasets.coco.draws import CocoDraws
from tests.datasets.coco.tables import table_of

TRAIN = [[1], [2], [1, 2], [3], [1], [2]]
TEST = [[1], [2], [2, 1], [1]]
URL = "http://a.b/c.jpg"


def further(split, *rows):
    return SimpleNamespace(split=split, rows=np.array(rows, dtype=np.int64))


def drawn_of(**more):
    tables = {"train": table_of(TRAIN), "test": table_of(TEST)}
    options = {
        "recipe": None,
        "targets": tuple(tables["train"].categories[:2]),
        "tables": tables,
        "stores": {},
        "prefixes": {"train": "train/", "test": "val/"},
        "draws": {
            "train": np.array([[4, 0, 0, 5, 5, 1], [5, 1, 5, 0, 3, 0]]),
            "test": np.array([[2, 0, 1, 1], [2, 2, 3, 3]]),
        },
    }
    return CocoDraws(**(options | more))


def test_images_of_the_union_are_numbered_split_after_split_in_table_order():
    drawn = drawn_of()
    assert {s: rows.tolist() for s, rows in drawn.union.items()} == {
        "train": [0, 1, 3, 4, 5],
        "test": [0, 1, 2, 3],
    }
    assert drawn.first == {"train": 0, "test": 5}
    assert drawn.numbers("test", np.array([2, 0])).tolist() == [7, 5]
    assert drawn.places("train", np.array([4, 3])).tolist() == [3, 2]
    assert drawn.further == drawn.first_further == {}
    assert drawn.keys["test"][1] == drawn.key("test", 1) == "val/000000000002.jpg"
    assert [image.id for image in drawn.records["train"]] == [1, 2, 4, 5, 6]
    assert drawn.configs == ["car", "bus"]


def test_images_of_context_sets_alone_are_numbered_after_all_others():
    drawn = drawn_of(
        draws={
            "train": np.array([[0, 1], [5, 1]]),
            "test": np.array([[2, 1], [2, 1]]),
        },
        context_sets=[
            further("test", 3, 2),
            further("train", 4, 0),
            further("test", 0, 3),
        ],
    )
    assert {s: rows.tolist() for s, rows in drawn.further.items()} == {
        "test": [0, 3],
        "train": [4],
    }
    assert drawn.first_further == {"test": 5, "train": 7}
    assert drawn.numbers("test", np.array([3, 1, 0, 2])).tolist() == [6, 3, 5, 4]
    assert drawn.numbers("train", np.array([4, 5])).tolist() == [7, 2]
    assert len(drawn.stated_sizes) == 8
    # A set that adds no image is no part.
    none = drawn_of(context_sets=[further("test", 0, 3)])
    assert none.further == {}


def test_what_is_stated_of_any_image_is_told_of_all():
    drawn = drawn_of()
    assert drawn.stated == []
    for name, value in (("coco_url", URL), ("flickr_url", URL), ("license", "MIT")):
        content = {
            "images": [
                {"id": i, "file_name": f"{i}.jpg", "width": i, "height": 2 * i}
                | ({name: value} if i == 4 else {})
                for i in range(1, 7)
            ]
        }
        tables = {"train": table_of(TRAIN, content=content), "test": table_of(TEST)}
        told = drawn_of(tables=tables)
        assert told.stated == [name]
        assert told.describe("train", 3, 2) == {
            "image_id": 4, "file_name": "4.jpg", "width": 4, "height": 8,
            "license": None, "coco_url": None, "flickr_url": None, name: value,
        }  # fmt: skip
        # A row that was not drawn says nothing.
        fewer = {s: np.array([[0, 1], [0, 1]]) for s in ("train", "test")}
        assert drawn_of(tables=tables, draws=fewer).stated == []


def test_sizes_are_those_that_are_written_where_these_are_others():
    assert drawn_of().written_sizes.tolist() == [[16, 12]] * 9
    assert drawn_of().written_sizes.dtype == np.int32
    written = np.arange(18, dtype=np.int32).reshape(9, 2)
    drawn = drawn_of(sizes=written)
    assert drawn.written_sizes is written
    assert drawn.stated_sizes.tolist() == [[16, 12]] * 9
    assert drawn.describe("train", 5, 4)["height"] == 9


def test_objects_are_read_of_the_union_by_the_ids_of_its_images():
    asked = []
    read = {"train": lambda ids: asked.append(ids.tolist()) or "boxes"}
    drawn = drawn_of(objects=read, shown="masks")
    assert drawn.read_objects == drawn.read_objects == {"train": "boxes"}
    assert asked == [[1, 2, 4, 5, 6]]
    assert drawn.kind_of_objects == "masks"
    assert drawn_of().kind_of_objects == "none"
    assert drawn_of().read_objects == {}


def told(contrasts):
    return [
        (c.label, c.rows.tolist(), None if c.others is None else c.others.tolist())
        for c in contrasts
    ]


def test_the_halves_of_a_draw_are_compared_each_image_once():
    assert told(drawn_contrasts(drawn_of())) == [
        ("car", [0, 3, 5, 7], [1, 4, 6]),
        ("bus", [1, 4, 7], [0, 2, 8]),
    ]


@pytest.mark.parametrize("train", [[0, 1, 2, 5], [1, 5]])
def test_where_nothing_was_drawn_for_each_class_is_compared_with_all_others(train):
    taken = {"train": np.array(train), "test": np.array([1, 3])}
    draws = {split: np.zeros((0, 0), dtype=np.int64) for split in taken}
    drawn = drawn_of(targets=(), taken=taken, draws=draws)
    places = {row: number for number, row in enumerate(train)}
    start = len(train)
    cars = [places[row] for row in (0, 2) if row in places] + [start + 1]
    buses = [places[row] for row in (1, 2, 5) if row in places] + [start]
    assert told(drawn_contrasts(drawn)) == [("car", cars, None), ("bus", buses, None)]
    # Of the source all rows count, and all classes that any of them shows.
    assert told(source_contrasts(drawn)) == [
        ("car", [0, 2, 4, 6, 8, 9], None),
        ("bus", [1, 2, 5, 7, 8], None),
        ("cat", [3], None),
    ]
    assert [name for name, *_ in told(source_contrasts(drawn_of()))] == ["car", "bus"]
