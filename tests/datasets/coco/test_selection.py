"""COCO selections: the golden one, the notebook's on any table, and impossible ones."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.datasets.coco.parse import read_table
from builder.datasets.coco.recipe import NOTEBOOK_TARGETS, CocoRecipe
from builder.datasets.coco.study_selection import select_coco
from builder.datasets.coco.targets import find_targets
from builder.errors import SelectionError, UsageError
from builder.pipeline.prepare import keys_of
from builder.selection.contract import draws_of, sizes_of
from builder.selection.names import config_name, config_names
from builder.sources.image_stores import FolderImages
from tests.benchmarks.notebook import clean_data, load_coco_data, sync_data
from tests.tiny import SHARED, coco_json, read_data

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

FOLDERS = {"train": "train2017", "test": "val2017"}


def select(contents, recipe):
    tables = {
        split: read_table(data, name=f"{folder}.json")
        for (split, folder), data in zip(FOLDERS.items(), contents, strict=True)
    }
    stores = {split: FolderImages((), folder) for split, folder in FOLDERS.items()}
    return select_coco(tables, stores, recipe)


@pytest.fixture(scope="module")
def golden():
    """Return the selection from the golden source."""
    data = [read_data(f"instances_{folder}.json") for folder in FOLDERS.values()]
    return select(data, CocoRecipe(train_samples=60, test_samples=40))


@pytest.fixture(scope="module")
def expected():
    return json.loads(read_data("expected_60_40.json"))


@pytest.mark.parametrize(("split", "short"), [("train", "train"), ("test", "val")])
def test_the_golden_selection_is_the_notebooks(golden, expected, split, short):
    draws, labels = expected[split]["draws"], expected[split]["labels"]
    assert list(draws) == list(NOTEBOOK_TARGETS)
    by_config = draws_of(golden)
    assert list(by_config) == [
        "default",
        *(config_name(target.name) for target in golden.targets),
    ]
    for target in golden.targets:
        assert by_config[config_name(target.name)][split] == draws[str(target.id)]
    assert by_config["default"][split] == list(labels)
    # As text: the order of images and of categories is part of it.
    files = golden.export().files
    assert (
        files[f"labels_{short}.json"] == golden.small_tables()[f"labels_{short}.json"]
    )
    assert files[f"labels_{short}.json"].decode() == json.dumps(labels, indent=2)
    assert json.loads(files[f"draws_{short}.json"]) == draws


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the golden files of ../shared")
def test_the_original_golden_files_give_the_same(golden):
    place = SHARED / "golden/coco"
    data = [
        (place / f"annotations/instances_{folder}.json").read_bytes()
        for folder in FOLDERS.values()
    ]
    whole = select(data, CocoRecipe(train_samples=60, test_samples=40))
    assert draws_of(whole) == draws_of(golden)
    assert whole.small_tables() == golden.small_tables()
    text = (place / "expected_60_40.json").read_bytes()
    assert json.loads(text) == json.loads(read_data("expected_60_40.json"))


@pytest.mark.parametrize("split", ["train", "test"])
def test_rows_say_what_the_table_says(golden, expected, split):
    draws, labels = expected[split]["draws"], expected[split]["labels"]
    content = json.loads(read_data(f"instances_{FOLDERS[split]}.json"))
    images = {f"{FOLDERS[split]}/{i['file_name']}": i for i in content["images"]}
    names = {c["id"]: c["name"] for c in content["categories"]}
    licences = {entry["id"]: entry["name"] for entry in content["licenses"]}
    located = [*expected["train"]["labels"], *expected["test"]["labels"]]
    assert keys_of(golden.images()) == located
    sizes = sizes_of(golden.images())[[located.index(key) for key in labels]]
    assert sizes.tolist() == [[images[k]["width"], images[k]["height"]] for k in labels]
    parts = {part.config: part for part in golden.splits() if part.split == split}
    features = {config: part.features for config, part in parts.items()}
    assert len(parts) == 1 + len(golden.targets)
    for config, part in parts.items():
        drawn = draws[str(golden.targets[list(parts).index(config) - 1].id)]
        keys = list(labels) if config == "default" else drawn
        columns = part.columns
        assert set(columns) | {"image"} == set(features[config])
        assert [located[image] for image in part.images] == keys
        assert part.is_whole == (config == "default")
        for name in ("file_name", "width", "height"):
            assert columns[name] == [images[key][name] for key in keys]
        assert columns["image_id"] == [images[key]["id"] for key in keys]
        assert columns["category_ids"] == [labels[key] for key in keys]
        if config == "default":
            label = features[config]["labels"].feature
            assert [label.int2str(ids) for ids in columns["labels"]] == [
                [names[c] for c in labels[key]] for key in keys
            ]
            assert [
                [golden.targets[n].id for n in numbers]
                for numbers in columns["drawn_for"]
            ] == [
                [int(t) for t, files in draws.items() if key in files] for key in keys
            ]
            assert features[config]["drawn_for"].feature.names == [
                target.name for target in golden.targets
            ]
            assert columns["license"] == [licences[images[k]["license"]] for k in keys]
            for name in ("coco_url", "flickr_url"):
                assert columns[name] == [images[key][name] for key in keys]
        else:
            target = next(t for t in golden.targets if config_name(t.name) == config)
            assert features[config]["label"].names == ["other", target.name]
            assert columns["label"].tolist() == [
                int(target.id in labels[key]) for key in keys
            ]
            assert columns["draw"].tolist() == list(range(len(keys)))
            assert columns["repeat"].tolist() == [
                key in keys[:place] for place, key in enumerate(keys)
            ]


def test_feasibility_counts_what_is_drawn(golden, expected):
    facts = {(f["split"], f["target"]): f for f in golden.told()["feasibility"]}
    assert len(facts) == 40
    short = set()
    for split in FOLDERS:
        for target in golden.targets:
            fact = facts[split, target.name]
            drawn = expected[split]["draws"][str(target.id)]
            half = len(drawn) // 2
            assert fact["drawn"] == len(drawn)
            assert fact["distinct"] == len(set(drawn))
            assert fact["repeated_positives"] == half - len(set(drawn[:half]))
            assert fact["repeated_negatives"] == half - len(set(drawn[half:]))
            available = golden.tables[split].has(target.id).sum()
            assert fact["positives_available"] == available
            assert fact["negatives_available"] == len(golden.tables[split]) - available
            if available < half:
                short.add((split, target.name))
                assert fact["repeated_positives"] >= half - available
            else:
                assert fact["repeated_positives"] == 0
    assert short  # the golden source has targets that must be drawn again


@st.composite
def sources(draw):
    """Return two annotation files in which categories 3 and 7 can be drawn."""
    files = []
    for _ in range(2):
        count = draw(st.integers(3, 12))
        pairs = draw(
            st.lists(
                st.tuples(st.integers(0, count - 1), st.sampled_from([3, 5, 7])),
                max_size=30,
            )
        )
        # Image 0 has both, image 1 neither.
        pairs = [(i, 5 if i == 1 else c) for i, c in [*pairs, (0, 3), (0, 7), (1, 5)]]
        pairs = draw(st.permutations(pairs))
        files.append(
            {
                "images": [
                    {"id": 100 - i, "file_name": f"{i}.jpg", "width": 1, "height": 1}
                    for i in range(count)
                ],
                "annotations": [
                    {"image_id": 100 - i, "category_id": c, "iscrowd": 0}
                    for i, c in pairs
                ],
                "categories": [
                    {"id": 7, "name": "sports ball"},
                    {"id": 3, "name": "car"},
                    {"id": 5, "name": "dog"},
                ],
            }
        )
    return files


@settings(max_examples=60)
@given(files=sources(), samples=st.integers(2, 16), seed=st.integers(0, 2**32 - 1))
def test_any_selection_is_the_notebooks(files, samples, seed, tmp_path_factory):
    recipe = CocoRecipe(("3", "sports_ball"), samples, samples // 2 + 2, seed)
    data = [json.dumps(content).encode() for content in files]
    before = np.random.get_state()[1].tolist()
    selection = select(data, recipe)
    assert np.random.get_state()[1].tolist() == before
    small = selection.small_tables()
    for split, content, count in zip(
        FOLDERS, data, (samples, samples // 2 + 2), strict=True
    ):
        path = tmp_path_factory.getbasetemp() / "source.json"
        path.write_bytes(content)
        table = clean_data(str(path), FOLDERS[split])
        files_of = {t: load_coco_data(table, t, count, seed) for t in (3, 7)}
        draws = draws_of(selection)
        assert draws["car"][split] == [str(f) for f in files_of[3]]
        assert draws["sports_ball"][split] == [str(f) for f in files_of[7]]
        drawn = {str(f) for files in files_of.values() for f in files}
        # `sync_data` keeps the order of what it is given; ours is that of the table.
        union = sync_data(table, [key for key in table if key in drawn])
        name = "labels_train.json" if split == "train" else "labels_val.json"
        assert small[name].decode() == json.dumps(union, indent=2)


SPELLINGS = ["2", "sports ball", "sports_ball", "sports  ball"]


def targets_of(names, wanted):
    content = json.dumps(coco_json(categories=names)).encode()
    return find_targets(read_table(content, name="a.json").categories, wanted)


@pytest.mark.parametrize("wanted", SPELLINGS)
def test_a_target_may_be_spelled_in_several_ways(wanted):
    assert [t.id for t in targets_of(("car", "sports ball"), [wanted])] == [2]


@pytest.mark.parametrize(
    ("names", "wanted", "message"),
    [
        (("car", "bus"), ["cra"], "target 'cra': expected the name or id of one"),
        (("car", "bus"), ["cra"], "2 categories.*found 0 that fit; .* car, bus"),
        (("car", "bus"), ["CAR"], "found 0 that fit"),
        (("car", "sports ball"), ["sports-ball"], "found 0 that fit"),
        (("car", "bus"), ["99"], "target '99': .* found 0 that fit"),
        (("car", "bus"), ["car", "1"], "two of them would be the config 'car'"),
        (("a b", "a-b", "a/b"), ["a_b"], "found 2 that fit"),
        (("car", "car"), ["car"], "found 2 that fit: 'car' has the id 1, 'car' has th"),
    ],
)  # fmt: skip
def test_targets_that_cannot_be_meant_are_refused(names, wanted, message):
    with pytest.raises(SelectionError, match=message):
        targets_of(names, wanted)


@pytest.mark.parametrize(
    ("names", "wanted", "found"),
    [
        (("a b", "a/b"), ["a b", "a/b"], ["a_b", "a_b_2"]),
        (("Car", "car"), ["car", "Car"], ["car", "Car_1"]),
        (("default", "bus"), ["default"], ["default_1"]),
        (("!!!", "bus"), ["!!!"], ["class_1"]),
        (("猫", "犬"), ["犬", "猫"], ["犬", "猫"]),
        (("car", "car"), [2, 1], ["car", "car_1"]),
        (("2", "bus"), ["2", 2], ["2", "bus"]),  # a name goes before an id
        (("cup, paper", "bus"), ["cup", "paper", "bus"], ["cup_paper", "bus"]),
    ],
)
def test_every_target_has_a_config_of_its_own(names, wanted, found):
    targets = targets_of(names, wanted)
    assert config_names([(target.name, target.id) for target in targets]) == found


def encode(**options):
    return json.dumps(coco_json(**options)).encode()


def test_targets_that_cannot_be_drawn_are_all_named():
    names = ("car", "bus", "dog", "cat")
    train = encode(annotations=((1, 1), (1, 3), (2, 1), (2, 2)), categories=names)
    test = encode(annotations=((1, 1), (2, 2), (2, 3)), categories=names)
    wanted = ("car", "bus", "dog", "cat")
    with pytest.raises(SelectionError) as caught:
        select([train, test], CocoRecipe(wanted, 2, 2))
    message = str(caught.value)
    assert "none of 2 without car in train2017.json" in message
    assert "none of 2 with cat in train2017.json" in message
    assert "none of 2 with cat in val2017.json" in message
    assert "give --targets bus,dog," in message
    with pytest.raises(SelectionError, match="give other --targets, or another source"):
        select([train, test], CocoRecipe(("cat",), 2, 2))


def test_splits_of_other_categories_are_refused():
    other = encode(categories=("dog", "cat"))
    with pytest.raises(SelectionError, match=r"val2017\.json: expected the categor.*"):
        select([encode(), other], CocoRecipe(("car",), 2, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": ()}, "targets: expected at least one, found none"),
        ({"targets": ("car", "car")}, "targets: car, car names one of them twice"),
        ({"train_samples": 1}, "train_samples: expected 2 or more, found 1"),
        ({"test_samples": -2}, "test_samples: expected 2 or more, found -2"),
        ({"seed": -1}, "seed: expected 0 to 4294967295, found -1"),
        ({"seed": 2**32}, "seed: expected 0 to 4294967295, found 4294967296"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        CocoRecipe(**options)


@given(name=st.text(max_size=12))
def test_config_names_are_safe_for_files_and_idempotent(name):
    config = config_name(name)
    # Letters and digits of any script, as `datasets` allows them in a config's name.
    assert re.fullmatch(r"[\w.-]*", config)
    assert config == config.strip("._-")
    assert not re.search(r"[<>:/\\|?*\s]", config)
    assert config_name(config) == config
