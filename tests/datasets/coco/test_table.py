"""The table of images and categories, against the lists that it was made of."""

import numpy as np
import pytest

from builder.datasets.coco.images_table import Image
from builder.datasets.coco.table import License
from tests.datasets.coco.tables import table_of

SHOWN = [[3, 1], [1], [2, 3, 1], [3]]
WIDE = {
    "categories": [{"id": i, "name": f"c{i}"} for i in (2**40, 7, -5)],
    "annotations": [
        {"id": k, "image_id": i, "category_id": c, "iscrowd": 0}
        for k, (i, c) in enumerate([(1, 7), (2, 2**40), (2, -5)])
    ],
}


def test_each_way_of_asking_gives_what_the_images_show():
    table = table_of(SHOWN)
    assert len(table) == table.num_annotated == 4
    assert [table.categories_of(row) for row in range(4)] == SHOWN
    assert table.position == {1: 0, 2: 1, 3: 2}
    for place, number in enumerate((1, 2, 3)):
        has = [number in found for found in SHOWN]
        assert table.presence[place].tolist() == has
        assert table.has(number).tolist() == has
        assert table.has(number).dtype == bool
        assert table.rows_of(number).tolist() == np.flatnonzero(has).tolist()
    assert not table.has_wide_ids


def test_ids_of_any_size_and_order_are_told_apart():
    table = table_of([[], []], content=WIDE)
    assert table.has_wide_ids
    assert table.presence.tolist() == [[False, True], [True, False], [False, True]]
    assert [table.rows_of(i).tolist() for i in (2**40, 7, -5)] == [[1], [0], [1]]
    assert table.categories_of(1) == [2**40, -5]


def test_images_that_show_nothing_are_rows_that_no_category_has():
    table = table_of([[2], [], []], unannotated=True)
    assert (len(table), table.num_annotated) == (3, 1)
    assert table.rows_of(2).tolist() == [0]
    assert table.rows_of(3).tolist() == []
    empty = table_of([[], []], unannotated=True)
    assert empty.presence.shape == (3, 2)
    assert empty.rows_of(1).tolist() == []


LICENSES = [License(1, "CC BY"), License("two", "CC0"), License(3, "")]


@pytest.mark.parametrize(
    ("stated", "name"),
    [(1, "CC BY"), ("1", "CC BY"), ("two", "CC0"), ("MIT", "MIT"), (3, None),
     (9, None), (None, None), ("", None)],
)  # fmt: skip
def test_a_licence_is_named_by_its_id_or_is_a_name_itself(stated, name):
    table = table_of(SHOWN)
    table.licenses.extend(LICENSES)
    assert table.license_of(Image(1, license=stated)) == name
