"""The figures of the cards, as PNG, the same to the byte for the same versions.

All are drawn for a page 800 pixels wide, on white paper of their own: so they read
the same on a light and on a dark page.
"""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib.style
import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image, ImageOps

from builder.audit.context import KNOWN_PAIRS, Context
from builder.audit.drift import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from matplotlib.axes import Axes

    from builder.audit.labels import LabelCount

CONTEXT = "figures/context.png"
LABELS = "figures/labels.png"
CONTACT_SHEET = "figures/contact_sheet.png"

_WIDTH = 8.0  # inches: at 100 dots an inch the 800 pixels of a page
_INK, _FAINT, _PALE = "#1f2328", "#6e7781", "#d0d7de"
_BENIGN, _MALIGNANT = "#9ec5e8", "#c2410c"  # told apart without seeing colours, too
_STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 8.5,
    "text.parse_math": False,  # a name may hold a dollar sign
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _FAINT,
    "xtick.color": _INK,
    "ytick.color": _INK,
}
# Beyond 16 times, or a sixteenth, colours do not differ any more.
_DEEPEST = 4.0
_LEGEND = (
    "Lift: how many times as often the category (column) stands beside the class\n"
    "(row), in its training draw, as in the source. Framed: Singh et al. 2020.\n"
    "Pale: may be 1 by chance (95% for all cells together). Grey: the class itself."
)
_COLUMNS = 4


def draw_context(context: Context, *, columns: int = 20) -> bytes:
    """Draw lifts as a heat map: targets by the categories that tell most of them.

    Only lifts that are surely not 1 have a colour and a number. Shown are the
    contexts of Singh et al. that are annotated, then those with the largest lifts
    (by the lower end of the interval), then those met most often beside a target, in
    the order of the categories.

    Parameters
    ----------
    context : Context
    columns : int
        How many categories are shown.

    Returns
    -------
    bytes
        PNG, 1600 pixels wide.
    """
    lift, low, _ = context.lift()
    targets = [context.names[column] for column in context.targets]
    own = np.zeros(lift.shape, dtype=np.bool_)
    own[np.arange(len(targets)), context.targets] = True
    is_sure = context.is_sure()
    known = np.zeros(lift.shape, dtype=np.bool_)
    for target, other in KNOWN_PAIRS:
        if target in targets and other in context.names:
            known[targets.index(target), context.names.index(other)] = True
    best = np.where(is_sure, low, 0).max(axis=0, initial=0)
    best[known.any(axis=0)] = np.inf
    beside = np.where(own, 0, context.positives).sum(axis=0)
    wanted = np.lexsort((-beside, -best))[:columns]
    is_told = (best > 0) | (beside > 0) | is_sure.any(axis=0)
    shown = np.sort(wanted[is_told[wanted]])
    names = [context.names[column] for column in shown.tolist()]
    with _style():
        tall = 0.285 * len(targets)
        height = tall + 1.6
        figure = Figure(figsize=(_WIDTH, height), dpi=200, facecolor="white")
        axes = figure.add_axes((0.135, 0.62 / height, 0.81, tall / height))
        deep = np.log2(np.clip(lift, 2**-_DEEPEST, 2**_DEEPEST))
        picture = axes.imshow(
            np.ma.masked_where(~is_sure, deep)[:, shown],
            cmap="RdBu_r",
            norm=TwoSlopeNorm(0, -_DEEPEST, _DEEPEST),
            aspect="auto",
        )
        for row, column in np.ndindex(len(targets), len(names)):
            cell = row, shown[column]
            if known[cell]:
                _frame(axes, row, column, fill=False, ec=_INK, lw=1.4, zorder=3)
            if own[cell]:
                _frame(axes, row, column, fc=_PALE, lw=0)
            if is_sure[cell]:
                colour = "white" if abs(deep[cell]) > 0.6 * _DEEPEST else _INK
                words = _write_lift(float(lift[cell]))
                place: dict[str, Any] = {"ha": "center", "va": "center", "size": 7.5}
                axes.text(column, row, words, color=colour, **place)
        _rule(axes, names, targets)
        scale = figure.add_axes((0.135, 0.38 / height, 0.28, 0.1 / height))
        bar = figure.colorbar(picture, cax=scale, orientation="horizontal")
        bar.set_ticks([-4, -2, 0, 2, 4], labels=["1/16", "1/4", "1", "4", "16"])
        figure.text(0.45, 0.38 / height, _LEGEND, fontsize=7.5, va="center")
        return _save(figure)


