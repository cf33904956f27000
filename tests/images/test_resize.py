"""One image made smaller: its size, its pixels, and what is kept beside them."""

import hashlib
import io

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from builder.images.open import FORMATS
from builder.images.resize import resize
from builder.images.sizes import resized_size
from builder.images.tags import BrokenError
from builder.limits import Limits
from tests.images.test_inspect import SHARED, draw, encode, exif, needs_shared

LANCZOS = Image.Resampling.LANCZOS
SIDES = st.integers(1, 20_000)


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def psnr(one, two):
    """Return the likeness of two images of 8 bits in dB; infinite if they are equal."""
    difference = np.asarray(one, np.float64) - np.asarray(two, np.float64)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(255**2 / np.mean(difference**2))


@given(SIDES, SIDES, st.integers(1, 2_000))
@example(3, 2, 1)  # a half
@example(20_000, 1, 1)
def test_the_shorter_side_is_the_size_and_the_shape_stays(width, height, size):
    found = resized_size(width, height, size)
    shorter, longer = sorted((width, height))
    if shorter <= size:
        assert found == (width, height)
        return
    assert min(found) == size
    assert (found[0] <= found[1]) == (width <= height) or found[0] == found[1]
    # The nearest pixel, halves up: -1/2 <= wanted - found < 1/2, times 2 * shorter.
    assert -shorter <= 2 * (longer * size - max(found) * shorter) < shorter
    assert resized_size(height, width, size) == found[::-1]
    assert resized_size(*found, size) == found


def test_a_half_is_rounded_up():
    assert resized_size(3, 2, 1) == (2, 1)
    assert resized_size(5, 2, 1) == (3, 1)
    assert resized_size(10, 4, 2) == (5, 2)
    assert resized_size(223, 300, 224) == (223, 300)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [64, 65, 5_000])
def test_what_is_not_larger_is_not_touched(kind, size):
    data = encode(draw(96, 64), kind)
    assert resize(data, size) is data
    assert min(opened(resize(data, 63)).size) == 63


# How near a resized image is to Pillow's own Lanczos of the whole original, in dB.
NEAREST = {"PNG": np.inf, "BMP": np.inf, "TIFF": np.inf, "JPEG": 38, "WEBP": 36,
           "GIF": 30}  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("shape", [(400, 300), (300, 401)])
def test_pixels_are_those_of_a_direct_lanczos(kind, shape):
    data = encode(draw(*shape), kind)
    found = opened(resize(data, 50))
    original = opened(data)
    assert found.format == kind
    assert found.size == resized_size(*shape, 50)
    wanted = original.convert("RGB").resize(found.size, LANCZOS)
    assert psnr(found.convert("RGB"), wanted) >= NEAREST[kind]


@needs_shared
@pytest.mark.parametrize("folder", ["coco/tiny/train2017", "isic/train"])
def test_photographs_are_near_a_direct_lanczos(folder):
    paths = sorted((SHARED / folder).glob("*.jpg"))[:7]
    assert len(paths) == 7
    for path in paths:
        found = opened(resize(path.read_bytes(), 192))
        with Image.open(path) as original:
            wanted = original.resize(found.size, LANCZOS)
        assert min(found.size) == 192
        assert psnr(found, wanted) > 35, path


@pytest.mark.parametrize(
    ("shape", "size"), [((129, 137), 8), ((257, 265), 16), ((73, 65), 4)]
)
def test_a_jpeg_of_odd_size_is_not_stretched(shape, size):
    """Decoded at 1/8, its last pixel covers but one of the original's."""
    data = encode(draw(*shape), quality=95)
    found = opened(resize(data, size))
    assert psnr(found, opened(data).resize(found.size, LANCZOS)) > 30


def test_a_jpeg_is_decoded_at_twice_the_size_at_least():
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), quality=95)
    for size in (32, 64):
        found = opened(resize(data, size))
        assert psnr(found, opened(data).resize(found.size, LANCZOS)) > 32.5


