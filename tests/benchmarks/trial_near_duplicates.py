"""What `builder.audit.lookalikes.THRESHOLD` finds, and what it would find by chance.

    python -m tests.benchmarks.trial_near_duplicates IMAGE... [--lesions IMAGE...]

For each image the trial makes copies, as re-encoding, scaling, cropping and so on
would, and counts how many are within the threshold; then it compares all different
images. Of each image after `--lesions`, it takes 300 random crops, turned and
mirrored at random, and compares those of different images: pictures as much alike as
different lesions are. Prints one JSON object.
"""

import argparse
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from builder.audit.lookalikes import LEAST_BITS, THRESHOLD, count_bits, is_telling
from builder.images.facts import gather
from builder.images.inspect import inspect

CROPS = 300
FLIPS = [
    None,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.ROTATE_180,
]


def encode(image, quality=90, kind="JPEG"):
    out = io.BytesIO()
    image.save(out, kind, quality=quality, compress_level=1)
    return out.getvalue()


def make_copies(data):
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    width, height = image.size
    copies = {f"JPEG of quality {q}": encode(image, q) for q in (95, 75, 50, 20)}
    copies["PNG"] = encode(image, kind="PNG")
    for times in (1.5, 0.75, 0.5, 0.25, 0.125):
        size = round(width * times), round(height * times)
        small = image.resize(size, Image.Resampling.LANCZOS)
        copies[f"scaled by {times}"] = encode(small)
    copies["brighter by 15%"] = encode(image.point(lambda v: min(255, int(v * 1.15))))
    for margin in (0.01, 0.03):
        x, y = margin * width, margin * height
        cut = image.crop((round(x), round(y), round(width - x), round(height - y)))
        copies[f"cropped by {margin:.0%} a side"] = encode(cut)
    copies["mirrored"] = encode(image.transpose(FLIPS[1]))
    return copies


def crop_at_random(data, rng):
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (600, 400))
        image.load()
    for _ in range(CROPS):
        zoom = rng.uniform(0.6, 1)
        x, y = rng.uniform(0, 1 - zoom, 2) * image.size
        box = (x, y, x + zoom * image.width, y + zoom * image.height)
        crop = image.resize((288, 256), Image.Resampling.BOX, box)
        flip = FLIPS[rng.integers(4)]
        yield encode(crop if flip is None else crop.transpose(flip))


def compare(hashes, owners):
    """Bits that differ between images of different owners, shape (pairs, 2)."""
    left, right = np.triu_indices(len(hashes), 1)
    differ = owners[left] != owners[right]
    return count_bits(hashes[left[differ]] ^ hashes[right[differ]])


def tell_pairs(bits):
    either, both = bits.min(axis=1), bits.max(axis=1)
    return {
        "pairs": len(bits),
        "least_bits_in_both": int(both.min()),
        "within_threshold_in_both": int((both <= THRESHOLD).sum()),
        "within_twice_the_threshold_in_both": int((both <= 2 * THRESHOLD).sum()),
        "within_threshold_across_alone": int((bits[:, 0] <= THRESHOLD).sum()),
        "within_threshold_in_one": int((either <= THRESHOLD).sum()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", nargs="+", type=Path)
    parser.add_argument("--lesions", nargs="*", type=Path, default=[])
    options = parser.parse_args()
    everything = [*options.images, *options.lesions]
    files = [path.read_bytes() for path in everything]
    hashes = gather([inspect(data) for data in files]).dhash
    moved = {}
    for place, data in enumerate(files):
        for name, copy in make_copies(data).items():
            other = np.array(inspect(copy).dhash, dtype=np.uint64)
            moved.setdefault(name, []).append(
                int(count_bits(hashes[place] ^ other).max())
            )
    ones = count_bits(hashes)
    told = {
        "images": len(files),
        "least_bits": int(np.minimum(ones, 64 - ones).min()),
        "too_blank": int((~is_telling(hashes)).sum()),
        "limits": {"threshold": THRESHOLD, "least_bits": LEAST_BITS},
        "copies": {
            name: {"found": sum(b <= THRESHOLD for b in bits), "most_bits": max(bits)}
            for name, bits in moved.items()
        },
        "different_images": tell_pairs(
            compare(hashes[: len(options.images)], np.arange(len(options.images)))
        ),
    }
    if len(options.lesions) > 1:
        rng = np.random.default_rng(0)
        crops = [
            inspect(crop)
            for path in options.lesions
            for crop in crop_at_random(path.read_bytes(), rng)
        ]
        owners = np.repeat(np.arange(len(options.lesions)), CROPS)
        told["crops_of_different_lesions"] = tell_pairs(
            compare(gather(crops).dhash, owners)
        )
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
