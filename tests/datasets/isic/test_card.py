"""What the card says of SIIM-ISIC."""

import copy
import json

import pytest
import yaml

from builder.datasets.isic.card import BLOCKS, OFFICIAL
from builder.datasets.isic.recipe import IsicRecipe
from tests.datasets.cards import ISIC, official, render


@pytest.fixture(scope="module")
def built(builds):
    return json.loads((builds[ISIC] / "manifest.json").read_text())


@pytest.fixture
def manifest(built):
    return copy.deepcopy(built)


def tell(manifest):
    return BLOCKS["audit"](official(manifest))


def test_the_digest_makes_a_source_official(manifest):
    assert not OFFICIAL.is_source(manifest)
    assert "[!WARNING]" in render(manifest)
    (metadata,) = [e for e in manifest["sources"] if e["role"] == "metadata"]
    metadata["sha256"] = (
        "98c68a10eb669215e3458ad193a24a582c974a4401e539dbbf099b318584264b"
    )
    assert OFFICIAL.is_source(manifest)
    text = render(manifest)
    assert "[!WARNING]" not in text
    assert "**Not the selection of the study.**" in text
    manifest["recipe"] = {**IsicRecipe().as_dict(), "seed": 7}  # of the splits alone
    assert "Not the selection" not in render(manifest)


def test_resized_images_are_told(manifest):
    assert BLOCKS["images"](manifest) is None
    manifest["options"]["image_size"] = 64
    text = BLOCKS["images"](manifest)
    assert text.startswith("of malignant images, which were resized.\n\n")
    assert "as the source has them" in text


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
    """Such as by a split that was made without looking at the images."""
    text = tell(manifest)
    assert "No such group lies in two splits." in text
    assert "the seed 42 alone" in text
    manifest["audit"]["duplicates"]["near"]["across"] = 4
    text = tell(manifest)
    assert "No such group" not in text
    assert "Torn apart are 4 pairs that look the same." in text
    manifest["audit"]["split"]["across"]["patients"] = 2
    assert "cut by patient as far as that was possible." in " ".join(
        BLOCKS["loading"](manifest).split()
    )


def test_patients_are_told_in_a_table(manifest):
    splits = manifest["audit"]["split"]["splits"]
    rows = [
        line for line in tell(manifest).splitlines() if line.startswith("| train |")
    ]
    assert rows == [f"| train | 70 | 14 | 20.0 % | {splits['train']['patients']} |"]


def test_what_was_kept_together_is_told_with_its_numbers(manifest):
    kept = manifest["audit"]["split"]["kept"]
    kept.update(official=1, exact=0, near=3)
    several = kept["patients"]["several"]
    text = tell(manifest)
    assert (
        "keeps in one split what belongs together: images of one patient"
        f" ({several} patients have several), duplicates that ISIC lists (1 pair),"
        " images that look the same (3 pairs). No such group lies in two splits. Of"
        " these there are none in this selection: images of the same bytes."
    ) in text
    manifest["audit"]["decoded"] = False
    text = tell(manifest)
    assert "images that look the same" not in text
    assert "Images that only look the same **were not looked for**." in text
    del kept["official"]
    text = tell(manifest)
    assert "several), duplicates that ISIC lists" not in text
    assert "No list of duplicates was at hand." in text


def test_a_patient_that_is_not_known_is_counted(manifest):
    loading = " ".join(BLOCKS["loading"](manifest).split())
    assert "such that no patient is on both sides." in loading
    manifest["audit"]["split"]["kept"]["patients"]["known"] = 60
    loading = " ".join(BLOCKS["loading"](manifest).split())
    assert "such that no patient whom the metadata names is on both sides." in loading
    words = "40 images have no known patient; a missing patient links nothing."
    assert words in tell(manifest)


@pytest.fixture
def without_patients(manifest):
    """A manifest as a build of a table without patients has it."""
    split = manifest["audit"]["split"]
    split["config"] = "split"
    del split["kept"]["patients"]
    split["across"] = {}
    for facts in split["splits"].values():
        del facts["patients"]
    manifest["configs"]["split"] = manifest["configs"].pop("patient")
    return manifest


def test_without_patients_nothing_is_promised_of_them(without_patients):
    manifest = without_patients
    manifest["audit"]["split"]["kept"]["official"] = 2
    text = tell(manifest)
    assert (
        "### What is kept together\n\nThe config `split` is cut 70/15/15, and" in text
    )
    assert "**Which images are of one patient or of one lesion is not known**" in text
    loading = " ".join(BLOCKS["loading"](manifest).split())
    assert '"split")' in loading
    assert "`split`: the same rows, cut into train, validation and test with" in loading
    assert "**patients are not known**, and may be on both sides." in loading
    manifest["audit"]["split"]["kept"]["lesions"] = {"known": 99, "several": 2}
    text = tell(manifest)
    assert "images of one lesion (2 lesions have several)" in text
    assert "**Which images are of one patient is not known**" in text
    assert "1 image has no known lesion; a missing lesion links nothing." in text
    loading = " ".join(BLOCKS["loading"](manifest).split())
    assert "cut into train, validation and test by lesion: **patients" in loading


def test_where_nothing_belongs_together_nothing_is_said_to_be_kept(without_patients):
    manifest = without_patients
    manifest["audit"]["split"]["kept"] = {"exact": 0, "near": 0}
    text = tell(manifest)
    assert "every image is on its own. Of these there are none in this" in text
    assert "No such group" not in text
    loading = " ".join(BLOCKS["loading"](manifest).split())
    assert "and test, every image on its own: **patients are not known**" in loading


def test_how_far_the_splits_had_to_go_is_told(manifest):
    cut = manifest["audit"]["cut"]
    assert cut["tolerance"] == 0.01
    assert cut["splits"]["train"]["asked"] == 0.7
    cut["share_off"] = cut["splits"]["test"]["share_off"] = 0.06
    cut["splits"]["test"]["share"] = 0.26
    assert "share of a label 6.0 points from that of all rows (malignant is 26.0 %" in (
        tell(manifest)
    )
    text = tell(manifest)
    assert "That is more than the tolerance of 1.0 %, but no more than one" in text
    assert "Of the allowed cuts of the 100 rows in " in text


def test_a_split_that_could_not_be_made_says_why(manifest):
    manifest["audit"]["split"] = {"config": "patient", "reason": "too few"}
    del manifest["audit"]["cut"], manifest["configs"]["patient"]
    assert "### Patients\n\nThere is no config `patient`: too few.\n\n###" in tell(
        manifest
    )
    assert "patient" not in BLOCKS["loading"](manifest)


def test_a_metadata_without_features_has_no_figure_of_them(manifest):
    assert "figures/labels.png" in tell(manifest)
    manifest["audit"]["labels"] = {}
    text = tell(manifest)
    assert "site\n\nThe metadata has none of these columns.\n\n###" in text
    assert "figures/labels.png" not in text


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
