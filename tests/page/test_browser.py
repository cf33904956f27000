"""The page in a real Chromium: what a person does with it.

Every page here is opened by `open_page`, which fails a test whose page asks anything of
the network, or writes anything to the console.
"""

import re

import pytest

from tests.page.made import HOSTILE

VIEWS = ("overview", "pictures", "labels", "duplicates", "audit")
OPENED = "#pictures?open=0.1"
# What remains of hostile text once what is not seen is spelled out.
SEEN = HOSTILE.replace("\u202e", "⟨U+202E⟩").replace("\x07", "⟨U+0007⟩")


def texts(page, selector):
    return page.locator(selector).all_inner_texts()


def names(page):
    """Return the labels of the tiles, in their order."""
    return texts(page, ".tile .words")


def count(page):
    return page.locator("#count").inner_text()


def brightness(page):
    """Return what the tiles say of the measure by which they are sorted."""
    said = [text.split("· ")[1] for text in texts(page, ".tile .split")]
    return [float("nan" if text == "\N{EN DASH}" else text) for text in said]


def test_the_first_view_says_what_it_is_and_what_to_look_at(open_page, odd_page):
    page = open_page(odd_page)
    text = page.locator("#overview-view").inner_text()
    assert "2 pairs of equal pictures or look-alikes in two splits" in text
    assert "1 picture that cannot be shown" in text
    assert "1 picture turned by EXIF" in text
    assert "1 image is broken and left out" in text
    assert "nowhere.jpg" in text
    assert page.locator("#strip img").count() == 24
    page.click("text=1 picture that cannot be shown")
    assert page.locator("#pictures-view").is_visible()
    assert count(page) == "1 of 31 rows"
    assert "is truncated" in page.locator(".tile").inner_text()


def test_filters_narrow_the_rows_and_the_address_keeps_them(open_page, odd_page):
    page = open_page(odd_page, "#pictures")
    assert count(page) == "31 rows"
    page.select_option("[name=split]", "test")
    assert count(page) == "10 of 31 rows"
    page.select_option("#filters [name=label]", "label=dog")
    assert set(names(page)) == {"dog"}
    page.select_option("[name=where]", "sex=m")
    assert count(page) == "2 of 31 rows"
    address = page.evaluate("location.hash")
    again = open_page(odd_page, address)
    assert count(again) == "2 of 31 rows"
    assert again.locator("[name=split]").input_value() == "test"
    page.go_back()
    assert set(names(page)) == {"dog"}
    assert page.locator("[name=where]").input_value() == ""
    page.click("#reset")
    assert count(page) == "31 rows"


@pytest.mark.parametrize(
    ("flag", "rows"),
    [("broken", 1), ("grey", 1), ("turned", 1), ("mode", 1), ("plain", 1),
     ("repeat", 1), ("once", 30), ("same", 2), ("alike", 4), ("across", 4),
     ("differ", 4), ("group", 2)],
)  # fmt: skip
def test_each_flag_finds_its_rows(open_page, odd_page, flag, rows):
    page = open_page(odd_page, "#pictures")
    page.select_option("[name=flag]", flag)
    assert count(page).split()[0] == str(rows)


def test_a_name_is_found_letter_by_letter(open_page, odd_page):
    page = open_page(odd_page)
    page.keyboard.press("/")
    page.keyboard.type("test_2")
    assert count(page) == "10 of 31 rows"
    page.keyboard.type("2")
    assert count(page) == "1 of 31 rows"
    assert page.evaluate("document.activeElement.name") == "q"


def test_rows_are_sorted_both_ways_and_what_is_broken_comes_last(open_page, odd_page):
    page = open_page(odd_page, "#pictures?sort=sharpness")
    up = brightness(page)
    assert up[:-1] == sorted(up[:-1])
    assert page.locator(".tile").last.locator(".no-picture").count() == 1
    page.check("[name=down]")
    down = brightness(page)
    assert down[:-1] == sorted(down[:-1], reverse=True)
    assert page.locator(".tile").last.locator(".no-picture").count() == 1
    page.select_option("[name=sort]", "name")
    page.locator(".tile").first.click()
    assert page.locator("#detail-name").inner_text() == "train_19.jpg"


