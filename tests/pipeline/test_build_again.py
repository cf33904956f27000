"""Builds that were killed, that are made again, and sources that are broken."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from builder import plan
from builder.errors import ImageError, SourceError
from tests.conftest import COCO_RECIPE
from tests.small import COCO, DATASETS, ISIC, OPTIONS, build_from, read_json
from tests.tiny import ROOT, contents, snapshot, zip_folder


@pytest.fixture(scope="module")
def expected(builds):
    """Return the digests of every file of both builds."""
    return {dataset: contents(folder) for dataset, folder in builds.items()}


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
            time.sleep(0.002)
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

    other = {"max_shard_size": 150_000}
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
    assert contents(folder) == contents(builds[dataset])
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


def test_the_first_broken_images_are_named_at_once(
    coco_source, builds, copy_of, tmp_path
):
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
        "is no",
        "is truncated: its header ends at byte 30",
    ]
    told = [f"{key} {why}" for key, why in zip(keys, reasons, strict=True)]
    assert sum(words in message for words in told) == 3, message
    assert "; and 2 more; mend the source" in message
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
    assert message.startswith(f"{source}/train2017: 7 of ")
    assert " selected images are not there: " in message
    assert sum(Path(key).name in message for key in keys) == 3
    assert ", and 4 more; complete the source, or go on without them with" in message
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
