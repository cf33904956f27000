"""The notebook's own files, and the original study's code on them."""

import json
import os
import shutil

import pandas as pd
import pytest
from PIL import Image

from builder import export
from builder.errors import ImageError, OutputError
from tests.benchmarks.notebook import clean_data, load_coco_data, sync_data
from tests.conftest import COCO_RECIPE, ISIC_RECIPE
from tests.small import COCO, ISIC, read_json
from tests.tiny import contents, snapshot, zip_folder


def names(folder):
    return set(contents(folder))


def test_an_export_holds_the_files_of_the_contract(exports, builds):
    found = names(exports[COCO])
    images = {name for name in found if name.endswith(".jpg")}
    assert found - images == {
        "labels_train.json", "labels_val.json", "draws_train.json", "draws_val.json",
        "objects_train.json", "objects_val.json", "trimset.json", "images.sha256",
    }  # fmt: skip
    labels = {}
    for split in ("train", "val"):
        labels.update(read_json(exports[COCO] / f"labels_{split}.json"))
    assert images == set(labels)
    for name in ("labels_train.json", "labels_val.json"):
        ours = (exports[COCO] / name).read_bytes()
        assert ours == (builds[COCO] / name).read_bytes()
    found = names(exports[ISIC])
    rows = pd.read_csv(exports[ISIC] / "metadata_small.csv")
    assert found == {"metadata_small.csv", "trimset.json", "images.sha256"} | {
        f"images/{name}.jpg" for name in rows["image_name"]
    }
    assert (exports[ISIC] / "metadata_small.csv").read_bytes() == (
        builds[ISIC] / "metadata_small.csv"
    ).read_bytes()


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize(
    ("split", "folder", "samples"), [("train", "train2017", 20), ("val", "val2017", 12)]
)
def test_files_are_those_that_the_notebook_writes(
    split, folder, samples, exports, coco_source
):
    annotations = coco_source / f"annotations/instances_{folder}.json"
    table = clean_data(str(annotations), folder)
    draws = {
        str(target): [str(name) for name in load_coco_data(table, target, samples)]
        for target in (3, 37, 80)
    }
    union = {name for files in draws.values() for name in files}
    labels = sync_data(table, [name for name in table if name in union])
    text = (exports[COCO] / f"labels_{split}.json").read_text()
    assert text == json.dumps(labels, indent=2)
    assert read_json(exports[COCO] / f"draws_{split}.json") == draws
    for name in union:
        assert (exports[COCO] / name).read_bytes() == (coco_source / name).read_bytes()


def test_the_original_studys_code_runs(exports, monkeypatch):
    """Labels as a dict of paths below the folder, opened from within it."""
    monkeypatch.chdir(exports[COCO])
    with open("labels_train.json") as file:  # noqa: PTH123 (as the study does)
        labels = json.load(file)
    for target in (3, 80):
        positives = [name for name in labels if target in labels[name]]
        assert positives
        for name in labels:
            with Image.open(os.path.join(".", name)) as image:  # noqa: PTH118
                assert image.convert("RGB").size[0] > 0
    monkeypatch.chdir(exports[ISIC])
    frame = pd.read_csv("metadata_small.csv")
    assert frame["benign_malignant"].value_counts().to_dict() == {
        "benign": 80,
        "malignant": 20,
    }
    for name in frame["image_name"]:
        with Image.open(f"images/{name}.jpg") as image:
            image.load()


def test_images_are_linked_where_they_can_be(exports, sources, tmp_path):
    """Links take no room; a zip or another file system gives copies of equal bytes."""
    for dataset in (COCO, ISIC):
        same = {path.name: path for path in sources[dataset].rglob("*.jpg")}
        images = list(exports[dataset].rglob("*.jpg"))
        assert len(images) > 50
        assert all(path.samefile(same[path.name]) for path in images)
    zips = tmp_path / "zips"
    shutil.copytree(sources[COCO] / "annotations", zips / "annotations")
    for name in ("train2017", "val2017"):
        zip_folder(sources[COCO] / name, zips / f"{name}.zip", top=f"{name}/")
    export(COCO, tmp_path / "out", COCO_RECIPE, source=str(zips))
    assert contents(tmp_path / "out") == contents(exports[COCO])


