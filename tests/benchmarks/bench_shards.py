"""Compare a build of all configs with the notebook's selecting and copying.

    python -m tests.benchmarks.bench_shards SOURCE [--runs 3]

First whole processes: `notebook.py --copy` copies the union, `trimset build` writes it
and every config of a target besides. Then the writer's options on the same images.
SOURCE is made by `python -m tests.benchmarks`, or is the real COCO 2017.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from builder.output.schema import writer_options
from tests.benchmarks.measure import alternate, measure, print_table, timed
from tests.benchmarks.trial_chunks import CDC_OPTIONS

SCHEMA = pa.schema(
    {"image": pa.struct({"bytes": pa.binary(), "path": pa.string()}), "n": pa.int64()}
)
# Each with one thing that is different from what a shard is written with.
VARIANTS = {
    "as a shard": {},
    "one page a row group": {"write_batch_size": 1024},
    "content-defined chunks": {"use_content_defined_chunking": CDC_OPTIONS},
    "no page index": {"write_page_index": False},
    "all of pyarrow's defaults": None,
}


def compare_processes(source, out, runs):
    """Print time and memory of whole processes."""
    python = [sys.executable, "-m"]
    build = [*python, "builder", "build", "coco_stuff_trimmed"]
    build += ["--source", source, "--out", out]
    sides = {
        "notebook": [*python, "tests.benchmarks.notebook", source, out, "--copy"],
        "build --no-audit": [*build, "--no-audit"],
        "build --no-audit --workers 1": [*build, "--no-audit", "--workers", "1"],
        "build": build,
    }
    found = alternate(
        {side: lambda words=words: measure(words) for side, words in sides.items()},
        runs,
        lambda: shutil.rmtree(out, ignore_errors=True),
    )
    print_table("Whole processes", found, "notebook")


def make_batches(source, rows=250, count=6):
    """Return batches of images as the shards hold them."""
    paths = sorted(Path(source, "train2017").iterdir())[: rows * count]
    batches = []
    for start in range(0, len(paths), rows):
        images = [
            {"bytes": path.read_bytes(), "path": path.name}
            for path in paths[start : start + rows]
        ]
        columns = [pa.array(images, SCHEMA.field("image").type)]
        columns.append(pa.array(range(len(images)), pa.int64()))
        batches.append(pa.RecordBatch.from_arrays(columns, schema=SCHEMA))
    return batches


def compare_options(source, folder, runs):
    """Print the time of writing the same batches with other options."""
    batches = make_batches(source)

    def write(changes):
        options = {} if changes is None else {**writer_options(SCHEMA), **changes}
        for number, batch in enumerate(batches):
            place = Path(folder, f"{number}.parquet")
            with pq.ParquetWriter(place, SCHEMA, **options) as writer:
                writer.write_batch(batch, row_group_size=batch.num_rows)

    sides = {
        name: timed(lambda changes=changes: write(changes))
        for name, changes in VARIANTS.items()
    }
    size = sum(batch.nbytes for batch in batches) / 1e6
    title = f"Writing {size:.0f} MB in {len(batches)} files"
    print_table(title, alternate(sides, runs), "as a shard")


def main(arguments=None):
    """Run both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--runs", type=int, default=3, help="of each (default: 3)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        compare_processes(options.source, f"{folder}/out", options.runs)
        compare_options(options.source, folder, options.runs)


if __name__ == "__main__":
    sys.exit(main())
