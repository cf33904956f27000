"""Small sources in both kinds, drawn here, and their recipes."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CATEGORIES = ("car", "truck", "other")
CLASSES = ("mel", "nv", "bcc")
SIZE = (24, 16)


def draw_image(path: Path, number: int) -> None:
    """Write a picture of noise, like no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.RandomState(number).randint(0, 256, (SIZE[1], SIZE[0], 3))
    Image.fromarray(noise.astype(np.uint8)).save(path)


def draw_annotations(number: int, count: int, first: int) -> dict[str, Any]:
    """Return an annotation file: every fifth image has none, the last come first."""
    draws = np.random.RandomState(number)
    annotations: list[dict[str, Any]] = []
    for image in range(first + count, first, -1):
        if image % 5 == 0:
            continue
        for _ in range(draws.randint(1, 4)):
            x, y = draws.randint(0, 12), draws.randint(0, 8)
            w, h = draws.uniform(1, 12), draws.uniform(1, 8)
            is_crowd = bool(draws.randint(5) == 0)
            outline: Any = [[x, y, x + w, y, x + w, y + h]]
            if is_crowd:
                outline = {"counts": [0, 5, SIZE[0] * SIZE[1] - 5], "size": [16, 24]}
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": int(draws.randint(1, 4)),
                    "bbox": [int(x), int(y), w, h],
                    "area": w * h / 2,
                    "iscrowd": int(is_crowd),
                    "segmentation": json.loads(json.dumps(outline, default=int)),
                }
            )
    return {
        "images": [
            {"id": i, "file_name": f"{i:04}.png", "width": SIZE[0], "height": SIZE[1]}
            for i in range(first + 1, first + count + 1)
        ],
        "annotations": annotations,
        "categories": [
            {"id": i, "name": name} for i, name in enumerate(CATEGORIES, start=1)
        ],
    }


def draw_coco(folder: Path, splits: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """Write ``<split>.json`` and a folder of images for each split; return all."""
    files = {}
    first = 0
    for number, (split, count) in enumerate(splits.items()):
        files[split] = draw_annotations(number, count, first)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{split}.json").write_text(json.dumps(files[split]))
        for image in files[split]["images"]:
            draw_image(folder / split / image["file_name"], image["id"])
        first += count
    return files


def draw_table(folder: Path, splits: Mapping[str, int]) -> dict[str, list[Any]]:
    """Write ``<split>.csv`` and a folder of images for each split; return the rows.

    Two rows a lesion, and three classes, of which one is rare.
    """
    found = {}
    first = 0
    for split, count in splits.items():
        rows = [
            {
                "image_id": f"img_{n:03}",
                "dx": CLASSES[0 if n % 3 == 0 else 2 if n % 7 == 0 else 1],
                "lesion_id": f"L{n // 2:03}",
                "age": 20 + n % 50,
                "part": "fit" if n % 4 else "probe",
            }
            for n in range(first, first + count)
        ]
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{split}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        for n, row in enumerate(rows, start=first):
            draw_image(folder / split / f"{row['image_id']}.png", 5000 + n)
        found[split] = rows
        first += count
    return found


def coco_recipe(
    select: str = "", *, splits: tuple[str, ...] = ("train", "validation"),
    head: str = 'license = "mit"', cut: str = "", name: str = "traffic",
) -> str:  # fmt: skip
    """Return a recipe of what `draw_coco` wrote; of one source where it is cut."""
    places = "".join(
        f"[{'source' if cut else f'splits.{split}'}]\n"
        f'annotations = "{split}.json"\nimages = "{split}/"\n'
        for split in splits
    )
    cut = f"[splits]\n{cut}\n" if cut else ""
    return f'kind = "coco"\nname = "{name}"\n{head}\n{places}{cut}[select]\n{select}\n'


def table_recipe(
    select: str = "", *, splits: tuple[str, ...] = ("train",), cut: str = "",
    columns: str = 'label = "dx"', head: str = 'license = "mit"',
) -> str:  # fmt: skip
    """Return a recipe of what `draw_table` wrote; one split without a cut is all."""
    is_one = len(splits) == 1
    places = "".join(
        f"[{'source' if is_one else f'splits.{split}'}]\n"
        f'metadata = "{split}.csv"\nimages = "{split}/"\n'
        for split in splits
    )
    cut = f"[splits]\n{cut}\n" if cut else ""
    return (
        f'kind = "table"\nname = "moles"\n{head}\n{places}{cut}'
        f'[columns]\nimage = "image_id"\n{columns}\n[select]\n{select}\n'
    )
