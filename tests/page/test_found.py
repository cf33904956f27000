"""What the page leads to first: shortcuts by name; and what it says of the licence."""

import json
import re
import shutil
from pathlib import Path

import pytest

from builder.page.shortcuts import place_of, told_shortcuts
from builder.page.tables import tables_of
from builder.page.titles import AUDIT
from builder.pipeline.report import report
from tests.page.made import HOSTILE, read_page
from tests.tiny_build import seal

STRONGEST = {
    "scope": "selection", "label": "dog", "against": "", "measure": "bytes_a_pixel",
    "auc": 0.0, "low": 0.0, "high": 0.2, "with": 10, "without": 20,
    "typical": [0.5, 0.7],
}  # fmt: skip
SHORTCUTS = {
    "tests": 9,
    "above_chance": 12,
    "strongest": [STRONGEST, {**STRONGEST, "label": "cat", "measure": "hue"}],
}
DOG = "#labels?config=default&measure=density"


def configs(*names, column="label", kind="label", config="a b"):
    listed = [{"name": column, "kind": kind, "names": names}]
    return [{"name": config, "columns": listed}]


@pytest.fixture
def with_audit(odd_build, tmp_path):
    """Return a function that makes a page of the build with more in its manifest."""

    def make(**said):
        folder = Path(shutil.copytree(odd_build, tmp_path / "build"))
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["audit"] |= said.pop("audit", {})
        seal(folder, {**manifest, **said})
        return folder

    return make


def test_the_strongest_shortcut_is_said_where_it_is_shown(with_audit, tmp_path):
    folder = with_audit(audit={"shortcuts": SHORTCUTS})
    page = report(folder, tmp_path / "p.html").path
    text = page.read_text(encoding="utf-8")
    (said,) = re.findall(r'<li><a href="([^"]*)">([^<]* above chance[^<]*)</a>', text)
    words = "12 measures tell a label above chance, the strongest: dog by bytes a pixel"
    assert said == (DOG.replace("&", "&amp;"), f"{words} (AUC 0.00)")
    told, _ = read_page(page)
    (table,) = (table for table in told["tables"] if "links" in table)
    assert table["title"] == "Shortcuts: the strongest, above chance"
    assert table["links"] == {"column": 1, "to": [DOG, "#audit"]}
    assert [row[1] for row in table["rows"]] == ["dog", "cat"]


def test_shortcuts_lead_to_their_labels(open_page, with_audit, tmp_path):
    folder = with_audit(audit={"shortcuts": SHORTCUTS})
    path = report(folder, tmp_path / "p.html").path
    page = open_page(path)
    page.click("text=dog by bytes a pixel")
    measure = page.locator("#label-form [name=measure]")
    assert measure.input_value() == "density"
    assert page.locator("#label-form [name=config]").input_value() == "default"
    page = open_page(path, "#audit")
    table = page.locator("#tables table", has_text="Shortcuts: the strongest")
    table.locator("th button", has_text="label").click()
    assert table.locator("tbody a").all_inner_texts() == ["cat", "dog"]
    table.locator("a", has_text="dog").click()  # sorted, it leads where it did
    assert measure.input_value() == "density"


def test_a_label_is_shown_in_the_config_that_has_the_fewest():
    many = configs(*map(str, range(38)), "dog", kind="labels", config="all")
    entry = {"scope": "selection", "label": "dog", "measure": "width"}
    assert place_of(entry, many) == "#labels?config=all&measure=width"
    few = configs("other", "dog")
    assert place_of(entry, many + few) == "#labels?config=a+b&measure=width"
    second = [{"name": "x", "columns": configs("a")[0]["columns"] + few[0]["columns"]}]
    assert place_of(entry, second) == "#labels?config=x&column=label&measure=width"
    # what no chart of the page shows
    for odd in (
        {"label": "cow"},
        {"measure": "hue"},
        {"scope": "source"},
        {"label": 1},
    ):
        assert place_of({**entry, **odd}, few) == "#audit"
    assert place_of(entry, configs(*map(str, range(40)), "dog")) == "#audit"


@pytest.mark.parametrize(
    "shortcuts",
    [None, [], 3, {}, {"strongest": []}, {"strongest": [3], "above_chance": 1},
     {"strongest": [STRONGEST]}, {"strongest": 1, "above_chance": 1},
     {"strongest": [{"auc": None}], "above_chance": 1}],
)  # fmt: skip
def test_shortcuts_of_another_shape_are_not_told(shortcuts):
    assert told_shortcuts(shortcuts, configs("dog")) == []


def test_one_shortcut_is_told_as_one_and_its_label_as_it_is():
    entry = {**STRONGEST, "label": "a\u202e"}
    told = told_shortcuts({"strongest": [entry], "above_chance": 1}, configs("dog"))
    words = (
        "1 measure tells a label above chance: a⟨U+202E⟩ by bytes a pixel (AUC 0.00)"
    )
    assert told == [(words, "#audit")]


