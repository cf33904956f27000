"""What a second worker is worth, for the audit and for writing shards.

    python -m tests.benchmarks.bench_workers SOURCE [--runs 3] [--images 3000]

Both stages run on the same images, with one and with two threads, alternately.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from builder.audit import audit_images
from builder.execute import make_executor
from builder.manifest import versions
from builder.model import Member
from builder.shards import plan_shards, write_shards
from builder.storage import Root
from builder.tables import SplitRows, schema_of
from tests.benchmarks.measure import alternate, print_table, timed


def find_members(source, count):
    """Return images of the source by key."""
    paths = sorted(Path(source, "train2017").iterdir())[:count]
    return {p.name: Member(p.name, str(p), p.stat().st_size) for p in paths}


def plan_writing(members, out):
    """Return the tasks that write the members as one split."""
    from datasets import Features, Image, Value

    rows = SplitRows(
        config="default",
        split="train",
        columns={"position": np.arange(len(members), dtype=np.int64)},
        images=list(members),
        digest_images=True,
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
        tasks = plan_writing(members, out)

        def audit(workers):
            with make_executor(workers) as (executor, _):
                audit_images(
                    members, {}, executor=executor, workers=workers, decode=True
                )

        def write(workers):
            with make_executor(workers) as (executor, _):
                list(write_shards(tasks, executor, workers=workers))

        for stage in (audit, write):
            sides = {
                f"{count} workers": timed(lambda n=count, stage=stage: stage(n))
                for count in (1, 2)
            }
            found = alternate(
                sides, options.runs, lambda: shutil.rmtree(out, ignore_errors=True)
            )
            title = f"{stage.__name__} of {len(members):,} images"
            print_table(title, found, "1 workers")


if __name__ == "__main__":
    sys.exit(main())
