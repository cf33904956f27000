"""The structural check and the decoded facts of one image."""

import hashlib
import io
import json
import random
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from builder.images.inspect import ImageFacts, check_structure, inspect
from builder.images.open import FORMATS
from tests.tiny import ROOT

SHARED = ROOT.parent / "shared" / "data"
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


@pytest.mark.parametrize("kind", FORMATS)
def test_structure_accepts_every_format(kind):
    data = encode(draw(), kind)
    assert check_structure(data) is None
    assert check_structure(memoryview(data), width=96, height=64) is None


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_rows": 1}])
def test_structure_accepts_other_jpegs(options):
    data = encode(draw(), **options)
    assert check_structure(data, width=96, height=64) is None
    assert "truncated" in check_structure(data[:-2])


@pytest.mark.parametrize("kind", FORMATS)
def test_structure_names_another_size(kind):
    reason = check_structure(encode(draw(), kind), width=64, height=96)
    assert "its size is 96 x 64" in reason
    assert "states 64 x 96" in reason


def test_structure_follows_exif_orientation_to_the_side_only():
    turned = encode(draw(), exif=exif(6))
    assert check_structure(turned, width=64, height=96) is None
    assert check_structure(turned, width=96, height=64) is None
    upside_down = encode(draw(), exif=exif(3))
    reason = check_structure(upside_down, width=64, height=96)
    assert "its size is 96 x 64" in reason


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
    assert "begins with 6e6f7420616e" in check_structure(b"not an image")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<html>404</html>", "an HTML page"),
        (b"\xef\xbb\xbf\n<?xml version='1.0'?><!DOCTYPE html>", "an HTML page"),
        (b"<?xml version='1.0'?><svg/>", "an SVG drawing"),
        (b"version https://git-lfs.github.com/spec/v1\n", "run git lfs pull"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\0\0\0\x18ftypheic", "HEIC: convert"),
        (b"\0\0\0\x18ftypavif", "AVIF: convert"),
        (b"\0\0\0\x18ftypisom", "a video"),
        (bytes(128) + b"DICM", "a DICOM file"),
    ],
)
def test_what_is_no_image_is_named_for_what_it_is(data, words):
    assert check_structure(data).startswith("is no image but ")
    assert words in check_structure(data)


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
    photographs = list(SHARED.glob("coco/tiny/*/*.jpg"))
    assert len(photographs) == 100
    for path in photographs:
        width, height = sizes[path.name]
        assert check_structure(path.read_bytes(), width=width, height=height) is None
    lesions = list(SHARED.glob("isic/train/*.jpg"))
    assert len(lesions) == 7
    for path in lesions:
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
        "zero_width.gif": f"is not an image in any of {', '.join(FORMATS)}, "
        "or one without width or height",
    }


def test_structure_leaves_the_warning_filters_alone():
    before = list(warnings.filters)
    check_structure(encode(draw(), "GIF"))
    assert warnings.filters == before


def distance(left, right):
    """By how many levels of 255 two thumbnails differ on average."""
    a, b = (np.frombuffer(f.thumbnail, np.uint8).astype(int) for f in (left, right))
    return np.abs(a - b).mean()


@pytest.mark.parametrize("kind", FORMATS)
def test_inspect_tells_the_facts_of_every_format(kind):
    data = encode(draw(), kind)
    facts = inspect(memoryview(data))
    assert facts.reason is None
    assert facts.sha256 == hashlib.sha256(data).digest()
    assert (facts.width, facts.height, facts.format) == (96, 64, kind)
    assert not facts.is_grey
    assert distance(facts, inspect(encode(draw(), "PNG"))) < 4


@pytest.mark.parametrize("size", [(20, 20), (33, 200), (640, 480), (645, 427)])
def test_inspect_makes_the_thumbnail_of_the_whole_image(size):
    image = draw(*size)
    expected = np.asarray(image.convert("L").resize((24, 24), Image.Resampling.LANCZOS))
    found = np.frombuffer(inspect(encode(image, quality=95)).thumbnail, np.uint8)
    assert np.abs(found.reshape(24, 24).astype(int) - expected).mean() < 1.5


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_inspect_tells_grey_from_colour(mode):
    if mode == "I;16":
        deep = np.asarray(draw(mode="L")).astype(np.uint16) * 256
        data = encode(Image.fromarray(deep), "PNG")
    else:
        data = encode(draw(mode="L").convert(mode), "PNG")
    facts = inspect(data)
    assert facts.reason is None
    assert facts.is_grey


@pytest.mark.parametrize("quality", [30, 75, 95])
def test_inspect_finds_grey_pictures_in_colour_files(quality):
    grey = encode(draw(640, 480, mode="L").convert("RGB"), quality=quality)
    assert inspect(grey).is_grey
    colour = inspect(encode(draw(640, 480), quality=quality))
    assert not colour.is_grey
    assert colour.mode == "RGB"


def test_inspect_reads_jpegs_of_any_colour_space():
    assert inspect(encode(draw(mode="CMYK"))).mode == "CMYK"
    rgb = inspect(encode(draw(), keep_rgb=True))
    assert rgb.reason is None
    assert distance(rgb, inspect(encode(draw()))) <= 2