CARDS = [
    ("---\nlicense: cc0-1.0\n---\n# A\n", "cc0-1.0"),
    ("---\nlicense: [mit, cc0-1.0]\n---\n", "mit, cc0-1.0"),
    ("---\nlicense: other\nlicense_name: my own\n---\n", "my own"),
    ("---\ntags: [a]\n---\n", "none stated"),
    ("---\nlicense: {a: 1}\n---\n", "none stated"),
    ("# A card\n", "none stated"),
    (None, "none stated"),
    ("---\na: [\n---\n", "not known, its card cannot be read"),
]


@pytest.mark.parametrize(("card", "words"), CARDS)
def test_the_licence_is_that_of_the_card_where_there_is_no_recipe(
    with_audit, tmp_path, card, words
):
    folder = with_audit(about={})
    (folder / "README.md").unlink(missing_ok=True)
    if card is not None:
        (folder / "README.md").write_text(card)
    text = report(folder, tmp_path / "p.html").path.read_text(encoding="utf-8")
    assert f"<dt>license</dt><dd>{words}</dd>" in text


def test_the_licence_of_a_recipe_is_the_recipes(with_audit, tmp_path):
    folder = with_audit(about={"title": "A"})
    (folder / "README.md").write_text(CARDS[0][0])
    text = report(folder, tmp_path / "p.html").path.read_text(encoding="utf-8")
    assert "<dt>license</dt><dd>none stated</dd>" in text


def test_known_parts_have_titles_and_their_keys_no_underscores():
    told = {"images": 3, "not_grey": 1, "modes": {"RGB": 2}}
    first, second = tables_of("modes", told, AUDIT)
    assert first["title"] == "Pictures, and those that are turned"
    assert first["rows"] == [["images", 3], ["not grey", 1]]
    assert second["title"] == "Colour modes"
    _, table = tables_of(
        "drift", {"a_b": {"features": [{"a": 1}], "largest": 1}}, AUDIT
    )
    assert table["title"] == "What was selected, beside the whole source, a b"
    (table,) = tables_of("odd_part", {"odd_part": {"x": 1, "y_z": "a_b"}}, AUDIT)
    assert table["rows"] == [["odd_part", 1, "a_b"]]
    (table,) = tables_of("odd_part", {"a": None, "odd_part": {"x": [1]}}, AUDIT)
    assert table["title"] == "odd part · x"


def test_a_filter_that_nothing_is_like_shows_nothing_and_is_named(open_page, odd_page):
    for asked, select in (
        ("label=nonsense", "label"), ("label=label%3Dcow", "label"),
        ("where=no%3Dm", "where"), ("split=dev", "split"), ("flag=odd", "flag"),
    ):  # fmt: skip
        page = open_page(odd_page, f"#pictures?{asked}")
        assert page.locator("#count").inner_text() == "0 of 31 rows", asked
        assert page.locator("#nothing").is_visible()
        chosen = page.locator(f"#filters [name={select}] option:checked").inner_text()
        assert chosen.endswith(" (0)")
        page.click("#reset")
        assert page.locator("#count").inner_text() == "31 rows"
    page = open_page(odd_page, "#duplicates?pairs=odd")
    assert page.locator(".pair").count() == 0
    page = open_page(odd_page, "#pictures?sort=odder")
    assert (
        page.locator("[name=sort] option:checked").inner_text() == "as in the dataset"
    )


def test_escape_leads_from_the_search_to_what_it_found(open_page, odd_page):
    page = open_page(odd_page)
    page.keyboard.press("/")
    page.keyboard.type("test_2")
    page.keyboard.press("Escape")
    assert page.locator("#count").inner_text() == "10 of 31 rows"
    page.keyboard.press("ArrowRight")
    focused = "[...document.querySelectorAll('.tile')].indexOf(document.activeElement)"
    assert page.evaluate(focused) == 1


def test_back_does_not_open_what_was_closed(open_page, odd_page):
    page = open_page(odd_page, "#pictures?split=test")
    page.locator(".tile").first.click()
    page.keyboard.press("ArrowRight")
    assert "open=" in page.evaluate("location.hash")
    page.keyboard.press("Escape")
    page.go_back()
    assert page.evaluate("location.hash") == "#pictures?split=test"
    assert not page.locator("#detail").is_visible()


@pytest.mark.parametrize("width", [360, 1280])
def test_no_label_of_a_chart_is_cut_off_by_its_edge(
    open_page, with_audit, tmp_path, width
):
    folder = with_audit()
    manifest = json.loads((folder / "manifest.json").read_text())
    wide = ["W" * 40, "車" * 30, f"bird {HOSTILE}"]
    manifest["features"]["default"]["label"]["names"] = wide
    seal(folder, manifest)
    page = open_page(report(folder, tmp_path / "p.html").path, "#labels", width=width)
    lefts = page.evaluate(
        "[...document.querySelectorAll('.chart text')].map((text) => text.getBBox().x)"
    )
    assert len(lefts) > 10
    assert min(lefts) >= 0
