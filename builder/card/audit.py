"""What sections of the audit in the card are made of. Pure.

A dataset lists its sections in their order; each is a list of paragraphs, of which
the first is its heading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.images import is_resized
from builder.card.markdown import percent, plain, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Manifest = Mapping[str, Any]


def join_sections(manifest: Manifest, *sections: Sequence[str]) -> str:
    """Return how the images were looked at, and the sections after it."""
    parts = [_looked_at(manifest), *(part for section in sections for part in section)]
    return "\n\n".join(part for part in parts if part)


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
    if is_resized(manifest):
        return (
            f"{checked} but to resize them, so that near duplicates, and damage inside"
            " an image that was small enough already, were not looked for."
        )
    return (
        f"{checked} for this build, so that near duplicates and damage inside an image"
        " were not looked for."
    )


_DRIFT = (
    "The largest differences between the shares of images here and in the whole source,"
    " in percentage points:"
)


def compared(
    told: Mapping[str, Any],
    drifts: Mapping[str, Mapping[str, Any]],
    *,
    whole: str = "",
) -> list[str]:
    """Return how far the selection has moved from its source, and how much is grey.

    Parameters
    ----------
    told : dict
        The manifest's ``audit``.
    drifts : dict of str to dict
        What `builder.audit.drift.report` told of each split; of all images, if the
        only name is empty.
    whole : str
        That all of the source was taken, if it was: then nothing can differ.
    """
    rows = [
        [
            *([split] if split else []),
            entry["feature"],
            entry["value"],
            percent(entry["parent"]),
            percent(entry["selection"]),
            f"{entry['points']:+.1f}",
        ]
        for split, drift in drifts.items()
        for entry in drift["largest"]
    ]
    head = ["feature", "value", "source", "here", "points"]
    if list(drifts) != [""]:
        head = ["split", *head]
    parts = ["### Compared with the whole source"]
    if whole or not rows:
        parts.append(whole or "No share differs.")
    else:
        parts += [_DRIFT, table(head, rows)]
    if told["decoded"]:
        shares = ", ".join(
            f"{facts['grey']:,} of {facts['images']:,} {plain(part)}"
            for part, facts in told["grey"]["parts"].items()
        )
        unknown = (
            " How many the whole source has is not known, since only the selected"
            " images were decoded."
        )
        parts.append(
            f"Pictures without colour: {shares} images.{'' if whole else unknown}"
        )
    return parts


def tell_whole(manifest: Manifest, available: int, what: str) -> str:
    """Return that all of the source was taken; nothing, if it was not.

    Parameters
    ----------
    manifest : dict
    available : int
        How many images could be taken.
    what : str
        What these are, such as ``rows of the source``.
    """
    default = manifest["configs"]["default"].values()
    taken = sum(facts["num_examples"] for facts in default)
    return f"All {what} were taken." if taken == available else ""


def contact_sheet(told: Mapping[str, Any], what: str) -> list[str]:
    """Return the figure of some images, and what they are, if any were decoded."""
    if not told["decoded"]:
        return []
    return [
        "### A look at it",
        what,
        "![Some of the images with their labels](figures/contact_sheet.png)",
    ]
