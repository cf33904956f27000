"""Members of zips: their names and kinds, and zips that are good."""

from __future__ import annotations

import io
import stat
import zipfile

from tests.hostile.archives import LIES, STORED, inputs, pack, use
from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile

NAMES = {
    "above": "../../outside/bait.jpg", "absolute": "/etc/hosts", "drive": "C:\\a.jpg",
    "nul": "a\0b.jpg", "escape": "\x1b[31m.jpg", "long": "x" * 60_000, "empty": " ",
    "bidi": "\u202egpj.exe", "newline": "a\nb.jpg", "scheme": "http://a/b.jpg",
}  # fmt: skip


@each("archive", EITHER, NAMES)
def zip_member_is_called(world, name):
    files = {**inputs(world, "images"), name: b"x"}
    use(world, pack(files), "images")
    return world.quick()


@each("archive", REFUSED, {k: NAMES[k] for k in ("above", "absolute", "scheme", "nul")})
def zip_member_and_record_are_called(world, name):
    files = inputs(world, "images")

    def change(content):
        content["images"][1]["file_name"] = name

    world.coco(change)
    files[name] = files["000000000002.jpg"]
    use(world, pack(files), "images")
    return world.quick()


def _with_info(world, mode):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, data in inputs(world, "images").items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (mode | 0o777) << 16
            is_link = stat.S_ISLNK(mode)
            archive.writestr(info, b"../../outside/bait.jpg" if is_link else data)
    return sink.getvalue()


@each(
    "archive",
    EITHER,
    {"link": stat.S_IFLNK, "pipe": stat.S_IFIFO, "device": stat.S_IFCHR},
)
def zip_member_says_that_it_is_a(world, mode):
    use(world, _with_info(world, mode), "images")
    return world.quick()


@each(
    "archive",
    RIGHT,
    {
        "stored": lambda files: pack(files, STORED),
        "deflated": pack,
        "comment": lambda files: pack(files)[:-2] + b"\x03\x00abc",
        "before": lambda files: b"#!/bin/sh\n" * 9 + pack(files),
        "folder": lambda files: pack({f"train/{n}": d for n, d in files.items()}),
        "mac": lambda files: pack(files | {f"__MACOSX/._{n}": b"x" for n in files}),
    },
)
def zip_is_good(world, make):
    use(world, make(inputs(world, "images")), "images")
    return world.quick()


@each("archive", REFUSED, {"zip": "a.zip", "nested": "b.zip"})
def zip_holds_only_a_zip(world, name):
    inner = pack(inputs(world, "annotations"))
    use(world, pack({name: inner}), "annotations")
    return world.quick()


@hostile("archive", REFUSED)
def zip_of_no_members(world):
    inputs(world, "images")
    use(world, pack({}), "images")
    return world.quick()


@hostile("archive", EITHER)
def zip_of_a_hundred_thousand_empty_members(world):
    files = inputs(world, "images")
    use(
        world,
        pack({**files, **{f"e/{i}": b"" for i in range(20_000)}}, STORED),
        "images",
    )
    return world.plan()


@each(
    "archive",
    REFUSED,
    {
        "gzip": b"\x1f\x8b\x08\0",
        "tar": b"a" * 257 + b"ustar\0",
        "7z": b"7z\xbc\xaf'\x1c",
        "rar": b"Rar!\x1a\x07",
    },
)
def archive_of_another_kind(world, head):
    inputs(world, "images")
    use(world, head + b"\0" * 1000, "images")
    return world.quick()


@each(
    "archive",
    EITHER,
    {"lies": LIES["size-huge"], "cut": LIES["cut"], "crc": LIES["crc"]},
)
def init_looks_at_a_zip_that(world, lie):
    files = inputs(world, "annotations")
    (world.source / "a.zip").write_bytes(lie(pack(files)))
    (world.source / "r.toml").unlink()
    return ["init", world.source, "--out", world.out / "r.toml"]
