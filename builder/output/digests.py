"""Digests of rows: what a reader gets, however Parquet wraps it. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def rows_digest(
    rows: pa.Table | Iterable[pa.RecordBatch],
    *,
    image_sha256: Sequence[str] | None = None,
) -> str:
    """Return the sha256 of rows in their order, as 64 hexadecimal digits.

    Each row is one line of JSON: keys sorted, no spaces, nulls as ``null``,
    integers and floats as Python writes them. An image, which is a struct of
    ``bytes`` and ``path``, stands as its path and the sha256 of its bytes. So
    the digest does not depend on the version of pyarrow, on compression, on
    the width of integers, or on the order of columns; nor on where batches are
    cut, and the batches of several shards give the digest of their union.

    Parameters
    ----------
    rows : pa.Table or iterable of pa.RecordBatch
        The rows; batches are read once and not kept.
    image_sha256 : sequence of str, optional
        Hexadecimal sha256 of the image of each row, where they are known already:
        so that no image is hashed twice. Only for rows in one batch.

    Examples
    --------
    >>> table = pa.table({"label": [1, None], "file_name": ["a.jpg", "b.jpg"]})
    >>> rows_digest(table) == rows_digest(table.to_batches(max_chunksize=1))
    True
    >>> rows_digest(table)[:8]
    'f2fcabc3'
    """
    digest = hashlib.sha256()
    for batch in rows.to_batches() if isinstance(rows, pa.Table) else rows:
        for line in _lines(batch, image_sha256):
            digest.update(line.encode("ascii"))
            digest.update(b"\n")
    return digest.hexdigest()


def _lines(batch: pa.RecordBatch, image_sha256: Sequence[str] | None) -> Iterator[str]:
    """Yield each row of a batch as canonical JSON."""
    names = sorted(batch.schema.names)
    columns = [_values(batch.column(name), image_sha256) for name in names]
    for values in zip(*columns, strict=True):
        row = dict(zip(names, values, strict=True))
        yield json.dumps(row, sort_keys=True, separators=(",", ":"))


def _values(column: pa.Array, image_sha256: Sequence[str] | None) -> list[object]:
    """Return the values of a column for JSON, each image as path and sha256."""
    if not _is_image(column.type):
        values: list[object] = column.to_pylist()
        return values
    # flatten(), unlike field(), makes the children of a null image null
    children = dict(zip((f.name for f in column.type), column.flatten(), strict=True))
    images: list[object] = []
    if image_sha256 is not None:
        paths = children["path"].to_pylist()
        pairs = zip(paths, image_sha256, strict=True)
        return [{"path": path, "sha256": sha256} for path, sha256 in pairs]
    for valid, data, path in zip(
        column.is_valid(), children["bytes"], children["path"], strict=True
    ):
        if not valid.as_py():
            images.append(None)
            continue
        # as_buffer() is a view: an image is hashed where Arrow holds it
        sha256 = hashlib.sha256(data.as_buffer()).hexdigest() if data.is_valid else None
        images.append({"path": path.as_py(), "sha256": sha256})
    return images


def _is_image(kind: pa.DataType) -> bool:
    """Tell whether a type is how `datasets` stores an image: bytes and path."""
    return pa.types.is_struct(kind) and {f.name for f in kind} == {"bytes", "path"}
