"""Prove that SIIM-ISIC is trimmed alike on every supported pandas and NumPy.

    python -m tests.isic_matrix [CSV] [--envs .matrix]

Makes one real environment for each pair, runs `tests/isic_probe.py` in it, and
compares the sha256 of metadata_small.csv with the one that pandas 2 gave. CSV is
ISIC_2020_Training_GroundTruth.csv; without it only made-up metadata is trimmed.
Exit status 0 only if all are equal.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.isic_probe import MADE_UP, OFFICIAL
from tests.load_matrix import (
    MODERN,
    MatrixError,
    last_line,
    make_environment,
    run_quietly,
)

PROBE = Path(__file__).with_name("isic_probe.py")
# Name: interpreters, what pip is asked for, and whether pyarrow must be there.
ENVIRONMENTS = {
    "pandas-2.3-numpy-1.26": (("3.10",), ["pandas==2.3.*", "numpy==1.26.*"], False),
    "pandas-2.3": (MODERN, ["pandas==2.3.*", "numpy>=2"], False),
    "pandas-3": (MODERN[:2], ["pandas>=3", "numpy>=2"], False),
    "pandas-3-pyarrow": (MODERN[:2], ["pandas>=3", "numpy>=2", "pyarrow"], True),
}


def probe(python, csv):
    """Return what the probe reports in one environment."""
    done = run_quietly([str(python), "-I", str(PROBE), *([str(csv)] if csv else [])])
    if done.returncode:
        raise MatrixError(f"exit status {done.returncode}: {last_line(done.stderr)}")
    return json.loads(done.stdout)


def faults_of(report, *, arrow, official):
    """Return what is wrong with the report of one environment."""
    expected = {"made_up": MADE_UP, "pyarrow": arrow, "heavy": []}
    if official:
        expected["official"] = OFFICIAL
    return [
        f"{name} is {report.get(name)!r}, expected {value!r}"
        for name, value in expected.items()
        if report.get(name) != value
    ]


def examine(name, csv, envs):
    """Return the versions in one environment, and what is wrong there."""
    minors, requirements, arrow = ENVIRONMENTS[name]
    try:
        report = probe(make_environment(envs / name, minors, requirements), csv)
    except (MatrixError, LookupError) as error:
        return "", [str(error)]
    versions = f"{report['python']:8} {report['pandas']:8} {report['numpy']:8}"
    return versions, faults_of(report, arrow=arrow, official=bool(csv))


def main(arguments=None):
    """Run the matrix and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.isic_matrix", description=__doc__.splitlines()[0]
    )
    parser.add_argument("csv", nargs="?", type=Path, metavar="CSV")
    parser.add_argument("--envs", type=Path, default=Path(".matrix"))
    parser.add_argument("--jobs", type=int, default=2, help="environments at a time")
    options = parser.parse_args(arguments)
    envs = options.envs.resolve()
    envs.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        examined = pool.map(lambda name: examine(name, options.csv, envs), ENVIRONMENTS)
        reports = dict(zip(ENVIRONMENTS, examined, strict=True))
    for name, (versions, faults) in reports.items():
        print(f"{name:22} {versions} {'NO' if faults else 'equal'}")
        for fault in faults:
            print(f"  {fault}")
    equal = not any(faults for _, faults in reports.values())
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
