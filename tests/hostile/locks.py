"""A lock that somebody hands over."""

from __future__ import annotations

import json

from tests.fuzz.seeds import sealed
from tests.hostile.manifests import RAW
from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile
from tests.small import read_json


def _lock(world, change=None):
    world.coco()
    content = read_json(world.bases / "build-coco/selection.json")
    path = world.source / "lock.json"
    if change is not None:
        change(content)
        content = sealed(content)
    path.write_text(json.dumps(content))
    return path


@each("record", REFUSED, RAW, says=("lock.json",))
def lock_is(world, data):
    path = _lock(world)
    path.write_bytes(data)
    return world.plan("--lock", path)


FIELDS = {
    "format": 1, "dataset": [], "rule": None, "recipe": [], "inputs": {}, "draws": [],
}  # fmt: skip


@each("record", REFUSED, {n: (n, v) for n, v in FIELDS.items()}, says=("lock.json",))
def lock_type(world, case):
    def change(content):
        content[case[0]] = case[1]

    return world.plan("--lock", _lock(world, change))


@each(
    "record",
    REFUSED,
    {
        "escapes": ("dataset", "\x1b]0;title\x07\u202e"),
        "long": ("dataset", "x" * 100_000),
        "recipe": ("recipe", {"\x1b[31m": ["\u202e"]}),
        "recipe-nested": ("recipe", {"kind": "coco", "targets": {"a": [[{}]]}}),
        "inputs": ("inputs", [{"role": "\x1b[2J", "name": "\n", "sha256": "0" * 64}]),
        "inputs-twice": (
            "inputs",
            [{"role": "a", "name": "b", "sha256": "0" * 64}] * 9,
        ),
        "draws": ("draws", {"default": {"train": ["\x1b[31m"]}}),
        "draws-other": ("draws", {"a": {}, "\u202e": {"b": []}}),
        "rule": ("rule", "\x1b[31m"),
    },
    says=("lock.json",),
)
def lock_says(world, case):
    def change(content):
        content[case[0]] = case[1]

    return world.plan("--lock", _lock(world, change))


@hostile("record", REFUSED, says=("lock.json",))
def lock_was_changed(world):
    path = _lock(world)
    path.write_text(path.read_text().replace("000000000002.jpg", "000000000001.jpg"))
    return world.quick("--lock", path)


@hostile("record", REFUSED, says=("lock.json",))
def lock_is_larger_than_any(world):
    path = _lock(world)
    with path.open("r+b") as file:
        file.truncate(3 * 1024**3)
    return world.plan("--lock", path)


@hostile("record", EITHER)
def lock_has_more_than_it_should(world):
    def change(content):
        content["more"] = {"a": [1]}

    return world.plan("--lock", _lock(world, change))


@hostile("record", RIGHT)
def lock_as_it_was_built(world):
    return world.quick("--lock", _lock(world))


@each("record", REFUSED, {k: RAW[k] for k in ("deep-list", "list", "digits", "nul")})
def lock_of_a_build_is(world, data):
    """The lock that lies in a build, whose digest its manifest has."""
    out = world.built()
    (out / "selection.json").write_bytes(data)
    _relist(out, "selection.json")
    return world.verify()


def _relist(out, name):
    import hashlib

    from tests.tiny_build import seal

    content = read_json(out / "manifest.json")
    data = (out / name).read_bytes()
    told = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    content["files"][name] |= told
    seal(out, content)
