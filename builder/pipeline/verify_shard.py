"""Whether a shard holds what the manifest says of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from builder.errors import MISFITS
from builder.output.digests import rows_digest
from builder.output.footer import check_footer
from builder.output.schema import features_of, image_bytes, image_paths
from builder.output.shards import shard_reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.output.folder import Folder
    from builder.output.records import FileEntry, Manifest

_UNREADABLE = (OSError, MemoryError, pa.ArrowException, *MISFITS)


def check_shard(
    root: Folder,
    name: str,
    entry: FileEntry,
    manifest: Manifest,
    held: set[tuple[str, str]],
) -> Iterator[str]:
    """Compare what is in a shard, whose bytes are those of the manifest, with it.

    To `held`, name and sha256 of each image are added.
    """
    config = next((c for c in manifest.features if name.startswith(f"data/{c}/")), "")
    try:
        with pq.ParquetFile(shard_reader(root, name)) as file:
            check_footer(file.metadata, entry.bytes)
            groups, schema = file.num_row_groups, file.schema_arrow
            table = file.read()
        features = features_of(schema)
        images = [value.as_buffer() for value in image_bytes(table)]
        paths = image_paths(table)
        rows = rows_digest(table)
    # Whoever made the digests fit may have put anything there.
    except _UNREADABLE as err:
        words = " ".join(str(err).split())
        yield f"{name}: cannot be read as a shard ({type(err).__name__}: {words})"
        return
    if groups != 1:
        yield f"{name}: expected one row group, found {groups}"
    if features != manifest.features.get(config):
        yield f"{name}: its features are not those of the manifest"
    if table.num_rows != entry.rows:
        yield f"{name}: expected {entry.rows} rows, found {table.num_rows}"
    if table.nbytes != entry.num_bytes:
        yield (
            f"{name}: expected {entry.num_bytes} bytes in Arrow, found {table.nbytes}"
        )
    digests = [hashlib.sha256(image).digest() for image in images]
    held.update(zip(paths, (digest.hex() for digest in digests), strict=True))
    if hashlib.sha256(b"".join(digests)).hexdigest() != entry.images_sha256:
        yield f"{name}: its images are not those of the manifest"
    if rows != entry.rows_sha256:
        yield f"{name}: its rows are not those of the manifest"
