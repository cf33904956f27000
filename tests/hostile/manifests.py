"""A manifest that somebody hands over: its shapes, and what it names."""

from __future__ import annotations

import hashlib
import json
import sys

from tests.fuzz.seeds import sealed
from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile
from tests.hostile.world import SECRET
from tests.small import read_json

DEEP = 100_000
#: Files that hold anything but a record, of which there are several.
RAW = {
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "text": b'"trimset.manifest/1"',
    "number": b"1e999",
    "not-utf8": b'{"format": "\xff\xfe"}',
    "utf16": '{"format": "trimset.manifest/1"}'.encode("utf-16"),
    "deep-list": b"[" * DEEP,
    "deep-object": b'{"a":' * DEEP,
    "deep-and-closed": b'{"a": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "nul": b"\0" * 100,
    "digits": b'{"format": ' + b"9" * 5000 + b"}",
    "two-objects": b"{}{}",
    "escapes": b'{"format": "\\u001b[31m\\u202e"}',
    "half-a-character": b'{"format": "\\ud800"}',
}


@each("record", REFUSED, RAW, says=("manifest.json",))
def manifest_is(world, data):
    (world.built() / "manifest.json").write_bytes(data)
    return world.verify()


@each("record", REFUSED, {k: RAW[k] for k in ("deep-list", "not-utf8", "digits")})
def manifest_of_a_page_is(world, data):
    (world.built() / "manifest.json").write_bytes(data)
    return world.report()


@each("record", REFUSED, {k: RAW[k] for k in ("deep-list", "escapes", "digits")})
def manifest_to_build_over_is(world, data):
    world.coco()
    (world.built() / "manifest.json").write_bytes(data)
    return world.quick("--overwrite")


#: Values of a field that its type does not allow.
TYPES = {
    "format": 1, "dataset": None, "key": [], "versions": ["1"],
    "recipe": [1], "options": "x", "sources": {"a": 1}, "selection": 5, "features": [],
    "configs": {"default": []}, "audit": [], "broken": [{"image": 1}], "files": [],
    "about": "x", "missing": [1], "located": {"a": -1}, "repo_id": 3, "card": [],
}  # fmt: skip


def _with(name, value):
    def change(content):
        content[name] = value

    return change


@each("record", REFUSED, {name: (name, value) for name, value in TYPES.items()})
def manifest_type(world, case):
    world.built(change=_with(*case))
    return world.verify()


def _set(content, place, value):
    *parts, last = place
    for part in parts:
        content = content[part]
    content[last] = value


#: What the types allow and no build writes: taken as it is, or refused in a line.
ODD = {
    "dataset-path": (("dataset",), "../x"),
    "dataset-newline": (("dataset",), "a\nb"),
    "dataset-long": (("dataset",), "x" * 10_000),
    "recipe-empty": (("recipe",), {}),
    "recipe-kind": (("recipe", "kind"), []),
    "recipe-kind-unknown": (("recipe", "kind"), "os"),
    "recipe-splits": (("recipe", "splits"), {"train": 7}),
    "recipe-splits-unknown": (("recipe", "splits"), {"other": None}),
    "recipe-targets": (("recipe", "targets"), [[]]),
    "recipe-samples": (("recipe", "samples"), {"train": 10**400}),
    "recipe-seed": (("recipe", "seed"), -1),
    "recipe-seed-large": (("recipe", "seed"), 2**70),
    "recipe-rule": (("recipe", "rule"), "os.system"),
    "about-files": (("about", "files"), []),
    "about-license": (("about", "license"), 5),
    "about-prose": (("about",), {"prose": "../../outside/bait.txt"}),
    "about-homepage": (("about", "homepage"), "javascript:alert(1)"),
    "options-size": (("options", "max_shard_size"), "x"),
    "sources-role": (("sources",), [{"role": []}]),
    "sources-many": (("sources",), [{}] * 1000),
    "features-unknown": (("features", "default", "image"), {"_type": "Evil"}),
    "features-loop": (("features", "default", "image"), [[[[]]]]),
    "features-empty": (("features",), {}),
    "configs-empty": (("configs",), {}),
    "configs-path": (("configs", "../x"), {}),
    "configs-split-path": (("configs", "default", "../x"), {
        "num_examples": 0, "num_bytes": 0, "download_size": 0, "files": []}),
    "audit-empty": (("audit",), {}),
    "audit-duplicates": (("audit", "duplicates"), 5),
    "audit-splits": (("audit",), {"splits": {"default": [1]}, "shortcuts": [[]]}),
    "audit-numbers": (("audit", "duplicates"), {"pairs": 1e308}),
    "broken": (("broken",), [{"image": "\u202e", "reason": "\x1b[31m"}]),
    "missing": (("missing",), ["a\x1b]0;x\x07"]),
    "example": (("example",), {"config": [], "row": None}),
    "about-deep": (("about", "citation"), "x"),
    "repo": (("repo_id",), "../../x\x1b[2J"),
    "versions": (("versions",), {"\x1b[31m": "\u202e"}),
    "num-examples": (("configs", "default", "train", "num_examples"), 2**63),
    "available": (("available",), {"train": {"car": [1]}}),
    "draws": (("taken",), [None]),
    "licenses": (("licenses",), {"a": {}}),
}  # fmt: skip


