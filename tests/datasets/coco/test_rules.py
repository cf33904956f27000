"""Rules on tables: the rows that NumPy's legacy stream says, and nothing besides."""

import numpy as np
import pytest

from builder.datasets.coco.rules import choose, cut_table, rule_of, subset
from builder.datasets.coco.targets import (
    check_feasible,
    feasibility,
    feasible_targets,
    taken_of,
    without_roots,
)
from builder.datasets.recipe_record import Select
from builder.errors import SelectionError
from tests.datasets.coco.tables import table_of

TRAIN = [[1], [2], [1, 2], [3], [1], [2], [1, 3], [2]]
TEST = [[1], [2], [2, 1], [1]]
SEED = 5


@pytest.fixture
def tables():
    return {"train": table_of(TRAIN), "test": table_of(TEST, name="b.json")}


def drawn(rows, number):
    chance = np.random.RandomState(SEED)
    return sorted(chance.choice(rows, number, replace=False).tolist())


def listed(rows):
    return {split: found.tolist() for split, found in rows.items()}


def test_all_takes_all_and_draws_for_nothing(tables):
    chosen = choose(tables, Select(rule="all"), SEED)
    assert listed(chosen.taken) == {"train": list(range(8)), "test": list(range(4))}
    assert chosen.targets == []
    for rows in chosen.draws.values():
        assert rows.shape == (0, 0)
        assert rows.dtype == np.int64
    assert list(chosen.draws) == ["train", "test"]
    assert chosen.left_out == ()


def test_a_sample_is_of_each_split_anew(tables):
    chosen = choose(tables, Select(rule="sample", samples={"train": 3, "test": 0.5}), 5)
    assert listed(chosen.taken) == {"train": drawn(8, 3), "test": drawn(4, 2)}
    message = (
        "samples: expected 9 images of split train, found 8: ask for 8 at most, or for"
        " a fraction"
    )
    with pytest.raises(SelectionError, match=message):
        choose(tables, Select(rule="sample", samples=9), SEED)
    with pytest.raises(SelectionError, match="number for the split 'test', found only"):
        choose(tables, Select(rule="sample", samples={"train": 3}), SEED)
    whole = choose(tables, Select(rule="sample", samples={"train": 8, "test": 4}), SEED)
    assert listed(whole.taken) == {"train": list(range(8)), "test": list(range(4))}


def test_of_each_label_some_are_taken_and_images_of_two_once(tables):
    cars, buses = [0, 2, 4, 6], [1, 2, 5, 7]
    select = Select(
        rule="per_label", targets=["car", 2], samples={"car": 0.5, "bus": 2}
    )
    chosen = choose(tables, select, SEED)
    places = [cars[i] for i in drawn(4, 2)] + [buses[i] for i in drawn(4, 2)]
    assert chosen.taken["train"].tolist() == sorted(set(places))
    assert chosen.targets == []
    with pytest.raises(SelectionError, match="expected 2 images of cat in test, found"):
        choose(tables, Select(rule="per_label", targets=["cat"], samples=2), SEED)
    message = "number for the label 'bus', found only car: add it"
    with pytest.raises(SelectionError, match=message):
        choose(tables, Select(rule="per_label", samples={"car": 1}), SEED)


def test_of_all_labels_those_that_a_split_lacks_are_passed_over(tables):
    """No cat is in test, and no dog anywhere."""
    names = ("car", "bus", "cat", "dog")
    tables = {"train": table_of(TRAIN, names), "test": table_of(TEST, names)}
    samples = {"car": 2, "bus": 2, "cat": 1}
    chosen = choose(tables, Select(rule="per_label", samples=samples), SEED)
    cats = [[3, 6][i] for i in drawn(2, 1)]
    assert set(cats) <= set(chosen.taken["train"].tolist())
    assert len(chosen.taken["test"]) in {3, 4}
    other = {"train": table_of(TRAIN), "test": table_of([[2], [3]])}
    chosen = choose(other, Select(rule="per_label", samples=1), SEED)
    assert chosen.taken["test"].tolist() == [0, 1]
    nothing = {"train": table_of([[], []], unannotated=True)}
    assert listed(choose(nothing, Select(rule="per_label", samples=1), SEED).taken) == {
        "train": []
    }


def test_balanced_draws_of_all_classes_that_can_be_and_names_the_others(tables):
    select = Select(rule="balanced", samples={"train": 4, "test": 2})
    chosen = choose(tables, select, SEED)
    assert [target.name for target in chosen.targets] == ["car", "bus"]
    assert chosen.left_out == ["cat"]
    assert chosen.taken is None
    assert {s: rows.shape for s, rows in chosen.draws.items()} == {
        "train": (2, 4),
        "test": (2, 2),
    }
    chance = np.random.RandomState(SEED)
    sides = [[0, 2, 4, 6], [1, 3, 5, 7]]
    expected = [side[i] for side in sides for i in chance.choice(4, 2, replace=False)]
    assert chosen.draws["train"][0].tolist() == expected
    some = Select(rule="balanced", targets=["bus"], samples=2)
    assert choose(tables, some, SEED).left_out == []
    hopeless = {"train": table_of([[1], [1]]), "test": table_of(TEST)}
    with pytest.raises(SelectionError, match="every target in every split, found none"):
        choose(hopeless, Select(rule="balanced", samples=2), SEED)


