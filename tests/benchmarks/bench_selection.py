"""Compare `trimset plan` with the notebook's selection, both as whole processes.

    python -m tests.benchmarks.bench_selection SOURCE [--runs 5] [--json]

SOURCE is made by `python -m tests.benchmarks.full_size SOURCE` (or is the real COCO
2017). Both sides run alternately, after one run of each that is not counted and
brings the files into the page cache; what counts is the median.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
import tempfile

from tests.benchmarks.measure import measure, save

OURS = "{python} -m builder plan coco_stuff_trimmed --source {source} --json"
NOTEBOOK = "{python} -m tests.benchmarks.notebook {source} {out}"


def fill(command, **values):
    """Return the words of a command with its places filled in."""
    return [word.format(**values) for word in shlex.split(command)]


def summarise(runs):
    """Return medians of the time, and the highest peak of memory."""
    seconds = [run["seconds"] for run in runs]
    return {
        "median_seconds": round(statistics.median(seconds), 3),
        "fastest_seconds": round(min(seconds), 3),
        "slowest_seconds": round(max(seconds), 3),
        "peak_anonymous_mb": round(max(run["peak_anonymous_mb"] for run in runs), 1),
    }


def main(arguments=None):
    """Run both sides alternately and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--runs", type=int, default=5, help="of each (default: 5)")
    parser.add_argument("--command", default=OURS, help="ours (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="write it to results/, too")
    options = parser.parse_args(arguments)
    runs = {"notebook": [], "ours": []}
    with tempfile.TemporaryDirectory() as out:
        places = {"python": sys.executable, "source": options.source, "out": out}
        commands = {
            "notebook": fill(NOTEBOOK, **places),
            "ours": fill(options.command, **places),
        }
        for turn in range(options.runs + 1):
            for side in ("ours", "notebook"):  # ours first: a failure shows early
                run = measure(commands[side])
                if turn:
                    runs[side].append(run)
    result = {side: summarise(measured) for side, measured in runs.items()}
    for side, summary in result.items():
        print(
            f"{side:9}", *(f"{key} {value}" for key, value in summary.items()), sep="  "
        )
    for key in ("median_seconds", "peak_anonymous_mb"):
        result[f"ratio_{key}"] = round(result["notebook"][key] / result["ours"][key], 1)
        print(f"notebook / ours, {key}: {result[f'ratio_{key}']}")
    if options.json:
        print(save("selection", {"runs": options.runs, **result}))


if __name__ == "__main__":
    sys.exit(main())
