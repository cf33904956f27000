"""The patient split keeps its promises, or says that it cannot."""

import csv
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import SelectionError
from builder.selection.groups import (
    Link,
    connected_groups,
    cut_linked,
    link_equal,
    link_named,
    met_again,
    split_groups,
)
from builder.selection.recipe import TOLERANCE
from builder.selection.unfair import Ways
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


def is_fair(split, groups, labels, fractions=FRACTIONS, tolerance=TOLERANCE):
    """Within the tolerance, or within one group, from the definition."""
    rows, share = len(groups), labels.mean()
    sizes = np.bincount(np.unique(groups, return_inverse=True)[1])
    surplus = [
        labels[groups == g].sum() - share * (groups == g).sum() for g in {*groups}
    ]
    if sizes.max() > (max(fractions) + tolerance) * rows + 1e-9:
        return False
    for number, fraction in enumerate(fractions):
        inside = split == number
        if not inside.any():
            return False
        off = abs(inside.sum() - fraction * rows)
        if off > max(tolerance * rows, sizes.max()) + 1e-6:
            return False
        off = abs(labels[inside].sum() - share * inside.sum())
        if off > max(tolerance * inside.sum(), np.abs(surplus).max()) + 1e-6:
            return False
    return True


def all_splits(groups, fractions):
    names = np.unique(groups)
    for chosen in itertools.product(range(len(fractions)), repeat=len(names)):
        yield np.array(chosen)[np.searchsorted(names, groups)]


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
    tolerance=st.sampled_from([TOLERANCE, 0.2]),
)
def test_few_groups_are_split_only_if_that_is_fair(
    sizes, positives, fractions, tolerance
):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    labels = np.concatenate(
        [np.arange(n) < n * p for n, p in zip(sizes, positives, strict=False)]
    )
    keys = name_rows(len(groups))
    options = {"seed": 0, "keys": keys, "fractions": fractions, "tolerance": tolerance}
    if any(
        is_fair(split, groups, labels, fractions, tolerance)
        for split in all_splits(groups, fractions)
    ):
        split = split_groups(groups, labels, **options)
        assert is_fair(split, groups, labels, fractions, tolerance)
        for group in np.unique(groups):
            assert len(set(split[groups == group].tolist())) == 1
    else:
        with pytest.raises(SelectionError, match=r"\d groups?"):
            split_groups(groups, labels, **options)


def cut_into_groups(rng, n, start):
    """Return groups of 1 to 8 rows, as patients have images."""
    sizes = []
    while sum(sizes) < n:
        sizes.append(int(rng.integers(1, 9)))
    return start + np.repeat(np.arange(len(sizes)), sizes)[:n]


@settings(max_examples=150, deadline=None)
@given(
    rows=st.sampled_from([40, 60, 80, 100, 140, 200]),
    fifths=st.integers(1, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_small_sets_are_split_within_a_point_where_that_is_possible(rows, fifths, seed):
    """A split is cut into patients: 70/15/15, each with the same share of positives."""
    rng = np.random.default_rng(seed)
    groups, labels, start = [], [], 0
    unit = rows // 20
    for part in (14 * unit, 3 * unit, 3 * unit):
        groups.append(cut_into_groups(rng, part, start))
        start = groups[-1][-1] + 1
        labels.append(rng.permutation(part) < round(part * fifths / 3))
    groups, labels = np.concatenate(groups), np.concatenate(labels)
    order = rng.permutation(rows)
    split = split_groups(groups[order], labels[order], seed=seed, keys=name_rows(rows))
    for number, fraction in enumerate(FRACTIONS):
        inside = split == number
        assert abs(inside.mean() - fraction) <= TOLERANCE + 1e-9
    # The shares of three thirds of whole rows are not quite equal.
    planted = max(
        abs(part.mean() - labels.mean())
        for part in np.split(labels, [14 * unit, 17 * unit])
    )
    if planted <= TOLERANCE:
        check_split(split, groups[order], labels[order])


@settings(max_examples=100, deadline=None)
@given(rows=st.integers(41, 400), seed=st.integers(0, 2**32 - 1))
def test_every_small_set_of_patients_is_split(rows, seed):
    """Of patients of 1 to 8 images, whatever their labels."""
    rng = np.random.default_rng(seed)
    groups = cut_into_groups(rng, rows, 0)
    labels = rng.random(rows) < rng.uniform(0.05, 0.5)
    split = split_groups(groups, labels, seed=42, keys=name_rows(rows))
    assert is_fair(split, groups, labels)


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
        ([0] * 80 + list(range(1, 21)), "80 rows, ISIC_0000000 among them, are one gr"),
        ([0, 1] * 50, "100 rows in 2 groups cannot be cut into 3 splits"),
    ],
)
def test_an_impossible_split_is_explained(groups, message):
    labels = np.arange(100) % 2 == 0
    with pytest.raises(SelectionError, match=message):
        split_groups(np.array(groups), labels, seed=0, keys=name_rows(100))


def test_equal_groups_are_split_as_near_as_they_can_be():
    """Five groups of 20 rows make 60/20/20, which is within one group."""
    groups = np.arange(100) // 20
    split = split_groups(groups, np.arange(100) % 2 == 0, seed=0, keys=name_rows(100))
    assert np.bincount(split).tolist() == [60, 20, 20]


