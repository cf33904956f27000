"""What all figures are drawn on, so that their bytes follow from the versions alone.

All are drawn for a page 800 pixels wide, on white paper of their own: so they read
the same on a light and on a dark page.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import matplotlib.style

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from matplotlib.figure import Figure

WIDTH = 8.0  # inches: at 100 dots an inch the 800 pixels of a page
INK, FAINT, PALE = "#1f2328", "#6e7781", "#d0d7de"
_STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 8.5,
    "text.parse_math": False,  # a name may hold a dollar sign
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": INK,
    "ytick.color": INK,
}


def style() -> AbstractContextManager[None]:
    """Set matplotlib's defaults and ours, whatever the user's own settings are."""
    return matplotlib.style.context(["default", _STYLE])


def save(figure: Figure) -> bytes:
    """Return the PNG of a figure.

    The font that comes with matplotlib has no Chinese, Japanese or Korean and joins no
    letters of Arabic or Indic scripts: what it lacks is drawn as boxes, without a word
    on stderr. The tables of the card have every name as it is.
    """
    out = io.BytesIO()
    with warnings.catch_warnings():
        for about in ("Glyph .* missing from", "Matplotlib currently does not support"):
            warnings.filterwarnings("ignore", about, UserWarning)
        # The version of matplotlib would be the only thing that changes.
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()
