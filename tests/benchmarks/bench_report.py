"""What the page of a build costs: time, memory, and its size.

    python -m tests.benchmarks.bench_report SOURCE [--workers 2]

SOURCE has the layout of COCO 2017 with the images that the notebook selects. Beside it,
a build of photographs of 6000 x 4000 pixels, of which each is one of a few, cut anew.
Whole processes; the time of a processor is what does not depend on who else works here.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.measure import measure
from tests.page.made import image, label, write_build

PHOTOGRAPHS = 100


def draw_photographs(number, size=(6000, 4000), kinds=5):
    """Yield JPEG files of about 2 MB: smooth, with grain, none like another."""
    rng = np.random.default_rng(0)
    bases = []
    for _ in range(kinds):
        coarse = rng.integers(60, 200, (30, 45, 3), dtype=np.uint8)
        base = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
        grain = rng.integers(0, 12, (size[1], size[0], 1), dtype=np.uint8)
        bases.append(Image.fromarray(np.asarray(base) + grain))
    for k in range(number):
        shifted = bases[k % kinds].rotate(180 * (k // kinds % 2)).copy()
        shifted.paste((k, k, k), (0, 0, 64, 64))
        sink = io.BytesIO()
        shifted.save(sink, "JPEG", quality=80)
        yield sink.getvalue()


def build_photographs(folder, number=PHOTOGRAPHS):
    """Write a build of large photographs."""
    rows = [
        {"image": image(data, f"{k}.jpg"), "label": k % 2}
        for k, data in enumerate(draw_photographs(number))
    ]
    parts = {f"part_{i}": rows[i : i + 25] for i in range(0, number, 25)}
    features = {"image": {"_type": "Image"}, "label": label("no", "yes")}
    return write_build(folder, {"default": parts}, {"default": features})


def measure_report(folder, out, workers):
    """Return what one process takes for the page of a build."""
    words = [sys.executable, "-m", "builder", "report", str(folder), "--json",
             "--out", str(out), "--workers", str(workers)]  # fmt: skip
    with tempfile.TemporaryFile("w+") as stdout:
        found = measure(words, every=0.05, stdout=stdout)
        stdout.seek(0)
        told = json.loads(stdout.read().splitlines()[-1])
    return {
        "rows": told["rows"],
        "pictures": told["pictures"],
        "pixels": told["picture_size"],
        "page, MB": round(told["bytes"] / 1e6, 1),
        "seconds": round(found["seconds"], 1),
        "of a processor": round(found["cpu_seconds"], 1),
        "memory, MB": round(found["peak_anonymous_mb"]),
    }


def main(arguments=None):
    """Print a line of the table for each build."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--build", type=Path, help="one that is there, instead")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        build = options.build or place / "coco"
        if not options.build:
            words = [sys.executable, "-m", "builder", "build", "coco_stuff_trimmed",
                     "--source", options.source, "--out", str(build)]  # fmt: skip
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        photographs = build_photographs(place / "photographs")
        for name, made in (("COCO", build), ("6000 x 4000", photographs)):
            found = measure_report(made, place / "page.html", options.workers)
            print(name, found, flush=True)


if __name__ == "__main__":
    sys.exit(main())
