"""What the help of a command imports: nothing that takes time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny import ROOT

HEAVY = {
    "PIL", "datasets", "fsspec", "huggingface_hub", "matplotlib", "msgspec", "numpy",
    "pandas", "pyarrow", "tqdm", "urllib3",
    "concurrent.futures", "zipfile",  # not heavy, but a third of the time of --help
}  # fmt: skip


def modules_after(*arguments):
    """Return which heavy modules a command has imported when it ends."""
    code = (
        "import sys\n"
        "from builder.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    modules = done.stdout.splitlines()[-1].split()
    assert "builder.cli.main" in modules
    return HEAVY & set(modules)


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["plan", "--help"],
        ["build", "--help"],
        ["--version"],
        ["build", "coco_stuff_trimmed", "--out", "o", "--targets", ","],
        ["build", "coco_stuff_trimmed", "--out", "o", "--benign", "1:2"],
    ],
    ids=" ".join,
)
def test_help_version_and_wrong_usage_import_nothing_heavy(words):
    assert modules_after(*words) == set()


def test_the_package_itself_is_light():
    code = "import sys, builder; builder.CocoRecipe; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.split())


def test_a_plan_of_a_folder_needs_no_picture_no_store_and_no_connection(coco_source):
    words = ["plan", "coco_stuff_trimmed", "--source", coco_source, "--targets", "car",
             "--train-samples", 6, "--test-samples", 4]  # fmt: skip
    assert modules_after(*words) == {
        "concurrent.futures", "msgspec", "numpy", "tqdm", "zipfile",
    }  # fmt: skip


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc")
@pytest.mark.skipif((os.cpu_count() or 1) == 1, reason="one processor, one thread")
def test_a_command_starts_no_threads_for_small_products():
    # They take longer with threads that wait for each other by spinning.
    code = (
        "import os, sys\n"
        "from builder import __main__\n"
        "sys.argv[1:] = ['--version']\n"
        "try: __main__.run()\n"
        "except SystemExit: pass\n"
        "import numpy\n"
        "numpy.ones((600, 600)) @ numpy.ones((600, 600))\n"
        "print(len(os.listdir('/proc/self/task')))\n"
    )
    environ = {k: v for k, v in os.environ.items() if "NUM_THREADS" not in k}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, cwd=ROOT, env=environ,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "1"
