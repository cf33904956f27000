"""COCO annotations against the notebook's own `clean_data`, and broken ones."""

import gc
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.datasets.coco.parse import first_appearances, read_table
from builder.errors import AnnotationError
from builder.selection.names import check_names, plain_name, unsafe_reason
from tests.benchmarks.notebook import clean_data
from tests.tiny import SHARED, coco_json, read_data

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def encode(content):
    return json.dumps(content).encode()


def as_dict(table, folder):
    return {
        f"{folder}/{image.file_name}": table.categories_of(row)
        for row, image in enumerate(table.images)
    }


def notebook_table(data, folder, path):
    path.write_bytes(data)
    return clean_data(str(path), folder)


def same_in_order(ours, theirs):
    assert list(ours.items()) == list(theirs.items())


@pytest.mark.parametrize("split", ["train2017", "val2017"])
def test_the_golden_table_is_the_notebooks(split, tmp_path):
    data = read_data(f"instances_{split}.json")
    table = read_table(data, name="instances.json")
    expected = notebook_table(data, split, tmp_path / "a.json")
    same_in_order(as_dict(table, split), expected)
    content = json.loads(data)
    assert table.num_images == len(content["images"]) > len(table)
    assert table.num_annotations == len(content["annotations"])
    assert [c.name for c in table.categories] == [
        c["name"] for c in content["categories"]
    ]


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the golden files of ../shared")
@pytest.mark.parametrize("place", ["golden/coco", "data/coco/tiny"])
@pytest.mark.parametrize("split", ["train2017", "val2017"])
def test_outlines_and_crowds_are_passed_over(place, split, tmp_path):
    data = (SHARED / place / f"annotations/instances_{split}.json").read_bytes()
    table = read_table(data, name="instances.json")
    expected = notebook_table(data, split, tmp_path / "a.json")
    same_in_order(as_dict(table, split), expected)
    if place == "golden/coco":
        packed = read_table(read_data(f"instances_{split}.json"), name="packed")
        assert as_dict(packed, split) == expected
        assert packed.images == table.images


@st.composite
def instances(draw):
    """Return annotations with ids in no order, crowds, and images without any."""
    identifiers = st.integers(-(2**40), 2**40)
    image_ids = draw(st.lists(identifiers, min_size=1, max_size=8, unique=True))
    category_ids = draw(
        st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=5, unique=True)
    )
    outline = st.sampled_from([[[1.5, 2, 3, 4]], {"counts": [1, 2], "size": [2, 2]}])
    return {
        "info": {"description": draw(st.text(max_size=3))},
        "annotations": [
            {
                "segmentation": draw(outline),
                "image_id": draw(st.sampled_from(image_ids)),
                "iscrowd": draw(st.integers(0, 1)),
                "category_id": draw(st.sampled_from(category_ids)),
            }
            for _ in range(draw(st.integers(0, 25)))
        ],
        "images": [
            {"file_name": f"{k}.jpg", "id": i, "width": 3, "height": 2, "date": None}
            for k, i in enumerate(image_ids)
        ],
        "categories": [
            {"id": i, "name": f"c{k}", "supercategory": "x"}
            for k, i in enumerate(category_ids)
        ],
    }


@given(content=instances())
def test_any_table_is_the_notebooks(content, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.json"
    table = read_table(encode(content), name="any.json")
    expected = notebook_table(encode(content), "train2017", path)
    same_in_order(as_dict(table, "train2017"), expected)
    for category in content["categories"]:
        mask = table.has(category["id"])
        assert mask.tolist() == [category["id"] in ids for ids in expected.values()]


@given(
    pairs=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), max_size=40),
)
def test_first_appearances_are_those_of_a_dict(pairs):
    expected = {}
    for image, category in pairs:
        expected.setdefault(image, dict.fromkeys(()))[category] = None
    images = np.array([p[0] for p in pairs], dtype=np.int64)
    categories = np.array([p[1] for p in pairs], dtype=np.int64)
    before = images.copy(), categories.copy()
    order, indptr, category = first_appearances(images, categories, 5)
    found = {
        image: category[indptr[row] : indptr[row + 1]].tolist()
        for row, image in enumerate(order.tolist())
    }
    same_in_order(found, {image: list(c) for image, c in expected.items()})
    assert (images == before[0]).all()
    assert (categories == before[1]).all()


def test_what_does_not_fit_64_bits_is_an_error():
    images = np.array([2**40], dtype=np.int64)
    with pytest.raises(AnnotationError, match="1 annotations of that many images do n"):
        first_appearances(images, np.zeros(1, dtype=np.int64), 2**23)
    assert first_appearances(images, np.zeros(1, np.int64), 2**21)[0].tolist() == [
        2**40
    ]


def with_field(kind, field, value, place=0):
    content = coco_json()
    content[kind][place][field] = value
    return encode(content)


