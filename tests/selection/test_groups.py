"""The patient split keeps its promises, or says that it cannot."""

import csv
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import SelectionError
from builder.selection import groups as groups_module
from builder.selection.groups import (
    TOLERANCE,
    connected_groups,
    link_equal,
    link_named,
    split_groups,
)
from tests.tiny import ROOT

SHARED = ROOT.parent / "shared"
FRACTIONS = (0.70, 0.15, 0.15)
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="third-party metadata is not part of the project"
)


def name_rows(n):
    return [f"ISIC_{row:07}" for row in range(n)]


def check_split(split, groups, labels, fractions=FRACTIONS):
    """Every promise of the split, from its definition."""
    for group in np.unique(groups):
        assert len(set(split[groups == group].tolist())) == 1
    for number, fraction in enumerate(fractions):
        inside = split == number
        assert abs(inside.mean() - fraction) <= TOLERANCE + 1e-9
        assert abs(labels[inside].mean() - labels.mean()) <= TOLERANCE + 1e-9


def is_possible(groups, labels, fractions=FRACTIONS):
    """Whether any assignment of groups keeps the promises: tries them all."""
    names = np.unique(groups)
    for chosen in itertools.product(range(len(fractions)), repeat=len(names)):
        split = np.array(chosen)[np.searchsorted(names, groups)]
        if set(chosen) != set(range(len(fractions))):
            continue
        try:
            check_split(split, groups, labels, fractions)
        except AssertionError:
            continue
        return True
    return False


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_connected_groups_are_the_components(data):
    n = data.draw(st.integers(1, 30))
    row = st.integers(0, n - 1)
    edges = data.draw(st.lists(st.tuples(row, row), max_size=40))
    groups = connected_groups(n, np.array(edges, dtype=np.int64).reshape(-1, 2))
    reach = np.eye(n, dtype=bool)
    for left, right in edges:
        reach[left, right] = reach[right, left] = True
    for _ in range(5):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    np.testing.assert_array_equal(groups, reach.argmax(axis=1))


def test_missing_values_link_nothing():
    values = ["a", None, "b", "a", "", None, float("nan"), float("nan"), "", "a"]
    assert link_equal(values).tolist() == [[0, 3], [0, 9]]
    assert link_equal([]).shape == (0, 2)


def test_named_pairs_link_where_both_are_there():
    assert link_named(["x", "y"], [("y", "x"), ("x", "z")]).tolist() == [[1, 0]]
    assert link_named([], []).shape == (0, 2)


@st.composite
def patients(draw):
    """Groups as in a clinic: many small, some large; positives clustered or not."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    heavy = draw(st.sampled_from([1.3, 1.8, 3.0]))
    sizes = np.minimum(rng.zipf(heavy, size=draw(st.integers(300, 700))), 25)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    rate = draw(st.sampled_from([0.02, 0.2, 0.5]))
    # A rare label that fills whole large groups may have no split at all.
    if rate > 0.02 and draw(st.booleans()):
        labels = (rng.random(len(sizes)) < rate)[groups]
    else:
        labels = rng.random(len(groups)) < rate
    return groups, labels


@settings(max_examples=60, deadline=None)
@given(patients(), st.integers(0, 1000))
def test_split_keeps_its_promises(structure, seed):
    groups, labels = structure
    keys = name_rows(len(groups))
    split = split_groups(groups, labels, seed=seed, keys=keys)
    assert split.dtype == np.int8
    check_split(split, groups, labels)
    # Neither the order of the rows nor the numbers of the groups play a part.
    order = np.random.default_rng(seed).permutation(len(groups))
    again = split_groups(
        (groups.max() - groups)[order],
        labels[order],
        seed=seed,
        keys=[keys[row] for row in order],
    )
    np.testing.assert_array_equal(again, split[order])


FEW = st.sampled_from([(0.5, 0.3, 0.2), (0.5, 0.5), FRACTIONS])


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    positives=st.lists(st.floats(0, 1), min_size=6, max_size=6),
    fractions=FEW,
)
def test_few_groups_are_split_only_if_that_is_possible(sizes, positives, fractions):
    """Of such groups hardly any can be split."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    labels = np.concatenate(
        [np.arange(n) < n * p for n, p in zip(sizes, positives, strict=False)]
    )
    keys = name_rows(len(groups))
    if is_possible(groups, labels, fractions):
        split = split_groups(groups, labels, seed=0, keys=keys, fractions=fractions)
        check_split(split, groups, labels, fractions)
    else:
        with pytest.raises(SelectionError, match="cannot be split"):
            split_groups(groups, labels, seed=0, keys=keys, fractions=fractions)


