"""Names that are found otherwise than as they are spelled, and those that are not."""

import unicodedata

import pytest

from builder.sources.ways import There, match_names, plainly


def match(name, files, *, top="", hint=None):
    there = [There(file, top, file) for file in files]
    (found,) = match_names([name], there, hints=[hint])
    return found.file and found.file.name, found.way or found.reason


FILES = ["a.jpg", "sub/b.jpg", "sub/deep/c.jpg"]
DECOMPOSED = unicodedata.normalize("NFD", "é.jpg")
CASES = [
    # name, what is there, what is found, by which way
    ("./a.jpg", FILES, "a.jpg", "without ./"),
    ("sub//b.jpg", FILES, "sub/b.jpg", "without ./"),
    ("sub\\b.jpg", FILES, "sub/b.jpg", r"with \ read as /"),
    ("b.jpg", ["top/b.jpg", "top/sub/b.jpg"], "top/b.jpg", "by a folder more"),
    ("b.jpg", ["x y/top/b.jpg", "x y/top/c.jpg"], "x y/top/b.jpg", "by a folder more"),
    ("sub/b.jpg", ["t/sub/b.jpg", "u/b.jpg"], "t/sub/b.jpg", "by a folder more"),
    ("x/sub/b.jpg", ["sub/b.jpg", "b.jpg"], "sub/b.jpg", "by a folder less"),
    ("data\\raw\\b.jpg", FILES, "sub/b.jpg", "by base name"),
    ("C:\\data\\b.jpg", FILES, "sub/b.jpg", "by base name"),
    ("c.jpg", FILES, "sub/deep/c.jpg", "by base name"),
    ("A.JPG", FILES, "a.jpg", "by letter case"),
    ("SUB/B.jpg", FILES, "sub/b.jpg", "by letter case"),
    ("Sub/b.jpg", ["sub/b.jpg", "b.jpg"], "sub/b.jpg", "by letter case"),
    ("B.jpg", ["Top/b.jpg", "Top/x/b.jpg"], "Top/b.jpg", "by letter case"),
    ("é.jpg", [DECOMPOSED], DECOMPOSED, "by Unicode form"),
    ("É.jpg", [DECOMPOSED], DECOMPOSED, "by letter case and Unicode form"),
    ("a%20b.jpg", ["a b.jpg"], "a b.jpg", "by percent encoding"),
    ("a b.jpg", ["a%20b.jpg"], "a%20b.jpg", "by percent encoding"),
    ("a.jpeg", FILES, "a.jpg", "by another ending"),
    ("a", FILES, "a.jpg", "as named"),
    ("sub/b", FILES, "sub/b.jpg", "as named"),
    ("b", [*FILES, "sub/b.txt"], "sub/b.jpg", "by base name"),
    ("x/sub/b", FILES, "sub/b.jpg", "by a folder less"),
    ("A", FILES, "a.jpg", "by letter case"),
    ("B.PNG", FILES, "sub/b.jpg", "by another ending"),
    ("a.jpg.jpg", FILES, "a.jpg", "by another ending"),
    ("v1.5_b", ["v1.5_b.jpg"], "v1.5_b.jpg", "as named"),
    # ambiguous, or nowhere
    ("b.jpg", ["x/b.jpg", "y/b.jpg"], None, "could be x/b.jpg, y/b.jpg"),
    ("A.jpg", ["a.jpg", "a.JPG"], None, "could be a.JPG, a.jpg"),
    ("a", ["a.jpg", "a.png"], None, "could be a.jpg, a.png"),
    ("cam2/1.jpg", ["cam1/1.jpg", "1.jpg"], None, "could be 1.jpg, cam1/1.jpg"),
    ("b", ["b.txt"], None, ""),
    ("z.jpg", FILES, None, ""),
    ("", FILES, None, ""),
    ("..", FILES, None, ""),
    ("a.jpg/x", FILES, None, ""),
]


@pytest.mark.parametrize(("name", "files", "found", "way"), CASES)
def test_a_name_is_found_by_one_way_or_not_at_all(name, files, found, way):
    assert match(name, files) == (found, way)


def test_names_may_begin_with_folders_that_lie_above():
    files = ["1.jpg", "x/1.jpg"]
    assert match("1.jpg", ["x/1.jpg", "y/1.jpg"], top="data/x/")[0] is None
    found = ("1.jpg", "by a folder less")
    assert match("train/images/1.jpg", files, top="data/train/images/") == found
    assert match("images/1.jpg", files, top="data/train/images/") == found
    assert match("Images/1.jpg", files, top="data/images/")[1] == "by letter case"
    assert match("other/1.jpg", files, top="data/images/")[0] is None


def test_another_address_helps_where_the_name_does_not():
    way = "by the tail of its address"
    hint = "http://host/some/sub/b.jpg?size=1"
    assert match("", FILES, hint=hint) == ("sub/b.jpg", way)
    assert match("z.jpg", FILES, hint=hint) == ("sub/b.jpg", way)
    assert match("", ["c d.jpg"], hint="http://h/c%20d.jpg") == ("c d.jpg", way)
    assert match("c.jpg", FILES, hint=hint) == ("sub/deep/c.jpg", "by base name")
    assert match("z.jpg", FILES, hint="http://host/y.jpg") == (None, "")


def test_one_file_is_not_given_to_two_names():
    there = [There(name, "", name) for name in FILES]
    found = match_names(
        ["x/b.jpg", "y/b.jpg", "A.jpg", "c.jpg"], there, taken=["a.jpg"]
    )
    assert [m.file and m.file.name for m in found] == [None] * 3 + ["sub/deep/c.jpg"]
    assert found[0].reason == "could be sub/b.jpg, as another one could"
    assert found[2].reason == "could be a.jpg, as another one could"


def test_the_first_of_several_stores_has_a_name():
    there = [There("b.jpg", "", 1), There("b.jpg", "", 2), There("a.jpg", "", 3)]
    (found,) = match_names(["B.jpg"], there)
    assert found.file.place == 1


def test_plain_paths():
    assert plainly(".\\a//b/./c.jpg") == "a/b/c.jpg"
    assert plainly("/a") == "a"
