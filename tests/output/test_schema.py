"""Schemas that every `datasets` reads, and rows cut into shards."""

import json

import datasets
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.output.schema import (
    batch_of,
    features_of,
    older_spelling,
    plan_cuts,
    schema_of,
    writer_options,
)
from coco_stuff_trimmed.coco_stuff_trimmed import FEATURES as COCO
from siim_isic_small.siim_isic_small import FEATURES as ISIC

ALL = {
    **{f"coco {n}": f for n, f in COCO.items()},
    **{f"isic {n}": f for n, f in ISIC.items()},
}


@pytest.mark.parametrize("name", ALL)
def test_a_schema_gives_the_features_back_in_the_older_spelling(name):
    features = ALL[name]
    schema = schema_of(features)
    text = schema.metadata[b"huggingface"].decode()
    assert '"List"' not in text
    assert list(schema.metadata) == [b"huggingface"]
    assert datasets.Features.from_arrow_schema(schema) == features
    assert schema.names == list(features)
    assert features_of(schema) == json.loads(text)["info"]["features"]
    image = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    assert schema.field("image").type == image


def test_lists_are_spelled_as_2_14_spells_them():
    found = features_of(schema_of(COCO["default"]))
    assert found["category_ids"] == {
        "feature": {"dtype": "int32", "_type": "Value"},
        "_type": "Sequence",
    }
    assert found["image"] == {"_type": "Image"}
    inner = {"feature": {"dtype": "int8", "_type": "Value"}, "_type": "List"}
    assert older_spelling({"feature": inner, "length": 3, "_type": "List"}) == {
        "feature": {"feature": inner["feature"], "_type": "Sequence"},
        "length": 3,
        "_type": "Sequence",
    }


sizes = st.lists(st.integers(0, 50), max_size=40)


@given(sizes=sizes, max_rows=st.integers(1, 8), max_bytes=st.integers(1, 100))
def test_cuts_follow_one_another_and_are_as_long_as_they_may(
    sizes, max_rows, max_bytes
):
    cuts = plan_cuts(
        np.array(sizes, dtype=np.int64), max_rows=max_rows, max_bytes=max_bytes
    )
    assert [row for start, stop in cuts for row in range(start, stop)] == list(
        range(len(sizes))
    )
    for start, stop in cuts:
        assert stop - start <= max_rows
        assert sum(sizes[start:stop]) <= max_bytes or stop - start == 1
        if sizes:
            assert stop > start
        if stop < len(sizes):
            full = stop - start == max_rows
            assert full or sum(sizes[start : stop + 1]) > max_bytes
    if not sizes:
        assert cuts == [(0, 0)]


@given(sizes=sizes, max_rows=st.integers(1, 8))
def test_batches_concatenate_to_the_columns(sizes, max_rows):
    schema = schema_of(COCO["car"])
    count = len(sizes)
    columns = {
        "image_id": [2**40 + i for i in range(count)],
        "file_name": [f"{i}.jpg" for i in range(count)],
        "width": sizes,
        "height": sizes,
        "label": np.arange(count) % 2,
        "category_ids": [[1] * (size % 3) for size in sizes],
        "draw": np.arange(count, dtype=np.int32),
        "repeat": np.arange(count) % 3 == 0,
    }
    cuts = plan_cuts(np.ones(count, np.int64), max_rows=max_rows, max_bytes=10**9)
    batches = [batch_of(schema, columns, *cut) for cut in cuts]
    table = pa.Table.from_batches(batches)
    assert table.schema.names == [name for name in schema.names if name != "image"]
    assert all(field == schema.field(field.name) for field in table.schema)
    found = table.to_pydict()
    for name, values in columns.items():
        assert found[name] == list(values)


def test_images_go_as_they_are_and_the_rest_compressed():
    options = writer_options(schema_of(COCO["default"]))
    assert options["compression"]["image.bytes"] == "none"
    assert "image.bytes" not in options["use_dictionary"]
    assert set(options["compression"]) == {*options["use_dictionary"], "image.bytes"}
