"""What drawn pictures of every kind share: soft clouds, and how they are saved."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image


def clouds(rng: np.random.Generator, size: tuple[int, int], cells: int) -> Image.Image:
    """Return soft grey clouds that fill a picture."""
    grey = rng.integers(96, 160, (cells, cells), dtype=np.uint8)
    return Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC)


def jpeg(picture: Image.Image) -> bytes:
    """Return a picture as a JPEG file."""
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()
