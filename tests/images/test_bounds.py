"""What an image may ask for, told before Pillow reads it; one reason for each."""

import os
import struct
import warnings
import zlib
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from builder.images import bounds
from builder.images.bounds import check_bounds
from builder.images.inspect import check_structure, inspect
from builder.images.open import FORMATS, open_image
from builder.images.resize import resize
from builder.images.tags import BrokenError, check_tags
from builder.limits import LIMITS, MAX_ASIDE, MAX_PARTS, MAX_TAG_VALUES, Limits
from builder.page.pictures import make_small
from tests.images.test_inspect import SHARED, draw, encode, exif, needs_shared

BAD = sorted(SHARED.glob("bad/*"))
JPEG = encode(draw())
SCAN = b"\xff\xda"


def segment(marker, payload):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(payload) + 2) + payload


def with_segments(*segments, data=JPEG):
    return data[:2] + b"".join(segments) + data[2:]


def in_frame(place, byte):
    """Return a JPEG with another byte in its start of frame."""
    data = bytearray(JPEG)
    data[data.index(b"\xff\xc0") + place] = byte
    return bytes(data)


def scans(number, data=None):
    """Return a progressive JPEG whose last scan comes again until there are so many."""
    data = data or encode(draw(), progressive=True)
    last = data[data.rindex(SCAN) : -2]
    return data[:-2] + last * (number - data.count(SCAN)) + data[-2:]


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(
        ">I", zlib.crc32(kind + body)
    )  # fmt: skip


