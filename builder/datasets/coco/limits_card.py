"""What a selection in COCO's format does not say or show. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card import limits
from builder.card.markdown import count_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    Manifest = Mapping[str, Any]


def tell_limits(manifest: Manifest) -> list[str]:
    """Return what a build in COCO's format does not say or show, as far as it holds."""
    facts, parent = manifest["feasibility"], manifest["parent"]
    is_drawn = "target" in facts[0]
    bare = sum(p["images"] - p["annotated_images"] for p in parent.values())
    if manifest["recipe"].get("unannotated"):
        bare = 0
    several = len({f.get("target") for f in facts}) > 1
    return [
        f"{count_of(bare, 'image', 'images')} of the source without any annotation"
        f" {'takes' if bare == 1 else 'take'} no part."
        if bare
        else "",
        "A draw is half and half, however frequent its class is in the source (see"
        " Counts): precision and calibration measured here do not carry over."
        if is_drawn
        else "",
        "An image can be in the draws of several classes, as one with and as one"
        " without."
        if is_drawn and several
        else "",
        limits.disjoint(manifest),
        limits.left_out(manifest),
    ]


def limits_of(manifest: Manifest) -> str:
    """Return the section of limits of a build in COCO's format."""
    return limits.listed(
        "An image counts as showing a class if an annotation says so. What nobody"
        " annotated may be there all the same.",
        *tell_limits(manifest),
    )
