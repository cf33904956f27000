"""What the audit says of a selection of COCO: data for the manifest, and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from builder.audit import (
    conflicts,
    context,
    drift,
    duplicates,
    measured,
    modes,
    shortcuts,
    sizes,
)
from builder.datasets.coco.contrasts import drawn_contrasts, source_contrasts

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from builder.datasets.coco.draws import CocoDraws
    from builder.images.facts import Seen

_SHEET = 16


def audit_coco(drawn: CocoDraws, seen: Seen) -> dict[str, Any]:
    """Return duplicates, context, drift and grey images, as plain data."""
    facts = seen.facts
    parts = (*drawn.union.items(), *drawn.further.items())
    splits = [split for split, rows in parts for _ in rows]
    found = duplicates.find_duplicates(facts)
    told: dict[str, Any] = {
        "decoded": seen.decoded,
        "images": len(seen.keys),
        "duplicates": duplicates.report(found, seen.keys, splits),
        "modes": modes.report(seen, stated=drawn.stated_sizes),
        "sizes": sizes.report(seen),
        "conflicts": conflicts.report(
            found,
            seen.keys,
            _annotated(drawn),
            named=[target.name for target in drawn.targets] or None,
        ),
        "shortcuts": _shortcuts(drawn, seen),
        **(
            {
                "context": {
                    split: context.report(
                        count(drawn, split, seen),
                        known_pairs=drawn.known_pairs,
                        stuff=drawn.stuff,
                    )
                    for split in drawn.tables
                }
            }
            if drawn.targets
            else {}
        ),
        "drift": {
            split: drift.report(_drifts(drawn, split, seen)) for split in drawn.tables
        },
    }
    if seen.decoded:
        shown = {
            split: facts.is_good & (np.array(splits) == split) for split in drawn.tables
        }
        told["grey"] = drift.grey_shares(facts.is_grey, shown)
    return told


def count(drawn: CocoDraws, split: str, seen: Seen) -> context.Context:
    """Count each category in the source and in the draws of one split.

    With stuff, it is of the images that were looked through for it, too.
    """
    table, beside = drawn.tables[split], drawn.beside.get(split)
    good = _good_rows(drawn, split, seen)
    halves = []
    for rows in drawn.draws[split]:
        half = len(rows) // 2
        first, second = (np.intersect1d(r, good) for r in (rows[:half], rows[half:]))
        halves.append((first, second))
    has, names = table.presence, [category.name for category in table.categories]
    if beside is not None:
        has = np.concatenate([has, beside.presence])[:, beside.listed]
        names += beside.categories
        halves = [(beside.places(one), beside.places(two)) for one, two in halves]
    return context.count_context(
        has,
        names,
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
    # With matplotlib: slow.
    from builder.audit import contact_sheet, figures, shortcut_figure

    made = {}
    guessed = _shortcuts(drawn, seen)["strongest"]
    if guessed:
        made[shortcut_figure.SHORTCUTS] = shortcut_figure.plot_shortcuts(guessed)
    if drawn.targets:
        made[figures.CONTEXT] = figures.plot_context(
            count(drawn, next(iter(drawn.tables)), seen),
            known_pairs=drawn.known_pairs,
            framed=drawn.framed,
        )
    if seen.decoded:
        good = seen.facts.is_good
        shown = [(number, words) for number, words in _sheet(drawn) if good[number]]
        sheet = [(read(number), words) for number, words in shown[:_SHEET]]
        made[contact_sheet.CONTACT_SHEET] = contact_sheet.contact_sheet(sheet)
    return made


def _shortcuts(drawn: CocoDraws, seen: Seen) -> dict[str, Any]:
    """Return what tells the classes without a look at what is shown."""
    values = measured.measures_of(seen.facts, decoded=seen.decoded)
    compared = [shortcuts.compare("selection", values, drawn_contrasts(drawn))]
    whole = np.concatenate([table.images.sizes for table in drawn.tables.values()])
    if whole.all(axis=1).any():
        stated = measured.measures_of_sizes(whole)
        compared += [shortcuts.compare("source", stated, source_contrasts(drawn))]
    return shortcuts.report(compared, decoded=seen.decoded)


def _annotated(drawn: CocoDraws) -> list[list[str]]:
    """Return the names of the categories in each image."""
    return [
        [table.categories[table.position[c]].name for c in table.categories_of(row)]
        for split, rows in (*drawn.union.items(), *drawn.further.items())
        for table in [drawn.tables[split]]
        for row in rows.tolist()
    ]


def _sheet(drawn: CocoDraws) -> list[tuple[int, str]]:
    """Return number and caption of the training positives, each class in turn.

    Training is the first split; without draws, evenly over its rows.
    """
    split = next(iter(drawn.tables))
    half = drawn.draws[split].shape[1] // 2
    turns = [
        (target.name, row)
        for rows in drawn.draws[split][:, :half].T.tolist()
        for target, row in zip(drawn.targets, rows, strict=True)
    ]
    if drawn.taken is not None:
        union = drawn.union[split]
        step = np.linspace(0, len(union) - 1, min(len(union), _SHEET))
        turns = [("", int(union[round(at)])) for at in step.tolist()]
    first: dict[int, str] = {}
    for name, row in turns:
        first.setdefault(row, name)
    numbers = drawn.numbers(split, np.array(list(first), dtype=np.int64)).tolist()
    captions = [_caption(drawn, split, name, row) for row, name in first.items()]
    return list(zip(numbers, captions, strict=True))


def _caption(drawn: CocoDraws, split: str, target: str, row: int) -> str:
    table = drawn.tables[split]
    names = [table.categories[table.position[c]].name for c in table.categories_of(row)]
    others = [name for name in names if name != target]
    if not target:
        return ", ".join(others) or "nothing"
    return f"{target}, with {', '.join(others)}" if others else target


def _good_rows(drawn: CocoDraws, split: str, seen: Seen) -> NDArray[np.int64]:
    """Return the drawn rows whose images are whole; the others are left out."""
    union, start = drawn.union[split], drawn.first[split]
    return union[seen.facts.is_good[start : start + len(union)]]


def _drifts(drawn: CocoDraws, split: str, seen: Seen) -> list[drift.Drift]:
    table = drawn.tables[split]
    good = _good_rows(drawn, split, seen)
    width, height = table.images.sizes.T
    has = table.presence
    return [
        drift.compare_categories(
            [category.name for category in table.categories],
            np.count_nonzero(has[:, good], axis=1),
            len(good),
            np.count_nonzero(has, axis=1),
            len(table),
        ),
        *drift.compare_sizes((width[good], height[good]), (width, height)),
    ]
