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

from builder.datasets.coco.official import CATEGORIES
from builder.datasets.painted.painting import jpeg
from builder.datasets.painted.scenes import (
    SCENES,
    Scene,
    Thing,
    paint_mask,
    paint_scene,
)
from builder.errors import UsageError
from builder.sources import own_files

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

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
    for split, image_ids in (("train2017", ids[:train]), ("val2017", ids[train:])):
        content = _draw_split(rng, folder, split, image_ids)
        name = f"annotations/instances_{split}.json"
        own_files.replace(str(folder), name, json.dumps(content).encode())
    return folder


def _draw_split(
    rng: np.random.Generator, folder: Path, split: str, image_ids: list[int]
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
        own_files.replace(str(folder), f"{split}/{name}", jpeg(picture))
        images.append(
            {
                "license": int(rng.integers(1, len(_LICENSES) + 1)),
                "file_name": name,
                "coco_url": f"http://images.cocodataset.org/{split}/{name}",
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
