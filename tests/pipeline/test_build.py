"""The whole way: the same bytes whatever the source looks like and who writes them."""

import hashlib
import multiprocessing
import os
import shutil
import zipfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import fsspec
import pyarrow.parquet as pq
import pytest

from builder import build
from builder.errors import SourceError, UsageError
from builder.output.digests import digest_of
from tests.conftest import COCO_RECIPE, ISIC_RECIPE, SHARD_SIZE
from tests.small import (
    COCO,
    DATASETS,
    ISIC,
    OPTIONS,
    build_from,
    read_json,
)
from tests.tiny import ROOT, contents, run, snapshot, zip_folder


@pytest.fixture(scope="module")
def expected(builds):
    """Return the digests of every file of both builds."""
    return {dataset: contents(folder) for dataset, folder in builds.items()}


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_build_holds_what_the_contract_lists(dataset, builds, expected):
    folder = builds[dataset]
    small = {
        COCO: {"labels_train.json", "labels_val.json", "labels_val.parquet.txt"},
        ISIC: {"metadata_small.csv"},
    }
    names = {n for n in expected[dataset] if not n.startswith(("data/", "figures/"))}
    fixed = {"README.md", "selection.json", "images.sha256", "manifest.json"}
    assert names == fixed | small[dataset]
    manifest = read_json(folder / "manifest.json")
    configs = {path.name for path in (folder / "data").iterdir()}
    # `patient` lists the shards of `default`.
    assert configs == set(manifest["configs"]) - {"patient"}
    assert "default" in configs
    listed = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    assert listed == {
        n: d for n, d in expected[dataset].items() if n != "manifest.json"
    }
    for name, entry in manifest["files"].items():
        assert entry["bytes"] == (folder / name).stat().st_size
        if name.endswith(".parquet"):
            assert entry["rows"] == pq.read_metadata(folder / name).num_rows
    lock = read_json(folder / "selection.json")
    digest = lock.pop("digest")
    assert digest == digest_of(lock) == manifest["selection"]
    assert lock["seed"] == 42


def test_configs_and_splits_have_the_rows_of_the_lock(builds):
    folder = builds[COCO]
    draws = read_json(folder / "selection.json")["draws"]
    assert list(draws) == ["default", "car", "sports_ball", "toaster"]
    for config, splits in draws.items():
        assert list(splits) == ["train", "test"]
        for split, keys in splits.items():
            paths = sorted((folder / "data" / config).glob(f"{split}-*.parquet"))
            count = len(paths)
            assert [p.name for p in paths] == [
                f"{split}-{i:05d}-of-{count:05d}.parquet" for i in range(count)
            ]
            images = [
                image["path"]
                for path in paths
                for image in pq.read_table(path)["image"].to_pylist()
            ]
            assert images == [Path(key).name for key in keys]
            if config != "default":
                assert len(keys) == {"train": 20, "test": 12}[split]
    assert set(draws["default"]["train"]) == {
        key for config in draws if config != "default" for key in draws[config]["train"]
    }


@pytest.mark.parametrize("dataset", DATASETS)
def test_images_are_the_original_bytes(dataset, builds, sources):
    source = {path.name: path.read_bytes() for path in sources[dataset].rglob("*.jpg")}
    seen = 0
    for path in (builds[dataset] / "data").rglob("*.parquet"):
        for image in pq.read_table(path, columns=["image"])["image"].to_pylist():
            assert image["bytes"] == source[image["path"]]
            seen += 1
    files = read_json(builds[dataset] / "manifest.json")["files"]
    assert seen == sum(entry.get("rows", 0) for entry in files.values()) > 60


def test_nothing_of_the_machine_is_in_a_build(builds, sources, tmp_path):
    for dataset, folder in builds.items():
        for path in folder.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                for word in (sources[dataset], folder, ROOT, Path.home()):
                    if str(word) != "/":
                        assert str(word).encode() not in data, (path, word)


@pytest.fixture(scope="module")
def pools():
    context = multiprocessing.get_context("spawn")
    with (
        ThreadPoolExecutor(3) as threads,
        ProcessPoolExecutor(2, mp_context=context) as processes,
    ):
        yield {"threads": threads, "processes": processes}


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_any_executor_writes_the_same_bytes(
    dataset, kind, pools, sources, expected, tmp_path
):
    build_from(dataset, sources[dataset], tmp_path, executor=pools[kind], workers=2)
    assert contents(tmp_path) == expected[dataset]


def test_any_fsspec_folder_gets_the_same_bytes(coco_source, expected):
    build_from(COCO, coco_source, "memory://test-build/out")
    memory = fsspec.filesystem("memory")
    digests = {
        name.split("/test-build/out/")[1]: hashlib.sha256(memory.cat_file(name))
        for name in memory.find("/test-build/out")
    }
    digests = {name: digest.hexdigest() for name, digest in digests.items()}
    assert digests == expected[COCO]


