"""What the card says of context sets, and that it says nothing without."""

import copy
import re

import pytest

from builder.datasets.coco.context_sets import RULE
from builder.datasets.coco.context_sets_card import tell_context_sets, tell_pairs

FACT = {
    "config": "car_context", "split": "cooccur", "target": "car", "context": "road",
    "images": 4_952, "quota": 125, "positives_available": 300, "positives": 125,
    "negatives_available": 4_000, "negatives": 125,
}  # fmt: skip


@pytest.fixture
def manifest():
    return {
        "dataset": "coco_stuff_trimmed",
        "recipe": {"seed": 7},
        "sources": [
            {"role": "train annotations"},
            {"role": "test stuff annotations"},
        ],
        "parent": {"train": {}, "test": {}},
        "audit": {"context": {"test": {"source": {"images": 4_952}}}},
        "context_sets": {
            "rule": RULE,
            "sets": [copy.deepcopy(FACT), {**FACT, "split": "exclusive"}],
        },
    }


def test_one_class_with_all_that_was_asked_for(manifest):
    text = tell_context_sets(manifest)
    assert "The config `car_context` is a pair of test sets" in text
    assert "seed 7" in text
    assert "up to 125 images" in text
    assert "of the 4,952 test images that were looked through" in text
    assert "There were as many for every set." in text
    assert "share of images with the class" not in text
    assert "| car | road | cooccur | 300 | 125 | 4,000 | 125 |" in text
    assert "arXiv:2001.03152" in text
    assert "ceiling" not in text


def test_sets_that_are_short_or_empty_are_told(manifest):
    sets = manifest["context_sets"]["sets"]
    toaster = {"target": "toaster", "config": "toaster_context"}
    sets.append({**FACT, **toaster, "context": "ceiling-other", "positives": 3})
    sets.append({**sets[-1], "split": "exclusive", "positives": 0})
    text = tell_context_sets(manifest)
    assert "The 2 configs whose name ends in `_context`" in text
    assert "There were fewer for 2 of 4 sets, which hold all" in text
    assert "No image of `toaster_context`/`exclusive` shows the class" in text
    assert "`ceiling-other` is its ceiling" in text
    assert "building" not in text
    sets.pop()
    assert "There were fewer for 1 of 3 sets, which holds all" in tell_context_sets(
        manifest
    )


def test_pairs_say_what_they_were_counted_on(manifest):
    assert "looked through for both, 4,952 of test; of the" in tell_pairs(manifest)
    manifest["sources"].pop()
    assert tell_pairs(manifest) == ""
    manifest["audit"]["context"]["train"] = {"source": {"images": 9}}
    manifest["sources"].append({"role": "stuff annotations"})
    assert re.search("both, 9 of train and 4,952 of test;", tell_pairs(manifest))


def test_without_sets_nothing_is_said(manifest):
    del manifest["context_sets"]
    assert tell_context_sets(manifest) == ""
