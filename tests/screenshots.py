"""Take the screenshots in the README: of a page of `trimset report`, and of a card.

    python -m tests.screenshots [DEMO]

DEMO is the folder of `make demo`, all of whose pictures are drawn. Needs Chromium.
Writes tests/data/report.webp and tests/data/card.webp. The card is rendered as plain
Markdown, without the style of the Hub.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from pathlib import Path

from PIL import Image

from tests.browser import launched

DATA = Path(__file__).parent / "data"
REPORT, CARD = DATA / "report.webp", DATA / "card.webp"
DATASET = "coco_stuff_trimmed"
SIZE = {"width": 1180, "height": 760}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 800px; margin: 24px auto; }
table { border-collapse: collapse; }
th, td { border: 1px solid #ccc; padding: 2px 9px; }
code { background: #f0f0f0; } pre { background: #f6f6f6; padding: 10px; }
img { max-width: 100%; }
"""


def card_page(folder):
    """Return the card of a build as HTML, without its metadata."""
    import cmarkgfm  # not where the tests run on old versions

    text = (folder / "README.md").read_text(encoding="utf-8")
    prose = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    prose = re.sub(r"\[!(\w+)\]", r"**\1**\\", prose)  # alerts, which only GitHub knows
    body = cmarkgfm.github_flavored_markdown_to_html(prose)
    base = f'<base href="{folder.absolute().as_uri()}/">'
    return f"<!DOCTYPE html><meta charset=utf-8>{base}<style>{STYLE}</style>{body}"


def save(png, path):
    """Write a screenshot small enough for a README."""
    Image.open(io.BytesIO(png)).convert("RGB").save(path, quality=72, method=6)
    print(f"{path}: {path.stat().st_size:,} bytes")


def main(arguments=None):
    """Write both screenshots, and say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("demo", nargs="?", default="demo", type=Path)
    demo = parser.parse_args(arguments).demo
    card = demo / "card.html"  # from a file, so that its figures are shown
    card.write_text(card_page(demo / DATASET), encoding="utf-8")
    with launched() as browser:
        page = browser.new_page(viewport=SIZE)
        page.goto(f"{(demo / DATASET).absolute().as_uri()}.html#pictures")
        page.wait_for_selector("html[data-ready]", state="attached")
        save(page.screenshot(), REPORT)
        page.goto(card.absolute().as_uri())
        save(page.screenshot(), CARD)
    card.unlink()


if __name__ == "__main__":
    sys.exit(main())
