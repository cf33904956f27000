"""Sizes of images: those that were seen, and those that are only stated."""

import numpy as np

from builder.audit.sizes import report
from builder.images.facts import AuditFacts, Seen, gather
from builder.images.inspect import inspect
from tests.images.test_inspect import draw, encode, exif


def test_sizes_are_those_of_good_images_as_they_are_shown():
    images = [encode(draw(96, 64), exif=exif(6)), encode(draw(50, 40)), b""]
    seen = Seen(["a", "b", "c"], gather([*map(inspect, images)]), decoded=True)
    assert report(seen) == {
        "images": 2,
        "known": 2,
        "width": {"least": 50, "median": 57.0, "most": 64},
        "height": {"least": 40, "median": 68.0, "most": 96},
    }


def test_what_was_not_read_is_as_wide_as_stated_or_not_known():
    stated = np.array([(30, 20), (0, 0)], dtype=np.int32)
    one = {"least": 30, "median": 30.0, "most": 30}
    told = report(Seen(["a", "b"], AuditFacts.of(2), stated))
    assert (told["images"], told["known"], told["width"]) == (2, 1, one)
    assert report(Seen(["a"], AuditFacts.of(1))) == {"images": 1, "known": 0}
