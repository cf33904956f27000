"""Prove that a built folder loads with equal rows on every supported `datasets`.

    python -m tests.load_matrix DIR [DIR ...] [--envs .matrix] [--versions 2.14.0,5]

Makes one real environment per version (venv and pip, reused afterwards), runs
`tests/probes/load_probe.py` in each, and compares what they loaded: features, rows,
image bytes, plain and as a stream. Then takes one example of every config as a stream
and leaves, several times: a guard against hanging at exit (apache/arrow#45214).
Exit status 0 only if everything is equal and no exit failed.

A process that leaves while Arrow's threads are still busy hangs, every time, if the
file has many row groups. With one row group it never does, but on a busy machine
about one exit in ten is cut off by Arrow with SIGABRT, after all the work is done.
The first is a failure; the second is counted, and a failure when most exits do it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.interpreters import find_interpreter, run_quietly

# In a folder without others: what lies beside a script hides installed packages.
PROBE = Path(__file__).with_name("probes") / "load_probe.py"
MODERN = ("3.11", "3.12", "3.10", "3.13")
# Version: interpreters it runs on, best first, and what pip is asked for.
ENVIRONMENTS = {
    "2.14.0": (
        ("3.10",),
        [
            "datasets==2.14.0",
            "numpy<2",
            "pyarrow<15",
            "fsspec==2023.6.0",
            "huggingface_hub==0.16.4",
            "pillow",
        ],
    ),
    "2.21.0": (MODERN, ["datasets==2.21.0", "pillow"]),
    "3.6.0": (MODERN, ["datasets==3.6.0", "pillow"]),
    "4.8.5": (MODERN, ["datasets==4.8.5", "pillow"]),
    "5": (MODERN, ["datasets>=5,<6", "pillow"]),
}
HEADER = "asked datasets python configs splits plain streaming exits aborts equal"
LEAVE_SECONDS = 60  # only catches a hang: leaving takes a few seconds


class MatrixError(Exception):
    """An environment could not be made, or the probe failed in it."""


class AbortError(MatrixError):
    """The probe was ended by SIGABRT."""


def last_line(text):
    """Return the last line that says something: of a traceback, the error."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "nothing on stderr"


def make_environment(folder, minors, requirements):
    """Return the Python of the environment in `folder`, made unless it is there."""
    record = folder / "requirements.json"
    python = folder / "bin" / "python"
    if record.exists() and json.loads(record.read_text()) == requirements:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    made = run_quietly([find_interpreter(minors), "-m", "venv", str(folder)])
    if made.returncode == 0:
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
        # What is imported is compiled then: most is not, and that is half of the time.
        made = run_quietly([*pip, "--no-compile", *requirements])
    if made.returncode:
        raise MatrixError(f"could not make {folder}: {last_line(made.stderr)}")
    record.write_text(json.dumps(requirements))  # last: without it, made anew
    return python


def run_probe(python, folder, *options, seconds=None):
    """Return what the probe reports of `folder`, loaded with a fresh cache."""
    with tempfile.TemporaryDirectory() as home:
        environ = {
            k: v for k, v in os.environ.items() if not k.startswith(("HF_", "PYTHON"))
        }
        command = [str(python), "-W", "ignore", str(PROBE), str(folder), *options]
        try:
            done = run_quietly(
                command, env={**environ, "HF_HOME": home}, timeout=seconds
            )
        except subprocess.TimeoutExpired:
            raise MatrixError(f"still running after {seconds} s") from None
    if done.returncode:
        kind = AbortError if done.returncode == -signal.SIGABRT else MatrixError
        raise kind(f"exit status {done.returncode}: {last_line(done.stderr)}")
    return json.loads(done.stdout.splitlines()[-1])


def leave_streams(python, folder, times):
    """Return how many exits were clean, how many aborted, and what failed for good."""
    report = {"clean_exits": 0, "aborted_exits": 0, "faults": []}
    for _ in range(times):
        try:
            run_probe(python, folder, "--leave", seconds=LEAVE_SECONDS)
            report["clean_exits"] += 1
        except AbortError as error:
            report["aborted_exits"] += 1
            if report["aborted_exits"] > times // 2:
                report["faults"].append(f"leaving a stream, most times: {error}")
                break
        except MatrixError as error:
            report["faults"].append(f"leaving a stream: {error}")
            break
    return report


