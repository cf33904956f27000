"""Make a synthetic source of the size of COCO 2017, once, and images for some of it.

    python -m tests.benchmarks.full_size FOLDER [--counts category_counts.json]

Writes both annotation files of the official layout, streaming, in about half a minute:
118,287 and 5,000 images, 860,001 and 36,781 annotations with polygons and 1 % RLE,
450 and 20 MB. Images are written by `write_images` only where they are needed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from builder.datasets.painted.coco import CATEGORIES

# Width, height, and how many of a hundred images: roughly as in train2017.
SIZES = (
    (640, 480, 38),
    (640, 427, 24),
    (480, 640, 14),
    (500, 375, 8),
    (427, 640, 8),
    (640, 360, 4),
    (612, 612, 4),
)
RESTART = re.compile(rb"\xff[\xd0-\xd7]")


@dataclass(frozen=True)
class Split:
    """Numbers of one split, as in the official files."""

    name: str
    images: int
    annotated: int
    annotations: int


SPLITS = (
    Split("train2017", 118_287, 117_266, 860_001),
    Split("val2017", 5_000, 4_952, 36_781),
)


def size_of(image_id):
    """Return width and height of an image: a function of its id alone."""
    place = image_id * 2_654_435_761 % 2**32 % 100
    for width, height, share in SIZES:
        if place < share:
            return width, height
        place -= share
    raise AssertionError("the shares add up to a hundred")


def approximate_counts(split):
    """Return images and annotations of each category: a long tail behind people.

    Stands in for the official counts: 55 % of the images show a person, the others
    fall off exponentially from one in ten to one in six hundred.
    """
    ids = [c["id"] for c in CATEGORIES[1:]]
    tail = sorted(ids, key=lambda i: (i in (80, 89), i * 37 % 79))  # the rarest targets
    rank = np.array([tail.index(i) for i in ids])
    images = np.maximum(4, split.annotated * 0.12 * np.exp(-rank * np.log(63) / 78))
    images = np.concatenate(([0.55 * split.annotated], images)).astype(int)
    extra = images * np.concatenate(([3.1], np.full(79, 1.14)))
    spare = split.annotations - images.sum()
    extra = np.floor(extra * spare / extra.sum()).astype(int)
    extra[0] += spare - extra.sum()
    return images, images + extra


def read_counts(path, split):
    """Return images and annotations of each category from a file of official counts."""
    rows = {row["id"]: row for row in json.loads(path.read_text())}
    return tuple(
        np.array([rows[c["id"]][f"{split.name}_{what}"] for c in CATEGORIES])
        for what in ("images", "annotations")
    )


def spread(rng, split, counts):
    """Return image place and category place of every annotation, in random order.

    Every annotated image gets at least one; each category is in as many images, and
    has as many annotations, as `counts` says.
    """
    images, annotations = counts
    covering = np.array_split(
        rng.permutation(split.annotated),
        np.cumsum(images)[:-1] * split.annotated // images.sum(),
    )
    places, categories = [], []
    for k, (first, wanted, total) in enumerate(
        zip(covering, images, annotations, strict=True)
    ):
        others = np.setdiff1d(np.arange(split.annotated), first, assume_unique=True)
        chosen = np.concatenate(
            (first, rng.choice(others, wanted - len(first), replace=False))
        )
        again = chosen[rng.integers(0, wanted, total - wanted)]
        places.append(np.concatenate((chosen, again)))
        categories.append(np.full(total, k))
    order = rng.permutation(split.annotations)
    return np.concatenate(places)[order], np.concatenate(categories)[order]


def outline_pool(rng, count=4_000):
    """Return the texts of some polygons with area and box: about 42 numbers each."""
    pool = []
    for _ in range(count):
        corners = int(rng.gamma(1.6, 10.2)) + 4
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
        radius = rng.uniform(5, 160) * rng.uniform(0.7, 1.0, corners)
        x = (rng.uniform(180, 300) + radius * np.cos(angles)).round(2)
        y = (rng.uniform(180, 200) + radius * np.sin(angles)).round(2)
        area = abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2
        points = np.stack((x, y), 1).ravel().tolist()
        box = [float(v) for v in (x.min(), y.min(), np.ptp(x), np.ptp(y))]
        pool.append(
            f'{{"segmentation": {json.dumps([points])}, "area": {area}, '
            f'"iscrowd": 0, "image_id": %d, "bbox": {json.dumps(box)}, '
            '"category_id": %d, "id": %d}'
        )
    return pool


def crowd_pool(rng, count=100):
    """Return the texts of some crowds, as RLE of about 450 runs."""
    pool = []
    for _ in range(count):
        runs = rng.integers(1, 300, int(rng.integers(100, 800))).tolist()
        pool.append(
            f'{{"segmentation": {{"counts": {json.dumps(runs)}, "size": [480, 640]}}, '
            '"area": 41234, "iscrowd": 1, "image_id": %d, "bbox": [1, 2, 300, 200], '
            '"category_id": %d, "id": %d}'
        )
    return pool


def write_annotations(path, split, image_ids, counts, rng):
    """Write one annotation file, a piece at a time."""
    places, categories = spread(rng, split, counts)
    numbers = np.array([c["id"] for c in CATEGORIES])
    annotated = rng.permutation(image_ids)[: split.annotated]
    crowds = split.annotations // 82  # as many as there are in train2017
    plain, crowd = outline_pool(rng), crowd_pool(rng)
    licenses = rng.integers(1, 9, len(image_ids)).tolist()
    head = {
        "info": {"description": "Synthetic, of the size of COCO 2017", "year": 2017},
        "licenses": [
            {"url": "http://example.org", "id": k, "name": f"{k}"} for k in range(1, 9)
        ],
    }
    with path.open("w", encoding="ascii") as file:
        file.write(json.dumps(head)[:-1] + ', "images": [')
        for k, (image_id, license_) in enumerate(
            zip(image_ids.tolist(), licenses, strict=True)
        ):
            width, height = size_of(image_id)
            name = f"{image_id:012}.jpg"
            file.write(
                f'{", " if k else ""}{{"license": {license_}, "file_name": "{name}", '
                f'"coco_url": "http://images.cocodataset.org/{split.name}/{name}", '
                f'"height": {height}, "width": {width}, '
                '"date_captured": "2013-11-14 17:02:52", "flickr_url": '
                f'"http://farm7.staticflickr.com/6116/{image_id:010}_cab98f22_z.jpg", '
                f'"id": {image_id}}}'
            )
        file.write('], "annotations": [')
        which = rng.integers(0, len(plain), split.annotations)
        rows = zip(
            annotated[places].tolist(),
            numbers[categories].tolist(),
            which.tolist(),
            strict=True,
        )
        for k, (image_id, category_id, shape) in enumerate(rows):
            texts = plain if k < split.annotations - crowds else crowd  # crowds last
            text = texts[shape % len(texts)] % (image_id, category_id, 156 + 2 * k)
            file.write(f", {text}" if k else text)
        file.write('], "categories": ' + json.dumps(CATEGORIES) + "}")


def make_source(folder, counts_file=None, *, seed=0):
    """Return `folder` with both annotation files, made unless they are there."""
    mark = folder / "complete.json"
    content = counts_file.read_bytes() if counts_file else b""
    asked = {"seed": seed, "counts": hashlib.sha256(content).hexdigest(), "version": 1}
    if mark.exists() and json.loads(mark.read_text()) == asked:
        return folder
    mark.unlink(missing_ok=True)
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    ids = rng.permutation(np.arange(9, 581_930))
    for split in SPLITS:
        mine, ids = ids[: split.images], ids[split.images :]
        counts = approximate_counts(split)
        if counts_file:
            counts = read_counts(counts_file, split)
        path = folder / "annotations" / f"instances_{split.name}.json"
        write_annotations(path, split, mine, counts, rng)
        (folder / split.name).mkdir(exist_ok=True)
    mark.write_text(json.dumps(asked))  # last: without it, made anew
    return folder


def _encode(rng, width, height, noise):
    """Return a JPEG of clouds and grain, with a restart marker after each row."""
    clouds = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    smooth = Image.fromarray(clouds).resize((width, height), Image.Resampling.BICUBIC)
    grain = rng.normal(0, noise, (height, width, 1))
    pixels = (np.asarray(smooth) + grain).clip(0, 255).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90, restart_marker_rows=1)
    return buffer.getvalue()


def _cut(jpeg):
    """Return the header of a JPEG, and the coded rows between restart markers."""
    start = jpeg.index(b"\xff\xda")
    start += 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big")
    return jpeg[:start], RESTART.split(jpeg[start:-2])


def write_images(folder, names, mean_bytes=163_000):
    """Write the images `names` (``train2017/000000000009.jpg``); return the bytes.

    Each file is a whole JPEG of the size that its annotation says, with as much
    entropy-coded data as a photograph: rows of blocks from a pool, in an order of its
    own, so that no two files, and no two pictures, are the same.
    """
    rng = np.random.default_rng(0)
    shares = np.array([share for *_, share in SIZES]) / 100
    low, high = 0.0, 80.0
    for _ in range(8):  # grain such that the mean comes out right
        noise = (low + high) / 2
        mean = shares @ [len(_encode(rng, w, h, noise)) for w, h, _ in SIZES]
        low, high = (noise, high) if mean < mean_bytes else (low, noise)
    headers, pools = {}, {}
    for width, height, _ in SIZES:
        pool = []
        for strength in (0.6, 0.8, 1.0, 1.2, 1.4):
            jpeg = _encode(rng, width, height, strength * noise)
            headers[width, height], rows = _cut(jpeg)
            pool += rows
        pools[width, height] = pool
    for name in {Path(name).parent for name in names}:
        (folder / name).mkdir(parents=True, exist_ok=True)
    total = 0
    for name in names:
        image_id = int(Path(name).stem)
        size = size_of(image_id)
        order = np.random.default_rng(image_id).integers(
            0, len(pools[size]), -(-size[1] // 16)
        )
        parts = [headers[size]]
        for k, row in enumerate(order.tolist()):
            if k:
                parts.append(bytes((0xFF, 0xD0 + (k - 1) % 8)))
            parts.append(pools[size][row])
        total += (folder / name).write_bytes(b"".join([*parts, b"\xff\xd9"]))
    return total


def main(arguments=None):
    """Make the source that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--counts", type=Path, help="counts (default: approximated)")
    parser.add_argument("--names", type=Path, help="JSON list of images to write")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    make_source(options.folder, options.counts)
    for path in sorted(options.folder.glob("annotations/*.json")):
        print(f"{path.name}: {path.stat().st_size:,} bytes")
    if options.names:
        names = list(json.loads(options.names.read_text()))
        total = write_images(options.folder, names)
        print(f"{len(names):,} images: {total:,} bytes, {total / len(names):,.0f} each")
    print(f"{time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
