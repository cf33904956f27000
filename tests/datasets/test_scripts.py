"""The dataset scripts on an export, against the Parquet files of a build."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import datasets
import pytest

from builder import CocoRecipe, build, export
from builder.datasets.coco.recipe import NOTEBOOK_TARGETS
from builder.datasets.isic.dataset import Isic
from builder.datasets.licences import UNOFFICIAL
from builder.datasets.painted.coco import CATEGORIES
from builder.output.schema import older_spelling
from coco_stuff_trimmed import coco_stuff_trimmed as coco_script
from coco_stuff_trimmed.coco_stuff_trimmed import CocoStuffTrimmed
from siim_isic_small import siim_isic_small as isic_script
from siim_isic_small.siim_isic_small import SiimIsicSmall
from tests.conftest import COCO_RECIPE, ISIC_RECIPE
from tests.pipeline.test_build_again import broken_source
from tests.small import COCO, DATASETS, ISIC, read_json
from tests.tiny import ROOT

PROBE = ROOT / "tests/probes/script_probe.py"
CLASSES = {COCO: CocoStuffTrimmed, ISIC: SiimIsicSmall}


def environments():
    """Return the Pythons of other versions of `datasets` that are there already.

    They are those of `python -m tests.load_matrix`, and those that TRIMSET_ENVS
    names, with the path separator of the system between them.
    """
    found = {"here": sys.executable}
    for version in ("3.6.0", "4.8.5", "5"):
        python = ROOT / ".matrix" / version / "bin" / "python"
        if python.exists():
            found[version] = str(python)
    for python in filter(None, os.environ.get("TRIMSET_ENVS", "").split(os.pathsep)):
        found[Path(python).parents[1].name] = python
    return found


def raw(rows):
    """Return rows with the images' own bytes in the place of pictures."""
    return list(rows.cast_column("image", datasets.Image(decode=False)))


def load_export(dataset, config, folder, cache, **options):
    builder = CLASSES[dataset](
        config_name=config, data_dir=str(folder), cache_dir=str(cache), **options
    )
    builder.download_and_prepare()
    return builder.as_dataset()


@pytest.mark.parametrize("environment", environments())
@pytest.mark.parametrize("dataset", DATASETS)
def test_script_and_parquet_give_equal_rows_everywhere(
    dataset, environment, builds, exports, tmp_path
):
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    command = [
        environments()[environment], "-W", "ignore", PROBE, ROOT / dataset,
        exports[dataset], builds[dataset],
    ]  # fmt: skip
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True, text=True, check=False,
        env={**environ, "HF_HOME": str(tmp_path)}, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    manifest = read_json(builds[dataset] / "manifest.json")
    assert set(report["splits"]) == {
        f"{config}/{split}"
        for config, splits in manifest["configs"].items()
        for split in splits
    }
    for name, found in report["splits"].items():
        config, split = name.split("/")
        facts = manifest["configs"][config][split]
        assert found["script"] == found["parquet"], name
        assert found["script"]["rows"] == facts["num_examples"]


