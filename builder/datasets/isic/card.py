"""What the card says of SIIM-ISIC: the blocks that fill the prose. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from builder.card import audit, blocks
from builder.card.duplicates import tell_duplicates
from builder.card.images import tell_resized
from builder.card.markdown import percent, table
from builder.datasets.isic.official import OFFICIAL
from builder.datasets.isic.recipe import IsicRecipe

Manifest = Mapping[str, Any]


def _images(manifest: Manifest) -> str | None:
    return tell_resized(
        manifest,
        ending="of malignant images, which were resized.",
        publisher=OFFICIAL.publisher,
    )


def _summary(manifest: Manifest) -> str:
    return blocks.summary(
        manifest,
        is_official=OFFICIAL.is_source(manifest),
        is_default=manifest["recipe"] == IsicRecipe().as_dict(),
    )


_PATIENT = (
    "`default` is one split with every row. To train and test, take `patient`: the same"
    " rows, cut such that no patient is on both sides."
)
_ORDER = (
    "`default` lists the rows in the order of these splits; `position` gives the order"
    " of `metadata_small.csv`."
)


def _loading(manifest: Manifest) -> str:
    if "patient" not in manifest["configs"]:
        return blocks.loading(manifest)
    snippet = blocks.python(
        f'ds = load_dataset("{blocks.repo_of(manifest)}", "patient")',
        'print(ds["train"].num_rows, ds["validation"].num_rows)',
    )
    return blocks.loading(manifest, _PATIENT, snippet, _ORDER)


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
        tell_duplicates(told, publisher=OFFICIAL.publisher),
        _patients(manifest),
        _labels(told),
        audit.compared(told, {"": told["drift"]}),
        audit.contact_sheet(
            told,
            "Benign images, then malignant ones, evenly over `metadata_small.csv`.",
        ),
    )


def _patients(manifest: Manifest) -> list[str]:
    told = manifest["audit"]
    split = told["patient_split"]
    head = "### Patients"
    if split["splits"] is None:
        return [head, f"There is no config `patient`: {split['reason']}."]
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
    linked = [f"images of one {name.removesuffix('s')}" for name in columns]
    linked += ["the duplicates that ISIC lists"] * ("official" in told["duplicates"])
    linked += ["images of the same bytes"]
    linked += ["images that look the same"] * told["decoded"]
    crossing = {
        **split["across"],
        "pairs of the same bytes": told["duplicates"]["exact"]["across"],
        "pairs that look the same": told["duplicates"]["near"]["across"],
    }
    torn = ", ".join(f"{n:,} {name}" for name, n in crossing.items() if n)
    text = (
        "The config `patient` is cut 70/15/15, and keeps in one split what belongs"
        f" together: {', '.join(linked)}."
    )
    text += f" Torn apart are {torn}." if torn else " No such group lies in two splits."
    if columns:
        missing = " or ".join(name.removesuffix("s") for name in columns)
        text += f" A missing {missing} links nothing."
    if not told["decoded"]:
        text += " Images that only look the same **were not looked for**."
    text += (
        " Every split is within 1 % of its size, and its share of malignant images"
        " within one point of that of the whole. The split follows from the names, the"
        f" groups, the labels and the seed {manifest['recipe']['seed']} alone. Both"
        " configs list the same files, so every image is stored once."
    )
    return [head, text, table(names, rows)]


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
    "summary": _summary,
    "loading": _loading,
    "selection": _selection,
    "counts": _counts,
    "audit": _audit,
}
