"""Which rows of a pool a recipe takes, and in which split each is. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from builder.datasets.table.splits import cut_pool
from builder.errors import SelectionError
from builder.selection.rules import draw_many, per_label, sample, slice_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from builder.datasets.recipe_record import RecipeFile, Select
    from builder.datasets.table.pool import Pool
    from builder.selection.cuts import Cut
    from builder.selection.unfair import Unfair

    Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Chosen:
    """The rows that were taken.

    Attributes
    ----------
    splits : dict of str to int64
        Rows of the pool in each split, in the order of the selection, each once.
    classes : tuple of int
        Numbers of the classes that were asked for.
    draws : dict of str to (dict of int to int64)
        By split and class, what ``balanced`` drew: half of the rows with it, then half
        without; empty for other rules.
    cut : Cut, optional
        How the splits were cut, where the recipe gives fractions.
    unfair : Unfair, optional
        Why the cut is not within the tolerance, if it is not.
    """

    splits: Mapping[str, Rows]
    classes: tuple[int, ...]
    draws: Mapping[str, Mapping[int, Rows]] = field(default_factory=dict)
    cut: Cut | None = None
    unfair: Unfair | None = None


def choose(
    pool: Pool, file: RecipeFile, seed: int, pairs: Sequence[tuple[str, str]]
) -> Chosen:
    """Take the rows that a recipe asks for.

    Fractions cut what the rule took, unless the rule draws for each split of its own:
    then they cut all rows first.

    Parameters
    ----------
    pool : Pool
    file : RecipeFile
    seed : int
        Of draws and cuts.
    pairs : sequence of (str, str)
        Names of images that belong together.

    Raises
    ------
    SelectionError
        The recipe does not fit the table.
    """
    select = file.select
    fractions = {n: p for n, p in file.splits.items() if isinstance(p, float | int)}
    if fractions and pool.splits:
        msg = (
            "expected either fractions or a column of splits, found both: remove"
            " columns.split or the fractions of [splits]"
        )
        raise SelectionError(msg)
    splits = [*fractions] or [*pool.splits] or ["train"]
    classes = _classes(pool, select, splits)
    every = np.arange(len(pool), dtype=np.int64)
    cut = unfair = None
    first = select.rule == "balanced" or _is_by(select.samples, splits)
    if not fractions:
        place = pool.split_of
        parts = {name: every[place == n] for n, name in enumerate(splits)}
    elif first:
        parts, cut, unfair = _cut(pool, every, fractions, select, seed, pairs)
    else:
        parts = {"": every}
    if select.rule == "balanced":
        draws = {
            split: _draw(pool, select, split, rows, classes, seed)
            for split, rows in parts.items()
        }
        union = {
            split: np.unique(np.concatenate([*of.values()]))
            for split, of in draws.items()
        }
        return Chosen(union, classes, draws, cut, unfair)
    taken = {
        split: _take(pool, select, split, rows, classes, seed)
        for split, rows in parts.items()
    }
    if fractions and not first:
        taken, cut, unfair = _cut(pool, taken[""], fractions, select, seed, pairs)
    return Chosen(taken, classes, {}, cut, unfair)


def _classes(pool: Pool, select: Select, splits: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers of the classes that the rule is about, in order."""
    rule = select.rule
    if rule in {"balanced", "per_label", "slices"} and not pool.classes:
        msg = f"the rule {rule!r} takes rows by label: add label to [columns]"
        raise SelectionError(msg)
    named: list[str] = []
    if rule == "slices":
        named = [*select.slices]
    elif select.targets != "all":
        named = [str(target) for target in select.targets]
    elif rule == "per_label" and isinstance(select.samples, dict):
        named = [] if _is_by(select.samples, splits) else [*select.samples]
    elif isinstance(select.samples, dict) and not _is_by(select.samples, splits):
        wrong = next(key for key in select.samples if key not in splits)
        raise SelectionError(_unknown("select.samples", wrong, splits))
    if not named:
        return tuple(range(len(pool.classes)))
    where = {"slices": "select.slices"}.get(
        rule, "select.samples" if select.targets == "all" else "select.targets"
    )
    for name in named:
        if name not in pool.classes:
            raise SelectionError(_unknown(where, name, pool.classes))
    return tuple(pool.classes.index(name) for name in named)


def _is_by(samples: object, splits: Sequence[str]) -> bool:
    """Whether samples are given by split."""
    return isinstance(samples, dict) and set(samples) <= set(splits)


