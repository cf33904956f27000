"""What the search for look-alikes finds, what it finds by chance, and what it costs.

    python -m tests.benchmarks.bench_lookalikes HAM10000 [--photographs IMAGE...]
        [--sample 200] [--rows 1000 10000 100000 1000000]

HAM10000 is a folder with `HAM10000_metadata.csv` and `images/`. A pair of two lesions
counts as false. Of a sample of its images, and of all photographs, copies are made, as
re-encoding, scaling, turning and cropping would; found is a copy that makes a pair with
its own image. `imagehash`'s difference hashes, as trimset had them until 0.3.0, alone
and with a thumbnail's correlation, are beside it, and `imagehash.phash` at the 10 bits
that imagededup's PHash allows (imagededup itself needs torch; its hash is that one);
and PDQ in eight turns at its 31 bits, if `pdqhash` is installed. Then time and memory
from 1,000 to 1,000,000 rows of drawn thumbnails, each in a process of its own.
"""

import argparse
import csv
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

from builder.audit.lookalikes import find_lookalikes, is_telling
from builder.images.facts import gather
from builder.images.inspect import inspect
from tests.benchmarks.bench_audit import draw_picture

try:
    import pdqhash
except ImportError:
    pdqhash = None

COUNTS = np.array([n.bit_count() for n in range(1 << 16)], dtype=np.uint8)
LANCZOS = Image.Resampling.LANCZOS


