"""Annotations in COCO's format that no program wrote, or that one wrote badly."""

from __future__ import annotations

import json

from tests.hostile.manifests import DEEP, RAW
from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile


@each("annotation", REFUSED, RAW, says=("train.json",))
def annotations_are(world, data):
    (world.coco() / "train.json").write_bytes(data)
    return world.quick()


def _set(*place):
    *parts, last, value = place

    def change(content):
        here = content
        for part in parts:
            here = here[part]
        here[last] = value

    return change


CASES = {
    "images-null": (REFUSED, _set("images", None)),
    "images-object": (REFUSED, _set("images", {})),
    "images-numbers": (REFUSED, _set("images", [1, 2])),
    "images-empty": (REFUSED, _set("images", [])),
    "annotations-null": (REFUSED, _set("annotations", None)),
    "annotations-text": (REFUSED, _set("annotations", "x")),
    "annotations-nested": (REFUSED, _set("annotations", [[[]]])),
    "categories-null": (REFUSED, _set("categories", None)),
    "categories-empty": (REFUSED, _set("categories", [])),
    "licenses-text": (EITHER, _set("licenses", "x")),
    "info-anything": (RIGHT, _set("info", [None, {"a": float("nan")}])),
    "id-huge": (REFUSED, _set("images", 0, "id", 10**400)),
    "id-64": (REFUSED, _set("images", 0, "id", 2**63)),
    "id-float": (REFUSED, _set("images", 0, "id", 1.5)),
    "id-nan": (REFUSED, _set("images", 0, "id", float("nan"))),
    "id-bool": (EITHER, _set("images", 0, "id", True)),
    "id-null": (REFUSED, _set("images", 0, "id", None)),
    "id-list": (REFUSED, _set("images", 0, "id", [])),
    "id-twice": (REFUSED, _set("images", 0, "id", 2)),
    "id-arabic": (EITHER, _set("images", 0, "id", "\u0661")),
    "id-digits": (REFUSED, _set("images", 0, "id", "9" * 5000)),
    "width-negative": (REFUSED, _set("images", 1, "width", -1)),
    "width-huge": (REFUSED, _set("images", 1, "width", 2**70)),
    "width-text": (EITHER, _set("images", 1, "width", "x" * 100)),
    "width-nan": (EITHER, _set("images", 1, "width", float("inf"))),
    "width-zero": (EITHER, _set("images", 1, "width", 0)),
    "height-list": (REFUSED, _set("images", 1, "height", [12])),
    "category-unknown": (REFUSED, _set("annotations", 0, "category_id", 99)),
    "category-huge": (REFUSED, _set("annotations", 0, "category_id", 10**30)),
    "category-null": (REFUSED, _set("annotations", 0, "category_id", None)),
    "category-list": (REFUSED, _set("annotations", 0, "category_id", [1])),
    "image-unknown": (REFUSED, _set("annotations", 0, "image_id", 10**9)),
    "image-negative": (REFUSED, _set("annotations", 0, "image_id", -(2**63))),
    "name-null": (REFUSED, _set("categories", 0, "name", None)),
    "name-number": (EITHER, _set("categories", 0, "name", 5)),
    "name-object": (REFUSED, _set("categories", 0, "name", {})),
    "name-twice": (EITHER, _set("categories", 1, "name", "car")),
    "category-twice": (REFUSED, _set("categories", 1, "id", 1)),
    "license-unknown": (EITHER, _set("images", 0, "license", 99)),
    "license-huge": (EITHER, _set("images", 0, "license", 10**400)),
    "bbox-nan": (RIGHT, _set("annotations", 0, "bbox", [float("nan")] * 4)),
    "bbox-text": (RIGHT, _set("annotations", 0, "bbox", "x")),
    "segmentation-deep": (RIGHT, _set("annotations", 0, "segmentation", [[[[[[]]]]]])),
    "name-long": (EITHER, _set("categories", 1, "name", "x" * 1_000_000)),
    "no-name": (REFUSED, lambda content: content["categories"][0].pop("name")),
    "no-id": (REFUSED, lambda content: content["images"][0].pop("id")),
    "no-images": (REFUSED, lambda content: content.pop("images")),
}


