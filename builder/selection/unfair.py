"""Why a cut of groups is not fair; and nothing that does not help is advised. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from builder.errors import SelectionError
from builder.selection.cuts import are_fair

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.selection.cuts import Cut


@dataclass(frozen=True)
class Ways:
    """What a user can change of a cut, in the words of a command or a recipe.

    Attributes
    ----------
    tolerance : str
        With a place for the number.
    shares : str
        With a place for the percentage; empty where the shares are fixed.
    splits : str
        How to have fewer splits; empty likewise.
    rows : str
        How to leave out rows of a group, with a place for their number.
    """

    tolerance: str = "take a tolerance of {}"
    shares: str = ""
    splits: str = ""
    rows: str = "leave {} of them out"


@dataclass(frozen=True)
class Without:
    """What the groups are without one of the reasons why rows belong together.

    Attributes
    ----------
    way : str
        What a user does not to have it.
    groups, largest : int
        How many there then are, and the rows of the largest.
    """

    way: str
    groups: int
    largest: int


@dataclass(frozen=True)
class Unfair:
    """Why a cut is not fair, or cannot be.

    Attributes
    ----------
    fact : str
    steps : tuple of str
        Each of which helps.
    """

    fact: str
    steps: tuple[str, ...]

    def __str__(self) -> str:
        """Return the fact and the next steps, in one line."""
        return ": ".join([self.fact, *([self.advice] if self.steps else [])])

    @property
    def advice(self) -> str:
        """The next steps, in one line; empty where there are none."""
        return "; or ".join(self.steps)


class TooFewGroupsError(SelectionError):
    """There are fewer groups than splits; the message is the `Unfair` that it has."""

    def __init__(self, why: Unfair) -> None:
        super().__init__(why)
        self.why = why


def why_not_fair(
    cut: Cut,
    names: Sequence[str],
    ways: Ways | None = None,
    *,
    told: Sequence[str] = (),
    without: Sequence[Without] = (),
) -> Unfair:
    """Return why a cut is not fair, and what helps.

    Parameters
    ----------
    cut : Cut
    names : sequence of str, length k
        Of the splits.
    ways : Ways, optional
    told : sequence of str
        What links the rows of the largest group.
    without : sequence of Without
    """
    ways = ways or Ways()
    grouped, tolerance = cut.grouped, cut.tolerance
    rows, size, room = len(grouped.number), grouped.largest, grouped.room(tolerance)
    head = _head(rows, len(grouped.counts))
    enough = _tolerance_for(cut)
    steps = [ways.tolerance.format(enough)] if enough else []
    if size <= room:
        found = _listed(names, cut.held.sum(axis=1).tolist())
        fact = (
            f"{head}, the largest of {size:,}, were not cut within"
            f" {_percent(tolerance)} or one group; the nearest that was found is"
            f" {found}, with shares of a label up to {100 * cut.share_off:.1f} points"
            " from that of all"
        )
        return Unfair(fact, tuple(steps))
    why = f", as they belong together by {', '.join(told)}" if told else ""
    takes = [math.floor((f + tolerance) * rows + 1e-9) for f in grouped.fractions]
    if ways.shares:
        steps.insert(0, ways.shares.format(_percent(size / rows, up=True)))
    helpful = [one for one in without if one.largest <= room]
    steps = [
        *(f"{one.way}: then the largest group has {one.largest:,}" for one in helpful),
        *steps,
        ways.rows.format(f"{_rows_over(cut):,}"),
    ]
    named = grouped.names[int(np.argmax(grouped.sizes))]
    fact = (
        f"{head}: {size:,} rows, {named} among them, are one group{why}; at a tolerance"
        f" of {_percent(tolerance)} no split takes so many ({_listed(names, takes)})"
    )
    return Unfair(fact, tuple(steps))


def why_too_few(
    rows: int,
    groups: int,
    splits: int,
    ways: Ways,
    *,
    told: Sequence[str],
    without: Sequence[Without],
) -> Unfair:
    """Return why there are fewer groups than splits, and what helps."""
    why = f" ({', '.join(told)})" if told else ""
    steps = [
        *(
            f"{one.way}: then there are {one.groups:,} groups"
            for one in without
            if one.groups >= splits
        ),
        *([ways.splits] if ways.splits else []),
        "take rows of more groups" if told else "take more rows",
    ]
    fact = (
        f"{_head(rows, groups)} cannot be cut into {splits} splits, each with a group"
        f" of its own{why}"
    )
    return Unfair(fact, tuple(steps))


def _head(rows: int, groups: int) -> str:
    """Return how many rows and groups there are.

    >>> _head(1200, 1)
    '1,200 rows in 1 group'
    """
    words = ["row" if rows == 1 else "rows", "group" if groups == 1 else "groups"]
    return f"{rows:,} {words[0]} in {groups:,} {words[1]}"


def _tolerance_for(cut: Cut) -> str:
    """Return the tolerance by which a cut is fair, in hundredths; empty if by none."""
    grouped = cut.grouped
    over = grouped.largest / len(grouped.number) - float(grouped.shares.max())
    for least in (over, max(over, cut.off)):
        wanted = math.ceil(100 * max(least, cut.tolerance) - 1e-9) / 100
        if wanted < 1 and are_fair(cut.held[np.newaxis], grouped, wanted)[0]:
            return f"{wanted:g}"
    return ""


def _rows_over(cut: Cut) -> int:
    """Return how many rows of the largest group are too many, if they were not."""
    rows, size = len(cut.grouped.number), cut.grouped.largest
    most = float(cut.grouped.shares.max()) + cut.tolerance
    return math.ceil((size - most * rows) / (1 - most) - 1e-9)


def _listed(names: Sequence[str], numbers: Sequence[int]) -> str:
    """Return numbers with their names.

    >>> _listed(["train", "test"], [1400, 600])
    'train 1,400, test 600'
    """
    return ", ".join(f"{name} {n:,}" for name, n in zip(names, numbers, strict=True))


def _percent(share: float, *, up: bool = False) -> str:
    """Return a share as a percentage, a whole one if it is to be rounded up.

    >>> _percent(0.015), _percent(0.801, up=True)
    ('1.5 %', '81 %')
    """
    return f"{math.ceil(100 * share - 1e-9) if up else round(100 * share, 2):g} %"
