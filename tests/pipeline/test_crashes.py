"""Builds that are killed, or run out of disk, are finished by the same command."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from builder import plan
from builder.output.records import STATE
from tests.conftest import COCO_RECIPE
from tests.remote_cli import without_repeats
from tests.small import COCO, COCO_OPTIONS
from tests.tiny import ROOT, call, contents

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
WORKERS = 2


@contextmanager
def start(source, out):
    words = ("build", COCO, "--source", source, "--out", out, *COCO_OPTIONS)
    with subprocess.Popen(
        [sys.executable, "-m", "builder", *map(str, words), "--workers", str(WORKERS)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def undisturbed(coco_source, tmp_path_factory):
    """Return when a build writes first, and when it ends, in seconds; and its tree."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    begun = time.monotonic()
    with start(coco_source, out) as process:
        while not out.exists() and process.poll() is None:
            time.sleep(0.001)
        first = time.monotonic() - begun
        assert process.wait(120) == 0
    return first, time.monotonic() - begun, contents(out)


def recorded(out):
    """Return inode and time of each shard that is whole and has its record."""
    found = {}
    for record in out.glob(f"{STATE}/shards/*.json"):
        path = out / json.loads(record.read_bytes())["path"]
        stat = path.stat()
        found[path] = (stat.st_ino, stat.st_mtime_ns)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_killed_at_any_moment(seed, undisturbed, coco_source, tmp_path):
    first, end, expected = undisturbed
    moment = random.Random(seed).uniform(0.8 * first, end)
    out = tmp_path / "out"
    with start(coco_source, out) as process:
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
    whole = recorded(out) if (out / STATE).exists() else {}
    done = call("build", COCO, "--source", coco_source, "--out", out, *COCO_OPTIONS)
    assert done.returncode == 0, done.stderr
    assert contents(out) == expected
    for path, stamp in whole.items():
        stat = path.stat()
        assert (stat.st_ino, stat.st_mtime_ns) == stamp, path


@contextmanager
def disk(folder, size):
    """Mount a disk of a few bytes, and give a function that changes its size."""
    folder.mkdir()
    options = ["-o", f"size={size}"]
    mount = ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as err:
        pytest.skip(f"no small disk can be mounted: {err}")
    try:
        yield lambda size: subprocess.run(
            ["mount", "-o", f"remount,size={size}", str(folder)], check=True
        )
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_is_told_and_the_build_goes_on(
    coco_source, builds, tmp_path
):
    expected = contents(builds[COCO])
    needed = plan(COCO, COCO_RECIPE, source=str(coco_source))["disk"]["output"]
    options = ("--source", coco_source, "--out", tmp_path / "disk/out", *COCO_OPTIONS)
    # Enough for the images, which is looked at first, but not for all files.
    with disk(tmp_path / "disk", needed + 40_000) as resize:
        # Then, that what is left is not enough.
        for words in ("no room left for", "no room for"):
            done = call("build", COCO, *options)
            assert done.returncode == 1
            told = without_repeats(done.stderr).strip().splitlines()
            assert len(told) == 1, told
            assert "OutputError: " in told[0]
            assert words in told[0]
        whole = recorded(tmp_path / "disk/out")
        assert len(whole) > 3
        assert not list((tmp_path / "disk/out").glob(f"{STATE}/*.tmp"))
        resize(needed * 3)
        done = call("build", COCO, *options)
        assert done.returncode == 0, done.stderr
        assert contents(tmp_path / "disk/out") == expected
        for path, stamp in whole.items():
            assert (path.stat().st_ino, path.stat().st_mtime_ns) == stamp
