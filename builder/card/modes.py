"""What the card says of modes and turns of the images. Pure.

The data are those of `builder.audit.modes.report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.images import is_resized
from builder.card.markdown import count_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    Manifest = Mapping[str, Any]

_WORDS = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey with alpha",
    "P": "a palette",
    "PA": "a palette with alpha",
    "RGBA": "colour with alpha",
    "CMYK": "printing colours",
    "I": "grey, 16 or 32 bit",
    "F": "grey, decimal",
    "other": "a mode that is not known here",
}
# The first of `datasets` that reads EXIF orientations, and whose Image has a mode: seen
# in its releases (src/datasets/features/image.py), of which 2.18.0 has neither.
_SINCE = "2.19"


def tell_modes(manifest: Manifest) -> list[str]:
    """Return the section: which images are not RGB, and which are turned by EXIF.

    Parameters
    ----------
    manifest : dict
    """
    found = manifest["audit"].get("modes")
    if not found:
        return []
    parts = [text for text in (_modes(found), _turns(manifest, found)) if text]
    if parts and is_resized(manifest):
        parts.append("All this is of the images before they were resized.")
    return ["### Modes and turns", " ".join(parts)] if parts else []


def _modes(found: Mapping[str, Any]) -> str:
    if "modes" not in found:
        return "In which modes the images are was not looked at, as none was decoded."
    modes = {mode: n for mode, n in found["modes"].items() if mode != "RGB"}
    others = sum(modes.values())
    if not others:
        return f"All {found['images']:,} images are RGB."
    listed = ", ".join(f"{n:,} {_name(mode)}" for mode, n in modes.items())
    text = (
        f"{count_of(others, 'image', 'images')} of {found['images']:,}"
        f" {'is' if others == 1 else 'are'} not RGB: {listed}."
        ' `image.convert("RGB")` makes RGB of any of them, and `datasets` from'
        f' {_SINCE} on does so by itself after `ds = ds.cast_column("image",'
        ' Image(mode="RGB"))`, with `Image` of `datasets`.'
    )
    if any(mode.startswith("I") for mode in modes):
        text += (
            " Of 16 bits that would cut all but the lowest 256 values off: write"
            ' `image.convert("I").point(lambda value: value / 256).convert("RGB")`'
            " for those."
        )
    return text


def _name(mode: str) -> str:
    if mode.startswith("I;16"):
        return f"`{mode}` (grey, 16 bit)"
    return f"`{mode}` ({_WORDS[mode]})" if mode in _WORDS else f"`{mode}`"


def _turns(manifest: Manifest, found: Mapping[str, Any]) -> str:
    """Return how many images are turned, and what their width and height are."""
    turned = found["turned"]
    if not turned:
        return "No image is turned or mirrored by an EXIF orientation."
    text = (
        f"{count_of(turned, 'image has', 'images have')} an EXIF orientation:"
        f" `datasets` from {_SINCE} on gives them turned, before it as they are stored"
        " (`PIL.ImageOps.exif_transpose(image)` turns them)."
    )
    columns = manifest["features"]["default"]
    if {"width", "height"} <= set(columns):
        text += " `width` and `height` are those of the turned image."
    unturned = found.get("stated_unturned", 0)
    if unturned:
        boxes = ", and so the boxes," if "objects" in columns else ""
        text += f" Of {unturned:,} of these the source states the size{boxes} unturned."
    return text