def _add(expected):
    cases = {name: change for name, (said, change) in CASES.items() if said == expected}

    @each("annotation", expected, cases)
    def coco(world, change):
        def changed(content):
            change(content)

        world.coco(changed)
        return world.quick()


for _expected in (RIGHT, REFUSED, EITHER):
    _add(_expected)


@each("annotation", EITHER, {"segmentation": b'"segmentation": ', "bbox": b'"bbox": '})
def annotation_nests_deeply(world, field):
    path = world.coco() / "train.json"
    deep = field + b"[" * DEEP + b"]" * DEEP + b", "
    data = path.read_bytes().replace(b'"iscrowd"', deep + b'"iscrowd"', 1)
    path.write_bytes(data)
    return world.quick()


@hostile("annotation", EITHER)
def info_nests_deeply(world):
    path = world.coco() / "train.json"
    deep = b'{"info": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b", "
    path.write_bytes(deep + path.read_bytes()[1:])
    return world.quick()


@hostile("annotation", EITHER)
def info_nests_deeply_for_init(world):
    path = world.coco() / "train.json"
    (world.source / "r.toml").unlink()
    deep = b'{"info": ' + b"[" * DEEP + b"]" * DEEP + b", "
    path.write_bytes(deep + path.read_bytes()[1:])
    return ["init", world.source, "--out", world.out / "r.toml"]


@hostile("annotation", EITHER)
def images_are_given_twice(world):
    path = world.coco() / "train.json"
    path.write_bytes(b'{"images": [], ' + path.read_bytes()[1:])
    return world.quick()


@hostile("annotation", RIGHT)
def annotations_with_a_mark_of_order(world):
    path = world.coco() / "train.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    return world.quick()


@each("annotation", REFUSED, {"comma": b",]", "cut": b"", "more": b"}}", "nul": b"\0"})
def annotations_end_badly(world, end):
    path = world.coco() / "train.json"
    path.write_bytes(path.read_bytes()[:-1] + end)
    return world.quick()


@hostile("annotation", EITHER)
def polygon_of_a_million_numbers(world):
    def change(content):
        content["annotations"][0]["segmentation"] = [[0.5] * 1_000_000]

    world.coco(change)
    return world.quick()


@hostile("annotation", EITHER)
def a_hundred_thousand_categories(world):
    def change(content):
        content["categories"] += [{"id": i, "name": f"c{i}"} for i in range(3, 100_003)]

    world.coco(change)
    return world.plan()


@each(
    "annotation",
    EITHER,
    {
        "polygon": [["x"]], "rle": {"counts": "x" * 100, "size": [-1, 10**9]},
        "counts": {"counts": [10**12], "size": [10**6, 10**6]}, "null": None,
        "numbers": [1, 2, 3], "nan": [[float("nan")] * 6], "object": {"a": {}},
        "bytes": {"counts": "\ud800", "size": [2, 2]}, "size": {"counts": [4]},
        "deep": [[[[1.0] * 6]]],
    },
)  # fmt: skip
def mask(world, value):
    def change(content):
        for entry in content["annotations"]:
            entry |= {"segmentation": value, "bbox": [0, 0, 4, 4], "area": 16}

    world.coco(change)
    recipe = world.source / "r.toml"
    recipe.write_text(recipe.read_text().replace("rule =", 'objects = "masks"\nrule ='))
    return world.quick()


@each(
    "annotation",
    EITHER,
    {
        "text": "x", "two": [1, 2], "nan": [float("nan")] * 4, "huge": [1e308] * 4,
        "negative": [-1, -1, -5, -5], "null": None, "digits": [10**400] * 4,
        "object": {},
    },
)  # fmt: skip
def box(world, value):
    def change(content):
        for entry in content["annotations"]:
            entry |= {"bbox": value, "area": 1}

    world.coco(change)
    recipe = world.source / "r.toml"
    recipe.write_text(recipe.read_text().replace("rule =", 'objects = "boxes"\nrule ='))
    return world.quick()


@each(
    "annotation",
    EITHER,
    {"captions": {"caption": "x"}, "panoptic": {"segments_info": []}},
)
def annotations_of_another_task(world, more):
    def change(content):
        content["annotations"] = [{"id": 1, "image_id": 1, **more}]

    world.coco(change)
    assert json.loads((world.source / "train.json").read_text())
    return world.quick()
