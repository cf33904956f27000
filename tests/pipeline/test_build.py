"""The whole way: the same bytes whatever the source looks like and who writes them."""

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import fsspec
import pyarrow.parquet as pq
import pytest
from PIL import Image

from builder import build, plan
from builder.errors import ImageError, SourceError, UsageError
from builder.output.manifest import digest_of
from tests.conftest import COCO_RECIPE, ISIC_RECIPE, SHARD_SIZE
from tests.tiny import ROOT, contents, run, snapshot, zip_folder

COCO, ISIC = "coco_stuff_trimmed", "siim_isic_small"
DATASETS = [COCO, ISIC]
COCO_OPTIONS = (
    "--targets", "car,sports ball,toaster", "--train-samples", 20,
    "--test-samples", 12, "--max-shard-size", "100KB",
)  # fmt: skip
ISIC_OPTIONS = (
    "--benign", "10:90", "--malignant", "5:25", "--max-shard-size", "100KB",
)  # fmt: skip
OPTIONS = {COCO: COCO_OPTIONS, ISIC: ISIC_OPTIONS}


@pytest.fixture(scope="module")
def expected(builds):
    """Return the digests of every file of both builds."""
    return {dataset: contents(folder) for dataset, folder in builds.items()}


def build_from(dataset, source, out, **options):
    recipe = {COCO: COCO_RECIPE, ISIC: ISIC_RECIPE}[dataset]
    options = {"max_shard_size": SHARD_SIZE, **options}
    return build(dataset, out, recipe, source=str(source), **options)


def read_json(path):
    return json.loads(path.read_text())


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_build_holds_what_the_contract_lists(dataset, builds, expected):
    folder = builds[dataset]
    small = {
        COCO: {"labels_train.json", "labels_val.json", "labels_val.parquet.txt"},
        ISIC: {"metadata_small.csv"},
    }
    names = {n for n in expected[dataset] if not n.startswith(("data/", "figures/"))}
    fixed = {"README.md", "selection.json", "manifest.json"}
    assert names == fixed | small[dataset]
    manifest = read_json(folder / "manifest.json")
    configs = {path.name for path in (folder / "data").iterdir()}
    assert configs <= set(manifest["configs"])
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
    assert seen > 60


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
    with pytest.raises(UsageError, match="coco_stuff_trimmed has no 'metadata'"):
        build(COCO, tmp_path / "none", COCO_RECIPE, files={"metadata": "x"})
    with pytest.raises(UsageError, match="takes a CocoRecipe"):
        build(COCO, tmp_path / "none", ISIC_RECIPE, files=places)
    assert not (tmp_path / "none").exists()


