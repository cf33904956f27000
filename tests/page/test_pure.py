"""What the page is made of: text, columns, tables, pairs and pictures, one by one."""

import doctest
import importlib
import io
import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from builder.page import facts, render
from builder.page.columns import Column, columns_of, flat_boxes, plain_values
from builder.page.pictures import SIZES, Picture, choose_size, make_small
from builder.page.tables import tables_of
from builder.page.text import visible
from tests.page.made import VALUE, label, paint, sequence
from tests.tiny import SHARED

MODULES = (
    "columns", "facts", "pictures", "shortcuts", "tables", "text", "titles",
)  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    done = doctest.testmod(importlib.import_module(f"builder.page.{name}"))
    assert done.failed == 0
    assert done.attempted > 0


@given(st.text(st.characters(), max_size=40))
def test_nothing_in_a_text_is_unseen(text):
    shown = visible(text)
    shown.encode()  # no half of a pair is left
    left = {char for char in shown if not char.isprintable()} - {"\u200c", "\u200d"}
    assert {unicodedata.category(char) for char in left} <= {"Zs"}
    assert visible(text) == text or not text.isprintable()


def test_a_long_text_is_cut_and_lines_are_kept_where_they_are_asked_for():
    assert visible("a" * 301) == "a" * 300 + "…"
    assert visible("a" * 301, longest=None) == "a" * 301
    assert visible("a\nb\r", keep="\n") == "a\nb⟨U+000D⟩"


BOXES = {"bbox": sequence(VALUE), "category": label("cat", "dog")}


@pytest.mark.parametrize(
    ("feature", "kind"),
    [
        (label("a"), "label"),
        (sequence(label("a")), "labels"),
        (VALUE, "plain"),
        (sequence(VALUE), "list"),
        (sequence(BOXES), "boxes"),
        ({"bbox": sequence(sequence(VALUE)), "category": sequence(VALUE)}, "boxes"),
        ({"_type": "ClassLabel"}, None),
        ({"_type": "Audio"}, None),
        ({"deep": {"er": VALUE}}, None),
        ([VALUE], None),
        ("text", None),
        (None, None),
    ],
)  # fmt: skip
def test_columns_are_known_by_their_features_and_others_left_out(feature, kind):
    found = columns_of({"image": {"_type": "Image"}, "x": feature})
    assert [column.kind for column in found] == ([kind] if kind else [])


def test_values_become_what_json_and_javascript_hold():
    column = Column("x", "plain")
    values = [1, 2**60, 1.0, 0.5, float("nan"), float("inf"), None, True, "a\n", b"b"]
    shown = plain_values(column, values)
    assert shown == [1, str(2**60), 1, 0.5, None, None, None, True, "a⟨U+000A⟩", "b'b'"]
    assert type(shown[2]) is int
    json.dumps(shown, allow_nan=False)
    assert plain_values(Column("x", "list"), [[1, None], None]) == [[1, None], []]


def test_boxes_of_either_spelling_are_parts_of_the_picture():
    column = Column("objects", "boxes", ("cat", "dog"))
    lists = {"bbox": [[10.0, 20, 50, 40], [0, 0, 100, 200]], "category": [1, 0]}
    items = [
        {"bbox": box, "category": kind}
        for box, kind in zip(lists["bbox"], lists["category"], strict=True)
    ]
    expected = [1, 100, 100, 500, 200, 0, 0, 0, 1000, 1000]
    for value in (lists, items):
        assert plain_values(column, [flat_boxes(value)], [(100, 200)]) == [expected]
    odd = [
        {"bbox": [0, 0, float("nan"), 1], "category": 0},
        {"bbox": None},
        {"bbox": [1, 2]},
        {"bbox": [1, 1, 1, 1]},
    ]
    flat = [flat_boxes(odd), flat_boxes(None)]
    assert plain_values(column, flat, [(10, 10)] * 2) == [
        [-1, 100, 100, 100, 100], [],
    ]  # fmt: skip
    # of a broken picture
    assert plain_values(column, [flat_boxes(items)], [(0, 0)]) == [[]]


