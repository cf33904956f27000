"""A table of text, JSON Lines or Parquet as a frame, however it was written. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from builder.datasets.table.bounds import (
    check_distinct,
    check_lines,
    check_shape,
    names_of,
    one_line,
)
from builder.datasets.table.frame import Frame, plain
from builder.datasets.table.kinds import is_parquet, why_unusable
from builder.datasets.table.parquet import read_parquet
from builder.datasets.table.text import read_text
from builder.datasets.table.values import as_text
from builder.errors import AnnotationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def read_frame(
    data: bytes, *, name: str, texts: Sequence[str] = (), may_be_empty: bool = False
) -> Frame:
    r"""Return the table that a file holds.

    Read are CSV with commas, semicolons, tabs or bars between the columns, any line
    ends, a byte order mark, quotes, Excel's ``sep=`` line, comments (``#``) above the
    header, blank lines, blanks around names and values, and an unnamed column that
    numbers the rows or is empty; JSON Lines, or one JSON list of records; and Parquet.

    Parameters
    ----------
    data : bytes
        Text in UTF-8, else in Windows-1252, which is said; or a Parquet file.
    name : str
        Name of the file, for messages.
    texts : sequence of str
        Columns that are identifiers, which keep their zeros: 0012 is not 12.
    may_be_empty : bool
        Whether a table without rows is one.

    Raises
    ------
    AnnotationError
        It is no such table; the message says what it is, and the next step.
    """
    unusable = why_unusable(data)
    if unusable:
        what, step = unusable
        msg = (
            f"{name}: expected a table as CSV, JSON Lines or Parquet, found that it is"
            f" {what}: {step}"
        )
        raise AnnotationError(msg)
    if is_parquet(data):
        rows, others = read_parquet(data, name)
        notes = tuple(_left_out(name, column) for column in others)
        frame = _of_records(rows, name, texts, _number_rows, notes)
    else:
        text, notes = _decode(data, name)
        if text.lstrip()[:1] != "[":  # JSON may be one line
            check_lines(data, name)
        if text.lstrip()[:1] in {"{", "["}:
            records, lines = _json(text, name)
            where = _number_rows if lines is None else _number_lines(lines)
            check_shape(len(records), sum(1 for _ in names_of(records)), name)
            frame = _of_records(_framed(records, name), name, texts, where, notes)
        else:
            frame = read_text(text, name, texts, notes)
    if not len(frame) and not may_be_empty:
        msg = (
            f"{name}: expected rows below the names of the columns, found none: give"
            " the whole table"
        )
        raise AnnotationError(msg)
    return frame


def _decode(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        pass
    try:
        text, encoding = data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, encoding = data.decode("latin-1"), "Latin-1"
    return text, (f"{name} is not in UTF-8: read as {encoding}",)


def _json(text: str, name: str) -> tuple[list[dict[str, Any]], list[int] | None]:
    """Return the records of JSON Lines with the line of each, or of one JSON list."""
    import msgspec  # not needed by a CSV

    try:
        if text.lstrip()[0] == "[":
            return msgspec.json.decode(text, type=list[dict[str, Any]]), None
        decoder = msgspec.json.Decoder(dict[str, Any])
        lines = [
            (number, decoder.decode(line))
            for number, line in enumerate(text.split("\n"), 1)
            if line.strip()
        ]
    except (msgspec.MsgspecError, RecursionError) as err:
        found = one_line(err)
        if isinstance(err, RecursionError):
            found = "its values are nested too deeply"
        msg = (
            f"{name}: expected JSON Lines, an object of plain values in each line,"
            f" found that {found}: correct it, or give a CSV"
        )
        raise AnnotationError(msg) from err
    return [record for _, record in lines], [number for number, _ in lines]


def _framed(records: list[dict[str, Any]], name: str) -> pd.DataFrame:
    try:
        return pd.DataFrame(records)
    except Exception as err:  # pandas has many, of values that nobody foresaw
        msg = f"{name}: expected plain values, found that {one_line(err)}: correct it"
        raise AnnotationError(msg) from err


def _of_records(
    rows: pd.DataFrame,
    name: str,
    texts: Sequence[str],
    where: Callable[[int], str],
    notes: tuple[str, ...] = (),
) -> Frame:
    """Return records as a frame: identifiers as text, and nested values as JSON."""
    wanted = {plain(column) for column in texts}
    rows.columns = [str(column).strip() for column in rows.columns]
    check_distinct(list(rows.columns), name)
    for column in list(rows.columns):
        values = rows[column]
        if plain(column) in wanted:
            found = [as_text(value).strip() or None for value in values.tolist()]
            rows[column] = pd.Series(found, index=rows.index, dtype=object)
        elif values.map(lambda value: isinstance(value, dict | list | bytes)).any():
            rows = rows.drop(columns=column)
            notes = (*notes, _left_out(name, column))
    return Frame(name, rows, where, notes)


def _left_out(name: str, column: str) -> str:
    return f"{name}: the column {column!r} holds no single values: left out"


def _number_rows(row: int) -> str:
    return f"row {row + 1}"


def _number_lines(lines: Sequence[int]) -> Callable[[int], str]:
    return lambda row: f"line {lines[row]}"
