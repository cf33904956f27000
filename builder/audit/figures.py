"""The figures of the cards that show numbers: context, and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from builder.audit.drift import MISSING
from builder.audit.paper import FAINT, INK, PALE, WIDTH, save, style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from builder.audit.context import Context
    from builder.audit.labels import LabelCount

CONTEXT = "figures/context.png"
LABELS = "figures/labels.png"

_NEGATIVE, _POSITIVE = "#9ec5e8", "#c2410c"  # told apart without seeing colours, too
# Beyond 16 times, or a sixteenth, colours do not differ any more.
_DEEPEST = 4.0
_LETTERS = 18
_LEGEND = (
    "Lift: how many times as often the category (column) stands beside the class\n"
    "(row), in its training draw, as in the source.{framed}\n"
    "Pale: may be 1 by chance (95% for all cells together). Grey: the class itself."
)


def plot_context(
    context: Context,
    *,
    known_pairs: Sequence[tuple[str, str]] = (),
    framed: str = "",
    columns: int = 20,
    rows: int = 40,
) -> bytes:
    """Draw lifts as a heat map: targets by the categories that tell most of them.

    Only lifts that are surely not 1 have a colour and a number. Shown are the
    categories of known pairs that are annotated, then those with the largest lifts
    (by the lower end of the interval), then those met most often beside a target, in
    the order of the categories; the targets themselves where nothing is beside them.
    Targets are chosen in the same way where there are more than `rows`.

    Parameters
    ----------
    context : Context
    known_pairs : sequence of (str, str)
        Names of a target and of a category; their cells are framed.
    framed : str
        What the legend says of the frames, such as who found these pairs.
    columns, rows : int
        How many categories and targets are shown.

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
    for target, other in known_pairs:
        if target in targets and other in context.names:
            known[targets.index(target), context.names.index(other)] = True
    lows = np.where(known, np.inf, np.where(is_sure, low, 0))
    others = np.where(own, 0, context.positives)
    shown = _most_told(lows, is_sure, others, columns)
    shown = np.sort(shown if len(shown) else context.targets[:columns])
    names = [_shorten(context.names[column]) for column in shown.tolist()]
    legend = _LEGEND.format(framed=f" Framed: {framed}." if framed else "")
    taken = np.arange(len(targets))
    if len(targets) > rows:
        told = _most_told(lows.T, is_sure.T, others.T, rows)
        taken = np.sort(np.concatenate([told, np.setdiff1d(taken, told)])[:rows])
        legend += f"\nShown: {rows} of {len(targets):,} classes."
    targets = [_shorten(targets[row]) for row in taken.tolist()]
    lift, own, is_sure, known = (part[taken] for part in (lift, own, is_sure, known))
    with style():
        tall = 0.285 * len(targets)
        height = tall + 1.6
        figure = Figure(figsize=(WIDTH, height), dpi=200, facecolor="white")
        axes = figure.add_axes((0.135, 0.62 / height, 0.81, tall / height))
        deep = np.log2(np.clip(lift, 2**-_DEEPEST, 2**_DEEPEST))
        # As `imshow` would, for which matplotlib takes 55 MB.
        picture = axes.pcolormesh(
            np.arange(len(names) + 1) - 0.5,
            np.arange(len(targets) + 1) - 0.5,
            np.ma.masked_where(~is_sure, deep)[:, shown],
            cmap="RdBu_r",
            norm=TwoSlopeNorm(0, -_DEEPEST, _DEEPEST),
        )
        axes.invert_yaxis()
        for row, column in np.ndindex(len(targets), len(names)):
            cell = row, shown[column]
            if known[cell]:
                _frame(axes, row, column, fill=False, ec=INK, lw=1.4, zorder=3)
            if own[cell]:
                _frame(axes, row, column, fc=PALE, lw=0)
            if is_sure[cell]:
                colour = "white" if abs(deep[cell]) > 0.6 * _DEEPEST else INK
                words = _write_lift(float(lift[cell]))
                place: dict[str, Any] = {"ha": "center", "va": "center", "size": 7.5}
                axes.text(column, row, words, color=colour, **place)
        _rule(axes, names, targets)
        scale = figure.add_axes((0.135, 0.38 / height, 0.28, 0.1 / height))
        bar = figure.colorbar(picture, cax=scale, orientation="horizontal")
        bar.set_ticks([-4, -2, 0, 2, 4], labels=["1/16", "1/4", "1", "4", "16"])
        figure.text(0.45, 0.38 / height, legend, fontsize=7.5, va="center")
        return save(figure)


