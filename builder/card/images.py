"""What the card says of the images, where they are not as they were published. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.selection.recipe import JPEG_QUALITY

if TYPE_CHECKING:
    from collections.abc import Mapping

    Manifest = Mapping[str, Any]

# How the sentence ends that the prose begins, and who published the images.
_SENTENCES = {
    "coco_stuff_trimmed": (
        "that part, drawn by a fixed rule and a fixed seed, with the images resized.",
        "COCO",
    ),
    "siim_isic_small": ("of malignant images, which were resized.", "ISIC"),
}


def images(manifest: Manifest) -> str | None:
    """Return how the images were resized; None if they were not."""
    size = manifest["options"].get("image_size")
    if size is None:
        return None
    sentence, publisher = _SENTENCES[manifest["dataset"]]
    pillow = manifest["versions"]["pillow"]
    return (
        f"{sentence}\n\n**Resized images.** Every image with a shorter side of more"
        f" than {size:,} pixels was resized to that, by `trimset build --image-size"
        f" {size}`: resampled by Lanczos with Pillow {pillow}, and saved in the format"
        f" it had (JPEG at quality {JPEG_QUALITY}, chroma not subsampled). The others"
        f" are as {publisher} published them, byte for byte. The selection, the"
        " duplicates and all else that is measured below are of the images as they"
        " were published."
    )


def sizes(manifest: Manifest) -> str | None:
    """Return what COCO's columns are, if images were resized; None if they were not."""
    if manifest["options"].get("image_size") is None:
        return None
    return (
        "- `image_id`, `file_name`, `coco_url` and `flickr_url` are COCO's own; `width`"
        "\n  and `height` are those of the resized image. `license` names the licence"
        "\n  under which the photographer published the image."
    )