@settings(max_examples=60, deadline=None)
@given(
    fractions=FEW,
    cuts=st.tuples(*[st.floats(0, 0.99)] * 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_few_groups_are_split_if_that_is_possible(fractions, cuts, seed):
    """A split is cut into groups: of each part a fifth is positive."""
    rng = np.random.default_rng(seed)
    groups, labels = [], []
    for part, (fraction, cut) in enumerate(zip(fractions, cuts, strict=False)):
        rows = np.arange(round(100 * fraction))
        groups.append(2 * part + (rows < cut * len(rows)))
        labels.append(rng.permutation(rows) < len(rows) // 5)
    groups, labels = np.concatenate(groups), np.concatenate(labels)
    keys = name_rows(len(groups))
    split = split_groups(groups, labels, seed=seed, keys=keys, fractions=fractions)
    check_split(split, groups, labels, fractions)


def test_seeds_give_different_splits():
    labels = np.arange(200) % 5 == 0
    splits = {
        split_groups(np.arange(200), labels, seed=seed, keys=name_rows(200)).tobytes()
        for seed in range(5)
    }
    assert len(splits) == 5


def test_split_is_pinned():
    """The same for ever: a change of this digest moves patients between splits."""
    groups = np.arange(200) // 2
    split = split_groups(groups, np.arange(200) % 5 == 0, seed=42, keys=name_rows(200))
    assert "".join(map(str, split[::2])) == PINNED


PINNED = (
    "10022200001120000000000020000000020200100000110011"
    "00010000201020000021000012100010002000201002000200"
)


def test_a_set_without_positives_is_split_by_size():
    labels = np.zeros(100, dtype=bool)
    split = split_groups(np.arange(100), labels, seed=0, keys=name_rows(100))
    assert np.bincount(split).tolist() == [70, 15, 15]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([0] * 80 + list(range(1, 21)), "group of ISIC_0000000 alone has 80 rows"),
        ([0, 1] * 50, "fewer groups than splits"),
        ([row // 20 for row in range(100)], "none was found in 200 orders"),
    ],
)
def test_an_impossible_split_is_explained(groups, message):
    labels = np.arange(100) % 2 == 0
    with pytest.raises(SelectionError, match=message):
        split_groups(np.array(groups), labels, seed=0, keys=name_rows(100))


def test_repeated_keys_are_an_error():
    with pytest.raises(SelectionError, match="3 rows have 2 different keys"):
        split_groups(
            np.arange(3), np.zeros(3, dtype=bool), seed=0, keys=["a", "a", "b"]
        )


@needs_shared
def test_split_of_the_real_selection():
    with (SHARED / "golden/metadata_small.csv").open() as file:
        rows = list(csv.DictReader(file))
    with (SHARED / "data/isic/ISIC_2020_Training_Duplicates.csv").open() as file:
        official = [tuple(pair.values()) for pair in csv.DictReader(file)]
    names = [row["image_name"] for row in rows]
    duplicates = link_named(names, official)
    assert (len(official), len(duplicates)) == (425, 3)
    links = np.concatenate([link_equal([r["patient_id"] for r in rows]), duplicates])
    groups = connected_groups(len(rows), links)
    labels = np.array([row["benign_malignant"] == "malignant" for row in rows])
    split = split_groups(groups, labels, seed=42, keys=names)
    check_split(split, groups, labels)
    assert np.bincount(split).tolist() == [1750, 375, 375]
    assert np.bincount(split[labels]).tolist() == [350, 75, 75]


@settings(max_examples=200, deadline=None)
@given(st.integers(3, 120), st.floats(0, 1))
def test_whole_numbers_are_looked_for_everywhere(rows, share):
    positives = round(share * rows)
    share = positives / rows
    for fraction in (0.70, 0.15):
        sizes = [
            size
            for size in range(1, rows + 1)
            if abs(size - fraction * rows) <= TOLERANCE * rows + 1e-9
        ]
        expected = any(
            abs(held / size - share) <= TOLERANCE + 1e-9
            for size in sizes
            for held in range(size + 1)
        )
        assert groups_module._is_whole(fraction * rows, rows, share) is expected


def test_a_share_that_no_whole_number_makes_is_explained():
    labels = np.arange(65) < 15
    words = "of about 9.75 rows no whole number makes a share of 23.1 per cent"
    with pytest.raises(SelectionError, match=words):
        split_groups(np.arange(65), labels, seed=0, keys=name_rows(65))
