"""How often other categories stand beside each target: the bias of the selection.

All shares are of distinct images: an image that was drawn twice adds nothing to
what is known. Of a target and another category c,

    lift = share of c among the drawn positives / share of c in the whole source

so that 1 means that c is no sign of the target, and 10 that it is met ten times as
often as elsewhere. Intervals are at 95 per cent: Wilson (1927) for shares, and for
lifts that of Donner & Zou (2012) for a ratio, out of those of the two shares. The
positives are part of the source, which makes the second slightly too wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from builder.audit.intervals import (
    chance_of,
    critical_value,
    ratio_interval,
    share_interval,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

#: The usual least count for the normal approximation that intervals rest on.
LEAST_IMAGES = 5
#: Pairs of a target and a category that a manifest lists one by one: those of 80
#: classes and 171 categories of things and stuff, which take some megabytes.
MOST_PAIRS = 80 * 171
#: Why a known pair was not measured, where annotations of stuff would do it.
NEEDS_STUFF = "stuff, not annotated"


@dataclass(frozen=True, slots=True)
class Context:
    """Counts of distinct images, from which all shares follow.

    Attributes
    ----------
    names : tuple of str, length c
        All categories, in the order of the columns.
    targets : tuple of int, length t
        Column of each target.
    source_images : int
    source : ndarray of int64, shape (c,)
        Images of the source with each category.
    positive_images, negative_images : ndarray of int64, shape (t,)
        Distinct drawn images of each target.
    positives, negatives : ndarray of int64, shape (t, c)
        Those of them with each category.
    """

    names: tuple[str, ...]
    targets: tuple[int, ...]
    source_images: int
    source: NDArray[np.int64]
    positive_images: NDArray[np.int64]
    negative_images: NDArray[np.int64]
    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]

    def lift(self, *, together: bool = False) -> NDArray[np.float64]:
        """Lift with the ends of its interval, shape (3, t, c).

        At 95 per cent each, or such that all of them hold at 95 per cent `together`.
        """
        return ratio_interval(
            self.positives,
            self.positive_images[:, np.newaxis],
            self.source[np.newaxis],
            self.source_images,
            z=critical_value(self._pairs if together else 1),
        )

    def is_sure(self) -> NDArray[np.bool_]:
        """Which lifts are surely not 1, shape (t, c); never of a target with itself.

        Their interval leaves out 1 where all hold together, as some of a thousand
        intervals at 95 per cent each do so by chance; there are at least `LEAST_IMAGES`
        positives with the category, or would be were the lift 1; and a draw of any
        images of the source would hold so many, or so few, no more often than one of
        these intervals may miss on that side. Of rare categories, intervals alone miss
        too often: with 80 of 0.2 to 30 per cent, beside 20 classes with 50 images
        each, they name a lift that is 1 in two of five builds.
        """
        _, low, high = self.lift(together=True)
        expected = np.outer(self.positive_images, self.source / self.source_images)
        is_enough = np.maximum(self.positives, expected) >= LEAST_IMAGES
        is_sure: NDArray[np.bool_] = ((low > 1) | (high < 1)) & is_enough
        is_sure[np.arange(len(self.targets)), self.targets] = False
        most = 0.025 / max(1, self._pairs)
        for row, column in np.argwhere(is_sure).tolist():
            chance = chance_of(
                int(self.positives[row, column]),
                int(self.positive_images[row]),
                int(self.source[column]),
                self.source_images,
            )
            is_sure[row, column] = chance <= most
        return is_sure

    @property
    def _pairs(self) -> int:
        """How many lifts there are, without those of a target with itself."""
        return self.positives.size - len(self.targets)


def count_context(
    has: NDArray[np.bool_],
    names: Sequence[str],
    targets: Sequence[int],
    draws: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> Context:
    """Count each category in the source and in the draws of each target.

    Parameters
    ----------
    has : ndarray of bool, shape (c, n)
        Which of the n images of the source show each category.
    names : sequence of str, length c
    targets : sequence of int, length t
        Row of `has` of each target.
    draws : sequence of pairs of ndarray of int64, length t
        Columns of `has`: the positives and the negatives that were drawn for each
        target; repeats are counted once.

    Returns
    -------
    Context
    """
    positives = [np.unique(drawn) for drawn, _ in draws]
    negatives = [np.unique(drawn) for _, drawn in draws]
    return Context(
        names=tuple(names),
        targets=tuple(targets),
        source_images=has.shape[1],
        source=np.count_nonzero(has, axis=1).astype(np.int64),
        positive_images=np.array([len(drawn) for drawn in positives], dtype=np.int64),
        negative_images=np.array([len(drawn) for drawn in negatives], dtype=np.int64),
        positives=_count(has, positives),
        negatives=_count(has, negatives),
    )


def _count(
    has: NDArray[np.bool_], draws: Sequence[NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Images of each draw with each category, shape (t, c)."""
    counts = np.zeros((len(draws), len(has)), dtype=np.int64)
    for place, drawn in enumerate(draws):
        counts[place] = np.count_nonzero(has[:, drawn], axis=1)
    return counts