def png(*chunks):
    data = encode(draw(), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def tiff(entries, body=b"", order="<"):
    """Return the tags of a TIFF: a directory at byte 8, and what follows it."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    listed = [struct.pack(order + "HHII", *entry) for entry in entries]
    number = struct.pack(order + "H", len(entries))
    return head + number + b"".join(listed) + bytes(4) + body


def overlapping(number, size, order="<"):
    """Return tags that all hold the same bytes."""
    start = 8 + 2 + 12 * number + 4
    entries = [(40_000 + at, 7, size, start) for at in range(number)]
    return tiff(entries, bytes(size), order)


def webp(width, height, *chunks):
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = encode(draw(), "WEBP")[12:]
    parts = [b"VP8X" + struct.pack("<I", 10) + bytes(4) + size, *chunks, body]
    whole = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def bmp(width, height, compression=1):
    info = struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, 8, compression, 0, 0, 0, 0, 0
    )
    return b"BM" + struct.pack("<IHHI", 1078, 0, 0, 1078) + info + bytes(1024)


def gif(comment):
    data = encode(draw(mode="P"), "GIF")
    at = data.index(b",", 13 + 3 * 256)
    return data[:at] + comment + data[at:]


RAW_EXIF = b"Raw profile type exif\0\0" + zlib.compress(
    b"\nexif\n 9\n" + overlapping(3000, 60_000).hex().encode()
)
# As if there were a component more than its first scan has.
SEQUENTIAL = in_frame(9, 4)
HOSTILE = {
    "scans": (scans(65), "has more than 64 scans"),
    "sequential scans": (
        SEQUENTIAL[:-2] + SEQUENTIAL[SEQUENTIAL.rindex(SCAN) : -2] * 70 + JPEG[-2:],
        "has more than 64 scans",
    ),
    "parts of a scan": (
        scans(64)[:-2] + segment(0xFE, SCAN * 9) + segment(0xFE, b"") * MAX_PARTS,
        "is truncated",
    ),
    "fill": (JPEG[:2] + b"\xff" * (MAX_PARTS + 1) + JPEG[2:], "has more than 100,000"),
    "stray": (JPEG[:2] + b"\1" * (MAX_PARTS + 1) + JPEG[2:], "has more than 100,000"),
    "segments": (
        with_segments(segment(0xE5, b"") * (MAX_PARTS + 1)),
        "has more than 100,000 parts",
    ),
    "exif segments": (
        with_segments(segment(0xE1, b"Exif\0\0") * 300),
        "has more than 1,048,576 bytes of EXIF",
    ),
    "exif bytes": (
        with_segments(segment(0xE1, b"Exif\0\0" + bytes(65_000)) * 17),
        "has more than 1,048,576 bytes of EXIF",
    ),
    "exif of one place": (
        with_segments(segment(0xE1, b"Exif\0\0" + overlapping(2500, 30_000))),
        "has more tags than its bytes can hold",
    ),
    "exif of one place in other segments": (
        with_segments(
            segment(0xE1, b"Exif\0\0" + overlapping(5000, 500_000)[:65_000]),
            *[segment(0xE1, b"Exif\0\0" + bytes(60_000))] * 9,
        ),
        "has more tags than its bytes can hold",
    ),
    "exif in a segment that Pillow does not know": (
        with_segments(
            segment(0xF3, segment(0xE1, b"Exif\0\0" + overlapping(2500, 30_000)))
        ),
        "has more tags than its bytes can hold",
    ),
    "exif marked twice": (
        with_segments(segment(0xE1, b"Exif\0\0" * 2 + overlapping(2500, 30_000))),
        "has more tags than its bytes can hold",
    ),
    "big TIFF of one place": (
        b"MM\0+" + overlapping(25_000, MAX_ASIDE, ">")[4:],
        "has more tags than its bytes can hold",
    ),
    "MPF of one place": (
        with_segments(segment(0xE2, b"MPF\0" + overlapping(2500, 30_000))),
        "has more tags than its bytes can hold",
    ),
    "JPEG of 65500": (
        JPEG.replace(struct.pack(">HH", 64, 96), struct.pack(">HH", 65_500, 65_500)),
        "is too large to open safely: 65500 x 65500 pixels",
    ),
    "chunks": (png(chunk(b"aaAa", b"") * MAX_PARTS), "has more than 100,000 chunks"),
    "eXIf": (png(chunk(b"eXIf", overlapping(9000, MAX_ASIDE // 2))), "has more tags"),
    "eXIf bytes": (png(chunk(b"eXIf", bytes(MAX_ASIDE + 1))), "has more than 1,048"),
    "two sizes": (
        png(chunk(b"IHDR", struct.pack(">IIBBBBB", 12_000, 12_000, 8, 2, 0, 0, 0))),
        "is too large to open safely: 12000 x 12000 pixels",
    ),
    "text": (png(chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2 << 20)))), "cannot"),
    "profile": (
        png(chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(2 << 20)))),
        "cannot be decoded",
    ),
    "TIFF of one place": (overlapping(25_000, MAX_ASIDE), "has more tags than"),
    "numbers": (
        tiff([(273, 3, MAX_TAG_VALUES + 1, 26)], bytes(2 * MAX_TAG_VALUES + 2)),
        "has more than 1,048,576 numbers in tags",
    ),
    "tile": (
        tiff([(256, 3, 1, 8), (322, 4, 1, 20_000), (323, 4, 1, 20_000)]),
        "is too large to open safely: it has tiles of 400,000,000 pixels",
    ),
    "big-endian tile": (
        tiff([(322, 3, 1, 20_000 << 16), (323, 3, 1, 20_000 << 16)], order=">"),
        "is too large to open safely: it has tiles of 400,000,000 pixels",
    ),
    "WebP": (webp(16_383, 16_383), "is too large to open safely: 16383 x 16383"),
    "WebP's exif": (
        webp(96, 64, b"EXIF" + struct.pack("<I", 330_014) + overlapping(2500, 300_000)),
        "has more tags than its bytes can hold",
    ),
    "WebP's chunks": (webp(96, 64, b"abcd\0\0\0\0" * MAX_PARTS), "has more than"),
    "GIF's comment": (
        gif(b"!\xfe" + (b"\xff" + b"a" * 255) * 5000 + b"\0"),
        "has more than 1,048,576 bytes, or",
    ),
    "GIF's stray bytes": (gif(b"\1" * (MAX_ASIDE + 1)), "has more than 1,048,576"),
    "run lengths": (bmp(3000, 3000), "is too large to open safely: 3000 x"),
    "run lengths from top": (bmp(3000, -3000), "is too large to open safely: 3000"),
    "negative width": (bmp(-3000, 3000, 0), "is"),
    "no height": (bmp(3000, 0, 0), "is"),
    "JPEG of 255 components": (in_frame(9, 255), "cannot be decoded"),
    "JPEG of 12 bits": (in_frame(4, 12), "cannot be decoded"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_asks_for_too_much_is_broken_everywhere(name):
    data, reason = HOSTILE[name]
    found = inspect(data).reason
    assert found.startswith(reason)
    assert "\n" not in found
    assert make_small(data, [32]).reason is not None
    with pytest.raises(Exception, match=r"."):
        resize(data, 16)


def test_what_is_usual_is_not():
    """Each as far as it may go, or as people have it."""
    for data in (
        scans(64),
        scans(64) + scans(65),  # what follows the end, as in a motion photograph
        with_segments(segment(0xE5, SCAN * 30_000)),
        with_segments(segment(0xE1, b"Exif\0\0" + exif(6).tobytes()[6:])),
        with_segments(segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(65_000)) * 255),
        png(chunk(b"aaAa", b"") * 1000),
        png(chunk(b"eXIf", exif(3).tobytes()[6:])),
        webp(96, 64, b"EXIF" + struct.pack("<I", 26) + exif(3).tobytes()[6:].ljust(26)),
        gif(b"!\xfe" + (b"\xff" + b"a" * 255) * 100 + b"\0"),
        with_segments(segment(0xE1, b"Exif\0\0" + tiff([(0x8769, 4, 1, 8)] * 2))),
        encode(draw(), "TIFF", compression="tiff_adobe_deflate"),
        encode(draw(mode="CMYK")),
    ):
        assert check_structure(data, width=96, height=64) is None, data[:20]
        assert inspect(data).reason is None, data[:20]


def test_scans_are_counted_in_the_picture_alone():
    thumbnail = segment(0xE1, b"Exif\0\0" + b"x" + SCAN * 20_000)
    header = check_bounds(with_segments(thumbnail, data=scans(64)), LIMITS)
    assert header == ((96, 64), True)
    with pytest.raises(BrokenError, match="64 scans"):
        check_bounds(with_segments(thumbnail, data=scans(65)), LIMITS)
    few = Limits(max_scans=3)
    with pytest.raises(BrokenError, match="more than 3 scans"):
        check_bounds(encode(draw(), progressive=True), few)
    assert check_bounds(JPEG, few) == ((96, 64), False)


def test_the_parts_of_a_picture_are_bounded_too(monkeypatch):
    monkeypatch.setattr(bounds, "MAX_PARTS", 100)
    more = scans(64)[:-2] + segment(0xFE, SCAN) * 200 + JPEG[-2:]
    with pytest.raises(BrokenError, match="more than 100 parts in its picture"):
        check_bounds(more, LIMITS)


@pytest.mark.parametrize("kind", FORMATS)
def test_pixels_are_bounded_in_every_format(kind):
    data = encode(draw(), kind)
    few = Limits(max_pixels=96 * 64 - 1)
    words = (
        "is too large to open safely: 96 x 64 pixels, where 6,143 pixels are allowed"
    )
    assert inspect(data, limits=few).reason.startswith(words)
    assert make_small(data, [32], few).reason.startswith(words)
    with pytest.raises(BrokenError, match="96 x 64 pixels"):
        resize(data, 32, few)
    assert inspect(data, limits=Limits(max_pixels=96 * 64)).reason is None


def test_more_pixels_than_pillow_allows_by_itself(monkeypatch):
    """Twice as many as it warns of are an error of its own."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    data = encode(draw(), "GIF")
    assert check_structure(data) == "is too large to open safely"
    wide = Limits(max_pixels=96 * 64)
    assert check_structure(data, limits=wide) is None
    assert Image.MAX_IMAGE_PIXELS == 1000


def test_the_text_of_a_png_is_no_way_around():
    """Of what ImageMagick writes there: upright, and not 180 MB of tags."""
    data = png(chunk(b"zTXt", RAW_EXIF))
    facts = inspect(data)
    assert (facts.reason, facts.orientation) == (None, 1)
    turned = b"\nexif\n 9\n" + exif(3).tobytes()[6:].hex().encode()
    turned = png(chunk(b"zTXt", RAW_EXIF[:23] + zlib.compress(turned)))
    assert inspect(turned).orientation == 3


@pytest.mark.parametrize("kind", FORMATS)
def test_a_cut_of_an_image_is_a_reason_or_right(kind):
    data = encode(draw(24, 16), kind)
    for stop in range(0, len(data), 1 + len(data) // 300):
        for reason in (inspect(data[:stop]).reason, check_structure(data[:stop])):
            assert reason is None or "\n" not in reason


def test_no_memory_is_no_reason(monkeypatch):
    """It says nothing of the image, which another machine would take."""

    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(Image.Image, "convert", full)
    for function in (inspect, partial(make_small, sizes=[32])):
        with pytest.raises(MemoryError):
            function(JPEG)


MAGIC = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"GIF89a", b"BM",
         b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0", b"MM\0+",
         b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPVP8L", b""]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(MAGIC), st.binary(max_size=300))
@example(b"II+\0\x08\0\0\0", b"\xff" * 40)
def test_any_bytes_are_in_bounds_or_broken(magic, data):
    whole = magic + data
    for check in (check_bounds, check_tags):
        try:
            check(whole, LIMITS)
        except BrokenError as err:
            assert str(err)  # noqa: PT017
    assert isinstance(inspect(whole).reason, str | None)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(FORMATS), st.randoms(use_true_random=False))
def test_any_changed_image_has_a_reason_or_is_right(kind, rng):
    options = {} if kind in {"BMP", "GIF"} else {"exif": exif(6)}
    data = bytearray(encode(draw(40, 30), kind, **options))
    for _ in range(rng.randrange(1, 12)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    facts = inspect(bytes(data))
    assert facts.reason is None or "\n" not in facts.reason
    picture = make_small(bytes(data), [32])
    assert (picture.reason is None) == bool(picture.webp)


@needs_shared
@pytest.mark.parametrize(
    "path", sorted(SHARED.glob("bad/*")), ids=lambda path: path.name
)
def test_bad_images_give_a_reason_or_are_right(path):
    data = path.read_bytes()
    facts, picture = inspect(data), make_small(data, [64])
    assert (facts.reason is None) == (picture.reason is None)
    if facts.reason is None:
        assert (picture.width, picture.height) in {
            (facts.width, facts.height),
            (facts.height, facts.width),
        }
        assert np.frombuffer(facts.thumbnail, np.uint8).any()
        with open_image(resize(data, 16)) as small:
            assert min(small.size) == 16
    else:
        assert "\n" not in facts.reason
        with pytest.raises(Exception, match=r"."):
            resize(data, 16)


@pytest.mark.skipif(os.name != "posix", reason="libtiff is a part of Pillow there")
def test_a_damaged_tiff_says_nothing_on_stderr(capfd):
    data = bytearray(encode(draw(), "TIFF", compression="tiff_adobe_deflate"))
    for place in range(20, len(data) // 2, 37):
        data[place] ^= 0x55
    assert inspect(bytes(data)).reason.startswith("cannot be decoded: ")
    assert make_small(bytes(data), [32]).reason.startswith("cannot be decoded: ")
    assert capfd.readouterr().err == ""


def test_odd_tags_of_a_tiff_warn_nobody():
    """Of which Pillow reads some only when it decodes the image."""
    pixels = bytes(range(64))
    entries = [
        (256, 3, 1, 8), (257, 3, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 8 + 2 + 11 * 12 + 4), (278, 3, 1, 8), (279, 4, 1, 64),
        (34665, 4, 1, 170), (65000, 7, 10**6, 8), (65001, 12, 10**6, 8),
    ]  # fmt: skip
    data = tiff(entries, pixels)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert inspect(data).reason is None
        assert make_small(data, [32]).reason is None
        assert resize(data, 4)
    assert caught == []