def draw_labels(features: Mapping[str, Sequence[LabelCount]]) -> bytes:
    """Draw counts of both labels, and the malignant share, for each value.

    Parameters
    ----------
    features : mapping of str to sequence of LabelCount
        Such as ``sex``, ``age`` and ``site``; each is a panel.

    Returns
    -------
    bytes
        PNG, 1600 pixels wide.
    """
    rows = [len(counts) for counts in features.values()]
    with _style():
        height = 0.7 + sum(0.25 * n + 0.42 for n in rows)
        figure = Figure(figsize=(_WIDTH, height), dpi=200, facecolor="white")
        most = max(
            c.benign + c.malignant for counts in features.values() for c in counts
        )
        top = height - 0.42
        for (feature, counts), n in zip(features.items(), rows, strict=True):
            top -= 0.25 * n + 0.42
            panel = (0.2, (top + 0.12) / height, 0.46, 0.25 * n / height)
            shares = (0.73, panel[1], 0.25, panel[3])
            bars, dots = figure.add_axes(panel), figure.add_axes(shares, sharey=None)
            _draw_counts(bars, feature, counts, most)
            _draw_shares(dots, counts)
        figure.text(0.2, 1 - 0.2 / height, "Images", weight="bold", va="center")
        for x, colour, name in (
            (0.3, _BENIGN, "benign"),
            (0.41, _MALIGNANT, "malignant"),
        ):
            figure.text(
                x, 1 - 0.2 / height, "\u25a0", color=colour, va="center", fontsize=11
            )
            figure.text(x + 0.02, 1 - 0.2 / height, name, va="center")
        figure.text(
            0.73,
            1 - 0.2 / height,
            "Malignant share, 95% interval",
            weight="bold",
            va="center",
        )
        return _save(figure)


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
    paper = Image.new("RGB", (round(100 * _WIDTH), height), "white")
    with _style():
        figure = Figure(figsize=(_WIDTH, height / 100), dpi=100, facecolor="white")
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
        with Image.open(io.BytesIO(_save(figure))) as text:
            paper.paste(text.convert("RGB"))
    for place, (data, _) in enumerate(images):
        left, top = _find_place(place, width, step)
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (2 * width, 2 * tall))
            picture = ImageOps.exif_transpose(image).convert("RGB")
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


def _frame(axes: Axes, row: int, column: int, **look: Any) -> None:
    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **look))


def _rule(axes: Axes, names: Sequence[str], targets: Sequence[str]) -> None:
    """Name rows and columns, and part them by white lines."""
    axes.set_facecolor("#f6f8fa")
    axes.set_yticks(range(len(targets)), targets)
    axes.set_xticks(range(len(names)), names)
    axes.tick_params(labeltop=True, labelbottom=False, length=0, which="both")
    axes.tick_params(axis="x", labelrotation=45)
    for label in axes.get_xticklabels():
        label.set(ha="left", va="bottom", rotation_mode="anchor")
    axes.set_xticks(np.arange(0.5, len(names) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(targets) - 1), minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="minor", color="white", lw=1)
    axes.spines[:].set_visible(False)


def _write_lift(lift: float) -> str:
    """As many digits as fit a cell: 0, 0.05, 0.4, 3.1, 12."""
    digits = 0 if lift >= 9.95 or lift == 0 else 1 if lift >= 0.095 else 2
    return f"{lift:.{digits}f}"


def _draw_counts(
    axes: Axes, feature: str, counts: Sequence[LabelCount], most: int
) -> None:
    places = range(len(counts))
    benign = [count.benign for count in counts]
    malignant = [count.malignant for count in counts]
    axes.barh(places, benign, color=_BENIGN, height=0.72)
    axes.barh(places, malignant, left=benign, color=_MALIGNANT, height=0.72)
    for place, count in enumerate(counts):
        total = count.benign + count.malignant
        axes.text(total + most * 0.01, place, f"{total:,}", va="center", fontsize=7.5)
    axes.set_yticks(places, [count.value for count in counts])
    axes.set_xlim(0, most * 1.09)
    axes.set_ylim(len(counts) - 0.5, -0.5)
    axes.set_title(feature, loc="left", fontsize=9, weight="bold", pad=4, x=-0.43)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _draw_shares(axes: Axes, counts: Sequence[LabelCount]) -> None:
    for place, count in enumerate(counts):
        share, low, high = (100 * part for part in count.interval)
        colour = _FAINT if count.value == MISSING else _MALIGNANT
        axes.plot([low, high], [place, place], color=colour, lw=1.6)
        axes.plot(share, place, "o", color=colour, ms=4)
    axes.set_ylim(len(counts) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100%"], fontsize=7)
    axes.set_yticks([])
    axes.grid(axis="x", color=_PALE, lw=0.6)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _style() -> AbstractContextManager[None]:
    """Set matplotlib's defaults and ours, whatever the user's own settings are."""
    return matplotlib.style.context(["default", _STYLE])


def _save(figure: Figure) -> bytes:
    out = io.BytesIO()
    # The version of matplotlib would be the only thing that changes.
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()
