"""The rules of selection against the notebook's own lines."""

import hashlib
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import SelectionError
from builder.selection import rules
from builder.selection.rules import (
    amount_of,
    draw_many,
    per_label,
    repeats,
    sample,
    slice_labels,
    sort_as_pandas_2,
)
from tests.benchmarks.notebook import load_coco_data

# What NumPy's object quicksort picks from `skewed_labels`, by the notebook's slices:
# sha256 of the row numbers as text, one a line.
PICKED = "605eae61470cbd45"


def skewed_labels():
    """Return as many labels as the official metadata has, 584 of them malignant."""
    labels = np.array(["benign"] * 33_126, dtype=object)
    rows = np.random.RandomState(2020).permutation(33_126)[:584]
    labels[rows] = "malignant"
    return labels


def draw(mask, *, samples, seed):
    """Return the draw of one target."""
    return draw_many(np.array([mask], dtype=bool), samples=samples, seeds=[seed])[0, 0]


@pytest.fixture
def global_state():
    """Check that a test leaves NumPy's global generator as it was."""
    np.random.seed(1234)
    before = np.random.get_state()
    yield
    after = np.random.get_state()
    assert before[0] == after[0]
    assert (before[1] == after[1]).all()
    assert before[2:] == after[2:]


masks = st.lists(st.booleans(), min_size=2, max_size=60).filter(
    lambda mask: any(mask) and not all(mask)
)


@given(mask=masks, samples=st.integers(0, 40), seed=st.integers(0, 2**32 - 1))
def test_any_draw_is_the_notebooks(mask, samples, seed):
    table = {f"{row}.jpg": [3] if has else [4] for row, has in enumerate(mask)}
    expected = load_coco_data(table, 3, samples, seed)
    rows = draw(mask, samples=samples, seed=seed)
    assert rows.dtype == np.int64
    assert [f"{row}.jpg" for row in rows.tolist()] == [str(name) for name in expected]


def test_quotas_are_met_with_and_without_replacement(global_state):
    mask = np.zeros(100, dtype=bool)
    mask[[3, 50, 99]] = True
    kept = mask.copy()
    np.random.seed(1)
    first = draw(mask, samples=21, seed=7)
    np.random.seed(1234)
    assert (draw(mask, samples=21, seed=7) == first).all()
    assert (mask == kept).all()
    assert mask[first].tolist() == [True] * 10 + [False] * 10
    assert repeats(first)[:10].sum() >= 7  # 10 of 3 images
    assert not repeats(first)[10:].any()
    assert (draw(mask, samples=21, seed=8) != first).any()


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ([False] * 4, "no image with the target among 4"),
        ([True] * 4, "no image without the target among 4"),
        ([], "no image with the target among 0"),
    ],
)
def test_nothing_to_draw_from_is_said(mask, message):
    with pytest.raises(SelectionError, match=message):
        draw(mask, samples=2, seed=1)
    assert len(draw(mask, samples=1, seed=1)) == 0


@given(rows=st.lists(st.integers(0, 8), max_size=30))
def test_repeats_are_what_stands_earlier(rows):
    expected = [row in rows[:place] for place, row in enumerate(rows)]
    assert repeats(np.array(rows, dtype=np.int64)).tolist() == expected


def test_the_sort_is_pinned(global_state):
    labels = skewed_labels()
    kept = labels.copy()
    slices = {"benign": (2000, 4000), "malignant": (50, 550)}
    picked = slice_labels(labels, slices)
    text = "".join(f"{row}\n" for row in picked.tolist())
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == PICKED
    assert (labels == kept).all()
    assert labels[picked].tolist() == ["benign"] * 2000 + ["malignant"] * 500
    # A stable sort would take other rows: this is what the pin is for.
    benign = np.flatnonzero(labels == "benign")[2000:4000]
    assert len(set(picked.tolist()) & set(benign.tolist())) < 1000


@pytest.mark.skipif(
    int(pd.__version__.split(".")[0]) > 2, reason="pandas 3 sorts in another order"
)
@pytest.mark.parametrize("count", [10, 17, 300, 33_126])
def test_the_sort_is_that_of_pandas_2(count):
    labels = skewed_labels()[-count:]
    frame = pd.DataFrame({"benign_malignant": labels})
    expected = frame.sort_values(by=["benign_malignant"]).index
    assert sort_as_pandas_2(labels).tolist() == expected.tolist()


