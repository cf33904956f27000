"""The first row of a build, short enough for a card."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.images.facts import Seen
    from builder.selection.contract import SplitRows

# Of a list this many items are shown, and of a text this many characters.
_ITEMS = 3
_CHARACTERS = 100


def example_of(splits: Sequence[SplitRows], seen: Seen) -> dict[str, Any]:
    """Return the first row of the first split that has one; nothing, if none has.

    Parameters
    ----------
    splits : sequence of SplitRows
        Without the rows of images that are nowhere; those of broken ones are not
        written, and so are none of these.
    seen : Seen

    Returns
    -------
    dict
        ``config``, ``split``, and ``row``: every column but ``image``, as plain data,
        with long lists and texts cut, and a mark where they were.
    """
    good = seen.facts.is_good
    for rows in splits:
        written = good[rows.images].nonzero()[0]
        if len(written):
            at = int(written[0])
            row = {
                name: shortened(rows.columns[name][at])
                for name in rows.features
                if name != "image"
            }
            return {"config": rows.config, "split": rows.split, "row": row}
    return {}


def shortened(value: Any) -> Any:
    """Return a value as plain data, with long lists and texts cut.

    >>> shortened([1, 2, 3, 4, 5]), shortened({"a": (1.5, None)})
    ([1, 2, 3, '… 2 more'], {'a': [1.5, None]})
    """
    for plain in ("tolist", "as_py"):  # of NumPy, an array or one number; of Arrow
        if hasattr(value, plain):
            value = getattr(value, plain)()
    if isinstance(value, dict):
        return _of_fields(value)
    if isinstance(value, list | tuple):
        more = len(value) - _ITEMS
        shown = [shortened(item) for item in value[:_ITEMS]]
        return [*shown, f"… {more:,} more"] if more > 0 else shown
    if isinstance(value, str) and len(value) > _CHARACTERS:
        return f"{value[:_CHARACTERS]}…"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    known = value is None or isinstance(value, str | int | float)
    return value if known else str(value)


def _of_fields(record: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): shortened(value) for name, value in record.items()}
