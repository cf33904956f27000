"""The audit as the card tells it: from the manifest's data to Markdown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.duplicates import tell_duplicates
from builder.card.markdown import percent, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Manifest = Mapping[str, Any]


def audit(manifest: Manifest) -> str:
    """Return what the audit found, as the sections of the card."""
    told = manifest["audit"]
    parts = [
        _looked_at(manifest),
        "### Duplicates",
        *tell_duplicates(told),
    ]
    if "patient_split" in told:
        parts += ["### Patients", *_patients(manifest)]
    if "context" in told:
        parts += ["### Context", *_context(told)]
    if "labels" in told:
        parts += ["### Label by sex, age and site", *_labels(manifest)]
    parts += ["### Compared with the whole source", *_drift(told)]
    if told["decoded"]:
        parts += [
            "### A look at it",
            _SHEETS["context" in told],
            "![Some of the images with their labels](figures/contact_sheet.png)",
        ]
    return "\n\n".join(part for part in parts if part)


_SHEETS = {
    True: "Images with each class in turn, from its training draw: what is named first"
    " below a picture is the class, then what else was annotated.",
    False: "Benign images, then malignant ones, evenly over `metadata_small.csv`.",
}


def _looked_at(manifest: Manifest) -> str:
    told, broken = manifest["audit"], len(manifest["broken"])
    if told["decoded"]:
        left = f", and {broken:,} found broken and left out" if broken else ""
        whole = "the others" if broken else "them"
        return (
            f"All {told['images']:,} selected images were decoded for this build{left}."
            f" What follows was computed from {whole} and from the source;"
            " `manifest.json` has all of it as data."
        )
    checked = (
        f"The {told['images']:,} images were checked as far as header, size and end"
        " marker; they were **not decoded**"
    )
    if manifest["options"].get("image_size") is not None:
        return (
            f"{checked} but to resize them, so that near duplicates, and damage inside"
            " an image that was small enough already, were not looked for."
        )
    return (
        f"{checked} for this build, so that near duplicates and damage inside an image"
        " were not looked for."
    )


def _patients(manifest: Manifest) -> list[str]:
    told = manifest["audit"]
    split = told["patient_split"]
    if split["splits"] is None:
        return [f"There is no config `patient`: {split['reason']}."]
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
    head = ["split", "images", "malignant", "share", *columns]
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
    return [text, table(head, rows)]


_LIFT = (
    "What stands beside a class, and how much more often than elsewhere: the lift is"
    " the share of the drawn images with the class that show the other category too,"
    " over the share of all images of the source that show it, with its 95 % interval."
    " An image that was drawn twice counts once. Known pairs are those of Singh et al."
    " (2020). Largest are those lifts that are not by chance, even among so many: all"
    " intervals were widened until they hold together at 95 %."
)


def _context(told: Mapping[str, Any]) -> list[str]:
    parts = [
        _LIFT,
        "![Lift of categories beside each class](figures/context.png)",
        "The figure is of the training draws; the tables are of both splits.",
    ]
    head = ["split", "class", "beside it", "share with the class",
            "share without", "share in the source", "lift"]  # fmt: skip
    for title, name in (("Known pairs", "known_pairs"), ("Largest lifts", "largest")):
        rows = [
            [split, *_pair(pair)]
            for split, context in told["context"].items()
            for pair in context[name]
            if "lift" in pair
        ]
        if rows:
            parts += [f"{title}:", table(head, rows)]
    unmeasured = dict.fromkeys(
        f"{pair['target']} and {pair['context']} ({pair['not_measured']})"
        for context in told["context"].values()
        for pair in context["known_pairs"]
        if "lift" not in pair
    )
    if unmeasured:
        parts.append(f"Known pairs that cannot be measured: {', '.join(unmeasured)}.")
    return parts


def _pair(pair: Mapping[str, Any]) -> list[str]:
    shares = [percent(pair[name][0]) for name in ("positives", "negatives", "source")]
    lift, low, high = pair["lift"]
    shown = "-" if lift is None else f"{lift:.2f} ({low:.2f} to {high:.2f})"
    return [pair["target"], pair["context"], *shares, shown]


def _labels(manifest: Manifest) -> list[str]:
    rows = [
        [
            feature,
            entry["value"],
            entry["benign"],
            entry["malignant"],
            _interval([percent(part) for part in entry["share"]]),
        ]
        for feature, entries in manifest["audit"]["labels"].items()
        for entry in entries
    ]
    if not rows:
        return ["The metadata has none of these columns."]
    head = ["feature", "value", "benign", "malignant", "malignant share, 95 % interval"]
    return [
        "![Labels by sex, age and site](figures/labels.png)",
        table(head, rows),
    ]


def _interval(ends: Sequence[str]) -> str:
    share, low, high = ends
    return f"{share} ({low} to {high})"


_DRIFT = (
    "The largest differences between the shares of images here and in the whole source,"
    " in percentage points:"
)


def _drift(told: Mapping[str, Any]) -> list[str]:
    drifts = told["drift"]
    by_split = {"": drifts} if "largest" in drifts else drifts
    rows = [
        [
            *([split] if split else []),
            entry["feature"],
            entry["value"],
            percent(entry["parent"]),
            percent(entry["selection"]),
            f"{entry['points']:+.1f}",
        ]
        for split, drift in by_split.items()
        for entry in drift["largest"]
    ]
    head = ["feature", "value", "source", "here", "points"]
    if "" not in by_split:
        head = ["split", *head]
    parts = [_DRIFT, table(head, rows) if rows else "None."]
    if "grey" in told:
        shares = ", ".join(
            f"{facts['grey']:,} of {facts['images']:,} {part}"
            for part, facts in told["grey"]["parts"].items()
        )
        parts.append(
            f"Pictures without colour: {shares} images. How many the whole source has"
            " is not known, since only the selected images were decoded."
        )
    return parts
