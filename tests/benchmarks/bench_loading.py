"""Loading a build against the other ways to publish the same rows.

    python -m tests.benchmarks.bench_loading SOURCE [--runs 3] [--also PYTHON ...]

Three forms: a build, what `push_to_hub` makes of its rows, and the files themselves as
an imagefolder. Each is loaded as its users do, by ``load_dataset(FOLDER, "car")``, or
by the name of its repository on a loopback Hub. Each action is a process of its own, in
turns, after one that is not counted; but for the row that says so, the files are in the
page cache. Bytes are those that the process took out of its sockets: a server sends
more, into buffers that nobody reads. Interpreters with other versions of `datasets`
take the first example from the Hub, too. At the end, the same by the size of a shard.
Needs 30 GB in the temporary folder, and a quarter of an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from builder.output.limits import MAX_SHARD_SIZE
from tests.benchmarks.measure import alternate, measure, print_table
from tests.servers.hub_server import HubServer

ROOT = Path(__file__).parents[2]
SIZES = (10, 20, 40, 160)
CONTRACT = MAX_SHARD_SIZE // 1_000_000
SIDE = ["-m", "tests.benchmarks.load_side"]
OURS, PUSHED, FOLDER = "a build", "push_to_hub", "imagefolder"


def make_build(source, folder, size=CONTRACT):
    """Build all configs, in shards of a size in MB."""
    from builder import build
    from builder.output import plan as shard_tasks

    if size != CONTRACT:
        # Else no shard of COCO's images would be larger than 41 MB.
        shard_tasks.MAX_ROWS = 10**9
    build("coco_stuff_trimmed", str(folder), source=source, audit=False,
          max_shard_size=size * 1_000_000)  # fmt: skip


def upload(folder, repo, *patterns):
    """Put a folder into a new repository."""
    from huggingface_hub import HfApi

    HfApi().create_repo(repo, repo_type="dataset")
    HfApi().upload_folder(
        repo_id=repo,
        repo_type="dataset",
        folder_path=folder,
        allow_patterns=patterns or None,
    )


def copy_images(source, config, split, rows):
    """Copy the images of a split into an imagefolder."""
    names = rows["file_name"]
    labels = rows["label"] if config == "car" else [""] * len(rows)
    origin = Path(source, "train2017" if split == "train" else "val2017")
    for label, name in zip(labels, names, strict=True):
        target = Path("alice", config, split, str(label), name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin / name, target)
    print(f"{config}, {split}: {len(rows)} rows, {len(set(names))} files")


def make_forms(source, folder):
    """Make every form in its folder, and the repositories named as the folders are."""
    import datasets
    import huggingface_hub

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    huggingface_hub.utils.disable_progress_bars()
    make_build(source, "alice/build")
    upload("alice/build", "alice/build", "README.md", "data/*")
    for config in sorted(file.name for file in Path("alice/build/data").iterdir()):
        splits = datasets.load_dataset(
            "alice/build", config, cache_dir=folder / "cache"
        )
        splits.push_to_hub("alice/pushed", config)
        if config in {"car", "default"}:
            for split, rows in splits.items():
                copy_images(source, config, split, rows)
        shutil.rmtree(folder / "cache")
    upload("alice/car", "alice/car")
    huggingface_hub.snapshot_download(
        "alice/pushed", repo_type="dataset", local_dir="alice/pushed"
    )


def act(action, where, config=None, hub=None, python=sys.executable, cache=None):
    """Return what one process measured of a folder, or of a repository of `hub`.

    `cache` is a folder for what `load_dataset` prepares.
    """
    before = len(hub.log) if hub else 0
    with tempfile.TemporaryDirectory() as folder:
        # What is not there as a folder is looked for on the Hub.
        place = {"cwd": folder} if hub else {}
        environ = {**os.environ, "HF_HOME": folder, "PYTHONPATH": str(ROOT)}
        environ |= {"TMPDIR": cache} if cache else {}
        with Path(folder, "told").open("w+") as told:
            command = [python, *SIDE, action, where, *([config] if config else [])]
            measured = measure(command, stdout=told, env=environ, **place)
            told.seek(0)
            found = json.load(told)
    if hub:
        return {**found, "requests": len(hub.log) - before}
    if action != "load":
        return {"seconds": found["seconds"]}
    return {
        "seconds": found["seconds"],
        "cpu_seconds": measured["cpu_seconds"],
        "peak_anonymous_mb": measured["peak_anonymous_mb"],
    }


def forget(folder):
    """Drop the files of a folder from the page cache."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def compare(title, forms, action, runs, *, more=None, clean=lambda: None, **options):
    """Print what an action takes of every form, and of what is given ready."""
    sides = {
        name: lambda words=words: act(action, *words, **options)
        for name, words in forms.items()
    }
    found = alternate({**sides, **(more or {})}, runs, clean)
    base = f"{CONTRACT} MB" if f"{CONTRACT} MB" in forms else OURS
    print_table(title, found, base)


