"""The size that an image gets: nothing is enlarged, and halves are rounded up."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from builder.errors import UsageError
from builder.images.sizes import check_image_size, resized_size
from builder.images.thumbnail import SIDE, make_thumbnail
from tests.images.test_inspect import draw

SIDES = st.integers(1, 5000)


@settings(deadline=None)
@given(SIDES, SIDES, SIDES)
def test_the_shorter_side_is_the_one_asked_for_and_the_other_is_rounded(w, h, size):
    found = resized_size(w, h, size)
    if min(w, h) <= size:
        assert found == (w, h)
        return
    assert min(found) == size
    assert (w < h) == (found[0] < found[1]) or found[0] == found[1]
    exact = Fraction(max(w, h) * size, min(w, h))
    assert max(found) == int(exact + Fraction(1, 2))


def test_sizes_are_one_pixel_or_more():
    check_image_size(None)
    check_image_size(1)
    told = "^image_size: expected 1 pixel or more, found 0$"
    with pytest.raises(UsageError, match=told):
        check_image_size(0)


@pytest.mark.parametrize("orientation", range(10))
def test_a_thumbnail_is_turned_as_exif_says(orientation):
    """By Pillow's own way to do it; 0 and 9 say nothing."""
    luma = draw(96, 64, mode="L")
    plain = make_thumbnail(luma, (0, 0, 96, 64), 1)
    assert plain.shape == (SIDE, SIDE)
    image = Image.fromarray(plain)
    image.getexif()[0x0112] = orientation
    expected = ImageOps.exif_transpose(image)
    found = make_thumbnail(luma, (0, 0, 96, 64), orientation)
    assert found.tobytes() == expected.tobytes()


def test_a_thumbnail_is_of_the_box_alone():
    luma = Image.new("L", (64, 40), 10)
    luma.paste(200, (48, 0, 64, 40))
    assert (make_thumbnail(luma, (0, 0, 40, 40), 1) == 10).all()
    assert (make_thumbnail(luma, (52, 0, 64, 40), 1) == 200).all()