def test_inspect_reads_a_palette_with_alpha_without_a_warning():
    image = draw(mode="P")
    facts = inspect(encode(image, "PNG", transparency=bytes(range(256))))
    assert (facts.reason, facts.mode) == (None, "P")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_inspect_makes_the_thumbnail_of_the_image_as_it_is_shown(orientation):
    data = encode(draw(), "PNG", exif=exif(orientation))
    facts = inspect(data)
    assert (facts.width, facts.height) == (96, 64)
    with Image.open(io.BytesIO(data)) as image:
        shown = encode(ImageOps.exif_transpose(image), "PNG")
    assert distance(facts, inspect(shown)) < 0.5


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    width=st.integers(100, 700),
    height=st.integers(100, 700),
    times=st.sampled_from([0.33, 0.5, 0.75, 1.0, 1.3]),
    quality=st.integers(40, 95),
)
def test_inspect_thumbnail_survives_resizing_and_encoding(
    seed, width, height, times, quality
):
    image = draw(width, height, seed=seed)
    size = max(1, round(width * times)), max(1, round(height * times))
    copy = image.resize(size, Image.Resampling.BICUBIC)
    left, right = inspect(encode(image, "PNG")), inspect(encode(copy, quality=quality))
    assert distance(left, right) < 4


def test_inspect_gives_a_reason_for_every_cut():
    for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"):
        data = encode(draw(), kind)
        stops = range(0, len(data) - 64, 97)
        assert len(stops) > 1, kind
        for stop in stops:
            facts = inspect(data[:stop])
            assert facts.reason is not None, (kind, stop)
            assert facts == ImageFacts(facts.sha256, facts.reason)


def test_inspect_finds_what_only_decoding_finds():
    data = bytearray(encode(draw(), "PNG"))
    data[len(data) // 2] ^= 0xFF
    assert check_structure(bytes(data)) is None
    assert inspect(bytes(data)).reason.startswith("cannot be decoded: ")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(FORMATS))
def test_inspect_never_raises_on_a_damaged_image(seed, kind):
    rng = random.Random(seed)
    data = bytearray(encode(draw(), kind))
    for _ in range(rng.randrange(1, 20)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    facts = inspect(bytes(data))
    assert facts.sha256 == hashlib.sha256(data).digest()
    assert facts.reason is None or "\n" not in facts.reason


@needs_shared
def test_inspect_of_bad_images():
    facts = {p.name: inspect(p.read_bytes()) for p in SHARED.glob("bad/*")}
    good = {name: (f.mode, f.is_grey) for name, f in facts.items() if f.reason is None}
    assert good == {
        "exif_typeerror.jpg": ("RGB", False),
        "hopper_gray.jpg": ("L", True),
        "hopper_orientation_6.jpg": ("RGB", False),
        "pil_sample_cmyk.jpg": ("CMYK", False),
        "truncated_app14.jpg": ("RGB", False),
    }


@needs_shared
def test_inspect_of_real_images():
    paths = [*SHARED.glob("coco/tiny/*/*.jpg"), *SHARED.glob("isic/train/*.jpg")]
    facts = {path.stem: inspect(path.read_bytes()) for path in paths}
    assert len(facts) == 107
    assert {f.reason for f in facts.values()} == {None}
    grey = sorted(name for name, f in facts.items() if f.is_grey)
    assert grey == ["000000204805", "000000456496"]


def test_threads_do_not_change_the_warning_filters():
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(inspect, [encode(draw(seed=seed)) for seed in range(50)]))
    assert warnings.filters == before


def test_structure_refuses_a_huge_image_of_another_format():
    screen = struct.pack("<HHBBB", 65_000, 65_000, 0, 0, 0)
    frame = struct.pack("<HHHHB", 0, 0, 65_000, 65_000, 0)
    bomb = b"GIF89a" + screen + b"," + frame + b"\x02\0;"
    assert check_structure(bomb) == "is too large to open safely"
    assert inspect(bomb).reason == "is too large to open safely"


def test_structure_does_not_trust_exif_that_cannot_be_read():
    segment = b"Exif\0\0" + b"II*\0" + b"\xff" * 40
    exif_marker = b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment
    plain = encode(draw())
    data = plain[:2] + exif_marker + plain[2:]
    assert check_structure(data, width=96, height=64) is None
    assert "states 64 x 96" in check_structure(data, width=64, height=96)
    facts = inspect(data)
    assert (facts.reason, facts.thumbnail) == (None, inspect(plain).thumbnail)


def test_structure_survives_what_reading_exif_may_raise(monkeypatch):
    def fail(image):
        raise TypeError("a tag of another type")

    monkeypatch.setattr(Image.Image, "getexif", fail)
    reason = check_structure(encode(draw(), "PNG"), width=64, height=96)
    assert "states 64 x 96" in reason


def test_a_reason_is_the_same_every_time():
    """A build writes it down: no address of an object of this process is in it."""
    data = encode(draw())
    place = data.index(b"\xff\xc0")
    of_12_bits = data[: place + 4] + b"\x0c" + data[place + 5 :]
    reason = inspect(of_12_bits).reason
    assert reason is not None
    assert reason.startswith("cannot be decoded: ")
    assert "0x" not in reason
