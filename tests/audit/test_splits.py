"""How far splits are from what was asked, as data."""

import json

import numpy as np
import pytest

from builder.audit.splits import report
from builder.selection.splits import cut_groups
from builder.selection.unfair import Unfair


def cut(sizes, labels, **options):
    rows = sum(sizes)
    return cut_groups(
        np.repeat(np.arange(len(sizes)), sizes),
        np.array(labels, dtype=np.int64),
        fractions=options.pop("fractions", (0.5, 0.25)),
        seed=0,
        keys=[f"k{row}" for row in range(rows)],
        **options,
    )


def test_the_label_that_is_furthest_off_is_named():
    made = cut([5, 5, 2, 2, 2], [0, 1, 1, 2] * 4, fractions=(0.6, 0.4))
    told = report(made, ["a", "b"], ["x", "y", "z"])
    assert json.loads(json.dumps(told)) == told
    assert (told["rows"], told["groups"], told["largest"]) == (16, 5, 5)
    labels = np.array([0, 1, 1, 2] * 4)
    for number, (name, asked) in enumerate([("a", 0.6), ("b", 0.4)]):
        inside = made.split == number
        facts = told["splits"][name]
        assert facts["asked"] == asked
        assert facts["rows"] == inside.sum()
        assert facts["size_off"] == pytest.approx(inside.mean() - asked, abs=1e-6)
        found = [(labels[inside] == n).mean() - (labels == n).mean() for n in range(3)]
        worst = int(np.argmax(np.abs(found)))
        assert facts["label"] == "xyz"[worst]
        assert facts["share_off"] == pytest.approx(found[worst], abs=1e-6)
        assert facts["share"] == pytest.approx(
            (labels[inside] == worst).mean(), abs=1e-6
        )
        assert facts["of_all"] == pytest.approx((labels == worst).mean(), abs=1e-6)
    offs = [abs(facts["share_off"]) for facts in told["splits"].values()]
    assert told["share_off"] == max(offs)
    assert told["size_off"] == max(abs(f["size_off"]) for f in told["splits"].values())


@pytest.mark.parametrize("far", range(3))
def test_the_label_that_is_furthest_off_may_be_any(far):
    """Two groups: one of them has the label in question in all rows."""
    others = [label for label in range(3) if label != far]
    labels = [far] * 4 + others * 2 + [far, *others, others[0]]
    told = report(cut([4, 8], labels, fractions=(0.6, 0.4)), ["a", "b"], "xyz")
    assert {facts["label"] for facts in told["splits"].values()} == {"xyz"[far]}


def test_of_two_labels_the_second_is_told():
    told = report(cut([1] * 8, [0] * 6 + [1] * 2), ["a", "b"], ["no", "yes"])
    assert [facts["label"] for facts in told["splits"].values()] == ["yes", "yes"]
    assert "unfair" not in told


def test_without_labels_there_is_no_share():
    told = report(cut([1] * 8, [0] * 8), ["a", "b"], [])
    assert set(told["splits"]["a"]) == {"asked", "rows", "size_off"}
    assert told["share_off"] == 0
    why = Unfair("one group", ("do something",))
    told = report(cut([1] * 8, [0] * 8), ["a", "b"], [], unfair=why)
    assert told["unfair"] == "one group"
