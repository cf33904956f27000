"""Limits that hold for every kind of dataset, each where a build has it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.markdown import count_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    Manifest = Mapping[str, Any]


def listed(*limits: str) -> str:
    """Return limits as a section, without those that are empty; nothing, if all are."""
    shown = [f"- {limit}" for limit in limits if limit]
    return "\n".join(["## Limits", "", *shown]) if shown else ""


def disjoint(manifest: Manifest) -> str:
    """Return whether images of two splits are the same, as far as they were compared.

    Nothing, if `default` has one split.
    """
    told = manifest["audit"]
    if len(manifest["configs"]["default"]) < 2:
        return ""
    pairs = told["duplicates"]["exact"]["across"]
    pairs += told["duplicates"]["near"]["across"] if told["decoded"] else 0
    if pairs:
        equal = "that have the same bytes"
        equal += " or look the same" * told["decoded"]
        number = count_of(pairs, "pair of images", "pairs of images")
        verb = "lies" if pairs == 1 else "lie"
        text = (
            f"The splits are not disjoint: {number} {equal} {verb} in two of them (see"
            " Duplicates)."
        )
    else:
        text = "No image of one split has the bytes of one of another."
        if told["decoded"]:
            return (
                f"{text[:-1]}, and none was found to look like one (see Duplicates for"
                " how far that search goes)."
            )
    if told["decoded"]:
        return text
    return f"{text} Whether some look alike **was not looked for**."


def left_out(manifest: Manifest) -> str:
    """Return that rows of the selection are not here, if some are not."""
    number = len(manifest["broken"]) + len(manifest.get("missing", ()))
    if not number:
        return ""
    images = count_of(number, "selected image is", "selected images are")
    return f"{images} left out, being broken or nowhere (see Counts)."