@pytest.mark.parametrize("kind", ["", "resized_"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_rows_are_equal_one_by_one(dataset, kind, request, tmp_path):
    build_folder, export_folder = (
        request.getfixturevalue(f"{kind}{name}")[dataset]
        for name in ("builds", "exports")
    )
    assert_equal_roads(dataset, export_folder, build_folder, tmp_path)


def test_broken_images_are_left_out_on_both_roads(
    coco_source, builds, copy_of, tmp_path
):
    source, keys = broken_source(coco_source, builds, copy_of)
    folders = [tmp_path / "exported", tmp_path / "built"]
    for make, folder in zip((export, build), folders, strict=True):
        record = make(COCO, folder, COCO_RECIPE, source=str(source), allow_broken=True)
        named = (
            [entry["image"] for entry in record["broken"]]
            if make is build
            else (record["broken"])
        )
        assert sorted(named) == sorted(keys)
    assert_equal_roads(COCO, *folders, tmp_path)


def assert_equal_roads(dataset, export_folder, build_folder, tmp_path):
    """Compare every row that the script gives with those of the Parquet files."""
    manifest = read_json(build_folder / "manifest.json")
    for config in manifest["configs"]:
        ours = load_export(dataset, config, export_folder, tmp_path / "ours")
        theirs = datasets.load_dataset(
            str(build_folder), config, cache_dir=str(tmp_path / "theirs")
        )
        assert list(ours) == list(theirs)
        for split in theirs:
            assert ours[split].features == theirs[split].features
            assert ours[split].column_names == theirs[split].column_names
            assert raw(ours[split]) == raw(theirs[split])


def other_recipe(dataset):
    if dataset == COCO:
        return replace(COCO_RECIPE, seed=7)
    return replace(ISIC_RECIPE, benign=(11, 91))


@pytest.mark.parametrize("dataset", DATASETS)
def test_an_export_that_changed_is_read_anew(dataset, sources, tmp_path):
    out, cache = tmp_path / "out", tmp_path / "cache"
    recipes = [
        {COCO: COCO_RECIPE, ISIC: ISIC_RECIPE}[dataset],
        other_recipe(dataset),
    ]
    config = {COCO: "car", ISIC: "default"}[dataset]
    found = []
    for recipe in recipes:
        export(dataset, out, recipe, source=str(sources[dataset]), overwrite=True)
        build(
            dataset,
            tmp_path / "b",
            recipe,
            source=str(sources[dataset]),
            overwrite=True,
        )
        loaded = load_export(dataset, config, out, cache)
        again = load_export(dataset, config, out, cache)
        expected = datasets.load_dataset(
            str(tmp_path / "b"), config, cache_dir=str(tmp_path / "parquet")
        )
        assert raw(loaded["train"]) == raw(again["train"]) == raw(expected["train"])
        found.append(raw(loaded["train"]))
    assert found[0] != found[1]


def test_other_targets_and_categories_are_read(coco_source, tmp_path):
    recipe = CocoRecipe(("person", "car"), train_samples=8, test_samples=4)
    export(COCO, tmp_path / "out", recipe, source=str(coco_source))
    build(COCO, tmp_path / "built", recipe, source=str(coco_source))
    ours = load_export(
        COCO, None, tmp_path / "out", tmp_path / "cache", target="person"
    )
    theirs = datasets.load_dataset(str(tmp_path / "built"), "person")
    default = load_export(COCO, "default", tmp_path / "out", tmp_path / "cache")
    assert raw(ours["test"]) == raw(theirs["test"])
    assert ours["train"].features == theirs["train"].features
    assert default["train"].features["drawn_for"].feature.names == ["person", "car"]
    with pytest.raises(ValueError, match=r"has no draw for 'toaster', only for person"):
        load_export(COCO, "toaster", tmp_path / "out", tmp_path / "cache")


@pytest.mark.parametrize("dataset", DATASETS)
def test_without_an_export_the_message_says_what_to_run(dataset, tmp_path):
    builder = CLASSES[dataset](config_name="default", cache_dir=str(tmp_path))
    with pytest.raises(ValueError, match=rf"run 'trimset export {dataset} --out DIR'"):
        builder.download_and_prepare()


def test_a_config_that_the_export_has_not_is_an_error(isic_source, tmp_path):
    recipe = replace(ISIC_RECIPE, benign=(0, 1), malignant=(0, 1))
    record = export(ISIC, tmp_path / "out", recipe, source=str(isic_source))
    assert "2 rows in 2 groups cannot be cut into 3" in record["split"]["reason"]
    with pytest.raises(ValueError, match="has no config 'patient', only default"):
        load_export(ISIC, "patient", tmp_path / "out", tmp_path / "cache")


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/hostname", "a\\..\\..\\b"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_no_file_is_read_that_lies_outside_of_an_export(
    dataset, name, exports, copy_of, tmp_path
):
    """A record that somebody handed over names it in the place of an image."""
    (tmp_path / "secret.jpg").write_bytes(b"theirs")
    folder = copy_of(exports[dataset])
    record = read_json(folder / "trimset.json")
    if dataset == ISIC:
        positions = next(iter(record["configs"]["default"].values()))
        record["images"][positions[0]] = name
    else:
        for split in record["splits"].values():
            split["labels"] = name
    (folder / "trimset.json").write_text(json.dumps(record))
    made = CLASSES[dataset](
        config_name="default", data_dir=str(folder), cache_dir=str(tmp_path / "cache")
    )
    with pytest.raises(ValueError, match="expected a file in its folder"):
        list(made._generate_examples(made._export(), *_first_split(record)))


def _first_split(record):
    if "splits" in record:
        return (next(iter(record["splits"])),)
    return (next(iter(record["configs"]["default"].values())),)


def test_without_patients_the_script_reads_the_config_split(
    isic_source, copy_of, tmp_path
):
    source = copy_of(isic_source, "source")
    path = source / "ISIC_2020_Training_GroundTruth.csv"
    path.write_text(path.read_text().replace("patient_id", "somebody", 1))
    options = {"source": str(source)}
    record = export(ISIC, tmp_path / "exported", ISIC_RECIPE, **options)
    manifest = build(ISIC, tmp_path / "built", ISIC_RECIPE, **options)
    assert list(manifest["configs"]) == list(record["configs"]) == ["default", "split"]
    assert record["split"] == manifest["audit"]["split"]
    assert Isic().remarks(record) == []
    assert Isic().remarks(manifest) == [UNOFFICIAL]  # and an export has no card
    assert_equal_roads(ISIC, tmp_path / "exported", tmp_path / "built", tmp_path)
    with pytest.raises(ValueError, match="'patient', only default, split"):
        load_export(ISIC, "patient", tmp_path / "exported", tmp_path / "cache")


def test_the_scripts_list_what_the_notebook_drew():
    names = {str(entry["id"]): entry["name"] for entry in CATEGORIES}
    assert [names[target] for target in NOTEBOOK_TARGETS] == list(coco_script.TARGETS)
    assert list(names.values()) == list(coco_script.CATEGORIES)
    configs = [config.name for config in CocoStuffTrimmed.BUILDER_CONFIGS]
    assert configs == list(coco_script.FEATURES)
    assert len(configs) == 41
    assert {"default", "car", "sports_ball", "hair_drier"} <= set(configs)
    configs = [config.name for config in SiimIsicSmall.BUILDER_CONFIGS]
    assert configs == list(isic_script.FEATURES) == ["default", "patient", "split"]
    for features in (*coco_script.FEATURES.values(), *isic_script.FEATURES.values()):
        assert "List" not in json.dumps(older_spelling(features.to_dict()))


def test_nothing_that_is_built_or_exported_holds_a_script(builds, exports):
    for folder in (*builds.values(), *exports.values()):
        assert not list(folder.rglob("*.py"))
