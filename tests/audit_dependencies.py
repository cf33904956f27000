"""Ask whether what is installed has vulnerabilities that are known.

    python -m tests.audit_dependencies

Exit status 1 if it has, or if what is installed does not fit together. Where the
service does not answer, that is said, and is no failure: `make check` needs no network
but the package registry, and not every registry serves what PyPI knows of versions.
(`zizmor` would audit workflows of GitHub Actions, of which there are none here; the
rules of `bandit` are `S` of ruff.)
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

_ASK = ["-m", "pip_audit", "--format", "json", "--progress-spinner", "off",
        "--timeout", "15"]  # fmt: skip


def audit(*words):
    """Return what pip-audit found of packages; None where nobody answers."""
    done = subprocess.run(
        [sys.executable, *_ASK, *words], capture_output=True, text=True, check=False
    )
    try:
        return json.loads(done.stdout)["dependencies"]
    except ValueError:
        return None


def verdict(found):
    """Return the exit status, and the line that says why.

    >>> verdict(None)
    (0, 'not audited: the service does not answer')
    >>> verdict([{"name": "a", "version": "1", "vulns": []}])
    (0, 'audited: 1 package, no vulnerability is known')
    >>> verdict([{"name": "a", "version": "1", "vulns": [{"id": "X-1"}]}])
    (1, 'vulnerable: a 1 (X-1)')
    """
    if found is None:
        return 0, "not audited: the service does not answer"
    known = [package for package in found if "vulns" in package]
    bad = [
        f"{package['name']} {package['version']}"
        f" ({', '.join(fault['id'] for fault in package['vulns'])})"
        for package in known
        if package["vulns"]
    ]
    if bad:
        return 1, f"vulnerable: {'; '.join(bad)}"
    if not known:
        return 0, "not audited: the service knows none of the packages"
    unknown = f", {len(found) - len(known)} unknown" * (len(known) < len(found))
    plural = "s" * (len(known) > 1)
    words = f"audited: {len(known)} package{plural}{unknown}"
    return 0, f"{words}, no vulnerability is known"


def answers():
    """Tell whether the service knows a package that every environment has."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(f"packaging=={version('packaging')}\n")
        found = audit("--requirement", wanted, "--no-deps", "--disable-pip")
    return bool(found) and all("vulns" in package for package in found)


def main():
    """Audit the environment of this interpreter and return the exit status."""
    fits = subprocess.run([sys.executable, "-m", "pip", "check"], check=False)
    # One first: where nobody answers, nobody is asked of all others.
    found = audit("--local", "--skip-editable") if answers() else None
    status, line = verdict(found)
    print(f"pip-audit: {line}")
    return status or fits.returncode


if __name__ == "__main__":
    sys.exit(main())
