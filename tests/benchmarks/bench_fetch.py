"""A tenth of a stored zip over HTTP with latency: ours beside the other ways.

    python -m tests.benchmarks.bench_fetch [--size 1.0] [--latency 0.02] [--rounds 3]
                                           [--quick]

The server has a process of its own. Times are given as multiples of the whole
download's in the same run, so that they can be compared between machines; the best
of the rounds counts. What is possible here, beside a server in Python, tell bare
connections, as many as ours, of which nothing is checked or kept. Exits with 1 where
the targets are missed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import fsspec
import remotezip

from builder.sources.cache import Cache
from builder.sources.fetch import fetch
from builder.sources.find import read_zip
from builder.sources.ranges import plan_requests
from builder.sources.remote import CONCURRENCY, Remote

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_MOVED = 1.02
# Of the time that bare connections take.
MOST_TIME = 1.2


def make_archive(path: Path, size: float) -> list[str]:
    """Write `size` bytes of images as long as COCO's, and return their names."""
    choose = random.Random(0)
    block = choose.randbytes(4_000_000)
    names, written = [], 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        while written < size:
            length = min(1_500_000, int(choose.lognormvariate(11.94, 0.35)))
            start = choose.randrange(len(block) - length)
            names.append(f"train2017/{len(names):012d}.jpg")
            archive.writestr(names[-1], block[start : start + length])
            written += length
    return names


def whole(url: str, _names: list[str], folder: str) -> None:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    connection.request("GET", f"/{path}")
    answer = connection.getresponse()
    with (Path(folder) / "a.zip").open("wb") as file:
        shutil.copyfileobj(answer, file, 1024**2)
    connection.close()


def one_by_one(url: str, names: list[str], _folder: str) -> None:
    with remotezip.RemoteZip(url) as archive:
        for name in names:
            archive.read(name)


def fsspec_zip(url: str, names: list[str], _folder: str) -> None:
    archive = fsspec.filesystem("zip", fo=url, skip_instance_cache=True)
    for name in names:
        archive.cat_file(name)


def bare(url: str, names: list[str], _folder: str) -> None:
    with Remote() as remote:
        members = read_zip(remote, url)
    requests = iter(plan_requests([members[name] for name in names]))
    host, _, path = url.removeprefix("http://").partition("/")
    lock = threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection(host)
        while True:
            with lock:
                request = next(requests, None)
            if request is None:
                break
            part = f"bytes={request.start}-{request.stop - 1}"
            connection.request("GET", f"/{path}", headers={"Range": part})
            connection.getresponse().read()
        connection.close()

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        for future in [pool.submit(work) for _ in range(CONCURRENCY)]:
            future.result()


def ours(url: str, names: list[str], folder: str) -> None:
    with Remote() as remote:
        members = read_zip(remote, url)
        chosen = [members[name] for name in names]
        fetch(chosen, cache=Cache(folder), remote=remote)


WAYS: dict[str, Callable[[str, list[str], str], None]] = {
    "whole download, to a file": whole,
    "remotezip, one by one": one_by_one,
    "fsspec's zip": fsspec_zip,
    "bare connections, directory and ranges": bare,
    "trimset, directory and members into a cache": ours,
}


def measure(
    port: int, names: list[str], rounds: int, ways: list[str], below: str
) -> dict[str, tuple[float, int]]:
    """Return the best time of each way, and the bytes that it moved.

    What they wrote lies in `below` until the end: ext4 makes files slowly where many
    were removed within the last minutes.
    """
    url = f"http://127.0.0.1:{port}/a.zip"
    found: dict[str, tuple[float, int]] = {}
    for _ in range(rounds):
        for way in ways:
            sent(port)
            folder = tempfile.mkdtemp(dir=below)
            start = time.perf_counter()
            WAYS[way](url, names, folder)
            seconds = time.perf_counter() - start
            Path(folder, "a.zip").unlink(missing_ok=True)
            best = min(seconds, found.get(way, (seconds, 0))[0])
            found[way] = best, sent(port)
    return found


def sent(port: int) -> int:
    """Return the bytes that the server sent since it was last asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/-/sent")
    total = json.load(connection.getresponse())["bytes"]
    connection.close()
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="GB (default 1)")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--quick", action="store_true", help="whole, bare and ours only"
    )
    options = parser.parse_args()
    ways = list(WAYS)
    if options.quick:
        ways = [ways[0], *ways[-2:]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.zip"
        names = make_archive(path, options.size * 1e9)
        chosen = random.Random(1).sample(names, len(names) // 10)
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.servers.range_server", folder),
                *("--latency", str(options.latency)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            with Remote() as remote:
                members = read_zip(remote, f"http://127.0.0.1:{port}/a.zip")
            picked = [members[name] for name in chosen]
            needed = sum(member.span for member in picked)
            requests = len(plan_requests(picked))
            found = measure(port, chosen, options.rounds, ways, folder)
            server.communicate()
        size = path.stat().st_size
    base = found[ways[0]][0]
    print(
        f"{len(names)} members, {size / 1e6:.0f} MB; wanted {len(chosen)}, "
        f"{needed / 1e6:.1f} MB in {requests} requests; {options.latency * 1e3:.0f} ms "
        f"a request; whole download {base:.2f} s\n"
    )
    print("| way | time, whole download = 1 | MB moved | of the needed |")
    print("|---|---|---|---|")
    for way, (seconds, moved) in found.items():
        print(
            f"| {way} | {seconds / base:.2f} | {moved / 1e6:.1f} "
            f"| {moved / needed:.3f} |"
        )
    seconds, moved = found[ways[-1]]
    least, _ = found[ways[-2]]
    print(
        f"\nours: time {seconds / least:.2f} of bare connections' (at most "
        f"{MOST_TIME}), bytes {moved / needed:.3f} of the needed (at most {MOST_MOVED})"
    )
    return int(seconds > MOST_TIME * least or moved > MOST_MOVED * needed)


if __name__ == "__main__":
    sys.exit(main())
