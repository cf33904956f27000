"""A list of pairs of images that belong together. Pure."""

from __future__ import annotations

from builder.datasets.table.read import read_frame
from builder.errors import AnnotationError


def read_pairs(data: bytes, *, name: str) -> list[tuple[str, str]]:
    """Return the pairs of a table: the names in its first two columns, in file order.

    Parameters
    ----------
    data : bytes
        Of the file, in any dialect of `read_frame`.
    name : str
        Name of the file, for messages.

    Raises
    ------
    AnnotationError
        It is no table of two columns.
    """
    columns = list(read_frame(data, name=name).rows.columns)
    if len(columns) < 2:
        msg = (
            f"{name}: expected two columns with the names of images that belong"
            f" together, found {', '.join(map(repr, columns))}: check 'duplicates' of"
            " the recipe"
        )
        raise AnnotationError(msg)
    frame = read_frame(data, name=name, texts=columns[:2]).rows[columns[:2]].dropna()
    pairs = zip(*(frame[column].tolist() for column in columns[:2]), strict=True)
    return [(str(a), str(b)) for a, b in pairs]
