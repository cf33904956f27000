"""Duplicates: found exactly, at any size, and not by chance."""

import csv
import hashlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from builder.audit import duplicates
from builder.audit.duplicates import LARGE, exact_groups, find_duplicates, report
from builder.audit.lookalikes import find_lookalikes, is_telling
from builder.audit.second_look import LEAST
from builder.images.facts import AuditFacts, gather
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
    assert is_telling(facts.thumbnails).tolist() == [False] * 4
    found = find_duplicates(facts)
    assert found.near.shape == (0, 2)
    assert found.blank.tolist() == [0, 1, 2, 3]
    # Of what was not decoded, nothing is known to be blank.
    assert find_duplicates(replace(facts, thumbnails=None)).blank.tolist() == []


def test_the_turn_is_that_of_the_second_image():
    first = draw(640, 480, seed=1)
    second = first.transpose(Image.Transpose.ROTATE_90)  # to the left
    facts = gather([inspect(encode(image)) for image in (first, second)])
    told = report(find_duplicates(facts), ["a", "b"], ["", ""])
    assert [pair["turn"] for pair in told["near"]["pairs"]] == ["turned left"]


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
    found = find_duplicates(facts)
    assert found.files.tolist() == [0, 1, 2, 2, 4, 5]
    official = [("b", "a"), ("d", "c"), ("a", "c"), ("a", "z"), ("y", "z")]
    told = report(found, NAMES, SPLITS, official=official)
    assert told["exact"] == {
        "across": 0,
        "pairs": [{"names": ["c", "d"], "splits": ["train", "train"]}],
    }
    near = told["near"]
    assert near["across"] == 1
    assert [pair["names"] for pair in near["pairs"]] == [["a", "b"]]
    assert near["pairs"][0]["turn"] == "upright"
    assert LEAST <= near["pairs"][0]["score"] <= 1
    assert told["groups"] == {"largest": 2, "large": []}
    assert told["official"] == {
        "listed": 5,
        "half_inside": 1,
        "inside": [["b", "a"], ["d", "c"], ["a", "c"]],
        "exact": [["d", "c"]],
        "near": [["b", "a"]],
        "missed": [["a", "c"]],
    }
    assert "official" not in report(found, NAMES, SPLITS)


def test_an_official_near_pair_is_found_through_an_equal_file():
    facts = sample()
    order = np.array([2, 0, 3, 1])  # other, first, other again, small first
    digests = facts.sha256[order].copy()
    digests[3] = digests[2]  # pretend: small is the same file as other
    other = replace(
        facts.take(order), sha256=digests, thumbnails=facts.thumbnails[order]
    )
    found = find_duplicates(other)
    assert found.exact.tolist() == [[0, 2], [0, 3]]
    assert found.near.tolist() == []


@needs_shared
def test_two_real_images_of_equal_size_are_different():
    names = ["000000384213.jpg", "000000012448.jpg"]
    data = [(SHARED / "coco/tiny/train2017" / name).read_bytes() for name in names]
    assert len(data[0]) == len(data[1])
    facts = gather([inspect(image) for image in data])
    assert exact_groups(facts.sha256).tolist() == [0, 1]
    assert find_lookalikes(facts.thumbnails).pairs.tolist() == []


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
    found = find_duplicates(replace(AuditFacts.of(len(names)), sha256=digests))
    assert found.near.tolist() == []  # of images that were not decoded
    told = duplicates.compare_official(found, names, pairs)
    assert told["listed"] == len(told["exact"]) == 425


def test_large_groups_are_kept_whole_and_told_by_name():
    """However many look alike: all pairs are there, and the group has its size."""
    image = draw(640, 480)
    files = [encode(image, quality=60 + n) for n in range(LARGE)]
    facts = gather([inspect(data) for data in [*files, files[0], encode(draw(seed=5))]])
    found = find_duplicates(facts)
    assert len(found.near) == LARGE * (LARGE - 1) // 2
    names = [f"n{row}" for row in range(len(facts))]
    told = report(found, names, [""] * len(facts))
    assert told["groups"] == {"largest": LARGE + 1, "large": [names[:-1]]}
    fewer = report(find_duplicates(drop(facts, 0)), names[1:], [""] * (len(facts) - 1))
    assert fewer["groups"] == {"largest": LARGE, "large": []}


def drop(facts, row):
    """Return the facts of all images but one."""
    rows = np.delete(np.arange(len(facts)), row)
    return replace(facts.take(rows), thumbnails=facts.thumbnails[rows])


def test_the_rule_and_what_is_blank_are_told_with_the_pairs():
    blank = encode(Image.new("RGB", (64, 48), "white"), "PNG")
    first = draw(640, 480, seed=1)
    files = [blank, encode(first), encode(first, quality=50), encode(first)]
    found = find_duplicates(gather([inspect(data) for data in files]))
    told = report(found, ["w", "a", "b", "c"], ["", "x", "y", "y"])
    assert told["rule"]["exact"] == "sha256 of the file"
    assert told["rule"]["score"] == LEAST
    assert told["rule"]["near"].startswith("thumbnails of the picture as it is shown")
    assert told["blank"] == ["w"]
    assert told["exact"] == {
        "across": 1,
        "pairs": [{"names": ["a", "c"], "splits": ["x", "y"]}],
    }
    (pair,) = told["near"]["pairs"]
    score = float(found.scores[0])
    assert pair == {
        "names": ["a", "b"], "splits": ["x", "y"], "turn": "upright",
        "score": round(score, 3),
    }  # fmt: skip
    # Of three images that are linked in two ways the group is one.
    assert told["groups"] == {"largest": 3, "large": []}
    none = find_duplicates(gather([]))
    assert report(none, [], [])["groups"] == {"largest": 0, "large": []}
