"""The audit in the card: whole sentences, whatever was found or was not."""

import pytest

from builder.card.audit import compared, contact_sheet, join_sections, tell_whole
from builder.card.duplicates import tell_duplicates
from tests.card.made import make_manifest, pair


@pytest.fixture
def manifest():
    return make_manifest()


@pytest.fixture
def told(manifest):
    return manifest["audit"]


def tell(told):
    heading, *parts = tell_duplicates(told, publisher="Nobody")
    assert heading == "### Duplicates"
    return "\n\n".join(parts)


def test_sections_stand_in_the_order_that_is_given(manifest):
    text = join_sections(manifest, ["### B", "b"], [], ["### A", "", "a"])
    assert text.startswith("All 1,234 selected images were decoded for this build. ")
    assert text.endswith("as data.\n\n### B\n\nb\n\n### A\n\na")


def test_what_was_not_looked_for_is_said(manifest):
    manifest["broken"] = [{}, {}]
    assert "build, and 2 found broken and left out. What" in join_sections(manifest)
    assert "computed from the others and from the source" in join_sections(manifest)
    manifest["audit"]["decoded"] = False
    text = join_sections(manifest)
    assert "they were **not decoded** for this build, so that near" in text
    manifest["options"]["image_size"] = 64
    text = join_sections(manifest)
    assert "they were **not decoded** but to resize them, so that near" in text


def test_nothing_found_is_said_so(told):
    text = tell(told)
    assert text.startswith(
        "No two images have the same bytes. No two look the same. A pair is one"
    )
    assert "\n" not in text


def test_what_was_found_is_counted_and_listed(told):
    found = told["duplicates"]
    found["exact"] = {"pairs": [pair("a", "b")], "across": 0}
    found["near"] = {
        "pairs": [pair(f"c{n}", f"d{n}", splits=("train", "test")) for n in range(23)],
        "across": 23,
    }
    found["blank"] = ["white"]
    found["near"]["pairs"][19].update(turn="mirrored", score=0.9704)
    found["groups"] = {"largest": 25, "large": [[f"x{n}" for n in range(25)]]}
    text = tell(told)
    assert "1 image has the bytes of an earlier one, none of them in another" in text
    assert "23 pairs look the same without having the same bytes, 23 across" in text
    assert "\n\n| pair | image | image | the second is | score | split |\n|-" in text
    assert "| same bytes | `a` | `b` |  |  | train |" in text
    assert "| alike | `c19` | `d19` | mirrored | 0.970 | train / test |" in text
    assert "`c20`" not in text
    assert (
        "20 pairs of either kind, those across splits first; `manifest.json` has all."
        in text
    )
    assert "Too plain for that comparison, being blank or an even gradient: `w" in text
    assert "another of its group: 25 images (`x0`, `x1`, `x2` and 22 more)." in text
    found["near"]["pairs"][0]["splits"] = ["train", "train"]
    text = tell(told)  # what leaks is told before it
    assert "`c0`" not in text
    assert "`c20`" in text


def test_no_more_are_listed_than_fit_and_nothing_is_said_where_all_do(told):
    found = told["duplicates"]
    pairs = [pair(f"c{n}", f"d{n}") for n in range(20)]
    found["near"] = {"pairs": pairs, "across": 0}
    found["blank"] = [f"w{n}" for n in range(20)]
    names = [f"x{n}" for n in range(3)]
    found["groups"] = {"largest": 3, "large": [names] * 20}
    text = tell(told)
    assert "20 pairs look the same" in text
    assert "more" not in text.replace("or more", "").replace("more than about", "")
    assert "`manifest.json`" not in text
    found["near"]["pairs"] = [*pairs, pair("e", "f")]
    found["blank"].append("w20")
    found["groups"]["large"] = [names] * 21
    text = tell(told)
    assert "20 pairs of either kind, those across splits first" in text
    assert "`w19` and 1 more. Of these, only copies" in text
    assert text.count("3 images (`x0`, `x1`, `x2`)") == 20
    assert "`x2`); and 1 more." in text


def test_pairs_of_no_split_have_a_mark_in_its_place(told):
    pairs = [pair("a", "b", splits=("", "")), pair("c", "d", splits=("", "test"))]
    told["duplicates"]["exact"] = {"pairs": pairs, "across": 1}
    text = tell(told)
    assert "2 images have the bytes of an earlier one, 1 of them in another" in text
    assert "| `a` | `b` |  |  | - |" in text
    assert "| `c` | `d` |  |  | - / test |" in text
    assert "No two others look the same" in text


def test_a_publishers_own_pairs_are_compared_with_what_was_found(told):
    assert "Nobody" not in tell(told)
    official = {"listed": 425, "inside": [], "exact": [], "near": [], "missed": []}
    told["duplicates"]["official"] = official
    assert "Of the 425 pairs of duplicates that Nobody lists, none lies inside" in tell(
        told
    )
    official.update(
        inside=[["a", "b"], ["c", "d"]], exact=[["a", "b"]], missed=[["c", "d"]]
    )
    text = tell(told)
    assert "2 lie inside this selection (a and b, c and d)" in text
    assert "by their bytes: 1; by their look: 0; not found" in text


def test_undecoded_images_have_no_looks(told):
    told["decoded"] = False
    del told["grey"]
    assert tell(told) == "No two images have the same bytes."
    assert contact_sheet(told, "Some.") == []
    assert compared(told, {"": {"largest": []}})[1:] == ["No share differs."]


def test_nothing_is_unknown_of_a_source_that_was_taken_whole(told):
    whole = "All rows of the source were taken."
    assert compared(told, {"": {"largest": []}}, whole=whole)[1:] == [
        whole,
        "Pictures without colour: 3 of 1,200 train, 0 of 34 test images.",
    ]
    manifest = make_manifest()
    assert tell_whole(manifest, 1_234, "rows of the source") == whole
    assert tell_whole(manifest, 1_235, "rows of the source") == ""


def test_differences_are_told_by_split_or_of_all(told):
    entry = {"feature": "size", "value": "large", "parent": 0.25, "selection": 0.125}
    drift = {"largest": [{**entry, "points": -12.5}]}
    heading, _, table, grey = compared(told, {"train": drift, "test": {"largest": []}})
    assert heading == "### Compared with the whole source"
    assert table == (
        "| split | feature | value | source | here | points |\n"
        "|---|---|---|---|---|---|\n"
        "| train | size | large | 25.0 % | 12.5 % | -12.5 |"
    )
    assert grey.startswith(
        "Pictures without colour: 3 of 1,200 train, 0 of 34 test images. "
    )
    _, _, table, _ = compared(told, {"": drift})
    assert table.startswith("| feature | value |")
    assert table.endswith("\n| size | large | 25.0 % | 12.5 % | -12.5 |")


def test_the_contact_sheet_says_what_it_shows(told):
    heading, what, figure = contact_sheet(told, "Some of each.")
    assert (heading, what) == ("### A look at it", "Some of each.")
    assert figure.endswith("(figures/contact_sheet.png)")