@each("record", EITHER, ODD)
def manifest_odd(world, case):
    world.built(change=lambda content: _set(content, *case))
    return world.verify()


@each("record", EITHER, ODD)
def manifest_odd_page(world, case):
    world.built(change=lambda content: _set(content, *case))
    return world.report()


@each("record", EITHER, {k: ODD[k] for k in list(ODD)[::4]})
def manifest_odd_table(world, case):
    world.built("table", change=lambda content: _set(content, *case))
    return world.verify()


@hostile("record", REFUSED, says=("manifest.json",))
def manifest_nests_deeply_where_anything_may_stand(world):
    path = world.built() / "manifest.json"
    deep = b'{"about": {"citation": ' + b"[" * DEEP + b"]" * DEEP + b"}, "
    path.write_bytes(deep + path.read_bytes()[1:])
    return world.verify()


@hostile("record", REFUSED, says=("manifest.json",))
def manifest_nests_as_deep_as_json_reads(world):
    path = world.built() / "manifest.json"
    deep = b'{"audit": ' + b"[" * 900 + b"]" * 900 + b", "
    path.write_bytes(deep + path.read_bytes()[1:])
    return world.verify()


@hostile("record", REFUSED, says=("manifest.json",))
def manifest_is_larger_than_any(world):
    with (world.built() / "manifest.json").open("r+b") as file:
        file.truncate(3 * 1024**3)
    return world.verify()


@hostile("record", REFUSED, says=("manifest.json",))
def manifest_has_a_name_twice(world):
    path = world.built() / "manifest.json"
    path.write_bytes(b'{"files": {}, ' + path.read_bytes().lstrip()[1:])
    return world.verify()


# ------------------------------------------------------------------ names that are run

BAIT = 'from pathlib import Path\nPath(__file__).with_name("RAN").write_text("")\n'


def _plant(world, name):
    """Put modules where they would be found, and a manifest that names one."""

    def change(content):
        content |= {"dataset": name, "recipe": {}}

    out = world.built(change=change)
    for path in (out / "evil.py", out / "package/__init__.py", world.cwd / "evil.py"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(BAIT)


@each(
    "record",
    REFUSED,
    {"module": "evil", "dotted": "evil.evil", "object": "evil:x", "package": "package"},
)
def manifest_names_code(world, name):
    _plant(world, name)
    world.patches.append((sys, "path", [str(world.out), str(world.cwd), *sys.path]))
    return world.verify()


@hostile("record", REFUSED, started=True)
def manifest_names_code_beside_it(world):
    """As ``python -m builder verify .`` finds it, which has the folder in its path."""
    _plant(world, "evil")
    world.cwd = world.out
    return ["verify", "."]


@each(
    "record",
    REFUSED,
    {
        "beside": "../outside/r.toml",
        "here": "r.toml",
        "url": "http://127.0.0.1:9/r.toml",
    },
)
def manifest_names_a_recipe(world, name):
    """A file that the one who verifies never gave."""

    def change(content):
        content |= {"dataset": name, "recipe": {}}

    for folder in (world.outside, world.cwd):
        (folder / "r.toml").write_text(f'kind = "{SECRET}"')
    world.built(change=change)
    return world.verify()


@hostile("record", REFUSED)
def lock_names_code(world):
    world.coco()
    lock = read_json(world.bases / "build-coco/selection.json")
    lock |= {"dataset": "evil", "recipe": {}}
    (world.cwd / "evil.py").write_text(BAIT)
    world.patches.append((sys, "path", [str(world.cwd), *sys.path]))
    path = world.source / "lock.json"
    path.write_text(json.dumps(sealed(lock)))
    return world.plan("--lock", path)


# --------------------------------------------------------------- files that it lists

PATHS = {
    "above": "../outside/bait.txt", "above-deep": "data/../../outside/bait.txt",
    "absolute": "/etc/hosts", "drive": "C:/a.txt", "backslash": "..\\outside\\bait.txt",
    "scheme": "file:///etc/hosts", "home": "~/a.txt", "nul": "a\0b", "newline": "a\nb",
    "empty": "", "dot": "./README.md", "hidden": ".git/config", "slash": "a//b",
    "long": "x" * 5000, "escape": "\x1b[31m.md", "half": "\ud800.md",
    "state": ".trimset/build.json", "itself": "manifest.json",
}  # fmt: skip


@each("path", REFUSED, PATHS)
def manifest_lists(world, name):
    try:
        data = (world.out / name).read_bytes()
    except (OSError, ValueError):
        data = b""
    digest = hashlib.sha256(data).hexdigest()

    def change(content):
        content["files"][name] = {"sha256": digest, "bytes": len(data)}

    if "\ud800" in name:
        path = world.built() / "manifest.json"
        entry = f'{{"files": {{"{name}": {{}}}}, '.encode("utf-8", "surrogatepass")
        path.write_bytes(entry + path.read_bytes().lstrip()[1:])
        return world.verify()
    world.built(change=change)
    return world.verify()


@each("path", REFUSED, {k: PATHS[k] for k in ("above", "absolute", "scheme")})
def manifest_loads(world, name):
    """A config names a file that the list of files does not have."""

    def change(content):
        content["configs"]["default"]["train"]["files"] = [name]

    world.built(change=change)
    return world.report()


@hostile("record", RIGHT)
def manifest_as_it_was_built(world):
    world.built()
    return world.verify()
