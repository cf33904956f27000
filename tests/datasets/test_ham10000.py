"""The recipe of a tenth of HAM10000 that comes with the package."""

from importlib.resources import files

import numpy as np
import pytest
import yaml

from builder.datasets.recipe_card import opening
from builder.datasets.recipe_file import read_recipe_file
from builder.datasets.table.card import BLOCKS
from builder.datasets.table.pool import columns_as_text
from builder.datasets.table.read import read_frame
from builder.datasets.table.selection import select_table
from builder.sources.image_stores import FolderImages
from tests.card.made import make_manifest
from tests.datasets.table.made import Seeded
from tests.tiny import ROOT, SHARED

RECIPE = files("builder") / "datasets/recipes/ham10000_small.toml"
TABLE = SHARED / "data/ham10000/HAM10000_metadata.csv"


@pytest.fixture(scope="module")
def recipe():
    return read_recipe_file(RECIPE.read_bytes(), where="ham10000_small.toml")


def test_recipe_and_prose_agree(recipe):
    prose = (ROOT / "ham10000_small/README.md").read_text(encoding="utf-8")
    _, front, text = prose.split("---\n", 2)
    said = yaml.safe_load(front)
    assert said["pretty_name"] == recipe.title
    assert said["license"] == recipe.license == "cc-by-nc-sa-4.0"
    assert said["tags"] == ["image", *recipe.tags]
    for block in BLOCKS:
        assert f"<!-- trimset: {block} -->\n<!-- trimset: end -->\n" in text
    for name in recipe.columns.labels:
        assert f"| {name} | " in text
    assert recipe.citation.strip() in text
    assert "10.7910/DVN/DBW86T" in text


def test_the_card_begins_with_whose_word_its_source_is():
    """The YAML names licence and origin, and no digest tells whether they hold."""
    manifest = {**make_manifest(), "about": {"prose": "ham10000_small"}}
    text = opening(manifest)
    assert text.startswith("> [!NOTE]\n> The source of this build was not compared")
    assert "[!NOTE]" not in opening({**manifest, "about": {}})
    prose = (ROOT / "ham10000_small/README.md").read_text(encoding="utf-8")
    assert "digest" not in prose


@pytest.mark.skipif(not TABLE.is_file(), reason="needs HAM10000 of ../shared")
def test_a_tenth_of_each_diagnosis_by_lesion(recipe):
    texts = columns_as_text(recipe.columns)
    frame = read_frame(TABLE.read_bytes(), name=TABLE.name, texts=texts)
    assert len(frame) == 5023
    store = FolderImages(("images/",), "images")
    taken = select_table({"": frame}, {"": store}, recipe, Seeded())
    told = taken.told()
    for entry in told["feasibility"]:
        assert entry["taken"] == int(entry["available"] / 10 + 0.5)
    assert [e["label"] for e in told["feasibility"]] == [*recipe.columns.labels]
    sizes = {rows.split: len(rows) for rows in taken.splits()}
    total = sum(sizes.values())
    shares = np.array([*sizes.values()]) / total
    assert np.abs(shares - [0.7, 0.15, 0.15]).max() <= told["groups"]["size_off"] + 1e-6
    assert told["groups"]["size_off"] < 0.005
    where = {}
    for rows in taken.splits():
        for lesion in rows.columns["lesion_id"]:
            assert where.setdefault(lesion, rows.split) == rows.split
    assert "Unnamed: 0" not in taken.own
