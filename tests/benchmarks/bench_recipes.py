"""Recipes of large sources: what `plan` and `init` cost beside plain reading.

    python -m tests.benchmarks.bench_recipes [--base FOLDER --source COCO] [--runs 3]

Makes, in a temporary folder, a COCO-format file of the size of LVIS (100,000 images,
1.3 million annotations, 1,200 classes, no file_name) with an image of some bytes for
each, and a plain folder of class folders. Measures, in turns and as whole processes:

- `trimset plan` of a recipe (all classes, 20 images of each) against reading the same
  file with msgspec alone, typed, as a person would;
- `trimset init` of that folder and of the class folders;
- with ``--base``, a checkout of another version with its own ``.venv``, and
  ``--source`` of `full_size`: `trimset plan coco_stuff_trimmed` of both. Where images
  that are selected are missing in the source, files of some bytes are written for them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from builder.pipeline.prepare import Request, prepare
from builder.pipeline.work import working
from tests.benchmarks.measure import alternate, measure, print_table

TYPED = """
import sys
import msgspec
class Image(msgspec.Struct, gc=False):
    id: int
    width: int
    height: int
    coco_url: str
class Annotation(msgspec.Struct, gc=False):
    image_id: int
    category_id: int
class Category(msgspec.Struct, gc=False):
    id: int
    name: str
class File(msgspec.Struct):
    images: list[Image]
    annotations: list[Annotation]
    categories: list[Category]
with open(sys.argv[1], "rb") as file:
    found = msgspec.json.decode(file.read(), type=File)
assert found.annotations
"""
RECIPE = """
kind = "coco"
name = "large"
[splits.train]
annotations = "large/train.json"
images = "large/"
[select]
rule = "balanced"
targets = "all"
samples = 20
"""
# An image as far as a plan looks: it is there, and has a size.
BYTES = b"\xff\xd8\xff\xd9"


def write_large(folder, images=100_000, annotations=1_300_000, classes=1_200):
    """Write annotations as those of LVIS: many rare classes, polygons, no file_name."""
    (folder / "train2017").mkdir(parents=True)
    rng = np.random.default_rng(0)
    shares = np.exp(-np.log(20_000) * np.arange(classes) / classes)
    kinds = rng.choice(classes, annotations, p=shares / shares.sum())
    kinds[:classes] = np.arange(classes)  # each at least once
    where = rng.integers(0, images, annotations)
    outline = json.dumps([rng.uniform(0, 600, 24).round(2).tolist()])
    with (folder / "train.json").open("w") as file:
        file.write('{"info": {}, "licenses": [], "images": [')
        for k in range(images):
            name = f"train2017/{k + 1:012}.jpg"
            file.write(
                f'{", " if k else ""}{{"id": {k + 1}, "width": 640, "height": 480,'
                f' "coco_url": "http://images.cocodataset.org/{name}",'
                ' "neg_category_ids": [1, 2], "not_exhaustive_category_ids": [3]}'
            )
            (folder / name).write_bytes(BYTES)
        file.write('], "annotations": [')
        for k, (image, kind) in enumerate(
            zip(where.tolist(), kinds.tolist(), strict=True)
        ):
            file.write(
                f'{", " if k else ""}{{"id": {k}, "image_id": {image + 1},'
                f' "category_id": {kind + 1}, "bbox": [1.5, 2.25, 30.1, 40.7],'
                f' "area": 333.25, "segmentation": {outline}}}'
            )
        names = [{"id": k + 1, "name": f"class {k}"} for k in range(classes)]
        file.write(f'], "categories": {json.dumps(names)}}}')
    (folder.parent / "large.toml").write_text(RECIPE)


def write_class_folders(folder, images=100_000, classes=100):
    """Write an ImageFolder without metadata."""
    for k in range(classes):
        (folder / f"class {k}").mkdir(parents=True)
    for k in range(images):
        (folder / f"class {k % classes}" / f"{k:06}.jpg").write_bytes(BYTES)


def write_selected(source):
    """Write a file for each image that is selected of a source and not there."""
    with working(None) as work:
        request = Request("coco_stuff_trimmed", source=str(source))
        names = prepare(request, work, digest=False).keys
    for name in names:
        path = source / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_bytes(BYTES)


def main(arguments=None):
    """Run all sides and print the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="of each (default: 3)")
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--annotations", type=int, default=1_300_000)
    parser.add_argument("--classes", type=int, default=1_200)
    parser.add_argument("--base", type=Path, help="checkout of another version")
    parser.add_argument("--source", type=Path, help="made by full_size")
    options = parser.parse_args(arguments)
    trimset = [sys.executable, "-m", "builder"]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_large(
            folder / "large", options.images, options.annotations, options.classes
        )
        write_class_folders(folder / "folders", options.images)
        typed = [sys.executable, "-c", TYPED, str(folder / "large/train.json")]
        plan = [*trimset, "plan", str(folder / "large.toml")]
        print_table(
            f"Planning {options.classes:,} classes of {options.images:,} images",
            alternate(
                {
                    "msgspec alone, typed": lambda: measure(typed),
                    "trimset plan": lambda: measure(plan),
                },
                options.runs,
            ),
            "msgspec alone, typed",
        )

        def init(name):
            words = [*trimset, "init", str(folder / name), "--out"]
            with tempfile.TemporaryDirectory(dir=folder) as out:
                return measure([*words, f"{out}/recipe.toml"])

        print_table(
            f"Looking at {options.images:,} images",
            alternate(
                {
                    "msgspec alone, typed": lambda: measure(typed),
                    "init, annotations": lambda: init("large"),
                    "init, class folders": lambda: init("folders"),
                },
                options.runs,
            ),
            "msgspec alone, typed",
        )
    if options.base and options.source:
        write_selected(options.source)
        words = ["-m", "builder", "plan", "coco_stuff_trimmed", "--source"]
        words.append(str(options.source.resolve()))
        python = options.base / ".venv/bin/python"
        sides = {
            "the other version": lambda: measure(
                [str(python.absolute()), *words], cwd=options.base
            ),
            "this one": lambda: measure([sys.executable, *words]),
        }
        found = alternate(sides, options.runs)
        print_table("Planning coco_stuff_trimmed", found, "the other version")


if __name__ == "__main__":
    sys.exit(main())
