"""Run the tests in other real environments than the newest of everything.

    python -m tests.floors [NAME ...] [--envs .matrix] [--pytest ARGUMENT ...]

``floors`` has the oldest version that pyproject.toml allows of every dependency, on
the oldest Python; ``datasets-4.8.5`` that version on the newest Python. Exit status 0
only if the tests pass in all of them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.load_matrix import MatrixError, make_environment

if sys.version_info >= (3, 11):
    import tomllib
else:  # the same library, before it came to Python
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
# Of the tests' own tools the newest will do.
TOOLS = [
    "aiohttp",
    "cmarkgfm",
    "distributed",
    "hypothesis",
    "imagehash",
    "pytest",
    "pytest-cov",
    "pytest-xdist",
    "remotezip",
    "scikit-learn",
]
# A process for each core; one that is done takes over what another has left.
PARALLEL = ["-n", "auto", "--dist", "worksteal"]


def floors(project):
    """Return the dependencies of a pyproject.toml, each at its floor.

    >>> floors({"project": {"dependencies": ["numpy>=1.26"]}})
    ['numpy==1.26']
    """
    return [name.replace(">=", "==") for name in project["project"]["dependencies"]]


def environments(project):
    """Return the interpreters and requirements of each environment by name."""
    newest = [
        name
        for name in project["project"]["dependencies"]
        if not name.startswith("datasets")
    ]
    return {
        "floors": (("3.10",), [*floors(project), *TOOLS]),
        "datasets-4.8.5": (
            ("3.13", "3.12"),
            ["datasets==4.8.5", *newest, *TOOLS],
        ),
    }


def main(arguments=None):
    """Run the tests in each environment and return the exit status."""
    known = environments(tomllib.loads((ROOT / "pyproject.toml").read_text()))
    parser = argparse.ArgumentParser(
        prog="python -m tests.floors", description=__doc__.splitlines()[0]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--envs", type=Path, default=Path(".matrix"))
    parser.add_argument("--pytest", nargs="...", default=[], metavar="ARGUMENT")
    options = parser.parse_args(arguments)
    envs = options.envs.resolve()
    envs.mkdir(parents=True, exist_ok=True)
    status = 0
    for name in options.names or known:
        try:
            python = make_environment(envs / name, *known[name])
        except MatrixError as error:
            print(f"{name}: {error}")
            status = 1
            continue
        print(f"== {name}: {python}", flush=True)
        command = [str(python), "-m", "pytest", "-q", *PARALLEL, *options.pytest]
        # Without it, what the environment imports would be compiled again and again.
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        done = subprocess.run(command, cwd=ROOT, env=env, check=False)
        status |= done.returncode != 0
    return status


if __name__ == "__main__":
    sys.exit(main())