def kill_after(files, dataset, source, out):
    """Start a build, and kill it once so many files lie in its folder."""
    command = [
        sys.executable, "-m", "builder", "build", dataset, "--source", source,
        "--out", out, "--workers", 1, *OPTIONS[dataset],
    ]  # fmt: skip
    with subprocess.Popen(
        [str(word) for word in command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None:
            if sum(p.is_file() for p in list_files(out)) >= files:
                process.send_signal(signal.SIGKILL)
                break
        return process.wait()


def list_files(folder):
    try:
        return [
            Path(base, name) for base, _, names in os.walk(folder) for name in names
        ]
    except OSError:
        return []


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize(
    ("dataset", "files"), [(COCO, 1), (COCO, 9), (COCO, 25), (ISIC, 3)]
)
def test_a_killed_build_is_finished_by_the_same_command(
    dataset, files, sources, expected, tmp_path
):
    out = tmp_path / "out"
    kill_after(files, dataset, sources[dataset], out)
    half = contents(out)
    assert "manifest.json" not in half or half == expected[dataset]
    done = {
        name: (out / name).stat().st_ino
        for name in half
        if name.startswith("data/") and half[name] == expected[dataset][name]
    }
    build_from(dataset, sources[dataset], out)
    assert contents(out) == expected[dataset]
    # What was whole and recorded is not written again; one file may be unrecorded.
    again = [
        name for name, inode in done.items() if (out / name).stat().st_ino != inode
    ]
    assert len(again) <= 1


def test_a_build_interrupted_under_other_options_leaves_nothing_behind(
    sources, expected, tmp_path
):
    out = tmp_path / "out"

    class StopError(Exception):
        pass

    class Stopping(ThreadPoolExecutor):
        count = 0

        def submit(self, *args, **options):
            self.count += 1
            if self.count > 12:
                raise StopError
            return super().submit(*args, **options)

    other = {"max_shard_size": 75_000}
    with Stopping(1) as executor, pytest.raises(StopError):
        build_from(COCO, sources[COCO], out, executor=executor, **other)
    left = set(contents(out))
    assert any(name.startswith("data/") and name not in expected[COCO] for name in left)
    assert "manifest.json" not in left
    build_from(COCO, sources[COCO], out)
    assert contents(out) == expected[COCO]


@pytest.mark.parametrize("dataset", DATASETS)
def test_building_again_changes_nothing_but_the_finished_file(
    dataset, sources, builds, copy_of
):
    folder = copy_of(builds[dataset])
    before = snapshot(folder)
    build_from(dataset, sources[dataset], folder)
    after = snapshot(folder)
    assert set(after) == set(before)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {".", "manifest.json"}


def broken_source(coco_source, builds, copy_of):
    """Return a source with five broken images of the union, and their keys."""
    source = copy_of(coco_source, "source")
    draws = read_json(builds[COCO] / "selection.json")["draws"]["default"]
    keys = [*draws["train"][:4], draws["test"][0]]
    whole = [(source / key).read_bytes() for key in keys]
    other = next(
        path.read_bytes()
        for path in sorted((source / "val2017").iterdir())
        if path.stat().st_size and _size(path) != _size(source / keys[1])
    )
    for key, data in zip(
        keys,
        [whole[0][:-40], other, b"", b"<html>404</html>", whole[4][:30]],
        strict=True,
    ):
        (source / key).write_bytes(data)
    return source, keys


def _size(path):
    with Image.open(path) as image:
        return image.size


def test_broken_images_are_all_named_at_once(coco_source, builds, copy_of, tmp_path):
    source, keys = broken_source(coco_source, builds, copy_of)
    out = tmp_path / "out"
    with pytest.raises(ImageError) as caught:
        build_from(COCO, source, out)
    message = str(caught.value)
    assert message.startswith("5 of ")
    reasons = [
        "is truncated: no end marker",
        "is not the image of its record: its size is",
        "is an empty file",
        "is not an image in any of",
        "is truncated: its header ends at byte 30",
    ]
    for key, reason in zip(keys, reasons, strict=True):
        assert f"{key} {reason}" in message
    assert "--allow-broken" in message
    assert not (out / "manifest.json").exists()
    # Mended, the same command goes on.
    for key in keys:
        shutil.copy(coco_source / key, source / key)
    build_from(COCO, source, out)
    assert contents(out) == contents(builds[COCO])


def test_allowed_broken_images_are_left_out_and_listed(
    coco_source, builds, copy_of, tmp_path
):
    source, keys = broken_source(coco_source, builds, copy_of)
    out = tmp_path / "out"
    manifest = build_from(COCO, source, out, allow_broken=True)
    assert [entry["image"] for entry in manifest["broken"]] == sorted(keys)
    draws = read_json(out / "selection.json")["draws"]
    for config, splits in draws.items():
        for split, names in splits.items():
            kept = [Path(name).name for name in names if name not in keys]
            facts = manifest["configs"][config][split]
            assert facts["num_examples"] == len(kept)
            found = [
                image["path"]
                for path in facts["files"]
                for image in pq.read_table(out / path)["image"].to_pylist()
            ]
            assert found == kept
    card = (out / "README.md").read_text()
    assert all(f"`{key}`" in card for key in keys)


def test_missing_images_are_named_before_anything_is_written(
    coco_source, builds, copy_of, tmp_path
):
    source = copy_of(coco_source, "source")
    keys = read_json(builds[COCO] / "selection.json")["draws"]["default"]["train"]
    for key in keys[:7]:
        (source / key).unlink()
    with pytest.raises(ImageError) as caught:
        build_from(COCO, source, tmp_path / "out")
    message = str(caught.value)
    assert f"7 of {len(keys)} selected images are not there: " in message
    assert Path(keys[0]).name in message
    assert ", ..." in message
    assert not (tmp_path / "out").exists()
    with pytest.raises(ImageError, match="7 of"):
        plan(COCO, COCO_RECIPE, source=str(source))


def test_a_damaged_zip_is_an_error(coco_source, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(coco_source / "annotations", source / "annotations")
    for split in ("train2017", "val2017"):
        path = zip_folder(coco_source / split, source / f"{split}.zip", top=f"{split}/")
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    for info in infos:
        data[info.header_offset + 200] ^= 1
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"val2017\.zip: member .* is damaged: .*CRC"):
        build_from(COCO, source, tmp_path / "out")
    path.write_bytes(bytes(data[: len(data) // 2]))
    with pytest.raises(SourceError, match="no readable zip directory"):
        build_from(COCO, source, tmp_path / "out")
    assert not (tmp_path / "out/manifest.json").exists()


def test_a_plan_says_what_a_build_will_hold(sources, builds, recipes):
    for dataset in DATASETS:
        report = plan(dataset, recipes[dataset], source=str(sources[dataset]))
        manifest = read_json(builds[dataset] / "manifest.json")
        lock = read_json(builds[dataset] / "selection.json")
        assert report["rows"] == {
            config: {split: len(names) for split, names in splits.items()}
            for config, splits in lock["draws"].items()
            if config != "patient"  # known only once the images were looked at
        }
        default = manifest["configs"]["default"].values()
        assert report["images"] == sum(facts["num_examples"] for facts in default)
        images = {
            image["path"]: len(image["bytes"])
            for path in (builds[dataset] / "data/default").rglob("*.parquet")
            for image in pq.read_table(path)["image"].to_pylist()
        }
        assert report["bytes"] == sum(images.values())
        assert report["feasibility"] == manifest["feasibility"]
        assert json.loads(json.dumps(report)) == report
