"""Tables in the dialects of the programs that write them."""

import gzip
import io

import numpy as np
import pandas as pd
import pytest

from builder.datasets.table.read import read_frame
from builder.datasets.table.values import known_texts, numbers
from builder.errors import AnnotationError

PLAIN = "name,group,age,sex\n0012,007,35.5,f\n12,7,40.0,\n1e11,07,45.0,m\n"
ROWS = {
    "name": ["0012", "12", "1e11"],
    "group": ["007", "7", "07"],
    "age": [35.5, 40.0, 45.0],
    "sex": ["f", None, "m"],
}


def read(data, name="m.csv", **options):
    data = data.encode() if isinstance(data, str) else data
    return read_frame(data, name=name, texts=["name", "group"], **options)


def listed(frame):
    rows = frame.rows
    return {
        c: rows[c].astype(object).where(rows[c].notna(), None).tolist() for c in rows
    }


DIALECTS = {
    "plain": PLAIN,
    "byte order mark": "\ufeff" + PLAIN,
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "CR": PLAIN.replace("\n", "\r"),
    "semicolons": PLAIN.replace(",", ";"),
    "tabs": PLAIN.replace(",", "\t"),
    "bars": PLAIN.replace(",", "|"),
    "decimal commas": PLAIN.replace(",", ";").replace(".", ","),
    "quoted decimal commas": PLAIN.replace("35.5", '"35,5"').replace("40.0", '"40,0"')
    .replace("45.0", "45"),
    "Excel's line": "sep=;\r\n" + PLAIN.replace(",", ";").replace("\n", "\r\n"),
    "comments": "# exported, by a program\n# in 2020\n" + PLAIN,
    "blank lines": "\n" + PLAIN.replace("\n", "\n\n"),
    "rows of nothing": PLAIN + ",,,\n",
    "padded": PLAIN.replace(",", " , "),
    "quotes": "\n".join(
        ",".join(f'"{value}"' for value in line.split(","))
        for line in PLAIN.splitlines()
    ),
    "an index": "".join(
        f"{n - 1 if n else ''},{line}\n" for n, line in enumerate(PLAIN.splitlines())
    ),
    "row names of R": "".join(
        f"{f'{n},' if n else ''}{line}\n" for n, line in enumerate(PLAIN.splitlines())
    ),
    "commas at the end": PLAIN.replace("\n", ",\n"),
    "commas at the end of rows": PLAIN.replace("\n", ",\n").replace("sex,", "sex"),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dialects_say_the_same(dialect):
    frame = read(DIALECTS[dialect])
    assert listed(frame) == ROWS
    assert frame.notes == ()


def test_other_encodings_are_said():
    frame = read("name,site\na,Clínic\n".encode("cp1252"))
    assert listed(frame) == {"name": ["a"], "site": ["Clínic"]}
    assert frame.notes == ("m.csv is not in UTF-8: read as Windows-1252",)


LINES = """{"name": 12, "group": "007", "age": 35.5, "x": [1]}

{"name": "0012", "age": 40}
"""


def test_json_lines_and_lists_of_records():
    frame = read(LINES, "metadata.jsonl")
    expected = {"name": ["12", "0012"], "group": ["007", None], "age": [35.5, 40.0]}
    assert listed(frame) == expected
    assert frame.notes == (
        "metadata.jsonl: the column 'x' holds no single values: left out",
    )
    assert frame.where(1) == "line 3"
    one = "[" + LINES.replace("\n\n", ",") + "]"
    assert listed(read(one)) == expected
    with pytest.raises(
        AnnotationError, match=r"m.csv: expected JSON Lines.*: correct it"
    ):
        read('{"name": \n}')


def test_parquet():
    data = io.BytesIO()
    pd.DataFrame(
        {"name": ["0012", None], "group": [7, 8], "age": [1.5, np.nan]}
    ).to_parquet(data)
    frame = read(data.getvalue(), "m.parquet")
    expected = {"name": ["0012", None], "group": ["7", "8"], "age": [1.5, None]}
    assert listed(frame) == expected
    assert frame.where(1) == "row 2"
    with pytest.raises(
        AnnotationError, match=r"expected a Parquet file.*give a whole one"
    ):
        read(data.getvalue()[:-9])


def test_rows_are_named_by_their_lines():
    frame = read('# by hand\nname,x\na,"two\nlines"\n\nb,1\n,\nc,2\n')
    assert [frame.where(row) for row in range(3)] == ["line 4", "line 6", "line 8"]


def test_columns_that_are_not_numbers_stay_text():
    frame = read('name,a,b,c,d\nx,85+,"1,234",unknown,"1,5"\ny,40,"5,678",3,x\n')
    assert listed(frame) == {
        "name": ["x", "y"],
        "a": ["85+", "40"],
        "b": ["1,234", "5,678"],  # 1.234, or more than a thousand: nobody knows
        "c": ["unknown", "3"],
        "d": ["1,5", "x"],
    }
    assert listed(read("name;b\nx;1,234\n"))["b"] == [1.234]


def test_columns_are_found_however_they_are_spelt():
    frame = read("Name,GROUP\na,b\n")
    assert listed(frame) == {"Name": ["a"], "GROUP": ["b"]}
    assert frame.column("group", what="columns.group") == "GROUP"
    message = r"expected a column 'gruop' \(columns.group\), found Name, GROUP: did you"
    with pytest.raises(AnnotationError, match=message):
        frame.column("gruop", what="columns.group")


WRONG = {
    "nothing": (b"", "it is empty: give the file"),
    "blanks": (b" \n\n", "it is empty"),
    "head alone": (b"name,x\n", "expected rows below .* give the whole table"),
    "UTF-16": (PLAIN.encode("utf-16"), "text in UTF-16: save it as UTF-8"),
    "UTF-16 without mark": (PLAIN.encode("utf-16-le"), "text in UTF-16"),
    "gzip": (gzip.compress(PLAIN.encode()), "compressed by gzip: unpack it"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(64), "an HDF5 file"),
    "Excel": (b"PK\x03\x04" + bytes(64), "Excel workbook: save it as CSV"),
    "web page": (b"<!DOCTYPE html><html>", "a web page: download"),
    "twice": (b"name,x,x\na,1,2\n", "found 'x' twice: rename one"),
    "too many": (b"name,x\na,1\nb,1,2\n", "line 3, saw 3: correct it"),
    "open quote": (
        b'name,x\n"a,1\n',
        "expected a table as CSV, found that .*: correct",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_table_is_named(case):
    data, message = WRONG[case]
    with pytest.raises(AnnotationError, match=message) as caught:
        read(data)
    assert str(caught.value).startswith("m.csv: ")
    assert "\n" not in str(caught.value)


def test_what_is_not_known():
    missing = [
        "",
        " ",
        "NA",
        "n/a",
        "NaN",
        "None",
        "NULL",
        "Unknown",
        "-1",
        None,
        np.nan,
    ]
    assert known_texts(missing) == [None] * len(missing)
    assert known_texts(["0", "-1a", "none of it"]) == ["0", "-1a", "none of it"]


def test_numbers_of_any_column():
    values = pd.Series(["35,0", "40", "85+", "unknown", None])
    assert numbers(values).tolist()[:2] == [35, 40]
    assert np.isnan(numbers(values)[2:]).all()
    assert numbers(pd.Series([True, False])).tolist() == [1, 0]
