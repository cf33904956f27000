"""A card is read in its parts, and written again as it was."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from builder.card import front
from builder.card.front import dump
from builder.card.parts import Block, configs_of, digests, entries, lines_of, read_card

CARD = """---
# who looks after it: Bob
license: mit  # as agreed
tags:
- a

# of the build
configs:
- config_name: default
---

# Shapes <!-- trimset: size -->
all sizes <!-- trimset: end -->

<!-- trimset: count -->

12

<!-- trimset: end -->
Bye.
"""
PIECES = st.sampled_from(
    [
        "---\n", "--- \n", "# c\n", "license: mit\n", "tags: [a, b]\n", "- x\n", "\n",
        "<!-- trimset: one -->", "<!-- trimset: two -->", "<!-- trimset: end -->",
        "a word", "  b: |\n", "\r\n", "\ufeff", "é", "x: {y: 1}\n",
    ]
)  # fmt: skip


def test_a_card_has_keys_blocks_and_prose():
    card = read_card(CARD)
    assert str(card) == CARD
    assert [key.name for key in card.keys] == ["license", "tags", "configs"]
    assert card.keys[0].text == "# who looks after it: Bob\nlicense: mit  # as agreed\n"
    assert card.keys[1].text == "tags:\n- a\n\n"
    assert card.keys[2].text.startswith("# of the build\n")
    assert card.metadata["tags"] == ["a"]
    assert {name: b.content.strip() for name, b in card.blocks.items()} == {
        "size": "all sizes",
        "count": "12",
    }
    assert card.prose == "# Shapes \0size\0\n\n\0count\0\nBye."


@given(st.lists(PIECES, max_size=20).map("".join))
def test_what_is_read_is_written_as_it_was(text):
    text = text.replace("\r\n", "\n").lstrip("\ufeff")
    try:
        card = read_card(text)
    except ValueError:
        return
    # In braces, or indented as a whole, the values are kept, not the form.
    if "{" not in text and not re.match(r"---\n(#.*\n|\s*\n)* ", text):
        assert str(card) == text
    assert str(read_card(str(card))) == str(card)
    assert digests(read_card(str(card))) == digests(card)
    assert str(read_card(text.replace("\n", "\r\n"))) == str(card).replace("\n", "\r\n")


def test_digests_are_of_what_is_said_not_of_how():
    other = (
        "---\nconfigs: [{config_name: default}]\ntags: [a]\nlicense: 'mit'\n---\n"
        "# Shapes <!-- trimset: size -->\nall sizes<!-- trimset: end -->  \n\n"
        "<!-- trimset: count -->\n12\n<!-- trimset: end -->\nBye.\n\n"
    ).replace("\n", "\r\n")
    assert digests(read_card(other)) == digests(read_card(CARD))
    for old, new, part in (
        ("mit", "apache-2.0", "yaml license"),
        ("default\n", "default\n  data_dir: x\n", "config default"),
        ("- a", "- b", "yaml tags"),
        ("12", "13", "block count"),
        ("all sizes", "a size", "block size"),
        ("Bye", "By", "text"),
    ):
        changed = digests(read_card(CARD.replace(old, new)))
        before = digests(read_card(CARD))
        assert [p for p in before if before[p] != changed[p]] == [part]


def test_the_order_of_names_within_a_value_says_nothing():
    one, other = ("---\na: {x: 1, y: {p: 2, q: 3}}\n---\n",
                  "---\na: {y: {q: 3, p: 2}, x: 1}\n---\n")  # fmt: skip
    assert digests(read_card(one)) == digests(read_card(other))
    configs = "---\nconfigs: [{config_name: a, x: 1, y: 2}]\n---\n"
    again = "---\nconfigs: [{y: 2, x: 1, config_name: a}]\n---\n"
    assert digests(read_card(configs)) == digests(read_card(again))


def test_what_is_said_of_a_config_has_not_its_name():
    metadata = {
        "configs": [{"config_name": "a", "x": 1}, {"y": 2}],
        "dataset_info": {"config_name": "a", "splits": []},
    }
    assert configs_of(metadata) == {
        "a": {"configs": [{"x": 1}], "dataset_info": [{"splits": []}]},
        "default": {"configs": [{"y": 2}]},
    }


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a: [", "cannot be read"),
        ("- a", "not a mapping"),
        ("1: a", "not a mapping"),
        ("3", "not a mapping"),
        ('"a\\e[2J": 1', "not a mapping"),
        ("a: 1\na: 2", "a key twice"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n<<: *x", "a key twice"),
        ("a: " + "[" * 3000, "cannot be read|within each other"),
        (
            "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n"
                for old, new in zip("abcdef", "bcdefg", strict=True)
            ),
            "more than 500,000 values",
        ),
    ],
)
def test_yaml_that_cannot_be_merged_is_told(text, match):
    with pytest.raises(ValueError, match=match) as caught:
        read_card(f"---\n{text}\n---\n")
    assert str(caught.value).isprintable()


def test_so_many_values_are_read_and_one_more_is_not(monkeypatch):
    text = "---\na: [1, {b: 2}]\n---\n"  # mapping, a, list, 1, mapping, b, 2
    monkeypatch.setattr(front, "_MOST_NODES", 7)
    assert read_card(text).metadata == {"a": [1, {"b": 2}]}
    monkeypatch.setattr(front, "_MOST_NODES", 6)
    with pytest.raises(ValueError, match=r"^its YAML has more than 6 values$"):
        read_card(text)


def test_dates_and_braces_are_read():
    card = read_card("---\n{a: 2020-01-01, 'b': {1: x}}\n---\n")
    assert card.metadata == {"a": "2020-01-01", "b": {"1": "x"}}
    assert yaml.safe_load(str(card).split("---\n")[1]) == card.metadata


def test_without_yaml_all_is_text():
    for text in ("", "# A\n", "a\n---\nb: c\n---\n", "---\n", "---\n---\n# B\n"):
        card = read_card(text)
        assert card.keys == ()
        assert str(card) == text


def test_marks_without_an_end_and_within_others_are_text():
    text = (
        "<!-- trimset: a --> x <!-- trimset: b --> y <!-- trimset: end -->"
        " <!-- trimset: end --> <!-- trimset: c -->"
    )
    assert [p.name for p in read_card(text).body if isinstance(p, Block)] == ["b"]


def test_lines_for_people():
    card = read_card(CARD)
    assert lines_of(card, "block count") == ["12"]
    assert lines_of(card, "block none") == []
    assert lines_of(card, "yaml tags") == ["tags:", "- a"]
    assert lines_of(card, "text") == ["# Shapes …size…", "", "…count…", "Bye."]


def test_a_single_entry_stands_without_a_list():
    assert entries({"a": {"b": 1}}, "a") == [{"b": 1}]
    assert entries({"a": [{"b": 1}, 3]}, "a") == [{"b": 1}]
    assert entries({"a": "x"}, "a") == entries({}, "a") == []
    assert dump("a", [{"b": "é"}]) == "a:\n- b: é\n"


def test_no_line_of_yaml_has_what_turns_the_text_around_it():
    names = {"names": ["a\u202egnp", "\u2066é", "\ufeffx", "d\u00adé"]}
    text = front.dump_all(names)
    assert text.replace("\n", "").isprintable()
    assert yaml.safe_load(text) == names
    assert "車é\u200d" in front.dump_all({"names": ["車é\u200d"]})
