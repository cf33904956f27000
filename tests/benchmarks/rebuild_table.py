"""The same bytes at full size, whoever writes them and however often they are killed.

    python -m tests.benchmarks.rebuild_table SOURCE [--kills 10]

Builds all configs without the audit: with one worker, two threads, two processes, and
on a Dask cluster of two worker processes; then kills a build at seeded random moments
and finishes it. Every file of every result is read and compared with the first. Of a
killed build, "kept" is how many of the shards that were whole the second run left as
they were.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from builder import build
from builder.output.folder import Folder
from builder.output.records import LAST, SHARDS
from tests.servers.dask_cluster import run_cluster

NAME = "coco_stuff_trimmed"


def digests(folder):
    """Return sha256 and size of every file."""
    root = Folder(folder)
    return {name: root.digest(name) for name in root.files()}


def run(source, out, *options):
    """Build as a whole process, and return the seconds."""
    words = [sys.executable, "-m", "builder", "build", NAME, "--no-audit", "--source"]
    words += [source, "--out", str(out), *options]
    started = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def run_in_processes(source, out):
    """Build with two processes, and return the seconds."""
    context = multiprocessing.get_context("spawn")
    started = time.perf_counter()
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        build(NAME, out, source=source, audit=False, executor=pool, workers=2)
    return time.perf_counter() - started


def run_on_cluster(source, out, folder):
    """Build on a cluster of two worker processes, and return the seconds."""
    with run_cluster(folder / "cluster") as cluster:
        return run(source, out, "--scheduler", cluster.address)


def whole_shards(out):
    """Return inode and time of each shard that has its record."""
    found = {}
    for record in out.glob(f"{SHARDS}/*.json"):
        stat = (path := out / json.loads(record.read_bytes())["path"]).stat()
        found[path] = (stat.st_ino, stat.st_mtime_ns)
    return found


def run_killed(source, out, seconds):
    """Kill a build after some seconds, finish it, and tell what was kept."""
    words = [sys.executable, "-m", "builder", "build", NAME, "--no-audit", "--source"]
    with subprocess.Popen(
        [*words, source, "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    if (out / LAST).exists():
        return run(source, out), "all: it was done"
    before = whole_shards(out)
    took = run(source, out)
    kept = 0
    for path, stamp in before.items():
        stat = path.stat()
        kept += (stat.st_ino, stat.st_mtime_ns) == stamp
    return took, f"{kept} of {len(before)}"


def main(arguments=None):
    """Print the table; return 1 if any file differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args(arguments)
    print("| build | seconds | whole shards kept | same bytes |\n|---|---|---|---|")
    expected = {}
    failed = 0

    def tell(name, seconds, out, kept=""):
        nonlocal failed
        found = digests(out)
        expected.update({} if expected else found)
        same = found == expected
        failed += not same
        cells = (name, f"{seconds:.1f}", kept, "yes" if same else "NO")
        print(f"| {' | '.join(cells)} |", flush=True)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways = {
            "1 worker": lambda out: run(options.source, out, "--workers", "1"),
            "2 threads": lambda out: run(options.source, out, "--workers", "2"),
            "2 processes": lambda out: run_in_processes(options.source, out),
            "Dask, 2 workers": lambda out: run_on_cluster(options.source, out, folder),
        }
        longest = 0.0
        for way, make in ways.items():
            with tempfile.TemporaryDirectory(dir=folder) as out:
                seconds = make(out)
                longest = seconds if way == "2 threads" else longest
                tell(way, seconds, out)
        moments = random.Random(0)
        for _ in range(options.kills):
            moment = moments.uniform(1, longest)
            with tempfile.TemporaryDirectory(dir=folder) as place:
                out = Path(place, "out")
                seconds, kept = run_killed(options.source, out, moment)
                tell(f"killed after {moment:.1f} s, and again", seconds, out, kept)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
