"""Names of files are paths below a folder, or are told; configs are distinct."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builder.errors import AnnotationError
from builder.selection.names import (
    check_names,
    class_names,
    config_name,
    config_names,
    plain_name,
    unsafe_reason,
)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a/b.jpg", "a/b.jpg"),
        ("./a//./b.jpg", "a/b.jpg"),
        ("a\\b\\c.jpg", "a/b/c.jpg"),
        ("//a/b", "/a/b"),
        ("\\a\\b", "/a/b"),
        ("a/./", "a/"),
        ("s3://a//./b", "s3://a//./b"),
        ("a/../b", "a/../b"),
        ("a./b", "a./b"),
        ("..\\b", "../b"),
    ],
)
def test_a_name_is_made_plain_and_leads_where_it_did(name, plain):
    assert plain_name(name) == plain


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        ("a\\b", "has a backslash"),
        ("a\nb", "has a NUL or another control character"),
        ("a\x7f", "has a NUL or another control character"),
        ("http://a/b", "has a scheme or a drive"),
        ("C:/a", "has a scheme or a drive"),
        ("/a", "is absolute"),
        ("a/../b", "has a '..' part"),
        ("a//b", "has an empty or '.' part"),
        ("a/", "has an empty or '.' part"),
        ("a/./b", "has an empty or '.' part"),
        ("~a", "starts with '~'"),
        ("a~", None),
        ("a..b/c", None),
        ("12:30.jpg", None),
        ("été.jpg", None),
    ],
)
def test_what_is_no_path_below_a_folder_is_told(name, reason):
    assert unsafe_reason(name) == reason


PARTS = ["a", "b.c", ".", "..", "", "~", "\\", "\n", "C:", "é", ".d", "e.", "x:"]


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=4).map("/".join), max_size=4))
@example(["a/.b", "c"])
@example(["a./b"])
@example(["a\nb", "c"])
def test_names_are_refused_if_one_of_them_is_no_path(names):
    bad = [n for n in names if unsafe_reason(plain_name(n))]
    if not bad:
        check_names(names, where="x.csv", records=range(len(names)))
        return
    with pytest.raises(AnnotationError, match=re.escape(f"{bad[0]!r}")):
        check_names(names, where="x.csv", records=range(len(names)))


def told(*names):
    with pytest.raises(AnnotationError) as caught:
        check_names(names, where="x.csv", records=[f"r{n}" for n in range(len(names))])
    return str(caught.value)


def test_the_record_is_named_with_what_helps():
    assert told("a.jpg", "~b.jpg") == (
        "x.csv: the file name '~b.jpg' of record r1 starts with '~'; expected a plain"
        " relative path such as 'a/b.jpg': correct or remove the record"
    )
    for name, start in (("/d\\e/a.jpg", "/d\\e/"), ("../../b.jpg", "../../")):
        assert told("a.jpg", name).endswith(
            f": leave out {start!r} there, and give the folder with the images"
        )
    assert told("../").endswith(": correct or remove the record")


def test_names_and_records_are_as_many():
    with pytest.raises(ValueError, match="zip"):
        check_names(["é.jpg", "b.jpg"], where="x.csv", records=[1])


def test_configs_have_letters_of_any_script_and_no_mark_at_their_ends():
    assert config_name("e\u0301t\u00e9") == "\u00e9t\u00e9"
    assert config_name("._-a.b-c_") == "a.b-c"
    assert config_name("a  /b") == "a_b"
    assert config_names([("a b", 1), ("A_B", 2), ("a_b_2", 3), ("!", 4)]) == [
        "a_b", "A_B_2", "a_b_2_3", "class_4",
    ]  # fmt: skip


def test_classes_of_one_name_have_their_ids_behind_it():
    assert class_names([("a", 1), ("a", 2), ("a", 3)]) == ["a", "a (2)", "a (3)"]
    assert class_names([("a (2)", 1), ("a", 2), ("A", 3)]) == ["a (2)", "a", "A"]
