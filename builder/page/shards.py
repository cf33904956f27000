"""The tasks on one Parquet file: what its rows say, and its pictures made small."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.errors import OutputError, VerifyError
from builder.limits import LIMITS, Limits
from builder.output.digests import IMAGE
from builder.output.footer import check_footer
from builder.page.columns import flat_boxes
from builder.page.pictures import Picture, make_small

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from builder.output.folder import Folder
    from builder.page.columns import Column


@dataclass(frozen=True, slots=True)
class ReadTask:
    """A file of a build, what its manifest says of it, and which columns to take."""

    root: Folder
    name: str
    sha256: str
    size: int
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Rows:
    """The rows of one file.

    Attributes
    ----------
    images : list of (bytes or None), length n
        sha256 of each image; None where a row has none.
    paths : list of str, length n
        Name of each image.
    columns : dict of str to list, each of length n
        As Parquet has them; boxes as `flat_boxes` returns them.
    """

    images: list[bytes | None]
    paths: list[str]
    columns: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class DrawTask:
    """Rows of a file whose pictures are to be made, in which sizes and limits."""

    root: Folder
    name: str
    rows: tuple[int, ...]
    sizes: tuple[int, ...]
    limits: Limits = LIMITS


def read_rows(task: ReadTask) -> Rows:
    """Return the rows of a file that is what the manifest says.

    Raises
    ------
    OutputError
        It is not there, or cannot be read as a table with images.
    VerifyError
        It is another file than the manifest says.
    """
    data = task.root.read(task.name, task.size)
    if data is None:
        msg = (
            f"{task.name}: is in the manifest, but not there: get the whole folder, or"
            " build it again"
        )
        raise OutputError(msg)
    if len(data) > task.size:
        msg = (
            f"{task.name}: expected {task.size:,} bytes, found more: build or download"
            " it again"
        )
        raise VerifyError(msg)
    found = (hashlib.sha256(data).hexdigest(), len(data))
    if found != (task.sha256, task.size):
        msg = (
            f"{task.name}: expected sha256 {task.sha256[:16]}… and {task.size:,} bytes,"
            f" found {found[0][:16]}… and {found[1]:,}: build or download it again"
        )
        raise VerifyError(msg)
    table = _read(data, task.name, [IMAGE, *(c.name for c in task.columns)])
    return Rows(
        [
            data if data is None else hashlib.sha256(data).digest()
            for data in _data(table)
        ],
        [str(value or "") for value in _children(table, "path")],
        {column.name: _values(table, column) for column in task.columns},
    )


def draw_pictures(task: DrawTask) -> list[Picture]:
    """Return the pictures of some rows of a file, made small."""
    data = task.root.read(task.name) or b""
    table = _read(data, task.name, [IMAGE]).take(list(task.rows))
    return [
        make_small(data if data is None else bytes(data), task.sizes, task.limits)
        for data in _data(table)
    ]


def _values(table: pa.Table, column: Column) -> list[Any]:
    values: list[Any] = table[column.name].to_pylist()
    return [flat_boxes(v) for v in values] if column.kind == "boxes" else values


def _read(data: bytes, name: str, columns: list[str]) -> pa.Table:
    import pyarrow as pa  # slow
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            check_footer(file.metadata, len(data))
            table = file.read(columns=columns)
    except (pa.ArrowException, OSError, MemoryError, ValueError) as err:
        words = " ".join(str(err).split())
        msg = f"{name}: cannot be read as Parquet: {words}: build it again"
        raise OutputError(msg) from err
    kinds = {field.name: field.type for field in table.schema}
    missing = sorted(set(columns) - set(kinds))
    image = kinds.get(IMAGE, pa.null())
    if missing or not pa.types.is_struct(image) or image.get_field_index("bytes") < 0:
        wanted = ", ".join(missing or [f"{IMAGE} with bytes and path"])
        msg = f"{name}: expected the columns of the manifest, found none of {wanted}"
        raise OutputError(f"{msg}: build it again")
    return table


def _data(table: pa.Table) -> Iterator[Any]:
    """Yield a view of each image's bytes, or None."""
    for chunk in table[IMAGE].chunks:
        # flatten(), unlike field(), makes the children of a null image null
        values = chunk.flatten()[chunk.type.get_field_index("bytes")]
        yield from (v.as_buffer() if v.is_valid else None for v in values)


def _children(table: pa.Table, child: str) -> Iterator[Any]:
    for chunk in table[IMAGE].chunks:
        place = chunk.type.get_field_index(child)
        yield from (
            [None] * len(chunk) if place < 0 else chunk.flatten()[place].to_pylist()
        )
