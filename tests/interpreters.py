"""Find a Python of a given version that really runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def run_quietly(command, **options):
    """Return the finished process, with its output as text."""
    return subprocess.run(
        command, capture_output=True, text=True, check=False, **options
    )


def interpreter_candidates(minor, which=shutil.which, run=run_quietly):
    """Yield commands that may be Python `minor`, such as "3.10", likely ones first."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" == minor:
        yield sys.executable
    if found := which(f"python{minor}"):
        yield found
    if pyenv := which("pyenv"):
        versions = Path(run([pyenv, "root"]).stdout.strip()) / "versions"
        numbered = [
            p for p in versions.glob(f"{minor}.*") if p.name.split(".")[2].isdigit()
        ]
        for path in sorted(numbered, key=lambda p: -int(p.name.split(".")[2])):
            yield str(path / "bin" / "python")


def find_interpreter(minors, candidates=interpreter_candidates, run=run_quietly):
    """Return a command that runs one of the Pythons `minors`, best first.

    A command on the PATH may be a shim of pyenv that leads nowhere: each is tried.
    """
    ask = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for minor in minors:
        for command in candidates(minor):
            try:
                answer = run([command, "-c", ask]).stdout.strip()
            except OSError:
                continue
            if answer == minor:
                return command
    raise LookupError(
        f"no Python {' or '.join(minors)} found on the PATH or among pyenv's versions: "
        f"install one, for instance with `pyenv install {minors[0]}`"
    )
