"""Time and memory of whole processes, for the benchmarks."""

from __future__ import annotations

import json
import os
import platform
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
    """Return seconds and peak anonymous memory of a command, sampled while it runs."""
    started, peak = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, **options) as process:
        while process.poll() is None:
            peak = max(peak, anonymous_bytes(process.pid))
            time.sleep(every)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {"seconds": seconds, "peak_anonymous_mb": peak / 1e6}


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
