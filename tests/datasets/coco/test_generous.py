"""What other tools write is read as what it means; what it is not, is named."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.datasets.coco.parse import read_table
from builder.datasets.coco.records import whole
from builder.errors import AnnotationError
from tests.tiny import coco_json


def encode(content):
    return json.dumps(content).encode()


def read(content, **options):
    data = content if isinstance(content, bytes) else encode(content)
    return read_table(data, name="mine.json", **options)


def summary(table):
    """Return all that a table says, its name and licences apart."""
    rows = [table.categories_of(row) for row in range(len(table))]
    return table.images, rows, table.categories, table.num_annotations


PLAIN = summary(read(coco_json()))


def each(content, kind, **fields):
    """Return the content with these fields in every record of a kind."""
    for record in content[kind]:
        record.update(fields)
    return content


def changed(kind, **changes):
    """Return the plain content, each field as a function makes it."""
    content = coco_json()
    for record in content[kind]:
        for field, change in changes.items():
            record[field] = change(record[field])
    return content


NAN = float("nan")
SAME = {
    "NaN boxes": each(coco_json(), "annotations", bbox=[NAN, -NAN, 1, float("inf")]),
    "-Infinity": each(coco_json(), "annotations", area=float("-inf")),
    "NaN and a quote": each(
        coco_json(), "annotations", note='a \\" NaN \\\\', area=NAN, more="NaN,"
    ),
    "a box of keys": each(coco_json(), "annotations", bbox={"x": 1}),
    "any outline": each(coco_json(), "annotations", segmentation=7, keypoints=None),
    "any supercategory": each(coco_json(), "categories", supercategory=3),
    "supercategory NaN": each(coco_json(), "categories", supercategory=NAN),
    "licences null": {**coco_json(), "licenses": None},
    "licences a text": {**coco_json(), "licenses": "CC BY"},
    "licences of anything": {**coco_json(), "licenses": [3, {"id": []}, {"name": 2}]},
    "info": {**coco_json(), "info": [NAN]},
    "licence null": each(coco_json(), "images", license=None),
    "licence NaN": each(coco_json(), "images", license=NAN),
    "licence true": each(coco_json(), "images", license=True),
    "no URL": each(coco_json(), "images", coco_url="", flickr_url=None),
    "URL a number": each(coco_json(), "images", coco_url=0, flickr_url=NAN),
    "ids as texts": changed("images", id=str),
    "ids as whole numbers with a point": changed("images", id=float),
    "image_id as texts": changed("annotations", image_id=str, category_id=str),
    "image_id with a point": changed("annotations", image_id=float, category_id=float),
    "category ids as texts": changed("categories", id=lambda i: f" {i}.0 "),
    "sizes as texts": changed("images", width=str, height=float),
    "in another order": dict(reversed(coco_json().items())),
    "a byte order mark": b"\xef\xbb\xbf" + encode(coco_json()),
    "a key twice": b'{"annotations": [], ' + encode(coco_json())[1:],
    "not UTF-8 where nobody reads": b'{"info": "\xe9", ' + encode(coco_json())[1:],
    "half a pair": b'{"info": "\\ud83d\\ud83d\\ude00 \\udce9", '
    + encode(coco_json())[1:],
    "half a pair at the end": b'{"info": "\\\\u \\ud83d", ' + encode(coco_json())[1:],
}


@pytest.mark.parametrize("case", SAME)
def test_what_says_the_same_gives_the_same_table(case):
    assert summary(read(SAME[case])) == PLAIN


def test_nan_inside_texts_stays():
    content = each(coco_json(), "annotations", area=NAN)
    content["images"][1]["file_name"] = 'a NaN,\\"Infinity.jpg'.replace('\\"', "")
    content["categories"][0]["name"] = '"NaN" \\'
    table = read(content)
    assert table.images[1].file_name == "a NaN,Infinity.jpg"
    assert table.categories[0].name == '"NaN" \\'


@given(
    texts=st.lists(st.text(alphabet='NaInfity-"\\,:[{} é', max_size=12), max_size=4),
    numbers=st.lists(st.sampled_from([1.5, NAN, float("inf"), -float("inf")])),
)
def test_only_what_is_no_text_is_mended(texts, numbers):
    names = [f"{k}{text}" for k, text in enumerate(texts)]
    content = coco_json(categories=("car", "bus", *names))
    content["info"] = [texts, numbers, dict.fromkeys(texts, NAN)]
    assert [c.name for c in read(content).categories][2:] == names


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12, 12), (-3, -3), ("12", 12), ("-3", -3), ("007", 7), ("40.0", 40),
        (40.0, 40), (2**63 - 1, 2**63 - 1), (str(-(2**63)), -(2**63)),
        (2**63, None), ("9223372036854775808", None), (2.0**53, 2**53),
        (2.0**54, None), (1.5, None), ("1.5", None), ("", None), ("a", None),
        ("1_000", None), ("\u0663", None), (True, None), (None, None), ([1], None),
        ({}, None), (NAN, None), ("9" * 5000, None),
    ],
)  # fmt: skip
def test_a_whole_number_is_exact_or_none(value, number):
    assert whole(value) == number
    assert type(whole(value)) in (int, type(None))


def test_ids_of_64_bits_are_exact():
    content = coco_json()
    for number, record in enumerate(content["images"]):
        record["id"] = 7706992903151817196 + number
        content["annotations"][number]["image_id"] = str(record["id"])
    assert [image.id for image in read(content).images] == [
        7706992903151817196, 7706992903151817197,
    ]  # fmt: skip


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**63 - 1])
def test_categories_beyond_32_bits_make_their_column_wider(number):
    content = coco_json()
    assert not read(content).has_wide_ids
    content["categories"][1]["id"] = content["annotations"][1]["category_id"] = number
    table = read(content)
    assert table.has_wide_ids
    assert table.category_ids.tolist() == [1, number]
    assert table.has(number).tolist() == [False, True]


@pytest.mark.parametrize(
    ("width", "height"), [(0, 0), (None, None), ("", NAN), (0, 12), (16, None)]
)
def test_a_size_that_is_not_known_is_zero(width, height):
    content = coco_json()
    content["images"][1].update(width=width, height=height)
    sizes = [(image.width, image.height) for image in read(content).images]
    assert sizes == [(16, 12), (0, 0)]
    del content["images"][1]["width"]
    assert [(image.width, image.height) for image in read(content).images] == sizes


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://images.cocodataset.org/val2017/1.jpg", "val2017/1.jpg"),
        ("https://host/1.jpg", "1.jpg"),
        ("https://host/a/b/c/x%20y.jpg?size=9/9#z", "c/x y.jpg"),
    ],
)
@pytest.mark.parametrize("missing", ["", None])
def test_a_missing_name_is_that_of_the_url(url, name, missing):
    content = coco_json()
    content["images"][0].update(file_name=missing, coco_url=url)
    assert read(content).images[0].file_name == name
    assert read(content).images[0].coco_url == url
    del content["images"][0]["file_name"]
    assert read(content).images[0].file_name == name


def test_a_url_without_a_name_is_none():
    content = coco_json()
    content["images"][0].update(file_name="", coco_url="http://host/")
    with pytest.raises(AnnotationError, match="neither a file_name nor a coco_url"):
        read(content)


@pytest.mark.parametrize(
    ("stated", "licenses", "expected"),
    [
        (1, [{"id": 1, "name": "CC BY"}], "CC BY"),
        ("1", [{"id": 1, "name": "CC BY"}], "CC BY"),
        (1.0, [{"id": "1", "name": "CC BY"}], "CC BY"),
        ("cc", [{"id": "cc", "name": "CC BY"}], "CC BY"),
        ("CC0", [{"id": 1, "name": "CC BY"}], "CC0"),
        ("http://x/by/4.0", [], "http://x/by/4.0"),
        (2, [{"id": 1, "name": "CC BY"}], None),
        (0, [{"id": 0, "name": "", "url": ""}], None),
        (0, [{"id": 0, "name": "", "url": "http://x"}], "http://x"),
        ("", [], None),
        (1, [{"id": 1, "name": "CC BY"}, {"id": "1", "name": "CC BY"}], "CC BY"),
        (None, [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}], None),
    ],
)
def test_a_licence_is_looked_up_or_is_its_own_name(stated, licenses, expected):
    content = {**each(coco_json(), "images", license=stated), "licenses": licenses}
    table = read(content)
    assert table.license_of(table.images[0]) == expected


def test_a_licence_that_could_be_two_is_an_error():
    licenses = [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]
    content = {**each(coco_json(), "images", license=1), "licenses": licenses}
    with pytest.raises(AnnotationError, match="licence 1 of image 1 stands for 'a'"):
        read(content)


def test_a_name_may_be_a_number_and_stand_twice():
    content = coco_json()
    content["categories"][0].update(name=0, supercategory=None)
    content["categories"][1]["name"] = "0"
    table = read(content)
    assert [(c.id, c.name) for c in table.categories] == [(1, "0"), (2, "0")]
    assert table.has(2).tolist() == [False, True]


def test_images_without_annotations_are_rows_where_asked_for():
    content = coco_json(5, ((4, 2), (2, 1), (4, 1)))
    content["images"].reverse()
    table = read(content, unannotated=True)
    assert [image.id for image in table.images] == [4, 2, 5, 3, 1]
    assert [table.categories_of(row) for row in range(5)] == [[2, 1], [1], [], [], []]
    assert table.has(1).tolist() == [True, True, False, False, False]
    assert table.rows_of(2).tolist() == [0]
    assert (len(table), table.num_annotated, table.num_images) == (5, 2, 5)
    assert len(read(content)) == read(content).num_annotated == 2
    assert len(read(coco_json(2, ()), unannotated=True)) == 2
    assert len(read(coco_json(2, ()))) == 0


@given(
    pairs=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 4)), max_size=30),
    unannotated=st.booleans(),
)
def test_rows_of_a_category_are_those_of_presence(pairs, unannotated):
    content = coco_json(6, pairs, ("a", "b", "c", "d"))
    content["categories"].reverse()
    table = read(content, unannotated=unannotated)
    for category, shown in zip(table.categories, table.presence, strict=True):
        assert table.rows_of(category.id).tolist() == np.flatnonzero(shown).tolist()
        assert table.has(category.id).tolist() == shown.tolist()


IMAGES = coco_json()["images"]
FIRST = {"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4]}
FOREIGN = {
    "captions": (
        {"images": IMAGES, "annotations": [{"id": 1, "image_id": 1, "caption": "a"}]},
        "captions: give an instances file, captions have no categories",
    ),
    "captions beside categories": (
        {**coco_json(), "annotations": [{"image_id": 1, "caption": "a"}]},
        "captions: give an instances file",
    ),
    "panoptic": (
        {**coco_json(), "annotations": [{"image_id": 1, "segments_info": []}]},
        "panoptic annotations .*: give the instances file, or convert",
    ),
    "results": ([{**FIRST, "score": 0.5}], r"results \(the detections of a model\)"),
    "annotations alone": ([FIRST], "a list of annotations without their images"),
    "image info": (
        {"images": IMAGES, "categories": []},
        "image info .*: give the instances file",
    ),
    "an object and no categories": (
        {"images": IMAGES, "annotations": {"1": FIRST}},
        "no list of categories beside images and annotations: add it",
    ),
    "annotations null": ({**coco_json(), "annotations": None}, "image info"),
    "a number": (12, "a single value: give"),
    "no categories": (
        {"images": IMAGES, "annotations": [FIRST]},
        "no list of categories beside images and annotations: add it",
    ),
    "annotations an object": (
        {**coco_json(), "annotations": {"1": FIRST}},
        "an object for annotations, where a list belongs",
    ),
    "categories an object": (
        {**coco_json(), "categories": {"1": "car"}},
        "that Expected `array`, got `object`",
    ),
    "images a text": (
        {**coco_json(), "images": "a"},
        "that Expected `array`, got `str`",
    ),
    "LabelMe": (
        {"version": "5", "shapes": [], "imagePath": "a.jpg"},
        "LabelMe's file of one image: export it as COCO",
    ),
    "VIA's project": ({"_via_img_metadata": {}}, "a project of the VGG Image Annot"),
    "VIA": (
        {"a.jpg12": {"filename": "a.jpg", "size": 12, "regions": []}},
        "annotations of the VGG Image Annotator: export it",
    ),
    "GeoJSON": ({"type": "FeatureCollection", "features": []}, "GeoJSON: export it"),
    "Label Studio": ([{"id": 1, "annotations": [], "data": {}}], "tasks of Label Stu"),
    "anything": (
        {"a": 1, "b": 2, "c": 3, "d": 4},
        "an object with the keys 'a', 'b', 'c' and 1 more: give",
    ),
    "a list": ([{"a": 1}], "a list of records with the keys 'a': give"),
    "an empty list": ([], "a list of records with no keys: give"),
    "a list of numbers": ([1], "a list of records with no keys: give"),
    "an empty object": ({}, "an object with no keys: give"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_what_it_is_not_is_named(case):
    content, found = FOREIGN[case]
    with pytest.raises(AnnotationError, match=f"found {found}") as caught:
        read(content)
    assert "\n" not in str(caught.value)
