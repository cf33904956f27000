"""What the audit says of a selection of COCO: data for the manifest, and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from builder.audit import context, drift, duplicates

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from builder.datasets.coco.selection import CocoSelection
    from builder.pipeline.look import Audit

_SHEET = 16


def audit_coco(selection: CocoSelection, audit: Audit) -> dict[str, Any]:
    """Return duplicates, context, drift and grey images, as plain data."""
    facts = audit.facts
    splits = [split for split, rows in selection.union.items() for _ in rows]
    found = duplicates.find_duplicates(facts.sha256, facts.dhash, facts.is_good)
    told: dict[str, Any] = {
        "decoded": audit.decoded,
        "images": len(audit.names),
        "duplicates": duplicates.report(found, audit.names, splits, facts.dhash),
        "context": {
            split: context.report(count(selection, split, audit))
            for split in selection.tables
        },
        "drift": {
            split: drift.report(_drifts(selection, split, audit))
            for split in selection.tables
        },
    }
    if audit.decoded:
        parts = {
            split: facts.is_good & (np.array(splits) == split)
            for split in selection.tables
        }
        told["grey"] = drift.grey_shares(facts.is_grey, parts)
    return told


def count(selection: CocoSelection, split: str, audit: Audit) -> context.Context:
    """Count each category in the source and in the draws of one split."""
    table = selection.tables[split]
    broken = _broken_rows(selection, split, audit)
    halves = {}
    for target, rows in zip(selection.targets, selection.draws[split], strict=True):
        half = len(rows) // 2
        first, second = (np.setdiff1d(r, broken) for r in (rows[:half], rows[half:]))
        halves[target.id] = (first, second)
    names = {category.id: category.name for category in table.categories}
    return context.count_context(table.indptr, table.category_ids, names, halves)


def draw_coco_figures(
    selection: CocoSelection, audit: Audit, read: Callable[[str], bytes]
) -> dict[str, bytes]:
    """Return the figures of the card, by file name.

    Parameters
    ----------
    selection : CocoSelection
    audit : Audit
    read : callable
        Gives the bytes of an image by its key.
    """
    from builder.audit import figures

    context_of_train = count(selection, "train", audit)
    drawn = {figures.CONTEXT: figures.draw_context(context_of_train)}
    if audit.decoded:
        broken = audit.broken
        good = [shown for shown in _choose_sheet(selection) if shown[0] not in broken]
        sheet = [(read(key), caption) for key, caption in good[:_SHEET]]
        drawn[figures.CONTACT_SHEET] = figures.contact_sheet(sheet)
    return drawn


def _choose_sheet(selection: CocoSelection) -> list[tuple[str, str]]:
    """Return key and caption of the training positives, each class in turn."""
    table = selection.tables["train"]
    half = selection.draws["train"].shape[1] // 2
    turns = [
        (target.name, row)
        for rows in selection.draws["train"][:, :half].T.tolist()
        for target, row in zip(selection.targets, rows, strict=True)
    ]
    first: dict[int, str] = {}
    for name, row in turns:
        first.setdefault(row, name)
    return [
        (selection.key("train", table.images[row]), _caption(selection, name, row))
        for row, name in first.items()
    ]


def _caption(selection: CocoSelection, target: str, row: int) -> str:
    table = selection.tables["train"]
    names = {category.id: category.name for category in table.categories}
    others = [names[c] for c in table.categories_of(row) if names[c] != target]
    return f"{target}, with {', '.join(others)}" if others else target


def _broken_rows(
    selection: CocoSelection, split: str, audit: Audit
) -> NDArray[np.int64]:
    """Return the drawn rows whose images are broken; they are left out."""
    union, broken = selection.union[split], audit.broken
    is_broken = [key in broken for key in selection.keys(split, union)]
    rows: NDArray[np.int64] = union[np.array(is_broken, dtype=np.bool_)]
    return rows


def _drifts(selection: CocoSelection, split: str, audit: Audit) -> list[drift.Drift]:
    table = selection.tables[split]
    union = np.setdiff1d(selection.union[split], _broken_rows(selection, split, audit))
    ids = [category.id for category in table.categories]
    has = np.stack([table.has(number) for number in ids], axis=1)
    width = np.array([image.width for image in table.images], dtype=np.int32)
    height = np.array([image.height for image in table.images], dtype=np.int32)
    return [
        drift.compare_categories(
            [category.name for category in table.categories],
            has[union].sum(axis=0),
            len(union),
            has.sum(axis=0),
            len(table),
        ),
        *drift.compare_sizes((width[union], height[union]), (width, height)),
    ]