def report(
    context: Context,
    *,
    known_pairs: Sequence[tuple[str, str]] = (),
    stuff: Collection[str] = (),
    top: int = 10,
) -> dict[str, object]:
    """Tell in plain data what manifest and card say of one split.

    Parameters
    ----------
    context : Context
    known_pairs : sequence of (str, str)
        Names of a target and of a category that others found beside it.
    stuff : collection of str
        Categories of these pairs that have no outlines of their own, such as road:
        annotations of things do not hold them.
    top : int
        How many of the largest lifts are named.

    Returns
    -------
    dict
        ``categories``, names in the order of all lists that follow; ``source``:
        ``images`` and ``counts``; ``targets``: for each name the ``positives`` and
        ``negatives`` (``images``, ``counts``), and ``lift``, ``lift_low``,
        ``lift_high`` (null where there is none, and for the target itself), but
        nothing of any where there are more than `MOST_PAIRS` pairs;
        ``known_pairs`` of the targets; and ``largest``, the pairs whose lifts are
        surely large, by the lower end of the interval. Each pair has ``target``,
        ``context``, ``images`` (distinct drawn positives), shares and lift, each with
        its interval.
    """
    lift = context.lift()
    lift[:, np.arange(len(context.targets)), context.targets] = np.nan
    names = [context.names[column] for column in context.targets]
    tables = {
        name: {
            "positives": _tell_counts(context.positive_images, context.positives, row),
            "negatives": _tell_counts(context.negative_images, context.negatives, row),
            "lift": _round(lift[0, row]),
            "lift_low": _round(lift[1, row]),
            "lift_high": _round(lift[2, row]),
        }
        for row, name in enumerate(names)
        if context.positives.size <= MOST_PAIRS
    }
    lows = np.where(context.is_sure() & (lift[1] > 1), lift[1], 0).ravel()
    order = [place for place in np.argsort(-lows, kind="stable")[:top] if lows[place]]
    largest = [divmod(int(place), len(context.names)) for place in order]
    return {
        "categories": list(context.names),
        "source": {"images": context.source_images, "counts": context.source.tolist()},
        "targets": tables,
        "known_pairs": [
            _tell_known(context, names.index(target), other, stuff)
            for target, other in known_pairs
            if target in names
        ],
        "largest": [_tell_pair(context, row, column) for row, column in largest],
    }


def _tell_counts(
    images: NDArray[np.int64], counts: NDArray[np.int64], row: int
) -> dict[str, object]:
    return {"images": int(images[row]), "counts": counts[row].tolist()}


def _tell_known(
    context: Context, row: int, other: str, stuff: Collection[str]
) -> dict[str, object]:
    if other in context.names:
        return _tell_pair(context, row, context.names.index(other))
    kind = NEEDS_STUFF if other in stuff else "not a category here"
    target = context.names[context.targets[row]]
    return {"target": target, "context": other, "not_measured": kind}


def _tell_pair(context: Context, row: int, column: int) -> dict[str, object]:
    def tell_share(
        counts: NDArray[np.int64], totals: NDArray[np.int64]
    ) -> list[float | None]:
        return _round(share_interval(counts, totals))

    source_images = np.array(context.source_images)
    return {
        "target": context.names[context.targets[row]],
        "context": context.names[column],
        "images": int(context.positive_images[row]),
        "positives": tell_share(
            context.positives[row, column], context.positive_images[row]
        ),
        "negatives": tell_share(
            context.negatives[row, column], context.negative_images[row]
        ),
        "source": tell_share(context.source[column], source_images),
        "lift": _round(context.lift()[:, row, column]),
    }


def _round(values: NDArray[np.float64]) -> list[float | None]:
    """Six digits after the point; null for what is not known."""
    return [None if math.isnan(value) else round(value, 6) for value in values.tolist()]
