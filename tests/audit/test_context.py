"""Context: counted exactly, with intervals that textbooks give."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.audit.context import Context, count_context, report

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
    assert pair["images"] == 30
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


def test_chance_alone_makes_no_lift_of_rare_categories_sure():
    """Five images where one or less was expected are met among 1,580 pairs."""
    rng = np.random.default_rng(0)
    shares = np.exp(rng.uniform(np.log(0.002), np.log(0.3), 80))
    fifty = np.full(20, 50)
    found = 0
    for _ in range(100):
        beside = rng.binomial(50, shares, (20, 80))
        context = Context(
            names=tuple(f"category {number}" for number in range(80)),
            targets=tuple(range(20)),
            source_images=118_000,
            source=rng.binomial(118_000, shares),
            positive_images=fifty,
            negative_images=fifty,
            positives=beside,
            negatives=beside,
        )
        found += context.is_sure().any()
    assert found <= 10  # 5 are meant to be; intervals alone find some 40


def test_one_image_makes_no_lift_sure():
    """Whatever it shows, and however rare that is."""
    rows = [[CUP, TABLE], *[[TABLE]] * 20, *[[PERSON]] * 979]
    context = count(rows, {CUP: ([0, 0, 0], [30])})
    assert context.lift()[0, 0, TABLE] == pytest.approx(1000 / 21)
    assert not context.is_sure().any()


def test_more_pairs_than_a_manifest_holds_are_not_listed(monkeypatch):
    has = np.array([[True] * 9 + [False] * 9] * 2)
    draws = [(np.arange(9), np.arange(9, 18))] * 2
    found = count_context(has, ["cup", "bowl"], [0, 1], draws)
    monkeypatch.setattr("builder.audit.context.MOST_PAIRS", 4)
    assert set(report(found)["targets"]) == {"cup", "bowl"}
    monkeypatch.setattr("builder.audit.context.MOST_PAIRS", 3)
    told = report(found)
    assert told["targets"] == {}
    assert {pair["target"] for pair in told["largest"]} <= {"cup", "bowl"}


def test_all_numbers_of_a_report_follow_from_the_counts():
    context = count(ROWS, {CUP: ([0, 2, 7], [1, 3]), CAR: ([5, 3], [6, 0, 1])})
    told = report(context, known_pairs=[("car", "person")])
    assert told["categories"] == list(NAMES)
    assert told["source"] == {"images": 8, "counts": [2, 0, 4, 4, 4]}
    assert list(told["targets"]) == ["cup", "car"]
    lift = context.lift()
    for row, (name, column) in enumerate([("cup", CUP), ("car", CAR)]):
        facts = told["targets"][name]
        for kind in ("positives", "negatives"):
            images = getattr(context, f"{kind[:-1]}_images")
            counts = getattr(context, kind)[row].tolist()
            assert facts[kind] == {"images": images[row], "counts": counts}
        for part, key in enumerate(("lift", "lift_low", "lift_high")):
            expected = [
                None
                if np.isnan(value) or place == column
                else pytest.approx(value, abs=1e-6)
                for place, value in enumerate(lift[part, row].tolist())
            ]
            assert facts[key] == expected
            assert all(v is None or round(v, 6) == v for v in facts[key])
    (pair,) = told["known_pairs"]
    assert (pair["target"], pair["context"], pair["images"]) == ("car", "person", 2)
    assert (pair["positives"][0], pair["negatives"][0], pair["source"][0]) == (
        0.5, 0.666667, 0.5,
    )  # fmt: skip
    assert pair["lift"] == [
        pytest.approx(part, abs=1e-6) for part in lift[:, 1, PERSON].tolist()
    ]


def test_ten_of_the_largest_lifts_are_named_the_surest_first():
    """Of twelve things that are only beside a cup, in 30 to 41 of 60 images."""
    shown = np.zeros((13, 1000), dtype=bool)
    shown[0, :60] = True
    for thing in range(1, 13):
        shown[thing, : 29 + thing] = True
    names = ["cup", *(f"thing {n}" for n in range(1, 13))]
    draws = [(np.arange(60), np.arange(60, 120))]
    told = report(count_context(shown, names, [0], draws))
    assert [pair["context"] for pair in told["largest"]] == [
        f"thing {n}" for n in range(12, 2, -1)
    ]
    lows = [pair["lift"][1] for pair in told["largest"]]
    assert lows == sorted(lows, reverse=True)
    assert len(report(count_context(shown, names, [0], draws), top=20)["largest"]) == 12
