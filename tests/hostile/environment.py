"""Where a command runs: streams, folders, room, clock and language."""

from __future__ import annotations

import errno
import io
import os
import time

from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile
from tests.small import read_json


def _ascii():
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")


def _nowhere(world):
    """Return a folder that nobody can make, as a file is in its place."""
    (world.root / "home" / "file").write_text("")
    return str(world.root / "home" / "file" / "at")


def _wide(content):
    content["categories"][0]["name"] = "Fahrräder 自転車"


@hostile("environment", RIGHT, started=True)
def plain_language(world):
    """Python names files in UTF-8 all the same."""
    words = names_of_files_are_ascii(world)
    world.environ |= {"PYTHONUTF8": None, "PYTHONCOERCECLOCALE": None}
    return words


@hostile("environment", REFUSED, started=True, often=False, says=("PYTHONUTF8",))
def names_of_files_are_ascii(world):
    world.coco(_wide)
    recipe = world.source / "r.toml"
    recipe.write_text(recipe.read_text().replace('["car"]', "[1]"))
    world.environ |= {
        "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "ascii:strict",
    }  # fmt: skip
    return world.quick()


@hostile("environment", RIGHT, started=True)
def no_home_and_no_cache(world):
    world.coco()
    world.environ |= {"HOME": None, "TRIMSET_CACHE": None, "XDG_CACHE_HOME": None}
    return world.plan()


@hostile("environment", RIGHT, started=True, often=False)
def home_that_is_not_there(world):
    world.coco()
    world.environ |= {"HOME": _nowhere(world)}
    return world.quick()


@hostile("environment", EITHER, started=True, often=False)
def temporary_folder_that_is_not_there(world):
    world.coco()
    world.environ |= {"TMPDIR": _nowhere(world)}
    return world.quick()


class _Full(io.StringIO):
    """A stream on a full disk, or whose reader is gone."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def write(self, _text):
        raise OSError(self.number, os.strerror(self.number))


@each(
    "environment",
    EITHER,
    {"none": None, "full": errno.ENOSPC, "bad": errno.EBADF, "broken": errno.EIO},
)
def stream_of_errors_is(world, number):
    """Nobody hears what is said, and the work is done all the same."""
    world.table()
    stream = None if number is None else _Full(number)
    world.streams = {"stderr": stream}
    return world.build()


@hostile("environment", REFUSED)
def error_without_a_stream_of_errors(world):
    world.table()
    (world.source / "t.csv").unlink()
    world.silent = True
    world.streams = {"stderr": None}
    return world.quick()


@each("environment", RIGHT, {"plan": "plan", "build": "build"})
def output_of_few_characters(world, command):
    """A terminal that knows ASCII alone."""
    world.coco(_wide)
    recipe = world.source / "r.toml"
    recipe.write_text(recipe.read_text().replace('["car"]', "[1]"))
    world.streams = {"stdout": _ascii(), "stderr": _ascii()}
    return world.plan() if command == "plan" else world.quick()


def _raising(number):
    def raises(*_args, **_more):
        raise OSError(number, os.strerror(number))

    return raises


@each(
    "environment",
    REFUSED,
    {"full": errno.ENOSPC, "quota": errno.EDQUOT, "read-only": errno.EROFS},
)
def disk_is(world, number):
    """Every file that is renamed into its place fails to be."""
    world.coco()
    refuse = _raising(number)
    world.patches += [(os, "replace", refuse), (os, "rename", refuse)]
    return world.quick()


@each("environment", REFUSED, {"full": errno.ENOSPC, "large": errno.EFBIG})
def disk_is_full_at_the_end(world, number):
    world.coco()
    refuse, flush = _raising(number), os.replace
    done = []

    def replace(*args, **more):
        done.append(args)
        return (refuse if len(done) > 3 else flush)(*args, **more)

    world.patches += [(os, "replace", replace), (os, "rename", replace)]
    return world.quick()


@each("environment", RIGHT, {"past": -(10**9), "epoch": 0.0, "future": 10**10})
def clock_is(world, at):
    world.coco()
    now = at if at >= 0 else time.time() + at
    world.patches.append((time, "time", lambda: now))
    return world.quick()


@hostile("environment", RIGHT)
def clock_goes_back(world):
    world.coco()
    times = iter(range(10**6, 0, -1))
    world.patches.append((time, "time", lambda: float(next(times))))
    return world.quick()


@each("environment", RIGHT, {"times": 0, "before": -(10**9), "far": 4 * 10**9})
def files_of_the_source_are_of(world, at):
    world.coco()
    for path in sorted(world.source.rglob("*")):
        os.utime(path, (at, at))
    return world.quick()


@hostile("environment", RIGHT)
def output_is_deep_in_folders_that_are_not_there(world):
    world.coco()
    words = world.quick()
    words[words.index("--out") + 1] = world.out / "a/b/c/d"
    return words


@hostile("environment", REFUSED)
def output_is_below_a_file(world):
    world.coco()
    (world.out / "file").write_text("x")
    words = world.quick()
    words[words.index("--out") + 1] = world.out / "file/build"
    return words


@hostile("environment", REFUSED)
def cache_is_a_file(world):
    world.table()
    path = world.root / "cache/file"
    path.write_text("x")
    words = world.quick("--image-size", 8)
    words[words.index("--cache-dir") + 1] = path
    return words


@each("environment", REFUSED, {"verify": "verify", "report": "report"})
def build_is_not_there(world, command):
    return [command, world.root / "nowhere\x1b[31m"]


@hostile("environment", REFUSED)
def build_lost_a_file(world):
    out = world.built()
    for name in read_json(out / "manifest.json")["files"]:
        (out / name).unlink()
    return world.verify()
