"""Duplicates: found exactly, at any size, and not by chance."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from builder import duplicates
from builder.duplicates import (
    CROWD,
    THRESHOLD,
    count_bits,
    exact_groups,
    find_duplicates,
    is_telling,
    near_pairs,
    report,
    split_crowds,
)
from builder.facts import gather
from builder.pixels import inspect
from tests.test_pixels import draw, encode

SHARED = Path(__file__).parents[1] / ".." / "shared" / "data"
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


def test_exact_groups_tell_digests_apart_that_end_in_zeros():
    digests = np.zeros((4, 32), dtype=np.uint8)
    digests[1, 0] = digests[2, 31] = digests[3, 0] = 1
    assert exact_groups(digests).tolist() == [0, 1, 2, 1]
    assert exact_groups(digests[:0]).tolist() == []


def test_blank_and_smooth_images_are_not_compared():
    flat = [Image.new("RGB", (64, 48), colour) for colour in ("white", "black", "red")]
    row = np.linspace(0, 255, 64).astype(np.uint8)
    gradient = Image.fromarray(np.tile(row, (48, 1)))
    facts = gather([inspect(encode(image, "PNG")) for image in [*flat, gradient]])
    assert near_pairs(facts.dhash).tolist() == [[0, 1], [0, 2], [1, 2]]
    assert is_telling(facts.dhash).tolist() == [False] * 4
    found = find_duplicates(facts.sha256, facts.dhash, facts.is_good)
    assert found.near.shape == (0, 2)
    assert found.blank.tolist() == [0, 1, 2, 3]


def sample():
    """Six files: 0, a re-encoded 0, another, the same again, broken, broken again."""
    first, other = draw(640, 480, seed=1), draw(640, 480, seed=2)
    small = first.resize((320, 240))
    files = [encode(first), encode(small, quality=60), encode(other), encode(other)]
    broken = encode(first)[:-9]
    return gather([inspect(data) for data in [*files, broken, broken]])


NAMES = ["a", "b", "c", "d", "e", "f"]
SPLITS = ["train", "test", "train", "train", "train", "test"]


def test_duplicates_are_reported_by_name_and_split():
    facts = sample()
    found = find_duplicates(facts.sha256, facts.dhash, facts.is_good)
    assert found.files.tolist() == [0, 1, 2, 2, 4, 5]
    official = [("b", "a"), ("d", "c"), ("a", "c"), ("a", "z"), ("y", "z")]
    told = report(found, NAMES, SPLITS, facts.dhash, official=official)
    assert told["exact"] == {
        "across": 0,
        "pairs": [{"names": ["c", "d"], "splits": ["train", "train"], "bits": [0, 0]}],
    }
    near = told["near"]
    assert near["across"] == 1
    assert [pair["names"] for pair in near["pairs"]] == [["a", "b"]]
    assert max(near["pairs"][0]["bits"]) <= THRESHOLD
    assert told["official"] == {
        "listed": 5,
        "half_inside": 1,
        "inside": [["b", "a"], ["d", "c"], ["a", "c"]],
        "exact": [["d", "c"]],
        "near": [["b", "a"]],
        "missed": [["a", "c"]],
    }
    assert "official" not in report(found, NAMES, SPLITS, facts.dhash)


def test_an_official_near_pair_is_found_through_an_equal_file():
    facts = sample()
    order = np.array([2, 0, 3, 1])  # other, first, other again, small first
    digests = facts.sha256[order].copy()
    digests[3] = digests[2]  # pretend: small is the same file as other
    found = find_duplicates(digests, facts.dhash[order], np.ones(4, dtype=bool))
    assert found.exact.tolist() == [[0, 2], [0, 3]]
    assert found.near.tolist() == []


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


@needs_shared
def test_two_real_images_of_equal_size_are_different():
    names = ["000000384213.jpg", "000000012448.jpg"]
    data = [(SHARED / "coco/tiny/train2017" / name).read_bytes() for name in names]
    assert len(data[0]) == len(data[1])
    facts = gather([inspect(image) for image in data])
    assert exact_groups(facts.sha256).tolist() == [0, 1]
    assert count_bits(facts.dhash[0] ^ facts.dhash[1]).min() > 32


@needs_shared
def test_official_list_is_the_one_that_was_read():
    path = SHARED / "isic/ISIC_2020_Training_Duplicates.csv"
    with path.open() as file:
        pairs = [tuple(row.values()) for row in csv.DictReader(file)]
    names = [name for pair in pairs for name in pair]
    digests = np.array(
        [
            list(hashlib.sha256(str(row // 2).encode()).digest())
            for row in range(len(names))
        ],
        dtype=np.uint8,
    )
    blank = np.zeros((len(names), 2), dtype=np.uint64)
    found = find_duplicates(digests, blank, np.ones(len(names), dtype=bool))
    told = duplicates.compare_official(found, names, pairs)
    assert told["listed"] == len(told["exact"]) == 425
