"""Digests: of rows as a reader gets them, of JSON, of files. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

# The column of images.
IMAGE = "image"


def to_json(record: Mapping[str, Any]) -> bytes:
    """Return a record as a JSON file."""
    return f"{json.dumps(record, indent=1, ensure_ascii=False)}\n".encode()


def digest_of(value: Any) -> str:
    """Return the sha256 of a JSON value in its canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(
    file: BinaryIO, *others: hashlib._Hash, most: int | None = None
) -> tuple[str, int]:
    """Return sha256 and number of the bytes of an open file.

    Parameters
    ----------
    file : file
        Read from where it is, to its end.
    *others : hash
        Are given the same bytes.
    most : int, optional
        Where there are more bytes, it stops a bit after as many: it is another file.

    Examples
    --------
    >>> import io
    >>> file_digest(io.BytesIO(b"abc"))[0][:8]
    'ba7816bf'
    """
    sha256 = hashlib.sha256()
    size = 0
    while data := file.read(1 << 20):
        for digest in (sha256, *others):
            digest.update(data)
        size += len(data)
        if most is not None and size > most:
            break
    return sha256.hexdigest(), size


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
    >>> import pyarrow as pa
    >>> table = pa.table({"label": [1, None], "file_name": ["a.jpg", "b.jpg"]})
    >>> rows_digest(table) == rows_digest(table.to_batches(max_chunksize=1))
    True
    >>> rows_digest(table)[:8]
    'f2fcabc3'
    """
    import pyarrow as pa  # slow, and a plan needs no rows

    digest = hashlib.sha256()
    for batch in rows.to_batches() if isinstance(rows, pa.Table) else rows:
        images = _images(batch, image_sha256)
        _update(digest, row_parts(batch), images)
    return digest.hexdigest()


def row_parts(batch: pa.RecordBatch) -> list[tuple[str, str]]:
    """Return each row but its image as JSON, cut where the image belongs.

    Of the columns that sort before ``image``, and of those that sort after it; so that
    a row becomes JSON once, whatever is made of it.
    """
    names = sorted(f.name for f in batch.schema if not _is_image(f.type))
    columns = {name: batch.column(name).to_pylist() for name in names}
    sides = [n for n in names if n < IMAGE], [n for n in names if n > IMAGE]
    parts = []
    for row in range(batch.num_rows):
        before, after = (
            _to_json({name: columns[name][row] for name in side})[1:-1]
            for side in sides
        )
        parts.append((before, after))
    return parts


def parts_digest(
    parts: Sequence[tuple[str, str]],
    *,
    paths: Sequence[str] = (),
    image_sha256: Sequence[str] = (),
) -> str:
    """Return `rows_digest` of rows that are JSON already, see `row_parts`.

    Parameters
    ----------
    parts : sequence of (str, str), length n
    paths, image_sha256 : sequence of str, length n
        Path and digest of the image of each row; empty for rows without one.
    """
    images: list[object] | None = None
    if len(paths):
        pairs = zip(paths, image_sha256, strict=True)
        images = [{"path": path, "sha256": sha256} for path, sha256 in pairs]
    digest = hashlib.sha256()
    _update(digest, parts, images)
    return digest.hexdigest()


def _update(
    digest: hashlib._Hash,
    parts: Sequence[tuple[str, str]],
    images: Sequence[object] | None,
) -> None:
    for row, (before, after) in enumerate(parts):
        image = "" if images is None else f'"{IMAGE}":{_to_json(images[row])}'
        line = ",".join(part for part in (before, image, after) if part)
        digest.update(f"{{{line}}}\n".encode("ascii"))


def _to_json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _images(
    batch: pa.RecordBatch, image_sha256: Sequence[str] | None
) -> list[object] | None:
    """Return the images of a batch for JSON; None if it has no column of them."""
    names = [f.name for f in batch.schema if _is_image(f.type)]
    if not names:
        return None
    return _values(batch.column(names[0]), image_sha256)


def _values(column: pa.Array, image_sha256: Sequence[str] | None) -> list[object]:
    """Return the images of a column for JSON, each as its path and sha256."""
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
    import pyarrow as pa

    return pa.types.is_struct(kind) and {f.name for f in kind} == {"bytes", "path"}
