"""What a second worker is worth, for the audit and for writing shards.

    python -m tests.benchmarks.bench_workers SOURCE [--runs 3] [--images 3000]

Both stages run on the same images, alternately: here, in two threads (which is what
``--workers 2`` means) and in two processes, which show what the machine allows at that
time. Processor time is that of this process alone.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from builder.output.folder import Root
from builder.output.manifest import versions
from builder.output.plan import plan_shards
from builder.output.schema import SplitRows, schema_of
from builder.output.shards import write_shards
from builder.pipeline.execute import InlineExecutor
from builder.pipeline.look import Audit, audit_images
from builder.sources.member import Member
from tests.benchmarks.measure import alternate, print_table, timed


def find_members(source, count):
    """Return images of the source by key."""
    paths = sorted(Path(source, "train2017").iterdir())[:count]
    return {p.name: Member(p.name, str(p), p.stat().st_size) for p in paths}


def plan_writing(members, out):
    """Return the plan that writes the members as one split."""
    from datasets import Features, Image, Value

    rows = SplitRows(
        config="default",
        split="train",
        columns={"position": np.arange(len(members), dtype=np.int64)},
        images=np.arange(len(members)),
        is_whole=True,
    )
    schema = schema_of(Features({"image": Image(), "position": Value("int64")}))
    return plan_shards(
        [rows],
        members,
        {"default": schema},
        root=Root(out),
        max_shard_size=40_000_000,
        versions=versions(),
    )


def main(arguments=None):
    """Run both stages with one and with two workers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--runs", type=int, default=3, help="of each (default: 3)")
    parser.add_argument("--images", type=int, default=3000)
    options = parser.parse_args(arguments)
    members = find_members(options.source, options.images)
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out"
        plan = plan_writing(members, out)

        def audit(executor, workers):
            audit_images(members, {}, executor=executor, workers=workers, decode=True)

        def write(executor, workers):
            write_shards(plan, executor, workers=workers, audit=Audit.of([]))

        with (
            ThreadPoolExecutor(2) as threads,
            ProcessPoolExecutor(2, get_context("spawn")) as processes,
        ):
            executors = {
                "1 worker": (InlineExecutor(), 1),
                "2 threads": (threads, 2),
                "2 processes": (processes, 2),
            }
            for stage in (audit, write):
                sides = {
                    name: timed(partial(stage, *chosen))
                    for name, chosen in executors.items()
                }
                found = alternate(
                    sides, options.runs, partial(shutil.rmtree, out, True)
                )
                title = f"{stage.__name__} of {len(members):,} images"
                print_table(title, found, "1 worker")


if __name__ == "__main__":
    sys.exit(main())
