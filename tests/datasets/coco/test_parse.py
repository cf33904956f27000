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
from builder.selection.names import check_names, unsafe_reason
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
    if kind == "licenses":
        content[kind] = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
    content[kind][1][field] = content[kind][0][field]
    return encode(content)


DEEP = b'{"images": [], "info": ' + b"[" * 10**5 + b"]" * 10**5 + b"}"
BROKEN = {
    "empty": (b"", "found that Input data was truncated:"),
    "no JSON": (b"\xff\xd8\xff\xe0", r"invalid character \(byte 0\)"),
    "truncated": (encode(coco_json())[:-40], "found that Input data was truncated:"),
    "more after the end": (encode(coco_json()) + b"}", "trailing characters"),
    "a list": (b"[]", "Expected `object`, got `array`"),
    "captions": (encode({"images": [], "annotations": []}), "field `categories`"),
    "not UTF-8": (
        with_field("images", "file_name", "Q").replace(b"Q", b"\xff"),
        "'utf-8' codec can't decode byte 0xff",
    ),
    "deep": (DEEP, "maximum recursion depth exceeded"),
    "id of text": (
        with_field("images", "id", "1"),
        r"Expected `int`, got `str` - at `\$.images\[0\].id`",
    ),
    "null name": (
        with_field("images", "file_name", None),
        r"Expected `str`, got `null` - at `\$.images\[0\].file_name`",
    ),
    "id not whole": (
        with_field("annotations", "category_id", 1.5),
        r"got `float` - at `\$.annotations\[0\].category_id`",
    ),
    "no width": (
        with_field("images", "width", None),
        r"got `null` - .*images\[0\].width`",
    ),
    "image id beyond 64 bits": (
        with_field("images", "id", 2**63),
        r"<= 9223372036854775807 - at `\$.images\[0\].id`",
    ),
    "annotation beyond 64 bits": (
        with_field("annotations", "image_id", 2**70),
        r"<= 9223372036854775807 - at `\$.annotations\[0\].image_id`",
    ),
    "category id beyond 32 bits": (
        with_field("categories", "id", 2**31),
        "<= 2147483647 - ",
    ),
    "image twice": (twice("images", "id"), "1 stands twice among the images;"),
    "category twice": (twice("categories", "id"), "1 stands twice among the categ"),
    "licence twice": (twice("licenses", "id"), "1 stands twice among the licenses"),
    "file twice": (
        twice("images", "file_name"),
        "'000000000001.jpg' stands twice among the images' file names",
    ),
    "name twice": (twice("categories", "name"), "'car' stands twice among the cat"),
    "unknown image": (
        with_field("annotations", "image_id", 77, place=1),
        "annotation number 1 has image_id 77, which is not among the 2 images",
    ),
    "unknown category": (
        with_field("annotations", "category_id", 3),
        "annotation number 0 has category_id 3, which is not among the 2 categories",
    ),
    "annotations of nothing": (
        encode({**coco_json(), "images": []}),
        "annotation number 0 has image_id 1, which is not among the 0 images",
    ),
    "no pixels": (
        with_field("images", "width", 0, place=1),
        "image 2 is said to be 0 x 12 pixels; expected positive",
    ),
    "negative": (with_field("images", "height", -1), "16 x -1 pixels"),
    "huge": (with_field("images", "width", 2**31), "2147483648 x 12 pixels"),
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
    "a//b.jpg": "has an empty or '.' part",
    "a/": "has an empty or '.' part",
    "a/./b.jpg": "has an empty or '.' part",
    "..\\secret.jpg": "has a backslash",
    "a\0.jpg": "has a NUL or another control character",
    "a\n.jpg": "has a NUL or another control character",
    "a\x7f.jpg": "has a NUL or another control character",
    "http://host/a.jpg": "has a scheme or a drive",
    "C:a.jpg": "has a scheme or a drive",
    "~/a.jpg": "starts with '~'",
    "": "is empty",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused_with_their_record(name):
    assert unsafe_reason(name) == BAD_NAMES[name]
    expected = (
        f"mine.json: the file name {name!r} of record 2 {BAD_NAMES[name]}; expected a"
        " plain relative path"
    )
    with pytest.raises(AnnotationError, match=re.escape(expected)):
        read_table(with_field("images", "file_name", name, place=1), name="mine.json")


@pytest.mark.parametrize(
    "name", ["a.jpg", "train/a b.jpg", "a..b.jpg", "...", "ü/é.jpg", "a'b.jpg", ".a"]
)
def test_plain_names_are_taken(name):
    assert unsafe_reason(name) is None
    data = with_field("images", "file_name", name)
    assert read_table(data, name="mine.json").images[0].file_name == name


@given(name=st.text(alphabet="a./\\:~\0é ", max_size=8))
def test_a_safe_name_stays_below_its_folder(name):
    if unsafe_reason(name) is None:
        assert not name.startswith(("/", "~"))
        parts = name.split("/")
        assert all(part not in {"", ".", ".."} for part in parts)
        assert not set(name) & set("\\:\0")


@given(names=st.lists(st.text(alphabet="a_./\\:~\n\0é ", max_size=5), max_size=4))
def test_names_are_taken_together_exactly_if_each_is_safe(names):
    reasons = [unsafe_reason(name) for name in names]
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
