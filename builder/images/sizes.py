"""The size that an image gets: pure numbers, without a picture or Pillow."""

from __future__ import annotations

from builder.errors import UsageError


def check_image_size(image_size: int | None) -> None:
    """Raise UsageError for a shorter side, in pixels, that images cannot be given."""
    if image_size is not None and image_size < 1:
        msg = f"image_size: expected 1 pixel or more, found {image_size}"
        raise UsageError(msg)


def resized_size(width: int, height: int, image_size: int) -> tuple[int, int]:
    """Return width and height, in pixels, with a shorter side of `image_size`.

    The longer side is rounded to the nearest pixel, halves up. An image whose shorter
    side is `image_size` or less keeps its size: nothing is enlarged.

    Parameters
    ----------
    width, height : int
    image_size : int
        At least 1.

    Examples
    --------
    >>> resized_size(640, 480, 224), resized_size(480, 640, 224)
    ((299, 224), (224, 299))
    >>> resized_size(640, 200, 224)
    (640, 200)
    """
    shorter, longer = sorted((width, height))
    if shorter <= image_size:
        return width, height
    side = (2 * longer * image_size + shorter) // (2 * shorter)
    return (image_size, side) if width < height else (side, image_size)
