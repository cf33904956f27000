"""Builds and exports with --image-size: other pixels, the same selection."""

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import datasets
import pyarrow.parquet as pq
import pytest
from PIL import Image

from builder import build, export, plan
from builder.cli import reports
from builder.errors import UsageError
from builder.images.resize import resize
from builder.images.sizes import resized_size
from tests.conftest import COCO_RECIPE, IMAGE_SIZE, ISIC_RECIPE
from tests.datasets.cards import BLOCKS, official, render
from tests.remote_cli import SMALL
from tests.small import COCO, DATASETS, ISIC, OPTIONS, read_json
from tests.small import build_from as build_whole
from tests.tiny import call, contents

OURS = {"image", "width", "height"}


def build_from(dataset, source, out, **options):
    return build_whole(dataset, source, out, **{"image_size": IMAGE_SIZE, **options})


def originals(source):
    return {path.name: path.read_bytes() for path in source.rglob("*.jpg")}


def tables(folder):
    """Return the table of every shard, in order, by config and split."""
    manifest = read_json(folder / "manifest.json")
    for config, splits in manifest["configs"].items():
        for split, facts in splits.items():
            for path in facts["files"]:
                yield (config, split), pq.read_table(folder / path)


def rows(folder):
    """Return all rows by config and split, however they are cut into shards."""
    found = {}
    for key, table in tables(folder):
        found.setdefault(key, []).extend(table.to_pylist())
    return found


@pytest.mark.parametrize("dataset", DATASETS)
def test_images_are_those_of_the_source_made_smaller(dataset, resized_builds, sources):
    source = originals(sources[dataset])
    expected = {name: resize(data, IMAGE_SIZE) for name, data in source.items()}
    seen = {}
    for _, table in tables(resized_builds[dataset]):
        for image in table["image"].to_pylist():
            assert image["bytes"] == expected[image["path"]]
            seen[image["path"]] = image["bytes"] != source[image["path"]]
    draws = read_json(resized_builds[dataset] / "selection.json")["draws"]["default"]
    assert len(seen) == sum(len(keys) for keys in draws.values()) > 30
    assert sum(seen.values()) > len(seen) / 2
    assert dataset == ISIC or not all(seen.values())  # some were small enough


@pytest.mark.parametrize("dataset", DATASETS)
def test_load_dataset_gives_images_of_that_size(dataset, resized_builds, tmp_path):
    sides = set()
    for config in read_json(resized_builds[dataset] / "manifest.json")["configs"]:
        loaded = datasets.load_dataset(
            str(resized_builds[dataset]), config, cache_dir=str(tmp_path)
        )
        for split in loaded.values():
            for row in split:
                sides.add(min(row["image"].size))
                if dataset == COCO:
                    assert (row["width"], row["height"]) == row["image"].size
    assert sides == {COCO: {99, IMAGE_SIZE}, ISIC: {IMAGE_SIZE}}[dataset]


@pytest.mark.parametrize("dataset", DATASETS)
def test_nothing_else_depends_on_the_size(dataset, resized_builds, builds):
    ours, theirs = resized_builds[dataset], builds[dataset]
    for path in theirs.rglob("*"):
        name = path.relative_to(theirs).as_posix()
        if path.is_file() and not name.startswith(("data/", "README", "manifest")):
            assert (ours / name).read_bytes() == path.read_bytes(), name
    one, two = read_json(ours / "manifest.json"), read_json(theirs / "manifest.json")
    assert one["options"].pop("image_size") == IMAGE_SIZE
    assert "image_size" not in two["options"]
    assert one["key"] != two["key"]
    for told in (one, two):
        told["example"]["row"] = {
            name: value
            for name, value in told["example"]["row"].items()
            if name not in OURS
        }
    for name in set(two) - {"key", "configs", "files", "digest"}:
        assert one[name] == two[name], name
    found, expected = rows(ours), rows(theirs)
    assert list(found) == list(expected)
    for key, wanted in expected.items():
        assert len(found[key]) == len(wanted) > 0
        for row, other in zip(found[key], wanted, strict=True):
            assert row["image"]["path"] == other["image"]["path"]
            same = set(other) - OURS
            assert {n: row[n] for n in same} == {n: other[n] for n in same}