def encode(image, quality=90, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


def make_copies(data):
    """Return changed copies of an image by what was done."""
    with Image.open(io.BytesIO(data)) as opened:
        opened.draft("RGB", (1000, 1000))
        image = opened.convert("RGB")
    width, height = image.size

    def crop(left, top, right, bottom):
        box = left * width, top * height, (1 - right) * width, (1 - bottom) * height
        return encode(image.crop(tuple(round(edge) for edge in box)))

    copies = {f"JPEG of quality {q}": encode(image, q) for q in (75, 50, 20)}
    for times in (0.25, 0.5, 0.75, 1.5):
        size = round(width * times), round(height * times)
        copies[f"scaled by {times}"] = encode(image.resize(size, LANCZOS))
    for times in (1.15, 1.3):
        bright = image.point(lambda v, times=times: min(255, int(v * times)))
        copies[f"brighter by {times - 1:.0%}"] = encode(bright)
    copies["grey"] = encode(image.convert("L"))
    for turn in Image.Transpose:
        copies[f"turned: {turn.name.lower()}"] = encode(image.transpose(turn))
    exif = Image.Exif()
    exif[0x0112] = 6
    side = image.transpose(Image.Transpose.ROTATE_90)
    copies["turned back by EXIF"] = encode(side, exif=exif)
    for edge in (0.01, 0.02, 0.025, 0.05):
        copies[f"cropped by {edge:.1%} at each edge"] = crop(edge, edge, edge, edge)
    copies["cropped by 4% at one corner"] = crop(0.04, 0.04, 0, 0)
    return copies


def open_image(data):
    return Image.open(io.BytesIO(data))


def hash_bits(*hashes):
    """Return hashes of `imagehash` as bytes."""
    return np.concatenate([np.packbits(h.hash) for h in hashes])


class Ours:
    """What the audit does."""

    name = "trimset"

    def describe(self, data):
        return inspect(data)

    def pairs(self, described):
        thumbnails = gather(described).thumbnails
        found = find_lookalikes(thumbnails, is_telling(thumbnails))
        return found.pairs


class Hashed:
    """Pairs whose hashes are each within a number of bits, compared all with all."""

    def __init__(self, name, function, limit, parts=1, least=None):
        self.name, self.function = name, function
        self.limit, self.parts, self.least = limit, parts, least

    def describe(self, data):
        """Return hashes, [turns, bytes]; and a thumbnail, if one is asked for."""
        small = None
        if self.least is not None:
            image = open_image(data).convert("L").resize((48, 36), LANCZOS)
            small = np.asarray(image, dtype=np.float32).ravel()
        return np.atleast_2d(self.function(data)), small

    def pairs(self, described):
        hashes = np.stack([h for h, _ in described])  # [n, turns, bytes]
        words = np.ascontiguousarray(hashes).view(np.uint16)
        words = words.reshape(*words.shape[:2], self.parts, -1)
        found = []
        for row in range(len(words) - 1):
            other = words[row + 1 :] ^ words[row, 0]
            bits = COUNTS[other].sum(axis=3)  # [m, turns, parts]
            near = (bits <= self.limit).all(axis=2).any(axis=1)
            found += [(row, row + 1 + int(at)) for at in np.flatnonzero(near)]
        if self.least is None:
            return np.array(found, dtype=np.int64).reshape(-1, 2)
        small = np.stack([s for _, s in described])
        sure = [(a, b) for a, b in found if np.corrcoef(small[a], small[b])[0, 1] >=
                self.least]  # fmt: skip
        return np.array(sure, dtype=np.int64).reshape(-1, 2)


def difference(data):
    image = open_image(data)
    return hash_bits(imagehash.dhash(image), imagehash.dhash_vertical(image))


def perceptual(data):
    return hash_bits(imagehash.phash(open_image(data)))


def pdq(data):
    image = np.asarray(open_image(data).convert("RGB"))
    hashes, _ = pdqhash.compute_dihedral(image)
    return np.stack([np.packbits(h.astype(np.uint8)) for h in hashes])


METHODS = [
    Ours(),
    Hashed("dhash, 4 bits", difference, 4, parts=2),
    Hashed("dhash, then 0.97 of 48 x 36", difference, 4, parts=2, least=0.97),
    Hashed("phash, 10 bits", perceptual, 10),
    *([Hashed("PDQ, 31 bits", pdq, 31)] if pdqhash else []),
]


def measure(method, files, lesions, copied):
    """Return what one method finds among all files and of each kind of copy."""
    described = [method.describe(data) for data in files]
    start = time.process_time()
    pairs = method.pairs(described)
    told = {"search, ms an image": 1e3 * (time.process_time() - start) / len(files)}
    if lesions is not None:
        same = lesions[pairs[:, 0]] == lesions[pairs[:, 1]]
        told["pairs of one lesion"] = int(same.sum())
        told["pairs of two, in 1,000 images"] = 1e3 * int((~same).sum()) / len(files)
    else:
        told["pairs, in 1,000 images"] = 1e3 * len(pairs) / len(files)
    for name in next(iter(copied.values())):
        some = list(copied)
        both = [described[at] for at in some]
        both += [method.describe(copied[at][name]) for at in some]
        met = {(int(a), int(b)) for a, b in method.pairs(both)}
        found = sum((at, at + len(some)) in met for at in range(len(some)))
        told[name] = found / len(some)
    return told


def time_each(function, data, times=40):
    """CPU milliseconds a call: the best of three rounds."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for _ in range(times):
            function(data)
        best = min(best, time.process_time() - start)
    return 1e3 * best / times


def print_table(title, told):
    print(f"\n{title}\n\n| | {' | '.join(told)} |\n|---|{'---|' * len(told)}")
    for row in next(iter(told.values())):
        cells = " | ".join(f"{found[row]:.4g}" for found in told.values())
        print(f"| {row} | {cells} |")
    sys.stdout.flush()


def peak():
    """Return the most memory that this process has had so far, in MB (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1e3
    return float("nan")


def search_drawn(rows):
    """Print time and memory of a search of drawn thumbnails, a hundredth copies."""
    rng = np.random.default_rng(0)
    thumbnails = np.zeros((rows, 24, 24), dtype=np.uint8)
    spread = np.maximum(0, 1 - np.abs(np.arange(24)[:, None] / 23 * 5 - np.arange(6)))
    for start in range(0, rows, 10_000):
        stop = min(start + 10_000, rows)
        small = rng.integers(0, 256, (stop - start, 6, 6)).astype(float)
        thumbnails[start:stop] = spread @ small @ spread.T
    copies = rows // 100
    thumbnails[-copies:] = thumbnails[:copies, :, ::-1]
    before = peak()
    start = time.process_time()
    found = find_lookalikes(thumbnails, is_telling(thumbnails))
    seconds = time.process_time() - start
    told = {"rows": rows, "copies": copies, "pairs": len(found.pairs)}
    told["CPU, us a row"] = round(1e6 * seconds / rows)
    told["thumbnails, MB"] = round(thumbnails.nbytes / 1e6, 1)
    told["search on top, MB"] = round(peak() - before, 1)
    print(json.dumps(told), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ham10000", nargs="?", type=Path)
    parser.add_argument("--photographs", nargs="*", type=Path, default=[])
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument(
        "--rows", nargs="*", type=int, default=[10**n for n in range(3, 7)]
    )
    parser.add_argument("--here", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        search_drawn(options.here)
        return
    if options.ham10000:
        with (options.ham10000 / "HAM10000_metadata.csv").open() as file:
            table = [(r["image_id"], r["lesion_id"]) for r in csv.DictReader(file)]
        names = [options.ham10000 / "images" / f"{name}.jpg" for name, _ in table]
        files = [path.read_bytes() for path in names]
        lesions = np.array([lesion for _, lesion in table])
        step = max(1, len(files) // options.sample)
        copied = {at: make_copies(files[at]) for at in range(0, len(files), step)}
        told = {m.name: measure(m, files, lesions, copied) for m in METHODS}
        print_table(f"{len(files):,} images, copies of {len(copied)}", told)
    if options.photographs:
        files = [path.read_bytes() for path in options.photographs]
        copied = {at: make_copies(data) for at, data in enumerate(files)}
        told = {m.name: measure(m, files, None, copied) for m in METHODS}
        print_table(f"{len(files):,} photographs, copies of all", told)
    data = encode(draw_picture(1))
    print("\nCPU ms of one image of 640 x 480:")
    for method in METHODS:
        print(f"  {method.name}: {time_each(method.describe, data):.3g}", flush=True)
    for rows in options.rows:
        words = [sys.executable, "-m", __spec__.name, "--here", str(rows)]
        subprocess.run(words, check=True)


if __name__ == "__main__":
    main()
