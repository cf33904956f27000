"""Duplicates: found exactly, at any size, and not by chance."""

import csv
import hashlib

import numpy as np
import pytest
from PIL import Image

from builder.audit import duplicates
from builder.audit.duplicates import exact_groups, find_duplicates, report
from builder.audit.lookalikes import THRESHOLD, count_bits, is_telling, near_pairs
from builder.images.facts import gather
from builder.images.inspect import inspect
from tests.images.test_inspect import draw, encode
from tests.tiny import ROOT

SHARED = ROOT.parent / "shared" / "data"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="third-party images are not part of the project"
)


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
