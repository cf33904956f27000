"""Resizing that is stopped, goes on, fails, or is verified: the cache, the errors."""

import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from builder import export, verify
from builder.errors import ImageError, OutputError
from builder.images.resize import resize
from builder.pipeline import resize as resized
from builder.pipeline.examine import see
from builder.pipeline.work import working
from builder.sources.member import LocalMember
from tests.conftest import COCO_RECIPE, IMAGE_SIZE, ISIC_RECIPE
from tests.datasets.test_scripts import assert_equal_roads
from tests.images.test_inspect import draw, encode
from tests.pipeline.test_replay import forge
from tests.pipeline.test_resize import build_from, rows
from tests.small import COCO, DATASETS, ISIC, read_json
from tests.tiny import contents


@pytest.fixture
def made(monkeypatch):
    """Return a list that grows by each image that is really resized."""
    found = []

    def counting(data, image_size, limits):
        small = resize(data, image_size, limits)
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
    path = min((isic_source / "train").iterdir())
    members = [LocalMember(path.name, str(path), path.stat().st_size)]
    with working(tmp_path / "cache") as work:
        seen = see([path.name], members, work, decode=False)
        found = resized.resize_images(members, seen, work, image_size=50)
        kept = Path(found.members[0].path)
        old, new = (kept.with_name(f"{kept.name}.{n * 16}.tmp") for n in "01")
        old.write_bytes(b"half")
        new.write_bytes(b"half")
        os.utime(old, (0, 0))
        again = resized.resize_images(members, seen, work, image_size=50)
    assert again.members == found.members != members
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
    found = rows(folder)
    assert {key: len(taken) for key, taken in found.items()} == {
        key: len(taken) for key, taken in rows(resized_builds[COCO]).items()
    }
    for row in (row for taken in found.values() for row in taken):
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

    def change(data, image_size, limits):
        small = resize(data, image_size, limits)
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
        # Without a size, the originals of the list should be in the shards.
        alone = [fault.split(":")[0] for fault in verify(folder).faults]
        assert alone == ([] if size else ["images.sha256"])
        faults = verify(folder, source=str(isic_source), cache_dir=cache).faults
        shards = [fault for fault in faults if fault.startswith("data/default/train-")]
        assert shards, faults


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
    told = manifest["audit"]["split"]["splits"]
    for split, facts in manifest["configs"]["patient"].items():
        assert told[split]["images"] == facts["num_examples"]
    lock = read_json(tmp_path / "out/selection.json")["draws"]["patient"]
    assert name not in {taken for names in lock.values() for taken in names}
    assert verify(tmp_path / "out", source=str(source), cache_dir=cache).faults == ()
    record = export(ISIC, tmp_path / "exported", ISIC_RECIPE, source=str(source),
                    image_size=IMAGE_SIZE, **options)  # fmt: skip
    assert list(record["broken"]) == [broken["image"]]
    assert_equal_roads(ISIC, tmp_path / "exported", tmp_path / "out", tmp_path)


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


def test_room_for_the_originals_is_not_asked_for(coco_source, monkeypatch, tmp_path):
    monkeypatch.setattr(
        "builder.sources.disk.shutil.disk_usage", lambda _: SimpleNamespace(free=1)
    )
    options = {"cache_dir": tmp_path / "cache"}
    with pytest.raises(OutputError, match="no room for"):
        build_from(COCO, coco_source, tmp_path / "out", image_size=None, **options)
    build_from(COCO, coco_source, tmp_path / "out", **options)
