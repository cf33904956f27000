"""Tables that are made to take memory, time or a parser's exception."""

import io
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.datasets.table import bounds, parquet
from builder.datasets.table.bounds import check_lines, check_shape
from builder.datasets.table.read import read_frame
from builder.datasets.table.values import as_text
from builder.errors import AnnotationError
from builder.limits import MAX_COLUMNS, MAX_LINE, Limits


def read(data):
    return read_frame(data, name="m.csv", texts=["image"])


def packed(columns, **options):
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, **options)
    return file.getvalue()


DEEP = b"[" * 100_000 + b"]" * 100_000
MANY = b",".join(b"c%d" % n for n in range(MAX_COLUMNS + 1))
HOSTILE = {
    "a line without an end": (b"image,label\na," + b"x" * 3 * MAX_LINE, "line 2 is"),
    "a header without an end": (b"image," + b"x" * 3 * MAX_LINE, "line 1 is longer"),
    "a value of 200,000 letters": (b'"' + b"a" * 200_000 + b'",b\n1\n', "field limit"),
    "such a value in a row": (b'image,b\n"' + b"a" * 200_000 + b'",2\n', "field limit"),
    "many columns": (MANY + b"\n1\n", "4,096 columns at most, found 4,097"),
    "a quote without an end": (b'image,b\n"a,b\nc,d\n', "EOF inside string"),
    "comments alone": (b"#\n" * 9, "found none: add them"),
    "deep JSON Lines": (b'{"image":' + DEEP + b"}\n", "nested too deeply"),
    "a deep JSON list": (b'[{"image":' + DEEP + b"}]", "nested too deeply"),
    "another column in each line": (
        b"\n".join(b'{"c%d":1}' % n for n in range(MAX_COLUMNS + 9)),
        "4,096 columns at most",
    ),
    "a number of 5,000 digits": (b'{"image":' + b"9" * 5000 + b"}", "out of range"),
    "half of a surrogate pair": (b'{"image":"\\ud800"}', "JSON Lines"),
    "Parquet cut short": (packed({"image": ["a"]})[:-9], "expected a Parquet file"),
    "Parquet without a page": (b"PAR1" + bytes(99) + b"PAR1", "expected a Parquet"),
    "Parquet with a column twice": (
        packed(pa.Table.from_arrays([pa.array(["a"])] * 2, ["image", "image"])),
        "'image' twice",
    ),
    "a name that is another with blanks": (
        packed({"image": ["a"], "image ": ["b"]}), "'image' twice",
    ),
    "Parquet of many columns": (
        packed({f"c{n}": [1] for n in range(MAX_COLUMNS + 1)}),
        "4,096 columns at most, found 4,097",
    ),
    "dates that no calendar has": (
        packed({"image": ["a"], "day": pa.array([2**30], pa.date32())}), "out of range",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "said"), HOSTILE.values(), ids=HOSTILE)
def test_one_line_says_what_it_is(data, said):
    with pytest.raises(AnnotationError, match=said) as caught:
        read(data)
    text = str(caught.value)
    assert text.startswith("m.csv: expected ")
    assert "\n" not in text
    assert len(text) < 500


def test_texts_that_repeat_are_not_unpacked_before_their_size_is_known():
    one = pa.array(["x" * 2**19])
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 4000, pa.int32()), one)
    data = packed({"image": column}, compression="zstd")
    assert len(data) < 2**22
    before = pa.total_allocated_bytes()
    with pytest.raises(
        AnnotationError, match="once it is unpacked, found 2,097,152,000"
    ):
        read(data)
    assert pa.total_allocated_bytes() - before < 2**24


def test_rows_of_nothing_are_counted_before_they_are_made():
    rows = pa.nulls(10**7, pa.int8())
    data = packed({f"c{n}": rows for n in range(11)})
    assert len(data) < 2**20
    tracemalloc.start()
    with pytest.raises(AnnotationError, match="found 10,000,000 rows of 11 columns"):
        read(data)
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


def test_lists_are_left_out_and_never_read():
    data = packed({"image": ["a"], "list": [[0] * 10**6], "record": [{"a": 1}]})
    found = read(data)
    assert list(found.rows) == ["image"]
    assert found.notes == (
        "m.csv: the column 'list' holds no single values: left out",
        "m.csv: the column 'record' holds no single values: left out",
    )


def test_fixed_lengths_are_counted(monkeypatch):
    monkeypatch.setattr(parquet, "LIMITS", Limits(max_file_size=1000))
    data = packed({"image": pa.array([b"x" * 60] * 100, pa.binary(60))})
    with pytest.raises(AnnotationError, match="found 6,000: leave out"):
        read(data)


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["b", None, "c", "b"]),
        pa.array(["b", None, "c", "b"], pa.large_string()),
        pa.array([b"b", None, b"c", b"b"]),
        pa.array([1, None, 3, 1]),
        pa.array([1.5, None, 3, 1]),
        pa.array([True, None, False, True]),
        pa.array([None] * 4),
        pa.array(["b", None, "c", "b"]).dictionary_encode(),
        pa.array([1, 2, 3, 1]).dictionary_encode(),
        pa.array([0, 1, None, 3], pa.timestamp("ms")),
    ],
    ids=lambda column: str(column.type),
)
def test_other_columns_are_what_they_were(column):
    data = packed({"image": ["1", "2", "3", "4"], "a.b": column})
    frame, left_out = parquet.read_parquet(data, "m")
    assert left_out == []
    expected = pq.read_table(io.BytesIO(data)).to_pandas()
    assert frame.dtypes.equals(expected.dtypes)
    assert frame.equals(expected)


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), max_size=20), st.sampled_from(["\n", "\r", "\r\n"]))
def test_lines_within_the_bound_pass_and_those_of_twice_of_it_do_not(sizes, end):
    most = 10
    data = end.join("x" * size for size in sizes).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds, "MAX_LINE", most)
        longest = max(sizes, default=0)
        if longest < most:
            check_lines(data, "m")
        # Where lines end with it, the last one is whole only if something follows.
        elif max(sizes[:-1], default=0) >= 2 * most:
            with pytest.raises(AnnotationError, match="expected lines of 10 bytes"):
                check_lines(data, "m")


def test_shapes():
    check_shape(24_414, 4096, "m")
    check_shape(100_000_000, 1, "m")
    for rows, columns in ((24_415, 4096), (100_000_001, 1), (0, 4097)):
        with pytest.raises(AnnotationError, match="at most"):
            check_shape(rows, columns, "m")


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_one_error(data):
    for start in (b"", b"image,label\n", b'{"image":', b"PAR1", b"["):
        try:
            found = read(start + data)
        except AnnotationError as err:
            assert "\n" not in str(err)  # noqa: PT017
        else:
            found.where(0)


def test_numbers_without_an_end_are_texts_too():
    assert [as_text(value) for value in (float("inf"), float("-inf"), 1e300)] == [
        "inf",
        "-inf",
        str(int(1e300)),
    ]
    found = read(packed({"image": [float("inf"), 2.0, None]}))
    assert found.rows["image"].tolist() == ["inf", "2", None]
