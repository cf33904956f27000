"""A table of text as a frame: CSV in the dialects of those who write it. Pure."""

from __future__ import annotations

import csv
import io
import itertools
import re
import warnings
from typing import TYPE_CHECKING

import pandas as pd

from builder.datasets.table.bounds import check_distinct, check_shape, one_line
from builder.datasets.table.frame import Frame, plain
from builder.datasets.table.values import with_decimal_points
from builder.errors import AnnotationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DELIMITERS = ",;\t|"
_EXCEL = re.compile(r'"?sep=(.)"?[ \t]*(?:\r\n|\n|\r)', re.IGNORECASE)
_SKIPPED = re.compile(r"(?:[ \t]*|#(?![,;\t|])[^\r\n]*)(?:\r\n|\n|\r)")
# What pandas takes for a gap (pandas.read_csv, na_values), and a field of nothing.
_GAPS = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND",
    "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
]  # fmt: skip
# Of an error of pandas, whose lines are those below the header.
_LINE = re.compile(r"\bline (\d+)")
_UNNAMED = "Unnamed: "  # as pandas calls it


def read_text(
    text: str, name: str, texts: Sequence[str], notes: tuple[str, ...]
) -> Frame:
    """Return a table of text; see `builder.datasets.table.read.read_frame`."""
    start, delimiter = _find_header(text)
    try:
        names, after = _read_header(text[start:], delimiter, name)
        body = text[start + after :]
        names = _with_unnamed(names, body, delimiter)
    except (csv.Error, ValueError, TypeError) as err:  # a value of 128 KiB, say
        msg = f"{name}: expected a table as CSV, found a {one_line(err)}: correct it"
        raise AnnotationError(msg) from err
    check_shape(max(body.count("\n"), body.count("\r")), len(names), name)
    wanted = {plain(column) for column in texts}
    kept = [column for column in names if plain(column) in wanted]
    try:
        with warnings.catch_warnings():
            # More values than columns: rows would be read one column to the side.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            rows = pd.read_csv(
                io.StringIO(body),
                sep=delimiter,
                header=None,
                names=names,
                index_col=False,
                dtype=dict.fromkeys(kept, str),
                keep_default_na=False,
                na_values={
                    column: [""] if column in kept else _GAPS for column in names
                },
                skipinitialspace=True,
                low_memory=False,  # else a late 85+ makes a column of two dtypes
            )
    except Exception as err:  # pandas has many, of texts that nobody foresaw
        above = _count_lines(text[: start + after])
        reason = _LINE.sub(
            lambda found: f"line {above + int(found[1])}", one_line(err).rstrip(".")
        )
        msg = f"{name}: expected a table as CSV, found that {reason}: correct it"
        raise AnnotationError(msg) from err
    rows = _without_fillers(rows)
    for column in rows.columns:
        if rows[column].dtype.kind not in "iufb":
            rows[column] = _stripped(rows[column])
            if column not in kept:
                rows[column] = with_decimal_points(rows[column], sure=delimiter != ",")
    above = _count_lines(text[: start + after])

    def where(row: int) -> str:
        reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
        filled = (reader.line_num for record in reader if any(map(str.strip, record)))
        try:
            return f"line {above + next(itertools.islice(filled, row, None), 0)}"
        except csv.Error:  # a value above it is too long for that
            return f"row {row + 1}"

    return Frame(name, rows, where, notes)


def _find_header(text: str) -> tuple[int, str]:
    """Return where the header begins, and what parts its columns."""
    start, given = 0, ""
    excel = _EXCEL.match(text)
    if excel:
        start, given = excel.end(), excel[1]
    while skipped := _SKIPPED.match(text, start):
        start = skipped.end()
    line = re.sub(r'"[^"]*"', "", re.split(r"[\r\n]", text[start : start + 65536])[0])
    return start, given or max(_DELIMITERS, key=line.count)


def _read_header(text: str, delimiter: str, name: str) -> tuple[list[str], int]:
    """Return the names of the columns, and how many characters they take."""
    read = 0

    def lines() -> Iterator[str]:
        nonlocal read
        for line in io.StringIO(text[:1_000_000], newline=""):
            read += len(line)
            yield line

    names = [
        part.strip() for part in next(csv.reader(lines(), delimiter=delimiter), [])
    ]
    if not any(names):
        msg = f"{name}: expected the names of the columns first, found none: add them"
        raise AnnotationError(msg)
    check_distinct(names, name)
    return [part or f"{_UNNAMED}{place}" for place, part in enumerate(names)], read


def _with_unnamed(names: list[str], body: str, delimiter: str) -> list[str]:
    """Return the names with those of columns that the rows have besides.

    One more value in a row is its name, as R writes it, unless it is an empty one
    after a delimiter at the end of the line.
    """
    rows = csv.reader(io.StringIO(body[:1_000_000], newline=""), delimiter=delimiter)
    first = next((row for row in rows if any(map(str.strip, row))), [])
    more = [f"{_UNNAMED}{place}" for place in range(len(names), len(first))]
    if len(more) == 1 and first[-1].strip():
        return [*more, *names]
    return [*names, *more]


def _without_fillers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows without what has no name and says nothing.

    That is a column of row numbers, as pandas writes its index, or an empty one after
    a delimiter at the end of each line; and rows of empty fields.
    """
    for column in [n for n in rows.columns if str(n).startswith(_UNNAMED)]:
        values = rows[column]
        is_index = values.dtype.kind in "iu" and values.is_unique
        if is_index or bool(values.isna().all()):
            rows = rows.drop(columns=column)
    return rows.dropna(how="all").reset_index(drop=True)


def _stripped(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.StringDtype):
        return values.str.strip()
    if values.dtype.kind != "O":
        return values
    return values.map(lambda v: v.strip() if isinstance(v, str) else v)


def _count_lines(text: str) -> int:
    return sum(1 for _ in io.StringIO(text, newline=""))