def compare_forms(hub, runs, others):
    """Print every action on every form."""
    car = {
        OURS: ("alice/build", "car"),
        PUSHED: ("alice/pushed", "car"),
        FOLDER: ("alice/car", None),
    }
    whole = {
        OURS: ("alice/build", "default"),
        PUSHED: ("alice/pushed", "default"),
        FOLDER: ("alice/default", None),
    }
    parquet = {name: car[name] for name in (OURS, PUSHED)}
    first = "First example of a stream"
    compare(first, car, "first", runs)
    compare(f"{first}, no file in the page cache", car, "first", runs,
            clean=lambda: forget(Path("alice")))  # fmt: skip
    for cache in (None, "/dev/shm"):
        where = f", its cache in {cache}" if cache else ""
        compare(f"load_dataset of `car`{where}", car, "load", runs, cache=cache)
        compare(f"load_dataset of the default config{where}", whole, "load", runs,
                cache=cache)  # fmt: skip
    compare("Each image decoded: seconds an image", car, "each", runs,
            more={"plain Pillow": lambda: act("pillow", "alice/car")})  # fmt: skip
    compare("Random access: seconds an image", car, "random", runs)
    compare(f"{first} from the Hub", car, "first", runs, hub=hub)
    for python in others:
        compare(f"{first} from the Hub, {python}", car, "first", runs,
                hub=hub, python=python)  # fmt: skip
    compare("The column `label` from the Hub", parquet, "column", runs, hub=hub)


def compare_sizes(source, hub, runs):
    """Print the default config by the size of a shard."""
    forms = {}
    for size in SIZES:
        where = Path("alice/build" if size == CONTRACT else f"alice/of-{size}")
        if not where.exists():
            make_build(source, where, size)
            for config in (where / "data").iterdir():
                if config.name != "default":
                    shutil.rmtree(config)
            upload(str(where), str(where), "README.md", "data/*")
        number = len(list((where / "data/default").iterdir()))
        print(f"{size} MB: {number} files")
        forms[f"{size} MB"] = (str(where), "default")
    title = "By the size of a shard, "
    compare(f"{title}load_dataset of the default config", forms, "load", runs)
    compare(f"{title}first example of a stream", forms, "first", runs)
    compare(f"{title}first example from the Hub", forms, "first", runs, hub=hub)


def main(arguments=None):
    """Make the forms, and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--runs", type=int, default=3, help="of each (default: 3)")
    parser.add_argument("--also", nargs="*", default=[], help="other interpreters")
    options = parser.parse_args(arguments)
    source = str(options.source.resolve())
    others = [str(Path(python).absolute()) for python in options.also]
    with (
        tempfile.TemporaryDirectory() as name,
        HubServer(seconds=4 * 3600, limit=20 * 1024**3) as hub,
    ):
        folder = Path(name)
        # Before the first import of the Hub's client, which reads them then.
        os.environ |= {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": "hf_alice",
            "HF_HUB_DISABLE_XET": "1",
        }
        os.chdir(folder)
        make_forms(source, folder)
        compare_forms(hub, options.runs, others)
        compare_sizes(source, hub, options.runs)


if __name__ == "__main__":
    sys.exit(main())
