"""What single values of a table mean: gaps, numbers, texts. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from builder.sources.texts import BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

# How people write that they do not know whose an image is, or what it shows.
_UNKNOWN = frozenset(
    {"", "na", "n/a", "#n/a", "<na>", "nan", "none", "null", "unknown", "-1", "-1.0"}
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+(?:,\d+)?")


@dataclass(frozen=True, eq=False)
class Column(Sequence[Any]):
    """Values of some rows, which become Python's when they are asked for.

    Attributes
    ----------
    make : callable
        Returns the values of rows.
    rows : ndarray of int64, shape (n,)
    """

    make: Callable[[NDArray[np.int64]], list[Any]]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return self.make(self.rows[at])
        return self.make(self.rows[[at]])[0]

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self), BLOCK):
            yield from self[start : start + BLOCK]


def in_order(values: pd.Series) -> Iterator[Any]:
    """Yield the values of a column as Python's, some of which are made at a time."""
    for start in range(0, len(values), BLOCK):
        yield from values.iloc[start : start + BLOCK].tolist()


def known_texts(values: Iterable[Any]) -> list[str | None]:
    """Return identifiers or labels as text, None where there is none.

    >>> known_texts(["0012", " mel", "Unknown", "-1", float("nan"), None, "", 7, 40.0])
    ['0012', 'mel', None, None, None, None, None, '7', '40']
    """
    found = []
    once: dict[str, str] = {}  # a text of its own for each row would add up
    for value in values:
        text = as_text(value).strip()
        found.append(None if text.lower() in _UNKNOWN else once.setdefault(text, text))
    return found


def as_text(value: Any) -> str:
    """Return a value as text, a whole float without its point, a gap as nothing.

    >>> as_text("0012"), as_text(40.0), as_text(None), as_text(True)
    ('0012', '40', '', 'True')
    """
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float | np.floating):
        if math.isnan(value):
            return ""
        whole = math.isfinite(value) and value == int(value)
        return str(int(value)) if whole else repr(float(value))
    return str(value)


def numbers(values: pd.Series) -> NDArray[np.float64]:
    """Return numbers, NaN for whatever is none; a comma may be the decimal point.

    >>> numbers(pd.Series(["35,0", "40.5", "85+", None])).tolist()
    [35.0, 40.5, nan, nan]
    """
    if values.dtype.kind not in "iufb":
        values = values.map(lambda value: as_text(value).replace(",", "."))
        values = pd.to_numeric(values, errors="coerce")
    found: NDArray[np.float64] = values.to_numpy(np.float64, na_value=np.nan)
    return found


def with_decimal_points(values: pd.Series, *, sure: bool) -> pd.Series:
    """Return a column of numbers with decimal commas as numbers, others as they are.

    Parameters
    ----------
    values : pandas.Series
    sure : bool
        Whether a comma cannot part thousands, as where it does not part the columns
        either; else ``1,234`` stays text where no value says which it is.
    """
    if values.dtype.kind in "iufb":
        return values
    first = str(next(iter(values.dropna().head(1)), ""))
    if not _DECIMAL_COMMA.fullmatch(first):  # most columns: at once
        return values
    texts = [value for value in values.dropna() if isinstance(value, str)]
    if len(texts) < int(values.notna().sum()) or not any("," in t for t in texts):
        return values
    if not all(_DECIMAL_COMMA.fullmatch(text) for text in texts):
        return values
    parted = [text.lstrip("+-").split(",") for text in texts if "," in text]
    if not sure and all(
        len(rest) == 3 and whole.lstrip("0") and len(whole) <= 3
        for whole, rest in parted
    ):
        return values
    return pd.Series(numbers(values), index=values.index)
