"""Context: counted exactly, with intervals that textbooks give."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.audit.context import (
    KNOWN_PAIRS,
    STUFF,
    count_context,
    report,
)
from tests.tiny import ROOT

SHARED = ROOT.parent / "shared" / "data"
NAMES = {3: "car", 44: "bottle", 47: "cup", 67: "dining table", 1: "person"}


def make_table(rows):
    """Lists of categories to CSR arrays."""
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return indptr, np.array([c for row in rows for c in row], dtype=np.int32)


ROWS = [[47, 67], [67, 1], [47], [3, 1], [47, 67, 1], [3], [1], [67, 47]]


def make_context(draws):
    draws = {k: tuple(np.array(r, dtype=np.int64) for r in v) for k, v in draws.items()}
    return count_context(*make_table(ROWS), NAMES, draws)


def test_counts_are_of_distinct_images():
    context = make_context({47: ([0, 2, 0, 7, 0], [1, 3, 3]), 3: ([5, 3], [6])})
    assert context.names == ("car", "bottle", "cup", "dining table", "person")
    assert context.targets == (2, 0)
    assert context.source_images == 8
    assert context.source.tolist() == [2, 0, 4, 4, 4]
    assert context.positive_images.tolist() == [3, 2]
    assert context.negative_images.tolist() == [2, 1]
    assert context.positives.tolist() == [[0, 0, 3, 2, 0], [2, 0, 0, 0, 1]]
    assert context.negatives.tolist() == [[1, 0, 0, 1, 2], [0, 0, 0, 0, 1]]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_counts_are_those_of_a_plain_loop(data):
    category = st.sampled_from(sorted(NAMES))
    rows = data.draw(st.lists(st.lists(category, unique=True), min_size=1, max_size=20))
    drawn = st.lists(st.integers(0, len(rows) - 1), max_size=9)
    draws = data.draw(st.dictionaries(category, st.tuples(drawn, drawn), max_size=3))
    arrays = {
        k: tuple(np.array(r, dtype=np.int64) for r in pair) for k, pair in draws.items()
    }
    context = count_context(*make_table(rows), NAMES, arrays)
    for column, number in enumerate(NAMES):
        assert context.source[column] == sum(number in row for row in rows)
        for place, (positives, negatives) in enumerate(draws.values()):
            for found, chosen in (
                (context.positives, positives),
                (context.negatives, negatives),
            ):
                expected = sum(number in rows[row] for row in set(chosen))
                assert found[place, column] == expected
    json.dumps(report(context), allow_nan=False)


def test_report_names_the_lifts_that_are_surely_large():
    # bottle: one image of many, beside a cup by chance; table: always beside a cup.
    rows = [[47, 67]] * 40 + [[1]] * 955 + [[67]] * 4 + [[47, 44, 67]]
    draws = {
        47: (np.arange(30), np.arange(50, 80)),
        3: (np.empty(0, dtype=np.int64),) * 2,
    }
    told = report(count_context(*make_table(rows), NAMES, draws), top=1)
    (pair,) = told["largest"]
    assert (pair["target"], pair["context"]) == ("cup", "dining table")
    assert pair["positives"][0] == 1
    assert pair["negatives"] == [0, 0, pytest.approx(0.1135, abs=1e-4)]
    assert pair["source"][0] == 0.045
    assert pair["lift"][0] == pytest.approx(1 / 0.045, abs=1e-4)
    assert pair["lift"][1] > 10
    cup = told["targets"]["cup"]
    assert cup["lift"][told["categories"].index("cup")] is None
    assert cup["lift_low"][told["categories"].index("dining table")] == pair["lift"][1]
    assert cup["positives"]["counts"] == [0, 0, 30, 30, 0]
    assert told["targets"]["car"]["lift"] == [None] * 5


def test_a_lift_of_few_images_is_not_sure():
    rows = [[47, 67]] * 4 + [[47]] * 46 + [[1]] * 950
    draws = {47: (np.arange(50), np.arange(50, 100))}
    context = count_context(*make_table(rows), NAMES, draws)
    assert context.lift()[1, 0, context.names.index("dining table")] > 1
    person, table = context.names.index("person"), context.names.index("dining table")
    sure = context.is_sure()[0]
    assert [sure[table], sure[person], sure[context.names.index("cup")]] == [0, 1, 0]
    assert report(context)["largest"] == []
    more = count_context(*make_table([[47, 67], *rows]), NAMES, draws)
    assert more.is_sure()[0, table]
    assert len(report(more)["largest"]) == 1


def test_report_says_which_known_pairs_cannot_be_measured():
    told = report(make_context({47: ([0], [1]), 3: ([3], [0])}))
    measured, stuff = told["known_pairs"]
    assert (measured["target"], measured["context"]) == ("cup", "dining table")
    assert measured["lift"][0] == 2
    assert stuff == {
        "target": "car",
        "context": "road",
        "not_measured": "stuff, not annotated",
    }


def test_known_pairs_are_of_20_targets():
    assert len({target for target, _ in KNOWN_PAIRS}) == len(KNOWN_PAIRS) == 20
    assert {other for _, other in KNOWN_PAIRS} >= STUFF


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the official category list")
def test_known_pairs_are_named_as_in_coco():
    path = SHARED / "coco/tiny/annotations/instances_val2017.json"
    categories = {
        c["id"]: c["name"] for c in json.loads(path.read_text())["categories"]
    }
    things = set(categories.values())
    targets = [3, 6, 31, 35, 36, 37, 40, 41, 43, 46, 47, 50, 53, 64, 75, 76, 78, 80]
    named = {target for target, _ in KNOWN_PAIRS}
    assert named == {categories[target] for target in [*targets, 85, 89]}
    contexts = {other for _, other in KNOWN_PAIRS}
    assert contexts - things == STUFF


def test_chance_alone_makes_no_lift_sure():
    """Of 1,580 intervals at 95 per cent each, dozens leave out 1 by chance."""
    rng = np.random.default_rng(0)
    shown = rng.random((3000, 80)) < rng.uniform(0.02, 0.3, 80)
    indptr = np.cumsum([0, *shown.sum(axis=1)]).astype(np.int64)
    ids = (np.nonzero(shown)[1] + 1).astype(np.int32)
    draws = {
        target: (rng.choice(np.flatnonzero(shown[:, target - 1]), 50), np.arange(50))
        for target in range(1, 21)
    }
    context = count_context(
        indptr, ids, {number: f"category {number}" for number in range(1, 81)}, draws
    )
    _, low, high = context.lift()
    alone = (low > 1) | (high < 1)
    alone[np.arange(20), np.arange(20)] = False
    assert alone.sum() > 30
    assert not context.is_sure().any()
    wide = context.lift(together=True)
    assert (wide[1] <= low).all()
    assert (wide[2] >= high).all()
