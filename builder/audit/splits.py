"""How far splits that were cut are from what was asked. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.selection.cuts import Cut
    from builder.selection.unfair import Unfair


def report(
    cut: Cut,
    names: Sequence[str],
    classes: Sequence[str],
    *,
    unfair: Unfair | None = None,
) -> dict[str, Any]:
    """Tell in plain data how far the splits of a cut are from what was asked.

    Parameters
    ----------
    cut : Cut
    names : sequence of str, length k
        Of the splits.
    classes : sequence of str
        Of the labels; empty where there are none.
    unfair : Unfair, optional
        Why the cut is not within the tolerance, if it is not.

    Returns
    -------
    dict
        ``tolerance``; ``rows`` that were cut, their ``groups``, and the rows of the
        ``largest``; ``size_off`` and ``share_off``, the largest distances; and
        ``splits``, each with the share ``asked``, ``rows`` and their ``size_off``, and
        of the ``label`` whose share is furthest off (of two labels, the second) its
        ``share``, that ``of_all`` rows, and ``share_off``; and ``unfair``, the fact.
    """
    grouped = cut.grouped
    sizes = cut.held.sum(axis=1).tolist()
    splits: dict[str, Any] = {}
    for number, (name, size) in enumerate(zip(names, sizes, strict=True)):
        splits[name] = {
            "asked": grouped.fractions[number],
            "rows": size,
            "size_off": _rounded(cut.sizes_off[number]),
        }
        off = cut.shares_off[number]
        if len(off) > 1:
            label = 1 if len(off) == 2 else int(np.argmax(np.abs(off)))
            splits[name] |= {
                "label": classes[label],
                "share": _rounded(cut.held[number, label] / size),
                "of_all": _rounded(grouped.totals[label] / len(grouped.number)),
                "share_off": _rounded(off[label]),
            }
    return {
        "tolerance": cut.tolerance,
        "rows": len(grouped.number),
        "groups": len(grouped.counts),
        "largest": grouped.largest,
        "size_off": _rounded(cut.size_off),
        "share_off": _rounded(cut.share_off),
        "splits": splits,
        **({} if unfair is None else {"unfair": unfair.fact}),
    }


def _rounded(share: float) -> float:
    return round(float(share), 6)