@pytest.mark.parametrize(
    ("value", "head", "rows"),
    [
        ({"a": 1, "b": None, "c": "x"}, ["", "value"], [["a", 1], ["c", "x"]]),
        ([[1, 2], [3, "y"]], ["1", "2"], [[1, 2], [3, "y"]]),
        (["a", "b"], ["value"], [["a"], ["b"]]),
        ([{"a": 1}, {"b": [0.5, 0, 1]}], ["a", "b"], [[1, None], [None, [0.5, 0, 1]]]),
        ({"u": {"n": 1}, "v": {"n": 2}}, ["t", "n"], [["u", 1], ["v", 2]]),
        ({"u": [{"n": 1}], "v": [{"n": 2}]}, ["t", "n"], [["u", 1], ["v", 2]]),
        (
            {"u": {"size": 1, "values": ["a", "b"], "n": [3, 4]}},
            ["t", "values", "n"],
            [["u", "a", 3], ["u", "b", 4]],
        ),
        ([{"a": [1, 2, 3, 4]}], ["a"], [["1, 2, 3, 4"]]),
        ([float("nan")], ["value"], [[None]]),
    ],
)  # fmt: skip
def test_plain_data_becomes_rows_by_its_shape(value, head, rows):
    (table,) = tables_of("t", value)
    assert table["head"] == head
    assert table["rows"] == rows


def test_no_two_tables_have_one_name():
    tables = tables_of("t", {"seed": 1, "a": [1, 2], "b": ["x", "y"]})
    assert [table["title"] for table in tables] == ["t", "t · a, b"]
    assert tables[1]["rows"] == [[1, "x"], [2, "y"]]
    tables = tables_of("t", {"a": 1, "b c": {"x": 1}, "b_c": {"x": 1}})
    assert [table["title"] for table in tables] == ["t", "t · b c", "t · b c (2)"]


def test_what_stands_beside_each_target_is_a_table_of_its_own():
    side = {"images": 10, "counts": [10, 5, 0]}
    told = {
        "categories": ["car", "road", "sky"],
        "source": {"images": 100, "counts": [20, 10, 5]},
        "targets": {
            "car": {
                "positives": side, "negatives": {"images": 0, "counts": [0, 0, 0]},
                "lift": [1.0, 5.0, 0.0], "lift_low": [0.5, 2.0, 0.0],
                "lift_high": [2.0, 9.0, 0.0],
            },
        },
        "known_pairs": [{"target": "car", "share": [0.5, 0.1, 0.9]}],
    }  # fmt: skip
    first, second = tables_of("context", told)
    assert first["rows"] == [["car", "road", 0.5, None, 0.1, [5.0, 2.0, 9.0]]]
    assert second["title"] == "context · known pairs"
    told["targets"]["car"].pop("lift")
    assert [table["title"] for table in tables_of("c", told)] == ["c · known pairs"]


def test_measures_of_labels_are_rows_and_bounds_stand_with_their_value():
    told = {
        "tests": 4,
        "strongest": [{"label": "cat", "auc": 0.7, "low": 0.6, "high": 0.8}],
        "scopes": {
            "selection": {
                "measures": ["bytes", "hue"],
                "same": ["width"],
                "labels": [
                    {"label": "cat", "against": "", "with": [3, 4], "without": [5, 6],
                     "auc": [0.7, None], "low": [0.6, None], "high": [0.8, None]},
                ],
            },
        },
    }  # fmt: skip
    first, second, third, fourth = tables_of("shortcuts", told)
    assert first["rows"] == [["tests", 4]]
    assert second["head"] == ["label", "auc"]
    assert second["rows"] == [["cat", [0.7, 0.6, 0.8]]]
    assert third["title"] == "shortcuts · scopes · selection"
    assert third["head"] == ["label", "against", "measures", "with", "without", "auc"]
    assert third["rows"] == [
        ["cat", "", "bytes", 3, 5, [0.7, 0.6, 0.8]],
        ["cat", "", "hue", 4, 6, None],
    ]
    assert fourth["rows"] == [["width"]]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda held: (
        st.lists(held, max_size=4) | st.dictionaries(st.text(max_size=3), held)
    ),
    max_leaves=20,
)


@given(PLAIN)
def test_any_audit_becomes_tables_that_json_holds(value):
    for table in tables_of("t", value):
        assert {len(row) for row in table["rows"]} == {len(table["head"])}
        json.dumps(table, allow_nan=False)


def small_of(data, size=64):
    picture = make_small(data, [size])
    with Image.open(io.BytesIO(dict(picture.webp)[size])) as small:
        small.load()
    return picture, small


def test_a_picture_is_made_small_and_never_larger():
    picture, small = small_of(paint(1, (640, 320)))
    assert (picture.width, picture.height) == (640, 320)
    assert small.size == (64, 32)
    _, small = small_of(paint(1, (20, 10)))
    assert small.size == (20, 10)


