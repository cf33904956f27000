"""What cards claim, over builds of odd sources: each claim only where it holds.

A claim is a pattern and what must be so of a build whose card has it; `ONLY_IF` may be
silent where it is so, `IF_AND_ONLY_IF` never is. None of them is here in vain: each is
made by the card of one build at least, and is not made by that of another.
"""

import hashlib
import json
import re

import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard

from builder.datasets import registry
from builder.hub.lint import NO_LICENSE, lint, lint_license
from builder.output.check import read_build
from tests.datasets.cards import COCO, ISIC, official, render
from tests.datasets.odd_builds import RECIPES, STUDIES, build_recipes, build_studies


class Case:
    """A build, or what it would be, had its tables the official digests."""

    def __init__(self, folder, *, is_official=False):
        told = json.loads((folder / "manifest.json").read_text())
        self.folder, self.dataset = folder, told["dataset"]
        self.manifest = official(told) if is_official else told
        card = DatasetCard(render(self.manifest))
        self.is_official = is_official
        self.front, self.prose = card.data.to_dict(), " ".join(card.text.split())
        self.audit = told["audit"]
        self.default = told["configs"]["default"]
        self.features = told["features"]["default"]
        self.is_study = self.dataset in {COCO, ISIC}

    @property
    def shared(self):
        """How many images have the same bytes in two splits, by the files."""
        seen = {}
        for split, facts in self.default.items():
            for path in facts["files"]:
                for image in pq.read_table(self.folder / path)["image"].to_pylist():
                    digest = hashlib.sha256(image["bytes"]).digest()
                    seen.setdefault(digest, set()).add(split)
        return sum(len(splits) > 1 for splits in seen.values())

    @property
    def near(self):
        return self.audit["duplicates"]["near"]["across"] if self.decoded else None

    @property
    def decoded(self):
        return self.audit["decoded"]

    @property
    def left_out(self):
        return bool(self.manifest["broken"] or self.manifest.get("missing"))

    @property
    def repeats(self):
        return any(
            fact.get("repeated_positives", 0) + fact.get("repeated_negatives", 0)
            for fact in self.manifest["feasibility"]
        )

    @property
    def targets(self):
        facts = self.manifest["feasibility"]
        return {fact["target"] for fact in facts if "target" in fact}

    @property
    def shares_differ(self):
        facts = self.manifest["feasibility"]
        total = [sum(f[name] for f in facts) for name in ("available", "taken")]
        shares = [(f["available"] / total[0], f["taken"] / total[1]) for f in facts]
        return any(abs(a - b) > 0.0005 for a, b in shares)

    @property
    def own_licence(self):
        """What the recipe says, which for the images may be another one."""
        return self.manifest.get("about", {}).get("license")

    @property
    def stated(self):
        return {*self.manifest.get("licences", {})} - {"none stated"}

    @property
    def states_others(self):
        """Whether images state other licences than the recipe, which states one."""
        named = {name.lower().replace(" ", "-") for name in self.stated}
        return bool(self.own_licence and named - {self.own_licence})

    @property
    def available(self):
        parent = self.manifest["parent"]
        if "rows" in parent:
            return parent["rows"]
        if "images" in parent:
            return parent["images"]
        return sum(part["images"] for part in parent.values())

    @property
    def rows(self):
        return sum(facts["num_examples"] for facts in self.default.values())

    @property
    def known_pairs(self):
        contexts = self.audit.get("context", {}).values()
        return any(context["known_pairs"] for context in contexts)

    @property
    def bare(self):
        parent = self.manifest["parent"].values()
        return sum(p["images"] - p["annotated_images"] for p in parent)

    def is_of(self, dataset):
        return self.is_official and self.dataset == dataset

    def says(self, pattern):
        return re.search(pattern, self.prose) is not None


