"""Test sets of a class with its context, and without it. Pure.

As Singh et al. (CVPR 2020, arXiv:2001.03152, section 4) test a classifier of a class b
that tends to stand in a context c: on the images that show both ("co-occurring"), on
those that show b without c ("exclusive"), each time against all images without b. In
``create_evaldata.py`` of the replication by Kim et al. (ReScience C, 2021,
github.com/princetonvisualai/ContextualBias) the images without b are in both sets, be
c in them or not. Here they are drawn, and the same ones are in both: what two results
differ by is what the images with b differ by.

Of their images ours are those of val2017 that have instances and were looked through
for stuff; theirs are of val2014. Whether an image shows c, they take from the pixels of
COCO-Stuff's maps; here a thing is there if an instance of it is annotated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.errors import SelectionError
from builder.selection.names import config_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from builder.datasets.coco.stuff import Stuff
    from builder.datasets.coco.table import Category, CocoTable

#: The rule in words, as lock and manifest have it.
RULE = (
    "Context sets: of the rows of the test table whose images were looked through for"
    " stuff, those with the class and its context, those with the class without it, and"
    " those without the class; numpy.random.RandomState(seed) anew for every class;"
    " half of the test samples by choice without replacement from each in this order,"
    " or all where there are no more. cooccur has the first and the third, exclusive"
    " the second and the third."
)


@dataclass(frozen=True)
class ContextSet:
    """Rows of one table that were drawn for a class and its context.

    Attributes
    ----------
    target : Category
    context : str
        Name of the category of things or stuff.
    split : str
        Of the table.
    quota : int
        How many rows of each kind were asked for.
    images : int
        Rows that were drawn from.
    available : tuple of int
        How many there are: with both, with the class alone, without the class.
    together, alone, without : int64[k]
        Those that were drawn, in draw order, `quota` at most.
    """

    target: Category
    context: str
    split: str
    quota: int
    images: int
    available: tuple[int, int, int]
    together: NDArray[np.int64]
    alone: NDArray[np.int64]
    without: NDArray[np.int64]

    @property
    def rows(self) -> NDArray[np.int64]:
        """All rows that were drawn, each once."""
        return np.concatenate([self.together, self.alone, self.without])

    def splits(self) -> dict[str, NDArray[np.int64]]:
        """Return the rows of each set: those with the class first."""
        return {
            "cooccur": np.concatenate([self.together, self.without]),
            "exclusive": np.concatenate([self.alone, self.without]),
        }


def draw_context_sets(
    table: CocoTable,
    stuff: Stuff,
    targets: Sequence[Category],
    pairs: Mapping[str, str],
    *,
    split: str,
    samples: int,
    seed: int,
) -> list[ContextSet]:
    """Draw the context sets of those of the targets whose context is known.

    Parameters
    ----------
    table : CocoTable
    stuff : Stuff
        Of the same images.
    targets : sequence of Category
    pairs : dict of str to str
        From the name of a target to that of its context.
    split : str
        Of the table.
    samples : int
        Rows of a set, half of them with the target; an odd number is rounded down.
    seed : int
        Of the legacy generator, whose stream NEP 19 freezes.

    Raises
    ------
    SelectionError
        A set would be empty.
    """
    return [
        _draw(table, stuff, target, pairs[target.name], split, samples // 2, seed)
        for target in targets
        if target.name in pairs
    ]


def _draw(
    table: CocoTable,
    stuff: Stuff,
    target: Category,
    context: str,
    split: str,
    quota: int,
    seed: int,
) -> ContextSet:
    shown = table.has(target.id)[stuff.listed]
    beside = _has(table, stuff, context)[stuff.listed]
    kinds = (shown & beside, shown & ~beside, ~shown)
    available = [int(np.count_nonzero(kind)) for kind in kinds]
    generator = np.random.RandomState(seed)
    drawn = [
        stuff.listed[np.flatnonzero(kind)[_choose(generator, number, quota)]]
        for kind, number in zip(kinds, available, strict=True)
    ]
    found = ContextSet(
        target,
        context,
        split,
        quota,
        len(stuff.listed),
        (available[0], available[1], available[2]),
        *drawn,
    )
    for name, rows in found.splits().items():
        if not len(rows):
            msg = (
                f"{table.name}: of the {len(stuff.listed)} images that were looked"
                f" through for stuff, expected some for the set {name} of"
                f" {target.name}, found none: give stuff annotations of all images"
            )
            raise SelectionError(msg)
    return found


def _choose(
    generator: np.random.RandomState, number: int, quota: int
) -> NDArray[np.int64]:
    """Return which of so many are drawn; nothing is taken from the stream for none."""
    if not number:
        return np.zeros(0, dtype=np.int64)
    return generator.choice(number, size=min(quota, number), replace=False)


def _has(table: CocoTable, stuff: Stuff, name: str) -> NDArray[np.bool_]:
    """Which rows show a category of things or stuff, bool[n]."""
    if name in stuff.categories:
        found: NDArray[np.bool_] = stuff.presence[stuff.categories.index(name)]
        return found
    [number] = [category.id for category in table.categories if category.name == name]
    return table.has(number)


def context_config(config: str) -> str:
    """Return the config of the context sets of the class that has a config.

    >>> context_config("sports_ball")
    'sports_ball_context'
    """
    return f"{config}_context"


def tell_context_sets(sets: Sequence[ContextSet]) -> dict[str, Any]:
    """Return the rule, and what there was for each set and what was drawn.

    Nothing where there are no sets.
    """
    if not sets:
        return {}
    told = []
    for drawn in sets:
        facts = zip(
            drawn.splits(), (drawn.together, drawn.alone), drawn.available, strict=False
        )
        for name, rows, available in facts:
            told.append(
                {
                    "config": context_config(config_name(drawn.target.name)),
                    "split": name,
                    "target": drawn.target.name,
                    "context": drawn.context,
                    "images": drawn.images,
                    "quota": drawn.quota,
                    "positives_available": available,
                    "positives": len(rows),
                    "negatives_available": drawn.available[2],
                    "negatives": len(drawn.without),
                }
            )
    return {"context_sets": {"rule": RULE, "sets": told}}


def short_of(sets: Sequence[ContextSet]) -> list[str]:
    """Return which sets have fewer images of a kind than asked for, and how many."""
    found = []
    for fact in tell_context_sets(sets).get("context_sets", {}).get("sets", ()):
        kinds = [
            f"{fact[kind]} {words}"
            for kind, words in (("positives", "with"), ("negatives", "without"))
            if fact[kind] < fact["quota"]
        ]
        if kinds:
            found.append(f"{fact['config']}/{fact['split']} ({' and '.join(kinds)} it)")
    return found
