"""What the card says of a build from a table: the blocks that fill the prose. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from builder.audit.intervals import share_interval
from builder.card import audit, blocks
from builder.card.conflicts import tell_conflicts
from builder.card.duplicates import tell_duplicates
from builder.card.example import example
from builder.card.markdown import code, count_of, percent, plain, table
from builder.card.modes import tell_modes
from builder.card.place import repo_of
from builder.card.shortcuts import tell_shortcuts
from builder.card.splits import tell_cut
from builder.datasets.recipe_card import opening
from builder.datasets.table.limits_card import limits_of

Manifest = Mapping[str, Any]

# Classes of this many are columns of a table; of more, the largest are.
_CLASSES = 8


def _loading(manifest: Manifest) -> str:
    more = []
    splits = list(manifest["configs"]["default"])
    if len(splits) > 1:
        names = ", ".join(map(code, splits[1:]))
        verb = "The other splits are" if len(splits) > 2 else "The other split is"
        more.append(f"{verb} {names}.")
    others = [name for name in manifest["configs"] if name != "default"]
    if others:
        split = next(iter(manifest["configs"][others[0]]))
        more.append(
            "Besides `default`, which has each image once, there is a config for each"
            " class that was drawn, half of its rows with the class:"
        )
        snippet = blocks.python(
            f'ds = load_dataset("{repo_of(manifest)}", "{others[0]}")',
            f'print(ds["{split}"][0])',
        )
        more += [snippet, *blocks.together(manifest, others)]
    return blocks.loading(manifest, *more)


_RULES = {
    "all": "All rows were taken, in the order of the table.",
    "sample": "Rows were drawn by chance, without replacement, with"
    " `numpy.random.RandomState({seed})`: {samples}. They are in the order"
    " of the table.",
    "per_label": "Of each class rows were drawn by chance, without replacement, with"
    " `numpy.random.RandomState({seed})` anew for each: {samples}. They are in the"
    " order of the table.",
    "slices": "The rows were sorted by label as pandas 2 did it (`numpy.argsort` of the"
    ' labels as objects, `kind="quicksort"`), and of each class a slice was taken,'
    " counted from 0: {slices}.",
    "balanced": "For each class, and in each split, half of the samples were drawn from"
    " the rows with it and half from those without, with"
    " `numpy.random.RandomState({seed})` anew for each: {samples}. Where a half has"
    " fewer rows than that, it was drawn with replacement.",
}


def _selection(manifest: Manifest) -> str:
    told = manifest["select"]
    rule = _RULES[told["rule"]].format(
        seed=told["seed"],
        samples=_tell_samples(told["samples"]),
        slices=", ".join(
            f"{plain(name)} {rows}" for name, rows in told["slices"].items()
        ),
    )
    rows = count_of(manifest["parent"]["rows"], "row", "rows")
    parts = [f"The source has {rows} that may be taken. {rule}"]
    if "groups" in manifest:
        parts.append(_tell_cut(manifest["groups"], manifest["audit"]["cut"]))
    if manifest["notes"]:
        parts.append("\n".join(f"- {plain(note)}" for note in manifest["notes"]))
    return blocks.selection(manifest, "\n\n".join(parts))


def _tell_samples(samples: Any) -> str:
    if isinstance(samples, Mapping):
        parts = samples.items()
        return ", ".join(f"{plain(name)} {_tell_samples(n)}" for name, n in parts)
    return percent(samples) if isinstance(samples, float) else f"{samples or 0:,}"


def _tell_cut(groups: Mapping[str, Any], cut: Mapping[str, Any]) -> str:
    shares = ", ".join(
        f"{plain(n)} {percent(part)}" for n, part in groups["fractions"].items()
    )
    text = f"Rows were cut into splits: {shares}."
    kept: list[str] = [*map(code, groups["columns"])]
    kept += ["the pairs that the source lists"] * bool(groups["pairs"])
    if kept:
        text += (
            f" What belongs together by {', '.join(kept)} was kept in one split:"
            f" {count_of(groups['number'], 'group', 'groups')} of"
            f" {count_of(groups['rows'], 'row', 'rows')}, the largest of"
            f" {groups['largest']:,}. A missing value links nothing."
        )
    else:
        text += " No column says what belongs together, so every row is on its own."
    return f"{text} {tell_cut(cut)}"


def _counts(manifest: Manifest) -> str:
    found = manifest["feasibility"]
    if not found:
        return blocks.counts(manifest, "")
    if "target" in found[0]:
        head = ["split", "class", "with it", "without", "drawn", "distinct", "repeats"]
        rows = [
            [
                entry["split"],
                entry["target"],
                entry["positives_available"],
                entry["negatives_available"],
                entry["drawn"],
                entry["distinct"],
                entry["repeated_positives"] + entry["repeated_negatives"],
            ]
            for entry in found
        ]
        return blocks.counts(manifest, table(head, rows))
    splits = [name for name in found[0] if name.startswith("in ")]
    shown = splits if len(splits) > 1 else []
    head = ["label", "in the source", "selected", *shown]
    rows = [
        [f["label"], f["available"], f["taken"], *(f[split] for split in shown)]
        for f in found
    ]
    return blocks.counts(manifest, table(head, rows))


def _audit(manifest: Manifest) -> str:
    told = manifest["audit"]
    return audit.join_sections(
        manifest,
        tell_duplicates(told, publisher="the source"),
        tell_conflicts(told),
        _groups(manifest),
        _labels(manifest),
        tell_shortcuts(told),
        audit.compared(
            told,
            {"": told["drift"]},
            whole=audit.tell_whole(
                manifest,
                manifest["parent"]["rows"],
                "rows of the source" + " that may be taken" * _has_others(manifest),
            ),
        ),
        tell_modes(manifest),
        audit.contact_sheet(told, "Some images, evenly over the table."),
    )


def _has_others(manifest: Manifest) -> bool:
    """Whether the tables have rows that may not be taken."""
    return any(manifest.get("left_out", {}).values())


def _groups(manifest: Manifest) -> list[str]:
    """Return whether what belongs together lies in two splits."""
    across = manifest["audit"]["across"]
    if not across or len(manifest["configs"]["default"]) < 2:
        return []
    torn = ", ".join(f"{n:,} of {code(column)}" for column, n in across.items() if n)
    named = ", ".join(map(code, across))
    text = (
        f"Values that lie in two splits or more: {torn}."
        if torn
        else f"No value of {named} lies in two splits. A missing one links nothing."
    )
    return ["### Groups", text]


def _labels(manifest: Manifest) -> list[str]:
    found = manifest["audit"]["labels"]
    if not found:
        return []
    classes = list(next(iter(found.values()))[0]["classes"])
    total = {
        name: sum(entry["classes"][name] for entry in next(iter(found.values())))
        for name in classes
    }
    shown = sorted(classes, key=lambda name: -total[name])[:_CLASSES]
    shown = [name for name in classes if name in shown]
    rows = []
    for feature, entries in found.items():
        for entry in entries:
            counts = entry["classes"]
            row = [feature, entry["value"], *(counts[name] for name in shown)]
            rest = sum(counts.values()) - sum(counts[name] for name in shown)
            row += [rest] if len(shown) < len(classes) else []
            row += [_interval(counts, classes[1])] if len(classes) == 2 else []
            rows.append(row)
    head = ["column", "value", *shown]
    head += ["others"] if len(shown) < len(classes) else []
    head += [f"share of {classes[1]}, 95 % interval"] if len(classes) == 2 else []
    parts = ["### Label by other columns", table(head, rows)]
    if len(classes) == 2:
        parts.insert(1, "![Label by other columns](figures/labels.png)")
    return parts


def _interval(counts: Mapping[str, int], positive: str) -> str:
    import numpy as np

    total = np.array(sum(counts.values()))
    parts = share_interval(np.array(counts[positive]), total).tolist()
    share, low, high = (percent(part) for part in parts)
    return f"{share} ({low} to {high})"


BLOCKS: dict[str, Callable[[Manifest], str | None]] = {
    "summary": opening,
    "loading": _loading,
    "example": example,
    "selection": _selection,
    "counts": _counts,
    "audit": _audit,
    "limits": limits_of,
}