def test_jpeg_keeps_its_colours_apart():
    """Chroma is not subsampled: red and blue lines of one pixel stay what they are."""
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[::2, :, 0] = stripes[1::2, :, 2] = 255
    large = Image.fromarray(stripes).resize((256, 256), Image.Resampling.NEAREST)
    data = encode(large, quality=100, subsampling=0)
    found = np.asarray(opened(resize(data, 64)), np.int64)
    assert found[::2, :, 0].mean() > 200
    assert found[1::2, :, 0].mean() < 60


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_image_is_as_upright_as_it_was(kind, orientation):
    data = encode(draw(96, 64), kind, exif=exif(orientation))
    small = opened(resize(data, 32))
    upright = ImageOps.exif_transpose(opened(data))
    shown = ImageOps.exif_transpose(small)
    assert shown.size == ((32, 48) if orientation > 4 else (48, 32))
    wanted = upright.resize(shown.size, LANCZOS)
    assert psnr(shown.convert("RGB"), wanted.convert("RGB")) > 30
    if kind != "TIFF":  # which Pillow turns as it loads
        assert small.getexif().get(0x0112, 1) == orientation
        assert small.size == (48, 32)


@pytest.mark.parametrize("wrong", [0, 9, 77])
def test_an_orientation_that_is_none_is_dropped(wrong):
    small = opened(resize(encode(draw(), exif=exif(wrong)), 32))
    assert dict(small.getexif()) == {}


def test_colour_profiles_are_kept_and_other_things_go():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tags = exif(6)
    tags[0x010F] = "a camera"
    for kind in ("JPEG", "PNG", "TIFF", "WEBP"):
        data = encode(draw(), kind, icc_profile=profile, exif=tags, comment=b"words")
        small = opened(resize(data, 32))
        assert small.info["icc_profile"] == profile
        assert 0x010F not in small.getexif()
        assert b"words" not in resize(data, 32)


def flat(mode, size=(96, 64)):
    """Return an image of one colour, half of it lighter."""
    image = Image.new("RGBA", size, (200, 40, 90, 255))
    image.paste((240, 220, 130, 255), (0, 0, size[0] // 2, size[1]))
    image = image.convert("RGB")
    if mode in {"P", "PA"}:
        image = image.quantize(8)
    return image.convert(mode, dither=Image.Dither.NONE)


@pytest.mark.parametrize(
    ("kind", "mode", "becomes"),
    [
        ("PNG", "1", "L"), ("PNG", "P", "RGB"), ("PNG", "L", "L"), ("BMP", "1", "L"),
        ("BMP", "P", "RGB"), ("GIF", "P", "RGB"), ("JPEG", "L", "L"),
        ("JPEG", "CMYK", "CMYK"), ("TIFF", "CMYK", "CMYK"), ("TIFF", "1", "L"),
        ("TIFF", "P", "RGB"), ("TIFF", "LAB", "LAB"), ("TIFF", "PA", "RGBA"),
    ],
)  # fmt: skip
def test_modes_come_out_as_what_they_show(kind, mode, becomes):
    data = encode(flat(mode), kind)
    small = opened(resize(data, 32))
    if kind == "GIF":
        small = small.convert("RGB")
    assert small.mode == becomes
    assert small.size == (48, 32)
    for place in ((4, 16), (44, 16)):
        wanted = opened(data).convert("RGB").getpixel((2 * place[0], 2 * place[1]))
        assert np.allclose(small.convert("RGB").getpixel(place), wanted, atol=3)


def test_bilevel_lines_become_grey():
    lines = np.zeros((64, 64), bool)
    lines[:, ::2] = True
    small = np.asarray(opened(resize(encode(Image.fromarray(lines), "PNG"), 32)))
    assert 100 < np.median(small) < 160


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("PNG", "L", {"transparency": 7}),
        ("PNG", "RGB", {"transparency": (1, 2, 3)}),
        ("PNG", "P", {"transparency": 0}),
        ("PNG", "P", {"transparency": bytes([0, 255])}),
        ("GIF", "P", {"transparency": 0}),
    ],
)
def test_transparency_stays_where_it_was(kind, mode, options):
    image = flat("L").convert(mode) if mode != "P" else Image.new("P", (96, 64), 1)
    if mode == "P":
        image.putpalette([0, 0, 0, 250, 200, 10])
    key = options["transparency"] if mode != "P" else 0
    image.paste(key, (0, 0, 48, 64))
    data = encode(image, kind, **options)
    small = opened(resize(data, 32)).convert("RGBA")
    assert small.getpixel((4, 16))[3] == 0
    assert small.getpixel((44, 16))[3] == 255


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_does_not_bleed(kind):
    """The red under full transparency is not mixed into the edge."""
    image = Image.new("RGBA", (96, 64), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (48, 0, 96, 64))
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    small = np.asarray(opened(resize(encode(image, kind, **options), 30)), np.int64)
    assert small.shape[2] == 4
    seen = small[small[:, :, 3] > 128]
    assert len(seen) > 500
    assert seen[:, 0].max() < 30
    assert small[10, 2, 3] == 0