def test_columns_of_the_metadata_stay_as_they_are(isic_source, copy_of, tmp_path):
    """A column that is called width is the metadata's own, where it states no sizes."""
    source = copy_of(isic_source, "source")
    path = source / "ISIC_2020_Training_GroundTruth.csv"
    head, *lines = path.read_text().splitlines()
    lines = [f"{line},{4000 + n},3000" for n, line in enumerate(lines)]
    path.write_text("\n".join([f"{head},width,height", *lines]) + "\n")
    build_from(ISIC, source, tmp_path / "out", cache_dir=tmp_path / "cache")
    widths = {line.split(",")[0]: 4000 + n for n, line in enumerate(lines)}
    found = rows(tmp_path / "out")["default", "train"]
    assert len(found) == 100
    for row in found:
        assert (row["width"], row["height"]) == (widths[row["image_name"]], 3000)


@pytest.fixture(scope="module")
def pools():
    context = multiprocessing.get_context("spawn")
    with (
        ThreadPoolExecutor(2) as threads,
        ProcessPoolExecutor(2, mp_context=context) as processes,
    ):
        yield {"threads": threads, "processes": processes}


@pytest.mark.parametrize(
    ("dataset", "kind"), [(COCO, "threads"), (COCO, "processes"), (ISIC, "processes")]
)
def test_any_executor_writes_the_same_bytes(
    dataset, kind, pools, sources, resized_builds, tmp_path
):
    told = []
    build_from(
        dataset, sources[dataset], tmp_path / "out", executor=pools[kind], workers=2,
        cache_dir=tmp_path / "cache", progress=lambda *news: told.append(news),
    )  # fmt: skip
    assert contents(tmp_path / "out") == contents(resized_builds[dataset])
    draws = read_json(tmp_path / "out/selection.json")["draws"]["default"]
    images = sum(len(names) for names in draws.values())
    news = [(done, total) for stage, done, total in told if stage == "resize"]
    assert len(news) > 1
    assert {total for _, total in news} == {images} == {sum(done for done, _ in news)}


