"""Pushes a build through one fault after another, and prints what each cost.

    python -m tests.benchmarks.fault_table [--pixels 200]

Every push runs against a loopback server that speaks the Hub's protocol, with the
real client; waits are counted, not waited. "sent" is what came in at the store of
large files, "ideal" what is missing there. A kill loses what is on its way: at most
as many files as there are threads.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from builder.errors import TrimsetError
from builder.hub.push import push
from tests.hub_client import environment, point_at
from tests.servers.hub_server import HubServer
from tests.tiny_build import make_build

REPO = "alice/coco_stuff_trimmed"
COMMAND = "import sys; from builder.hub.push import push; push(*sys.argv[1:])"


@dataclass
class Case:
    """A fault, and whether the first push is to be killed or to fail in it."""

    name: str
    method: str
    pattern: str
    kind: str = "status"
    killed: bool = False
    more: dict[str, Any] = field(default_factory=dict)


def edit_readme(hub: HubServer) -> None:
    hub.repo(REPO).edit({"README.md": b"by bob"})


CASES = [
    Case("none", "GET", "/nothing"),
    Case("429, Retry-After 9, on whoami", "GET", "/whoami", more={
        "status": 429, "headers": {"Retry-After": "9"}}),
    Case("503 twice on making the repo", "POST", "/repos/create", more={"times": 2}),
    Case("answer lost on making the repo", "POST", "/repos/create", "lost"),
    Case("503 on preupload", "POST", "/preupload/"),
    Case("503 on one upload", "PUT", "/store/", more={"skip": 3}),
    Case("reset in mid-upload", "PUT", "/store/", "reset", more={
        "skip": 3, "after": 20_000}),
    Case("answer of an upload lost", "PUT", "/store/", "lost", more={"skip": 3}),
    Case("upload URL expired (403)", "PUT", "/store/", more={"skip": 3, "status": 403}),
    Case("checksum refused (400)", "PUT", "/store/", more={"skip": 3, "status": 400}),
    Case("503 three times on the commit", "POST", "/commit/", more={"times": 3}),
    Case("429, Retry-After 30, on the commit", "POST", "/commit/", more={
        "status": 429, "headers": {"Retry-After": "30"}}),
    Case("reset while the commit is sent", "POST", "/commit/", "reset", more={
        "after": 500}),
    Case("answer of the commit lost", "POST", "/commit/", "lost"),
    Case("answer of the commit cut in half", "POST", "/commit/", "cut"),
    Case("503 for good on the commit, then again", "POST", "/commit/", more={
        "times": 6}),
    Case("someone else pushed (412), then again", "POST", "/commit/", "call"),
    Case("answer of the tag lost", "POST", "/tag/", "lost"),
    Case("kill -9 among the uploads, then again", "PUT", "/store/", "hang", killed=True,
         more={"skip": 4, "times": 99}),
    Case("kill -9 before the commit, then again", "POST", "/commit/", "hang",
         killed=True),
]  # fmt: skip


def kill_push(hub: HubServer, folder: Path, home: str, seen: int) -> None:
    """Push in a process of its own, and kill it once it hangs in the fault."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(folder), REPO],
        env=environment(hub, home, "hf_alice"),
    ) as process:
        end = time.monotonic() + 60
        while hub.faults[0].seen < seen and time.monotonic() < end:
            time.sleep(0.02)
        process.kill()
    hub.faults.clear()


def run(case: Case, folder: Path) -> tuple[str, int, int, float]:
    """Return what happened, bytes sent, commits made, and seconds waited."""
    with (
        HubServer() as hub,
        pytest.MonkeyPatch.context() as monkeypatch,
        tempfile.TemporaryDirectory() as home,
    ):
        naps = point_at(hub, monkeypatch, token="hf_alice")
        more = dict(case.more)
        if case.kind == "call":
            push(make_build(Path(home) / "old", seed=9), REPO)
            hub.log.clear()
            more["call"] = lambda: edit_readme(hub)
        before = len(hub.repo(REPO).commits) if case.kind == "call" else 1
        hub.fail(case.method, case.pattern, case.kind, **more)
        story = "completed"
        if case.killed:
            kill_push(hub, folder, home, seen=case.more.get("skip", 0) + 1)
            story = "killed; the second completed"
        try:
            push(folder, REPO, tag="v1", sleep=naps.append)
        except TrimsetError:
            push(folder, REPO, tag="v1", sleep=naps.append)
            story = "stopped with a line; the second completed"
        made = len(hub.repo(REPO).history("main")) - before
        return story, hub.uploaded(), made, sum(naps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pixels", type=int, default=200, help="side of an image")
    pixels = parser.parse_args().pixels
    warnings.simplefilter("ignore", DeprecationWarning)
    with tempfile.TemporaryDirectory() as home:
        folder = make_build(Path(home) / "build", pixels=pixels)
        large = [p for p in folder.rglob("*") if p.suffix in (".parquet", ".png")]
        ideal = sum(path.stat().st_size for path in large)
        print(f"{len(large)} large files, {ideal} bytes\n")
        print("| fault | what happened | sent | over ideal | commits | waited |")
        print("| --- | --- | ---: | ---: | ---: | ---: |")
        for case in CASES:
            story, sent, made, waited = run(case, folder)
            over = f"{100 * (sent - ideal) / ideal:.1f} %"
            row = (case.name, story, str(sent), over, str(made), f"{waited:.0f} s")
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
