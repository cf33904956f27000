"""Context: counted exactly, with intervals that textbooks give."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.audit.context import count_context, report

CAR, BOTTLE, CUP, TABLE, PERSON = range(5)
NAMES = ("car", "bottle", "cup", "dining table", "person")
ROWS = [
    [CUP, TABLE],
    [TABLE, PERSON],
    [CUP],
    [CAR, PERSON],
    [CUP, TABLE, PERSON],
    [CAR],
    [PERSON],
    [TABLE, CUP],
]


def count(rows, draws):
    """Context of images that show lists of categories, and of draws by target."""
    has = np.array([[name in row for row in rows] for name in range(len(NAMES))])
    pairs = [
        tuple(np.array(drawn, dtype=np.int64) for drawn in pair)
        for pair in draws.values()
    ]
    return count_context(has, NAMES, list(draws), pairs)


def test_counts_are_of_distinct_images():
    context = count(ROWS, {CUP: ([0, 2, 0, 7, 0], [1, 3, 3]), CAR: ([5, 3], [6])})
    assert context.names == NAMES
    assert context.targets == (CUP, CAR)
    assert context.source_images == 8
    assert context.source.tolist() == [2, 0, 4, 4, 4]
    assert context.positive_images.tolist() == [3, 2]
    assert context.negative_images.tolist() == [2, 1]
    assert context.positives.tolist() == [[0, 0, 3, 2, 0], [2, 0, 0, 0, 1]]
    assert context.negatives.tolist() == [[1, 0, 0, 1, 2], [0, 0, 0, 0, 1]]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_counts_are_those_of_a_plain_loop(data):
    category = st.sampled_from(range(len(NAMES)))
    rows = data.draw(st.lists(st.lists(category, unique=True), min_size=1, max_size=20))
    drawn = st.lists(st.integers(0, len(rows) - 1), max_size=9)
    draws = data.draw(st.dictionaries(category, st.tuples(drawn, drawn), max_size=3))
    context = count(rows, draws)
    assert context.positives.shape == context.negatives.shape == (len(draws), 5)
    for number in range(len(NAMES)):
        assert context.source[number] == sum(number in row for row in rows)
        for place, (positives, negatives) in enumerate(draws.values()):
            for found, chosen in (
                (context.positives, positives),
                (context.negatives, negatives),
            ):
                expected = sum(number in rows[row] for row in set(chosen))
                assert found[place, number] == expected
    json.dumps(report(context), allow_nan=False)


def test_report_names_the_lifts_that_are_surely_large():
    # bottle: one image of many, beside a cup by chance; table: always beside a cup.
    rows = (
        [[CUP, TABLE]] * 40 + [[PERSON]] * 955 + [[TABLE]] * 4 + [[CUP, BOTTLE, TABLE]]
    )
    draws = {
        CUP: (np.arange(30), np.arange(50, 80)),
        CAR: ([], []),
    }
    told = report(count(rows, draws), top=1)
    (pair,) = told["largest"]
    assert (pair["target"], pair["context"]) == ("cup", "dining table")
    assert pair["positives"][0] == 1
    assert pair["negatives"] == [0, 0, pytest.approx(0.1135, abs=1e-4)]
    assert pair["source"][0] == 0.045
    assert pair["lift"][0] == pytest.approx(1 / 0.045, abs=1e-4)
    assert pair["lift"][1] > 10
    cup = told["targets"]["cup"]
    assert cup["lift"][CUP] is None
    assert cup["lift_low"][TABLE] == pair["lift"][1]
    assert cup["positives"]["counts"] == [0, 0, 30, 30, 0]
    assert told["targets"]["car"]["lift"] == [None] * 5


def test_a_lift_of_few_images_is_not_sure():
    rows = [[CUP, TABLE]] * 4 + [[CUP]] * 46 + [[PERSON]] * 950
    draws = {CUP: (np.arange(50), np.arange(50, 100))}
    context = count(rows, draws)
    assert context.lift()[1, 0, TABLE] > 1
    sure = context.is_sure()[0]
    assert [sure[TABLE], sure[PERSON], sure[CUP]] == [0, 1, 0]
    assert report(context)["largest"] == []
    more = count([[CUP, TABLE], *rows], draws)
    assert more.is_sure()[0, TABLE]
    assert len(report(more)["largest"]) == 1


def test_report_says_which_known_pairs_cannot_be_measured():
    context = count(ROWS, {CUP: ([0], [1]), CAR: ([3], [0])})
    pairs = [("cup", "dining table"), ("car", "road"), ("car", "van"), ("bus", "road")]
    measured, *others = report(context, known_pairs=pairs, stuff={"road"})[
        "known_pairs"
    ]
    assert (measured["target"], measured["context"]) == ("cup", "dining table")
    assert measured["lift"][0] == 2
    assert others == [
        {"target": "car", "context": "road", "not_measured": "stuff, not annotated"},
        {"target": "car", "context": "van", "not_measured": "not a category here"},
    ]
    assert report(context)["known_pairs"] == []


def test_chance_alone_makes_no_lift_sure():
    """Of 1,580 intervals at 95 per cent each, dozens leave out 1 by chance."""
    rng = np.random.default_rng(0)
    shown = rng.random((3000, 80)) < rng.uniform(0.02, 0.3, 80)
    draws = [
        (rng.choice(np.flatnonzero(shown[:, target]), 50), np.arange(50))
        for target in range(20)
    ]
    names = [f"category {number}" for number in range(80)]
    context = count_context(shown.T, names, range(20), draws)
    _, low, high = context.lift()
    alone = (low > 1) | (high < 1)
    alone[np.arange(20), np.arange(20)] = False
    assert alone.sum() > 30
    assert not context.is_sure().any()
    wide = context.lift(together=True)
    assert (wide[1] <= low).all()
    assert (wide[2] >= high).all()
