"""What a selection from a table does not say or show. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card import limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    Manifest = Mapping[str, Any]

_SHARES = (
    "How many images there are of each class was asked for, and is not so in the source"
    " (see Counts): precision and calibration measured here do not carry over."
)
_SLICES = (
    "The rows are slices of a sorted table and not a random sample. The sort is"
    " unstable, so which of them are in a slice follows from the sorting algorithm."
)


def limits_of(manifest: Manifest) -> str:
    """Return the section of limits, of those that this build has."""
    rule = manifest["select"]["rule"]
    return limits.listed(
        _SHARES if _has_other_shares(manifest) else "",
        _SLICES if rule == "slices" else "",
        limits.disjoint(manifest),
        limits.left_out(manifest),
    )


def _has_other_shares(manifest: Manifest) -> bool:
    """Whether the shares of the classes are others than in the source, by the rule."""
    found = manifest["feasibility"]
    if manifest["select"]["rule"] == "balanced":
        return True
    if manifest["select"]["rule"] not in {"per_label", "slices"}:
        return False
    taken = sum(entry["taken"] for entry in found)
    there = sum(manifest["parent"]["labels"].values())
    return any(
        # By more than a point: rounding to whole images is none of the rule's.
        abs(entry["taken"] / max(1, taken) - entry["available"] / max(1, there)) > 0.01
        for entry in found
    )
