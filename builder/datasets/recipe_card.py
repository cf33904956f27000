"""What the cards of all recipes have in common: blocks from the manifest. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card import blocks
from builder.card.images import tell_resized
from builder.datasets.inputs import Official
from builder.datasets.licences import NONE_STATED

if TYPE_CHECKING:
    from collections.abc import Mapping

    Manifest = Mapping[str, Any]


def _as_written(manifest: Manifest) -> None:
    """Leave a block as the prose has it."""
    del manifest


#: What the prose of a recipe has said already, in blocks of its own.
OF_RECIPE = dict.fromkeys(
    ("about", "uses", "origin", "licence", "citation"), _as_written
)
#: Of a build whose prose is about published files, with no digest to know them by.
_NOT_COMPARED = (
    "> [!NOTE]\n> The source of this build was not compared with the digests of the"
    " published files, since the recipe names none: that it is what this card is about,"
    " is the word of whoever built it."
)


def opening(manifest: Manifest, *, is_official: bool | None = None) -> str:
    """Return the facts of the build, with what has to be known of source and images.

    Parameters
    ----------
    manifest : dict
    is_official : bool, optional
        Whether the source is the one that the recipe calls official; from the digests
        that the recipe names, if not given, and not said where it names none.
    """
    about = manifest.get("about", {})
    told = about.get("official")
    if is_official is None and told is not None:
        known = told.get("url", ""), told.get("publisher", ""), told["sha256"]
        is_official = Official(*known).is_source(manifest)
    source = {
        None: _NOT_COMPARED if "prose" in about else "",
        True: "Made from the official files, by their digests.",
        False: blocks.NOT_OFFICIAL,
    }[is_official]
    images = tell_resized(manifest, ending="The images were resized.")
    as_they_are = "Every image is as the source has it, byte for byte."
    return blocks.summary(manifest, source, images or as_they_are)


def tell_license_counts(manifest: Manifest) -> str:
    """Return how many images are under which licence, if they state any."""
    if set(manifest.get("licences", {})) <= {NONE_STATED}:
        return ""
    return f"What the source states for each image:\n\n{blocks.licences(manifest)}"
