"""How far splits are from what was asked, in words."""

import copy

import pytest

from builder.card.splits import note_of_cut, tell_cut

CUT = {
    "tolerance": 0.01,
    "rows": 100,
    "groups": 30,
    "largest": 8,
    "size_off": 0.0,
    "share_off": 0.0,
    "splits": {
        name: {
            "asked": asked,
            "rows": round(100 * asked),
            "size_off": 0.0,
            "label": "yes",
            "share": 0.2,
            "of_all": 0.2,
            "share_off": 0.0,
        }
        for name, asked in (("train", 0.7), ("test", 0.3))
    },
}


@pytest.fixture
def told():
    return copy.deepcopy(CUT)


def test_splits_as_they_were_asked_for(told):
    assert tell_cut(told) == (
        "The size of a split is 0.0 points of all rows from what was asked at most, and"
        " the share of a label 0.0 points from that of all rows."
    )
    assert note_of_cut(told, "splits") == ""


def test_the_largest_distances_are_named_with_their_splits(told):
    told["size_off"] = told["splits"]["train"]["size_off"] = 0.02
    told["splits"]["test"]["size_off"] = -0.019
    told["share_off"] = 0.03
    told["splits"]["test"] |= {"share": 0.17, "share_off": -0.03}
    assert tell_cut(told) == (
        "The size of a split is 2.0 points of all rows from what was asked at most"
        " (train has 72.0 % of the rows for 70.0 %), and the share of a label 3.0"
        " points from that of all rows (yes is 17.0 % of test for 20.0 % of all). That"
        " is more than the tolerance of 1.0 %, but no more than one group can change,"
        " which is always allowed. Of the allowed cuts of the 100 rows in 30 groups,"
        " the largest of 8, that were looked at, none has a smaller chi-squared over"
        " sizes and labels."
    )
    assert note_of_cut(told, "config 'x'") == (
        "config 'x': train has 72.0 % of the rows for 70.0 %; yes is 17.0 % of test for"
        " 20.0 % of all: no more than one group can change, and the nearest by"
        " chi-squared of the allowed cuts of the 100 rows in 30 groups, the largest of"
        " 8, that were looked at"
    )


def test_rows_on_their_own_are_not_called_groups(told):
    told |= {"groups": 100, "largest": 1, "share_off": 0.03}
    told["splits"]["test"] |= {"share": 0.17, "share_off": -0.03}
    text = tell_cut(told)
    assert "no more than one row can change" in text
    assert "cuts of the 100 rows that were looked at" in text
    note = note_of_cut(told, "splits")
    assert ": no more than one row can change, and the nearest" in note
    assert note.endswith(" cuts of the 100 rows that were looked at")
    assert "group" not in text + note


def test_up_to_a_point_there_is_nothing_to_say_while_a_build_runs(told):
    told["size_off"] = told["splits"]["train"]["size_off"] = 0.01
    assert note_of_cut(told, "splits") == ""
    told["share_off"] = 0.0101
    told["splits"]["test"] |= {"share": 0.2101, "share_off": 0.0101}
    assert note_of_cut(told, "splits").startswith(
        "splits: yes is 21.0 % of test for 20"
    )


def test_a_larger_tolerance_is_kept(told):
    told["tolerance"] = 0.05
    told["size_off"] = told["splits"]["train"]["size_off"] = 0.04
    assert "more than the tolerance" not in tell_cut(told)
    assert note_of_cut(told, "splits").endswith(" within the tolerance of 5.0 %")


def test_a_group_that_is_too_large_is_told(told):
    told["unfair"] = "90 rows are one group"
    assert tell_cut(told).endswith(
        "**That is not what was asked**: 90 rows are one group."
    )


def test_splits_without_labels(told):
    for facts in told["splits"].values():
        for name in ("label", "share", "of_all", "share_off"):
            del facts[name]
    assert "share of a label" not in tell_cut(told)
