"""Look for mutants that the tests let live, a room at a time: see README.md.

python -m tests.mutants [ROOM ...] [--sample N] [--seed N] [--processes N] [--prose]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.mutants.rooms import ROOMS

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".mutants"
MUTMUT = Path(sys.executable).with_name("mutmut")
# mutmut's exit codes of a worker; what takes too long was found.
FOUND = {1: "failed", 3: "failed", 24: "timeout", -24: "timeout", 36: "timeout",
         152: "timeout", 255: "timeout"}  # fmt: skip
STATES = FOUND | {0: "survived", 33: "no tests"}
# A line that is nothing but words, of a card or of an error: the tests ask what a text
# names, not for each of its words.
PROSE = r"""^\s*(return |yield |\w+ = )?\(?[fr]{0,2}"[^"{]* [^"{]*"[,)]*$"""
CONFIG = """
[tool.mutmut]
source_paths = ["builder"]
also_copy = ["coco_stuff_trimmed", "siim_isic_small", "ham10000_small", "README.md"]
only_mutate = {modules}
do_not_mutate_patterns = {ignored}
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-pno:xdist", "-pno:cacheprovider", "-ptests.mutants.quick"]
timeout_constant = 4.0
timeout_multiplier = 3.0
track_dependencies = false
use_git_change_detection = false
on_dependency_change = "ignore"
use_setproctitle = false
"""


def prepare(room, *, prose):
    """Copy what git knows to the room's folder, with the room's settings."""
    folder = WORK / room
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    for name in listed.stdout.decode().splitlines():
        old, new = ROOT / name, folder / name
        if not old.exists():
            new.unlink(missing_ok=True)
        elif not new.exists() or new.stat().st_mtime != old.stat().st_mtime:
            new.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(old, new)
    modules, tests = ROOMS[room]
    config = CONFIG.format(
        modules=json.dumps(modules),
        ignored=json.dumps([] if prose else [PROSE]),
        tests=json.dumps(["tests/test_examples.py", *tests]),
    )
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8") + config
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def mutmut(*words):
    """Run mutmut in this folder."""
    env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    with Path("log").open("a", encoding="utf-8") as log:
        command = [MUTMUT, "run", *words]
        subprocess.run(command, check=False, env=env, stdout=log, stderr=log)


def read_codes():
    """Return the exit code for each mutant by its name; None before it has one."""
    found = {}
    for path in sorted(Path("mutants/builder").rglob("*.meta")):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def run(room, options):
    """Look at the mutants of a room, and return its line of the table.

    Those that were found stay so until their function changes.
    """
    folder = prepare(room, prose=options.prose)
    os.chdir(folder)
    # Of a name that is none, mutmut makes all mutants, and ends.
    mutmut("none")
    codes = read_codes()
    names = sample = sorted(codes)
    if options.sample and options.sample < len(names):
        sample = random.Random(options.seed).sample(names, options.sample)
    left = [name for name in sample if codes[name] not in FOUND]
    if left:
        mutmut("--max-children", str(options.processes), *left)
    codes = read_codes()
    if not sample or any(codes[name] is None for name in sample):
        sys.exit(f"{room}: mutmut did not come to its end: see {folder / 'log'}")
    write_survivors([name for name in sample if codes[name] not in FOUND], codes)
    counts = Counter(STATES.get(codes[name], "other") for name in sample)
    found = counts["failed"] + counts["timeout"]
    low, high = interval(found, len(sample))
    told = ", ".join(f"{number} {state}" for state, number in counts.most_common())
    return (
        f"{room}: {len(sample)} of {len(names)} mutants: {told}:"
        f" {found / len(sample):.1%} found (95 %: {low:.1%} to {high:.1%})"
    )


def write_survivors(names, codes):
    """Write the changes that no test found to survivors.diff."""
    from mutmut.configuration import reset_config
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    reset_config()  # that of the room before
    told = [
        f"# {name}: {STATES.get(codes[name], codes[name])}\n{get_diff_for_mutant(name)}"
        for name in names
    ]
    Path("survivors.diff").write_text("\n".join([*told, ""]), encoding="utf-8")


def interval(part, whole):
    """Return the ends of Wilson's interval of a share at 95 per cent."""
    square = 1.96**2
    middle = part + square / 2
    half = math.sqrt(square * (part * (1 - part / whole) + square / 4))
    return (middle - half) / (whole + square), (middle + half) / (whole + square)


def main():
    """Tell of each room how many of its mutants were found."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description=__doc__.splitlines()[0]
    )
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=", ".join(ROOMS))
    parser.add_argument("--sample", type=int, help="look at so many, by chance")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument(
        "--prose", action="store_true", help="change lines of words too"
    )
    options = parser.parse_args()
    for room in options.rooms or ROOMS:
        print(run(room, options), flush=True)


if __name__ == "__main__":
    main()