ONLY_IF = {
    "COCO 2017|COCO Consortium|COCO has fewer": lambda c: c.is_of(COCO),
    "ISIC 2020|ISDIS|10.34970/2020-ds01": lambda c: c.is_of(ISIC),
    "post-hoc concept bottleneck": lambda c: c.is_official,
    "Known pairs are those of Singh": lambda c: c.known_pairs,
    "duplicates that ISIC lists": lambda c: c.is_of(ISIC),
    "No image of one split has the bytes": lambda c: not c.shared,
    "none was found to look like one": lambda c: c.decoded and c.near == 0,
    "Whether some look alike .*was not looked for": lambda c: not c.decoded,
    "that have the same bytes or look the same": lambda c: c.shared or c.near,
    "The splits are not disjoint": lambda c: c.shared or c.near,
    "as the source has it, byte for byte": (
        lambda c: "image_size" not in c.manifest["options"]
    ),
    "A draw is half and half": lambda c: c.targets,
    "in the draws of several classes": lambda c: len(c.targets) > 1,
    "calibration measured here do not carry over": (
        lambda c: bool(c.targets) or c.shares_differ
    ),
    "without any annotation take": lambda c: c.bare,
    "The rows are slices of a sorted table": (
        lambda c: "slice" in str(c.manifest["recipe"]) or c.dataset == ISIC
    ),
    "the column `license` names": lambda c: (
        len(c.manifest["licences"]) > 1 or c.is_of(COCO)
    ),
    "The source states one licence for all": (
        lambda c: len(c.manifest["licences"]) == 1
    ),
    "The dataset is published under `mit`": lambda c: not c.stated,
    "All (rows|images) of the source were taken": lambda c: c.rows == c.available,
    "No share differs|How many the whole source has is not known": (
        lambda c: c.rows < c.available
    ),
    r"Images are \d": lambda c: "image_size" not in c.manifest["options"],
    "Picked from a shelf|To buy a car": lambda c: c.dataset in {"moles", "traffic"},
    "- `label` is": lambda c: "label" in c.features,
    "config `patient` is cut": lambda c: "patient" in c.manifest["configs"],
}
IF_AND_ONLY_IF = {
    "The annotations and the collection are under": lambda c: c.states_others,
    "and so are images of which the source states none": (
        lambda c: c.states_others and "none stated" in c.manifest["licences"]
    ),
    "Resized images": lambda c: "image_size" in c.manifest["options"],
    "selected images were decoded for this build": lambda c: c.decoded,
    "they were .*not decoded": lambda c: not c.decoded,
    "Pictures without colour": lambda c: c.decoded,
    "left out since they are broken": lambda c: c.manifest["broken"],
    "left out since they were nowhere": lambda c: c.manifest.get("missing"),
    "left out, being broken or nowhere": lambda c: c.left_out,
    "Every image once, where the draw had to repeat": (
        lambda c: c.repeats and "labels" in c.features
    ),
    r"\[!WARNING\].*was not made from the official": (
        lambda c: (
            (c.is_study or "official" in c.manifest["about"]) and not c.is_official
        )
    ),
    "No licence is stated": lambda c: "license" not in c.front,
    "The boxes of an image": lambda c: "objects" in c.features,
    "Not the selection of the study": lambda c: c.is_official,
    "Not stated by the recipe": (
        lambda c: (
            not c.is_official
            and ("curation" not in c.manifest.get("about", {}) or c.says("WARNING"))
        )
    ),
}
#: Of the YAML, by key and value.
FRONT = {
    ("license", "cc-by-nc-4.0"): lambda c: c.is_of(ISIC),
    ("license", "other"): lambda c: (
        c.dataset == COCO or "none stated" in c.manifest["licences"]
    ),
    ("license", "cc-by-2.0"): lambda c: c.stated == {"CC BY 2.0"},
    ("license", "cc-by-4.0"): lambda c: "Picked" in c.prose,
    ("license_link", "https://cocodataset.org/#termsofuse"): lambda c: c.is_of(COCO),
    ("source_datasets", "extended|other-coco"): lambda c: c.is_of(COCO),
    ("task_ids", "multi-label-image-classification"): lambda c: "labels" in c.features,
    ("task_ids", "multi-class-image-classification"): lambda c: "label" in c.features,
    ("task_categories", "object-detection"): lambda c: "objects" in c.features,
    ("task_categories", "image-classification"): (
        lambda c: {"label", "labels"} & {*c.features}
    ),
}


