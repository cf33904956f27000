"""Loading a build against the other ways to publish the same rows.

    python -m tests.benchmarks.bench_loading SOURCE [--runs 3]

Three forms of the same split of ``car``: the shards of a build, the files themselves as
an imagefolder, and one Parquet file as `Dataset.to_parquet` writes it by default (what
`push_to_hub` uploads for up to 500 MB). Each action is a process of its own, in turns.
Bytes are those that a local HTTP server sent. At the end, the memory of loading the
whole default config at several shard sizes.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from builder import CocoRecipe, build, shards
from tests.benchmarks.measure import alternate, measure, print_table

SIZES = (10, 40, 160)
PYTHON = [sys.executable, "-m", "tests.benchmarks.load_side"]


def make_forms(source, folder):
    """Return the files of each form of the split."""
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    recipe = CocoRecipe(targets=("car",))
    build("coco_stuff_trimmed", f"{folder}/ours", recipe, source=source, audit=False)
    ours = sorted(Path(folder, "ours/data/car").glob("train-*"))
    split = load_dataset(
        "parquet", data_files=[str(p) for p in ours], split="train", cache_dir=folder
    )
    Path(folder, "hub").mkdir()
    split.to_parquet(f"{folder}/hub/train-00000-of-00001.parquet")
    for label, name in zip(split["label"], split["file_name"], strict=True):
        target = Path(folder, "folder", str(label), name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(source, "train2017", name), target)
    return {
        "a build": ("parquet", ours),
        "to_parquet": ("parquet", sorted(Path(folder, "hub").iterdir())),
        "imagefolder": ("imagefolder", sorted(Path(folder, "folder").rglob("*.jpg"))),
    }


@contextmanager
def serve(folder):
    """Run a server for a folder in a process of its own, and give its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.range_server", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        yield int(server.stdout.readline())
        server.communicate()


def sent(port):
    """Return the megabytes that the server sent since it was last asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/-/sent")
    total = json.load(connection.getresponse())["bytes"]
    connection.close()
    return total / 1e6


def act(action, kind, files, port=None):
    """Return what one process measured, and the bytes that it touched."""
    if port:
        sent(port)
    done = subprocess.run(
        [*PYTHON, action, kind, json.dumps([str(file) for file in files])],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "NO_PROXY": "127.0.0.1", "HF_DATASETS_OFFLINE": "0"},
        timeout=600,
    )
    told = json.loads(done.stdout)
    return {**told, "mb_touched": sent(port)} if port else told


def compare_actions(forms, folder, runs):
    """Print every action on local files, and bytes of those over HTTP."""
    titles = {
        "first": "First example of a stream",
        "load": "load_dataset, without a cache",
        "each": "Each image decoded, in order: seconds an image",
        "random": "Random access: seconds an image",
    }
    for action, title in titles.items():
        sides = {
            name: lambda form=form, action=action: act(action, *form)
            for name, form in forms.items()
        }
        print_table(title, alternate(sides, runs), "a build")
    with serve(folder) as port:
        base = f"http://127.0.0.1:{port}"
        for action, title in (
            ("first", "First example of a stream over HTTP"),
            ("column", "The column `label` over HTTP"),
        ):
            sides = {}
            for name, (kind, files) in forms.items():
                urls = [f"{base}/{file.relative_to(folder)}" for file in files]
                if action == "first" or kind == "parquet":
                    sides[name] = lambda kind=kind, urls=urls, action=action: act(
                        action, kind, urls, port
                    )
            print_table(title, alternate(sides, 1), "a build")


def compare_sizes(source, folder):
    """Print the memory of loading the default config, by shard size."""
    found = {}
    shards.MAX_ROWS = 10**9  # else no shard of COCO's images would be larger than 41 MB
    for size in SIZES:
        out = f"{folder}/{size}"
        build("coco_stuff_trimmed", out, source=source, audit=False,
              max_shard_size=size * 1_000_000)  # fmt: skip
        files = sorted(map(str, Path(out, "data/default").glob("train-*")))
        # Only their number of rows would bind the larger ones.
        found[f"{size} MB, {len(files)} files"] = [
            measure([*PYTHON, "load", "parquet", json.dumps(files)])
        ]
        shutil.rmtree(out)
    print_table("load_dataset of the whole default config", found, next(iter(found)))


def main(arguments=None):
    """Make the forms, and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--runs", type=int, default=3, help="of each (default: 3)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        forms = make_forms(options.source, folder)
        compare_actions(forms, Path(folder), options.runs)
        compare_sizes(options.source, folder)


if __name__ == "__main__":
    sys.exit(main())
