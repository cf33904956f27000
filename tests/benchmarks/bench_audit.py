"""Time and memory of the audit on images of COCO's size, against `imagehash`.

    python -m tests.benchmarks.bench_audit [--images 12000] [--distinct 300]

Draws JPEGs of 640 x 480 pixels and about 150 KB (COCO's average is 163 KB) into a
temporary folder, which is removed at the end: `--distinct` pictures, each encoded at
several qualities. Then it runs the audit tasks with one and with two worker
processes, finds the duplicates, and hashes a sample with `imagehash.dhash` and
`phash` in this process, as it does here with `inspect`. Prints one JSON object. CPU
time is that of the user; wall time depends on what else the machine does.
"""

import argparse
import io
import json
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

from builder.audit.duplicates import find_duplicates
from builder.images.inspect import check_structure, inspect
from builder.images.measures import measure
from builder.pipeline.examine import see
from builder.pipeline.work import working
from builder.sources.member import LocalMember

SAMPLE = 400


def draw_picture(seed):
    """Shapes, shading and grain, so that a JPEG has a photograph's size."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((480, 640, 3))
    for cells in (4, 9, 20, 60):
        small = rng.integers(0, 256, (cells, cells * 4 // 3, 3), dtype=np.uint8)
        large = Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC)
        picture += np.asarray(large) / cells**0.5
    picture *= 200 / picture.max()
    picture += rng.normal(0, 15, (480, 640, 1))
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def draw_copies(folder, seed, copies):
    picture = draw_picture(seed)
    for copy in range(copies):
        path = Path(folder, f"{seed:05}_{copy:03}.jpg")
        picture.save(path, quality=86 + copy % 10)


def time_audit(members, workers):
    """Wall and CPU seconds of `workers` processes, and the facts."""
    names = [member.name for member in members]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with (
        ProcessPoolExecutor(workers) as pool,
        working(None, executor=pool, workers=workers) as work,
    ):
        seen = see(names, members, work, decode=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    row = {
        "workers": workers,
        "wall_seconds": round(wall, 2),
        "cpu_ms_per_image": round(1e3 * cpu / len(members), 3),
        "images_per_second": round(len(members) / wall),
        "largest_process_mb": round(after.ru_maxrss / 1024),
    }
    return row, seen.facts


def time_each(function, blobs):
    """CPU milliseconds a call: the best of three rounds."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for data in blobs:
            function(data)
        best = min(best, time.process_time() - start)
    return 1e3 * best / len(blobs)


def open_image(data):
    return Image.open(io.BytesIO(data))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=12_000)
    parser.add_argument("--distinct", type=int, default=300)
    options = parser.parse_args()
    copies = options.images // options.distinct
    with tempfile.TemporaryDirectory() as folder:
        with ProcessPoolExecutor(2) as pool:
            seeds = range(options.distinct)
            jobs = [pool.submit(draw_copies, folder, seed, copies) for seed in seeds]
            for job in jobs:
                job.result()
        paths = sorted(Path(folder).iterdir())
        sizes = [path.stat().st_size for path in paths]
        members = [
            LocalMember(path.name, str(path), size)
            for path, size in zip(paths, sizes, strict=True)
        ]
        rows = [time_audit(members, workers) for workers in (1, 2)]
        sample = [path.read_bytes() for path in paths[:: len(paths) // SAMPLE]]
    facts = rows[0][1]
    start = time.process_time()
    found = find_duplicates(facts)
    finding = time.process_time() - start
    pictures = [open_image(data).convert("RGB").reduce(8) for data in sample]
    single = {
        "check_structure": time_each(check_structure, sample),
        "inspect": time_each(inspect, sample),
        "imagehash.dhash": time_each(lambda d: imagehash.dhash(open_image(d)), sample),
        "imagehash.phash": time_each(lambda d: imagehash.phash(open_image(d)), sample),
        "decoding alone": time_each(lambda d: open_image(d).load(), sample),
        "measure": time_each(lambda p: measure(p, (0, 0, *p.size)), pictures),
    }
    told = {
        "images": len(paths),
        "distinct": options.distinct,
        "average_kb": round(sum(sizes) / len(sizes) / 1000),
        "good": int(facts.is_good.sum()),
        "audit": [row for row, _ in rows],
        "find_duplicates_cpu_seconds": round(finding, 3),
        "near_pairs": len(found.near),
        "cpu_ms_per_image": {name: round(ms, 3) for name, ms in single.items()},
        "times_as_long_as_inspect": {
            name: round(ms / single["inspect"], 2) for name, ms in single.items()
        },
    }
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