def test_repeated_keys_are_an_error():
    with pytest.raises(SelectionError, match="3 rows, found 2 different ones"):
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


SPLITS = {"train": 0.7, "validation": 0.15, "test": 0.15}
WAYS = Ways("tolerance {}", "a share of {}", "fewer splits")


def linked(values, pairs, n, *, drop="", **options):
    links = [
        Link("patient", link_equal(values), "drop patients", values),
        Link("pairs", np.array(pairs, dtype=np.int64).reshape(-1, 2), "drop pairs"),
    ]
    asked = {"fractions": SPLITS, "tolerance": TOLERANCE, "ways": WAYS, **options}
    labels = (np.arange(n) % 4 == 0).astype(np.int64)
    left = [link for link in links if link.way != drop]
    return cut_linked(left, labels, seed=1, keys=name_rows(n), **asked)


def test_what_links_a_large_group_is_told_and_what_helps():
    values = ["P1"] * 75 + ["P2"] * 10 + [f"P{n}" for n in range(100, 115)]
    cut, unfair = linked(values, [(0, 80), (90, 91)], 100)
    assert unfair.fact == (
        "100 rows in 15 groups: 85 rows, ISIC_0000000 among them, are one group, as"
        " they belong together by patient 'P1' (75 rows), 'P2' (10 rows), pairs (1); at"
        " a tolerance of 1 % no split takes so many (train 71, validation 16, test 16)"
    )
    assert unfair.steps == (
        "drop patients: then the largest group has 2",
        "a share of 85 %",
        "tolerance 0.15",
        "leave 49 of them out",
    )
    assert str(unfair) == f"{unfair.fact}: {'; or '.join(unfair.steps)}"
    # The rows are cut all the same, as near as they can be.
    assert np.bincount(cut.split)[0] == 85
    assert not cut.is_fair
    fair, unfair = linked(values, [(0, 80), (90, 91)], 100, tolerance=0.15)
    assert fair.is_fair
    assert unfair is None
    assert (fair.split == cut.split).all()  # a tolerance moves no row


def test_no_step_is_named_that_does_not_help():
    """Without the pairs there would still be 75 rows of one patient."""
    values = ["P1"] * 75 + [f"Q{n}" for n in range(25)]
    _, unfair = linked(values, [(0, 80)], 100, ways=Ways("tolerance {}"))
    assert [step.partition(":")[0] for step in unfair.steps] == [
        "drop patients",
        "tolerance 0.06",
        "leave 18 of them out",
    ]


@settings(max_examples=60, deadline=None)
@given(large=st.integers(60, 94), more=st.integers(3, 6), seed=st.integers(0, 9999))
def test_every_step_that_is_named_helps(large, more, seed):
    rng = np.random.default_rng(seed)
    n = 100
    others = [f"Q{row}" for row in range(more)]
    others += [f"Q{rng.integers(more)}" for _ in range(n - large - more)]
    values = ["P"] * large + others
    pairs = [(0, n - 1)] if seed % 2 else []
    _, unfair = linked(values, pairs, n)
    if unfair is None:
        return
    too_large = "no split takes so many"
    assert unfair.steps
    for step in unfair.steps:
        if step.startswith("tolerance"):
            wanted = float(step.split()[1])
            assert linked(values, pairs, n, tolerance=wanted)[0].is_fair
        elif step.startswith("leave"):
            kept = np.arange(int(step.split()[1]), n)
            assert too_large not in str(linked(values, pairs, n, among=kept)[1])
            fewer = np.arange(int(step.split()[1]) - 1, n)
            assert too_large in str(linked(values, pairs, n, among=fewer)[1])
        elif step.startswith("a share"):
            share = float(step.split()[3]) / 100
            rest = (1 - share) / 2
            shares = {"train": share, "validation": rest, "test": rest}
            _, still = linked(values, pairs, n, fractions=shares)
            assert too_large not in str(still)
        else:
            way, _, then = step.partition(": ")
            cut, still = linked(values, pairs, n, drop=way)
            assert too_large not in str(still)
            assert then == f"then the largest group has {cut.grouped.largest}"
    if too_large in unfair.fact:
        assert any(step.startswith("drop patients") for step in unfair.steps)


def test_rows_that_are_not_cut_still_link():
    """A broken image in the middle: its neighbours are of one group."""
    values = [None] * 40
    cut, _ = linked(values, [(0, 1), (1, 2)], 40, among=np.array([0, *range(2, 40)]))
    assert len(cut.split) == 39
    assert cut.grouped.largest == 2
    assert cut.split[0] == cut.split[1]


def test_fewer_groups_than_splits_are_explained():
    values = ["P1"] * 10 + ["P2"] * 10
    words = (
        r"20 rows in 2 groups cannot be cut into 3 splits, each with a group of its own"
        r" \(patient 'P1' \(10 rows\)\): drop patients: then there are 20 groups; or"
        " fewer splits; or take rows of more groups"
    )
    with pytest.raises(SelectionError, match=words):
        linked(values, [], 20)


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3)))
def test_what_is_met_again_is_all_that_is_there_twice(values):
    found = met_again(np.array(values, dtype=np.int64)).tolist()
    expected = [at for at, value in enumerate(values) if values.count(value) > 1]
    assert found == expected