def test_keys_walk_the_pictures_and_open_one(open_page, odd_page):
    page = open_page(odd_page, "#pictures")
    focused = "[...document.querySelectorAll('.tile')].indexOf(document.activeElement)"
    page.locator(".tile").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(focused) == 1
    page.keyboard.press("ArrowDown")
    below = page.evaluate(focused)
    boxes = [page.locator(".tile").nth(i).bounding_box() for i in (1, below)]
    assert boxes[0]["x"] == boxes[1]["x"]
    assert boxes[0]["y"] < boxes[1]["y"]
    page.keyboard.press("End")
    assert page.evaluate(focused) == 30
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    dialog = page.locator("#detail")
    assert dialog.is_visible()
    assert page.locator("#detail-name").inner_text() == "train_00.jpg"
    page.keyboard.press("ArrowRight")
    assert page.locator("#detail-name").inner_text() == "train_01.jpg"
    assert "open=0.1" in page.evaluate("location.hash")
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    from playwright.sync_api import expect

    # told by an event; and the page forbids a script that would wait for it there
    expect(page).not_to_have_url(re.compile("open="))
    assert page.evaluate(focused) == 1
    # only one of the tiles is in the way of the tabulator
    assert page.locator(".tile[tabindex='0']").count() == 1


def test_a_row_tells_all_of_itself(open_page, odd_page):
    page = open_page(odd_page, OPENED)
    text = page.locator("#detail").inner_text()
    for words in ("train_01.jpg", "default · train · row 1", "dog",
                  "48 \N{MULTIPLICATION SIGN} 36 pixels", "in two splits", "2 dog",
                  "data/default/train-00000"):  # fmt: skip
        assert words in text
    assert "same file" in page.locator("#others").inner_text()
    rects = page.locator("#stage .box")
    assert rects.count() == 2
    stage, box = page.locator("#stage").bounding_box(), rects.first.bounding_box()
    # 4 of 48 from the left, 6 of 36 from the top, 20 and 12 wide and high
    assert (box["x"] - stage["x"]) / stage["width"] == pytest.approx(4 / 48, abs=0.02)
    assert (box["y"] - stage["y"]) / stage["height"] == pytest.approx(6 / 36, abs=0.02)
    assert box["width"] / stage["width"] == pytest.approx(20 / 48, abs=0.02)
    assert box["height"] / stage["height"] == pytest.approx(12 / 36, abs=0.02)
    page.uncheck("#boxes")
    assert rects.count() == 0


def test_duplicates_stand_side_by_side_the_worst_first(open_page, odd_page):
    page = open_page(odd_page, "#duplicates")
    cards = page.locator(".pair")
    assert cards.count() == 3
    first = cards.first
    assert first.locator("img").count() == 2
    assert first.locator(".badge").all_inner_texts() == ["in two splits", "other label"]
    assert texts(first, "figcaption strong") == ["train", "test"]
    assert "same file" in first.inner_text()
    assert "turn: mirrored, score: 0.953" in cards.nth(1).inner_text()
    assert "score: 0.91" in cards.nth(2).inner_text()
    assert cards.nth(2).locator(".badge").count() == 0
    page.select_option("#pair-kind", "same file")
    assert cards.count() == 1
    page.select_option("#pair-kind", "across")
    assert cards.count() == 2
    assert "a rule" in page.locator("#rest-tables").inner_text()


