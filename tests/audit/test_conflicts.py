"""Equal images with different labels: which, and in what they differ."""

import numpy as np

from builder.audit.conflicts import report
from builder.audit.duplicates import Duplicates

NAMES = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


def found(exact=(), near=()):
    exact, near = (np.array(p, dtype=np.int64).reshape(-1, 2) for p in (exact, near))
    return Duplicates(np.arange(4), exact, near, near, [], np.zeros(0, np.int64))


def test_pairs_of_different_classes_are_named_with_them():
    labels = [["mel"], ["nv"], ["mel"], ["nv"]]
    told = report(found([(0, 1), (0, 2)], [(1, 3), (2, 3)]), NAMES, labels)
    assert told == {
        "exact": {
            "compared": 2,
            "pairs": [{"names": ["a.jpg", "b.jpg"], "only": [["mel"], ["nv"]]}],
            "others": 0,
        },
        "near": {
            "compared": 2,
            "pairs": [{"names": ["c.jpg", "d.jpg"], "only": [["mel"], ["nv"]]}],
            "others": 0,
        },
    }


def test_of_many_labels_the_drawn_ones_are_named_and_others_counted():
    labels = [["car", "person"], ["cup", "person"], ["person", "dog"], []]
    told = report(found([(0, 1), (1, 2), (0, 3)]), NAMES, labels, named=["car", "bus"])
    assert told["exact"]["pairs"] == [
        {"names": ["a.jpg", "b.jpg"], "only": [["car"], ["cup"]]},
        {"names": ["a.jpg", "d.jpg"], "only": [["car", "person"], []]},
    ]
    assert told["exact"]["others"] == 1
    every = report(found([(1, 2)]), NAMES, labels)["exact"]
    assert every["pairs"] == [{"names": ["b.jpg", "c.jpg"], "only": [["cup"], ["dog"]]}]
    assert report(found(), NAMES, labels)["near"] == {
        "compared": 0, "pairs": [], "others": 0,
    }  # fmt: skip
