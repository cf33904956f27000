"""Ages in bands of ten years, and the drift of the real selection."""

import csv

import numpy as np
import pytest

from builder.audit.drift import compare_values
from builder.audit.labels import count_labels
from builder.datasets.isic.ages import AGE_NAMES, AGES, band_ages, compare_ages
from builder.datasets.isic.audit import ages_of
from builder.datasets.isic.parse import read_metadata, texts
from tests.tiny import SHARED


def test_bands_have_one_name_each():
    assert len(set(AGE_NAMES)) == len(AGE_NAMES) == len(AGES) + 1
    assert list(AGES) == sorted(AGES)


def test_ages_keep_their_order():
    ages = band_ages(np.array([85.0, 15, 45, np.nan, 29.9, 30]))
    assert ages == ["80 and more", "below 30", "40-49", None, "below 30", "30-39"]
    counts = count_labels(ages, np.zeros(6, dtype=bool), order=AGE_NAMES)
    values = [count.value for count in counts]
    assert values == ["below 30", "30-39", "40-49", "80 and more", "missing"]


def test_drift_is_of_the_same_bands():
    ages = np.array([85.0, 15, 45, np.nan, 29.9, 30])
    found = compare_ages(ages, np.array([45.0]))
    names = [name or "missing" for name in band_ages(ages)]
    assert found.values == (*AGE_NAMES, "missing")
    shares = dict(zip(found.values, found.selection.tolist(), strict=True))
    assert shares == {name: names.count(name) / 6 for name in shares}
    assert found.parent.tolist() == [0, 0, 1, 0, 0, 0, 0, 0]


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the official metadata")
def test_drift_of_the_real_selection():
    tables = []
    for name in (
        "golden/metadata_small.csv",
        "data/isic/ISIC_2020_Training_GroundTruth.csv",
    ):
        with (SHARED / name).open() as file:
            tables.append(list(csv.DictReader(file)))
    assert [len(rows) for rows in tables] == [2_500, 33_126]
    found = compare_values(
        "label", *([r["benign_malignant"] for r in t] for t in tables)
    )
    assert found.selection.tolist() == [0.8, 0.2]
    assert found.size == pytest.approx(0.2 - 584 / 33_126)
    ages = [np.array([float(r["age_approx"] or "nan") for r in t]) for t in tables]
    assert "missing" in compare_ages(*ages).values


def test_ages_that_are_no_numbers_are_missing():
    data = b"image_name,age_approx,benign_malignant\na,85+,benign\nb,40.0,benign\n"
    frame = read_metadata(data + b"c,unknown,malignant\n", name="m.csv")
    assert band_ages(ages_of(frame)) == [None, "40-49", None]
    assert texts(frame, "age_approx") == ["85+", "40.0", "unknown"]
