"""What a label can be guessed from: who is compared with whom, and what is told."""

import json

import numpy as np
import pytest

from builder.audit.measured import (
    DECODED,
    UNDECODED,
    measures_of,
    measures_of_sizes,
)
from builder.audit.shortcuts import (
    MOST_LISTED,
    Contrast,
    compare,
    contrasts_of,
    report,
    unrolled,
)
from builder.images.facts import gather
from builder.images.inspect import inspect, look
from builder.images.measures import WORDS
from tests.images.test_inspect import draw, encode

LABELS = np.array(["a", "b"] * 20, dtype=object)


def by_label(*values):
    """Return values of 40 images of which each second is of the other label."""
    return np.array(values * (40 // len(values)), dtype=float)


def test_of_two_classes_one_is_told_of_three_each():
    (only,) = contrasts_of(LABELS, ["a", "b", "nobody"])
    assert (only.label, only.against) == ("b", "a")
    assert only.rows.tolist() == list(range(1, 40, 2))
    assert only.others.tolist() == list(range(0, 40, 2))
    three = contrasts_of(np.array(["a", "b", "c"], dtype=object), ["c", "b", "a"])
    assert [contrast.label for contrast in three] == ["c", "b", "a"]
    assert all(c.others is None and c.against == "" for c in three)


def test_against_all_others_or_some_of_them_is_what_scikit_learn_says():
    from sklearn.metrics import roc_auc_score  # takes two seconds

    rng = np.random.default_rng(3)
    values = {"width": rng.integers(0, 9, 60).astype(float)}
    rows, some, every = np.arange(20), np.arange(30, 50), np.arange(20, 60)
    contrasts = [Contrast("x", rows, others) for others in (None, some, every)]
    found = compare("selection", values, contrasts)
    width = values["width"]
    for place, rest in enumerate((every, some, every)):
        labels = np.repeat([1, 0], [20, len(rest)])
        score = roc_auc_score(labels, width[np.concatenate([rows, rest])])
        assert found.auc[place, 0] == pytest.approx(score)
        assert found.negatives[place, 0] == len(rest)


def test_hues_are_put_in_order_where_the_fewest_are():
    hues = by_label(350, 5, 355, 10)
    found = compare("selection", {"hue": hues}, contrasts_of(LABELS, "ab"))
    assert found.auc.tolist() == [[1.0]]
    told = report([found], decoded=True)
    assert told["strongest"][0]["typical"] == pytest.approx([7.5, 352.5], abs=1)
    assert (np.abs(unrolled(np.arange(0.0, 360.0, 7))) <= 180).all()
    grey = np.full(40, np.nan)
    assert np.isnan(compare("selection", {"hue": grey}, found.contrasts).auc).all()


def told_of(**values):
    found = compare("selection", values, contrasts_of(LABELS, "ab"))
    return report([found], decoded=True)


def test_what_is_the_same_for_all_is_no_test():
    told = told_of(
        width=np.full(40, 7.0), grey=by_label(0, 1), height=by_label(1, 1, 2, 2)
    )
    scope = told["scopes"]["selection"]
    assert scope["same"] == ["width"]
    assert scope["measures"] == ["width", "grey", "height"]
    (label,) = scope["labels"]
    assert label["auc"][0] is label["low"][0] is label["high"][0] is None
    assert label["above_chance"] == [False, True, False]
    assert told["tests"] == 2
    assert told["critical_value"] == pytest.approx(2.2414, abs=1e-4)
    assert json.loads(json.dumps(told)) == told
    (strongest,) = told["strongest"]
    low = strongest.pop("low")
    assert 0.8 < low < 1
    assert strongest == {
        "scope": "selection", "label": "b", "against": "a", "measure": "grey",
        "auc": 1.0, "high": 1.0, "with": 20, "without": 20, "typical": [1.0, 0.0],
    }  # fmt: skip


def test_the_strongest_come_first_in_either_direction():
    few = by_label(0, 1, 0, 1, 0, 1, 1, 0)
    told = told_of(width=few, height=by_label(1, 0), aspect=by_label(5, 5, 5, 6))
    assert [e["measure"] for e in told["strongest"]] == ["height", "width", "aspect"]
    assert [e["auc"] for e in told["strongest"]] == [0, 0.75, 0.75]
    assert told["strongest"][2]["typical"] == [5.5, 5.0]
    assert told["above_chance"] == 3


def test_of_grey_the_share_is_typical_and_of_all_else_the_median():
    values = by_label(0, 1, 0, 1, 0, 1, 1, 1)
    for name, typical in (("grey", [1.0, 0.25]), ("sharpness", [1.0, 0.0])):
        assert told_of(**{name: values})["strongest"][0]["typical"] == typical


def test_of_hues_the_median_around_their_mean_is_typical():
    """Also across the place where the circle is cut, and on either side of it."""
    told = told_of(hue=by_label(350, 100, 350, 100, 350, 100, 50, 100))
    assert told["strongest"][0]["typical"] == pytest.approx([100, 350])


def test_chance_is_not_listed_however_many_are_tested():
    """Of 3,000 measures that mean nothing 150 would be at 95 per cent each."""
    rng = np.random.default_rng(11)
    values = {str(number): rng.normal(size=40) for number in range(3000)}
    assert told_of(**values)["above_chance"] <= 1


def test_no_more_are_listed_than_fit_and_the_number_is_told():
    values = {str(number): by_label(0, 1) for number in range(MOST_LISTED + 5)}
    told = told_of(**values)
    assert len(told["strongest"]) == MOST_LISTED
    assert told["above_chance"] == MOST_LISTED + 5


def test_bytes_a_pixel_are_left_out_where_they_are_the_bytes_again():
    images = [encode(draw(50, 40), quality=q) for q in (50, 90)]
    found = measures_of(gather([*map(inspect, images), inspect(b"")]), decoded=True)
    assert "bytes" in found
    assert "bytes_a_pixel" not in found
    turned = [images[0], encode(draw(40, 50))]  # as many pixels in another shape
    assert "bytes_a_pixel" not in measures_of(
        gather([*map(inspect, turned)]), decoded=True
    )


def test_measures_are_those_of_good_images_and_of_what_was_done():
    images = [encode(draw(96, 64), quality=75), encode(draw(50, 40), "PNG")]
    facts = gather([*map(inspect, images), inspect(b"")])
    found = measures_of(facts, decoded=True)
    assert list(found) == [*UNDECODED, *DECODED]
    assert set(found) == set(WORDS)
    np.testing.assert_equal(found["width"], [96, 50, np.nan])
    np.testing.assert_equal(found["aspect"], [1.5, 1.25, np.nan])
    np.testing.assert_equal(found["bytes"], [*map(len, images), np.nan])
    assert found["bytes_a_pixel"][1] == len(images[1]) / 2000
    np.testing.assert_equal(found["quality"], [75, np.nan, np.nan])
    np.testing.assert_equal(found["grey"], [0, 0, np.nan])
    looked = measures_of(gather([*map(look, images), look(b"")]), decoded=False)
    assert list(looked) == list(UNDECODED)
    for name, values in looked.items():
        np.testing.assert_equal(values, found[name])


def test_sizes_that_are_not_stated_are_not_compared():
    found = measures_of_sizes(np.array([[30, 20], [0, 0], [0, 5]], dtype=np.int32))
    np.testing.assert_equal(found["aspect"], [1.5, np.nan, np.nan])
    np.testing.assert_equal(found["height"], [20, np.nan, np.nan])


def test_without_decoding_it_says_what_was_not_measured():
    values = {name: by_label(0, 1) for name in UNDECODED}
    found = compare("selection", values, contrasts_of(LABELS, "ab"))
    assert report([found], decoded=False)["not_measured"] == list(DECODED)
    assert report([], decoded=True)["tests"] == 0