def test_the_command_line_writes_the_same_bytes(coco_source, resized_builds, tmp_path):
    done = call(
        "build", COCO, "--source", coco_source, "--out", tmp_path / "out",
        "--image-size", IMAGE_SIZE, "--cache-dir", tmp_path / "cache", *OPTIONS[COCO],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "out") == contents(resized_builds[COCO])
    done = call("cache", "list", "--cache-dir", tmp_path / "cache")
    assert f"files of image-size:{IMAGE_SIZE}\n" in done.stdout
    done = call(
        "export", COCO, "--source", coco_source, "--out", tmp_path / "exported",
        "--image-size", 30, "--cache-dir", tmp_path / "cache", *SMALL[COCO],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    sides = []
    for path in (tmp_path / "exported").rglob("*.jpg"):
        with Image.open(path) as image:
            sides.append(min(image.size))
    draws = read_json(tmp_path / "out/selection.json")["draws"]["default"]
    assert sides == [30] * sum(len(keys) for keys in draws.values())


def test_a_build_without_audit_differs_in_the_images_alone(coco_source, tmp_path):
    options = {"audit": False, "cache_dir": tmp_path / "cache"}
    one = build_from(COCO, coco_source, tmp_path / "one", **options)
    two = build_whole(COCO, coco_source, tmp_path / "two", **options)
    for name in ("audit", "sources", "broken", "selection", "features"):
        assert one[name] == two[name], name


@pytest.mark.parametrize("dataset", DATASETS)
def test_an_export_holds_the_resized_files(
    dataset, resized_exports, resized_builds, exports
):
    folder = resized_exports[dataset]
    images = {
        image["path"]: image["bytes"]
        for _, table in tables(resized_builds[dataset])
        for image in table["image"].to_pylist()
    }
    found = {path.name: path.read_bytes() for path in folder.rglob("*.jpg")}
    assert found == images
    record = read_json(folder / "trimset.json")
    whole = read_json(exports[dataset] / "trimset.json")
    assert (record.pop("image_size"), whole.get("image_size")) == (IMAGE_SIZE, None)
    assert record.pop("key") != whole.pop("key")
    if dataset == COCO:
        sizes = {}
        for key, facts in record["images"].items():
            with Image.open(folder / key) as image:
                assert (facts["width"], facts["height"]) == image.size
            was = whole["images"][key]
            sizes[key] = resized_size(was["width"], was["height"], IMAGE_SIZE)
            facts["width"], facts["height"] = was["width"], was["height"]
        assert len(set(sizes.values())) > 2
    assert record == whole
    for path in exports[dataset].glob("*"):
        if path.is_file() and path.name != "trimset.json":
            assert (folder / path.name).read_bytes() == path.read_bytes()


def test_the_card_says_so_only_then(resized_builds, builds):
    for dataset in (COCO, ISIC):
        plain = (builds[dataset] / "README.md").read_text()
        assert "Every image is as the source has it, byte for byte." in plain
        assert "esize" not in plain
        assert render(read_json(builds[dataset] / "manifest.json")) == plain
        manifest = read_json(resized_builds[dataset] / "manifest.json")
        card = (resized_builds[dataset] / "README.md").read_text()
        assert card == render(manifest)
        text = " ".join(card.split())
        assert f"shorter side of more than {IMAGE_SIZE} pixels was resized" in text
        assert f"with Pillow {manifest['versions']['pillow']}, and saved" in text
        assert "Every image is as the source has it" not in text
        assert "The images were resized." in text
        studied = " ".join(render(official(manifest)).split())
        assert "every image as" not in studied
        assert ("which were resized." in studied) == (dataset == ISIC)
        assert ("with the images resized." in studied) == (dataset == COCO)
        changed = {**manifest, "options": {**manifest["options"], "image_size": 1234}}
        assert "than 1,234 pixels" in BLOCKS[dataset]["images"](changed)
    sentence = "`width` and `height` are those of the resized image."
    assert sentence in " ".join(
        (resized_builds[COCO] / "README.md").read_text().split()
    )


def test_a_plan_says_that_its_bytes_are_of_the_originals(sources, recipes):
    for dataset in DATASETS:
        source = str(sources[dataset])
        plain = plan(dataset, recipes[dataset], source=source)
        told = plan(dataset, recipes[dataset], source=source, image_size=64)
        assert plain["image_size"] is None
        assert told == {**plain, "image_size": 64}
        lines = list(reports.plan_lines(told))
        (more,) = [line for line in lines if line not in reports.plan_lines(plain)]
        assert more.endswith(
            "before the images are resized to a shorter side of 64 pixels: as a rule an"
            " upper bound"
        )
        assert json.dumps(told)


def test_a_size_that_is_none_is_wrong_usage(coco_source, tmp_path):
    options = {"source": str(coco_source)}
    for size in (0, -5):
        for made in (
            lambda **more: plan(COCO, COCO_RECIPE, **more),
            lambda **more: build(COCO, tmp_path / "out", COCO_RECIPE, **more),
            lambda **more: export(ISIC, tmp_path / "out", ISIC_RECIPE, **more),
        ):
            with pytest.raises(UsageError, match=f"1 pixel or more, found {size}"):
                made(**options, image_size=size)
    with pytest.raises(UsageError, match="build without --scheduler"):
        build_from(COCO, coco_source, tmp_path / "out", remote_workers=True)
    assert not (tmp_path / "out").exists()
