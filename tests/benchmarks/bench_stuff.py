"""Stuff annotations of full size: what a selection with them costs.

    python -m tests.benchmarks.bench_stuff SOURCE [--runs 3]

SOURCE is that of `full_size`; what it selects needs no images. Writes, unless they are
there, ``stuff_train2017.json`` (118,280 images, 747,458 annotations with RLE masks,
1 GB) and ``stuff_val2017.json`` beside its annotations: about half a minute. Measures
as whole processes, in turns: the selection without stuff, with it, and reading the
larger file with msgspec alone, typed, as a person would.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from builder.datasets.coco.parse import read_table
from builder.datasets.coco.stuff_input import NAMES
from tests.benchmarks.bench_recipes import TYPED
from tests.benchmarks.measure import alternate, measure, print_table

SELECT = """
import sys
from dataclasses import replace
from builder import CocoRecipe
from builder.pipeline.prepare import Request, prepare
from builder.pipeline.work import working
recipe = replace(CocoRecipe(), stuff=sys.argv[2] == "stuff")
with working(None) as work:
    request = Request("coco_stuff_trimmed", recipe, sys.argv[1])
    selection = prepare(request, work).selection
assert len(selection.context_sets) == (20 if recipe.stuff else 0)
"""
# Images and annotations of the official files, and the instances beside them.
SIZES = {
    "train": ("instances_train2017.json", 118_280, 747_458),
    "test": ("instances_val2017.json", 5_000, 31_000),
}
KINDS = 91  # of stuff, from id 92 on, and one more for what is a thing
NAMED = {96: "building-other", 102: "ceiling-other", 122: "fruit", 149: "road",
         168: "towel", 183: "other"}  # fmt: skip


def write_stuff(path, instances, images, annotations, rng):
    """Write one file, a piece at a time: masks of 1,200 bytes, as in the official."""
    content = read_table(instances.read_bytes(), name=path.name, unannotated=True)
    listed = content.images[:images]
    letters = np.frombuffer(bytes(range(48, 92)) + bytes(range(93, 112)), np.uint8)
    masks = [
        letters[rng.integers(0, len(letters), int(rng.gamma(2, 600)) + 8)]
        .tobytes()
        .decode()
        for _ in range(2_000)
    ]
    with path.open("w", encoding="ascii") as file:
        file.write('{"info": {}, "licenses": [], "images": [')
        file.write(
            ", ".join(
                json.dumps(
                    {"id": image.id, "file_name": image.file_name,
                     "width": image.width, "height": image.height}
                )
                for image in listed
            )
        )  # fmt: skip
        file.write('], "annotations": [')
        # A few kinds for each image, the last of which is other.
        where = np.sort(rng.integers(0, len(listed), annotations)).tolist()
        kinds = rng.integers(92, 92 + KINDS + 1, annotations).tolist()
        which = rng.integers(0, len(masks), annotations).tolist()
        rows = zip(where, kinds, which, strict=True)
        for number, (image, kind, mask) in enumerate(rows):
            file.write(
                f'{", " if number else ""}{{"segmentation": {{"counts":'
                f' "{masks[mask]}", "size": [480, 640]}}, "area": 41234.0,'
                f' "iscrowd": 0, "image_id": {listed[image].id},'
                f' "bbox": [0.0, 1.0, 300.0, 200.0], "category_id": {kind},'
                f' "id": {20_000_000 + number}}}'
            )
        categories = [
            {"id": kind, "name": NAMED.get(kind, f"stuff {kind}")}
            for kind in range(92, 92 + KINDS + 1)
        ]
        file.write('], "categories": ' + json.dumps(categories) + "}")


def main():
    """Write what is missing, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    folder = options.source / "annotations"
    rng = np.random.default_rng(0)
    for split, (instances, *numbers) in SIZES.items():
        path = folder / NAMES[split]
        if not path.exists():
            write_stuff(path, folder / instances, *numbers, rng)
        print(f"{path.name}: {path.stat().st_size:,} bytes")
    select = [sys.executable, "-c", SELECT, str(options.source)]
    typed = TYPED.replace("    coco_url: str\n", "")
    plain = [sys.executable, "-c", typed, str(folder / NAMES["train"])]
    sides = {
        "selection": lambda: measure([*select, "none"]),
        "with stuff": lambda: measure([*select, "stuff"]),
        "msgspec alone, the larger file": lambda: measure(plain),
    }
    print_table("stuff", alternate(sides, options.runs), base="selection")


if __name__ == "__main__":
    main()
