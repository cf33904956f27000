"""The figure of what a label can be guessed from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from builder.audit.paper import FAINT, PALE, WIDTH, save, style
from builder.images.measures import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHORTCUTS = "figures/shortcuts.png"

_LARGER, _SMALLER = "#c2410c", "#1d4ed8"  # and their marks point up and down
_LETTERS = 24
_TITLE = "AUC with its 95% interval: 0.5 is a coin's toss, 1 is never wrong"


def plot_shortcuts(found: Sequence[Mapping[str, Any]], *, rows: int = 20) -> bytes:
    """Draw the strongest AUCs with their intervals, from a coin's toss to certainty.

    An AUC below 0.5 is drawn as far above: the mark says which way the measure goes.

    Parameters
    ----------
    found : sequence of dict
        ``strongest`` of `builder.audit.shortcuts.report`; one at least.
    rows : int
        How many are shown.

    Returns
    -------
    bytes
        PNG, 1600 pixels wide.
    """
    shown = found[:rows]
    with style():
        tall = 0.24 * len(shown) + 0.1
        height = tall + 0.95
        figure = Figure(figsize=(WIDTH, height), dpi=200, facecolor="white")
        axes = figure.add_axes((0.42, 0.62 / height, 0.53, tall / height))
        for place, entry in enumerate(shown):
            auc, low, high = (entry[name] for name in ("auc", "low", "high"))
            is_larger = auc > 0.5
            colour, mark = (_LARGER, "^") if is_larger else (_SMALLER, "v")
            ends = [low, high] if is_larger else [1 - high, 1 - low]
            axes.plot(ends, [place, place], color=colour, lw=1.6)
            at = max(auc, 1 - auc)
            axes.plot(at, place, mark, color=colour, ms=5.5, clip_on=False)
        axes.set_yticks(range(len(shown)), [_name(entry) for entry in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlim(0.48, 1.005)
        axes.set_xticks([0.5, 0.6, 0.7, 0.8, 0.9, 1])
        axes.axvline(0.5, color=FAINT, lw=1)
        axes.grid(axis="x", color=PALE, lw=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        top, bottom = 1 - 0.13 / height, 0.2 / height
        figure.text(0.42, top, _TITLE, weight="bold", va="center")
        for x, colour, mark, words in (
            (0.42, _LARGER, "\u25b2", "larger with the class"),
            (0.63, _SMALLER, "\u25bc", "smaller with the class"),
        ):
            figure.text(x, bottom, mark, color=colour, va="center", fontsize=8)
            figure.text(x + 0.018, bottom, words, va="center")
        return save(figure)


def _name(entry: Mapping[str, Any]) -> str:
    label = " ".join(entry["label"].split())
    if len(label) > _LETTERS:
        label = f"{label[: _LETTERS - 1]}\u2026"
    where = " (source)" if entry["scope"] == "source" else ""
    return f"{label}: {WORDS[entry['measure']]}{where}"
