"""rows_digest sees what a reader sees, and nothing of how Parquet holds it."""

import doctest
import hashlib
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import builder.output.digests
from builder.output.digests import parts_digest, row_parts, rows_digest

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SCHEMA = pa.schema(
    [
        ("image", IMAGE),
        ("image_id", pa.int64()),
        ("name", pa.string()),
        ("ids", pa.list_(pa.int32())),
        ("age", pa.float64()),
    ]
)
ROWS = [
    {
        "image": {"bytes": b"\xff\xd8one", "path": "a.jpg"},
        "image_id": 9,
        "name": "träger\n",
        "ids": [3, 1],
        "age": None,
    },
    {
        "image": {"bytes": b"", "path": None},
        "image_id": -1,
        "name": None,
        "ids": [],
        "age": 45.5,
    },
    {"image": None, "image_id": 7, "name": "", "ids": None, "age": float("nan")},
]


def table(rows=ROWS, schema=SCHEMA):
    return pa.Table.from_pylist(rows, schema=schema)


def test_the_definition_spelled_out():
    sha256 = hashlib.sha256(b"\xff\xd8one").hexdigest()
    lines = [
        '{"age":null,"ids":[3,1],"image":{"path":"a.jpg","sha256":"' + sha256 + '"},'
        '"image_id":9,"name":"tr\\u00e4ger\\n"}\n',
        '{"age":45.5,"ids":[],"image":{"path":null,"sha256":"'
        + hashlib.sha256(b"").hexdigest()
        + '"},"image_id":-1,"name":null}\n',
        '{"age":NaN,"ids":null,"image":null,"image_id":7,"name":""}\n',
    ]
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert rows_digest(table()) == expected


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
@pytest.mark.parametrize("row_group_size", [1, 2, 100])
def test_parquet_encoding_and_cuts_do_not_matter(compression, row_group_size):
    sink = io.BytesIO()
    pq.write_table(
        table(), sink, compression=compression, row_group_size=row_group_size
    )
    file = pq.ParquetFile(sink)
    assert rows_digest(file.iter_batches(batch_size=2)) == rows_digest(table())


def test_sliced_batches_hash_their_own_rows():
    # a slice shares its parent's buffers: offsets must be honoured in the struct too
    whole = table()
    for at in range(len(ROWS) + 1):
        first, second = whole.slice(0, at), whole.slice(at)
        assert rows_digest(second) == rows_digest(table(ROWS[at:]))
        batches = first.to_batches() + second.to_batches()
        assert rows_digest(iter(batches)) == rows_digest(whole)


def test_column_order_and_widths_do_not_matter():
    narrow = pa.schema(
        [
            SCHEMA.field("age"),
            ("image_id", pa.int32()),
            *(SCHEMA.field(i) for i in (3, 0, 2)),
        ]
    )
    assert rows_digest(table(schema=narrow)) == rows_digest(table())


@pytest.mark.parametrize(
    "change",
    [
        {"image": {"bytes": b"\xff\xd8onf", "path": "a.jpg"}},
        {"image": {"bytes": b"\xff\xd8one", "path": "b.jpg"}},
        {"image": {"bytes": None, "path": "a.jpg"}},
        {"image": None},
        {"image_id": None},
        {"name": "trager\n"},
        {"ids": [1, 3]},
        {"ids": None},
        {"age": 0.0},
    ],
)
def test_any_changed_value_changes_the_digest(change):
    rows = [{**ROWS[0], **change}, *ROWS[1:]]
    assert rows_digest(table(rows)) != rows_digest(table())


def test_order_and_number_of_rows_matter():
    digests = {
        rows_digest(table(rows))
        for rows in (ROWS, ROWS[::-1], ROWS[:2], [*ROWS, ROWS[2]], [])
    }
    assert len(digests) == 5


def test_a_column_that_is_missing_is_not_a_column_of_nulls():
    without = table().drop_columns(["age"])
    nulls = without.append_column("age", pa.nulls(3, pa.float64()))
    assert rows_digest(without) != rows_digest(nulls)


def test_values_without_json_are_refused():
    with pytest.raises(TypeError):
        rows_digest(pa.table({"raw": [b"bytes"]}))


HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
EMPTY = pa.RecordBatch.from_pylist([], schema=SCHEMA)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "image": st.none()
            | st.fixed_dictionaries(
                {
                    "bytes": st.none() | st.binary(max_size=9),
                    "path": st.none() | st.text(),
                }
            ),
            "image_id": st.none() | st.integers(-(2**63), 2**63 - 1),
            "name": st.none() | st.text(),
            "ids": st.none() | st.lists(st.integers(-(2**31), 2**31 - 1)),
            "age": st.none() | st.floats(allow_nan=False),
        }
    ),
    max_size=12,
)


@settings(deadline=None)  # the first example pays for imports
@given(rows=rows, cut=st.integers(1, 5))
def test_equal_to_the_plain_definition_on_any_rows(rows, cut):
    lines = []
    for row in rows:
        image = row["image"]
        if image is not None:
            raw = image["bytes"]
            digest = None if raw is None else hashlib.sha256(raw).hexdigest()
            image = {"path": image["path"], "sha256": digest}
        plain = {**row, "image": image}
        lines.append(json.dumps(plain, sort_keys=True, separators=(",", ":")) + "\n")
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert rows_digest(table(rows).to_batches(max_chunksize=cut)) == expected


@settings(deadline=None)
@given(rows=rows, data=st.data())
def test_parts_give_the_digest_of_the_rows_that_are_kept(rows, data):
    """Of rows that are JSON already, all or some, with images or without."""
    rows = [
        {**row, "image": row["image"] or {"bytes": b"", "path": ""}} for row in rows
    ]
    rows = [{**row, "image": {**row["image"], "bytes": b"x"}} for row in rows]
    (batch,) = table(rows).combine_chunks().to_batches() or [EMPTY]
    parts = row_parts(batch)
    assert len(parts) == len(rows)
    without = batch.drop_columns(["image"])
    assert row_parts(without) == parts
    assert parts_digest(parts) == rows_digest([without])
    kept = [row for row in range(len(rows)) if data.draw(st.booleans())]
    hexes = data.draw(st.lists(HEX, min_size=len(kept), max_size=len(kept)))
    found = parts_digest(
        [parts[row] for row in kept],
        paths=[rows[row]["image"]["path"] for row in kept],
        image_sha256=hexes,
    )
    some = batch.take(pa.array(kept, pa.int64()))
    assert found == rows_digest([some], image_sha256=hexes)
    x = hashlib.sha256(b"x").hexdigest()
    paths = [row["image"]["path"] for row in rows]
    all_of_them = parts_digest(parts, paths=paths, image_sha256=[x] * len(rows))
    assert all_of_them == rows_digest([batch])


@given(
    names=st.lists(
        st.sampled_from(["a", "image_id", "imagf", "Z", "imag"]), unique=True
    )
)
def test_the_image_has_its_place_whatever_columns_stand_around_it(names):
    """Also where none comes before it or after it, or none at all."""
    image = pa.array(
        [{"bytes": b"x", "path": "p"}, {"bytes": b"y", "path": None}], IMAGE
    )
    columns = {**{name: pa.array([1, None]) for name in names}, "image": image}
    batch = pa.RecordBatch.from_pydict(columns)
    hexes = [hashlib.sha256(data).hexdigest() for data in (b"x", b"y")]
    found = parts_digest(row_parts(batch), paths=["p", None], image_sha256=hexes)
    images = [{"path": "p", "sha256": hexes[0]}, {"path": None, "sha256": hexes[1]}]
    lines = [
        json.dumps(
            {**dict.fromkeys(names, value), "image": shown},
            sort_keys=True,
            separators=(",", ":"),
        )
        for value, shown in zip((1, None), images, strict=True)
    ]
    expected = "".join(f"{line}\n" for line in lines)
    assert found == hashlib.sha256(expected.encode()).hexdigest()
    assert found == rows_digest([batch])


def test_an_image_for_each_row_or_an_error():
    parts = row_parts(table().to_batches()[0])
    with pytest.raises(ValueError, match="zip"):
        parts_digest(parts, paths=["a", "b", "c"], image_sha256=["0"])


def test_doctests():
    assert doctest.testmod(builder.output.digests).failed == 0