def plot_labels(
    features: Mapping[str, Sequence[LabelCount]], *, negative: str, positive: str
) -> bytes:
    """Draw counts of both labels, and the share of the positive one, for each value.

    Parameters
    ----------
    features : mapping of str to sequence of LabelCount
        Each feature is a panel.
    negative, positive : str
        Names of the two labels.

    Returns
    -------
    bytes
        PNG, 1600 pixels wide.
    """
    rows = [len(counts) for counts in features.values()]
    with style():
        height = 0.7 + sum(0.25 * n + 0.42 for n in rows)
        figure = Figure(figsize=(WIDTH, height), dpi=200, facecolor="white")
        most = max(
            c.negative + c.positive for counts in features.values() for c in counts
        )
        top = height - 0.42
        for (feature, counts), n in zip(features.items(), rows, strict=True):
            top -= 0.25 * n + 0.42
            panel = (0.2, (top + 0.12) / height, 0.46, 0.25 * n / height)
            shares = (0.73, panel[1], 0.25, panel[3])
            bars, dots = figure.add_axes(panel), figure.add_axes(shares, sharey=None)
            _plot_counts(bars, feature, counts, most)
            _plot_shares(dots, counts)
        figure.text(0.2, 1 - 0.2 / height, "Images", weight="bold", va="center")
        for x, colour, name in (
            (0.3, _NEGATIVE, negative),
            (0.41, _POSITIVE, positive),
        ):
            figure.text(
                x, 1 - 0.2 / height, "\u25a0", color=colour, va="center", fontsize=11
            )
            figure.text(x + 0.02, 1 - 0.2 / height, name, va="center")
        figure.text(
            0.73,
            1 - 0.2 / height,
            f"{positive.capitalize()} share, 95% interval",
            weight="bold",
            va="center",
        )
        return save(figure)


def _most_told(
    lows: NDArray[np.float64],
    is_sure: NDArray[np.bool_],
    beside: NDArray[np.int64],
    most: int,
) -> NDArray[np.int64]:
    """Return the columns that tell most, if they tell anything, the best first."""
    best, seen = lows.max(axis=0, initial=0), beside.sum(axis=0)
    is_told: NDArray[np.bool_] = (best > 0) | (seen > 0) | is_sure.any(axis=0)
    wanted: NDArray[np.int64] = np.lexsort((-seen, -best))[:most]
    return wanted[is_told[wanted]]


def _shorten(name: str) -> str:
    """Cut a name to what fits beside the picture."""
    name = " ".join(name.split())
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}\u2026"


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


def _plot_counts(
    axes: Axes, feature: str, counts: Sequence[LabelCount], most: int
) -> None:
    places = range(len(counts))
    negative = [count.negative for count in counts]
    positive = [count.positive for count in counts]
    axes.barh(places, negative, color=_NEGATIVE, height=0.72)
    axes.barh(places, positive, left=negative, color=_POSITIVE, height=0.72)
    for place, count in enumerate(counts):
        total = count.negative + count.positive
        axes.text(total + most * 0.01, place, f"{total:,}", va="center", fontsize=7.5)
    axes.set_yticks(places, [count.value for count in counts])
    axes.set_xlim(0, most * 1.09)
    axes.set_ylim(len(counts) - 0.5, -0.5)
    axes.set_title(feature, loc="left", fontsize=9, weight="bold", pad=4, x=-0.43)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _plot_shares(axes: Axes, counts: Sequence[LabelCount]) -> None:
    for place, count in enumerate(counts):
        share, low, high = (100 * part for part in count.interval)
        colour = FAINT if count.value == MISSING else _POSITIVE
        axes.plot([low, high], [place, place], color=colour, lw=1.6)
        axes.plot(share, place, "o", color=colour, ms=4)
    axes.set_ylim(len(counts) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100%"], fontsize=7)
    axes.set_yticks([])
    axes.grid(axis="x", color=PALE, lw=0.6)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
