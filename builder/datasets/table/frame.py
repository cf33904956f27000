"""A table that was read: its rows, and where each of them stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from builder.errors import AnnotationError, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd


@dataclass(frozen=True)
class Frame:
    """A table, with a row an image.

    Attributes
    ----------
    name : str
        Name of the file, for messages.
    rows : pandas.DataFrame
        Identifiers as text, a gap only where nothing stands; other columns with the
        dtypes that pandas infers.
    where : callable
        Says of a row, from 0 on, where it stands, such as ``line 7``.
    notes : tuple of str
        What is to be said of how it was read.
    """

    name: str
    rows: pd.DataFrame
    where: Callable[[int], str]
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, wanted: str, *, what: str) -> str:
        """Return the name of a column as the table spells it.

        Parameters
        ----------
        wanted : str
            Its name; letter case and blanks around it need not be those of the table.
        what : str
            What asks for it, for the message.

        Raises
        ------
        AnnotationError
            There is none; the message names the nearest.
        """
        names = list(self.rows.columns)
        if wanted in names:
            return wanted
        alike = [name for name in names if plain(name) == plain(wanted)]
        if len(alike) == 1:
            return str(alike[0])
        near = get_close_matches(plain(wanted), [plain(n) for n in names], 1, 0.6)
        spelt = [name for name in names if [plain(name)] == near]
        advice = f"did you mean {spelt[0]!r}?" if spelt else f"correct {what}"
        msg = (
            f"{self.name}: expected a column {wanted!r} ({what}), found"
            f" {_listed(names)}: {advice}"
        )
        raise AnnotationError(msg)


def plain(name: object) -> str:
    """Return the name of a column without what people spell differently."""
    return str(name).strip().casefold()


def _listed(names: Sequence[object], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(cut(str(name)) for name in names[:most]) + more
