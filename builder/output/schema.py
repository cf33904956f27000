"""Features to Arrow schemas, and rows to the columns of one shard. Pure."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from builder.sources.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from builder.selection.contract import SplitRows


def older_spelling(feature: Any) -> Any:
    """Return ``Features.to_dict()`` as `datasets` 2.14 to 5 all read it.

    datasets 4 renamed ``Sequence`` of a single feature to ``List``, which 2 and 3
    do not know; 4 and 5 still read the older name.

    >>> older_spelling({"feature": {"dtype": "int8", "_type": "Value"},
    ...                 "length": -1, "_type": "List"})
    {'feature': {'dtype': 'int8', '_type': 'Value'}, '_type': 'Sequence'}
    """
    if not isinstance(feature, dict):
        return feature
    kept = {
        key: older_spelling(value)
        for key, value in feature.items()
        if not (key == "length" and value == -1)
        and not (key in {"id", "decode"} and isinstance(feature.get("_type"), str))
    }
    if kept.get("_type") == "List":
        kept["_type"] = "Sequence"
    return kept


def schema_of(features: Any) -> pa.Schema:
    """Return the Arrow schema of `features`, readable by every `datasets`.

    Parameters
    ----------
    features : datasets.Features

    Returns
    -------
    pa.Schema
        With the ``huggingface`` metadata from which `datasets` restores features.
    """
    info = {"info": {"features": older_spelling(features.to_dict())}}
    schema = features.arrow_schema.remove_metadata()
    return schema.with_metadata({"huggingface": json.dumps(info)})


def schemas_of(splits: Iterable[SplitRows]) -> dict[str, pa.Schema]:
    """Return the schema of every config, of those that only list files too."""
    schemas: dict[str, pa.Schema] = {}
    for rows in splits:
        for config in (rows.config, *(name for name, *_ in rows.shared)):
            if config not in schemas:
                schemas[config] = schema_of(rows.features)
    return schemas


def features_of(schema: pa.Schema) -> dict[str, Any]:
    """Return the features that a schema's metadata names, in the older spelling."""
    info = read_json(schema.metadata[b"huggingface"])
    features = info["info"]["features"]
    return {name: older_spelling(feature) for name, feature in features.items()}


def batch_of(
    schema: pa.Schema, columns: Mapping[str, Any], start: int, stop: int
) -> pa.RecordBatch:
    """Return rows ``start:stop`` of every column but ``image``."""
    fields = [f for f in schema if f.name != "image"]
    parts = [(f.type, columns[f.name][start:stop]) for f in fields]
    arrays = [
        part.cast(kind) if isinstance(part, pa.Array) else pa.array(part, type=kind)
        for kind, part in parts
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def plan_cuts(
    sizes: NDArray[np.int64], *, max_rows: int, max_bytes: int
) -> list[tuple[int, int]]:
    """Return half-open row ranges, each as long as both limits allow.

    A row larger than `max_bytes` gets a range of its own. No rows give one empty
    range, so that every split has a file.

    >>> plan_cuts(np.array([4, 4, 4, 4, 4]), max_rows=250, max_bytes=9)
    [(0, 2), (2, 4), (4, 5)]
    """
    ends = np.cumsum(sizes)
    cuts = [0]
    while cuts[-1] < len(sizes):
        start = cuts[-1]
        before = ends[start] - sizes[start]
        stop = int(np.searchsorted(ends, before + max_bytes, side="right"))
        cuts.append(min(max(stop, start + 1), start + max_rows))
    return list(itertools.pairwise(cuts)) if len(sizes) else [(0, 0)]


def writer_options(schema: pa.Schema) -> dict[str, Any]:
    """Return the options of `pyarrow.parquet.ParquetWriter` for a shard.

    Image bytes are compressed already and unlike each other, so they go plain and
    uncompressed; the rest is small and goes through a dictionary and snappy. There are
    no content-defined chunks: the Hub's storage cuts bytes that lie there as they are
    by itself, and shares more of a second version without them
    (``tests/benchmarks/trial_chunks.py``).
    """
    fields = [field for field in schema if field.name != "image"]
    others = [leaf for field in fields for leaf in _leaves(field.type, field.name)]
    others.append("image.path")
    return {
        "compression": {**dict.fromkeys(others, "snappy"), "image.bytes": "none"},
        "use_dictionary": others,
        "column_encoding": {"image.bytes": "PLAIN"},
        "write_statistics": others,
        "write_page_index": True,
        # Looked at after every value, so that a page ends at about 1 MB; by
        # default the whole row group goes into one page, at half the speed.
        "write_batch_size": 1,
        "data_page_size": 1024 * 1024,
    }


def _leaves(kind: pa.DataType, path: str) -> list[str]:
    """Return the names that Parquet has for the columns of a field."""
    if pa.types.is_struct(kind):
        return [leaf for f in kind for leaf in _leaves(f.type, f"{path}.{f.name}")]
    if pa.types.is_list(kind):
        return _leaves(kind.value_type, f"{path}.list.element")
    return [path]


def image_paths(table: pa.Table) -> list[str]:
    """Return the name of each image of a shard; empty where it has none."""
    return [
        path or ""
        for chunk in table.column("image").chunks
        for path in chunk.field("path").to_pylist()
    ]


def image_bytes(table: pa.Table) -> Iterator[pa.BinaryScalar]:
    """Yield the bytes of each image of a shard."""
    for chunk in table.column("image").chunks:
        yield from chunk.field("bytes")
