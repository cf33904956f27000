"""Folders as people have them: a few small pictures, with what says their classes."""

import csv
import json

import numpy as np
from PIL import Image


def draw(path, number):
    """Write a picture that looks like no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((32, 24), Image.Resampling.BICUBIC).save(path)


def draw_coco(folder):
    """Draw a COCO export: three splits, and a category above the others."""
    kinds = enumerate(["fruit", "apple", "pear"])
    categories = [{"id": i, "name": n, "supercategory": "fruit"} for i, n in kinds]
    for start, (split, n) in enumerate((("train", 8), ("valid", 4), ("test", 4))):
        names = [f"{split}_{k}_jpg.rf.0a{k}.jpg" for k in range(n)]
        for k, name in enumerate(names):
            draw(folder / split / name, 100 * start + k)
        images = [
            {"id": k, "file_name": name, "width": 32, "height": 24}
            for k, name in enumerate(names)
        ]
        annotations = [
            {"id": k, "image_id": k, "category_id": 1 + k % 2, "bbox": [1, 2, 9, 8]}
            for k in range(n)
        ]
        (folder / split / "_annotations.coco.json").write_text(
            json.dumps(
                {"images": images, "annotations": annotations, "categories": categories}
            )
        )
    return folder


def draw_class_folders(folder):
    """Draw an ImageFolder: a folder a class."""
    for k in range(12):
        draw(folder / ("cat", "dog", "bird")[k % 3] / f"{k}.png", k)
    return folder


def draw_table(folder):
    """Draw a table beside a folder of images, which it names without their ending."""
    rows = [(f"{k:04}", "mel" if k % 3 else "nv", f"p{k // 2}") for k in range(40)]
    for k, (name, *_) in enumerate(rows):
        draw(folder / "images" / f"{name}.jpg", k)
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("image", "diagnosis", "patient"), *rows])
    return folder


DRAWN = {"coco": draw_coco, "folders": draw_class_folders, "table": draw_table}
