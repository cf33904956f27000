"""What the card says of equal images with different labels. Pure.

The data are those of `builder.audit.conflicts.report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.markdown import Markdown, code, count_of, table

if TYPE_CHECKING:
    from collections.abc import Mapping

# So many pairs of either kind are listed; the manifest has all.
_LISTED = 20
_WORDS = {"exact": "same bytes", "near": "alike"}


def tell_conflicts(told: Mapping[str, Any]) -> list[str]:
    """Return the section: which pairs have different labels.

    Parameters
    ----------
    told : dict
        The manifest's ``audit``.

    Returns
    -------
    list of str
        None where no two images are equal or look the same.
    """
    found = told.get("conflicts")
    if not found or not any(part["compared"] for part in found.values()):
        return []
    parts = [
        "### Equal images, different labels",
        " ".join(_tell(kind, part) for kind, part in found.items() if part["compared"]),
    ]
    rows = [
        [
            _WORDS[kind],
            *_side(pair["names"][0], pair["only"][0]),
            *_side(pair["names"][1], pair["only"][1]),
        ]
        for kind, part in found.items()
        for pair in part["pairs"][:_LISTED]
    ]
    if rows:
        parts.append(table(["pair", "image", "only here", "image", "only here"], rows))
    if any(len(part["pairs"]) > _LISTED for part in found.values()):
        parts.append(
            f"The first {_LISTED} pairs of either kind; `manifest.json` has all."
        )
    return parts


def _side(name: str, only: list[str]) -> tuple[Markdown, str]:
    return code(name), ", ".join(only) or "-"


def _tell(kind: str, part: Mapping[str, Any]) -> str:
    """Return how many pairs of one kind are in conflict."""
    compared, number = part["compared"], len(part["pairs"])
    pairs = count_of(compared, "pair", "pairs")
    what = "of the same bytes" if kind == "exact" else "that look the same"
    verb = "have" if number > 1 else "has"
    text = f"Of {pairs} {what}, {number or 'none'} {verb} different labels"
    if part["others"]:
        text += f", and {part['others']:,} differ in what else was annotated"
    return f"{text}."