def test_a_table_is_cut_by_chance_and_each_part_is_in_its_order():
    table = table_of([[1 + n % 3] for n in range(10)])
    parts = cut_table(table, {"a": 0.45, "b": 0.3}, SEED)
    order = np.random.RandomState(SEED).permutation(10)
    for drawn_rows, part in zip((order[:5], order[5:8]), parts.values(), strict=True):
        rows = sorted(drawn_rows.tolist())
        assert [image.id for image in part.images] == [row + 1 for row in rows]
        assert [part.categories_of(n)[0] for n in range(len(rows))] == [
            1 + row % 3 for row in rows
        ]
        assert part.num_images == len(rows)
    message = r"splits: 0\.01 of 10 images leaves 'b' empty: give it more, or leave"
    with pytest.raises(SelectionError, match=message):
        cut_table(table, {"a": 0.5, "b": 0.01}, SEED)


def test_a_part_of_a_table_is_in_the_order_that_is_asked_for():
    table = table_of([[3, 1], [1], [2, 3, 1], [3]])
    part = subset(table, np.array([2, 0]))
    assert [part.categories_of(row) for row in range(2)] == [[2, 3, 1], [3, 1]]
    assert part.indptr.tolist() == [0, 3, 5]
    assert part.indptr.dtype == np.int64
    assert [image.id for image in part.images] == [3, 1]
    assert part.num_images == 2
    assert part.rows_of(2).tolist() == [0]
    assert subset(table, np.zeros(0, dtype=np.int64)).indptr.tolist() == [0]


class Recorded:
    def __init__(self, **record):
        self.record = {"rule": "all", "splits": {"train": None}, **record}

    def as_dict(self):
        return self.record


def test_the_rule_is_told_with_what_else_decides_the_rows():
    plain = rule_of(Recorded())
    assert plain == "All rows of the table: images in order of their first annotation."
    more = rule_of(Recorded(unannotated=True))
    assert more.startswith(f"{plain} Images without annotations follow")
    cut = rule_of(Recorded(unannotated=True, splits={"train": 0.5, "test": 0.5}))
    assert cut.startswith(f"{more} The splits are cut before, from the rows of the one")
    assert rule_of(Recorded(splits={"train": 0.5, "test": None})) == plain
    assert rule_of(Recorded(rule="sample")).startswith("Per split: numpy.random.Random")


def test_what_was_there_and_what_was_taken_is_counted(tables):
    taken = {"train": np.array([0, 2, 3]), "test": np.array([], dtype=np.int64)}
    told = taken_of(tables, taken)
    assert told[0] == {"split": "train", "images_available": 8, "taken": 3}
    assert told[1] == {
        "split": "train", "category": "car", "category_id": 1, "images_available": 4,
        "taken": 2,
    }  # fmt: skip
    assert [row["taken"] for row in told] == [3, 2, 1, 1, 0, 0, 0, 0]
    assert [row["images_available"] for row in told] == [8, 4, 4, 2, 4, 3, 2, 0]


def test_what_was_there_and_what_was_drawn_is_counted(tables):
    (car, *_) = tables["train"].categories
    draws = {"train": np.array([[0, 2, 0, 0, 1, 3, 3, 5]]), "test": np.array([[0, 1]])}
    first, second = feasibility(tables, [car], draws)
    assert first == {
        "split": "train", "target": "car", "category_id": 1, "quota": 4,
        "positives_available": 4, "negatives_available": 4, "drawn": 8, "distinct": 5,
        "repeated_positives": 2, "repeated_negatives": 1,
    }  # fmt: skip
    assert (second["quota"], second["distinct"], second["negatives_available"]) == (
        1, 2, 1,
    )  # fmt: skip


def test_a_class_can_be_drawn_where_every_split_has_images_of_both_kinds(tables):
    assert [c.name for c in feasible_targets(tables)] == ["car", "bus"]
    all_cars = {**tables, "more": table_of([[1], [1, 2]])}
    assert [c.name for c in feasible_targets(all_cars)] == ["bus"]


def test_classes_that_cannot_be_drawn_are_named_with_what_helps(tables):
    targets = tables["train"].categories
    with pytest.raises(SelectionError) as caught:
        check_feasible(tables, targets)
    assert str(caught.value) == (
        "expected images with and without every target in every split, found none of 4"
        " with cat in b.json: give --targets car,bus, or another source"
    )
    check_feasible(tables, targets[:2])


def test_images_without_annotations_are_named_where_they_would_help():
    table = table_of([[1], [1, 2], [1, 2], [], []])
    with pytest.raises(SelectionError) as caught:
        check_feasible({"a": table, "b": table}, table.categories)
    assert str(caught.value) == (
        "expected images with and without every target in every split, found none of 3"
        " without car in a.json; none of 3 with cat in a.json; none of 3 without car in"
        " a.json and 1 more: give --targets bus, or a recipe with unannotated = true,"
        " by which the 4 images without annotations count as those, or another source"
    )
    with pytest.raises(SelectionError) as caught:
        check_feasible({"a": table}, table.categories[2:])
    assert str(caught.value).endswith(
        "in a.json: give other --targets, or another source"
    )


def categories(*named):
    return {
        "categories": [
            {"id": i, "name": name, "supercategory": above}
            for i, (name, above) in enumerate(named, start=1)
        ]
    }


@pytest.mark.parametrize(
    ("named", "roots"),
    [
        ([("things", "none"), ("car", "things")], ["things"]),
        ([("car", "car"), ("bus", "x")], ["car"]),
        ([("car", "bus"), ("bus", "x")], []),
        ([("things", "none"), ("car", "none")], []),
    ],
)
def test_a_category_that_only_stands_above_others_is_left_out(named, roots):
    table = table_of([[2], [2]], content=categories(*named))
    found, names = without_roots({"train": table, "test": table})
    assert names == roots
    left = [name for name, _ in named if name not in roots]
    for other in found.values():
        assert [category.name for category in other.categories] == left


def test_not_all_categories_are_left_out():
    table = table_of([[], []], content=categories(("car", "car")), unannotated=True)
    assert without_roots({"train": table}) == ({"train": table}, [])