@pytest.mark.parametrize("order", ["<u2", ">u2"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_stay_sixteen(kind, order):
    values = np.linspace(0, 65_535, 96 * 64).reshape(64, 96).astype(order)
    mode = "I;16B" if order == ">u2" else "I;16"
    image = Image.frombytes(mode, (96, 64), values.tobytes())
    if kind == "PNG":
        image = image.convert("I").convert("I;16")
    small = opened(resize(encode(image, kind), 32))
    assert small.mode == "I;16"
    grid = values.astype(np.float64).reshape(32, 2, 48, 2).mean((1, 3))
    inner = np.s_[3:-3, 3:-3]
    assert np.abs(np.asarray(small, np.float64) - grid)[inner].max() < 40


def test_of_several_frames_the_first_is_taken():
    frames = [Image.new("RGB", (96, 64), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "TIFF", "WEBP"):
        data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
        small = opened(resize(data, 32))
        assert getattr(small, "n_frames", 1) == 1
        assert np.allclose(small.convert("RGB").getpixel((9, 9)), (255, 0, 0), atol=4)
    data = encode(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert opened(data).format == "MPO"
    small = opened(resize(data, 32))
    assert small.format == "JPEG"
    like = opened(resize(encode(frames[0]), 32))
    assert small.quantization == like.quantization


@needs_shared
def test_cmyk_photographs_show_the_same(tmp_path):
    data = (SHARED / "bad/pil_sample_cmyk.jpg").read_bytes()
    small = opened(resize(data, 40))
    wanted = opened(data).resize(small.size, LANCZOS)
    assert small.mode == "CMYK"
    assert psnr(small.convert("RGB"), wanted.convert("RGB")) > 30


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("JPEG", "is truncated: no end marker"),
        ("PNG", "is truncated: no end marker"),
        ("WEBP", "could not create decoder"),
        ("GIF", "image file is truncated"),
    ],
)
def test_damage_inside_is_an_error(kind, message):
    data = encode(draw(400, 300), kind)
    with pytest.raises((OSError, BrokenError), match=message):
        resize(data[: len(data) // 2], 32)


@pytest.mark.parametrize("kind", FORMATS)
def test_what_would_not_be_opened_is_not_resized(kind):
    data = encode(draw(96, 64), kind)
    with pytest.raises(BrokenError, match=r"96 x 64 pixels, where 6,143 pixels are"):
        resize(data, 32, Limits(max_pixels=96 * 64 - 1))
    small = resize(data, 32, Limits(max_pixels=96 * 64))
    assert opened(small).size == (48, 32)


def test_the_same_bytes_every_time():
    for kind in FORMATS:
        data = encode(draw(300, 200), kind)
        digests = {hashlib.sha256(resize(data, 40)).digest() for _ in range(3)}
        assert len(digests) == 1