@pytest.mark.parametrize("linked", ["files", "folder"])
def test_a_link_in_the_source_is_not_linked_to(linked, isic_source, exports, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for path in isic_source.glob("*.csv"):
        shutil.copy(path, source)
    if linked == "folder":
        (source / "train").symlink_to(isic_source / "train")
    else:
        (source / "train").mkdir()
        for path in (isic_source / "train").iterdir():
            (source / "train" / path.name).symlink_to(path)
    given = {"source": str(source), "follow_links": True}
    export(ISIC, tmp_path / "out", ISIC_RECIPE, **given)
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))
    shutil.rmtree(source)
    assert contents(tmp_path / "out") == contents(exports[ISIC])


def test_exporting_again_changes_nothing_and_mends_what_is_wrong(
    exports, coco_source, copy_of
):
    folder = copy_of(exports[COCO])
    images = sorted(folder.rglob("*.jpg"))
    whole = contents(folder)
    export(COCO, folder, COCO_RECIPE, source=str(coco_source))
    before = snapshot(folder)
    export(COCO, folder, COCO_RECIPE, source=str(coco_source))
    after = snapshot(folder)
    assert set(after) == set(before)
    changed = {n for n, s in after.items() if s != before[n]}
    assert changed <= {".", "trimset.json"}
    images[0].unlink()  # or the source itself would be written to
    images[0].write_bytes(b"wrong")
    images[1].unlink()
    (folder / "labels_val.json").write_text("{}")
    source = contents(coco_source)
    export(COCO, folder, COCO_RECIPE, source=str(coco_source))
    assert contents(folder) == whole
    assert contents(coco_source) == source


def test_mending_never_writes_through_a_link(exports, coco_source, copy_of, tmp_path):
    """A wrong image that is linked to some other file leaves that file alone."""
    folder = copy_of(exports[COCO])
    other = tmp_path / "other.jpg"
    other.write_bytes(b"mine")
    image = next(folder.rglob("*.jpg"))
    image.unlink()
    os.link(other, image)
    export(COCO, folder, COCO_RECIPE, source=str(coco_source))
    assert other.read_bytes() == b"mine"
    assert contents(folder) == contents(exports[COCO])
    image.unlink()
    image.symlink_to(other)
    before = snapshot(tmp_path)
    name = image.relative_to(folder)
    with pytest.raises(OutputError) as caught:
        export(COCO, folder, COCO_RECIPE, source=str(coco_source))
    assert str(caught.value) == (
        f"{folder}/{name}: expected a file or a folder, found a symbolic link to"
        f" {other}: remove the link, or give another --out"
    )
    assert snapshot(tmp_path) == before


def test_broken_images_are_named_or_exported_as_they_are(
    exports, coco_source, copy_of, tmp_path
):
    source = copy_of(coco_source, "source")
    keys = list(read_json(exports[COCO] / "labels_train.json"))[:2]
    (source / keys[0]).write_bytes(b"")
    (source / keys[1]).write_bytes(b"GIF")
    out = tmp_path / "out"
    with pytest.raises(
        ImageError, match=r"2 of .* selected images are broken"
    ) as caught:
        export(COCO, out, COCO_RECIPE, source=str(source))
    assert all(key in str(caught.value) for key in keys)
    assert not (out / "trimset.json").exists()
    record = export(COCO, out, COCO_RECIPE, source=str(source), allow_broken=True)
    assert sorted(record["broken"]) == sorted(keys)
    assert [(out / key).read_bytes() for key in keys] == [b"", b"GIF"]


def test_an_export_needs_a_local_folder(coco_source):
    with pytest.raises(OutputError, match="an export needs a local folder"):
        export(COCO, "memory://x/out", COCO_RECIPE, source=str(coco_source))


def test_build_and_export_name_the_same_selection(builds, exports):
    for dataset, folder in builds.items():
        lock = read_json(folder / "selection.json")
        record = read_json(exports[dataset] / "trimset.json")
        assert record["selection"] == lock["digest"]
        assert record["dataset"] == dataset


def test_the_record_of_an_export_is_the_same_everywhere(
    exports, coco_source, copy_of, tmp_path
):
    moved = copy_of(coco_source, "elsewhere")
    export(COCO, tmp_path / "again", COCO_RECIPE, source=str(moved))
    assert contents(tmp_path / "again") == contents(exports[COCO])
    text = (tmp_path / "again/trimset.json").read_bytes()
    assert str(moved).encode() not in text
