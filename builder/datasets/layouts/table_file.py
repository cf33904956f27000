"""A table as a frame of text, or what it is that is none. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.datasets.layouts.findings import Unusable
from builder.datasets.table.kinds import is_parquet, why_unusable
from builder.datasets.table.read import read_frame

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_of", "is_parquet"]

# Enough of a text for the names of its columns.
_START = 1 << 16


def frame_of(data: bytes, name: str) -> pd.DataFrame | Unusable:
    """Return a table with all its values as they are written.

    Raises
    ------
    AnnotationError
        It is no table.
    """
    if is_parquet(data) and _holds_images(data):
        what = "Parquet with the images in it"
        return Unusable(what, "load_dataset reads it as it is")
    unusable = None if is_parquet(data) else why_unusable(data)
    if unusable:
        return Unusable(*unusable)
    start = data
    if len(data) > _START and not is_parquet(data) and data.lstrip()[:1] != b"[":
        start = data[:_START].rpartition(b"\n")[0]
    names = read_frame(start, name=name, may_be_empty=True).rows.columns
    return read_frame(data, name=name, texts=list(names)).rows


def _holds_images(data: bytes) -> bool:
    """Whether a Parquet file has the images in it, as the Hub stores them."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        schema = parquet.read_schema(pa.BufferReader(data))
    except Exception:  # Arrow has many, of bytes that nobody foresaw
        return False
    return any(
        pa.types.is_struct(column.type)
        and {"bytes", "path"} <= {inner.name for inner in column.type}
        for column in schema
    )
