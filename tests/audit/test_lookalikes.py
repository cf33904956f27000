"""Look-alikes: all pairs within the threshold, and not by chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from builder.audit.lookalikes import (
    CROWD,
    THRESHOLD,
    count_bits,
    is_telling,
    near_pairs,
    split_crowds,
)
from builder.images.facts import gather
from builder.images.inspect import inspect
from tests.images.test_inspect import encode
from tests.tiny import ROOT

SHARED = ROOT.parent / "shared" / "data"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="third-party images are not part of the project"
)


def compare_all(dhash, threshold, among=None):
    """The definition of a near pair, each image with each."""
    rows = range(len(dhash))
    hashes = [[int(part) for part in pair] for pair in dhash]
    return [
        [left, right]
        for left in rows
        for right in rows
        if left < right
        and (among is None or (among[left] and among[right]))
        and all(
            (a ^ b).bit_count() <= threshold
            for a, b in zip(hashes[left], hashes[right], strict=True)
        )
    ]


@st.composite
def hash_sets(draw_from):
    """Hashes around a few centres, so that distances near the threshold are common."""
    rng = np.random.default_rng(draw_from(st.integers(0, 2**32 - 1)))
    n = draw_from(st.integers(0, 40))
    centres = rng.integers(0, 2**64, (3, 2), dtype=np.uint64)
    hashes = centres[rng.integers(0, 3, n)]
    for _ in range(draw_from(st.integers(0, 6))):
        hashes ^= np.uint64(1) << rng.integers(0, 64, (n, 2)).astype(np.uint64)
    return hashes


@pytest.mark.parametrize("has_bitwise_count", [True, False])
@settings(max_examples=150, deadline=None)
@given(dhash=hash_sets(), threshold=st.integers(0, 15), seed=st.integers(0, 99))
def test_near_pairs_are_all_pairs_within_the_threshold(
    has_bitwise_count, dhash, threshold, seed
):
    with pytest.MonkeyPatch.context() as patch:
        if not has_bitwise_count:
            patch.delattr(np, "bitwise_count", raising=False)
        found = near_pairs(dhash, threshold=threshold)
        assert found.tolist() == compare_all(dhash, threshold)
        assert found.dtype == np.int64
        among = np.random.default_rng(seed).random(len(dhash)) < 0.5
        some = near_pairs(dhash, threshold=threshold, among=among)
        assert some.tolist() == compare_all(dhash, threshold, among)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1)))
def test_count_bits_with_and_without_numpy_2(values):
    array = np.array(values, dtype=np.uint64)
    expected = [value.bit_count() for value in values]
    assert count_bits(array).tolist() == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(np, "bitwise_count", raising=False)
        assert count_bits(array).tolist() == expected


def test_a_crowd_is_told_and_not_linked():
    telling = np.uint64(0x5555_5555_5555_5555)
    crowd = telling ^ (np.uint64(1) << np.arange(CROWD + 1, dtype=np.uint64))
    pair = np.array([telling << np.uint64(1)] * 2)
    hashes = np.concatenate([crowd, pair])
    dhash = np.stack([hashes, hashes], axis=1)
    pairs = near_pairs(dhash)
    links, crowds = split_crowds(len(dhash), pairs)
    assert links.tolist() == [[CROWD + 1, CROWD + 2]]
    assert [rows.tolist() for rows in crowds] == [list(range(CROWD + 1))]
    links, crowds = split_crowds(len(dhash), pairs, limit=CROWD + 1)
    assert (links.tolist(), crowds) == (pairs.tolist(), [])


def test_many_equal_hashes_are_still_compared_with_each_other_only():
    dhash = np.full((300, 2), 0x0F0F_0F0F_0F0F_0F0F, dtype=np.uint64)
    assert len(near_pairs(dhash)) == 300 * 299 // 2


@needs_shared
def test_threshold_on_real_images():
    """What THRESHOLD's comment says, for three of its changes to each image."""
    paths = [*SHARED.glob("coco/tiny/*/*.jpg"), *SHARED.glob("isic/train/*.jpg")]
    assert len(paths) == 107
    facts = gather([inspect(path.read_bytes()) for path in paths])
    assert is_telling(facts.dhash).all()
    assert near_pairs(facts.dhash, threshold=8).tolist() == []
    for place, path in enumerate(paths):
        with Image.open(path) as image:
            image.draft("RGB", (800, 800))
            width, height = image.size
            half = image.resize((width // 2, height // 2), Image.Resampling.LANCZOS)
            copies = [encode(half, quality=90), encode(image, quality=60)]
        hashes = gather([inspect(data) for data in copies]).dhash
        assert count_bits(hashes ^ facts.dhash[place]).max() <= THRESHOLD, path.name
