"""Whether a Parquet file may be read: by its footer, which anybody may have written.

A few bytes can stand for a billion equal values. What the pages themselves say is not
known before they are read; that a footer lies about them is not looked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.limits import (
    MAX_SHARD_LABELS,
    MAX_SHARD_RATIO,
    MAX_SHARD_ROWS,
    MAX_SHARD_VALUES,
)

if TYPE_CHECKING:
    import pyarrow.parquet as pq


def check_footer(footer: pq.FileMetaData, size: int) -> None:
    """Raise ValueError for a file whose rows would be far larger than its bytes.

    Parameters
    ----------
    footer : pq.FileMetaData
    size : int
        Bytes of the file.
    """
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    columns = [
        group.column(place) for group in groups for place in range(footer.num_columns)
    ]
    rows = max(footer.num_rows, sum(group.num_rows for group in groups))
    for what, found, most in (
        ("rows", rows, MAX_SHARD_ROWS),
        ("values", sum(column.num_values for column in columns), MAX_SHARD_VALUES),
        (
            "bytes in its columns",
            sum(column.total_uncompressed_size for column in columns),
            MAX_SHARD_RATIO * size + MAX_SHARD_LABELS,
        ),
    ):
        if found > most:
            msg = f"expected {most:,} {what} at most, found {found:,}"
            raise ValueError(msg)
