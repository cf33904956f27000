"""Rows of a pool cut into splits by the fractions of a recipe. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.errors import SelectionError
from builder.selection.groups import Link, cut_linked, link_equal, link_named
from builder.selection.recipe import TOLERANCE
from builder.selection.unfair import Ways

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from builder.datasets.recipe_record import Select
    from builder.datasets.table.pool import Pool
    from builder.selection.cuts import Cut
    from builder.selection.unfair import Unfair

_WAYS = Ways(
    tolerance="set tolerance = {} in [select]",
    shares="give one of [splits] a share of {} or more",
    splits="give fewer splits in [splits]",
)
_ENDINGS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif")


def cut_pool(
    pool: Pool,
    rows: NDArray[np.int64],
    fractions: Mapping[str, float],
    select: Select,
    seed: int,
    pairs: Sequence[tuple[str, str]],
) -> tuple[Cut, Unfair | None]:
    """Cut rows into splits; what the group columns and the pairs link stays together.

    Parameters
    ----------
    pool : Pool
    rows : ndarray of int64, shape (n,)
        Of the pool.
    fractions : dict of str to float
        Share of the rows for each split.
    select : Select
        Whose tolerance is a promise if it is there.
    seed : int
    pairs : sequence of (str, str)
        Names of images that belong together.

    Returns
    -------
    cut : Cut
    unfair : Unfair, optional
        Why it is not fair, where no tolerance is asked for.

    Raises
    ------
    SelectionError
        There are fewer groups than splits, or the cut is not within the tolerance that
        is asked for.
    """
    keys = [pool.keys[row] for row in rows.tolist()]
    links = [
        Link(
            column,
            link_equal(values),
            f"take {column!r} out of columns.group, or leave it blank where it stands"
            " for none or for many",
            values,
        )
        for column, values in pool.owners(rows).items()
    ]
    if pairs:
        stems = [stem_of(key) for key in keys]
        listed = link_named(stems, ((stem_of(a), stem_of(b)) for a, b in pairs))
        way = "take them off the list of duplicates"
        links.append(Link("listed pairs of duplicates", listed, way))
    cut, unfair = cut_linked(
        links,
        pool.labels[rows].astype(np.int64),
        fractions=fractions,
        seed=seed,
        keys=keys,
        tolerance=TOLERANCE if select.tolerance is None else select.tolerance,
        ways=_WAYS,
    )
    if unfair and select.tolerance is not None:
        raise SelectionError(str(unfair))
    return cut, unfair


def stem_of(name: str) -> str:
    """Return the name of an image without folders and ending.

    >>> stem_of("raw/ISIC_12.JPG"), stem_of("ISIC_12"), stem_of("v1.2")
    ('ISIC_12', 'ISIC_12', 'v1.2')
    """
    base = name.replace("\\", "/").rpartition("/")[2]
    ending = next((e for e in _ENDINGS if base.lower().endswith(e)), "")
    return base[: len(base) - len(ending)]
