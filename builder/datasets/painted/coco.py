# ruff: noqa: E501 - holds a few tables
"""Small drawn sources in the official layouts, for trying things out offline.

The pictures show what their labels say: a clock has a dial, skis are two slanted
sticks beside a person, a malignant lesion is ragged and of several colours.
Same arguments, same bytes, as long as Pillow and NumPy stay the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.datasets.painted.painting import jpeg
from builder.datasets.painted.scenes import (
    SCENES,
    Scene,
    Thing,
    paint_mask,
    paint_scene,
)
from builder.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Supercategories of COCO 2017 with their categories, in the official order.
_GROUPS = {
    "person": "1 person",
    "vehicle": "2 bicycle, 3 car, 4 motorcycle, 5 airplane, 6 bus, 7 train, 8 truck, 9 boat",
    "outdoor": "10 traffic light, 11 fire hydrant, 13 stop sign, 14 parking meter, 15 bench",
    "animal": "16 bird, 17 cat, 18 dog, 19 horse, 20 sheep, 21 cow, 22 elephant, 23 bear, "
    "24 zebra, 25 giraffe",
    "accessory": "27 backpack, 28 umbrella, 31 handbag, 32 tie, 33 suitcase",
    "sports": "34 frisbee, 35 skis, 36 snowboard, 37 sports ball, 38 kite, 39 baseball bat, "
    "40 baseball glove, 41 skateboard, 42 surfboard, 43 tennis racket",
    "kitchen": "44 bottle, 46 wine glass, 47 cup, 48 fork, 49 knife, 50 spoon, 51 bowl",
    "food": "52 banana, 53 apple, 54 sandwich, 55 orange, 56 broccoli, 57 carrot, "
    "58 hot dog, 59 pizza, 60 donut, 61 cake",
    "furniture": "62 chair, 63 couch, 64 potted plant, 65 bed, 67 dining table, 70 toilet",
    "electronic": "72 tv, 73 laptop, 74 mouse, 75 remote, 76 keyboard, 77 cell phone",
    "appliance": "78 microwave, 79 oven, 80 toaster, 81 sink, 82 refrigerator",
    "indoor": "84 book, 85 clock, 86 vase, 87 scissors, 88 teddy bear, 89 hair drier, "
    "90 toothbrush",
}
CATEGORIES: list[dict[str, str | int]] = [
    {"supercategory": group, "id": int(number), "name": name}
    for group, row in _GROUPS.items()
    for number, name in (item.split(" ", 1) for item in row.split(", "))
]
_TARGETS = (3, 6, 31, 35, 36, 37, 40, 41, 43, 46, 47, 50, 53, 64, 75, 76, 78, 85)
_RARE = (80, 89)  # never there by chance: one picture in forty each
_SIZES = (
    (160, 120),
    (160, 120),
    (160, 120),
    (160, 107),
    (120, 160),
    (160, 144),
    (176, 99),
)
_LICENSES = (
    ("http://creativecommons.org/licenses/by-nc-sa/2.0/", "Attribution-NonCommercial-ShareAlike License"),
    ("http://creativecommons.org/licenses/by-nc/2.0/", "Attribution-NonCommercial License"),
    ("http://creativecommons.org/licenses/by-nc-nd/2.0/", "Attribution-NonCommercial-NoDerivs License"),
    ("http://creativecommons.org/licenses/by/2.0/", "Attribution License"),
    ("http://creativecommons.org/licenses/by-sa/2.0/", "Attribution-ShareAlike License"),
    ("http://creativecommons.org/licenses/by-nd/2.0/", "Attribution-NoDerivs License"),
    ("http://flickr.com/commons/usage/", "No known copyright restrictions"),
    ("http://www.usa.gov/copyright.shtml", "United States Government Work"),
)  # fmt: skip


def paint_coco(
    folder: Path, *, train: int = 240, val: int = 120, seed: int = 0
) -> Path:
    """Return `folder`, filled with a drawn source in the layout of COCO 2017.

    Every target of the notebook has positives and negatives in both splits.
    Toasters and hair driers are rare, some images carry no annotations, a few are
    grey, and crowds are annotated as RLE.

    Parameters
    ----------
    folder : Path
        Where ``annotations/``, ``train2017/`` and ``val2017/`` go; made if missing.
    train, val : int
        Images of each split, at least 21.
    seed : int
        Another seed draws another source.
    """
    rng = np.random.default_rng(seed)
    for name, count in (("train", train), ("val", val)):
        least = len(_TARGETS) + len(_RARE) + 1
        if count < least:
            raise UsageError(
                f"cannot draw the {name} split of a COCO source: expected at least "
                f"{least} images, so that each target is seen, found {count}; ask for more"
            )
    ids = rng.choice(np.arange(9, 581_930), train + val, replace=False).tolist()
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    for split, image_ids in (("train2017", ids[:train]), ("val2017", ids[train:])):
        (folder / split).mkdir(exist_ok=True)
        content = _draw_split(rng, folder / split, image_ids)
        path = folder / "annotations" / f"instances_{split}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
    return folder


def _draw_split(
    rng: np.random.Generator, folder: Path, image_ids: list[int]
) -> dict[str, Any]:
    """Write the images of one split and return its annotation file."""
    count = len(image_ids)
    anchors = [0] * max(1, count // 24) + list(_RARE) * max(1, count // 40)
    anchors += [_TARGETS[k % len(_TARGETS)] for k in range(count - len(anchors))]
    images, annotations = [], []
    for place, index in enumerate(rng.permutation(count)):
        scene, categories = _choose(rng, anchors[index])
        size = _SIZES[rng.integers(len(_SIZES))]
        crowd = bool(categories and scene.crowd and rng.random() < 0.15)
        picture, things = paint_scene(rng, scene, size, categories, crowd=crowd)
        if place % 60 == 30:
            picture = picture.convert("L")
        image_id = image_ids[place]
        name = f"{image_id:012}.jpg"
        (folder / name).write_bytes(jpeg(picture))
        images.append(
            {
                "license": int(rng.integers(1, len(_LICENSES) + 1)),
                "file_name": name,
                "coco_url": f"http://images.cocodataset.org/{folder.name}/{name}",
                "height": size[1],
                "width": size[0],
                "date_captured": f"2013-11-{14 + place % 10} {place % 24:02}:{place % 60:02}:00",
                "flickr_url": f"http://farm{1 + place % 9}.staticflickr.com/drawn/{name}",
                "id": image_id,
            }
        )
        annotations += [_annotation(thing, size, image_id) for thing in things]
    # As in the official files: images interleaved, crowds last.
    annotations = [annotations[k] for k in rng.permutation(len(annotations))]
    annotations.sort(key=lambda annotation: annotation["iscrowd"])
    numbers = rng.choice(np.arange(1, 2_300_000), len(annotations), replace=False)
    for annotation, number in zip(annotations, numbers.tolist(), strict=True):
        annotation["id"] = number
    return {
        "info": {
            "description": "DemoSource in the layout of COCO 2017",
            "url": "http://cocodataset.org",
            "version": "1.0",
            "year": 2017,
            "contributor": "trimset",
            "date_created": "2017/09/01",
        },
        "licenses": [
            {"url": url, "id": k, "name": name}
            for k, (url, name) in enumerate(_LICENSES, start=1)
        ],
        "images": images,
        "annotations": annotations,
        "categories": CATEGORIES,
    }


def _choose(rng: np.random.Generator, anchor: int) -> tuple[Scene, list[int]]:
    """Return a scene and the categories seen there; anchor 0 is an empty place."""
    places = [{**scene.likely, **scene.hanging} for scene in SCENES]
    weights = np.array(
        [1.0 if not anchor else p.get(anchor, -0.01) + 0.01 for p in places]
    )
    chosen = int(rng.choice(len(SCENES), p=weights / weights.sum()))
    if not anchor:
        return SCENES[chosen], []
    others = [
        c
        for c, likely in places[chosen].items()
        if rng.random() < likely and c != anchor
    ]
    others = [others[k] for k in rng.permutation(len(others))[:3]]
    return SCENES[chosen], [anchor, *others, *filter(None, [SCENES[chosen].support])]


def _annotation(thing: Thing, size: tuple[int, int], image_id: int) -> dict[str, Any]:
    """Return the annotation of one thing; the caller gives it its id."""
    mask = paint_mask(thing.polygons, size)
    points = np.array([point for polygon in thing.polygons for point in polygon])
    (x, y), (right, bottom) = points.min(0), points.max(0)
    outline: Any = [
        [value for point in polygon for value in point] for polygon in thing.polygons
    ]
    if thing.crowd:
        outline = {"counts": _run_lengths(mask), "size": [size[1], size[0]]}
    return {
        "segmentation": outline,
        "area": float(mask.sum()),
        "iscrowd": int(thing.crowd),
        "image_id": image_id,
        "bbox": [round(float(value), 2) for value in (x, y, right - x, bottom - y)],
        "category_id": thing.category_id,
    }


def _run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """Return COCO's uncompressed RLE of a mask: column by column, zeros first.

    >>> _run_lengths(np.array([[True, False], [True, False]]))
    [0, 2, 2]
    """
    flat = np.concatenate(([False], mask.ravel(order="F")))
    changes = np.flatnonzero(np.diff(flat))
    return [int(run) for run in np.diff(np.concatenate(([0], changes, [mask.size])))]
