"""Annotations that are made to harm: one error, within the memory of the file."""

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.datasets.coco.parse import read_table
from builder.errors import AnnotationError
from builder.limits import MAX_LICENSES
from tests.tiny import coco_json

DEEP = b"[" * 100_000 + b"]" * 100_000
PARTS = ("images", "annotations", "categories", "licenses", "info")
HUGE = 10**400
# Of each: what the field of a record, or a whole part, may be.
VALUES = (
    b"null", b"true", b"1", b"-1", b"1.5", b"1e999", b'""', b'"x"', b"[]", b"{}",
    b"[[]]", b"[null]", b"NaN", b"[NaN]", b"9223372036854775808",
    str(HUGE).encode(), b"9" * 5000, b'"\\u0000"', b'"\\ud800"', b'"\\u001b[31m"',
    b'"a\\nb"', b'"' + b"a" * 5000 + b'"', DEEP, b'{"a":' * 100_000 + b"}" * 100_000,
)  # fmt: skip
FIELDS = [
    *((part, None) for part in PARTS),
    *(("images", f) for f in ("id", "file_name", "width", "license", "coco_url")),
    *(("annotations", f) for f in ("id", "image_id", "category_id", "bbox")),
    *(("categories", f) for f in ("id", "name", "supercategory")),
]


def with_value(part, field, value):
    content = {**coco_json(), "info": {}}
    if field is None:
        content[part] = "@@"
    else:
        content[part][0][field] = "@@"
    return json.dumps(content).encode().replace(b'"@@"', value)


@pytest.mark.parametrize(("part", "field"), FIELDS)
def test_any_value_anywhere_is_read_or_one_error(part, field):
    for value in VALUES:
        try:
            found = read_table(with_value(part, field, value), name="a.json")
        except AnnotationError as err:
            said = str(err)
            said.encode()
            assert said.startswith("a.json: ")
            assert not set(said) & set(map(chr, range(32)))
            assert len(said) < 800, value[:20]
        else:
            assert len(found.images) <= 2


@pytest.mark.parametrize(
    "name", ["a" * 5000, "b/" * 600 + "a.jpg", "a\0.jpg", "a\x1b[m"]
)
def test_names_that_no_file_has_are_named_in_short(name):
    with pytest.raises(AnnotationError, match="the file name '") as caught:
        read_table(
            with_value("images", "file_name", json.dumps(name).encode()), name="a.json"
        )
    assert len(str(caught.value)) < 350


@pytest.mark.parametrize("end", [b"", b"\0", b"{}", b"[" * 100_000])
def test_ends_that_are_none(end):
    data = json.dumps(coco_json()).encode()
    if not end:
        data = data[:-3]
    with pytest.raises(AnnotationError, match=r"^a\.json: expected COCO annotations"):
        read_table(data + end, name="a.json")


def test_a_part_twice_is_read_as_json_does():
    data = json.dumps(coco_json()).encode()[:-1] + b',"annotations":[]}'
    assert read_table(data, name="a.json").num_annotations == 0


def test_licences_are_bounded():
    lists = b"[" + b"[]," * (MAX_LICENSES // 3) + b"[]]"
    tracemalloc.start()
    with pytest.raises(AnnotationError, match="its licenses take 1,048,57"):
        read_table(with_value("licenses", None, lists), name="a.json")
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_bytes_that_were_changed_are_read_or_one_error(data):
    text = bytearray(json.dumps(coco_json()).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=4))
    try:
        read_table(bytes(text), name="a.json")
    except AnnotationError as err:
        assert "\n" not in str(err)  # noqa: PT017
