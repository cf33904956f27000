"""Why a cut is not fair is told in numbers, with steps that help and no other."""

import numpy as np
import pytest

from builder.selection.cuts import Cut, group_rows
from builder.selection.groups import Link, cut_linked, link_equal
from builder.selection.unfair import (
    TooFewGroupsError,
    Unfair,
    Ways,
    Without,
    why_not_fair,
    why_too_few,
)


def cut_of(sizes, chosen, fractions, *, positives=0, tolerance=0.01):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    labels = (np.arange(len(groups)) < positives).astype(np.int64)
    keys = [f"k{row:04}" for row in range(len(groups))]
    grouped = group_rows(groups, labels, fractions=fractions, keys=keys)
    return Cut(grouped, np.array(chosen, dtype=np.int8), tolerance)


def test_a_group_that_no_split_takes_is_told_with_all_that_helps():
    cut = cut_of([1500, 300, 200], [0, 1, 1], (0.7, 0.3))
    without = [Without("drop a", 9, 1420), Without("drop b", 3, 1421)]
    found = why_not_fair(
        cut, ["train", "test"], Ways("t {}", "s {}"), told=["x", "y"], without=without
    )
    assert found == Unfair(
        "2,000 rows in 3 groups: 1,500 rows, k0000 among them, are one group, as they"
        " belong together by x, y; at a tolerance of 1 % no split takes so many"
        " (train 1,420, test 620)",
        (
            "drop a: then the largest group has 1,420",
            "s 75 %",
            "t 0.05",
            "leave 276 of them out",
        ),
    )
    assert str(found) == f"{found.fact}: {'; or '.join(found.steps)}"
    plain = why_not_fair(cut, ["train", "test"])
    assert plain.steps == ("take a tolerance of 0.05", "leave 276 of them out")
    assert "are one group; at" in plain.fact


def test_so_many_are_left_out_as_are_too_many():
    """Of 100 rows a split of a half takes 51; without 49 of 75 it is 26 of 51."""
    cut = cut_of([75, 15, 10], [0, 1, 1], (0.5, 0.5))
    assert why_not_fair(cut, "ab").steps[-1] == "leave 49 of them out"
    assert (75 - 49) <= 0.51 * (100 - 49) < (75 - 48)
    # Exactly as many as there is room for, in spite of rounding.
    even = cut_of([80, 10, 10], [0, 1, 1], (0.6, 0.4), tolerance=0.0)
    assert why_not_fair(even, "ab").steps[-1] == "leave 50 of them out"


def test_where_no_tolerance_below_one_helps_none_is_advised():
    cut = cut_of([4, 4, 4], [0, 0, 0], (0.5, 0.5), positives=4, tolerance=0.0)
    found = why_not_fair(cut, ["a", "b"])
    assert found.steps == ()
    assert str(found) == found.fact
    assert found.fact == (
        "12 rows in 3 groups, the largest of 4, were not cut within 0 % or one group;"
        " the nearest that was found is a 12, b 0, with shares of a label up to 66.7"
        " points from that of all"
    )


def test_fewer_groups_than_splits_are_told_with_what_there_would_be():
    ways = Ways(splits="fewer splits")
    without = [Without("drop a", 3, 1), Without("drop b", 2, 1)]
    assert why_too_few(1, 1, 3, ways, told=["x", "y"], without=without) == Unfair(
        "1 row in 1 group cannot be cut into 3 splits, each with a group of its own"
        " (x, y)",
        (
            "drop a: then there are 3 groups",
            "fewer splits",
            "take rows of more groups",
        ),
    )
    plain = why_too_few(1200, 2, 3, Ways(), told=[], without=[])
    assert plain.steps == ("take more rows",)
    assert plain.fact.startswith("1,200 rows in 2 groups cannot")
    assert plain.fact.endswith("each with a group of its own")


def test_the_error_of_too_few_groups_has_the_reason_with_it():
    link = Link("patient", link_equal(["p"] * 4), "drop it", ["p"] * 4)
    with pytest.raises(TooFewGroupsError) as caught:
        cut_linked(
            [link], np.zeros(4, dtype=np.int64), fractions={"a": 0.5, "b": 0.5},
            seed=1, keys=list("wxyz"), tolerance=0.01, ways=Ways(),
        )  # fmt: skip
    assert caught.value.why.steps == (
        "drop it: then there are 4 groups",
        "take rows of more groups",
    )
    assert str(caught.value) == str(caught.value.why)


def test_a_link_tells_what_it_links_and_nothing_of_single_rows():
    values = ["p", "q", "p", None, None, "r", "r", "r"]
    link = Link("patient", link_equal(values), "", values)
    assert link.tell(np.arange(8)) == "patient 'r' (3 rows), 'p' (2 rows)"
    assert link.tell(np.array([0, 1, 3, 4, 5])) == ""
    pairs = Link("copies", np.array([[0, 1], [1, 2], [5, 6]]), "")
    assert pairs.tell(np.array([0, 1, 2, 5])) == "copies (2)"
    assert pairs.tell(np.array([0, 2])) == ""


@pytest.mark.parametrize("first", ["largest", "hardest"])
def test_linked_rows_are_cut_as_the_groups_that_they_are(first):
    """Whatever the search begins with; and the two begin with different groups."""
    rng = np.random.default_rng(4)
    labels = (rng.random(400) < 0.2).astype(np.int64)
    values = [f"p{n}" for n in rng.integers(0, 120, 400)]
    link = Link("patient", link_equal(values), "", values)
    cuts = {}
    for name in ("largest", "hardest"):
        cuts[name], _ = cut_linked(
            [link], labels, fractions={"a": 0.7, "b": 0.3}, seed=1, tolerance=0.01,
            keys=[f"k{row}" for row in range(400)], ways=Ways(), first=name,
        )  # fmt: skip
    cut = cuts[first]
    for patient in set(values):
        rows = [row for row, value in enumerate(values) if value == patient]
        assert len(set(cut.split[rows].tolist())) == 1
    assert (cuts["largest"].split != cuts["hardest"].split).any()
