"""Modes and turns of images, as they are counted."""

import numpy as np
import pytest
from PIL import Image

from builder.audit.modes import report
from builder.images.facts import Seen, gather
from builder.images.inspect import inspect, look
from tests.images.test_inspect import draw, encode, exif

IMAGES = [
    encode(draw()),
    encode(draw(mode="L")),
    encode(draw(mode="CMYK")),
    encode(draw(mode="RGBA"), "PNG"),
    encode(draw().convert("P"), "PNG"),
    encode(draw(mode="1"), "PNG"),
    encode(Image.new("F", (96, 64)), "TIFF"),
    encode(draw(), exif=exif(6)),
    encode(draw(), exif=exif(3)),
    encode(draw(), "TIFF", exif=exif(8)),
    b"",
]


def seen(facts, *, decoded):
    keys = [str(number) for number in range(len(facts))]
    return Seen(keys, gather(facts), decoded=decoded, read=True)


def test_modes_and_turns_of_good_images_are_counted():
    told = report(seen([*map(inspect, IMAGES)], decoded=True))
    assert told == {
        "images": 10,
        "modes": {"RGB": 4, "1": 1, "L": 1, "P": 1, "RGBA": 1, "CMYK": 1, "F": 1},
        "turned": 3,
        "on_side": 2,
    }
    assert next(iter(told["modes"])) == "RGB"


def test_turns_are_known_without_decoding():
    told = report(seen([*map(look, IMAGES)], decoded=False))
    assert told == {"images": 10, "turned": 3, "on_side": 2}


@pytest.mark.parametrize(
    ("stated", "unturned"), [((96, 64), 1), ((64, 96), 0), ((0, 0), 0)]
)
def test_sizes_that_are_stated_before_turning_are_counted(stated, unturned):
    facts = [inspect(encode(draw(), exif=exif(number))) for number in (5, 1)]
    sizes = np.array([stated, (96, 64)], dtype=np.int32)
    told = report(seen(facts, decoded=True), stated=sizes)
    assert told["stated_unturned"] == unturned


def test_a_mode_without_a_name_is_another():
    facts = gather([inspect(IMAGES[0])])
    facts.modes[0] = 0
    assert report(Seen(["a"], facts, decoded=True))["modes"] == {"other": 1}