def _unknown(where: str, name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, 1, 0.6)
    advice = f"did you mean {near[0]!r}?" if near else "give one of them"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"{where}: expected one of {shown}, found {name!r}: {advice}"


def _amount(select: Select, split: str, label: str) -> float:
    """Return how many rows of a label, or of a split, are asked for."""
    samples = select.samples
    if not isinstance(samples, dict):
        assert samples is not None  # noqa: S101 (the recipe was checked)
        return samples
    for key in (label, split):
        if key in samples:
            return samples[key]
    here = f"the class {label!r}" if label else f"the split {split!r}"
    msg = (
        f"select.samples: expected a number for {here}, found {', '.join(samples)}: add"
        " it, or name the classes in select.targets"
    )
    raise SelectionError(msg)


def _take(
    pool: Pool,
    select: Select,
    split: str,
    rows: Rows,
    classes: Sequence[int],
    seed: int,
) -> Rows:
    """Return the rows of one split that a rule other than ``balanced`` takes."""
    labels = pool.labels[rows]
    try:
        if select.rule == "sample":
            place = sample(len(rows), _amount(select, split, ""), seed=seed)
        elif select.rule == "per_label":
            amounts = {n: _amount(select, split, pool.classes[n]) for n in classes}
            place = per_label(
                labels.astype(np.int64), amounts, seed=seed, names=pool.classes
            )
        elif select.rule == "slices":
            named = np.array([pool.classes[n] for n in labels.tolist()], dtype=object)
            wanted = {
                name: (int(start), int(stop))
                for name, (start, stop) in (
                    (name, text.split(":")) for name, text in select.slices.items()
                )
            }
            place = slice_labels(named, wanted)
        else:
            place = np.arange(len(rows), dtype=np.int64)
    except SelectionError as err:
        part = f", split {split}" if split and pool.splits else ""
        where = f"{_file_of(pool, rows)}{part}"
        msg = f"{where}: {err} (select in the recipe)"
        raise SelectionError(msg) from err
    if not len(place):
        msg = (
            f"{_file_of(pool, rows)}: no row is left for the split {split!r}: take more"
        )
        raise SelectionError(msg)
    return rows[place]


def _file_of(pool: Pool, rows: Rows) -> str:
    return pool.files[int(pool.file_of[rows[0]])] if len(rows) else pool.files[0]


def _draw(
    pool: Pool,
    select: Select,
    split: str,
    rows: Rows,
    classes: Sequence[int],
    seed: int,
) -> dict[int, Rows]:
    """Return what ``balanced`` draws for each class of one split."""
    found: dict[int, Rows] = {}
    hopeless = []
    labels = pool.labels[rows]
    for number in classes:
        positive = labels == number
        if positive.all() or not positive.any():
            kind = "without" if positive.any() else "with"
            hopeless.append(f"none of {len(rows):,} {kind} {pool.classes[number]!r}")
            continue
        samples = int(_amount(select, split, pool.classes[number]))
        drawn = draw_many(positive[np.newaxis], samples=samples, seeds=[seed])
        found[number] = rows[drawn[0, 0]]
    if hopeless:
        left = [pool.classes[n] for n in classes if n in found]
        advice = "give them as select.targets: " + ", ".join(left) if left else ""
        msg = (
            f"{_file_of(pool, rows)}, split {split}: expected rows with and without"
            f" every class, found {'; '.join(hopeless[:3])}"
            f"{f' and {len(hopeless) - 3} more' if len(hopeless) > 3 else ''}:"
            f" {advice or 'take another label'}"
        )
        raise SelectionError(msg)
    return found


def _cut(
    pool: Pool,
    rows: Rows,
    fractions: Mapping[str, float],
    select: Select,
    seed: int,
    pairs: Sequence[tuple[str, str]],
) -> tuple[dict[str, Rows], Cut, Unfair | None]:
    """Cut rows into splits by fractions; rows keep their order in each.

    Also return why the cut is not fair, where no tolerance is asked for.
    """
    try:
        cut, unfair = cut_pool(pool, rows, fractions, select, seed, pairs)
    except SelectionError as err:
        msg = f"{_file_of(pool, rows)}: {err}"
        raise SelectionError(msg) from err
    parts = {name: rows[cut.split == n] for n, name in enumerate(fractions)}
    return parts, cut, unfair
