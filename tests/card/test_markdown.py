"""Whatever a source calls its things, Markdown shows it, and does nothing else."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builder.card.markdown import (
    Markdown,
    code,
    fenced,
    link,
    megabytes,
    plain,
    table,
    visible,
)
from tests.hostile.names import HOSTILE, shown

PIECES = st.sampled_from(
    [*HOSTILE, "_", "*", "|", "\\", "`", "#", " ", "\n", "-", "1.", "http://a.b", "é"]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES).map("".join))
WHOLE = {"table", "thead", "tbody", "tr", "th", "td", "code"}


def tight(text):
    """Return a text without spaces, which pages make less of."""
    return "".join(text.split())


def is_in(text, page):
    """Whether a page shows a text; of code, with the one pipe that it writes out."""
    told = visible(text)
    spelled = (told, told.replace("\\|", "\\x7c"))
    return any(tight(one) in tight(page.text) for one in spelled)


def hostile(test):
    for name in HOSTILE:
        test = example(name)(test)
    return test


@hostile
@given(TEXTS)
def test_a_cell_shows_any_text(text):
    page = shown(table(["name", text], [[text, code(text)], ["next", 1]]))
    assert set(page.tags) <= WHOLE
    assert page.tags.count("tr") == 3
    assert page.tags.count("td") == 4
    assert page.links == []
    assert is_in(text, shown(table(["a", "b"], [[text, "|"]])))


@hostile
@given(TEXTS)
def test_a_line_shows_any_text(text):
    """In a heading, in a list, and within a sentence."""
    for before, tags in (("# ", {"h1"}), ("- ", {"ul", "li"}), ("It is ", {"p"})):
        page = shown(f"{before}{plain(text)}\n\nNext.\n")
        assert set(page.tags) <= {*tags, "p", "code"}
        assert page.tags.count("p") == 1 + (tags == {"p"})
        assert is_in(text, page)


@hostile
@given(TEXTS)
def test_code_shows_any_name(text):
    page = shown(f"The {code(text)} of it.")
    assert page.tags == ["p", "code"]
    wanted = visible(text).replace("\\|", "\\x7c")
    assert tight(page.text) == tight(f"The {wanted} of it.")


@hostile
@given(TEXTS)
def test_no_line_ends_a_fence(text):
    page = shown(f"{fenced(text, 'json')}\n\nNext.\n")
    assert page.tags == ["pre", "code", "p"]


@given(TEXTS, TEXTS)
@example("Home", "https://a.b/) [x](http://evil.example")
@example("Home", "javascript:alert(1)")
@example("](http://evil.example)", "https://a.b")
def test_a_link_leads_where_it_says(text, address):
    page = shown(f"See {link(text, address)}.")
    assert set(page.tags) <= {"p", "a", "code"}
    assert page.tags.count("a") <= 1
    for target in page.links:
        assert target.lower().startswith(("http://", "https://"))
        assert address.lower().startswith(target[:8].lower())


def test_what_is_not_seen_is_written_out():
    assert visible("a\x00b\u202ec\u200bd") == "a\\x00b\\u202ec\\u200bd"
    assert visible("one\r\n two\u2028three") == "one two three"
    for text in ("نص", "\u200d👩\u200d👧", "שלום", "ß", "a\u200cb"):
        assert visible(text) == text


def test_names_as_people_write_them_stay_as_they_are():
    for name in ("hair drier", "age_approx", "below 30", "3:2 (1.4 to 1.6)", "50%",
                 "-1.5", "head/neck", "R&D", "a-b", "C#", "+4.0", "Größe"):  # fmt: skip
        assert plain(name) == name


@pytest.mark.parametrize(
    ("cell", "text"),
    [(1500, "1,500"), (True, "True"), (0.5, "0.5"), ("-", "-"), (None, "None")],
)
def test_cells_are_numbers_or_texts(cell, text):
    assert table(["n"], [[cell]]).splitlines()[2] == f"| {text} |"


def test_markdown_is_taken_as_it_is():
    assert table(["a"], [[Markdown("**b**")]]).endswith("\n| **b** |")
    assert table(["a"], [["**b**"]]).endswith("\n| \\*\\*b\\*\\* |")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (10_400, "10 kB"), (1_000, "1.0 kB"), (9_999, "10.0 kB"),
     (10_000, "10 kB"),
     (10**6, "1.0 MB"), (10**10, "10 GB"), (10**9 - 1, "1000 MB")],
)  # fmt: skip
def test_sizes_have_two_digits_up_to_ten_of_a_unit(size, text):
    assert megabytes(size) == text


def test_an_entity_is_shown_as_it_is_written_and_capitals_are_an_address():
    assert plain("a &lt; b & c") == "a &amp;lt; b & c"
    assert link("a", "HTTPS://A.b") == "[a](HTTPS://A.b)"
    assert link("a", " http://a.b") == "a"
