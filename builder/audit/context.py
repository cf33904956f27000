"""How often other categories stand beside each target: the bias of the selection.

All shares are of distinct images: an image that was drawn twice adds nothing to
what is known. Of a target and another category c,

    lift = share of c among the drawn positives / share of c in the whole source

so that 1 means that c is no sign of the target, and 10 that it is met ten times as
often as elsewhere. Intervals are at 95 per cent: Wilson (1927) for shares, and for
lifts that of Katz et al. (1978) on the logarithm of a ratio of two shares. The
positives are part of the source, which makes the second slightly too wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from builder.audit.intervals import critical_value, ratio_interval, share_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: The 20 most biased pairs of category and context of COCO-Stuff in Singh et al.,
#: "Don't Judge an Object by Its Context: Learning to Overcome Contextual Bias",
#: CVPR 2020, in the order of its table, with names as in COCO; compared with
#: ``create_evaldata.py`` of the replication by Kim et al. (ReScience C, 2021,
#: github.com/princetonvisualai/ContextualBias), which notes that the kind of
#: ceiling is unclear from the paper.
KNOWN_PAIRS = (
    ("cup", "dining table"),
    ("wine glass", "person"),
    ("handbag", "person"),
    ("apple", "fruit"),
    ("car", "road"),
    ("bus", "road"),
    ("potted plant", "vase"),
    ("spoon", "bowl"),
    ("microwave", "oven"),
    ("keyboard", "mouse"),
    ("skis", "person"),
    ("clock", "building"),
    ("sports ball", "person"),
    ("remote", "person"),
    ("snowboard", "person"),
    ("toaster", "ceiling"),
    ("hair drier", "towel"),
    ("tennis racket", "person"),
    ("skateboard", "person"),
    ("baseball glove", "person"),
)
#: Contexts of these that are stuff classes: the annotations of instances hold only
#: the 80 things, so these pairs cannot be measured with them.
STUFF = frozenset({"fruit", "road", "building", "ceiling", "towel"})

#: The usual least count for the normal approximation that Katz intervals rest on.
LEAST_IMAGES = 5


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
        pairs = self.positives.size - len(self.targets) if together else 1
        return ratio_interval(
            self.positives,
            self.positive_images[:, np.newaxis],
            self.source[np.newaxis],
            self.source_images,
            z=critical_value(pairs),
        )

    def is_sure(self) -> NDArray[np.bool_]:
        """Which lifts are surely not 1, shape (t, c); never of a target with itself.

        Their interval leaves out 1 where all hold together, as some of a thousand
        intervals at 95 per cent each do so by chance; and there are at least
        `LEAST_IMAGES` positives with the category, or would be were the lift 1.
        """
        _, low, high = self.lift(together=True)
        expected = np.outer(self.positive_images, self.source / self.source_images)
        is_enough = np.maximum(self.positives, expected) >= LEAST_IMAGES
        is_sure: NDArray[np.bool_] = ((low > 1) | (high < 1)) & is_enough
        is_sure[np.arange(len(self.targets)), self.targets] = False
        return is_sure


def count_context(
    indptr: NDArray[np.int64],
    category_ids: NDArray[np.int32],
    categories: Mapping[int, str],
    draws: Mapping[int, tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> Context:
    """Count each category in the source and in the draws of each target.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n + 1,)
    category_ids : ndarray of int32, shape (m,)
        Image i of the source has the distinct categories
        ``category_ids[indptr[i]:indptr[i + 1]]``.
    categories : mapping of int to str
        Name of each category id.
    draws : mapping of int to pairs of ndarray of int64
        For each target, by category id, the rows of its positives and negatives;
        repeats are counted once.

    Returns
    -------
    Context
    """
    ids = np.array(list(categories), dtype=np.int64)
    by_id = np.argsort(ids)
    columns = by_id[np.searchsorted(ids, category_ids, sorter=by_id)]
    images = len(indptr) - 1
    has = np.zeros((images, len(ids)), dtype=np.bool_)
    has[np.repeat(np.arange(images), np.diff(indptr)), columns] = True

    def count(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        counts: NDArray[np.int64] = np.count_nonzero(has[rows], axis=0).astype(np.int64)
        return counts

    positives = [np.unique(drawn) for drawn, _ in draws.values()]
    negatives = [np.unique(drawn) for _, drawn in draws.values()]
    shape = (len(draws), len(ids))
    return Context(
        names=tuple(categories.values()),
        targets=tuple(list(categories).index(target) for target in draws),
        source_images=images,
        source=np.count_nonzero(has, axis=0).astype(np.int64),
        positive_images=np.array([len(rows) for rows in positives], dtype=np.int64),
        negative_images=np.array([len(rows) for rows in negatives], dtype=np.int64),
        positives=np.array([count(rows) for rows in positives]).reshape(shape),
        negatives=np.array([count(rows) for rows in negatives]).reshape(shape),
    )


def report(context: Context, *, top: int = 10) -> dict[str, object]:
    """Tell in plain data what manifest and card say of one split.

    Parameters
    ----------
    context : Context
    top : int
        How many of the largest lifts are named.

    Returns
    -------
    dict
        ``categories``, names in the order of all lists that follow; ``source``:
        ``images`` and ``counts``; ``targets``: for each name the ``positives`` and
        ``negatives`` (``images``, ``counts``), and ``lift``, ``lift_low``,
        ``lift_high`` (null where there is none, and for the target itself);
        ``known_pairs`` of the targets; and ``largest``, the pairs whose lifts are
        surely large, by the lower end of the interval. Each pair has ``target``,
        ``context``, shares and lift, each with its interval.
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
    }
    lows = np.where(context.is_sure() & (lift[1] > 1), lift[1], 0).ravel()
    order = [place for place in np.argsort(-lows, kind="stable")[:top] if lows[place]]
    largest = [divmod(int(place), len(context.names)) for place in order]
    return {
        "categories": list(context.names),
        "source": {"images": context.source_images, "counts": context.source.tolist()},
        "targets": tables,
        "known_pairs": [
            _tell_known(context, names.index(target), other)
            for target, other in KNOWN_PAIRS
            if target in names
        ],
        "largest": [_tell_pair(context, row, column) for row, column in largest],
    }


def _tell_counts(
    images: NDArray[np.int64], counts: NDArray[np.int64], row: int
) -> dict[str, object]:
    return {"images": int(images[row]), "counts": counts[row].tolist()}


def _tell_known(context: Context, row: int, other: str) -> dict[str, object]:
    if other in context.names:
        return _tell_pair(context, row, context.names.index(other))
    kind = "stuff, not annotated" if other in STUFF else "not a category here"
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
