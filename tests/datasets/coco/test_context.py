"""The known pairs: of 20 classes, and named as in COCO."""

import json

import pytest

from builder.datasets.coco.context import KNOWN_PAIRS, STUFF
from builder.datasets.coco.recipe import NOTEBOOK_TARGETS
from tests.tiny import ROOT

SHARED = ROOT.parent / "shared" / "data"


def test_known_pairs_are_of_20_targets():
    assert len({target for target, _ in KNOWN_PAIRS}) == len(KNOWN_PAIRS) == 20
    assert STUFF.keys() < {other for _, other in KNOWN_PAIRS}
    assert STUFF.keys() - STUFF.values() == {"building", "ceiling"}


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the official category list")
def test_known_pairs_are_named_as_in_coco():
    path = SHARED / "coco/tiny/annotations/instances_val2017.json"
    categories = {
        c["id"]: c["name"] for c in json.loads(path.read_text())["categories"]
    }
    named = {target for target, _ in KNOWN_PAIRS}
    assert named == {categories[int(target)] for target in NOTEBOOK_TARGETS}
    contexts = {other for _, other in KNOWN_PAIRS}
    assert contexts - set(categories.values()) == set(STUFF)
