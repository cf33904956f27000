"""Zips on this machine and elsewhere: every lie that a directory can tell."""

from __future__ import annotations

import functools
import io
import shutil
import struct
import zipfile
import zlib

from tests.hostile.trial import EITHER, REFUSED, each, hostile

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
CENTRAL, _LOCAL, _END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"


def pack(files, method=DEFLATED):
    """Return a zip of these names and bytes."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


def patch_first(where, offset, form, *values):
    """Change numbers of the first header of a kind; None leaves one as it is."""

    def patch(data):
        made = bytearray(data)
        struct.pack_into(form, made, data.index(where) + offset, *values)
        return bytes(made)

    return patch


def images(world):
    return {p.name: p.read_bytes() for p in sorted((world.source / "train").iterdir())}


def use(world, data, what):
    """Make a zip of the annotations, or the images, of the source."""
    recipe = world.source / "r.toml"
    old, new = ('"train/"', '"a.zip"')
    if what == "annotations":
        old, new = '"train.json"', '"a.zip"'
    recipe.write_text(recipe.read_text().replace(old, new))
    (world.source / "a.zip").write_bytes(data)
    if what == "images":
        shutil.rmtree(world.source / "train")
    else:
        (world.source / "train.json").unlink()


def inputs(world, what):
    world.coco()
    if what == "images":
        return images(world)
    return {"train.json": (world.source / "train.json").read_bytes()}


LIES = {
    "encrypted": patch_first(CENTRAL, 8, "<H", 1),
    "method": patch_first(CENTRAL, 10, "<H", 99),
    "crc": patch_first(CENTRAL, 16, "<L", 0x12345678),
    "size": patch_first(CENTRAL, 24, "<L", 7),
    "size-huge": patch_first(CENTRAL, 24, "<L", 0xFFFFFFF0),
    "packed-huge": patch_first(CENTRAL, 20, "<L", 0xFFFFFFF0),
    "size-zip64": patch_first(CENTRAL, 24, "<L", 0xFFFFFFFF),
    "offset": patch_first(CENTRAL, 42, "<L", 0x7FFFFFFF),
    "offset-inside": patch_first(CENTRAL, 42, "<L", 9),
    "disk": patch_first(CENTRAL, 34, "<H", 5),
    "name-length": patch_first(CENTRAL, 28, "<H", 60_000),
    "extra-length": patch_first(CENTRAL, 30, "<H", 60_000),
    "version": patch_first(CENTRAL, 6, "<H", 999),
    "local-name": patch_first(_LOCAL, 30, "<4s", b"evil"),
    "local-method": patch_first(_LOCAL, 8, "<H", 12),
    "local-size": patch_first(_LOCAL, 18, "<L", 3),
    "local-signature": patch_first(_LOCAL, 0, "<4s", b"EVIL"),
    "local-encrypted": patch_first(_LOCAL, 6, "<H", 1),
    "local-extra": patch_first(_LOCAL, 28, "<H", 60_000),
    "end-offset": patch_first(_END, 16, "<L", 0x7FFFFFFF),
    "end-size": patch_first(_END, 12, "<L", 0x7FFFFFFF),
    "end-zip64": patch_first(_END, 10, "<HLL", 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
    "cut": lambda data: data[: len(data) // 2],
    "cut-end": lambda data: data[:-3],
    "noise": lambda data: b"\x5a" * len(data),
    "head-only": lambda data: data[:30] + b"\0" * 500,
    "nothing": lambda _: b"",
    "flipped": lambda data: data[:60] + bytes(255 - b for b in data[60:80]) + data[80:],
}


@each("archive", REFUSED, LIES, says=("a.zip",))
def zip_of_images_lies(world, lie):
    use(world, lie(pack(inputs(world, "images"))), "images")
    recipe = world.source / "r.toml"  # all of the images
    recipe.write_text(recipe.read_text().replace("train = 4", "train = 6"))
    return world.quick()


_LENGTHS = ("name-length", "extra-length")  # of the one member, which is told by them


@each("archive", EITHER, {name: LIES[name] for name in _LENGTHS})
def zip_of_annotations_may_lie(world, lie):
    use(world, lie(pack(inputs(world, "annotations"))), "annotations")
    return world.quick()


@each(
    "archive",
    REFUSED,
    {name: lie for name, lie in LIES.items() if name not in _LENGTHS},
    says=("a.zip", "train.json"),
)
def zip_of_annotations_lies(world, lie):
    use(world, lie(pack(inputs(world, "annotations"))), "annotations")
    return world.quick()


@functools.cache
def _bomb(size, told):
    """Return a zip whose one member inflates to `size` zeros and declares `told`."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = packer.compress(bytes(size)) + packer.flush()
    name = b"train.json"
    head = struct.pack("<5H3L2H", 20, 0, 8, 0, 0, 0, len(raw), told, len(name), 0)
    local = _LOCAL + head + name + raw
    central = (
        CENTRAL
        + struct.pack("<H", 20)
        + head
        + struct.pack("<HHHLL", 0, 0, 0, 0, 0)
        + name
    )
    end = struct.pack("<4s4H2LH", _END, 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


@each(
    "archive",
    REFUSED,
    {
        "lies": (30_000_000, 1000),
        "says": (1000, 3 * 1024**3),
        "says-most": (1000, 0xFFFFFFFE),
        "both": (30_000_000, 0xF0000000),
    },
    says=("a.zip",),
)
def zip_is_a_bomb(world, sizes):
    world.coco()
    use(world, _bomb(*sizes), "annotations")
    return world.quick()


@hostile("archive", REFUSED, says=("a.zip",))
def zip_of_annotations_inflates_to_more_than_is_taken(world):
    """As it says: 30 MB of zeros, in 30 kB."""
    world.coco()
    use(world, _bomb(30_000_000, 30_000_000), "annotations")
    return world.quick("--max-file-size", "20MB")


@hostile("archive", REFUSED, says=("a.zip",))
def zip_of_members_that_lie_in_each_other(world):
    data = pack(inputs(world, "images"), STORED)
    made = bytearray(data)
    places = [i for i in range(len(data)) if data[i : i + 4] == CENTRAL]
    for place in places:
        struct.pack_into("<L", made, place + 42, 0)
    use(world, bytes(made), "images")
    return world.quick()


@hostile("archive", REFUSED, says=("a.zip",))
def zip_has_a_name_twice(world):
    import warnings

    files = inputs(world, "images")
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, data in [*files.items(), *files.items()]:
            archive.writestr(name, data)
    use(world, sink.getvalue(), "images")
    return world.quick()
