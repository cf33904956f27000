"""The facts of many images as arrays: put together, taken apart, sent."""

import pickle

import numpy as np
import pytest

from builder.errors import ImageError
from builder.images.facts import MISSING, AuditFacts, Seen, gather, refuse_broken
from builder.images.inspect import inspect, look
from tests.images.test_inspect import draw, encode

GOOD = [encode(draw(seed=seed)) for seed in range(6)]
IMAGES = [*GOOD, GOOD[0][:-20]]
ARRAYS = ("sha256", "stamps", "is_grey", "sizes")


def assert_equal(found, expected):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
        assert getattr(found, name).dtype == getattr(expected, name).dtype
    assert found.reasons == expected.reasons


def test_facts_are_those_of_each_image():
    facts = gather([inspect(image) for image in IMAGES], stamps=range(7))
    assert len(facts) == 7
    assert facts.is_good.tolist() == [True] * 6 + [False]
    assert facts.thumbnails[2].tobytes() == inspect(IMAGES[2]).thumbnail
    assert not facts.thumbnails[6].any()
    assert facts.stamps.tolist() == list(range(7))
    assert list(facts.reasons) == [6]
    assert facts.reasons[6].startswith("is truncated")
    assert len(pickle.dumps(facts)) < 7 * 650 + 1_500


def test_parts_put_together_in_any_order_are_the_whole():
    facts = [inspect(image) for image in IMAGES]
    whole, joined = gather(facts, range(7)), AuditFacts.of(7, decoded=True)
    for rows in (np.array([6, 1, 3]), np.array([0, 2]), np.array([5, 4])):
        part = gather([facts[row] for row in rows], rows)
        assert_equal(whole.take(rows), part)
        joined.put(rows, part)
    assert_equal(joined, whole)
    np.testing.assert_array_equal(joined.thumbnails, whole.thumbnails)


def test_what_is_sent_with_a_shard_has_no_pixels():
    assert (
        gather([inspect(image) for image in IMAGES]).take(np.arange(7)).thumbnails
        is None
    )
    assert gather([look(image) for image in IMAGES]).thumbnails is None


def test_facts_of_nothing_are_empty():
    facts = gather([])
    assert facts.sha256.shape == (0, 32)
    assert facts.thumbnails is None
    assert facts.is_good.tolist() == []


def test_broken_images_are_named_by_their_keys_in_order():
    facts = gather([inspect(image) for image in (b"", GOOD[0], IMAGES[6])])
    broken = Seen(["b.jpg", "c.jpg", "a.jpg"], facts).broken
    assert list(broken) == ["b.jpg", "a.jpg"]
    assert broken["b.jpg"] == "is an empty file"
    assert broken["a.jpg"].startswith("is truncated")


def seen_of(reasons, total):
    facts = AuditFacts.of(total)
    facts.reasons.update(reasons)
    return Seen(["b.jpg", "a.jpg", "c.jpg", "d.jpg", "e.jpg"][:total], facts)


def test_nothing_of_nothing_is_broken():
    for allow_broken in (True, False):
        for total in (0, 5):
            assert seen_of({}, total).broken == {}
            refuse_broken(seen_of({}, total), allow_broken=allow_broken)


def test_missing_images_are_others_than_broken_ones():
    seen = seen_of({2: MISSING, 0: MISSING, 1: "is odd"}, 3)
    assert seen.missing == ["b.jpg", "c.jpg"]
    assert seen.broken == {"a.jpg": "is odd"}
    assert not seen.facts.is_good.any()
    with pytest.raises(ImageError, match=r"^1 of 1 selected .* nothing is left"):
        refuse_broken(seen, allow_broken=True)


def test_three_of_many_broken_images_are_named():
    seen = seen_of(dict.fromkeys(range(5), "is odd"), 5)
    message = r"^5 of 5 .*: a\.jpg is odd; b\.jpg is odd; c\.jpg is odd; and 2 more; "
    with pytest.raises(ImageError, match=message):
        refuse_broken(seen, allow_broken=False)


@pytest.mark.parametrize("allow_broken", [True, False])
def test_some_broken_images_are_refused_unless_allowed(allow_broken):
    seen = seen_of({0: "is an empty file", 1: "is odd"}, 3)
    if allow_broken:
        refuse_broken(seen, allow_broken=True)
        return
    with pytest.raises(ImageError) as caught:
        refuse_broken(seen, allow_broken=False)
    assert str(caught.value) == (
        "2 of 3 selected images are broken: a.jpg is odd; b.jpg is an empty file; mend"
        " the source, or go on without them with --allow-broken"
    )


@pytest.mark.parametrize("allow_broken", [True, False])
def test_nothing_but_broken_images_is_refused_always(allow_broken):
    """And nobody is told to allow them, which would not help."""
    with pytest.raises(ImageError) as caught:
        refuse_broken(seen_of({0: "is odd"}, 1), allow_broken=allow_broken)
    assert str(caught.value) == (
        "1 of 1 selected images are broken: b.jpg is odd; nothing is left to build:"
        " mend the source"
    )
