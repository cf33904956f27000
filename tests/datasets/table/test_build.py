"""A table goes the whole way, and its card says what was done and no more."""

import json
import re

import pytest
from datasets import load_dataset

from builder import build, export, verify
from builder.datasets import registry
from tests.datasets.table.made import Made, paint, recipe_file, table

RECIPE = """[select]
rule = "per_label"
samples = 0.5
[splits]
train = 0.6
test = 0.4
"""
RATIOS = {"train": 0.6, "test": 0.4}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the folder of a source, a build and an export."""
    folder = tmp_path_factory.mktemp("table")
    paint(folder / "source", table(40))
    dataset = Made(recipe_file(RECIPE, columns='label = "dx"\ngroup = "lesion"'))
    registry.register(dataset)
    where = {"source": str(folder / "source"), "cache_dir": folder / "cache"}
    build("made", folder / "build", **where)
    export("made", folder / "export", **where)
    assert verify(folder / "build", **where).faults == ()
    yield folder
    registry.unregister("made")


def test_rows_load_as_they_stand_in_the_table(built):
    splits = load_dataset(str(built / "build"), cache_dir=str(built / "hf"))
    assert {name: len(rows) for name, rows in splits.items()} == {
        "train": 12,
        "test": 8,
    }
    lines = (built / "source/m.csv").read_text().splitlines()[1:]
    source = {line.split(",")[0]: line.split(",") for line in lines}
    for rows in splits.values():
        names = rows.features["label"].names
        for row in rows:
            _, kind, lesion, age, sex = source[row["image_id"]]
            assert (row["dx"], row["lesion"], row["age"], row["sex"]) == (
                kind, lesion, int(age), sex,
            )  # fmt: skip
            assert names[row["label"]] == kind
            assert row["image"].size == (16, 12)
    lesions = [set(rows["lesion"]) for rows in splits.values()]
    assert not lesions[0] & lesions[1]


def test_the_export_has_the_images_and_their_labels(built):
    rows = (built / "export/labels.csv").read_text().splitlines()[1:]
    assert len(rows) == 20
    for line in rows:
        name = line.split(",")[0]
        same = (built / "source/images" / name).read_bytes()
        assert (built / "export" / name).read_bytes() == same
    record = json.loads((built / "export/trimset.json").read_text())
    assert record["classes"] == ["bcc", "mel", "nv"]


def test_the_card_speaks_of_this_dataset_alone(built):
    text = (built / "build/README.md").read_text()
    assert not re.search("coco|isic|malignant|official|study", text, re.IGNORECASE)
    assert "[!WARNING]" not in text
    assert "Of each class rows were drawn by chance" in text
    assert "kept in one split: 1" in text
    assert "No value of `lesion` lies in two splits." in text
    assert "| nv | 20 | 10 |" in text
    assert "The other split is `test`." in text
    assert (built / "build/figures/contact_sheet.png").exists()


def test_the_audit_counts_classes_by_the_columns_that_say_something(built):
    told = json.loads((built / "build/manifest.json").read_text())["audit"]
    assert list(told["labels"]) == ["age", "sex"]
    ages = [entry["value"] for entry in told["labels"]["age"]]
    assert ages[0].startswith("below ")
    assert ages[-1].endswith(" and more")
    counted = sum(sum(e["classes"].values()) for e in told["labels"]["sex"])
    assert counted == 20
    assert set(told["drift"]["features"]) == {"label", "age", "sex"}
    assert set(told["grey"]["parts"]) == {"bcc", "mel", "nv"}
    assert told["across"] == {"lesion": 0}
    assert told["duplicates"]["exact"]["across"] == 0


def test_how_far_the_splits_are_from_what_was_asked_is_data_and_words(built):
    told = json.loads((built / "build/manifest.json").read_text())["audit"]["cut"]
    rows = {name: facts["rows"] for name, facts in told["splits"].items()}
    assert rows == {"train": 12, "test": 8}
    assert {n: f["asked"] for n, f in told["splits"].items()} == RATIOS
    assert told["groups"] < told["rows"] == 20
    text = (built / "build/README.md").read_text()
    assert "The size of a split is 0.0 points of all rows from what was asked" in text
    assert f"share of a label {100 * told['share_off']:.1f} points from that" in text
