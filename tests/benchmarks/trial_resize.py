"""What the quality of resized JPEG files costs in bytes, and what it keeps.

    python -m tests.benchmarks.trial_resize IMAGE... [--image-size 224]

Each image is resized by Lanczos from its whole decoded self, saved in each way, and
compared with what was saved: peak signal-to-noise ratio in dB, mean and worst, and
kilobytes. "as resized" is what `builder.images.resize.resize` writes, which decodes a
JPEG at reduced scale first.
"""

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from builder.images.resize import resize
from builder.images.sizes import resized_size

# JPEG's quality, and its chroma subsampling as Pillow numbers it: 0 is 4:4:4, 2 4:2:0.
WAYS = {"95, 4:4:4": (95, 0), "95, 4:2:0": (95, 2), "90, 4:4:4": (90, 0)}


def save(picture, quality, subsampling):
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, subsampling=subsampling)
    return out.getvalue()


def noise_ratio(picture, data):
    """Return the PSNR of a saved picture, in dB."""
    with Image.open(io.BytesIO(data)) as saved:
        found = np.asarray(saved.convert("RGB"), dtype=np.float64)
    wanted = np.asarray(picture, dtype=np.float64)
    return 10 * np.log10(255**2 / ((found - wanted) ** 2).mean())


def main(arguments=None):
    """Print one row for each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", nargs="+", type=Path)
    parser.add_argument("--image-size", type=int, default=224)
    options = parser.parse_args(arguments)
    sizes, ratios = {"original": []}, {}
    for path in options.images:
        data = path.read_bytes()
        if resize(data, options.image_size) is data:
            continue  # it is not larger
        sizes["original"].append(len(data))
        with Image.open(path) as image:
            size = resized_size(*image.size, options.image_size)
            picture = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        files = {name: save(picture, *way) for name, way in WAYS.items()}
        files["as resized"] = resize(data, options.image_size)
        for name, file in files.items():
            sizes.setdefault(name, []).append(len(file))
            ratios.setdefault(name, []).append(noise_ratio(picture, file))
    print("| | kB | dB, mean | worst |\n|---|---|---|---|")
    for name, found in sizes.items():
        kilobytes = f"{sum(found) / len(found) / 1000:.0f}"
        told = ratios.get(name)
        cells = [f"{np.mean(told):.1f}", f"{min(told):.1f}"] if told else ["", ""]
        print(f"| {' | '.join([name, kilobytes, *cells])} |")


if __name__ == "__main__":
    sys.exit(main())
