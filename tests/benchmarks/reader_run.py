"""Pushes one build after another while a process of its own keeps reading `main`.

    python -m tests.benchmarks.reader_run [--pushes 29] [--python PYTHON]

Prints how many readings there were, which builds they saw, and whether any was an
error, a blend of two builds, or older than the one before; then the requests of a
last push that has nothing to do. PYTHON may be of an environment with another
version of `datasets`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from itertools import pairwise
from pathlib import Path

import pytest

from builder.hub.push import push
from tests.hub.pushing import REPO
from tests.hub.test_push_processes import READER, images
from tests.hub_client import environment, point_at
from tests.servers.hub_server import HubServer
from tests.tiny_build import make_build


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pushes", type=int, default=29)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)
    with (
        HubServer() as hub,
        pytest.MonkeyPatch.context() as monkeypatch,
        tempfile.TemporaryDirectory() as home,
    ):
        point_at(hub, monkeypatch, token="hf_alice")
        builds = [
            make_build(Path(home, str(i)), configs=("default", "car"), seed=i)
            for i in range(options.pushes + 1)
        ]
        expected = [images(build) for build in builds]
        push(builds[0], REPO)
        seen: list[int] = []
        with subprocess.Popen(
            [options.python, "-c", READER, REPO],
            env=environment(hub, Path(home, "cache")),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as reader:

            def collect() -> None:
                assert reader.stdout is not None
                for line in reader.stdout:
                    rows = json.loads(line)
                    seen.append(expected.index(rows) if rows in expected else -1)

            thread = threading.Thread(target=collect, daemon=True)
            thread.start()
            while not seen and reader.poll() is None:
                time.sleep(0.05)
            start = time.monotonic()
            for build in builds[1:]:
                push(build, REPO)
            seconds = time.monotonic() - start
            while seen[-1] != options.pushes and reader.poll() is None:
                time.sleep(0.05)
            failed = reader.poll() is not None
            reader.kill()
            thread.join()
        print(f"{options.pushes} pushes in {seconds:.1f} s, {len(seen)} readings")
        print(f"builds seen: {' '.join(map(str, seen))}")
        print(f"errors {int(failed)}, blends {seen.count(-1)}, ", end="")
        print(f"steps back {sum(a > b for a, b in pairwise(seen))}")
        hub.log.clear()
        push(builds[-1], REPO)
        print("\na last push, with nothing to do:")
        print("\n".join(map(str, hub.log)))


if __name__ == "__main__":
    main()
