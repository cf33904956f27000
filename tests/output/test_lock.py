"""A lock: exactly that selection comes out, or nothing is written."""

import json
import shutil
from dataclasses import replace

import pytest

from builder import build, export, plan
from builder.datasets.coco.recipe import CocoRecipe
from builder.errors import SelectionError
from builder.output.digests import digest_of, to_json
from builder.output.lock import first_difference, open_lock
from tests.conftest import COCO_RECIPE, ISIC_RECIPE
from tests.small import COCO, DATASETS, ISIC, OPTIONS, build_from, read_json
from tests.tiny import call, edit_json

RECIPES = {COCO: COCO_RECIPE, ISIC: ISIC_RECIPE}


def refuse(dataset, source, lock, tmp_path, *, recipe=None, commands=None):
    """Return the one message with which all commands stop, having written nothing."""
    recipe = recipe or RECIPES[dataset]
    out = tmp_path / "refused"
    messages = set()
    for command in commands or (plan, build, export):
        places = {} if command is plan else {"out": out}
        with pytest.raises(SelectionError) as caught:
            command(dataset, recipe=recipe, source=str(source), lock=lock, **places)
        messages.add(str(caught.value))
        assert not out.exists()
    (message,) = messages
    assert message.startswith(f"{lock}: ")
    assert message.endswith("; nothing was built")
    return message


def forge(lock, path, change):
    """Write a lock that was changed and given the digest of its new content."""
    content = json.loads(lock.read_text())
    change(content)
    del content["digest"]
    path.write_bytes(to_json({**content, "digest": digest_of(content)}))
    return path


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_same_selection_passes(dataset, builds, sources, exports, tmp_path):
    lock = builds[dataset] / "selection.json"
    plan(dataset, RECIPES[dataset], source=str(sources[dataset]), lock=lock)
    build_from(dataset, sources[dataset], tmp_path / "build", lock=lock)
    assert (tmp_path / "build/selection.json").read_bytes() == lock.read_bytes()
    out = tmp_path / "export"
    record = export(
        dataset, out, RECIPES[dataset], source=str(sources[dataset]), lock=lock
    )
    assert record["selection"] == read_json(lock)["digest"]


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_lock_holds_what_the_contract_lists(dataset, builds):
    lock = read_json(builds[dataset] / "selection.json")
    assert lock["rule"]
    assert lock["seed"] == 42
    roles = {
        COCO: ["train annotations", "test annotations"],
        ISIC: ["metadata", "official duplicates"],
    }
    assert [entry["role"] for entry in lock["inputs"]] == roles[dataset]
    assert {len(entry["sha256"]) for entry in lock["inputs"]} == {64}
    splits = {config: list(splits) for config, splits in lock["draws"].items()}
    if dataset == ISIC:
        assert splits == {
            "default": ["train"],
            "patient": ["train", "validation", "test"],
        }
        parts = [row for rows in lock["draws"]["patient"].values() for row in rows]
        assert parts == lock["draws"]["default"]["train"]
    else:
        assert set(map(tuple, splits.values())) == {("train", "test")}


def test_targets_may_be_spelled_otherwise(builds, coco_source, tmp_path):
    recipe = CocoRecipe(("3", "sports_ball", "toaster"), 20, 12)
    lock = builds[COCO] / "selection.json"
    build(COCO, tmp_path, recipe, source=str(coco_source), lock=lock)
    assert (tmp_path / "selection.json").read_bytes() == lock.read_bytes()


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (CocoRecipe(("car", "toaster"), 20, 12), "--targets 3,37,80"),
        (CocoRecipe(("car", "toaster", "sports ball"), 20, 12), "asked for is 3,80,37"),
        (CocoRecipe(COCO_RECIPE.targets, 18, 12), "has train_samples 20, asked for is"),
        (CocoRecipe(COCO_RECIPE.targets, 20, 14), "give --test-samples 12"),
        (
            CocoRecipe(COCO_RECIPE.targets, 20, 12, 43),
            "asked for is 43: give --seed 42",
        ),
    ],
)
def test_another_recipe_of_coco(recipe, words, builds, coco_source, tmp_path):
    lock = builds[COCO] / "selection.json"
    assert words in refuse(COCO, coco_source, lock, tmp_path, recipe=recipe)


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (
            replace(ISIC_RECIPE, benign=(11, 90)),
            "asked for is 11:90: give --benign 10:90",
        ),
        (replace(ISIC_RECIPE, malignant=(5, 24)), "give --malignant 5:25"),
        (replace(ISIC_RECIPE, seed=1), "the lock has seed 42, asked for is 1"),
    ],
)
def test_another_recipe_of_isic(recipe, words, builds, isic_source, tmp_path):
    lock = builds[ISIC] / "selection.json"
    assert words in refuse(ISIC, isic_source, lock, tmp_path, recipe=recipe)


def test_another_source(builds, coco_source, copy_of, tmp_path):
    source = copy_of(coco_source, "source")
    path = source / "annotations/instances_val2017.json"
    edit_json(path, lambda content: content["licenses"].clear())
    lock = builds[COCO] / "selection.json"
    message = refuse(COCO, source, lock, tmp_path)
    assert "the test annotations were instances_val2017.json with sha256" in message
    assert "another version of the source" in message


def test_a_source_with_and_without_official_duplicates(
    builds, isic_source, copy_of, tmp_path
):
    source = copy_of(isic_source, "source")
    (source / "ISIC_2020_Training_Duplicates.csv").unlink()
    lock = builds[ISIC] / "selection.json"
    message = refuse(ISIC, source, lock, tmp_path)
    assert "was made with official duplicates, this source has none" in message
    build_from(ISIC, source, tmp_path / "without")
    lock = tmp_path / "without/selection.json"
    message = refuse(ISIC, isic_source, lock, tmp_path)
    assert "was made without official duplicates, this source has them" in message


