"""Images: cut, empty, endless, too large, of other formats; and good ones."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

from PIL import Image

from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile
from tests.hostile.world import picture

BAD = Path(__file__).resolve().parents[3] / "shared/data/bad"
SIZE = 16, 12


def saved(kind, mode="RGB", **more):
    """Return a picture in this format."""
    sink = io.BytesIO()
    picture(5).convert(mode).save(sink, kind, **more)
    return sink.getvalue()


def chunk(kind, data):
    """Return a chunk of a PNG."""
    return (
        struct.pack(">L", len(data))
        + kind
        + data
        + struct.pack(">L", zlib.crc32(kind + data))
    )


def png(*chunks, size=SIZE, colour=2, pixels=None):
    """Return a PNG with these chunks after its header."""
    head = chunk(b"IHDR", struct.pack(">2L5B", *size, 8, colour, 0, 0, 0))
    raw = b"".join(b"\0" + bytes(3 * SIZE[0]) for _ in range(SIZE[1]))
    data = chunk(b"IDAT", zlib.compress(raw if pixels is None else pixels))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + data + chunk(b"IEND", b"")


def many_scans(times):
    """Return a progressive JPEG whose last scan is there so many times."""
    data = saved("JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    return data[:scan] + data[scan:-2] * times + data[-2:]


def frame(size):
    """Return a JPEG that declares this size."""
    data = bytearray(saved("JPEG"))
    struct.pack_into(">2H", data, data.index(b"\xff\xc0") + 5, size[1], size[0])
    return bytes(data)


def tiff(*entries):
    """Return a TIFF of these: tag, type, count, value; its folder is its next."""
    made = struct.pack("<2sHLH", b"II", 42, 8, len(entries))
    for entry in entries:
        made += struct.pack("<2H2L", *entry)
    return made + struct.pack("<L", 8)


def bmp(side):
    """Return a BMP of so many pixels a side, none of which are there."""
    return b"BM" + struct.pack("<4L2l2H", 99, 0, 54, 40, side, side, 1, 24) + bytes(99)


def moving(kind, times, mode="RGB"):
    """Return a picture of so many frames."""
    frames = [Image.new(mode, SIZE)] * times
    return saved(kind, mode, save_all=True, append_images=frames)


def exif(data):
    """Return a JPEG with these bytes for EXIF."""
    return saved("JPEG", exif=b"Exif\0\0" + data)


JPEG, PNG = saved("JPEG"), saved("PNG")
BOMB = zlib.compress(bytes(8_000_000))  # eight times what Pillow takes of a text
XMP = b"http://ns.adobe.com/xap/1.0/\0"
BROKEN = {
    "empty": b"", "one-byte": b"\xff", "text": b"no image", "zeros": bytes(500),
    "jpeg-cut": JPEG[: len(JPEG) // 2], "jpeg-no-end": JPEG[:-2],
    "jpeg-head": JPEG[:20],
    "jpeg-no-scan": JPEG[: JPEG.index(b"\xff\xda")] + b"\xff\xd9",
    "jpeg-of-nothing": frame((0, 0)), "jpeg-of-no-width": frame((0, 12)),
    "jpeg-huge": frame((65_535, 65_535)), "jpeg-tall": frame((1, 65_535)),
    "jpeg-fill": b"\xff\xd8" + b"\xff" * 100_000,

    "png-cut": PNG[:-15], "png-head": PNG[:20], "png-huge": png(size=(60_000, 60_000)),
    "png-largest": png(size=(2**31 - 1, 2**31 - 1)), "png-zero": png(size=(0, 12)),
    "png-depth": png(colour=77), "png-crc": PNG[:40] + b"\0" + PNG[41:],
    "png-chunk": png(b"\xff\xff\xff\xffevil"), "png-no-pixels": png(pixels=b""),
    "png-bomb": png(size=(20_000, 20_000), pixels=bytes(10_000_000)),
    "png-short": png(pixels=b"\0" * 10),
    "gif-zero": b"GIF89a" + bytes(20),
    "gif-huge": b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(9),
    "bmp-huge": bmp(2**30), "bmp-negative": bmp(-5),
    "tiff-loop": tiff((256, 4, 1, 16), (257, 4, 1, 12)), "tiff-empty": tiff(),
    "tiff-count": tiff((256, 4, 2**32 - 1, 8), (257, 4, 1, 12)),
    "tiff-huge": tiff((256, 4, 1, 2**31), (257, 4, 1, 2**31), (273, 4, 1, 8)),
    "webp-cut": saved("WEBP")[:30],
    "webp-head": b"RIFF\xff\xff\xff\xffWEBPVP8X" + bytes(20),
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hosts"/></svg>',
    "html": b"<!doctype html><title>x", "pdf": saved("PDF"), "ico": saved("ICO"),
    "lfs": b"version https://git-lfs.github.com/spec/v1\n", "gzip": b"\x1f\x8b\x08\0",
    "jp2": b"\0\0\0\x0cjP  \r\n\x87\n", "fits": b"SIMPLE  =   T" + bytes(90),
    "mpeg": bytes(4) +
    b"ftypisom" + bytes(50),
    "escape": b"\x1b[2J\x1b]0;x\x07" * 9, "xpm": b'/* XPM */\nstatic char',
    "psd": b"8BPS\0\x01" + bytes(30), "dds": b"DDS " + bytes(124), "tga": saved("TGA"),
    "ppm": saved("PPM"), "pcx": saved("PCX"), "sgi": saved("SGI"),
}  # fmt: skip


def _put(world, data, ending="jpg"):
    world.coco(lambda content: _call(content, ending))
    for image in (world.source / "train").iterdir():
        image.unlink()
    good = saved("JPEG")
    for i in range(1, 7):
        name = f"{i:012}.{ending if i == 2 else 'jpg'}"
        (world.source / "train" / name).write_bytes(data if i == 2 else good)
    recipe = world.source / "r.toml"
    recipe.write_text(recipe.read_text().replace("train = 4", "train = 6"))


def _call(content, ending):
    content["images"][1]["file_name"] = f"{2:012}.{ending}"
    for image in content["images"]:
        image.pop("width")
        image.pop("height")


@each("image", REFUSED, BROKEN, says=("000000000002",))
def image_is(world, data):
    _put(world, data)
    return world.build()


def _leaves_out_one(world, outcome):
    from tests.small import read_json

    broken = read_json(world.out / "manifest.json")["broken"]
    assert [entry["image"].endswith("000000000002.jpg") for entry in broken] == [True]


@each("image", RIGHT, {k: BROKEN[k] for k in list(BROKEN)[::3]}, check=_leaves_out_one)
def broken_image_is_left_out(world, data):
    _put(world, data)
    return world.build("--allow-broken")


@each("image", REFUSED, {k: BROKEN[k] for k in list(BROKEN)[1::4]})
def image_to_be_made_smaller_is(world, data):
    _put(world, data)
    return world.quick("--image-size", 8)


ODD = {
    "scans": many_scans(100), "many-scans": many_scans(2000),
    "text": png(chunk(b"zTXt", b"a\0\0" + BOMB)),
    "words": png(chunk(b"iTXt", b"a\0\1\0\0\0" + BOMB)),
    "profile": png(chunk(b"iCCP", b"a\0\0" + BOMB)),
    "chunks": png(*[chunk(b"teXt", b"")] * 20_000), "trailing": JPEG + bytes(500_000),
    "apple": png(chunk(b"CgBI", b"\0" * 4)), "length": JPEG[:4] + b"\0\0" + JPEG[6:],
    "two": JPEG + JPEG, "exif-loop": exif(tiff((0x8769, 4, 1, 8), (0x8825, 4, 1, 8))),
    "exif-count": exif(tiff((0x0112, 3, 2**32 - 1, 8))),
    "exif-text": exif(b"MM\0*\0\0\0\x08"),
    "exif-orientation": exif(tiff((0x0112, 3, 1, 77))),
    "comment": saved("JPEG", comment=b"x" * 60_000),
    "frames": moving("GIF", 300, "P"), "animated-webp": moving("WEBP", 50),
    "animated-png": moving("PNG", 50),
    "segments": JPEG[:2] + b"\xff\xfe\0\x02" * 100_000 + JPEG[2:],
    "tables": JPEG[:2] + b"\xff\xdd\0\x04\0\0" * 50_000 + JPEG[2:],
    "xmp": JPEG[:2] + b"\xff\xe1\xff\xff" + XMP.ljust(65_533, b"<") + JPEG[2:],
    "fill": JPEG[:2] + b"\xff" * 100_000 + JPEG[2:],

}  # fmt: skip


@each("image", EITHER, ODD)
def odd_image_is(world, data):
    _put(world, data)
    return world.build()


@each(
    "image", EITHER, {k: ODD[k] for k in ("many-scans", "text", "exif-loop", "frames")}
)
def odd_image_made_smaller(world, data):
    _put(world, data)
    return world.quick("--image-size", 8)


GOOD = {
    "grey": saved("JPEG", "L"), "cmyk": saved("JPEG", "CMYK"),
    "progressive": saved("JPEG", progressive=True), "palette": saved("PNG", "P"),
    "bilevel": saved("PNG", "1"), "alpha": saved("PNG", "RGBA"),
    "gif": saved("GIF", "P"),
    "webp": saved("WEBP", lossless=True), "bmp": saved("BMP"), "tiff": saved("TIFF"),
    "lzw": saved("TIFF", compression="tiff_lzw"), "mpo": saved("MPO"),
    "turned": saved("JPEG", exif=b"Exif\0\0" + tiff((0x0112, 3, 1, 6))),
    "float": saved("TIFF", "F"),
}  # fmt: skip


@each("image", RIGHT, GOOD)
def good_image_is(world, data):
    _put(world, data)
    return world.build()


NAMES = {path.name: path.name for path in sorted(BAD.glob("*"))} or {
    name: name
    for name in ("broken_data_stream.png", "truncated_jpeg.jpg", "zero_width.gif")
    if BAD.is_dir()
}


@each("image", EITHER, NAMES)
def image_of_shared_data(world, name):
    """Those that other programs were broken by."""
    _put(world, (BAD / name).read_bytes())
    return world.build()


@hostile("image", REFUSED, says=("000000000002",))
def image_is_another_than_its_record_says(world):
    world.coco()
    picture(3, (40, 30)).save(world.source / "train/000000000002.jpg")
    return world.quick()


@hostile("image", EITHER)
def image_in_a_shard_is_none(world):
    """A build whose Parquet file holds other bytes is shown all the same."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tests.tiny_build import seal

    out = world.built()
    path = out / "data/car/train-00000-of-00001.parquet"
    table = pq.read_table(path)
    images = [{"bytes": many_scans(500), "path": "\x1b[31m"}] * table.num_rows
    column = pa.array(images, table.schema.field("image").type)
    pq.write_table(table.set_column(0, table.schema.field(0), column), path)
    import hashlib

    from tests.small import read_json

    said = read_json(out / "manifest.json")
    data = path.read_bytes()
    said["files"][path.relative_to(out).as_posix()] |= {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
    }
    seal(out, said)
    return world.report()
