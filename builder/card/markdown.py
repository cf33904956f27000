"""Numbers and tables as a person reads them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; numbers are set to the right.

    >>> print(table(["name", "n"], [["car", 1500]]))
    | name | n |
    |---|--:|
    | car | 1,500 |
    """
    numeric = [
        bool(rows) and all(isinstance(row[i], int | float) for row in rows)
        for i in range(len(head))
    ]
    lines = [
        f"| {' | '.join(head)} |",
        f"|{'|'.join('--:' if right else '---' for right in numeric)}|",
        *(f"| {' | '.join(_cell(value) for value in row)} |" for row in rows),
    ]
    return "\n".join(lines)


def megabytes(size: int) -> str:
    """Return a size for people, in units of 1,000.

    >>> megabytes(1_234_567_890), megabytes(40_000_000), megabytes(999)
    ('1.2 GB', '40 MB', '999 bytes')
    """
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            digits = 1 if size < 10 * unit else 0
            return f"{size / unit:.{digits}f} {name}"
    return f"{size} bytes"


def count_of(number: int, one: str, many: str) -> str:
    """Return a number with the right form of a word.

    >>> count_of(1, "draw", "draws"), count_of(1500, "draw", "draws")
    ('1 draw', '1,500 draws')
    """
    return f"{number:,} {one if number == 1 else many}"


def _cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).replace("|", "\\|")
    return f"{value:,}"


def percent(share: float | None) -> str:
    """Return a share for people.

    >>> percent(0.5), percent(None)
    ('50.0 %', '-')
    """
    return "-" if share is None else f"{100 * share:.1f} %"
