"""Tables: CSV, JSON Lines and Parquet that break who reads them."""

from __future__ import annotations

import gzip
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile.manifests import DEEP
from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile

GOOD = "image,label\n0,a\n1,b\n2,a\n3,b\n4,a\n5,b\n"


def _zipped(name, data):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr(name, data)
    return sink.getvalue()


@each(
    "table",
    REFUSED,
    {
        "empty": b"", "blank": b"\n\n\n", "header": b"image,label\n",
        "nul": b"\0" * 500,
        "utf16": GOOD.encode("utf-16"), "utf32": GOOD.encode("utf-32"),
        "hdf5": b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "pdf": b"%PDF-1.4\n",
        "excel": _zipped("xl/workbook.xml", b"<x/>"), "html": b"<!doctype html><p>no",
        "pickle": b"\x80\x04\x95cos\nsystem\n(S'true'\ntR.", "lfs":
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "one-quote": b'image,label\n0,"a\n1,b\n', "one-column": b"image\n0\n1\n",
        "deep-json": b'{"image": ' + b"[" * DEEP, "json-number": b"[1, 2]",
        "json-text": b'["a"]', "json-broken": b'{"image": "0"', "json-mixed":
        b'{"image": "0", "label": "a"}\n[1]\n', "parquet-head": b"PAR1" + b"\0" * 50,
        "parquet-tail": b"PAR1" + b"\xff" * 50 + b"\xff\xff\xff\x7fPAR1",
        "gzip-bomb": gzip.compress(b"0" * 10_000_000), "carriage": b"\r" * 100,
        "json-digits": b'{"image": ' + b"9" * 5000 + b"}", "escape":
        b"\x1b[31m,\x1b[2J\n1,2\n", "backspaces": b"\x08,\x07\n1,2\n",
    },
    says=("t.csv",),
)  # fmt: skip
def table_is(world, data):
    world.table(data)
    return world.quick()


@each(
    "table",
    EITHER,
    {
        "formula": GOOD.replace(",a", ",=cmd|' /C calc'!A0"),
        "ragged": GOOD + "6,a,b,c,d,e\n7\n",
        "columns": GOOD.replace("\n", "," * 9999 + "\n"),
        "field": GOOD.replace(",a", "," + "x" * 3_000_000, 1),
        "twice": GOOD.replace("image,label", "image,image"),
        "case": GOOD.replace("image,label", "Image,LABEL"),
        "numbers": GOOD.replace(",a", ",1e999"), "nan": GOOD.replace(",a", ",nan"),
        "blank": GOOD.replace(",a", ","),
        "digits": GOOD.replace("\n0,", f"\n{'9' * 5000},"),
        "half": GOOD.replace(",a", ",\udc80"), "bidi": GOOD.replace(",a", ",\u202ea"),
        "escape": GOOD.replace(",a", ",\x1b[31m"), "nul": GOOD.replace(",a", ",\0"),
        "lines": GOOD + "\n" * 100_000, "comment": "# x\n" * 10_000 + GOOD,
        "separator": "sep=\x1b\n" + GOOD, "separator-long": "sep=,,,,\n" + GOOD,
        "names": GOOD.replace("label", "label\x1b[31m"),
        "tabs": GOOD.replace(",", "\t,"),
        "twice-image": GOOD + "0,b\n", "spaces": GOOD.replace("\n0,", "\n 0 ,"),
        "unicode-lines": GOOD.replace("\n1,b", "\u20281,b"),
        "quotes": GOOD + '"""",""\n',
    },
)  # fmt: skip
def table_has(world, text):
    world.table(text.encode("utf-8", "surrogateescape"))
    return world.quick()


@hostile("table", RIGHT)
def table_of_another_encoding(world):
    world.table(GOOD.replace(",a", ",ä").encode("cp1252"))
    return world.quick()


def _parquet(metadata=None, **columns):
    table = pa.table(columns)
    if metadata is not None:
        table = table.replace_schema_metadata(metadata)
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


ROWS = {"image": ["0", "1", "2", "3"], "label": ["a", "b", "a", "b"]}


@each(
    "table",
    EITHER,
    {
        "none": _parquet(**ROWS),
        "pandas": _parquet({"pandas": b"{"}, **ROWS),
        "pandas-deep": _parquet({"pandas": b"[" * DEEP}, **ROWS),
        "pandas-columns": _parquet({"pandas": b'{"columns": 5}'}, **ROWS),
        "pandas-index": _parquet(
            {"pandas": b'{"index_columns": ["image"], "columns": []}'}, **ROWS
        ),
        "pandas-type": _parquet(
            {
                "pandas": b'{"index_columns": [], "columns": [{"name": "label",'
                b'"field_name": "label", "pandas_type": "object",'
                b'"numpy_type": "evil"}]}'
            },
            **ROWS,
        ),
        "half": _parquet({b"\xff": b"\xfe"}, **ROWS),
        "nested": _parquet(**ROWS, more=[[[1]], [], [[2]], []]),
        "bytes": _parquet(image=[b"0", b"\xff", b"2", b"3"], label=ROWS["label"]),
        "no-rows": _parquet(
            image=pa.array([], pa.string()), label=pa.array([], "string")
        ),
        "dates": _parquet(**ROWS, d=pa.array([2**62] * 4, pa.timestamp("ns"))),
        "far": _parquet(**ROWS, d=pa.array([2**62] * 4, pa.timestamp("ms"))),
        "extension": _parquet({"ARROW:extension:name": b"evil"}, **ROWS),
    },
)
def parquet_has(world, data):
    world.table(data)
    return world.quick()


@hostile("table", REFUSED, says=("t.csv",))
def parquet_was_changed(world):
    data = bytearray(_parquet(**ROWS))
    for place in range(40, len(data) - 60, 7):
        data[place] ^= 0x55
    world.table(bytes(data))
    return world.quick()


@hostile("table", EITHER)
def parquet_declares_many_rows(world):
    """A column of one value, said to be there many times, is small in a file."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 300_000), ["x"])
    world.table(_parquet(image=column, label=column))
    return world.plan()


@each("table", EITHER, {"csv": "more.csv", "json": "more.json", "zip": "more.zip"})
def init_looks_at_noise(world, name):
    world.table()
    (world.source / "r.toml").unlink()
    (world.source / name).write_bytes(bytes(range(256)) * 100)
    return ["init", world.source, "--out", world.out / "r.toml"]
