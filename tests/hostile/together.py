"""Two builds, and those that were ended in their midst, in one folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

from builder.output import state
from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile
from tests.tiny import ROOT, run


def _meanwhile(world, words, *, function="begin"):
    """Run another build in the same folder once this one has taken hold of it."""
    outcomes = []
    begin = getattr(state, function)
    from builder.pipeline import build as module

    def begun(*args, **more):
        taken = begin(*args, **more)
        if not outcomes:
            outcomes.append(None)
            outcomes[0] = run(*words)
        return taken

    world.patches.append((module, function, begun))
    world.seconds = 90.0  # a process is started
    return outcomes


def _the_other_was_refused(world, outcome):
    (other,) = world.others
    assert other.returncode == 1, other
    lines = other.stderr.splitlines()
    assert len([line for line in lines if "Error: " in line]) == 1, other.stderr
    assert "Traceback" not in other.stderr


@each(
    "together",
    RIGHT,
    {
        "other-options": ("--seed", 7),
        "same": (),
        "overwrite": ("--overwrite", "--seed", 7),
    },
    check=_the_other_was_refused,
)
def two_builds_in_one_folder(world, more):
    world.coco()
    words = world.quick()
    world.others = _meanwhile(world, [*map(str, world.quick(*more))])
    return words


@each("together", RIGHT, {"empty": "", "killed": "x"})
def lock_file_of_one_who_is_gone(world, content):
    """Whatever tells that somebody writes must not outlive him."""
    world.coco()
    (world.out / ".trimset").mkdir()
    for name in ("lock", "build.lock", "held"):
        (world.out / ".trimset" / name).write_text(content)
    mark = {"format": "trimset.manifest/1", "key": "", "previous": {"files": {}}}
    (world.out / ".trimset/build.json").write_text(json.dumps(mark))
    return world.quick()


def _killed(world, *, at):
    """Start a build that is killed at the so manyth file that it puts in place."""
    code = f"""
import os, signal, sys
from builder.cli.main import main
from builder.output import folder
put, done = os.replace, []
def replace(*args, **more):
    done.append(args)
    if len(done) == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
    return put(*args, **more)
os.replace = os.rename = replace
main(sys.argv[1:])
"""
    words = [sys.executable, "-c", code, *map(str, world.quick())]
    done = subprocess.run(
        words, check=False, capture_output=True, cwd=ROOT, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TRIMSET_CACHE": str(world.out)},
    )  # fmt: skip
    assert done.returncode in {0, -signal.SIGKILL}, done


@each("together", RIGHT, {"2": 2, "5": 5})
def build_goes_on_after_a_kill(world, at):
    world.coco()
    _killed(world, at=at)
    return world.quick()


@hostile("together", REFUSED)
def unfinished_build_does_not_verify(world):
    world.coco()
    _killed(world, at=4)
    return world.verify()


@hostile("together", EITHER)
def folder_of_two_builds(world):
    """Files of one under the manifest of another."""
    world.coco()
    world.built("table")
    shutil.copytree(
        world.bases / "build-coco/data", world.out / "data", dirs_exist_ok=True
    )
    return world.verify()


@each(
    "together",
    REFUSED,
    {"foreign": "notes.txt", "git": ".git/config", "data": "data/a"},
)
def folder_of_somebody(world, name):
    world.coco()
    path = world.out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("of somebody")
    world.kept.append(path)
    return world.quick("--overwrite")


@hostile("together", REFUSED)
def finished_build_of_other_options(world):
    world.coco()
    world.built()
    return world.build("--seed", 7)


@hostile("together", REFUSED)
def export_over_a_build(world):
    world.coco()
    world.built()
    return world.build("--overwrite", command="export")


@hostile("together", REFUSED)
def build_over_an_export(world):
    world.coco()
    world.exported()
    return world.quick("--overwrite")


@hostile("together", RIGHT)
def same_build_again(world):
    world.coco()
    world.built()
    return world.build()


@hostile("together", RIGHT)
def files_of_somebody_in_a_build_stay(world):
    world.coco()
    world.built()
    for name in ("notes.txt", "data/notes.txt", "figures/mine.png"):
        path = world.out / name
        path.write_text("of somebody")
        world.kept.append(path)
    return world.build("--overwrite", "--seed", 7)
