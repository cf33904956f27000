"""Time and memory of whole processes, for the benchmarks."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).with_name("results")


def anonymous_bytes(pid):
    """Return the anonymous memory of a process and its children, right now.

    RssAnon of /proc/PID/status: heap and stacks, what a machine must really have.
    Pages of mapped files are left out, which the kernel can drop at any time; VmHWM
    and ru_maxrss would count them.
    """
    total = 0
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = [
            child
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it has just ended
    for line in status.splitlines():
        if line.startswith("RssAnon:"):
            total += int(line.split()[1]) * 1024
    return total + sum(map(anonymous_bytes, children))


def measure(command, *, every=0.005, **options):
    """Return seconds, processor time and peak anonymous memory of a command.

    Memory is sampled while it runs. Of processor time, that of all processes counts:
    it says more than seconds where the machine does other things, too.
    """
    options = {"stdout": subprocess.DEVNULL, **options}
    started, before, peak = time.perf_counter(), os.times(), 0
    with subprocess.Popen(command, **options) as process:
        while process.poll() is None:
            peak = max(peak, anonymous_bytes(process.pid))
            time.sleep(every)
    seconds, after = time.perf_counter() - started, os.times()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {
        "seconds": seconds,
        "cpu_seconds": after.children_user
        + after.children_system
        - before.children_user
        - before.children_system,
        "peak_anonymous_mb": peak / 1e6,
    }


def alternate(sides, runs, clean=lambda: None):
    """Return what each side measured, one after the other, `runs` times.

    Parameters
    ----------
    sides : dict of str to callable
        Each returns a dict of numbers.
    runs : int
        After one of each that is not counted and brings files into the page cache.
    clean : callable
        Called before each, outside the clock.
    """
    found = {side: [] for side in sides}
    for turn in range(runs + 1):
        for side, run in sides.items():
            clean()
            measured = run()
            if turn:
                found[side].append(measured)
    clean()
    return found


def timed(function):
    """Return a callable that measures the seconds of a function."""

    def run():
        started, before = time.perf_counter(), time.process_time()
        function()
        return {
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - before,
        }

    return run


def print_table(title, found, base):
    """Print medians (of memory, the highest) and ratios to one side as Markdown."""
    rows = {
        side: {
            key: (max if key.startswith("peak") else statistics.median)(
                run[key] for run in runs
            )
            for key in runs[0]
        }
        for side, runs in found.items()
    }
    keys = list(rows[base])
    head = " | ".join(f"{key} | of {base}" for key in keys)
    print(f"\n{title}\n\n| | {head} |\n|---|{'---|' * 2 * len(keys)}")
    for side, row in rows.items():
        cells = [
            f"{row[key]:.4g} | {row[key] / (rows[base][key] or 1):.2f}" for key in keys
        ]
        print(f"| {side} | {' | '.join(cells)} |", flush=True)
    return rows


def describe_machine():
    """Return what a result depends on: machine, versions, commit."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "msgspec": version("msgspec"),
        "commit": commit.stdout.strip(),
    }


def save(name, result):
    """Write a result, with the machine it comes from, and return its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(
        json.dumps({"machine": describe_machine(), **result}, indent=2) + "\n"
    )
    return path
