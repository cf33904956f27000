"""Test sets in and out of context: the rule, and what is said of them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.datasets.coco.context import MEASURED_PAIRS
from builder.datasets.coco.context_sets import (
    RULE,
    draw_context_sets,
    short_of,
    tell_context_sets,
)
from builder.datasets.coco.parse import read_table
from builder.datasets.coco.recipe import NOTEBOOK_TARGETS, CocoRecipe
from builder.datasets.coco.rules import BALANCED
from builder.datasets.coco.study_selection import remarks_of, select_coco
from builder.datasets.coco.stuff import Stuff, match_stuff
from builder.errors import SelectionError
from builder.pipeline.prepare import keys_of
from builder.selection.contract import draws_of
from builder.sources.image_stores import FolderImages
from tests.stuffed import stuff_of
from tests.tiny import coco_json, read_data

FOLDERS = {"train": "train2017", "test": "val2017"}
NAMES = ("car", "person", "clock")


def table_of(shown):
    """Return a table whose image i shows the categories `shown[i]`, from 1 on."""
    pairs = tuple((i, c) for i, found in enumerate(shown, 1) for c in sorted(found))
    content = coco_json(len(shown), pairs, NAMES)
    return read_table(json.dumps(content).encode(), name="a.json")


def stuff_for(table, road, listed=None):
    """Return stuff of a table: its rows of `road` show road."""
    listed = np.arange(len(table)) if listed is None else np.array(listed)
    presence = np.zeros((2, len(table)), dtype=bool)
    presence[1, np.intersect1d(road, listed).astype(int)] = True
    return Stuff(("sky-other", "road"), presence, listed)


def draw(table, stuff, pairs, samples=6, seed=42):
    return draw_context_sets(
        table,
        stuff,
        table.categories,
        pairs,
        split="test",
        samples=samples,
        seed=seed,
    )


# Every image shows a thing; 1 is the class, 2 a thing beside it, 3 neither.
IMAGES = st.lists(
    st.tuples(
        st.sets(st.sampled_from([1, 2, 3]), min_size=1), st.booleans(), st.booleans()
    ),
    min_size=4,
    max_size=40,
)


@settings(max_examples=150)
@given(
    images=IMAGES,
    samples=st.integers(2, 24),
    seed=st.integers(0, 2**32 - 1),
    is_stuff=st.booleans(),
)
def test_sets_are_what_the_rule_says(images, samples, seed, is_stuff):
    """The rule once more, in lists and sets of images."""
    images = [({1, 2}, True, True), ({3}, True, True), *images]
    table = table_of([shown for shown, *_ in images])
    road = [i for i, (_, has_road, _) in enumerate(images) if has_road]
    listed = [i for i, (_, _, is_listed) in enumerate(images) if is_listed]
    stuff = stuff_for(table, road, listed)
    before = np.random.get_state()[1].tolist()
    context = "road" if is_stuff else "person"
    [found] = draw(table, stuff, {"car": context}, samples, seed)
    assert np.random.get_state()[1].tolist() == before

    def has(i, name):
        if name == "road":
            return images[i][1]
        return NAMES.index(name) + 1 in images[i][0]

    generator = np.random.RandomState(seed)
    expected = []
    for wanted in ((True, True), (True, False), (False, None)):
        kind = [
            i
            for i in listed
            if has(i, "car") == wanted[0] and wanted[1] in (None, has(i, context))
        ]
        size = min(samples // 2, len(kind))
        drawn = generator.choice(kind, size, replace=False) if kind else []
        expected.append([int(i) for i in drawn])
    together, alone, without = expected
    sets = {name: rows.tolist() for name, rows in found.splits().items()}
    assert sets == {"cooccur": together + without, "exclusive": alone + without}
    assert all(len(set(rows)) == len(rows) <= samples for rows in sets.values())
    assert found.images == len(listed)
    assert found.quota == samples // 2
    assert sum(found.available) == len(listed)
    assert sorted(found.rows.tolist()) == sorted(together + alone + without)


def test_the_stream_is_the_one_of_numpy_1():
    """Drawn once with numpy 1.26; the same with every later one (NEP 19)."""
    table = table_of([{1, 2}] * 9 + [{1}] * 9 + [{3}] * 9)
    [found] = draw(table, stuff_for(table, []), {"car": "person"})
    assert found.together.tolist() == [7, 1, 5]
    assert found.alone.tolist() == [9, 10, 14]
    assert found.without.tolist() == [26, 20, 18]


def test_what_was_drawn_and_what_is_missing_is_told():
    table = table_of([{1}, {1}, {1, 2}, {3}, {3}, {1}])
    stuff = stuff_for(table, [0, 2, 3], listed=[0, 1, 2, 3, 4])
    sets = draw(table, stuff, {"car": "road", "clock": "person", "cup": "road"}, 4)
    told = tell_context_sets(sets)["context_sets"]
    assert told["rule"] == RULE
    assert [(t["config"], t["split"]) for t in told["sets"]] == [
        ("car_context", "cooccur"), ("car_context", "exclusive"),
        ("clock_context", "cooccur"), ("clock_context", "exclusive"),
    ]  # fmt: skip
    assert told["sets"][0] == {
        "config": "car_context", "split": "cooccur", "target": "car",
        "context": "road", "images": 5, "quota": 2, "positives_available": 2,
        "positives": 2, "negatives_available": 2, "negatives": 2,
    }  # fmt: skip
    assert told["sets"][1]["positives_available"] == 1
    assert told["sets"][2]["positives"] == 0
    assert short_of(sets) == [
        "car_context/exclusive (1 with it)",
        "clock_context/cooccur (0 with it)",
    ]
    assert short_of(draw(table, stuff, {"car": "road"}, 8)) == [
        "car_context/cooccur (2 with and 2 without it)",
        "car_context/exclusive (1 with and 2 without it)",
    ]
    assert tell_context_sets([]) == {}
    assert short_of([]) == []


def test_an_empty_set_is_refused():
    table = table_of([{1, 2}, {3}])
    with pytest.raises(
        SelectionError, match=r"of the 1 images .* the set exclusive of"
    ):
        draw(table, stuff_for(table, [], listed=[0]), {"car": "person"})


# In a selection of the study.


@pytest.fixture(scope="module")
def selections():
    """Return selections from the golden source, without stuff and with."""
    contents = {
        split: json.loads(read_data(f"instances_{folder}.json"))
        for split, folder in FOLDERS.items()
    }
    tables = {
        split: read_table(json.dumps(content).encode(), name=f"{split}.json")
        for split, content in contents.items()
    }
    stores = {split: FolderImages((), folder) for split, folder in FOLDERS.items()}
    stuff = {}
    for split, content in contents.items():
        data = json.dumps(stuff_of(content)).encode()
        theirs = read_table(data, name="stuff.json", unannotated=True)
        stuff[split] = match_stuff(theirs, tables[split])
    recipe = CocoRecipe(train_samples=60, test_samples=40)
    return (
        select_coco(tables, stores, recipe),
        select_coco(tables, stores, recipe, stuff=stuff),
    )


def test_stuff_moves_no_draw_and_adds_a_config_for_each_class(selections):
    without, with_stuff = selections
    ours, theirs = draws_of(with_stuff), draws_of(without)
    assert list(theirs) == list(ours)[:21]
    assert {config: ours[config] for config in theirs} == theirs
    added = [config for config in ours if config not in theirs]
    assert added == [f"{config}_context" for config in list(theirs)[1:]]
    assert all(list(ours[config]) == ["cooccur", "exclusive"] for config in added)
    assert without.rule == BALANCED
    assert with_stuff.rule == f"{BALANCED} {RULE}"
    assert without.small_tables() == with_stuff.small_tables()
    assert "stuff" not in without.recipe.as_dict()
    assert with_stuff.recipe.as_dict() == {**without.recipe.as_dict(), "stuff": True}


def test_images_of_context_sets_are_numbered_after_all_others(selections):
    _, with_stuff = selections
    first, *_ = (keys_of(s.images()) for s in selections)
    keys = keys_of(with_stuff.images())
    assert keys[: len(first)] == first
    assert len(set(keys)) == len(keys) > len(first)
    roles = [group.role for group in with_stuff.images()]
    assert roles == ["train images", "test images", "further test images"]
    default = {int(i) for s in with_stuff.splits() if s.is_whole for i in s.images}
    assert default == set(range(len(first)))
    assert sum(with_stuff.told()["licences"].values()) == len(keys)


def test_rows_of_context_sets_say_what_the_tables_say(selections):
    _, selection = selections
    keys = keys_of(selection.images())
    content = json.loads(read_data("instances_val2017.json"))
    images = {f"val2017/{i['file_name']}": i for i in content["images"]}
    shown = {
        key: {a["category_id"] for a in content["annotations"]
              if a["image_id"] == image["id"]}
        for key, image in images.items()
    }  # fmt: skip
    stuff = {}
    for entry in stuff_of(content)["annotations"]:
        stuff.setdefault(entry["image_id"], set()).add(entry["category_id"])
    ids = {c["name"]: c["id"] for c in content["categories"]}
    road = {"road": 149, "fruit": 122, "towel": 168}
    kinds = {**road, "building-other": 96, "ceiling-other": 102}
    parts = [s for s in selection.splits() if s.config.endswith("_context")]
    assert len(parts) == 40
    for part in parts:
        name = part.config.removesuffix("_context").replace("_", " ")
        context = dict(MEASURED_PAIRS)[name]
        columns = part.columns
        assert set(columns) | {"image"} == set(part.features)
        assert part.features["label"].names == ["other", name]
        for place, number in enumerate(part.images.tolist()):
            key = keys[number]
            image = images[key]
            for column in ("file_name", "width", "height"):
                assert columns[column][place] == image[column]
            assert columns["image_id"][place] == image["id"]
            assert set(columns["category_ids"][place]) == shown[key]
            label = ids[name] in shown[key]
            assert columns["label"][place] == label
            if label:
                beside = (
                    kinds[context] in stuff[image["id"]]
                    if context in kinds
                    else ids[context] in shown[key]
                )
                assert beside == (part.split == "cooccur")
        assert columns["draw"].tolist() == list(range(len(part)))
        assert not columns["repeat"].any()


def test_an_export_names_the_sets_and_the_labels_of_their_images(selections):
    without, selection = selections
    export, plain = selection.export(), without.export()
    assert set(export.files) - set(plain.files) == {"contexts_val.json"}
    for name, data in plain.files.items():
        assert export.files[name] == data
    written = json.loads(export.files["contexts_val.json"])
    draws = draws_of(selection)
    assert list(written["sets"]) == list(NOTEBOOK_TARGETS)
    for target in selection.targets:
        found = dict(written["sets"][str(target.id)])
        assert found.pop("context") == dict(MEASURED_PAIRS)[target.name]
        assert found == draws[f"{target.name.replace(' ', '_')}_context"]
    further = set(export.record["images"]) - set(plain.record["images"])
    assert set(written["labels"]) == further
    assert export.record["splits"]["test"]["contexts"] == "contexts_val.json"


def test_remarks_name_what_a_user_may_not_expect(selections):
    without, selection = selections
    assert list(remarks_of(without)) == []
    [line] = remarks_of(selection)
    assert line.startswith("context sets: ")
    assert "have fewer than the 20 images asked for" in line
    stuff = {
        split: Stuff(s.categories, s.presence, s.listed[1:])
        for split, s in selection.beside.items()
    }
    recipe = CocoRecipe(("car", "dog"), 4, 2)
    other = select_coco(selection.tables, selection.stores, recipe, stuff=stuff)
    assert list(remarks_of(other)) == [
        "context sets: none for dog, whose context is not among the 20 known pairs",
        (
            "stuff: 1 of train and 1 of test images were not looked through for it, and"
            " take no part where contexts are measured and context sets drawn"
        ),
    ]
