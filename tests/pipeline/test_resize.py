"""Builds and exports with --image-size: other pixels, the same selection."""

import io
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import datasets
import pyarrow.parquet as pq
import pytest
from PIL import Image

from builder import build, export, plan, verify
from builder.card.blocks import BLOCKS
from builder.card.render import render_card
from builder.cli import reports
from builder.errors import ImageError, OutputError, UsageError
from builder.images.resize import resize, resized_size
from builder.pipeline import resize as resized
from builder.pipeline.execute import InlineExecutor
from builder.pipeline.look import audit_images
from builder.sources.cache import Cache
from builder.sources.member import Member
from tests.conftest import COCO_RECIPE, IMAGE_SIZE, ISIC_RECIPE
from tests.datasets.test_scripts import assert_equal_roads
from tests.images.test_inspect import draw, encode
from tests.pipeline.test_build import COCO, DATASETS, ISIC, OPTIONS, read_json
from tests.pipeline.test_build import build_from as build_whole
from tests.pipeline.test_replay import forge
from tests.tiny import contents, run

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
    assert len(seen) > 30
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
    for name in set(two) - {"key", "configs", "files", "digest"}:
        assert one[name] == two[name], name
    found, expected = rows(ours), rows(theirs)
    assert list(found) == list(expected)
    for key, wanted in expected.items():
        assert len(found[key]) == len(wanted)
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
    for row in rows(tmp_path / "out")["default", "train"]:
        assert row["width"] >= 4000
        assert row["height"] == 3000


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
    done = run(
        "build", COCO, "--source", coco_source, "--out", tmp_path / "out",
        "--image-size", IMAGE_SIZE, "--cache-dir", tmp_path / "cache", *OPTIONS[COCO],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "out") == contents(resized_builds[COCO])
    done = run("cache", "list", "--cache-dir", tmp_path / "cache")
    assert f"files of image-size:{IMAGE_SIZE}\n" in done.stdout
    done = run(
        "export", COCO, "--source", coco_source, "--out", tmp_path / "exported",
        "--image-size", 30, "--cache-dir", tmp_path / "cache", *OPTIONS[COCO],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for path in (tmp_path / "exported").rglob("*.jpg"):
        with Image.open(path) as image:
            assert min(image.size) == 30


@pytest.fixture
def made(monkeypatch):
    """Return a list that grows by each image that is really resized."""
    found = []

    def counting(data, image_size):
        small = resize(data, image_size)
        if small is not data:
            found.append(small)
        return small

    monkeypatch.setattr(resized, "resize", counting)
    return found


def test_a_run_goes_on_where_another_was_stopped(
    made, coco_source, resized_builds, tmp_path
):
    places = {"cache_dir": tmp_path / "cache"}

    class StopError(Exception):
        pass

    def stop(stage, done, total):
        if stage == "resize":
            raise StopError

    with pytest.raises(StopError):
        build_from(COCO, coco_source, tmp_path / "out", **places, progress=stop)
    first = len(made)
    assert 0 < first < 40
    assert not (tmp_path / "out").exists()
    build_from(COCO, coco_source, tmp_path / "out", **places)
    assert contents(tmp_path / "out") == contents(resized_builds[COCO])
    assert len(made) == len(set(made)) > first  # none was made twice
    whole = len(made)
    export(COCO, tmp_path / "exported", COCO_RECIPE, source=str(coco_source),
           image_size=IMAGE_SIZE, **places)  # fmt: skip
    assert len(made) == whole
    # What is damaged in the cache is made again; another size is another image.
    kept = [p for p in (tmp_path / "cache").rglob("*") if not p.suffix and p.is_file()]
    kept = [path for path in kept if len(path.name) == 32]
    assert len(kept) == whole
    data = kept[0].read_bytes()
    kept[0].write_bytes(data[:-9] + b"x" + data[-8:])
    build_from(COCO, coco_source, tmp_path / "again", **places)
    assert len(made) == whole + 1
    assert contents(tmp_path / "again") == contents(resized_builds[COCO])
    build_from(COCO, coco_source, tmp_path / "other", **places, image_size=40)
    assert len(made) > whole + whole


def test_another_version_of_pillow_does_not_take_what_is_kept(
    made, monkeypatch, isic_source, tmp_path
):
    for version, number in (("1.0", 100), ("1.0", 100), ("1.1", 200)):
        monkeypatch.setattr(resized.PIL, "__version__", version)
        build_from(ISIC, isic_source, tmp_path / "out", cache_dir=tmp_path / "cache")
        assert len(made) == number
    monkeypatch.setattr(resized, "METHOD", 2)
    build_from(ISIC, isic_source, tmp_path / "out", cache_dir=tmp_path / "cache")
    assert len(made) == 300


def test_what_a_killed_run_left_in_the_cache_goes(isic_source, tmp_path):
    cache = Cache(tmp_path / "cache")
    path = min((isic_source / "train").iterdir())
    members = {path.name: Member(path.name, str(path), path.stat().st_size)}
    options = {"executor": InlineExecutor(), "workers": 1}
    looked = audit_images(members, {}, decode=False, **options)
    found = resized.resize_images(members, looked, 50, cache=cache, **options)
    kept = Path(found.members[path.name].url)
    old, new = (kept.with_name(f"{kept.name}.{n}.tmp") for n in "01")
    old.write_bytes(b"half")
    new.write_bytes(b"half")
    os.utime(old, (0, 0))
    again = resized.resize_images(members, looked, 50, cache=cache, **options)
    assert again.members == found.members
    assert not old.exists()
    assert new.exists()  # of a process that may be at it


def test_a_source_that_changes_meanwhile_is_an_error(coco_source, copy_of, tmp_path):
    source = copy_of(coco_source, "source")

    def change(stage, done, total):
        if stage == "look":
            for path in source.rglob("*.jpg"):
                path.write_bytes(path.read_bytes()[:-1] + b"\x00")

    with pytest.raises(ImageError, match="another image than was looked at before"):
        build_from(
            COCO, source, tmp_path / "out", cache_dir=tmp_path / "c", progress=change
        )
    assert not list(tmp_path.rglob("c/**/*.crc"))


def test_a_finished_build_of_another_size_is_not_replaced(
    coco_source, resized_builds, copy_of, tmp_path
):
    folder = copy_of(resized_builds[COCO])
    places = {"cache_dir": tmp_path / "cache"}
    for size in (None, 30):
        with pytest.raises(OutputError, match=r"other options, .* or --overwrite"):
            build_from(COCO, coco_source, folder, **places, image_size=size)
    assert contents(folder) == contents(resized_builds[COCO])
    build_from(COCO, coco_source, folder, **places, image_size=30, overwrite=True)
    for _, table in tables(folder):
        for row in table.to_pylist():
            with Image.open(io.BytesIO(row["image"]["bytes"])) as image:
                assert min(image.size) == 30 == min(row["width"], row["height"])


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_whole_build_has_no_faults(dataset, resized_builds, sources, tmp_path):
    source = str(sources[dataset])
    report = verify(resized_builds[dataset], source=source, cache_dir=tmp_path)
    assert report.faults == ()
    assert report.replayed


@pytest.fixture
def forged(monkeypatch, isic_source, tmp_path):
    """Return a build that is whole but for one image, and the cache that it used."""
    wrong = []

    def change(data, image_size):
        small = resize(data, image_size)
        if not wrong:
            wrong.append(small)
            return small[:-3] + bytes([small[-3] ^ 1]) + small[-2:]
        return small

    with monkeypatch.context() as patch:
        patch.setattr(resized, "resize", change)
        build_from(ISIC, isic_source, tmp_path / "out", cache_dir=tmp_path / "cache")
    assert verify(tmp_path / "out").faults == ()
    return tmp_path / "out", tmp_path / "cache"


def test_one_changed_image_is_noticed(forged, isic_source):
    """Even where the cache holds it: verifying makes all of them again."""
    folder, cache = forged
    (fault,) = verify(folder, source=str(isic_source), cache_dir=cache).faults
    assert fault.startswith("data/default/train-0")
    assert fault.endswith("its image is not the one that Pillow makes of the source")


def test_another_version_of_pillow_is_told(forged, isic_source):
    folder, cache = forged
    forge(folder, lambda manifest: manifest["versions"].update(pillow="1.0"))
    faults = verify(folder, source=str(isic_source), cache_dir=cache).faults
    (fault,) = (fault for fault in faults if "its image is not" in fault)
    assert "and the build had Pillow 1.0, which may make others" in fault


def test_another_size_in_the_manifest_is_noticed(resized_builds, isic_source, copy_of):
    folder = copy_of(resized_builds[ISIC])
    cache = folder.parent / "cache"
    for size in (IMAGE_SIZE - 1, None):
        forge(folder, lambda m, size=size: m["options"].update(image_size=size))
        assert verify(folder).faults == ()
        assert verify(folder, source=str(isic_source), cache_dir=cache).faults


def damaged(coco_source, builds, copy_of):
    """Return a source with two images that only decoding finds broken, and their keys.

    They are PNG, since a decoder makes something of any JPEG that has its markers.
    """
    source = copy_of(coco_source, "source")
    draws = read_json(builds[COCO] / "selection.json")["draws"]["default"]
    keys = []
    for split, wanted in (("train", (160, 120)), ("test", (120, 160))):
        for key in draws[split]:
            with Image.open(source / key) as image:
                size = image.size
            if size == wanted:
                break
        data = bytearray(encode(draw(*size), "PNG"))
        data[len(data) // 2] ^= 0xFF
        (source / key).write_bytes(data)
        keys.append(key)
    return source, keys


def test_images_that_cannot_be_resized_are_all_named(
    coco_source, builds, copy_of, tmp_path
):
    source, keys = damaged(coco_source, builds, copy_of)
    options = {"cache_dir": tmp_path / "cache", "audit": False}
    with pytest.raises(ImageError) as caught:
        build_from(COCO, source, tmp_path / "out", **options)
    assert str(caught.value).startswith("2 of ")
    assert all(f"{key} cannot be resized: " in str(caught.value) for key in keys)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ImageError, match=r"2 of .* cannot be resized: "):
        export(COCO, tmp_path / "out", COCO_RECIPE, source=str(source),
               cache_dir=tmp_path / "cache", image_size=IMAGE_SIZE)  # fmt: skip
    record = export(
        COCO, tmp_path / "out", COCO_RECIPE, source=str(source), allow_broken=True,
        cache_dir=tmp_path / "cache", image_size=IMAGE_SIZE,
    )  # fmt: skip
    assert sorted(record["broken"]) == sorted(keys)
    for key in keys:  # as they are
        assert (tmp_path / "out" / key).read_bytes() == (source / key).read_bytes()


def test_allowed_ones_are_left_out_and_listed(coco_source, builds, copy_of, tmp_path):
    source, keys = damaged(coco_source, builds, copy_of)
    empty = read_json(builds[COCO] / "selection.json")["draws"]["default"]["train"][-1]
    assert empty not in keys
    (source / empty).write_bytes(b"")
    out, options = tmp_path / "out", {"cache_dir": tmp_path / "cache"}
    manifest = build_from(COCO, source, out, audit=False, allow_broken=True, **options)
    why = {entry["image"]: entry["reason"] for entry in manifest["broken"]}
    assert sorted(why) == sorted([*keys, empty])
    assert why[empty] == "is an empty file"
    draws = read_json(out / "selection.json")["draws"]
    assert draws == read_json(builds[COCO] / "selection.json")["draws"]
    for (config, split), found in rows(out).items():
        names = [Path(key).name for key in draws[config][split] if key not in why]
        assert [row["image"]["path"] for row in found] == names
    card = (out / "README.md").read_text()
    assert all(f"`{key}` {reason}" in card for key, reason in why.items())
    assert "they were **not decoded** but to resize them" in card
    images = [s["images"] for s in manifest["sources"] if "images" in s]
    assert sum(images) == sum(map(len, draws["default"].values())) - 3
    assert verify(out, source=str(source), **options).faults == ()
    # With the audit they are found before, and for the reason that it gives.
    again = build_from(COCO, source, tmp_path / "two", allow_broken=True, **options)
    assert [entry["image"] for entry in again["broken"]] == sorted(why)
    assert all("cannot be decoded" in e["reason"] for e in again["broken"]
               if e["image"] in keys)  # fmt: skip


def test_the_patient_split_leaves_out_what_cannot_be_resized(
    isic_source, builds, copy_of, tmp_path
):
    source, cache = copy_of(isic_source, "source"), tmp_path / "cache"
    draws = read_json(builds[ISIC] / "selection.json")["draws"]["patient"]
    name = draws["train"][0]
    path = next(source.rglob(f"{name}.jpg"))
    data = bytearray(encode(draw(320, 240), "PNG"))
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    options = {"audit": False, "allow_broken": True, "cache_dir": cache}
    manifest = build_from(ISIC, source, tmp_path / "out", **options)
    (broken,) = manifest["broken"]
    assert Path(broken["image"]).name == path.name
    assert broken["reason"].startswith("cannot be resized:")
    told = manifest["audit"]["patient_split"]["splits"]
    for split, facts in manifest["configs"]["patient"].items():
        assert told[split]["images"] == facts["num_examples"]
    lock = read_json(tmp_path / "out/selection.json")["draws"]["patient"]
    assert name not in {taken for names in lock.values() for taken in names}
    assert verify(tmp_path / "out", source=str(source), cache_dir=cache).faults == ()
    record = export(ISIC, tmp_path / "exported", ISIC_RECIPE, source=str(source),
                    image_size=IMAGE_SIZE, **options)  # fmt: skip
    assert list(record["broken"]) == [broken["image"]]
    assert_equal_roads(ISIC, tmp_path / "exported", tmp_path / "out", tmp_path)


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


def test_an_edited_export_is_mended(
    coco_source, resized_exports, resized_options, copy_of, tmp_path
):
    """Even where its files are links into the cache, which was edited with them."""
    cache = copy_of(resized_options["cache_dir"], "cache")
    options = {"source": str(coco_source), "cache_dir": cache, "image_size": IMAGE_SIZE}
    export(COCO, tmp_path / "out", COCO_RECIPE, **options)
    path = next((tmp_path / "out").rglob("*.jpg"))
    path.write_bytes(b"mine")
    export(COCO, tmp_path / "out", COCO_RECIPE, **options)
    assert contents(tmp_path / "out") == contents(resized_exports[COCO])


def test_the_card_says_so_only_then(resized_builds, builds):
    for dataset, publisher in ((COCO, "COCO"), (ISIC, "ISIC")):
        plain = (builds[dataset] / "README.md").read_text()
        assert f"as {publisher} published" in plain
        assert "byte for byte" in plain
        assert "esize" not in plain
        assert render_card(read_json(builds[dataset] / "manifest.json")) == plain
        manifest = read_json(resized_builds[dataset] / "manifest.json")
        card = (resized_builds[dataset] / "README.md").read_text()
        assert card == render_card(manifest)
        text = " ".join(card.split())
        assert f"shorter side of more than {IMAGE_SIZE} pixels was resized" in text
        assert f"with Pillow {manifest['versions']['pillow']}, and saved" in text
        assert "every image as" not in text
        assert "which were resized." in text or "with the images resized." in text
        changed = {**manifest, "options": {**manifest["options"], "image_size": 1234}}
        assert "than 1,234 pixels" in BLOCKS["images"](changed)
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


def test_room_for_the_originals_is_not_asked_for(coco_source, monkeypatch, tmp_path):
    monkeypatch.setattr(
        "builder.sources.disk.shutil.disk_usage", lambda _: SimpleNamespace(free=1)
    )
    options = {"cache_dir": tmp_path / "cache"}
    with pytest.raises(OutputError, match="no room for"):
        build_from(COCO, coco_source, tmp_path / "out", image_size=None, **options)
    build_from(COCO, coco_source, tmp_path / "out", **options)


def test_a_size_that_is_none_is_wrong_usage(coco_source, tmp_path):
    options = {"source": str(coco_source)}
    for size in (0, -5):
        for call in (
            lambda **more: plan(COCO, COCO_RECIPE, **more),
            lambda **more: build(COCO, tmp_path / "out", COCO_RECIPE, **more),
            lambda **more: export(ISIC, tmp_path / "out", ISIC_RECIPE, **more),
        ):
            with pytest.raises(UsageError, match=f"1 pixel or more, found {size}"):
                call(**options, image_size=size)
    with pytest.raises(UsageError, match="build without --scheduler"):
        build_from(COCO, coco_source, tmp_path / "out", remote_workers=True)
    assert not (tmp_path / "out").exists()
