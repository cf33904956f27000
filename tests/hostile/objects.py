"""What is no regular file where one is expected: pipes, devices, sockets, folders.

Devices are only linked to, and never made: /dev/zero, which never ends.
"""

from __future__ import annotations

import os
import shutil
import socket

from tests.hostile.trial import EITHER, REFUSED, each, hostile
from tests.hostile.world import link

OBJECTS = ("pipe", "device", "socket", "folder")


def _put(path, what):
    """Put such a thing in the place of whatever is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        link(path, "/dev/zero")
    elif what == "folder":
        path.mkdir()
    else:
        here = os.open(path.parent, os.O_RDONLY)  # names of sockets are short
        before = os.getcwd()  # noqa: PTH109
        os.fchdir(here)
        try:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(path.name)
        finally:
            os.chdir(before)
            os.close(here)


def _cases(*places):
    return {
        f"{name}-{what}": (place, what) for name, place in places for what in OBJECTS
    }


@each(
    "object",
    REFUSED,
    _cases(("annotations", "train.json"), ("image", "train/000000000002.jpg")),
)
def source_has_a(world, case):
    world.coco()
    _put(world.source / case[0], case[1])
    return world.quick()


@each("object", REFUSED, _cases(("table", "t.csv"), ("image", "img/2.png")))
def table_source_has_a(world, case):
    world.table()
    _put(world.source / case[0], case[1])
    return world.quick()


@each("object", REFUSED, {what: what for what in OBJECTS})
def recipe_is_a(world, what):
    world.coco()
    _put(world.source / "r.toml", what)
    return world.plan()


@each("object", REFUSED, {what: what for what in OBJECTS})
def lock_is_a(world, what):
    world.coco()
    _put(world.source / "lock.json", what)
    return world.plan("--lock", world.source / "lock.json")


@each("object", REFUSED, {what: what for what in OBJECTS})
def archive_is_a(world, what):
    world.coco()
    text = (world.source / "r.toml").read_text()
    (world.source / "r.toml").write_text(text.replace('"train/"', '"train.zip"'))
    _put(world.source / "train.zip", what)
    return world.plan()


@each(
    "object",
    REFUSED,
    _cases(
        ("manifest", "manifest.json"),
        ("card", "README.md"),
        ("lock", "selection.json"),
        ("shard", "data/car/train-00000-of-00001.parquet"),
    ),
)
def build_to_verify_has_a(world, case):
    world.built()
    _put(world.out / case[0], case[1])
    return world.verify()


@each(
    "object",
    REFUSED,
    _cases(
        ("manifest", "manifest.json"),
        ("shard", "data/car/train-00000-of-00001.parquet"),
    ),
)
def build_to_show_has_a(world, case):
    world.built()
    _put(world.out / case[0], case[1])
    return world.report()


@each("object", REFUSED, {what: what for what in OBJECTS if what != "folder"})
def build_has_one_more(world, what):
    world.built()
    _put(world.out / "more.txt", what)
    return world.verify()


@each(
    "object",
    EITHER,
    _cases(
        ("manifest", "manifest.json"),
        ("card", "README.md"),
        ("shard", "data/car/train-00000-of-00001.parquet"),
        ("mark", ".trimset/build.json"),
        ("state", ".trimset"),
    ),
)
def build_over_a(world, case):
    world.coco()
    world.built()
    _put(world.out / case[0], case[1])
    return world.quick("--overwrite")


@each("object", EITHER, {what: what for what in OBJECTS})
def record_of_a_shard_is_a(world, what):
    world.coco()
    mark = '{"format": "trimset.manifest/1", "key": "", "previous": {"files": {}}}'
    (world.out / ".trimset").mkdir()
    (world.out / ".trimset/build.json").write_text(mark)
    _put(world.out / ".trimset/shards/a.json", what)
    return world.quick()


@each("object", REFUSED, {what: what for what in OBJECTS if what != "folder"})
def output_is_a(world, what):
    world.coco()
    _put(world.out, what)
    return world.quick()


@each("object", REFUSED, {what: what for what in OBJECTS if what != "folder"})
def build_is_a(world, what):
    _put(world.out, what)
    return world.verify()


@each("object", EITHER, {what: what for what in OBJECTS})
def export_over_a(world, what):
    world.coco()
    world.exported()
    _put(world.out / "labels_train.json", what)
    return world.build("--overwrite", "--seed", 7, command="export")


@each("object", EITHER, {what: what for what in OBJECTS})
def cache_record_is_a(world, what):
    _put(world.root / "cache/fetched" / ("0" * 32) / "source.json", what)
    return ["cache", "list", "--cache-dir", world.root / "cache"]


@each("object", REFUSED, {what: what for what in OBJECTS})
def page_is_a(world, what):
    world.built()
    _put(world.root / "cache/page.html", what)
    return world.report()


@each("object", EITHER, {what: what for what in OBJECTS})
def init_looks_at_a(world, what):
    world.table()
    (world.source / "r.toml").unlink()
    _put(world.source / "more.json", what)
    _put(world.source / "more.csv", what)
    _put(world.source / "more.zip", what)
    return ["init", world.source, "--out", world.out / "r.toml"]


@each(
    "object", REFUSED, {"annotations": "train.json", "image": "train/000000000002.jpg"}
)
def source_has_a_file_of_many_bytes(world, name):
    """Sparse: it takes no room on the disk, and three gigabytes of memory."""
    world.coco()
    with (world.source / name).open("r+b") as file:
        file.truncate(3 * 1024**3)
    return world.quick()


@hostile("object", REFUSED)
def table_of_many_bytes(world):
    world.table()
    with (world.source / "t.csv").open("r+b") as file:
        file.truncate(3 * 1024**3)
    return world.quick()


@hostile("object", REFUSED)
def recipe_of_many_bytes(world):
    world.coco()
    with (world.source / "r.toml").open("r+b") as file:
        file.truncate(3 * 1024**3)
    return world.plan()


@hostile("object", REFUSED)
def card_of_many_bytes(world):
    with (world.built() / "README.md").open("r+b") as file:
        file.truncate(3 * 1024**3)
    return world.verify()


@hostile("object", REFUSED)
def images_are_a_file(world):
    world.coco()
    shutil.rmtree(world.source / "train")
    (world.source / "train").write_bytes(b"x")
    return world.quick()
