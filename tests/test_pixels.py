"""The structural check and the decoded facts of one image."""

import io
import json
import random
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from builder import pixels
from builder.pixels import check_structure

SHARED = Path(__file__).parents[1] / ".." / "shared" / "data"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="third-party images are not part of the project"
)


def draw(width=96, height=64, *, seed=0, mode="RGB"):
    """Smooth random colours: an image that survives re-encoding, unlike noise."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    return image.convert(mode)


def encode(image, kind="JPEG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


@pytest.mark.parametrize("kind", pixels.FORMATS)
def test_structure_accepts_every_format(kind):
    data = encode(draw(), kind)
    assert check_structure(data) is None
    assert check_structure(memoryview(data), width=96, height=64) is None


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_rows": 1}])
def test_structure_accepts_other_jpegs(options):
    data = encode(draw(), **options)
    assert check_structure(data, width=96, height=64) is None
    assert "truncated" in check_structure(data[:-2])


@pytest.mark.parametrize("kind", pixels.FORMATS)
def test_structure_names_another_size(kind):
    reason = check_structure(encode(draw(), kind), width=64, height=96)
    assert "its size is 96 x 64" in reason
    assert "states 64 x 96" in reason


def test_structure_follows_exif_orientation_to_the_side_only():
    turned = encode(draw(), exif=exif(6))
    assert check_structure(turned, width=64, height=96) is None
    assert check_structure(turned, width=96, height=64) is None
    upside_down = encode(draw(), exif=exif(3))
    assert check_structure(upside_down, width=64, height=96) is not None


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_structure_finds_every_cut(kind):
    data = encode(draw(), kind)
    for stop in range(len(data)):
        assert check_structure(data[:stop]) is not None, stop


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_structure_tolerates_bytes_after_the_end(kind):
    assert check_structure(encode(draw(), kind) + bytes(1000)) is None


def test_structure_tolerates_fill_and_stray_bytes_between_segments():
    data = encode(draw())
    assert check_structure(data[:2] + b"\xff\xff\xff" + data[2:], width=96) is None
    assert check_structure(data[:2] + b"junk" + data[2:], width=96) is None


def test_structure_is_not_fooled_by_the_end_marker_of_a_thumbnail():
    thumbnail = encode(draw(16, 16))
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    data = encode(draw())
    whole = data[:2] + segment + data[2:]
    assert check_structure(whole, width=96, height=64) is None
    assert "no end marker (EOI)" in check_structure(whole[:-2])


def png_of_size(width, height):
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [header, b"IDAT" + zlib.compress(b""), b"IEND"]
    body = b"".join(
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c))
        for c in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def test_structure_names_empty_and_huge_images():
    assert check_structure(b"") == "is an empty file"
    assert check_structure(png_of_size(0, 5)) == "is empty: its size is 0 x 5"
    assert "safely: 50000 x 50000" in check_structure(png_of_size(50_000, 50_000))


def test_structure_refuses_formats_that_are_not_listed():
    assert "not an image in any of JPEG, PNG" in check_structure(encode(draw(), "PCX"))
    assert "begins with 3c68746d6c3e" in check_structure(b"<html>404</html>")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xd8\xff\xd9\x00\x00", "ends before the first scan"),
        (b"\xff\xd8\xff\xda\x00\x02\xff\xd9", "scan comes before its size"),
        (b"\xff\xd8\xff\xd0\xff\xd9\x00\x00", "ends before the first scan"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "not a whole IHDR"),
    ],
)
def test_structure_names_odd_headers(data, reason):
    assert reason in check_structure(data)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n"])
)
def test_structure_never_raises(tail, head):
    reason = check_structure(head + tail)
    assert reason is None or reason.split()[0] in {"is", "holds"}


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_structure_never_raises_on_a_damaged_image(seed):
    rng = random.Random(seed)
    data = bytearray(encode(draw(), rng.choice(["JPEG", "PNG", "GIF", "TIFF"])))
    for _ in range(20):
        data[rng.randrange(len(data))] = rng.randrange(256)
    assert isinstance(check_structure(bytes(data)), str | None)


@needs_shared
def test_structure_of_real_images():
    sizes = {}
    for split in ("train", "val"):
        path = SHARED / f"coco/tiny/annotations/instances_{split}2017.json"
        for image in json.loads(path.read_text())["images"]:
            sizes[image["file_name"]] = image["width"], image["height"]
    assert len(sizes) == 100
    for path in SHARED.glob("coco/tiny/*/*.jpg"):
        width, height = sizes[path.name]
        assert check_structure(path.read_bytes(), width=width, height=height) is None
    for path in SHARED.glob("isic/train/*.jpg"):
        assert check_structure(path.read_bytes()) is None


@needs_shared
def test_structure_of_bad_images():
    reasons = {p.name: check_structure(p.read_bytes()) for p in SHARED.glob("bad/*")}
    broken = {name: reason.split(":")[0] for name, reason in reasons.items() if reason}
    assert broken == {
        "broken_data_stream.png": "is truncated",
        "truncated_image.png": "is truncated",
        "truncated_jpeg.jpg": "is truncated",
        "decompression_bomb.gif": "is too large to open safely",
        "zero_width.gif": f"is not an image in any of {', '.join(pixels.FORMATS)}, "
        "or one without width or height",
    }


def test_structure_leaves_the_warning_filters_alone():
    before = list(warnings.filters)
    check_structure(encode(draw(), "GIF"))
    assert warnings.filters == before