def test_another_dataset_and_another_rule(builds, coco_source, tmp_path):
    lock = builds[ISIC] / "selection.json"
    message = refuse(COCO, coco_source, lock, tmp_path)
    assert "is of 'siim_isic_small', this is 'coco_stuff_trimmed'" in message
    lock = forge(
        builds[COCO] / "selection.json",
        tmp_path / "lock.json",
        lambda content: content.update(rule="Draw what pleases."),
    )
    assert "made by another rule" in refuse(COCO, coco_source, lock, tmp_path)


def test_another_draw_from_the_same_source(builds, coco_source, tmp_path):
    """As another version of NumPy might draw."""

    def swap(content):
        rows = content["draws"]["toaster"]["test"]
        rows[2], rows[8] = rows[8], rows[2]

    lock = forge(builds[COCO] / "selection.json", tmp_path / "lock.json", swap)
    message = refuse(COCO, coco_source, lock, tmp_path)
    assert "row 2 of toaster/test is val2017/" in message
    assert "by the same rule: another version of numpy or pandas" in message


def test_other_rows_of_isic_are_found_before_the_images(builds, isic_source, tmp_path):
    def change(content):
        content["draws"]["default"]["train"][0] = "ISIC_0000000"

    lock = forge(builds[ISIC] / "selection.json", tmp_path / "lock.json", change)
    message = refuse(ISIC, isic_source, lock, tmp_path)
    assert "ISIC_0000000 is only in the lock" in message


def test_other_images_give_another_patient_split(
    builds, isic_source, copy_of, tmp_path
):
    """The rows are the same, but two of them are copies of one file."""
    source = copy_of(isic_source, "source")
    # Without images.sha256 beside it, which would tell the image itself.
    lock = shutil.copy(builds[ISIC] / "selection.json", tmp_path / "lock.json")
    patient = read_json(lock)["draws"]["patient"]
    shutil.copy(
        source / f"train/{patient['train'][0]}.jpg",
        source / f"train/{patient['test'][0]}.jpg",
    )
    options = {"recipe": ISIC_RECIPE, "commands": (build, export)}
    message = refuse(ISIC, source, lock, tmp_path, **options)
    assert " of patient/" in message
    assert "other images, or --no-audit on one side only" in message
    # A plan does not look at images, so it cannot know.
    plan(ISIC, ISIC_RECIPE, source=str(source), lock=lock)


def test_a_patient_split_on_one_side_only(builds):
    lock = read_json(builds[ISIC] / "selection.json")
    other = {**lock, "draws": {"default": lock["draws"]["default"]}}
    words = "patient/train has 70 rows in the lock and 0 here"
    assert words in first_difference(lock, other)
    assert "patient/train has 0 rows in the lock" in first_difference(other, lock)
    assert first_difference(lock, other, draws=False) is None
    assert first_difference(lock, lock) is None


def test_a_tolerance_that_was_not_given_is_in_no_lock(builds):
    lock = read_json(builds[ISIC] / "selection.json")
    assert "tolerance" not in lock["recipe"]
    given = {**lock, "recipe": {**lock["recipe"], "tolerance": 0.05}}
    words = "the lock has tolerance none, asked for is 0.05: leave --tolerance out"
    assert first_difference(lock, given) == words
    words = "the lock has tolerance 0.05, asked for is none: give --tolerance 0.05"
    assert first_difference(given, lock) == words


def test_a_changed_lock_is_refused(builds, coco_source, tmp_path):
    lock = tmp_path / "lock.json"
    whole = (builds[COCO] / "selection.json").read_bytes()
    for place in range(0, len(whole), len(whole) // 50):
        data = bytearray(whole)
        data[place] ^= 1
        lock.write_bytes(data)
        with pytest.raises(SelectionError, match=r"lock\.json: "):
            open_lock(lock)
    lock.write_text(json.dumps({**json.loads(whole), "seed": 7}))
    with pytest.raises(SelectionError, match="its digest is not that of its content"):
        build(COCO, tmp_path / "out", COCO_RECIPE, source=str(coco_source), lock=lock)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "expected a selection.json, found none that can be read"),
        (b"\xff", "expected JSON of the format trimset.selection/1, found none"),
        (b"[]", "expected the format trimset.selection/1, found 'None'"),
        (b'{"format": "trimset.manifest/1"}', "found 'trimset.manifest/1': get the"),
        (b'{"format": "trimset.selection/1"}', "missing required field `dataset`"),
    ],
)
def test_what_is_no_lock_is_refused(content, words, tmp_path):
    path = tmp_path / "lock.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SelectionError, match=words):
        open_lock(path)


@pytest.mark.parametrize("command", ["plan", "build", "export"])
def test_on_the_command_line(command, builds, coco_source, tmp_path):
    out = [] if command == "plan" else ["--out", tmp_path / "out"]
    options = [option for option in OPTIONS[COCO] if option != "100KB"]
    options.remove("--max-shard-size")
    lock = builds[COCO] / "selection.json"
    line = (command, COCO, "--source", coco_source, *out, *options, "--lock", lock)
    done = call(*line, "--seed", 43)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert "the lock has seed 42, asked for is 43: give --seed 42" in said
    assert not (tmp_path / "out").exists()
    assert call(*line).returncode == 0
