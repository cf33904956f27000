"""Served sources, and command lines that read them, here or in real processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

from builder.sources.remote import Remote
from tests.small import COCO, ISIC, OPTIONS
from tests.tiny import ROOT, call, zip_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What reads shards, and not what writes them.
SMALL = {dataset: options[:-2] for dataset, options in OPTIONS.items()}
# Another choice, with images of its own.
OTHER = ("--targets", "clock,car", "--train-samples", 24, "--test-samples", 12)


def lay_out(folder: Path, coco: Path, isic: Path) -> Path:
    """Return `folder`, filled with both sources in all layouts that are served."""
    flat, official = folder / "flat", folder / "official"
    deflated = {"method": zipfile.ZIP_DEFLATED, "force_zip64": True}
    for split in ("train2017", "val2017"):
        zip_folder(coco / split, flat / f"{split}.zip", top=f"{split}/")
        zip_folder(
            coco / split,
            official / "zips" / f"{split}.zip",
            top=f"{split}/",
            **deflated,
        )
    for target, more in (
        (flat, {}),
        (official / "annotations", deflated),
    ):
        name = "annotations_trainval2017.zip"
        zip_folder(coco / "annotations", target / name, top="annotations/", **more)
    shutil.copytree(coco, folder / "open")
    zipped = folder / "isic_zip"
    zip_folder(isic / "train", zipped / "ISIC_2020_Training_JPEG.zip", top="train/")
    for path in isic.glob("*.csv"):
        shutil.copy(path, zipped)
    shutil.copytree(isic, folder / "isic_open")
    return folder


SERVED = {
    "flat": COCO,
    "official": COCO,
    "open": COCO,
    "isic_zip": ISIC,
    "isic_open": ISIC,
}


def environ(cache: Path, **more: str) -> dict[str, str]:
    """Return what the environment of a command gets."""
    direct = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return {"TRIMSET_CACHE": str(cache), **direct, **more}


def trimset(cache: Path, *words: object, status: int = 0, **more: str) -> str:
    """Run a command here; return stdout, or the line on stderr where it is to fail."""
    done = call(*words, **environ(cache, **more))
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    if status:
        line = without_repeats(done.stderr)
        assert line.startswith("trimset: ")
        assert line.count("\n") == 1
        return line
    return done.stdout


def without_repeats(err: str) -> str:
    """Return what stands on stderr besides what is said first of rows that repeat."""
    told = err.splitlines(keepends=True)
    return "".join(s for s in told if not s.startswith("trimset: rows repeat: "))


def report_of(cache: Path, *words: object, **more: str) -> dict:
    """Run a command with --json, and return its report."""
    return json.loads(trimset(cache, *words, "--json", **more).splitlines()[-1])


@contextmanager
def hurried() -> Iterator[list[float]]:
    """Let the waits before another attempt take no time; give how long they were."""
    wait, naps = Remote._wait, []

    def hurry(remote: Remote, seconds: float) -> None:
        naps.append(seconds)
        wait(remote, 0)

    with mock.patch.object(Remote, "_wait", hurry):
        yield naps


def start(cache: Path, *words: object, **more) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "builder", *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ(cache)},
        cwd=ROOT,
        **{
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            **more,
        },
    )


def without_urls(folder: Path) -> dict:
    """Return a manifest without what says where its sources lay."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for source in manifest["sources"]:
        source.pop("url", None)
    del manifest["digest"]
    return manifest


def image_requests(server) -> list:
    """Return the answers that held images of a zip: the rest ask for its end."""
    return [
        answer
        for answer in server.log
        if answer.path.endswith(("2017.zip", "JPEG.zip"))
        and not answer.path.endswith("annotations_trainval2017.zip")
        and answer.range.startswith("bytes=")
        and not answer.range.startswith("bytes=-")
    ]
