"""Draw the picture at the top of the README from what the demo built.

    python -m tests.readme_picture [DEMO]

DEMO is the folder of `make demo`. The pictures in it are drawn by the demo, and are
those that its cards show: three rows of the two contact sheets, and the figure of what
stands beside each class. Writes tests/data/readme.webp.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PIL import Image

PICTURE = Path(__file__).parent / "data" / "readme.webp"
ROWS = 4  # of pictures on a contact sheet
GAP = 12


def draw_picture(demo):
    """Return the figures of the cards on one page."""
    coco, isic, context = (
        Image.open(demo / name).convert("RGB")
        for name in (
            "coco_stuff_trimmed/figures/contact_sheet.png",
            "siim_isic_small/figures/contact_sheet.png",
            "coco_stuff_trimmed/figures/context.png",
        )
    )
    parts = [cut_row(coco, 0), cut_row(coco, 2), cut_row(isic, 1), cut_row(isic, 2)]
    height = sum(part.height for part in parts)
    wide = round(context.width * height / context.height)
    context = context.resize((wide, height), Image.Resampling.LANCZOS)
    page = Image.new("RGB", (coco.width + GAP + wide, height), "white")
    top = 0
    for part in parts:
        page.paste(part, (0, top))
        top += part.height
    page.paste(context, (coco.width + GAP, 0))
    return page


def cut_row(sheet, row):
    """Return one row of a contact sheet, with the words below its pictures."""
    step = sheet.height / ROWS
    return sheet.crop((0, round(row * step), sheet.width, round((row + 1) * step)))


def main(arguments=None):
    """Write the picture, and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("demo", nargs="?", default="demo", type=Path)
    options = parser.parse_args(arguments)
    draw_picture(options.demo).save(PICTURE, quality=60, method=6)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())
