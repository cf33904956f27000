"""What the audit says of a selection of COCO: data for the manifest, and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from builder.audit import context, drift, duplicates
from builder.datasets.coco.context import FRAMED, KNOWN_PAIRS, STUFF

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from builder.datasets.coco.draws import CocoDraws
    from builder.images.facts import Seen

_SHEET = 16


def audit_coco(drawn: CocoDraws, seen: Seen) -> dict[str, Any]:
    """Return duplicates, context, drift and grey images, as plain data."""
    facts = seen.facts
    splits = [split for split, rows in drawn.union.items() for _ in rows]
    found = duplicates.find_duplicates(facts.sha256, facts.dhash, facts.is_good)
    told: dict[str, Any] = {
        "decoded": seen.decoded,
        "images": len(seen.keys),
        "duplicates": duplicates.report(found, seen.keys, splits, facts.dhash),
        "context": {
            split: context.report(
                count(drawn, split, seen), known_pairs=KNOWN_PAIRS, stuff=STUFF
            )
            for split in drawn.tables
        },
        "drift": {
            split: drift.report(_drifts(drawn, split, seen)) for split in drawn.tables
        },
    }
    if seen.decoded:
        parts = {
            split: facts.is_good & (np.array(splits) == split) for split in drawn.tables
        }
        told["grey"] = drift.grey_shares(facts.is_grey, parts)
    return told


def count(drawn: CocoDraws, split: str, seen: Seen) -> context.Context:
    """Count each category in the source and in the draws of one split."""
    table = drawn.tables[split]
    good = _good_rows(drawn, split, seen)
    halves = []
    for rows in drawn.draws[split]:
        half = len(rows) // 2
        first, second = (np.intersect1d(r, good) for r in (rows[:half], rows[half:]))
        halves.append((first, second))
    return context.count_context(
        table.presence,
        [category.name for category in table.categories],
        [table.position[target.id] for target in drawn.targets],
        halves,
    )


def plot_coco(
    drawn: CocoDraws, seen: Seen, read: Callable[[int], bytes]
) -> dict[str, bytes]:
    """Return the figures of the card, by file name.

    Parameters
    ----------
    drawn : CocoDraws
    seen : Seen
    read : callable
        Gives the bytes of an image by its number.
    """
    from builder.audit import contact_sheet, figures  # with matplotlib: slow

    lifts = count(drawn, "train", seen)
    made = {
        figures.CONTEXT: figures.plot_context(
            lifts, known_pairs=KNOWN_PAIRS, framed=FRAMED
        )
    }
    if seen.decoded:
        good = seen.facts.is_good
        shown = [(number, words) for number, words in _sheet(drawn) if good[number]]
        sheet = [(read(number), words) for number, words in shown[:_SHEET]]
        made[contact_sheet.CONTACT_SHEET] = contact_sheet.contact_sheet(sheet)
    return made


def _sheet(drawn: CocoDraws) -> list[tuple[int, str]]:
    """Return number and caption of the training positives, each class in turn."""
    half = drawn.draws["train"].shape[1] // 2
    turns = [
        (target.name, row)
        for rows in drawn.draws["train"][:, :half].T.tolist()
        for target, row in zip(drawn.targets, rows, strict=True)
    ]
    first: dict[int, str] = {}
    for name, row in turns:
        first.setdefault(row, name)
    numbers = drawn.numbers("train", np.array(list(first), dtype=np.int64)).tolist()
    captions = [_caption(drawn, name, row) for row, name in first.items()]
    return list(zip(numbers, captions, strict=True))


def _caption(drawn: CocoDraws, target: str, row: int) -> str:
    table = drawn.tables["train"]
    names = [table.categories[table.position[c]].name for c in table.categories_of(row)]
    others = [name for name in names if name != target]
    return f"{target}, with {', '.join(others)}" if others else target


def _good_rows(drawn: CocoDraws, split: str, seen: Seen) -> NDArray[np.int64]:
    """Return the drawn rows whose images are whole; the others are left out."""
    union, start = drawn.union[split], drawn.first[split]
    return union[seen.facts.is_good[start : start + len(union)]]


def _drifts(drawn: CocoDraws, split: str, seen: Seen) -> list[drift.Drift]:
    table = drawn.tables[split]
    good = _good_rows(drawn, split, seen)
    width = np.array([image.width for image in table.images], dtype=np.int32)
    height = np.array([image.height for image in table.images], dtype=np.int32)
    return [
        drift.compare_categories(
            [category.name for category in table.categories],
            np.count_nonzero(table.presence[:, good], axis=1),
            len(good),
            np.count_nonzero(table.presence, axis=1),
            len(table),
        ),
        *drift.compare_sizes((width[good], height[good]), (width, height)),
    ]
