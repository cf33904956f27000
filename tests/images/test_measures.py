"""What of an image is measured without a look at what it shows."""

import colorsys
import io
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from builder.images.facts import gather
from builder.images.inspect import SCALED_SIDE, inspect, look
from builder.images.measures import NAMES, WORDS, jpeg_quality, measure
from tests.images.test_inspect import draw, encode

BRIGHTNESS, SATURATION, HUE, SHARPNESS, CORNERS = range(5)


def of(image):
    return measure(image, (0, 0, *image.size))


def tables(data):
    with Image.open(io.BytesIO(data)) as image:
        return image.quantization


@pytest.mark.parametrize("quality", range(1, 101))
def test_quality_is_that_which_pillow_saved_with(quality):
    for mode in ("RGB", "L", "CMYK"):
        data = encode(draw(mode="RGB").convert(mode), quality=quality)
        assert jpeg_quality(tables(data)) == quality
    assert inspect(data).measures[NAMES.index("quality")] == quality


def test_quality_of_foreign_tables_is_the_nearest():
    table = list(tables(encode(draw(), quality=80))[0])
    table[5] += 1
    assert jpeg_quality({0: table}) == 80
    assert jpeg_quality({1: table}) == 80


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_what_is_no_jpeg_has_no_quality(kind):
    facts = inspect(encode(draw(), kind))
    assert isnan(facts.measures[NAMES.index("quality")])
    assert not isnan(facts.measures[NAMES.index("brightness")])
    assert isnan(jpeg_quality({}))
    assert isnan(jpeg_quality({0: [1, 2]}))


COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


@given(COLOURS)
def test_one_colour_is_measured_as_the_standard_library_does(colour):
    found = of(Image.new("RGB", (40, 33), colour))
    red, green, blue = colour
    luma = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
    assert found[BRIGHTNESS] == pytest.approx(luma)
    chroma = (max(colour) - min(colour)) / 255
    assert found[SATURATION] == pytest.approx(chroma)
    if chroma:
        assert found[HUE] == pytest.approx(360 * colorsys.rgb_to_hsv(*colour)[0])
    else:
        assert isnan(found[HUE])
    assert found[SHARPNESS] == 0
    assert found[CORNERS] == 0


def test_grey_pictures_have_no_hue_and_the_luma_of_their_own():
    grey = draw(mode="L")
    found, same = of(grey), of(grey.convert("RGB"))
    assert found[SATURATION] == same[SATURATION] == 0
    assert isnan(found[HUE])
    assert isnan(same[HUE])
    for place in (BRIGHTNESS, SHARPNESS, CORNERS):
        assert found[place] == pytest.approx(same[place])
    assert found[BRIGHTNESS] == pytest.approx(np.asarray(grey).mean() / 255, abs=0.01)


def test_sharpness_falls_with_blur_and_does_not_depend_on_the_size():
    noise = Image.effect_noise((32, 32), 90).convert("RGB")
    large = noise.resize((640, 480), Image.Resampling.NEAREST)
    blurred = [
        of(large.filter(ImageFilter.GaussianBlur(radius)))[SHARPNESS]
        for radius in (0, 9, 27)
    ]
    assert blurred[0] > blurred[1] > blurred[2] > 0
    assert of(noise)[SHARPNESS] == pytest.approx(blurred[0])


def laplacian_variance(image):
    luma = np.asarray(image.convert("RGB")).astype(float) @ [0.299, 0.587, 0.114]
    middle = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float((4 * middle - around).var())


def test_sharpness_is_the_variance_of_the_laplacian():
    image = draw(32, 32)
    assert of(image)[SHARPNESS] == pytest.approx(laplacian_variance(image))


def dermoscopy(skin=200, lesion=60, radius=200):
    """A round field with a dark middle, black around it."""
    image = Image.new("RGB", (400, 400))
    pen = ImageDraw.Draw(image)
    pen.circle((200, 200), radius, fill=(skin,) * 3)
    pen.circle((200, 200), 80, fill=(lesion,) * 3)
    return image


def test_dark_corners_are_those_of_a_round_field_whatever_its_subject():
    dark, light = of(dermoscopy()), of(dermoscopy(lesion=250))
    assert 0.6 < dark[CORNERS] < 0.8  # of 200 / 255
    assert dark[CORNERS] == light[CORNERS]
    assert abs(of(dermoscopy(radius=300))[CORNERS]) < 0.01
    bright = Image.eval(dermoscopy(), lambda value: 255 - value)
    assert of(bright)[CORNERS] == pytest.approx(-dark[CORNERS], abs=1e-3)


def test_only_the_box_is_measured():
    image = Image.new("RGB", (64, 40), (200, 10, 10))
    image.paste((0, 255, 0), (48, 0, 64, 40))
    assert measure(image, (0, 0, 48, 40))[HUE] == 0
    assert measure(image, (48, 0, 64, 40))[HUE] == 120


def test_an_image_is_measured_alike_in_every_format_and_size():
    image = draw(40 * SCALED_SIDE, 20 * SCALED_SIDE)
    jpeg = inspect(encode(image, quality=95)).measures
    for other in (image, image.resize((8 * SCALED_SIDE, 4 * SCALED_SIDE))):
        png = inspect(encode(other, "PNG")).measures
        np.testing.assert_allclose(jpeg[2:], png[2:], rtol=0.08, atol=0.02)
        assert png[0] == len(encode(other, "PNG"))


def test_sixteen_bits_are_not_cut_off():
    values = np.asarray(draw(mode="L")).astype(np.uint16) * 256
    wide = inspect(encode(Image.fromarray(values), "PNG"))
    narrow = inspect(encode(draw(mode="L"), "PNG"))
    assert wide.mode.startswith("I")
    assert wide.thumbnail == narrow.thumbnail
    np.testing.assert_allclose(wide.measures[2:], narrow.measures[2:], rtol=1e-6)


def test_of_what_is_not_decoded_only_the_size_of_the_file_is_known():
    data = encode(draw())
    facts = gather([look(data), look(b""), inspect(data)])
    assert facts.measures[0].tolist()[0] == len(data)
    assert np.isnan(facts.measures[0, 1:]).all()
    assert np.isnan(facts.measures[1]).all()
    assert not np.isnan(facts.measures[2]).any()
    assert set(NAMES) < set(WORDS)
    assert isnan(of(Image.new("L", (9, 9)))[HUE])
