"""Cuts that are the same for ever: what moves a row here moves rows of datasets.

One for each way that a search can go: the first cut is good enough, all cuts are
looked at, groups are swapped, a tolerance is stated; with rows that are left over and
without, groups of all sizes, and labels that are rare or none.
"""

import hashlib

import numpy as np
import pytest

from builder.selection.cuts import costs, ranks
from builder.selection.splits import cut_groups

THREE, REST = (0.7, 0.15, 0.15), (0.5, 0.2)


def made(rows, most, classes, seed):
    """Return groups of 1 to `most` rows and labels of which each is rarer."""
    chance = np.random.RandomState(seed)
    sizes = chance.randint(1, most + 1, rows)
    groups = np.repeat(np.arange(rows), sizes)[:rows]
    labels = np.minimum(chance.geometric(0.5, rows) - 1, classes - 1)
    return chance.permutation(groups), labels.astype(np.int64)


CASES = {
    "first": (300, 4, 3, THREE, "largest", 0.01),
    "hardest": (300, 4, 2, THREE, "hardest", 0.01),
    "single rows": (80, 1, 3, THREE, "largest", 0.01),
    "left over": (150, 5, 2, REST, "largest", 0.01),
    "left over, hardest": (150, 5, 2, REST, "hardest", 0.01),
    "all cuts": (50, 6, 2, THREE, "largest", 0.01),
    "all cuts, left over": (40, 6, 2, REST, "hardest", 0.01),
    "swaps": (180, 9, 5, THREE, "largest", 0.0),
    "swaps, left over": (120, 12, 4, REST, "largest", 0.0),
    "a tolerance": (60, 14, 2, THREE, "hardest", 0.03),
    "a tolerance, left over": (60, 14, 2, (0.4, 0.4), "largest", 0.04),
    "no labels": (90, 8, 1, THREE, "hardest", 0.0),
    "large groups": (100, 60, 2, (0.6, 0.4), "hardest", 0.05),
    "rare labels": (70, 3, 7, THREE, "largest", 0.01),
    "hardest, nowhere fair": (90, 25, 2, (0.5, 0.3, 0.2), "hardest", 0.0),
    "four splits": (200, 7, 3, (0.4, 0.3, 0.2, 0.1), "largest", 0.02),
}
PINNED = {
    "first": "514ff966a678",
    "hardest": "d8b924fc1883",
    "single rows": "96ce5d555a9b",
    "left over": "a7e27f82eba3",
    "left over, hardest": "4cf4d04fd797",
    "all cuts": "b9f056a98bf3",
    "all cuts, left over": "669ea418083e",
    "swaps": "af6e16731171",
    "swaps, left over": "2266356741f7",
    "a tolerance": "5e790cc4e9c3",
    "a tolerance, left over": "c08c9324c8b4",
    "no labels": "1b58acadc837",
    "large groups": "7fddac80e6ac",
    "rare labels": "528f586339e5",
    "hardest, nowhere fair": "464d1693821b",
    "four splits": "58bfe80c44ff",
}


def cut_of(name, seed=3):
    rows, most, classes, fractions, first, tolerance = CASES[name]
    groups, labels = made(rows, most, classes, seed)
    return cut_groups(
        groups, labels, fractions=fractions, seed=seed, tolerance=tolerance,
        keys=[f"k{row:03}" for row in range(rows)], first=first,
    )  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_cuts_are_the_same_for_ever(name):
    cuts = [cut_of(name, seed) for seed in (3, 4)]
    text = "".join(f"{split}," for cut in cuts for split in cut.split.tolist())
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == PINNED[name]


def test_a_group_that_is_too_large_goes_where_it_is_least_too_large():
    groups = np.array([0] * 80 + list(range(1, 21)))
    cut = cut_groups(
        groups, np.arange(100) % 2, fractions=THREE, seed=1, first="hardest",
        keys=[f"k{row:03}" for row in range(100)],
    )  # fmt: skip
    assert not cut.is_fair
    assert set(cut.split[:80].tolist()) == {0}
    assert cut.held.tolist() == [[40, 40], [5, 5], [5, 5]]


def test_the_facts_of_a_cut_are_those_of_its_rows():
    """From the definitions, row by row."""
    cut = cut_of("left over")
    groups, labels = made(*CASES["left over"][:3], 3)
    rows = len(groups)
    assert cut.grouped.sizes.sum() == rows
    assert cut.grouped.largest == np.bincount(groups).max()
    for split, asked in enumerate(REST):
        inside = cut.split == split
        assert cut.held[split].tolist() == np.bincount(labels[inside]).tolist()
        assert cut.sizes_off[split] == pytest.approx(inside.mean() - asked)
        for label in range(2):
            off = (labels[inside] == label).mean() - (labels == label).mean()
            assert cut.shares_off[split, label] == pytest.approx(off)
    assert cut.size_off == pytest.approx(np.abs(cut.sizes_off).max())
    assert cut.share_off == pytest.approx(np.abs(cut.shares_off).max())
    assert cut.off == max(cut.size_off, cut.share_off)
    held = cut.grouped.held(cut.chosen)
    parts = np.where(cut.split < 0, 2, cut.split)
    wanted = np.array([0.5, 0.2, 0.3])
    chi = 0.0
    for part in range(3):
        inside = parts == part
        assert held[part].tolist() == np.bincount(labels[inside]).tolist()
        chi += (inside.sum() - wanted[part] * rows) ** 2 / (wanted[part] * rows)
        for label in range(2):
            aim = wanted[part] * (labels == label).sum()
            chi += ((labels[inside] == label).sum() - aim) ** 2 / aim
    assert costs(held[np.newaxis], cut.grouped)[0] == pytest.approx(chi, abs=1e-8)


def test_cuts_have_the_ranks_that_are_told():
    """Of 100 rows on their own, half of them of each label: 0.5 and 0.2."""
    labels = np.arange(100) % 2
    cut = cut_groups(
        np.arange(100), labels, fractions=REST, seed=1,
        keys=[f"k{row:03}" for row in range(100)],
    )  # fmt: skip
    held = np.array(
        [
            [[25, 25], [10, 10], [15, 15]],
            [[26, 25], [10, 10], [14, 15]],
            [[26, 26], [10, 10], [14, 14]],
            [[27, 27], [9, 9], [14, 14]],
            [[30, 30], [9, 9], [11, 11]],
            [[25, 25], [0, 0], [25, 25]],
        ]
    )
    found = ranks(held, cut.grouped, goal=0.005, tolerance=0.03).tolist()
    assert found == [0, 1, 3, 6, 6, 7]
    found = ranks(held, cut.grouped, goal=0.005, tolerance=0.04).tolist()
    assert found == [0, 1, 3, 3, 6, 7]
    found = ranks(held, cut.grouped, goal=0.005, tolerance=0.0).tolist()
    assert found == [0, 1, 6, 6, 6, 7]
