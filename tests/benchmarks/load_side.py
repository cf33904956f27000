"""One way of loading a split, in a process of its own: see bench_loading.

    python -m tests.benchmarks.load_side ACTION FORMAT FILES

FILES is a JSON list of paths or URLs. Prints the seconds that ACTION took, imports left
out, and ends at once: streams of several row groups may hang at the end.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time

import numpy as np


def load(kind, files, folder, *, streaming):
    """Return the split."""
    from datasets import load_dataset

    name = "imagefolder" if kind == "imagefolder" else "parquet"
    options = {"data_files": {"train": files}, "split": "train", "cache_dir": folder}
    return load_dataset(name, streaming=streaming, **options)


def act(action, kind, files, folder):
    """Do one thing, and return the seconds of the part that counts."""
    started = time.perf_counter()
    if action == "first":
        next(iter(load(kind, files, folder, streaming=True)))
    elif action == "scan":
        split = load(kind, files, folder, streaming=False)
        if kind == "imagefolder":
            sum(1 for _ in split.select_columns(["image"]))
        else:
            sum(split["label"])
    elif action == "load":
        load(kind, files, folder, streaming=False)
    else:
        split = load(kind, files, folder, streaming=False)
        rows = range(len(split))
        if action == "random":
            rows = np.random.default_rng(0).choice(len(split), 200).tolist()
        started = time.perf_counter()
        for row in rows:
            split[row]["image"].load()
        return (time.perf_counter() - started) / len(rows)
    return time.perf_counter() - started


def scan_remote(files):
    """Read one small column of remote Parquet files, as a query engine does."""
    import fsspec
    import pyarrow.parquet as pq

    for url in files:
        with fsspec.open(url, cache_type="none") as file:
            pq.read_table(file, columns=["label"])


def main():
    """Do what the command line asks for."""
    action, kind, files = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    import datasets

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        if action == "column":
            started = time.perf_counter()
            scan_remote(files)
            seconds = time.perf_counter() - started
        else:
            seconds = act(action, kind, files, folder)
        print(json.dumps({"seconds": seconds}), flush=True)
        if action == "first":
            os._exit(0)


if __name__ == "__main__":
    main()
