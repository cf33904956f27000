"""The figure of the cards that shows images."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from PIL import Image, ImageOps

from builder.audit.paper import WIDTH, save, style
from builder.images.open import open_image, upright
from builder.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTACT_SHEET = "figures/contact_sheet.png"

_COLUMNS = 4
# Images were looked at, within the limits of who builds.
_GOOD = Limits(max_pixels=2**31, max_scans=2**31)


def contact_sheet(images: Sequence[tuple[bytes, str]]) -> bytes:
    """Show images with their labels, four in a row.

    Parameters
    ----------
    images : sequence of (bytes, str)
        Image files, which must be good, and what to write below each: at most two
        lines, cut where they do not fit. Images are turned as EXIF says.

    Returns
    -------
    bytes
        PNG, 800 pixels wide: photographs would need four times the bytes at 1600.
    """
    lines = -(-len(images) // _COLUMNS)
    width, tall, words = 190, 142, 34  # of a picture and the text below, in pixels
    step = tall + words + 8
    height = lines * step + 8
    paper = Image.new("RGB", (round(100 * WIDTH), height), "white")
    with style():
        figure = Figure(figsize=(WIDTH, height / 100), dpi=100, facecolor="white")
        for place, (_, label) in enumerate(images):
            left, top = _find_place(place, width, step)
            figure.text(
                left / paper.width,
                1 - (top + tall + 4) / height,
                "\n".join(textwrap.wrap(label, 31, max_lines=2, placeholder=" \u2026")),
                va="top",
                fontsize=7.2,
                linespacing=1.15,
            )
        with Image.open(io.BytesIO(save(figure))) as text:
            paper.paste(text.convert("RGB"))
    for place, (data, _) in enumerate(images):
        left, top = _find_place(place, width, step)
        with open_image(data, _GOOD) as image:
            image.draft("RGB", (2 * width, 2 * tall))
            picture = upright(image)
            if picture.mode == "P":  # whose transparency Pillow would warn of
                picture = picture.convert("RGBA")
            picture = picture.convert("RGB")
        picture = ImageOps.pad(
            picture, (width, tall), Image.Resampling.LANCZOS, "#eaeef2"
        )
        paper.paste(picture, (left, top))
    out = io.BytesIO()
    paper.save(out, "PNG", optimize=False, compress_level=9)
    return out.getvalue()


def _find_place(place: int, width: int, step: int) -> tuple[int, int]:
    row, column = divmod(place, _COLUMNS)
    return 8 + column * (width + 8), 8 + row * step
