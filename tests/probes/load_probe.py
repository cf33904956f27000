"""Load a dataset folder with whatever `datasets` is installed, and report it as JSON.

Stands alone: imports only `datasets` and the standard library, and runs on datasets
2.14 to 5.x. Run by `tests/load_matrix.py` in environments of its own:

    python load_probe.py DIR          every config and split, plain and as a stream
    python load_probe.py DIR --leave  one example of every config as a stream, then out
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_DATASETS_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_DATASETS_DISABLE_PROGRESS_BARS="1",
)
if "HF_HOME" not in os.environ:
    sys.exit("HF_HOME is not set: run me through `python -m tests.load_matrix`")

import datasets


def spell(feature):
    """Return a feature spelled alike everywhere: List, Sequence and [x] are one."""
    if isinstance(feature, dict):
        return {name: spell(feature[name]) for name in feature}
    if isinstance(feature, (list, tuple)):
        return ["list", -1, spell(feature[0])]
    kind = type(feature).__name__
    if kind in ("List", "Sequence"):
        inner = spell(feature.feature)
        if isinstance(inner, dict):  # a Sequence of a struct is a struct of lists
            return {name: ["list", feature.length, inner[name]] for name in inner}
        return ["list", feature.length, inner]
    if kind == "ClassLabel":
        return [kind, list(feature.names)]
    return [kind, getattr(feature, "dtype", None)]


def summarise(dataset):
    """Return number and digest of the rows, in order, with the images' own bytes."""
    features = dataset.features
    images = [n for n, f in features.items() if isinstance(f, datasets.Image)]
    for name in images:
        dataset = dataset.cast_column(name, datasets.Image(decode=False))
    digest, rows = hashlib.sha256(), 0
    for row in dataset:
        for name in images:
            image = row[name]
            if image is not None:
                content = hashlib.sha256(image["bytes"] or b"").hexdigest()
                row[name] = [content, image["path"]]
        text = json.dumps([[name, row[name]] for name in features], default=str)
        digest.update(text.encode() + b"\n")
        rows += 1
    return {"features": spell(features), "rows": rows, "sha256": digest.hexdigest()}


def check_decoded(dataset):
    """Return what is wrong with the first row's decoded images, or an empty string."""
    row = dataset[0] if len(dataset) else {}
    for name, feature in dataset.features.items():
        if isinstance(feature, datasets.Image) and row.get(name) is not None:
            row[name].load()
            size = (
                row.get("width", row[name].width),
                row.get("height", row[name].height),
            )
            if row[name].size != size:
                return f"{name} is decoded as {row[name].size}, its row says {size}"
    return ""


def probe(folder):
    """Return the report of every config and split, plain and streaming."""
    splits = {}
    for config in datasets.get_dataset_config_names(folder):
        with tempfile.TemporaryDirectory(dir=os.environ["HF_HOME"]) as cache:
            plain = datasets.load_dataset(folder, config, cache_dir=cache)
            stream = datasets.load_dataset(
                folder, config, streaming=True, cache_dir=cache
            )
            for split in sorted({*plain, *stream}):
                splits[f"{config}/{split}"] = {
                    "plain": summarise(plain[split]),
                    "streaming": summarise(stream[split]),
                    "decoded": check_decoded(plain[split]),
                }
    return splits


def leave(folder):
    """Take one example of every config as a stream; the caller then just ends."""
    taken = []
    for config in datasets.get_dataset_config_names(folder):
        stream = datasets.load_dataset(folder, config, streaming=True)
        taken.append(next(iter(stream[next(iter(stream))])))
    return len(taken)


if __name__ == "__main__":
    target = str(Path(sys.argv[1]).resolve())
    report = {"datasets": datasets.__version__, "python": platform.python_version()}
    if sys.argv[2:] == ["--leave"]:
        report["taken"] = leave(target)
    else:
        report["splits"] = probe(target)
    print(json.dumps(report), flush=True)
    if "splits" in report:
        # Arrow's own threads now and then abort a process that streamed and ends; how
        # often is what --leave counts, here it is what was loaded.
        os._exit(0)
