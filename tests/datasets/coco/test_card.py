"""What the card says of COCO."""

import copy
import json

import pytest

from builder.datasets.coco.recipe import CocoRecipe
from builder.datasets.coco.study_card import OFFICIAL
from builder.datasets.coco.study_card import STUDY_BLOCKS as BLOCKS
from tests.datasets.cards import COCO, render

DIGESTS = {
    "train annotations": (
        "610fce4944abdeb15354cc765333805529359d12d88f2f711393ca586901d01d"
    ),
    "test annotations": (
        "e8c7f7908f1d7278341fae127d0da654f102f11bd7b21d8aeefa635b8c810b6f"
    ),
}
# What COCO 2017 holds; another file can hold as many.
COUNTS = {
    "train": {"images": 118287, "annotated_images": 117266, "annotations": 860001},
    "test": {"images": 5000, "annotated_images": 4952, "annotations": 36781},
}


@pytest.fixture(scope="module")
def built(builds):
    return json.loads((builds[COCO] / "manifest.json").read_text())


@pytest.fixture
def manifest(built):
    return copy.deepcopy(built)


def claim(manifest, digests):
    """Give the sources of a manifest these digests, by role."""
    for entry in manifest["sources"]:
        entry["sha256"] = digests.get(entry["role"], entry["sha256"])


def test_the_digests_alone_make_a_source_official(manifest):
    """Not how many images and annotations it holds."""
    manifest["parent"] = COUNTS
    assert not OFFICIAL.is_source(manifest)
    assert "[!WARNING]" in render(manifest)
    first = {"train annotations": DIGESTS["train annotations"]}
    claim(manifest, first)
    assert not OFFICIAL.is_source(manifest)
    claim(manifest, DIGESTS)
    assert OFFICIAL.is_source(manifest)
    text = render(manifest)
    assert "[!WARNING]" not in text
    assert "**Not the selection of the study.**" in text
    manifest["recipe"] = CocoRecipe().as_dict()
    assert "Not the selection" not in render(manifest)
    manifest["recipe"] = CocoRecipe(stuff=True).as_dict()
    assert "Not the selection" not in render(manifest)


def test_resized_images_have_other_sizes(manifest):
    assert BLOCKS["sizes"](manifest) is BLOCKS["images"](manifest) is None
    manifest["options"]["image_size"] = 64
    text = BLOCKS["images"](manifest)
    assert text.startswith("that part, drawn by a fixed rule and a fixed seed, with")
    assert "as the source has them" in text
    assert "those of the resized image" in BLOCKS["sizes"](manifest)


def test_known_pairs_that_need_stuff_are_named_once(manifest):
    text = BLOCKS["audit"](manifest)
    sentence = "Two known pairs need annotations of stuff (`--stuff`):"
    assert text.count(f"{sentence} car and road, toaster and ceiling.") == 1
    assert "cannot be measured" not in text
    for split in ("train", "test"):
        assert f"| {split} | sports ball | person | " in text


def test_known_pairs_that_nothing_measures_are_told_apart(manifest):
    for context in manifest["audit"]["context"].values():
        for pair in context["known_pairs"]:
            if pair["target"] == "car":
                pair["not_measured"] = "not a category here"
    text = BLOCKS["audit"](manifest)
    assert "One known pair needs annotations of stuff (`--stuff`): toaster" in text
    told = "Known pairs that cannot be measured: car and road (not a category here)."
    assert told in text


def test_lifts_stand_with_the_images_that_they_are_of(manifest):
    contexts = manifest["audit"]["context"]
    text = BLOCKS["audit"](manifest)
    assert "| images with the class | share with the class |" in text
    for split, context in contexts.items():
        images = context["targets"]["sports ball"]["positives"]["images"]
        assert f"| {split} | sports ball | person | {images} | " in text


def test_tables_are_announced_where_there_are_some(manifest):
    def says(text):
        return "the tables are of both splits" in text

    contexts = manifest["audit"]["context"]
    beyond = "No lift above 1 is beyond chance."
    assert says(BLOCKS["audit"](manifest))
    for context in contexts.values():
        context["largest"] = []
    text = BLOCKS["audit"](manifest)
    assert says(text)
    assert beyond in text
    for context in contexts.values():
        context["known_pairs"] = []
    text = BLOCKS["audit"](manifest)
    assert not says(text)
    assert f"The figure is of the training draws. {beyond}" in text
    pair = {"target": "car", "context": "person", "images": 9, "lift": [2, 1.5, 3],
            "positives": [1], "negatives": [0.5], "source": [0.5]}  # fmt: skip
    contexts["train"]["largest"] = [pair]
    text = BLOCKS["audit"](manifest)
    assert says(text)
    assert beyond not in text
    assert "sorted by the lower end of the interval" in text


def test_an_undecoded_build_says_what_was_not_looked_for(manifest):
    manifest["audit"]["decoded"] = False
    del manifest["audit"]["grey"]
    text = BLOCKS["audit"](manifest)
    assert "**not decoded**" in text
    assert "look the same" not in text
    assert "contact_sheet" not in text
    assert "without colour" not in text


def test_counts_tell_repeats_of_either_kind(manifest):
    text = BLOCKS["counts"](manifest)
    fact = next(
        fact
        for fact in manifest["feasibility"]
        if (fact["target"], fact["split"]) == ("toaster", "train")
    )
    row = next(line for line in text.splitlines() if "| toaster | train" in line)
    cells = [int(cell) for cell in row.strip("| ").split(" | ")[2:]]
    assert cells == [
        fact["positives_available"], 10, fact["repeated_positives"],
        fact["negatives_available"], 10, fact["repeated_negatives"],
    ]  # fmt: skip
    assert fact["positives_available"] < 10
    assert sum(cells[1::3]) - sum(cells[2::3]) == fact["distinct"]
    for entry in manifest["feasibility"]:
        entry.update(positives_available=99, negatives_available=99)
    assert "Every draw found as many images as asked for." in BLOCKS["counts"](manifest)
