"""What content-defined chunks are worth where the Hub's storage cuts by itself.

    python -m tests.benchmarks.trial_chunks [--targets car bus ...]

A first version of a dataset is built, and three second ones: with another seed, with
ten more rows in each class, and with a class dropped; each as a shard is written, and
with content-defined chunks besides. Both go through `hf_xet`, the Hub's own client,
into a local store of its own (``local://``): told is how much that store grew.
The source is a synthetic COCO of full size, with the images that any of them selects.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from builder import CocoRecipe, build
from builder.output import shards
from builder.pipeline.prepare import Request, prepare
from builder.pipeline.work import working
from tests.benchmarks.full_size import make_source, write_images

TARGETS = ("car", "bus", "dog", "laptop", "umbrella")
# What `datasets` writes with: datasets.config.DEFAULT_CDC_OPTIONS.
CDC_OPTIONS = {
    "min_chunk_size": 256 * 1024,
    "max_chunk_size": 1024 * 1024,
    "norm_level": 0,
}
WAYS = {"as a shard": False, "content-defined chunks": CDC_OPTIONS}


def versions_of(targets):
    """Return the recipes of the first version, and of each second one."""
    first = CocoRecipe(targets=targets)
    return {
        "first": first,
        "other seed": replace(first, seed=first.seed + 1),
        "ten rows more": replace(first, train_samples=first.train_samples + 10),
        "a class dropped": replace(first, targets=targets[:-1]),
    }


def make_images(source, targets):
    """Write annotations, and the images of all versions."""
    make_source(source)
    keys = set()
    with working(None) as work:
        for recipe in versions_of(targets).values():
            request = Request("coco_stuff_trimmed", recipe, str(source))
            keys.update(prepare(request, work, digest=False).keys)
    write_images(source, sorted(keys))


def build_all(source, folder, targets, chunks):
    """Build every version, and return the folders and the processor time."""
    options = shards.writer_options

    def chunked(schema):
        return {**options(schema), "use_content_defined_chunking": chunks}

    folders, started = {}, time.process_time()
    with patch.object(shards, "writer_options", chunked):
        for name, recipe in versions_of(targets).items():
            folders[name] = folder / name
            build(
                "coco_stuff_trimmed",
                folders[name],
                recipe,
                source=str(source),
                audit=False,
            )
    return folders, time.process_time() - started


def grown_by(store, folder):
    """Upload the Parquet files of a build, and return by how much the store grew."""
    import hf_xet

    before = _size(store)
    paths = sorted(map(str, folder.rglob("*.parquet")))
    hf_xet.upload_files(paths, f"local://{store}", None, None, None, "dataset")
    return _size(store) - before


def _size(store):
    return sum(path.stat().st_size for path in store.glob("xet/xorbs/xorbs/*"))


def main(arguments=None):
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", nargs="+", default=TARGETS)
    options = parser.parse_args(arguments)
    found, targets = {}, tuple(options.targets)
    with tempfile.TemporaryDirectory() as name:
        source = Path(name).resolve() / "coco"
        make_images(source, targets)
        for way, chunks in WAYS.items():
            folder = source.with_name(way)
            os.environ["HF_HOME"] = str(folder / "home")
            folders, seconds = build_all(source, folder, targets, chunks)
            row = {"processor, s": seconds}
            size = sum(p.stat().st_size for p in folders["first"].rglob("*.parquet"))
            row["files of the first, MB"] = size / 1e6
            for version, built in folders.items():
                store = folder / f"store of {version}"
                moved = grown_by(store, folders["first"])
                if version != "first":
                    moved = grown_by(store, built)
                row[f"{version}, MB"] = moved / 1e6
            found[way] = row
    print(f"| | {' | '.join(found['as a shard'])} |")
    print(f"|---|{'---|' * len(found['as a shard'])}")
    for way, row in found.items():
        print(f"| {way} | {' | '.join(f'{value:,.1f}' for value in row.values())} |")


if __name__ == "__main__":
    sys.exit(main())