@given(
    labels=st.lists(st.sampled_from(["benign", "malignant"]), min_size=1, max_size=50),
    start=st.integers(0, 5),
    length=st.integers(1, 10),
)
def test_slices_take_what_is_there_or_refuse(labels, start, length):
    array = np.array(labels, dtype=object)
    slices = {"malignant": (start, start + length), "benign": (0, 1)}
    available = {label: labels.count(label) for label in slices}
    short = [label for label, (_, stop) in slices.items() if available[label] < stop]
    if short:
        message = f"{short[0]} rows {slices[short[0]][0]}:{slices[short[0]][1]} asked"
        with pytest.raises(SelectionError, match=message) as caught:
            slice_labels(array, slices)
        assert f"only {available[short[0]]} {short[0]} rows" in str(caught.value)
        return
    rows = slice_labels(array, slices)
    assert len(set(rows.tolist())) == len(rows) == length + 1
    assert array[rows].tolist() == ["malignant"] * length + ["benign"]
    whole = slice_labels(array, {"malignant": (0, available["malignant"])})
    assert whole[start : start + length].tolist() == rows[:-1].tolist()


def test_the_message_of_a_short_slice_names_all():
    labels = np.array(["benign", "malignant"], dtype=object)
    message = "malignant rows 50:550 asked for, but the metadata has only 1 malignant"
    with pytest.raises(SelectionError, match=re.escape(message)):
        slice_labels(labels, {"benign": (0, 1), "malignant": (50, 550)})


def test_many_draws_are_those_of_each_alone():
    rng = np.random.default_rng(5)
    positives = rng.random((4, 300)) < [[0.5], [0.01], [0.99], [0.1]]
    found = draw_many(positives, samples=41, seeds=[42, 0, 2**32 - 1])
    assert found.shape == (3, 4, 40)
    for draws, seed in zip(found, [42, 0, 2**32 - 1], strict=True):
        for rows, positive in zip(draws, positives, strict=True):
            alone = draw(positive, samples=41, seed=seed)
            np.testing.assert_array_equal(rows, alone)


@pytest.mark.parametrize(
    ("amount", "available", "rows"),
    [(12, 5, 12), (0.5, 5, 3), (0.145, 100, 15), (0.01, 5, 1), (1.0, 5, 5), (1, 5, 1)],
)
def test_fractions_are_rounded_half_up_and_are_one_row_at_least(
    amount, available, rows
):
    assert amount_of(amount, available) == rows


def test_a_sample_is_that_of_the_legacy_generator_in_table_order():
    expected = sorted(np.random.RandomState(7).choice(50, size=10, replace=False))
    assert sample(50, 10, seed=7).tolist() == expected
    assert sample(50, 0.2, seed=7).tolist() == expected
    assert sample(50, 1.0, seed=7).tolist() == list(range(50))
    with pytest.raises(SelectionError, match=r"51 rows asked for, .* only 50"):
        sample(50, 51, seed=7)


def test_rows_of_each_label_are_drawn_anew():
    labels = np.array([0, 1] * 10 + [2])
    rows = per_label(labels, {0: 3, 1: 0.5, 2: 1}, seed=7, names="abc")
    chance = np.random.RandomState(7).choice(10, size=3, replace=False)
    assert [row for row in rows.tolist() if labels[row] == 0] == sorted(chance * 2)
    chance = np.random.RandomState(7).choice(10, size=5, replace=False)
    assert [row for row in rows.tolist() if labels[row] == 1] == sorted(chance * 2 + 1)
    assert rows.tolist() == sorted(rows.tolist())
    assert per_label(labels, {2: 0.1}, seed=7, names="abc").tolist() == [20]


def test_all_labels_with_too_few_rows_are_named():
    labels = np.array([0, 1] * 10 + [2])
    message = r"fewer rows than asked for of a \(has 10 of 11\), c \(has 1 of 2\): ask"
    with pytest.raises(SelectionError, match=message):
        per_label(labels, {0: 11, 1: 10, 2: 2}, seed=7, names="abc")


def test_draws_keep_no_shuffle_alive():
    """A view of one holds as many numbers as there are rows, for every target."""
    for drawn in rules._draw((1_000, 2_000), 5, 42):
        assert drawn.base is None
