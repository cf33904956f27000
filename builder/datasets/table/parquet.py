"""A table in Parquet, of which nothing is unpacked before its size is known. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.datasets.table.bounds import check_distinct, check_shape, one_line
from builder.errors import AnnotationError
from builder.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa


def read_parquet(data: bytes, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of a Parquet file, and the names of columns that are left out.

    These are those that hold no single values.

    Parameters
    ----------
    data : bytes
    name : str
        Name of the file, for messages.

    Raises
    ------
    AnnotationError
        It is none, or it unpacks to more than a file may have.
    """
    try:
        table, others = _read(data, name)
        frame: pd.DataFrame = table.to_pandas()
    except AnnotationError:
        raise
    except Exception as err:  # Arrow has many, of bytes that nobody foresaw
        msg = (
            f"{name}: expected a Parquet file, found that {one_line(err)}: give a whole"
            " one"
        )
        raise AnnotationError(msg) from err
    return frame.reset_index(drop=True), others


def _read(data: bytes, name: str) -> tuple[pa.Table, list[str]]:
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(pa.BufferReader(data)) as file:
        told = file.metadata
        check_shape(told.num_rows, told.num_columns, name)
        groups = [told.row_group(at) for at in range(told.num_row_groups)]
        _check_bytes(sum(max(0, group.total_byte_size) for group in groups), name)
        fields = list(file.schema_arrow)
        for kind in (field.type for field in fields):
            if pa.types.is_fixed_size_binary(kind):
                _check_bytes(told.num_rows * kind.byte_width, name)
    check_distinct([field.name for field in fields], name)
    # How many values a list has is told nowhere.
    names = [f.name for f in fields if _is_single(f.type)]
    texts = [f.name for f in fields if _is_text(f.type)]
    # Texts that repeat are stored once, and could be many when each row has its own.
    with parquet.ParquetFile(pa.BufferReader(data), read_dictionary=texts) as file:
        packed = file.read(names, use_threads=False)
    _check_bytes(sum(map(_unpacked, packed.columns)), name)
    others = [f.name for f in fields if not _is_single(f.type)]
    return packed.cast(_with_plain(packed.schema, texts)), others


def _is_single(kind: pa.DataType) -> bool:
    """Whether values have a size that is known, or are texts that may repeat."""
    import pyarrow as pa

    is_view = pa.types.is_string_view(kind) or pa.types.is_binary_view(kind)
    is_own = isinstance(kind, pa.BaseExtensionType)
    return not (pa.types.is_nested(kind) or is_view or is_own)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _unpacked(column: pa.ChunkedArray) -> int:
    """Return the bytes that a column takes once each row has its own value."""
    import pyarrow as pa
    from pyarrow import compute

    if not (pa.types.is_dictionary(column.type) and _is_text(column.type.value_type)):
        return int(column.nbytes)
    total = 0
    for chunk in column.chunks:
        lengths = compute.binary_length(chunk.dictionary).cast(pa.int64())
        total += compute.sum(lengths.take(chunk.indices)).as_py() or 0
    return total


def _with_plain(schema: pa.Schema, texts: Sequence[str]) -> pa.Schema:
    for at, field in enumerate(schema):
        if field.name in texts:
            schema = schema.set(at, field.with_type(field.type.value_type))
    return schema


def _check_bytes(size: int, name: str) -> None:
    if size > LIMITS.max_file_size:
        msg = (
            f"{name}: expected {LIMITS.max_file_size:,} bytes at most once it is"
            f" unpacked, found {size:,}: leave out columns that no recipe names"
        )
        raise AnnotationError(msg)
