"""What the card says of SIIM-ISIC: the blocks that fill the prose. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from builder.card import audit, blocks, limits
from builder.card.conflicts import tell_conflicts
from builder.card.duplicates import tell_duplicates
from builder.card.example import example
from builder.card.images import tell_resized
from builder.card.markdown import code, percent, table
from builder.card.modes import tell_modes
from builder.card.place import repo_of
from builder.card.shortcuts import tell_shortcuts
from builder.datasets.base import Card
from builder.datasets.isic.recipe import IsicRecipe
from builder.datasets.isic.splits_card import (
    OFFICIAL,
    promise,
    publisher_of,
    tell_splits,
)
from builder.datasets.prose import of_another_source, shipped_prose
from builder.datasets.recipe_card import OF_RECIPE, opening
from builder.datasets.shipped import shipped_recipe

Manifest = Mapping[str, Any]


def study_card(manifest: Manifest) -> Card:
    """Return the card of a build: about SIIM-ISIC 2020, if it was made from that.

    By the digest of its metadata; anything else is told as what it is.
    """
    name = manifest["dataset"]
    if OFFICIAL.is_source(manifest):
        return Card(shipped_prose(name), BLOCKS)
    return Card(of_another_source(shipped_recipe(name), {}), OTHER_BLOCKS)


def _images(manifest: Manifest) -> str | None:
    return tell_resized(manifest, ending="of malignant images, which were resized.")


def _study(manifest: Manifest) -> str | None:
    """Return what is left of the study in another selection; None if it is its own."""
    if not _is_default(manifest):
        return (
            "**Not the selection of the study.** The rule is that of a reproducibility"
            " study of post-hoc concept bottleneck models (Yuksekgonul et al. 2023);"
            " the slices are others."
        )
    if manifest["broken"] or manifest.get("missing"):
        return (
            "It is the selection of a reproducibility study of post-hoc concept"
            " bottleneck models (Yuksekgonul et al. 2023), without the images that are"
            " broken or nowhere in the source (see Counts)."
        )
    return None


def _is_default(manifest: Manifest) -> bool:
    recipe, default = manifest["recipe"], IsicRecipe().as_dict()
    # The seed is that of the splits alone.
    return {**recipe, "seed": None} == {**default, "seed": None}


def _other_summary(manifest: Manifest) -> str:
    return opening(manifest, is_official=False)


def _columns(manifest: Manifest) -> str:
    """Return what the columns are."""
    features = manifest["features"]["default"]
    others = [name for name in features if name not in {"image", "label", "position"}]
    return (
        "- `label` is benign or malignant, from the table of the source.\n"
        f"- {', '.join(map(code, others))}: as the table of the source has them; a null"
        " is a gap there.\n"
        "- `position` is the row of `metadata_small.csv`, in which the selected rows"
        " are in the order of the rule."
    )


def _share_limit(manifest: Manifest) -> str:
    """Return that the shares of the labels are not the source's, where they are not."""
    taken = {f["label"]: f["taken"] for f in manifest["feasibility"]}
    parent = manifest["parent"]
    here = taken["malignant"] / max(1, sum(taken.values()))
    there = parent["malignant"] / max(1, parent["malignant"] + parent["benign"])
    if percent(here) == percent(there):
        return ""
    return (
        f"{percent(here)} of the selected images are malignant, in the source"
        f" {percent(there)}: precision and calibration measured here do not carry over."
    )


_SLICES = (
    "The rows are slices of a sorted table and not a random sample. The sort is"
    " unstable, so which of them are in a slice follows from the sorting algorithm."
)


def _limits(manifest: Manifest) -> str:
    return limits.listed(
        _share_limit(manifest),
        _SLICES,
        "Patients have several images. Do not split `default` by images.",
        "The metadata says nothing of skin type: how a model does on darker skin cannot"
        " be measured with it.",
        limits.left_out(manifest),
    )


def _other_limits(manifest: Manifest) -> str:
    return limits.listed(
        _share_limit(manifest),
        _SLICES,
        limits.left_out(manifest),
    )


_ORDER = (
    "`default` lists the rows in the order of these splits; `position` gives the order"
    " of `metadata_small.csv`."
)


def _loading(manifest: Manifest) -> str:
    split = manifest["audit"]["split"]
    config = split["config"]
    if config not in manifest["configs"]:
        return blocks.loading(manifest)
    snippet = blocks.python(
        f'ds = load_dataset("{repo_of(manifest)}", "{config}")',
        'print(ds["train"].num_rows, ds["validation"].num_rows)',
    )
    told = (
        "`default` is one split with every row. To train and test, take"
        f" `{config}`: the same rows, cut {promise(manifest)}."
    )
    return blocks.loading(manifest, told, snippet, _ORDER)


def _selection(manifest: Manifest) -> str:
    return blocks.selection(manifest, _rule(manifest))


def _rule(manifest: Manifest) -> str:
    recipe = manifest["recipe"]
    (b0, b1), (m0, m1) = recipe["benign"], recipe["malignant"]
    parent = manifest["parent"]
    return (
        f"The metadata of {parent['images']:,} images is sorted by `benign_malignant`"
        " as pandas 2 did it (`numpy.argsort` of the labels as objects,"
        ' `kind="quicksort"`). Of the benign'
        f" rows {b0:,} to {b1 - 1:,} are taken, of the malignant ones {m0:,} to"
        f" {m1 - 1:,}, counted from 0."
    )


def _counts(manifest: Manifest) -> str:
    rows = [
        [f["label"], f["available"], f["slice"], f["taken"]]
        for f in manifest["feasibility"]
    ]
    head = ["label", "in the source", "rows of them", "selected"]
    return blocks.counts(manifest, table(head, rows))


def _audit(manifest: Manifest) -> str:
    told = manifest["audit"]
    return audit.join_sections(
        manifest,
        tell_duplicates(told, publisher=publisher_of(manifest)),
        tell_conflicts(told),
        tell_splits(manifest),
        _labels(told),
        tell_shortcuts(told),
        audit.compared(
            told,
            {"": told["drift"]},
            whole=audit.tell_whole(
                manifest, manifest["parent"]["images"], "rows of the source"
            ),
        ),
        tell_modes(manifest),
        audit.contact_sheet(
            told,
            "Benign images, then malignant ones, evenly over `metadata_small.csv`.",
        ),
    )


def _labels(told: Mapping[str, Any]) -> list[str]:
    title = "### Label by sex, age and site"
    rows = [
        [
            feature,
            entry["value"],
            entry["benign"],
            entry["malignant"],
            _interval(entry["share"]),
        ]
        for feature, entries in told["labels"].items()
        for entry in entries
    ]
    if not rows:
        return [title, "The metadata has none of these columns."]
    head = ["feature", "value", "benign", "malignant", "malignant share, 95 % interval"]
    return [
        title,
        "![Labels by sex, age and site](figures/labels.png)",
        table(head, rows),
    ]


def _interval(parts: Sequence[float]) -> str:
    share, low, high = (percent(part) for part in parts)
    return f"{share} ({low} to {high})"


BLOCKS: dict[str, Callable[[Manifest], str | None]] = {
    "images": _images,
    "study": _study,
    "summary": blocks.summary,
    "loading": _loading,
    "example": example,
    "selection": _selection,
    "counts": _counts,
    "audit": _audit,
    "limits": _limits,
}
OTHER_BLOCKS: dict[str, Callable[[Manifest], str | None]] = {
    **BLOCKS,
    **OF_RECIPE,
    "summary": _other_summary,
    "columns": _columns,
    "limits": _other_limits,
    "licences": lambda _: "",
}
