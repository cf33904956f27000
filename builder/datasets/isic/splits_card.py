"""What the card says of splits and of what they keep together: SIIM-ISIC's. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.card.markdown import count_of, percent, plain, table
from builder.card.splits import tell_cut
from builder.datasets.recipe_inputs import official_source
from builder.datasets.shipped import shipped_recipe

OFFICIAL = official_source(shipped_recipe("siim_isic_small"))
Manifest = Mapping[str, Any]


def publisher_of(manifest: Manifest) -> str:
    """Return whose list of duplicates it is."""
    is_theirs = OFFICIAL.has(manifest, "official duplicates")
    return OFFICIAL.publisher if is_theirs else "the source"


def promise(manifest: Manifest) -> str:
    """Return what the splits keep apart, as far as it is known."""
    split = manifest["audit"]["split"]
    if split["config"] != "patient":
        known = ", every image on its own"
        if "lesions" in split["kept"]:
            known = " by lesion"
        elif any(split["kept"].values()):
            known = " with duplicates kept together"
        return (
            f"into train, validation and test{known}: **patients are not known**, and"
            " may be on both sides"
        )
    if split["across"]["patients"]:
        return "by patient as far as that was possible"
    whole = split["kept"]["patients"]["known"] == manifest["audit"]["cut"]["rows"]
    named = "no patient" if whole else "no patient whom the metadata names"
    return f"such that {named} is on both sides"


def tell_splits(manifest: Manifest) -> list[str]:
    """Return the section: what is kept together, and how the splits came out."""
    told = manifest["audit"]
    split = told["split"]
    config = split["config"]
    head = "### Patients" if config == "patient" else "### What is kept together"
    if "splits" not in split:
        return [head, f"There is no config `{config}`: {plain(split['reason'])}."]
    columns = [name for name in ("patients", "lesions") if name in split["across"]]
    rows = [
        [
            name,
            facts["images"],
            facts["malignant"],
            percent(facts["malignant_share"]),
            *(facts[column] for column in columns),
        ]
        for name, facts in split["splits"].items()
    ]
    names = ["split", "images", "malignant", "share", *columns]
    text = (
        f"{_kept(manifest, split)} {tell_cut(told['cut'])} The split follows from the"
        f" names, the groups, the labels and the seed {manifest['recipe']['seed']}"
        " alone. Both"
        " configs list the same files, so every image is stored once."
    )
    return [head, text, table(names, rows)]


# What is kept together, by the names that the audit has for it: what it is, and what a
# number of it is told of.
_KEPT = {
    "patients": (
        "images of one patient",
        "patient has several",
        "patients have several",
    ),
    "lesions": ("images of one lesion", "lesion has several", "lesions have several"),
    "official": ("duplicates that {publisher} lists", "pair", "pairs"),
    "exact": ("images of the same bytes", "copy", "copies"),
    "near": ("images that look the same", "pair", "pairs"),
}


def _kept(manifest: Manifest, split: Mapping[str, Any]) -> str:
    """Return what is kept in one split, what is not known, and what is torn apart."""
    told, kept = manifest["audit"], split["kept"]
    linked, none = [], []
    for name, (called, one, many) in _KEPT.items():
        what = called.format(publisher=publisher_of(manifest))
        if name in kept and (name != "near" or told["decoded"]):
            found = kept[name]
            found = found["several"] if isinstance(found, Mapping) else found
            linked += [f"{what} ({count_of(found, one, many)})"] * bool(found)
            none += [what] * (not found)
    text = f"The config `{split['config']}` is cut 70/15/15"
    if linked:
        text += f", and keeps in one split what belongs together: {', '.join(linked)}."
    else:
        text += ". Nothing that belongs together was found: every image is on its own."
    crossing = {
        **split["across"],
        "pairs of the same bytes": told["duplicates"]["exact"]["across"],
        "pairs that look the same": told["duplicates"]["near"]["across"],
    }
    torn = ", ".join(f"{n:,} {name}" for name, n in crossing.items() if n)
    if torn:
        text += f" Torn apart are {torn}."
    elif linked:
        text += " No such group lies in two splits."
    if none:
        text += f" Of these there are none in this selection: {'; '.join(none)}."
    return text + _unknown(told, split)


def _unknown(told: Mapping[str, Any], split: Mapping[str, Any]) -> str:
    """Return what was not known, or not looked for, when the splits were cut."""
    kept, text = split["kept"], ""
    owners = {"patients": "patient", "lesions": "lesion"}
    if "patients" not in kept:
        # A lesion is of one patient: where patients are known, it is kept together.
        nameless = [one for name, one in owners.items() if name not in kept]
        text = (
            f" **Which images are of one {' or of one '.join(nameless)} is not known**,"
            " as the metadata does not say it: such images may lie in two splits."
        )
    for name, one in owners.items():
        left = told["cut"]["rows"] - kept[name]["known"] if name in kept else 0
        if left:
            verb = "image has" if left == 1 else "images have"
            text += f" {left:,} {verb} no known {one}; a missing {one} links nothing."
    if "official" not in kept:
        text += " No list of duplicates was at hand."
    if not told["decoded"]:
        text += " Images that only look the same **were not looked for**."
    return text