@pytest.mark.parametrize("dataset", DATASETS)
def test_another_machine_writes_the_same_bytes(dataset, sources, expected, tmp_path):
    """Another process, folder, home, time zone, language and hash seed."""
    (tmp_path / "elsewhere").mkdir()
    source = os.path.relpath(sources[dataset], tmp_path / "elsewhere")
    done = run(
        "build", dataset, "--source", source, "--out", "../out", *OPTIONS[dataset],
        "--workers", 2, cwd=tmp_path / "elsewhere", TZ="Asia/Kathmandu",
        HOME=str(tmp_path), LANG="tr_TR.UTF-8", LC_ALL="C", PYTHONHASHSEED="7",
        SOURCE_DATE_EPOCH="1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "out") == expected[dataset]
    assert list((tmp_path / "elsewhere").iterdir()) == []


STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


@pytest.mark.parametrize(
    ("annotations", "images", "top", "method", "zip64"),
    [
        ("", "", True, STORED, False),
        ("annotations/", "zips/", True, DEFLATED, False),
        ("", "zips/", True, STORED, True),
        ("", "", False, DEFLATED, True),
    ],
)
def test_coco_zips_give_the_bytes_of_the_folder(
    annotations, images, top, method, zip64, coco_source, expected, tmp_path
):
    source, options = tmp_path / "source", {"method": method, "force_zip64": zip64}
    for split in ("train2017", "val2017"):
        zip_folder(
            coco_source / split,
            source / f"{images}{split}.zip",
            top=f"{split}/" if top else "",
            **options,
        )
    zip_folder(
        coco_source / "annotations",
        source / f"{annotations}annotations_trainval2017.zip",
        top="annotations/",
        **options,
    )
    before = snapshot(source)
    build_from(COCO, source, tmp_path / "out")
    assert contents(tmp_path / "out") == expected[COCO]
    assert snapshot(source) == before


@pytest.mark.parametrize("top", ["train/", "jpeg/train/", ""])
@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_isic_zips_give_the_bytes_of_the_folder(
    top, method, isic_source, expected, tmp_path
):
    source = tmp_path / "source"
    name = "ISIC_2020_Training_JPEG.zip"
    zip_folder(isic_source / "train", source / name, top=top, method=method)
    for path in isic_source.glob("*.csv"):
        shutil.copy(path, source)
    build_from(ISIC, source, tmp_path / "out")
    assert contents(tmp_path / "out") == expected[ISIC]


@pytest.mark.parametrize(
    ("place", "metadata"),
    [
        ("jpeg/train", "train.csv"),
        ("", "ISIC_2020_Training_GroundTruth.csv"),
        ("train", "metadata.csv"),
    ],
)
def test_isic_layouts_give_the_same_rows(
    place, metadata, isic_source, builds, tmp_path
):
    source = tmp_path / "source"
    shutil.copytree(isic_source / "train", source / place)
    shutil.copy(isic_source / "ISIC_2020_Training_GroundTruth.csv", source / metadata)
    manifest = build_from(ISIC, source, tmp_path / "out")
    other = read_json(builds[ISIC] / "manifest.json")
    assert {n: e for n, e in manifest["files"].items() if n.startswith("data/")} == {
        n: e for n, e in other["files"].items() if n.startswith("data/")
    }
    (entry,) = [s for s in manifest["sources"] if s["role"] == "metadata"]
    assert entry["name"] == metadata


def test_any_coco_files_by_option_give_the_same_rows(coco_source, builds, tmp_path):
    places = {}
    for split, folder in (("train", "train2017"), ("test", "val2017")):
        shutil.copytree(coco_source / folder, tmp_path / f"{split} images")
        places[f"{split}_images"] = str(tmp_path / f"{split} images")
        target = tmp_path / f"{split}.json"
        shutil.copy(coco_source / f"annotations/instances_{folder}.json", target)
        places[f"{split}_annotations"] = str(target)
    manifest = build(
        COCO, tmp_path / "out", COCO_RECIPE, files=places, max_shard_size=SHARD_SIZE
    )
    other = read_json(builds[COCO] / "manifest.json")
    for name in manifest["configs"]:
        for facts in manifest["configs"][name].values():
            rows = [manifest["files"][path]["rows_sha256"] for path in facts["files"]]
            assert rows == [
                other["files"][path]["rows_sha256"] for path in facts["files"]
            ]
    places["test_images"] = str(tmp_path / "typo")
    with pytest.raises(SourceError, match=r"typo: expected a folder or a zip of imag"):
        build(COCO, tmp_path / "none", COCO_RECIPE, files=places)
    with pytest.raises(UsageError, match="coco_stuff_trimmed has no input 'metadata'"):
        build(COCO, tmp_path / "none", COCO_RECIPE, files={"metadata": "x"})
    with pytest.raises(UsageError, match="of the type CocoRecipe, found IsicRec"):
        build(COCO, tmp_path / "none", ISIC_RECIPE, files=places)
    assert not (tmp_path / "none").exists()