@pytest.fixture(scope="module")
def cases(make_once, sources):
    folder = make_once("odd", lambda f: (build_studies(f, sources), build_recipes(f)))
    found = {name: Case(folder / name) for name in STUDIES}
    found |= {
        f"{name}, official": Case(folder / name, is_official=True)
        for name in STUDIES
        if name != "coco, no licence"  # the official images have one each
    }
    return found | {name: Case(folder / "built" / name) for name in RECIPES}


@pytest.mark.parametrize("claim", [*ONLY_IF, *IF_AND_ONLY_IF])
def test_a_claim_is_made_only_where_it_holds(claim, cases):
    holds = ONLY_IF.get(claim) or IF_AND_ONLY_IF[claim]
    made = {name for name, case in cases.items() if case.says(claim)}
    assert made, "no card makes this claim"
    assert made != cases.keys(), "every card makes this claim"
    assert [name for name in sorted(made) if not holds(cases[name])] == []
    if claim in IF_AND_ONLY_IF:
        silent = cases.keys() - made
        assert [name for name in sorted(silent) if holds(cases[name])] == []


@pytest.mark.parametrize("claim", FRONT, ids=" ".join)
def test_the_yaml_claims_only_what_holds(claim, cases):
    key, value = claim
    said = {name: case.front.get(key, []) for name, case in cases.items()}
    made = {n for n, v in said.items() if value == v or value in [*v]}
    assert made
    assert [name for name in sorted(made) if not FRONT[claim](cases[name])] == []


def test_what_a_recipe_says_of_its_images_is_on_the_card(cases):
    text = cases["table"].prose
    for said in ("**Collection.** Picked from a shelf.", "**Annotation.** By two of",
                 "**Personal information.** Nobody", "## Uses To try things.",
                 "**Out of scope.** To buy a car."):  # fmt: skip
        assert said in text
    assert "Not stated" not in text
    text = cases["table, no labels"].prose
    assert "Not stated by the recipe: how the images were collected; how and" in text
    assert "## Uses" not in text


def test_lint_says_what_the_card_says_of_the_licence(cases):
    """As push does, which sends nothing of a build without a licence."""
    unsaid = {
        n
        for n, c in cases.items()
        if not c.is_official and c.front.get("license") is None
    }
    for name, case in cases.items():
        if not case.is_official:
            assert lint(read_build(case.folder)) == [], name
            about = case.manifest.get("about", {})
            faults = list(lint_license(case.front, case.front, about))
            assert len(faults) == (name in unsaid), name
            assert all(fault.startswith(NO_LICENSE) for fault in faults)
    assert "isic" in unsaid
    assert "coco" not in unsaid


def test_who_builds_is_told_that_images_state_other_licences(cases):
    told = {name for name in RECIPES if "other licences" in _remarks(cases[name])}
    assert told == {"licences", "licences, some"}
    assert "that of the recipe (mit)" in _remarks(cases["licences"])


def _remarks(case):
    return " ".join(registry.told_of(case.manifest).remarks(case.manifest))


def test_a_study_remarks_on_what_its_card_lacks(cases):
    for name in STUDIES:
        case = cases[name]
        dataset = registry.told_of(case.manifest)
        remarks = " ".join(dataset.remarks(case.manifest))
        is_told = "the source is not the official one: push refuses" in remarks
        assert is_told == ("license" not in case.front), name
        if other := cases.get(f"{name}, official"):
            assert "push refuses" not in " ".join(dataset.remarks(other.manifest))
