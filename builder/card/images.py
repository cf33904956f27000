"""What the card says of the images, where they are not as the source has them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.images.resize import JPEG_QUALITY

if TYPE_CHECKING:
    from collections.abc import Mapping

    Manifest = Mapping[str, Any]


def is_resized(manifest: Manifest) -> bool:
    """Whether the images of a build were resized."""
    return manifest["options"].get("image_size") is not None


def tell_resized(manifest: Manifest, *, ending: str) -> str | None:
    """Return how the images were resized; None if they were not.

    Parameters
    ----------
    manifest : dict
    ending : str
        How the sentence ends that the prose begins.
    """
    if not is_resized(manifest):
        return None
    size, pillow = manifest["options"]["image_size"], manifest["versions"]["pillow"]
    return (
        f"{ending}\n\n**Resized images.** Every image with a shorter side of more"
        f" than {size:,} pixels was resized to that, by `trimset build --image-size"
        f" {size}`: resampled by Lanczos with Pillow {pillow}, and saved in the format"
        f" it had (JPEG at quality {JPEG_QUALITY}, chroma not subsampled). The others"
        " are as the source has them, byte for byte. The selection, the duplicates and"
        " all else that is measured below are of the images as the source has them."
    )