def test_tables_sort_by_numbers_and_say_so(open_page, odd_page):
    page = open_page(odd_page, "#audit")
    table = page.locator("#tables table").first
    column = "tbody tr > :nth-child(4)"
    head = table.locator("thead th").nth(3)
    assert head.inner_text().startswith("dog")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert texts(table, column) == ["12", "1", "0"]
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert texts(table, column) == ["0", "1", "12"]
    share = table.locator("thead th").nth(4)
    share.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") is None
    # what is not known comes last, and intervals are drawn
    shown = texts(table, "tbody tr > :nth-child(5)")
    assert shown == ["0.5 (0.25 to 0.75)", "0.1 (0.05 to 0.3)", "\N{EN DASH}"]
    assert table.locator("svg.mark").count() == 2


def test_labels_are_drawn_as_text_and_lead_to_their_pictures(open_page, odd_page):
    page = open_page(odd_page, "#labels")
    chart = page.locator("#balance svg")
    assert "cat" in chart.inner_html()
    assert chart.locator("rect").count() == 2 + 3 * 2  # a legend, and two splits
    assert page.locator("#spread svg rect").count() == 3
    page.select_option("#label-form [name=measure]", "bytes")
    assert page.locator("#spread svg").get_attribute("aria-label").startswith("bytes")
    page.click("#balance-table a:text-is('cat')")
    assert set(names(page)) == {"cat"}


def test_hostile_names_are_shown_and_do_nothing(open_page, odd_page):
    page = open_page(odd_page)
    assert page.title().startswith(f"Odd {SEEN}")
    assert page.locator("h1").inner_text() == f"Odd {SEEN}"
    assert f"gone {SEEN}.jpg" in page.locator("#overview-view").inner_text()
    assert page.locator("a[href^='javascript']").count() == 0
    assert page.locator("a[href='https://example.org/a']").count() == 1
    for view in VIEWS:
        page.goto(f"{odd_page.as_uri()}#{view}")
        assert page.locator("img[src=x]").count() == 0
    page.goto(f"{odd_page.as_uri()}#pictures?open=0.4")
    assert SEEN in page.locator("#facts").inner_text()
    assert SEEN in page.locator("#filters [name=label]").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_view_is_wider_than_its_screen(open_page, odd_page, width, scheme):
    page = open_page(odd_page, width=width, height=740, scheme=scheme)
    for view in (*(f"#{view}" for view in VIEWS), OPENED):
        page.goto(f"{odd_page.as_uri()}{view}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        dialog = "document.querySelector('#detail')"
        assert page.evaluate(f"{dialog}.scrollWidth <= {dialog}.clientWidth + 1")


def test_dark_mode_is_dark(open_page, odd_page):
    shades = {}
    for scheme in ("light", "dark"):
        page = open_page(odd_page, scheme=scheme)
        said = page.evaluate("getComputedStyle(document.body).backgroundColor")
        shades[scheme] = sum(map(int, re.findall(r"\d+", said)))
    assert shades["dark"] < 150
    assert shades["light"] > 600


def test_nothing_moves_for_those_who_asked_for_that(open_page, odd_page):
    moving = "getComputedStyle(document.querySelector('.tile')).transitionDuration"
    page = open_page(odd_page, "#pictures", reduced_motion="reduce")
    assert page.evaluate(moving) == "0s"
    page = open_page(odd_page, "#pictures", reduced_motion="no-preference")
    assert page.evaluate(moving) != "0s"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_that_cannot_be_read_or_reached(
    open_page, odd_page, width, scheme
):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(odd_page, width=width, scheme=scheme)
    for view in (*(f"#{view}" for view in VIEWS), OPENED):
        page.goto(f"{odd_page.as_uri()}{view}")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_where_the_focus_is_can_be_seen(open_page, odd_page):
    page = open_page(odd_page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["width"] > 50
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_script_in_a_name_would_not_run_either(open_page, odd_page):
    """Were a name to come through as markup, the policy of the page would stop it."""
    page = open_page(odd_page)
    policy = page.locator("meta[http-equiv]").get_attribute("content")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
