"""What the card says of SIIM-ISIC."""

import copy
import json

import pytest
import yaml

from builder.datasets.isic.card import BLOCKS
from builder.datasets.isic.official import OFFICIAL
from builder.datasets.isic.recipe import IsicRecipe
from tests.datasets.cards import ISIC, render


@pytest.fixture(scope="module")
def built(builds):
    return json.loads((builds[ISIC] / "manifest.json").read_text())


@pytest.fixture
def manifest(built):
    return copy.deepcopy(built)


def tell(manifest):
    return BLOCKS["audit"](manifest)


def test_the_digest_makes_a_source_official(manifest):
    assert not OFFICIAL.is_source(manifest)
    assert "[!WARNING]" in BLOCKS["summary"](manifest)
    (metadata,) = [e for e in manifest["sources"] if e["role"] == "metadata"]
    metadata["sha256"] = (
        "98c68a10eb669215e3458ad193a24a582c974a4401e539dbbf099b318584264b"
    )
    assert OFFICIAL.is_source(manifest)
    text = BLOCKS["summary"](manifest)
    assert "[!WARNING]" not in text
    assert "> This is another selection than that of the study" in text
    manifest["recipe"] = IsicRecipe().as_dict()
    assert "[!" not in BLOCKS["summary"](manifest)


def test_resized_images_are_told(manifest):
    assert BLOCKS["images"](manifest) is None
    manifest["options"]["image_size"] = 64
    text = BLOCKS["images"](manifest)
    assert text.startswith("of malignant images, which were resized.\n\n")
    assert "as ISIC published them" in text


def test_official_pairs_are_compared_with_what_was_found(manifest):
    found = manifest["audit"]["duplicates"]["official"]
    found.update(listed=425, inside=[], exact=[], near=[], missed=[])
    assert "Of the 425 pairs of duplicates that ISIC lists, none lies inside" in tell(
        manifest
    )
    found.update(
        inside=[["a", "b"], ["c", "d"]], exact=[["a", "b"]], missed=[["c", "d"]]
    )
    text = tell(manifest)
    assert "2 lie inside this selection (a and b, c and d)" in text
    assert "by their bytes: 1; by their look: 0; not found" in text


def test_what_crosses_the_patient_split_is_not_hidden(manifest):
    """A crowd of look-alikes is reported and not kept together."""
    text = tell(manifest)
    assert "No such group lies in two splits. A missing patient links nothing." in text
    assert "the seed 42 alone" in text
    manifest["audit"]["duplicates"]["near"]["across"] = 4
    text = tell(manifest)
    assert "No such group" not in text
    assert "Torn apart are 4 pairs that look the same." in text


def test_patients_are_told_in_a_table(manifest):
    splits = manifest["audit"]["patient_split"]["splits"]
    rows = [
        line for line in tell(manifest).splitlines() if line.startswith("| train |")
    ]
    assert rows == [f"| train | 70 | 14 | 20.0 % | {splits['train']['patients']} |"]


def test_a_metadata_without_patients_has_no_empty_words(manifest):
    split = manifest["audit"]["patient_split"]
    split["across"] = {}
    for facts in split["splits"].values():
        del facts["patients"]
    text = tell(manifest)
    assert "A missing" not in text
    assert "one split what belongs together: the duplicates that ISIC lists" in text


def test_a_split_that_could_not_be_made_says_why(manifest):
    manifest["audit"]["patient_split"] = {"splits": None, "reason": "too few"}
    assert "### Patients\n\nThere is no config `patient`: too few.\n\n###" in tell(
        manifest
    )


def test_a_metadata_without_features_has_no_figure_of_them(manifest):
    assert "figures/labels.png" in tell(manifest)
    manifest["audit"]["labels"] = {}
    text = tell(manifest)
    assert "site\n\nThe metadata has none of these columns.\n\n###" in text
    assert "figures/labels.png" not in text


def test_the_patient_config_is_shown_where_there_is_one(manifest):
    assert '"patient")' in BLOCKS["loading"](manifest)
    del manifest["configs"]["patient"]
    assert "patient" not in BLOCKS["loading"](manifest)


def test_the_front_matter_lists_the_shared_files(manifest):
    front = yaml.safe_load(render(manifest).split("---\n")[1])
    default, patient = front["configs"]
    assert [entry["split"] for entry in patient["data_files"]] == [
        "train",
        "validation",
        "test",
    ]
    assert default["data_files"][0]["path"] == "data/default/train-*.parquet"
    listed = [path for entry in patient["data_files"] for path in entry["path"]]
    assert listed == manifest["configs"]["default"]["train"]["files"]