def twice(kind, field):
    content = coco_json()
    content[kind][1][field] = content[kind][0][field]
    return encode(content)


NOT_UTF8 = with_field("images", "file_name", "Q").replace(b"Q", b"\xe9")
DEEP = b'{"images": [], "info": ' + b"[" * 10**5 + b"]" * 10**5 + b"}"
BROKEN = {
    "empty": (b"", "a file of 0 bytes with nothing in it: get it again"),
    "blank": (b" \n", "a file of 2 bytes with nothing in it: get it again"),
    "no JSON": (b"\xff\xd8\xff\xe0", r"that starts with b'\\xff\\xd8.*: give an inst"),
    "truncated": (
        encode(coco_json())[:-40],
        f"truncated after {len(encode(coco_json())) - 40} bytes, in line 1: get the",
    ),
    "truncated after a NaN": (b'{"a": NaN, "b": [', "truncated after 17 bytes, in"),
    "more after the end": (
        b"\n" + encode(coco_json()) + b"}",
        r"trailing characters \(byte \d+\), in line 2, near b'.*\[\]}}'",
    ),
    "JSON Lines": (b'{"a": 1}\n' * 2, "JSON Lines .*: write the file again as JSON"),
    "UTF-16": (json.dumps(coco_json()).encode("utf-16"), "found text in UTF-16: save"),
    "UTF-16 without a mark": (json.dumps(coco_json()).encode("utf-16-le"), "in UTF-16"),
    "not UTF-8": (
        b"\n\n" + NOT_UTF8,
        rf"not UTF-8 \(0xe9, .*\) at byte {NOT_UTF8.index(0xE9) + 2}, in line 3: save",
    ),
    "deep": (DEEP, "found lists nested too deeply"),
    "id of text": (
        with_field("images", "id", "a"),
        r"images\[0\] \(file_name '0+1.jpg'\) has the id 'a'; .*: number the im",
    ),
    "ids of text": (
        encode(
            {
                **coco_json(),
                "images": [{"id": "a", "file_name": "a.jpg"}],
                "annotations": [{"image_id": "a", "category_id": 1}],
            }
        ),
        r"images\[0\] \(file_name 'a.jpg'\) has the id 'a'",
    ),
    "id NaN": (with_field("images", "id", float("nan")), "has the id NaN; expected"),
    "id true": (with_field("images", "id", True), "has the id True; expected"),
    "inexact id": (with_field("images", "id", 2.0**60), "has the id 1.15.*e.18; exp"),
    "no name": (
        with_field("images", "file_name", None),
        r"image 1 \(images\[0\]\) has neither a file_name nor a coco_url",
    ),
    "name a number": (
        with_field("images", "file_name", 7),
        "image 1 has the file_name 7; expected a text",
    ),
    "category not whole": (
        with_field("annotations", "category_id", 1.5),
        (
            r"1 of 2 annotations has a category_id that is no whole number of 64 bits:"
            r" annotation 1 \(category_id 1.5\): correct or remove it"
        ),
    ),
    "category null": (
        with_field("annotations", "category_id", None, place=1),
        r"annotation 2 \(category_id null\)",
    ),
    "width not whole": (
        with_field("images", "width", 1.5),
        "image 1 has the width 1.5; expected a number of pixels, or none",
    ),
    "negative": (with_field("images", "height", -1), "1 is said to be 16 x -1 pixels"),
    "huge": (with_field("images", "width", 2**31), "2147483648 x 12 pixels"),
    "image id beyond 64 bits": (
        with_field("images", "id", 2**63),
        "has the id 9223372036854775808; expected a whole number of 64 bits",
    ),
    "annotation beyond 64 bits": (
        with_field("annotations", "image_id", 2**70),
        rf"1 of 2 annotations has an image_id that is .* \(image_id {2**70}\)",
    ),
    "image twice": (
        twice("images", "id"),
        r"two images have the id 1: image 1 \('0+1.jpg'\) and image 1 \('0+2.jpg'\);",
    ),
    "file twice": (
        twice("images", "file_name"),
        r"two images have the file_name '0+1.jpg': image 1 \(.*\) and image 2 \(",
    ),
    "category twice": (
        twice("categories", "id"),
        "the category id 1 stands for 'car' and for 'bus'; expected each id once",
    ),
    "category without a name": (
        with_field("categories", "name", None, place=1),
        r"categories\[1\] has the id 2 and the name null",
    ),
    "unknown image": (
        with_field("annotations", "image_id", 77, place=1),
        (
            r"1 of 2 annotations has an image_id that is not among the 2 images:"
            r" annotation 2 \(image_id 77\): correct or remove it"
        ),
    ),
    "unknown category": (
        with_field("annotations", "category_id", 3),
        r"not among the 2 categories: annotation 1 \(category_id 3\)",
    ),
    "annotations of nothing": (
        encode({**coco_json(annotations=((1, 1),) * 5), "images": []}),
        (
            r"5 of 5 annotations have .* the 0 images: annotation 1 \(image_id 1\),"
            r" annotation 2 .*, annotation 3 \(image_id 1\) and 2 more: .* them"
        ),
    ),
    "annotation without an id": (
        encode({**coco_json(), "annotations": [{"image_id": 7, "category_id": 1}]}),
        r"annotations\[0\] \(image_id 7\)",
    ),
    "annotations of texts": (
        encode({**coco_json(), "annotations": ["a"]}),
        r"Expected `object`, got `str` - at `\$.annotations\[0\]`",
    ),
    "categories of texts": (
        encode({**coco_json(), "categories": ["car", "bus"]}),
        r"Expected `object`, got `str` - at `\$.categories\[0\]`",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_wrong_annotations_are_named(case):
    data, message = BROKEN[case]
    with pytest.raises(AnnotationError, match=message) as caught:
        read_table(data, name="mine.json")
    assert str(caught.value).startswith("mine.json: ")
    assert gc.isenabled()


def test_the_collector_stays_off_where_it_was_off():
    gc.disable()
    try:
        read_table(encode(coco_json()), name="mine.json")
        assert not gc.isenabled()
    finally:
        gc.enable()


BAD_NAMES = {
    "/etc/passwd": "is absolute",
    "//host/share.jpg": "is absolute",
    "../secret.jpg": "has a '..' part",
    "a/../../b.jpg": "has a '..' part",
    "..": "has a '..' part",
    ".": "has an empty or '.' part",
    "a/": "has an empty or '.' part",
    "a\\": "has an empty or '.' part",
    "..\\secret.jpg": "has a '..' part",
    ".\\..\\secret.jpg": "has a '..' part",
    "\\\\host\\share.jpg": "is absolute",
    "a\0.jpg": "has a NUL or another control character",
    "a\n.jpg": "has a NUL or another control character",
    "a\x7f.jpg": "has a NUL or another control character",
    "http://host/a.jpg": "has a scheme or a drive",
    "C:\\a.jpg": "has a scheme or a drive",
    "c:/a.jpg": "has a scheme or a drive",
    "~/a.jpg": "starts with '~'",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused_with_their_record(name):
    assert unsafe_reason(plain_name(name)) == BAD_NAMES[name]
    expected = (
        f"mine.json: the file name {name!r} of record 2 {BAD_NAMES[name]}; expected a"
        " plain relative path"
    )
    with pytest.raises(AnnotationError, match=re.escape(expected)):
        read_table(with_field("images", "file_name", name, place=1), name="mine.json")


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "train/a b.jpg", "a..b.jpg", "...", "ü/é.jpg", "a'b.jpg", ".a",
     "2021-01-01T10:00:00.jpg", "cam:1/a.jpg", "./a.jpg", "a//b.jpg", "a/./b.jpg",
     ".\\a\\b.jpg"],
)  # fmt: skip
def test_plain_names_are_taken(name):
    assert unsafe_reason(plain_name(name)) is None
    data = with_field("images", "file_name", name)
    assert read_table(data, name="mine.json").images[0].file_name == name


@given(name=st.text(alphabet="a./\\:~\0é ", max_size=8))
def test_a_safe_name_stays_below_its_folder(name):
    if unsafe_reason(name) is None:
        assert not name.startswith(("/", "~"))
        parts = name.split("/")
        assert all(part not in {"", ".", ".."} for part in parts)
        assert not set(name) & set("\\\0")
        assert plain_name(name) == name


@given(names=st.lists(st.text(alphabet="a_./\\:~\n\0é ", max_size=5), max_size=4))
def test_names_are_taken_together_exactly_if_each_is_safe(names):
    reasons = [unsafe_reason(plain_name(name)) for name in names]
    at = next((place for place, reason in enumerate(reasons) if reason), None)
    if at is None:
        check_names(names, where="a.json", records=range(len(names)))
        return
    with pytest.raises(
        AnnotationError, match=re.escape(f"of record {at} {reasons[at]}")
    ):
        check_names(names, where="a.json", records=range(len(names)))


def test_presence_says_which_rows_show_which_category():
    content = coco_json(
        images=3,
        annotations=((3, 2), (1, 1), (3, 1), (3, 2)),
        categories=("car", "bus", "cat"),
    )
    content["categories"].reverse()  # not in the order of their ids
    table = read_table(json.dumps(content).encode(), name="a.json")
    assert [category.name for category in table.categories] == ["cat", "bus", "car"]
    assert table.presence.tolist() == [[False, False], [True, False], [True, True]]
    assert [table.has(number).tolist() for number in (1, 2, 3)] == [
        [True, True],
        [True, False],
        [False, False],
    ]
    assert table.position == {3: 0, 2: 1, 1: 2}