def examine(version, folders, envs, leaves):
    """Return the reports of one version, by folder: splits, exits and faults."""
    try:
        python = make_environment(envs / version, *ENVIRONMENTS[version])
    except (MatrixError, LookupError) as error:
        return {str(folder): {"faults": [str(error)]} for folder in folders}
    reports = {}
    for folder in folders:
        try:
            loaded = run_probe(python, folder)
            reports[str(folder)] = loaded | leave_streams(python, folder, leaves)
        except MatrixError as error:
            reports[str(folder)] = {"faults": [f"loading: {error}"]}
    return reports


def compare(reports):
    """Return the differences among the reports of one folder, by version.

    The reference is what the first version without faults loaded plain.
    """
    differences = {
        version: list(report["faults"]) for version, report in reports.items()
    }
    loaded = {version: r["splits"] for version, r in reports.items() if "splits" in r}
    if not loaded:
        return differences
    base, expected = next(iter(loaded.items()))
    if not expected:
        differences[base].append("no config was found")
    for version, splits in loaded.items():
        for name in sorted({*splits, *expected}):
            if name not in splits or name not in expected:
                where = version if name in splits else base
                differences[version].append(f"{name} is there on {where} only")
                continue
            if splits[name]["decoded"]:
                differences[version].append(f"{name}: {splits[name]['decoded']}")
            for how in ("plain", "streaming"):
                for fact, value in expected[name]["plain"].items():
                    found = splits[name][how][fact]
                    if found != value:
                        differences[version].append(
                            f"{name} {how}: {fact} is {found}, on {base} plain {value}"
                        )
    return differences


def render_table(reports, differences):
    """Return the table of one folder: a line for each version."""
    lines = [HEADER.split()]
    for version, report in reports.items():
        splits = report.get("splits", {})
        clean, aborted = (report.get(f"{how}_exits", 0) for how in ("clean", "aborted"))
        cells = [version, report.get("datasets", "-"), report.get("python", "-")]
        cells += [len({name.split("/")[0] for name in splits}), len(splits)]
        cells += [
            sum(s[h]["rows"] for s in splits.values()) for h in ("plain", "streaming")
        ]
        cells += [clean, aborted, "NO" if differences[version] else "yes"]
        lines.append([str(cell) for cell in cells])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [map(str.ljust, line, widths) for line in lines]
    return "\n".join("  ".join(line).rstrip() for line in padded)


def parse_arguments(arguments):
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.load_matrix", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument(
        "--envs", type=Path, default=Path(".matrix"), help="where environments are kept"
    )
    parser.add_argument(
        "--versions", default=",".join(ENVIRONMENTS), help="default: %(default)s"
    )
    parser.add_argument(
        "--leaves",
        type=int,
        default=10,
        help="times a stream is left (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=2,
        help="environments at a time (default: %(default)s)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object instead of tables"
    )
    options = parser.parse_args(arguments)
    options.versions = options.versions.split(",")
    if unknown := [v for v in options.versions if v not in ENVIRONMENTS]:
        parser.error(
            f"unknown version {unknown[0]}: choose from {', '.join(ENVIRONMENTS)}"
        )
    if missing := [folder for folder in options.folders if not folder.is_dir()]:
        parser.error(f"no such folder: {missing[0]}")
    return options


def main(arguments=None):
    """Run the matrix and return the exit status."""
    options = parse_arguments(arguments)
    envs = options.envs.resolve()
    envs.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        futures = {
            version: pool.submit(
                examine, version, options.folders, envs, options.leaves
            )
            for version in options.versions
        }
        examined = {version: future.result() for version, future in futures.items()}
    results, equal = {}, True
    for folder in map(str, options.folders):
        reports = {version: examined[version][folder] for version in examined}
        differences = compare(reports)
        equal = equal and not any(differences.values())
        results[folder] = {"reports": reports, "differences": differences}
        if not options.json:
            print(folder, render_table(reports, differences), sep="\n")
            for version, lines in differences.items():
                for line in lines:
                    print(f"  {version}: {line}")
    if options.json:
        print(json.dumps({"equal": equal, "folders": results}))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
