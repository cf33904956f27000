"""The first row of a build, as a reader sees it."""

import pytest

from builder.card.example import example

FEATURES = {
    "image": {"_type": "Image"},
    "label": {"_type": "ClassLabel", "names": ["a"]},
    "objects": {
        "_type": "Sequence",
        "feature": {"category": {"_type": "ClassLabel", "names": ["é"]}},
    },
    "file": {"_type": "Value", "dtype": "string"},
    "absent": {"_type": "Value", "dtype": "string"},
}


def shown(row):
    """Return the card's text of a row."""
    told = {"config": "round", "split": "test", "row": row}
    return example({"features": {"round": FEATURES}, "example": told})


def test_a_row_is_told_in_the_order_of_the_features_a_line_for_each_field():
    row = {"file": "é.jpg", "objects": {"category": [0, 1], "of": {"a": 1}}, "label": 0}
    assert shown(row) == (
        "The first row of `round`, split `test`. Classes are numbers in `label`,"
        " `objects`: `ds.features` has their names.\n\n"
        "```json\n{\n"
        '  "image": "<PIL.Image>",\n'
        '  "label": 0,\n'
        '  "objects": {\n    "category": [0, 1],\n    "of": {"a": 1}\n  },\n'
        '  "file": "é.jpg"\n'
        "}\n```"
    )


@pytest.mark.parametrize(
    ("value", "is_cut"),
    [("long…", True), ("… and more", True), ([["x…"]], True), ({"a": "x…"}, True),
     ("…x", False), ("a … b", False), ([1, "x"], False), ({"a": None}, False)],
)  # fmt: skip
def test_it_is_told_that_values_are_cut_wherever_they_are(value, is_cut):
    assert ("`test`. Long values are cut." in shown({"file": value})) == is_cut


def test_nothing_in_a_row_turns_or_hides_what_is_around_it():
    text = shown({"file": [{"\u202ea": "b\u202e\x1b"}, 3, None], "objects": {}})
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "3, null]" in text
    assert '"objects": {},\n' in text


def test_a_build_without_rows_has_no_example_and_numbers_need_classes():
    assert example({}) == example({"example": None}) == ""
    told = {"config": "c", "split": "s", "row": {"file": "x"}}
    plain = {"features": {"c": {"file": FEATURES["file"]}}, "example": told}
    assert example(plain) == (
        'The first row of `c`, split `s`.\n\n```json\n{\n  "file": "x"\n}\n```'
    )
