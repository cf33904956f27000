"""The audit as the card tells it: from the manifest's data to Markdown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.markdown import count_of, percent, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Manifest = Mapping[str, Any]

# Names of this many pairs, crowds or blank images are listed; the manifest has all.
_LISTED = 20


def audit(manifest: Manifest) -> str:
    """Return what the audit found, as the sections of the card."""
    told = manifest["audit"]
    parts = [_looked_at(told), "### Duplicates", *_duplicates(told)]
    if "patient_split" in told:
        parts += ["### Patients", *_patients(told)]
    if "context" in told:
        parts += ["### Context", *_context(told)]
    if "labels" in told:
        parts += ["### Label by sex, age and site", *_labels(manifest)]
    parts += ["### Compared with the whole source", *_drift(told)]
    if told["decoded"]:
        parts += [
            "### A look at it",
            "![16 images with their labels](figures/contact_sheet.png)",
        ]
    return "\n\n".join(part for part in parts if part)


def _looked_at(told: Mapping[str, Any]) -> str:
    if told["decoded"]:
        return (
            f"All {told['images']:,} images were decoded for this build. What follows"
            " was computed from them and from the source; `manifest.json` has all of it"
            " as data."
        )
    return (
        f"The {told['images']:,} images were checked as far as header, size and end"
        " marker; they were **not decoded** for this build, so that near duplicates and"
        " damage inside an image were not looked for."
    )


def _duplicates(told: Mapping[str, Any]) -> list[str]:
    found = told["duplicates"]
    rule = found["rule"]
    exact, near = found["exact"], found["near"]
    text = (
        f"{count_of(len(exact['pairs']), 'image has', 'images have')} the bytes of an"
        f" earlier one, {exact['across']:,} of them in another split."
    )
    if not told["decoded"]:
        parts = [text]
    else:
        text += (
            f" {count_of(len(near['pairs']), 'pair looks', 'pairs look')} the same"
            f" without being so, {near['across']:,} across splits: two 64-bit"
            " difference hashes of the picture, across and down, each differ in at most"
            f" {rule['threshold']} bits. Crops, mirror images and strong changes of"
            " colour are not found that way."
        )
        parts = [text]
        if found["blank"]:
            parts.append(
                f"Too blank to compare: {_listed(found['blank'])}; fewer than"
                f" {rule['least_bits']} bits of their hashes say anything."
            )
        if found["crowds"]:
            crowds = "; ".join(_listed(crowd) for crowd in found["crowds"][:_LISTED])
            parts.append(
                f"More than {rule['crowd']} look-alikes in a chain, which were not"
                f" taken for copies of one picture: {crowds}."
            )
    rows = [
        [kind, *pair["names"], _splits(pair["splits"])]
        for kind, pairs in (("exact", exact["pairs"]), ("near", near["pairs"]))
        for pair in pairs[:_LISTED]
    ]
    if rows:
        parts.append(table(["kind", "image", "image", "split"], rows))
    if "official" in found:
        parts.append(_official(found["official"], decoded=told["decoded"]))
    return parts


def _splits(names: Sequence[str]) -> str:
    """Return the split of a pair, or both where it lies in two."""
    return " / ".join(dict.fromkeys(name or "-" for name in names))


def _official(official: Mapping[str, Any], *, decoded: bool) -> str:
    inside = official["inside"]
    pairs = ", ".join(f"{a} and {b}" for a, b in inside)
    text = (
        f"Of the {official['listed']:,} pairs of duplicates that ISIC lists,"
        f" {count_of(len(inside), 'lies', 'lie')} inside this selection"
    )
    if inside:
        text += f" ({pairs})"
    if decoded and inside:
        text += (
            f"; {len(official['exact']):,} of them were found by digest,"
            f" {len(official['near']):,} by look and {len(official['missed']):,} not"
        )
    return f"{text}."


def _patients(told: Mapping[str, Any]) -> list[str]:
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
    crossing = " and ".join(f"{split['across'][c]:,} {c}" for c in columns)
    near = ", and near duplicates" if told["decoded"] else ""
    text = (
        "The config `patient` keeps together what belongs together: images of one"
        " patient or lesion, the duplicates that ISIC lists, images of equal bytes"
        f"{near}. A missing patient or lesion links nothing."
    )
    if columns:
        text += f" In two splits lie {crossing}."
    text += (
        " The split follows from names, groups, labels and the seed alone. Both configs"
        " list the same files, so every image is stored once."
    )
    return [text, table(head, rows)]


_LIFT = (
    "How much more often another category stands beside a class, among the drawn images"
    " with the class, than in the whole source (lift), with its 95 % interval. Known"
    " pairs are those of Singh et al. (2020); stuff such as roads is not annotated in"
    " the instances."
)


def _context(told: Mapping[str, Any]) -> list[str]:
    parts = [
        _LIFT,
        "![Lift of categories beside each class](figures/context.png)",
    ]
    for split, context in told["context"].items():
        known = [pair for pair in context["known_pairs"] if "lift" in pair]
        missing = [pair for pair in context["known_pairs"] if "lift" not in pair]
        head = ["class", "beside it", "with the class", "without", "source", "lift"]
        if known:
            parts += [f"Known pairs, {split}:", table(head, [_pair(p) for p in known])]
        if missing:
            names = ", ".join(f"{p['target']} and {p['context']}" for p in missing)
            parts.append(f"Not measured in {split}: {names}.")
        if context["largest"]:
            rows = [_pair(pair) for pair in context["largest"]]
            parts += [f"Largest lifts, {split}:", table(head, rows)]
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
    head = ["", "value", "benign", "malignant", "malignant share, 95 % interval"]
    return [
        "![Labels by sex, age and site](figures/labels.png)",
        table(head, rows),
    ]


def _interval(ends: Sequence[str]) -> str:
    share, low, high = ends
    return f"{share} ({low} to {high})"


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
    parts = ["The largest differences in shares of images, in percentage points:"]
    parts.append(table(head, rows) if rows else "None.")
    if "grey" in told:
        shares = ", ".join(
            f"{part} {facts['grey']:,} of {facts['images']:,}"
            for part, facts in told["grey"]["parts"].items()
        )
        parts.append(
            f"Grey pictures: {shares}. The source was not decoded, so its share is not"
            " known."
        )
    return parts


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(f"`{name}`" for name in names[:_LISTED]) + more
