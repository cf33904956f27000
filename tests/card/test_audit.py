"""The audit in the card: whole sentences, whatever was found or was not."""

import copy
import re

import pytest
import yaml

from builder.card.audit import audit
from builder.card.blocks import counts, loading, summary
from builder.card.render import render_card
from builder.selection.recipe import OFFICIAL_COCO, OFFICIAL_ISIC_SHA256, CocoRecipe
from tests.pipeline.test_build import COCO, ISIC, read_json


@pytest.fixture(scope="session")
def manifests(builds):
    return {
        COCO: read_json(builds[COCO] / "manifest.json"),
        ISIC: read_json(builds[ISIC] / "manifest.json"),
    }


@pytest.fixture
def coco(manifests):
    return copy.deepcopy(manifests[COCO])


@pytest.fixture
def isic(manifests):
    return copy.deepcopy(manifests[ISIC])


def pair(*names, splits=("train", "train")):
    return {"names": list(names), "splits": list(splits), "bits": [0, 0]}


@pytest.mark.parametrize("dataset", [COCO, ISIC])
def test_a_card_has_every_section_and_figure(dataset, manifests, builds):
    folder = builds[dataset]
    card = (folder / "README.md").read_text()
    heads = re.findall(r"^### (.*)$", card, re.MULTILINE)
    assert heads == {
        COCO: ["Duplicates", "Context", "Compared with the whole source",
               "A look at it"],
        ISIC: ["Duplicates", "Patients", "Label by sex, age and site",
               "Compared with the whole source", "A look at it"],
    }[dataset]  # fmt: skip
    shown = re.findall(r"!\[[^\]]+\]\((.*?)\)", card)
    there = {f"figures/{path.name}" for path in (folder / "figures").iterdir()}
    assert set(shown) == there
    assert there <= set(manifests[dataset]["files"])
    assert "trimset:" not in card.split("---\n", 2)[2]


@pytest.mark.parametrize("dataset", [COCO, ISIC])
def test_no_sentence_counts_nothing_or_one_of_many(dataset, manifests):
    """Not "0 images have", "1 images", nor "1 of them were"."""
    text = "\n".join(
        line
        for line in render_card(manifests[dataset]).split("---\n", 2)[2].splitlines()
        if not line.startswith("|")
    )
    assert not re.findall(r"\b0 (?:images|pairs|draws|patients|lie)\b", text)
    assert not re.findall(r"(?<![\d,.])1 (?:images|pairs|draws|classes|rows)\b", text)
    assert not re.findall(r"\b(\w+) \1\b", text)
    assert "  " not in re.sub(r"```.*?```", "", text, flags=re.DOTALL).replace(
        "\n  ", ""
    )


@pytest.mark.parametrize("dataset", [COCO, ISIC])
def test_tables_have_as_many_cells_in_every_row(dataset, manifests):
    for block in re.findall(
        r"(?:^\|.*\n?)+", render_card(manifests[dataset]), re.MULTILINE
    ):
        widths = {
            len(re.findall(r"(?<!\\)\|", line)) for line in block.strip().split("\n")
        }
        assert len(widths) == 1, block


def test_nothing_found_is_said_so(coco):
    coco["audit"]["duplicates"]["exact"] = {"pairs": [], "across": 0}
    coco["audit"]["duplicates"]["near"] = {"pairs": [], "across": 0}
    text = audit(coco)
    assert "No two images have the same bytes. No two look the same, as far as" in text
    assert "| pair | image | image | split |" not in text


def test_what_was_found_is_counted_and_listed(coco):
    found = coco["audit"]["duplicates"]
    found["exact"] = {"pairs": [pair("a", "b")], "across": 0}
    found["near"] = {
        "pairs": [pair(f"c{n}", f"d{n}", splits=("train", "test")) for n in range(23)],
        "across": 23,
    }
    found["blank"] = ["white"]
    found["crowds"] = [[f"x{n}" for n in range(25)]]
    text = audit(coco)
    assert "1 image has the bytes of an earlier one, none of them in another" in text
    assert "23 pairs look the same without having the same bytes, 23 across" in text
    assert "| same bytes | `a` | `b` | train |" in text
    assert "| alike | `c19` | `d19` | train / test |" in text
    assert "`c20`" not in text
    assert "The first 20 pairs of either kind; `manifest.json` has all." in text
    assert "Too plain for that comparison, being blank or an even gradient: `w" in text
    assert "`x19` and 5 more" in text


