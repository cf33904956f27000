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

from builder.images.facts import AuditFacts, Seen
from builder.output.folder import Folder
from builder.output.limits import MAX_SHARD_SIZE
from builder.output.plan import plan_shards
from builder.output.schema import schemas_of
from builder.output.versions import versions
from builder.pipeline.examine import see
from builder.pipeline.execute import InlineExecutor
from builder.pipeline.work import working
from builder.pipeline.write import write_shards
from builder.selection.contract import SplitRows
from builder.sources.member import LocalMember
from tests.benchmarks.measure import alternate, print_table, timed


def find_members(source, count):
    """Return images of the source."""
    paths = sorted(Path(source, "train2017").iterdir())[:count]
    return [LocalMember(p.name, str(p), p.stat().st_size) for p in paths]


def plan_writing(keys, members, out):
    """Return the plan that writes the members as one split."""
    from datasets import Features, Image, Value

    images = np.arange(len(members))
    features = Features({"image": Image(), "position": Value("int64")})
    rows = SplitRows(
        config="default",
        split="train",
        images=images,
        make_columns=lambda: {"position": images},
        make_features=lambda: features,
        is_whole=True,
    )
    return plan_shards(
        [rows],
        keys,
        members,
        schemas_of([rows]),
        root=Folder(out),
        max_shard_size=MAX_SHARD_SIZE,
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
    keys = [member.name for member in members]
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out"
        plan = plan_writing(keys, members, out)

        def audit(executor, workers):
            with working(None, executor=executor, workers=workers) as work:
                see(keys, members, work, decode=True)

        def write(executor, workers):
            unknown = Seen(keys, AuditFacts.of(len(keys)))
            with working(None, executor=executor, workers=workers) as work:
                write_shards(plan, work, known=unknown)

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
