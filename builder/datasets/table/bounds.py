"""How large a table may be: looked at before it is read. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from builder.errors import AnnotationError, brief
from builder.limits import MAX_CELLS, MAX_COLUMNS, MAX_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def check_lines(data: bytes, name: str) -> None:
    """Raise AnnotationError for a line of far more than `MAX_LINE` bytes.

    Of a line that is twice as long, one of the parts that are looked at is a piece
    without an end; of others none is.
    """
    for start in range(0, len(data), MAX_LINE):
        stop = start + MAX_LINE
        if stop > len(data):
            return
        if data.find(b"\n", start, stop) < 0 and data.find(b"\r", start, stop) < 0:
            line = data.count(b"\n", 0, start) + 1
            msg = (
                f"{name}: expected lines of {MAX_LINE:,} bytes at most, found that line"
                f" {line} is longer: give a table with a row an image"
            )
            raise AnnotationError(msg)


def check_shape(rows: int, columns: int, name: str) -> None:
    """Raise AnnotationError for more columns, or more values in all, than are read."""
    if columns > MAX_COLUMNS:
        msg = (
            f"{name}: expected {MAX_COLUMNS:,} columns at most, found {columns:,}:"
            " leave out those that no recipe names"
        )
        raise AnnotationError(msg)
    if rows * columns > MAX_CELLS:
        msg = (
            f"{name}: expected {MAX_CELLS:,} values at most, found {rows:,} rows of"
            f" {columns:,} columns: leave out those that no recipe names"
        )
        raise AnnotationError(msg)


def check_distinct(names: Sequence[str], name: str) -> None:
    """Raise AnnotationError for two columns of one name."""
    uses = Counter(names)
    twice = [one for one in names if one and uses[one] > 1]
    if twice:
        msg = (
            f"{name}: expected columns of different names, found {brief(twice[0])}"
            " twice: rename one"
        )
        raise AnnotationError(msg)


def one_line(err: BaseException) -> str:
    """Return the words of a library in one line, which is not too long."""
    words = " ".join(str(err).split()) or type(err).__name__
    return words if len(words) <= 300 else f"{words[:300]}…"


def names_of(records: list[dict[str, object]]) -> Iterator[str]:
    """Yield each name once that a record has, and one more than are read at most."""
    seen: set[str] = set()
    for record in records:
        for name in record:
            if name not in seen:
                seen.add(name)
                yield name
                if len(seen) > MAX_COLUMNS:
                    return
