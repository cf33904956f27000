"""Small things that tests share: COCO JSON, snapshots of folders, finished commands."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
DATA = Path(__file__).with_name("data")
# The end of code that loads rows in a process of its own. On a busy machine Arrow's
# threads now and then abort a process that loaded some and ends (apache/arrow#45214);
# what it loaded is what counts.
LEAVE = "\nimport os, sys\nsys.stdout.flush()\nos._exit(0)\n"
OFFICIAL_CSV = SHARED / "data/isic/ISIC_2020_Training_GroundTruth.csv"


def read_data(name: str) -> bytes:
    """Return a packed file of tests/data."""
    return gzip.decompress((DATA / f"{name}.gz").read_bytes())


def coco_json(
    images: int = 2,
    annotations: tuple[tuple[int, int], ...] = ((1, 1), (2, 2)),
    categories: tuple[str, ...] = ("car", "bus"),
) -> dict[str, Any]:
    """Return COCO annotations; ids count from 1."""
    return {
        "images": [
            {"id": i, "file_name": f"{i:012}.jpg", "width": 16, "height": 12}
            for i in range(1, images + 1)
        ],
        "annotations": [
            {"id": k, "image_id": i, "category_id": c, "iscrowd": 0}
            for k, (i, c) in enumerate(annotations, start=1)
        ],
        "categories": [
            {"id": i, "name": name} for i, name in enumerate(categories, start=1)
        ],
        "licenses": [],
    }


def contents(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder, and its empty folders."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.is_dir() and not any(path.iterdir()):
            found[f"{name}/"] = "empty"
    return found


def snapshot(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Return all that `stat` and reading tell of everything below a folder."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        stat = path.lstat()
        content: Any = None
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = path.read_bytes()
        found[path.relative_to(folder).as_posix()] = (
            stat.st_mode,
            stat.st_ino,
            stat.st_mtime_ns,
            content,
        )
    return found


def zip_folder(
    folder: Path,
    target: Path,
    *,
    top: str = "",
    method: int = zipfile.ZIP_STORED,
    force_zip64: bool = False,
) -> Path:
    """Return `target`, a zip of all files of a folder, below `top` in it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", method) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = f"{top}{path.relative_to(folder).as_posix()}"
                info = zipfile.ZipInfo(name)
                info.compress_type = method
                with archive.open(info, "w", force_zip64=force_zip64) as member:
                    member.write(path.read_bytes())
    return target


def run(
    *arguments: object, cwd: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Return a finished process of the command line."""
    return subprocess.run(
        [sys.executable, "-m", "builder", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd or ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        timeout=300,
    )


def call(*arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """Return what `run` does, of a command within this process.

    For what a command does, not how its process begins and ends: nothing is imported
    anew, and figures of equal data are drawn once.
    """
    from builder.cli import main as cli

    words = [str(argument) for argument in arguments]
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environ),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            status = cli.main(words)
        except SystemExit as end:  # wrong usage
            status = int(end.code or 0)
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


def edit_json(path: Path, change: Any) -> None:
    """Apply a function to the content of a JSON file."""
    content = json.loads(path.read_bytes())
    path.write_text(json.dumps(change(content) or content))
