"""Run all benchmarks, one after the other.

    python -m tests.benchmarks [SOURCE]

SOURCE has the layout of COCO 2017 with the images that the notebook selects; without
it, a synthetic one of full size is made in a temporary folder. All need 40 GB there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from builder.pipeline.prepare import Request, prepare
from builder.pipeline.work import working
from tests.benchmarks.full_size import make_source, write_images

WITH_SOURCE = (
    "selection",
    "shards",
    "export",
    "workers",
    "many",
    "loading",
    "report",
    "stuff",
)
WITHOUT = ("scale", "audit", "fetch", "recipes")


def make_full_source(folder):
    """Write annotations of full size, and the images that a build selects."""
    make_source(Path(folder))
    request = Request("coco_stuff_trimmed", source=folder)
    with working(None) as work:
        prepared = prepare(request, work, digest=False)
    write_images(Path(folder), prepared.keys)


def main():
    """Run them all, and return 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?")
    options = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        source = options.source or folder
        if not options.source:
            make_full_source(source)
        for name in (*WITH_SOURCE, *WITHOUT):
            print(f"\n## bench_{name}\n", flush=True)
            given = [source] if name in WITH_SOURCE else []
            words = [sys.executable, "-m", f"tests.benchmarks.bench_{name}", *given]
            if subprocess.run(words, check=False).returncode:
                failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
