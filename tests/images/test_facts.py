"""The facts of many images as arrays: put together, taken apart, sent."""

import pickle

import numpy as np
import pytest

from builder.errors import ImageError
from builder.images.facts import AuditFacts, Seen, gather, refuse_broken
from builder.images.inspect import inspect
from tests.images.test_inspect import draw, encode

GOOD = [encode(draw(seed=seed)) for seed in range(6)]
IMAGES = [*GOOD, GOOD[0][:-20]]
ARRAYS = ("sha256", "stamps", "dhash", "is_grey")


def assert_equal(found, expected):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
        assert getattr(found, name).dtype == getattr(expected, name).dtype
    assert found.reasons == expected.reasons


def test_facts_are_those_of_each_image():
    facts = gather([inspect(image) for image in IMAGES], stamps=range(7))
    assert len(facts) == 7
    assert facts.is_good.tolist() == [True] * 6 + [False]
    assert facts.dhash[2].tolist() == list(inspect(IMAGES[2]).dhash)
    assert facts.stamps.tolist() == list(range(7))
    assert list(facts.reasons) == [6]
    assert facts.reasons[6].startswith("is truncated")
    assert len(pickle.dumps(facts)) < 2_000


def test_parts_put_together_in_any_order_are_the_whole():
    facts = [inspect(image) for image in IMAGES]
    whole, joined = gather(facts, range(7)), AuditFacts.of(7)
    for rows in (np.array([6, 1, 3]), np.array([0, 2]), np.array([5, 4])):
        part = gather([facts[row] for row in rows], rows)
        assert_equal(whole.take(rows), part)
        joined.put(rows, part)
    assert_equal(joined, whole)


def test_facts_of_nothing_are_empty():
    facts = gather([])
    assert facts.sha256.shape == (0, 32)
    assert facts.dhash.shape == (0, 2)
    assert facts.is_good.tolist() == []


def test_broken_images_are_named_by_their_keys_in_order():
    facts = gather([inspect(image) for image in (b"", GOOD[0], IMAGES[6])])
    broken = Seen(["b.jpg", "c.jpg", "a.jpg"], facts).broken
    assert list(broken) == ["b.jpg", "a.jpg"]
    assert broken["b.jpg"] == "is an empty file"
    assert broken["a.jpg"].startswith("is truncated")


def test_nothing_of_nothing_is_broken():
    assert Seen([], gather([])).broken == {}
    for allow_broken in (True, False):
        refuse_broken({}, total=0, allow_broken=allow_broken)
        refuse_broken({}, total=5, allow_broken=allow_broken)


@pytest.mark.parametrize("allow_broken", [True, False])
def test_some_broken_images_are_refused_unless_allowed(allow_broken):
    broken = {"b.jpg": "is an empty file", "a.jpg": "is odd"}
    if allow_broken:
        refuse_broken(broken, total=3, allow_broken=True)
        return
    with pytest.raises(ImageError) as caught:
        refuse_broken(broken, total=3, allow_broken=False)
    assert str(caught.value) == (
        "2 of 3 selected images are broken: a.jpg is odd; b.jpg is an empty file; mend"
        " the source, or go on without them with --allow-broken"
    )


@pytest.mark.parametrize("allow_broken", [True, False])
def test_nothing_but_broken_images_is_refused_always(allow_broken):
    """And nobody is told to allow them, which would not help."""
    with pytest.raises(ImageError) as caught:
        refuse_broken({"a.jpg": "is odd"}, total=1, allow_broken=allow_broken)
    assert str(caught.value) == (
        "1 of 1 selected images are broken: a.jpg is odd; nothing is left to build:"
        " mend the source"
    )
