"""What lies in a prepared folder: marks, records of shards and of the cache."""

from __future__ import annotations

import json

from tests.hostile.manifests import PATHS, RAW
from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile
from tests.small import read_json

NONE = "0" * 64


def _mark(world, data, previous=()):
    """Make an unfinished output with this mark."""
    world.coco()
    state = world.out / ".trimset"
    (state / "shards").mkdir(parents=True, exist_ok=True)
    if data is None:
        files = {"files": {name: {} for name in previous}}
        content = {"format": "trimset.manifest/1", "key": NONE, "previous": files}
        data = json.dumps(content).encode()
    (state / "build.json").write_bytes(data)
    return state


@each("record", REFUSED, RAW)
def mark_is(world, data):
    _mark(world, data)
    return world.quick()


@each(
    "record",
    REFUSED,
    {
        "key": {"format": "trimset.manifest/1", "key": [], "previous": {"files": {}}},
        "previous": {"format": "trimset.manifest/1", "key": NONE, "previous": []},
        "files": {
            "format": "trimset.manifest/1",
            "key": NONE,
            "previous": {"files": 1},
        },
        "other": {"format": "trimset.export/1", "key": NONE, "previous": {"files": {}}},
    },
)
def mark_says(world, content):
    _mark(world, json.dumps(content).encode())
    return world.quick()


@each("path", EITHER, {k: v for k, v in PATHS.items() if "\ud800" not in v})
def mark_names(world, name):
    """What it names would be removed at the end of the build."""
    _mark(world, None, [name])
    return world.quick()


@each(
    "path", EITHER, {"tree": "mine", "deep": "mine/deep", "itself": ".", "data": "data"}
)
def mark_names_a_tree(world, name):
    _mark(world, None, [name])
    kept = world.out / "mine/deep/notes.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("of somebody")
    other = world.out / "data/notes.txt"
    other.parent.mkdir()
    other.write_text("of somebody")
    world.kept += [kept, other]
    return world.quick()


@each("path", EITHER, {"tree": "mine", "deep": "mine/deep"})
def manifest_names_a_tree_to_remove(world, name):
    """The manifest of a build that is replaced lists a folder as its file."""
    world.coco()

    def change(content):
        content["files"][name] = {"sha256": NONE, "bytes": 1}

    kept = world.built(change=change) / "mine/deep/notes.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("of somebody")
    world.kept.append(kept)
    return world.build("--overwrite", "--max-shard-size", "100KB")


@hostile("path", EITHER)
def state_has_a_tree_of_somebody(world):
    """All of .trimset goes at the end of a build, but for what trimset never wrote."""
    state = _mark(world, None)
    kept = state / "mine/notes.txt"
    kept.parent.mkdir()
    kept.write_text("of somebody")
    world.kept.append(kept)
    return world.quick()


@each("record", EITHER, RAW)
def shard_record_is(world, data):
    """Records of shards are only a help: what cannot be right is passed over."""
    state = _mark(world, None)
    (state / "shards/a.json").write_bytes(data)
    return world.quick()


@each("path", EITHER, {k: v for k, v in PATHS.items() if "\ud800" not in v})
def shard_record_names(world, name):
    state = _mark(world, None)
    record = {
        "path": name, "task": NONE, "sha256": NONE, "bytes": 1, "rows": 1,
        "num_bytes": 1, "rows_sha256": NONE, "images_sha256": NONE,
    }  # fmt: skip
    (state / "shards/a.json").write_text(json.dumps(record))
    return world.quick()


@each("record", REFUSED, {k: RAW[k] for k in RAW if k != "empty"})
def export_record_is(world, data):
    world.coco()
    (world.exported() / "trimset.json").write_bytes(data)
    return world.build(command="export")


@each(
    "path", EITHER, {k: PATHS[k] for k in ("above", "absolute", "nul", "dot", "itself")}
)
def export_record_names(world, name):
    world.coco()
    path = world.exported() / "trimset.json"
    content = read_json(path)
    content["files"][name] = {"sha256": NONE, "bytes": 1}
    path.write_text(json.dumps(content))
    return world.build("--overwrite", "--seed", 7, command="export")


# ---------------------------------------------------------------------------- the cache


def _cache(world):
    folder = world.root / "cache/fetched" / ("0" * 32)
    folder.mkdir(parents=True)
    (folder / ("1" * 32)).write_bytes(b"bytes")
    return folder


@each("record", RIGHT, RAW)
def cache_record_is(world, data):
    (_cache(world) / "source.json").write_bytes(data)
    return ["cache", "list", "--cache-dir", world.root / "cache"]


@each(
    "record",
    RIGHT,
    {
        "escapes": {"url": "https://\x1b[31m\u202e", "etag": "\n"},
        "types": {"url": [1], "etag": {}},
        "secret": {"url": "https://a.example/b.zip", "etag": "x" * 100_000},
        "half": {"url": "\ud800", "etag": "\udfff"},
    },
)
def cache_record_says(world, content):
    (_cache(world) / "source.json").write_text(json.dumps(content))
    return ["cache", "list", "--cache-dir", world.root / "cache"]


@hostile("path", RIGHT)
def cache_has_files_of_others(world):
    folder = _cache(world)
    for name in ("notes.txt", "tree/notes.txt"):
        path = world.root / "cache" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("of somebody")
        world.kept.append(path)
    (folder / "mine").mkdir()
    (folder / "mine/notes.txt").write_text("of somebody")
    world.kept.append(folder / "mine/notes.txt")
    return ["cache", "clear", "--cache-dir", world.root / "cache"]
