"""One way of loading, in a process of its own: see bench_loading.

    python -m tests.benchmarks.load_side ACTION WHERE [CONFIG]

WHERE is a folder or the name of a repository. Prints the seconds that ACTION took,
imports left out, and the megabytes that the process took out of its sockets; and ends
at once: streams of several row groups may hang at the end.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image


class Received:
    """Counts what this process takes out of its sockets, whoever sent more."""

    def __init__(self):
        self.bytes = 0
        for name in ("recv", "recv_into"):
            setattr(socket.socket, name, self.counted(getattr(socket.socket, name)))

    def counted(self, method):
        def receive(*args, **options):
            got = method(*args, **options)
            self.bytes += got if isinstance(got, int) else len(got)
            return got

        return receive


def each(items):
    """Return the seconds that one item takes."""
    started, number = time.perf_counter(), 0
    for item in items:
        item.load()
        number += 1
    return (time.perf_counter() - started) / number


def act(action, where, config, folder):
    """Do one thing, and return the seconds of the part that counts."""
    from datasets import load_dataset

    def load(**options):
        return load_dataset(where, config, cache_dir=folder, **options)

    if action == "pillow":
        return each(map(Image.open, sorted(Path(where, "train").rglob("*.jpg"))))
    if action == "each":
        return each(row["image"] for row in load(split="train"))
    if action == "random":
        split = load(split="train")
        rows = np.random.default_rng(0).choice(len(split), 200).tolist()
        return each(split[row]["image"] for row in rows)
    started = time.perf_counter()
    if action == "first":
        next(iter(load(split="train", streaming=True)))["image"].load()
    elif action == "column":
        stream = load(split="train", streaming=True, columns=["label"])
        sum(row["label"] for row in stream)
    elif action == "load":
        load()
    return time.perf_counter() - started


def main():
    """Do what the command line asks for."""
    action, where, config = [*sys.argv[1:], None][:3]
    import datasets

    datasets.disable_progress_bars()
    received = Received()
    with tempfile.TemporaryDirectory() as folder:
        seconds = act(action, where, config, folder)
    told = {"seconds": seconds, "mb_received": received.bytes / 1e6}
    print(json.dumps(told), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