def test_official_pairs_are_compared_with_what_was_found(isic):
    found = isic["audit"]["duplicates"]["official"]
    found.update(listed=425, inside=[], exact=[], near=[], missed=[])
    assert "Of the 425 pairs of duplicates that ISIC lists, none lies inside" in audit(
        isic
    )
    found.update(
        inside=[["a", "b"], ["c", "d"]], exact=[["a", "b"]], missed=[["c", "d"]]
    )
    text = audit(isic)
    assert "2 lie inside this selection (a and b, c and d)" in text
    assert "by their bytes: 1; by their look: 0; not found" in text


def test_what_crosses_the_patient_split_is_not_hidden(isic):
    """A crowd of look-alikes is reported and not kept together."""
    text = audit(isic)
    assert "No such group lies in two splits. A missing patient links nothing." in text
    assert "the seed 42 alone" in text
    isic["audit"]["duplicates"]["near"]["across"] = 4
    text = audit(isic)
    assert "No such group" not in text
    assert "Torn apart are 4 pairs that look the same." in text


def test_patients_are_told_in_a_table(isic):
    splits = isic["audit"]["patient_split"]["splits"]
    rows = [line for line in audit(isic).splitlines() if line.startswith("| train |")]
    assert rows == [f"| train | 70 | 14 | 20.0 % | {splits['train']['patients']} |"]


def test_a_metadata_without_patients_has_no_empty_words(isic):
    split = isic["audit"]["patient_split"]
    split["across"] = {}
    for facts in split["splits"].values():
        del facts["patients"]
    text = audit(isic)
    assert "A missing" not in text
    assert "one split what belongs together: the duplicates that ISIC lists" in text


def test_known_pairs_that_cannot_be_measured_are_named_once(coco):
    text = audit(coco)
    assert text.count("car and road (stuff, not annotated)") == 1
    assert "toaster and ceiling (stuff, not annotated)" in text
    for split in ("train", "test"):
        assert f"| {split} | sports ball | person | " in text


def test_an_undecoded_build_says_what_was_not_looked_for(coco):
    coco["audit"]["decoded"] = False
    del coco["audit"]["grey"]
    text = audit(coco)
    assert "**not decoded**" in text
    assert "look the same" not in text
    assert "contact_sheet" not in text
    assert "without colour" not in text


def test_counts_tell_repeats_of_either_kind(coco):
    text = counts(coco)
    fact = next(
        fact
        for fact in coco["feasibility"]
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
    for entry in coco["feasibility"]:
        entry.update(positives_available=99, negatives_available=99)
    assert "Every draw found as many images as asked for." in counts(coco)


def test_a_card_says_where_it_is_not_the_study(coco, isic):
    for manifest in (coco, isic):
        assert "[!WARNING]" in summary(manifest)
    coco["parent"] = OFFICIAL_COCO
    isic["sources"][0]["sha256"] = OFFICIAL_ISIC_SHA256
    for manifest in (coco, isic):
        assert "[!WARNING]" not in summary(manifest)
        assert "> This is another selection than that of the study" in summary(manifest)
    coco["recipe"] = CocoRecipe().as_dict()
    assert "[!NOTE]" not in summary(coco)


def test_the_patient_config_is_shown_where_there_is_one(isic):
    assert '"patient")' in loading(isic)
    del isic["configs"]["patient"]
    assert "patient" not in loading(isic)


def test_the_front_matter_lists_the_shared_files(isic):
    front = yaml.safe_load(render_card(isic).split("---\n")[1])
    default, patient = front["configs"]
    assert [entry["split"] for entry in patient["data_files"]] == [
        "train",
        "validation",
        "test",
    ]
    assert default["data_files"][0]["path"] == "data/default/train-*.parquet"
    listed = [path for entry in patient["data_files"] for path in entry["path"]]
    assert listed == isic["configs"]["default"]["train"]["files"]
