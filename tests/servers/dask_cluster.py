"""A Dask scheduler and its workers as real processes, on this machine only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.tiny import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HELD_WORKER = ROOT / "tests" / "servers" / "held_worker.py"
LIMIT = 60  # seconds until a process must be up


@dataclass
class Cluster:
    """Where the scheduler is, and the processes by what they are."""

    address: str
    folder: Path
    scheduler: subprocess.Popen
    workers: list[subprocess.Popen] = field(default_factory=list)

    @property
    def hold(self):
        """A file: while it is there, worker 0 does not write its third shard."""
        return self.folder / "hold"

    def kill_at_work(self):
        """Kill worker 0 while it has a shard to write; it must be held."""
        wait_until(self.hold.with_suffix(".at_work").exists)
        self.workers[0].kill()
        self.workers[0].wait(LIMIT)


def _start(module, *arguments, folder, environ):
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *map(str, arguments)],
        cwd=folder,  # not the folder of this process, as on another machine
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "0",
            **environ,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_until(condition, seconds=LIMIT):
    """Wait for something to be true, and return it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)
    return found


@contextmanager
def run_cluster(folder, workers=2, *, held=False, **environ):
    """Run a scheduler and workers of one thread each; `environ` is for all.

    If `held`, worker 0 holds its third shard: see `Cluster.hold`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "scheduler.json"
    common = ("--no-dashboard", "--scheduler-file", place)
    options = {"folder": folder, "environ": environ}
    with ExitStack() as stack:
        scheduler = _start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", 0, *common, **options
        )
        cluster = Cluster("", folder, scheduler)
        stack.callback(_end, cluster)
        wait_until(lambda: place.exists() and place.stat().st_size)
        cluster.address = json.loads(place.read_text())["address"]
        if held:
            cluster.hold.touch()
            environ["TRIMSET_HOLD"] = str(cluster.hold)
        for number in range(workers):
            preload = ("--preload", HELD_WORKER) if held and number == 0 else ()
            cluster.workers.append(
                _start(
                    *("dask_worker", "--no-nanny", "--nthreads", 1),
                    *("--name", number, "--local-directory", folder / str(number)),
                    *("--host", "127.0.0.1"),
                    *preload,
                    *common,
                    **options,
                )
            )
        _wait_for_workers(cluster.address, workers)
        yield cluster


def _wait_for_workers(address, count):
    from distributed import Client

    with Client(address, timeout="60s", set_as_default=False) as client:
        client.wait_for_workers(count, timeout=LIMIT)


def _end(cluster):
    for process in (*cluster.workers, cluster.scheduler):
        process.kill()
        process.wait(LIMIT)
