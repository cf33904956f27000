"""Facts of images as arrays: in parts as at once, small, and none at all."""

import pickle

import numpy as np

from builder.facts import AuditFacts, gather
from builder.pixels import inspect
from tests.test_pixels import draw, encode


def test_parts_join_to_the_whole():
    images = [encode(draw(seed=seed)) for seed in range(6)]
    found = [inspect(data) for data in [*images, images[0][:-20]]]
    whole = gather(found)
    facts = AuditFacts.join([gather(found[:3]), gather(found[3:])])
    for name in ("sha256", "dhash", "is_grey", "width", "height"):
        np.testing.assert_array_equal(getattr(facts, name), getattr(whole, name))
        assert getattr(facts, name).dtype == getattr(whole, name).dtype
    assert facts.reasons == whole.reasons
    assert facts.is_good.tolist() == [True] * 6 + [False]
    assert facts.dhash[2].tolist() == list(found[2].dhash)
    assert facts.reasons[6].startswith("is truncated")
    assert len(pickle.dumps(facts)) < 2_000


def test_join_of_nothing_is_empty():
    facts = AuditFacts.join([])
    assert facts.sha256.shape == (0, 32)
    assert facts.dhash.shape == (0, 2)
    assert facts.is_good.tolist() == []
