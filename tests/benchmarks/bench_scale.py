"""Cost of an image, and memory, from 1,000 to 1,000,000 rows.

    python -m tests.benchmarks.bench_scale [--rows 1000 10000 100000 1000000]

A synthetic index in which every row is the same tiny image under a name of its own:
what is left is the cost of rows, tasks and files. Each size is a process of its own,
one worker. Memory is anonymous: ``before`` with all modules imported, ``index`` what
the rows and the places of their images take on top (given, not made by the stages),
and the highest while each stage runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from builder.output.folder import Folder
from builder.output.limits import MAX_SHARD_SIZE
from builder.output.plan import plan_shards
from builder.output.schema import schemas_of
from builder.output.versions import versions
from builder.pipeline.examine import see
from builder.pipeline.work import working
from builder.pipeline.write import write_shards
from builder.selection.contract import SplitRows
from builder.sources.member import LocalMember
from tests.benchmarks.bench_audit import draw_picture
from tests.benchmarks.measure import anonymous_bytes

ROWS = (1_000, 10_000, 100_000, 1_000_000)


def held():
    """Return the anonymous memory of this process, in MB."""
    return anonymous_bytes(os.getpid()) / 1e6


class Peak(threading.Thread):
    """Samples the anonymous memory of this process until it is asked."""

    def __init__(self):
        super().__init__(daemon=True)
        self.highest = 0
        self.start()

    def run(self):
        while True:
            self.highest = max(self.highest, held())
            time.sleep(0.01)

    def ask(self):
        """Return the highest since it was last asked, in MB."""
        told = max(self.highest, held())
        self.highest = 0
        return told


def make_rows(count):
    """Return the rows of a split, as a dataset would."""
    from datasets import Features, Image, Value

    columns = {
        "image_id": np.arange(count, dtype=np.int64),
        "label": np.arange(count, dtype=np.int64) % 80,
    }
    features = {"image": Image(), "image_id": Value("int64"), "label": Value("int64")}
    return SplitRows(
        config="default",
        split="train",
        images=np.arange(count),
        make_columns=lambda: columns,
        make_features=lambda: Features(features),
        is_whole=True,
    )


def run(count, folder):
    """Look at `count` images and write them; return what it took."""
    import datasets  # noqa: F401  # what it takes is held before

    image = Path(folder, "tiny.jpg")
    draw_picture(0).resize((32, 24)).save(image, quality=80)
    size = image.stat().st_size
    before = held()
    rows = make_rows(count)
    keys = [f"train/{number:012}.jpg" for number in range(count)]
    members = [LocalMember(key, str(image), size) for key in keys]
    index, peak = held() - before, Peak()
    started = time.process_time()
    with working(None) as work:
        seen = see(keys, members, work, decode=True)
        audited, looking = time.process_time(), peak.ask()
        plan = plan_shards(
            [rows],
            keys,
            members,
            schemas_of([rows]),
            root=Folder(f"{folder}/out"),
            max_shard_size=MAX_SHARD_SIZE,
            versions=versions(),
        )
        planned, planning = time.process_time(), peak.ask()
        shards, _ = write_shards(plan, work, known=seen)
        written, writing = time.process_time(), peak.ask()
    manifest = sum(len(json.dumps(asdict(shard))) for shard in shards)
    return {
        "rows": count,
        "shards": len(shards),
        "audit_us_a_row": 1e6 * (audited - started) / count,
        "plan_us_a_row": 1e6 * (planned - audited) / count,
        "write_us_a_row": 1e6 * (written - planned) / count,
        "before_mb": before,
        "index_mb": index,
        "audit_peak_mb": looking,
        "plan_peak_mb": planning,
        "write_peak_mb": writing,
        "manifest_mb": manifest / 1e6,
    }


def main(arguments=None):
    """Run each size in a process of its own, and print the curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument(
        "--here", action="store_true", help="the first, in this process"
    )
    options = parser.parse_args(arguments)
    if options.here:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(run(options.rows[0], folder)))
        return
    for number, count in enumerate(options.rows):
        words = ["-m", "tests.benchmarks.bench_scale", "--here", "--rows", str(count)]
        done = subprocess.run(
            [sys.executable, *words], check=True, capture_output=True, text=True
        )
        row = json.loads(done.stdout)
        if not number:
            print(f"| {' | '.join(row)} |\n|{'---|' * len(row)}")
        print(
            f"| {' | '.join(f'{value:,.6g}' for value in row.values())} |", flush=True
        )


if __name__ == "__main__":
    sys.exit(main())