def test_a_picture_is_turned_as_it_is_shown():
    exif = Image.Exif()
    exif[0x0112] = 6
    left = Image.new("RGB", (80, 40))
    left.paste((255, 255, 255), (0, 0, 40, 40))
    sink = io.BytesIO()
    left.save(sink, "JPEG", exif=exif)
    picture, small = small_of(sink.getvalue())
    assert (picture.width, picture.height, picture.is_turned) == (40, 80, True)
    assert small.getpixel((16, 4))[0] > 200  # left is up
    assert small.getpixel((16, 60))[0] < 50
    assert "exif" not in small.info


def test_profiles_do_not_come_along():
    data = paint(1, icc_profile=b"p" * 5000)
    _, small = small_of(data)
    assert "icc_profile" not in small.info


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "LA", "RGBA", "1", "I;16", "RGB"])
def test_every_mode_is_shown(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    if mode == "I;16":
        deep = np.linspace(1000, 3000, 64 * 48).reshape(48, 64).astype(np.uint16)
        sink = io.BytesIO()
        Image.fromarray(deep).save(sink, "PNG")
        data = sink.getvalue()
    else:
        data = paint(3, (64, 48), mode, format=kind)
    picture, small = small_of(data)
    assert picture.reason is None
    assert picture.mode == mode
    assert small.size == (64, 48)
    assert np.asarray(small).std() > 10  # not all black or white
    assert picture.is_grey == (mode in {"L", "1", "LA", "I;16"})


def test_clear_parts_are_white():
    sink = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(sink, "PNG")
    picture, small = small_of(sink.getvalue())
    assert small.getpixel((4, 4))[0] > 250
    assert picture.brightness == 100


def test_the_measures_say_what_they_are_called():
    def saved(picture):
        sink = io.BytesIO()
        picture.save(sink, "PNG")
        return make_small(sink.getvalue(), [32])

    noise = Image.open(io.BytesIO(paint(1, (200, 150))))
    sharp = saved(noise)
    blurred = saved(noise.filter(ImageFilter.GaussianBlur(9)))
    dark = saved(noise.point(lambda v: v // 3))
    grey = saved(noise.convert("L"))
    assert blurred.sharpness < sharp.sharpness
    assert dark.brightness == pytest.approx(sharp.brightness / 3, abs=1)
    assert (grey.saturation, grey.is_grey, sharp.is_grey) == (0, True, False)
    assert saved(Image.new("RGB", (1, 1), "red")).sharpness == 0
    assert saved(Image.new("RGB", (9, 9), "red")).saturation == 100


@pytest.mark.parametrize("data", [None, b"", b"text", paint(1)[:-60]])
def test_what_cannot_be_shown_is_a_reason(data):
    picture = make_small(data, [64])
    assert picture.reason
    assert picture.webp == ()
    assert picture.size == len(data or b"")


@pytest.mark.skipif(not (SHARED / "data/bad").is_dir(), reason="needs shared data")
def test_bad_files_of_others_do_no_harm():
    for path in sorted((SHARED / "data/bad").iterdir()):
        picture = make_small(path.read_bytes(), [64])
        assert (picture.reason is None) == bool(picture.webp), path.name


def test_the_largest_size_with_room_is_chosen():
    some = [Picture(1, webp=tuple((size, bytes(size * 3)) for size in SIZES))]
    assert choose_size(some, 10, 10**6) == max(SIZES)
    assert choose_size(some, 1000, 1000 * (96 * 4 + 3)) == 96
    assert choose_size(some, 1000, 1000 * (96 * 4 + 2)) == 80
    assert choose_size(some, 10**6, 10) == min(SIZES)
    assert choose_size([Picture(1, "is broken")], 5, 0) == max(SIZES)


def test_the_policy_of_the_page_names_exactly_its_own_scripts(odd_page):
    text = odd_page.read_text(encoding="utf-8")
    assert f"<script>{render.script()}</script>" in text
    assert f"<style>{render.style()}</style>" in text
    assert "</script" not in render.script()
    assert "</style" not in render.style()
    assert text.count("<script") == 2
    for address in ("http-equiv", "https://example.org/a"):
        assert text.count(address) == (1 if address == "http-equiv" else 2)


def test_sizes_are_for_people():
    assert facts.size_of(1_000) == "1.0 kB"
    assert facts.size_of(9_999_999) == "10.0 MB"
