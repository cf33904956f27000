"""Compare an export with the notebook's selecting and copying.

    python -m tests.benchmarks.bench_export SOURCE [--elsewhere /dev/shm] [--runs 3]

Whole processes: `notebook.py`, without its copy and with it, and `trimset export`, to
a folder on the file system of SOURCE and to one elsewhere. SOURCE is made by
`python -m tests.benchmarks`, or is the real COCO 2017.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measure import alternate, measure, print_table


def compare(source, here, elsewhere, runs):
    """Print time and memory of both, to folders on both file systems."""
    python = [sys.executable, "-m"]
    notebook = [*python, "tests.benchmarks.notebook", source]
    export = [*python, "builder", "export", "coco_stuff_trimmed", "--source", source]
    sides = {"notebook's selection": [*notebook, here]}
    for where, out in (("", here), (", elsewhere", elsewhere)):
        sides[f"notebook{where}"] = [*notebook, out, "--copy"]
        sides[f"export{where}"] = [*export, "--out", out]

    def clean():
        for out in (here, elsewhere):
            shutil.rmtree(out, ignore_errors=True)

    found = alternate(
        {side: lambda words=words: measure(words) for side, words in sides.items()},
        runs,
        clean,
    )
    print_table("Whole processes", found, "notebook")


def main(arguments=None):
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--elsewhere", default="/dev/shm", help="(default: /dev/shm)")
    parser.add_argument("--runs", type=int, default=3, help="of each (default: 3)")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(dir=options.source.parent) as folder,
        tempfile.TemporaryDirectory(dir=options.elsewhere) as other,
    ):
        source = str(options.source)
        compare(source, f"{folder}/out", f"{other}/out", options.runs)


if __name__ == "__main__":
    sys.exit(main())
