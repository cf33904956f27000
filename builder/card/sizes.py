"""What the card says of the sizes of images. Pure.

The data are those of `builder.audit.sizes.report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.images import is_resized

if TYPE_CHECKING:
    from collections.abc import Mapping

    Manifest = Mapping[str, Any]


def tell_sizes(manifest: Manifest) -> str:
    """Return how many pixels images have; nothing where no size is known.

    Parameters
    ----------
    manifest : dict
    """
    found = manifest.get("audit", {}).get("sizes", {})
    if not found.get("known"):
        return ""
    width, height = found["width"], found["height"]
    if all(side["least"] == side["most"] for side in (width, height)):
        told = f"{width['least']:,} x {height['least']:,} pixels"
    else:
        told = f"{_spread(width)} pixels wide and {_spread(height)} high"
    # What is measured is of the source, from which a resized build differs.
    verb = "were" if is_resized(manifest) else "are"
    before = "Before they were resized, images" if is_resized(manifest) else "Images"
    if found["known"] < found["images"]:
        told += f", as far as their size is known ({found['known']:,} of them)"
    return f"{before} {verb} {told}."


def _spread(side: Mapping[str, float]) -> str:
    least, most = side["least"], side["most"]
    if least == most:
        return f"{least:,}"
    median = f"{side['median']:,.1f}".removesuffix(".0")
    return f"{least:,} to {most:,} (median {median})"
