"""Turned and odd images through a build: the rows say what `datasets` shows."""

import json

import datasets
import numpy as np
import pytest
from PIL import Image

from builder import build, export
from builder.images.inspect import inspect
from builder.images.open import open_image
from tests.drawn import coco_recipe, draw_coco, draw_table, table_recipe
from tests.images.test_inspect import SHARED, draw, encode, exif, needs_shared
from tests.small import read_json

KINDS = {".jpg": "JPEG", ".png": "PNG", ".tif": "TIFF", ".webp": "WEBP"}


@pytest.fixture
def turned(tmp_path):
    """Return a source in which every image is turned; sizes as stored, or shown."""

    def make(stored):
        folder = tmp_path / f"turned-{stored}"
        files = draw_coco(folder, {"train": 24, "validation": 12})
        for split, content in files.items():
            for place, image in enumerate(content["images"]):
                (folder / split / image["file_name"]).unlink()
                ending = list(KINDS)[place % 4]
                image["file_name"] = f"{image['id']}{ending}"
                size = (40, 30) if stored else (30, 40)
                image["width"], image["height"] = size
                data = encode(draw(40, 30, seed=place), KINDS[ending], exif=exif(6))
                (folder / split / image["file_name"]).write_bytes(data)
            (folder / f"{split}.json").write_text(json.dumps(content))
        (folder / "traffic.toml").write_text(
            coco_recipe('rule = "all"\nobjects = "boxes"')
        )
        return folder

    return make


@pytest.mark.parametrize("audit", [True, False])
@pytest.mark.parametrize("stored", [True, False])
def test_width_and_height_are_those_of_the_picture_that_datasets_gives(
    stored, audit, turned, tmp_path
):
    out = tmp_path / "out"
    recipe = str(turned(stored) / "traffic.toml")
    manifest = build(recipe, out, audit=audit)
    for split in datasets.load_dataset(str(out)).values():
        for row in split:
            assert row["image"].size == (row["width"], row["height"]) == (30, 40)
    told = manifest["audit"]["modes"]
    images = told["images"]
    assert images == sum(
        facts["num_examples"] for facts in manifest["configs"]["default"].values()
    )
    # A TIFF is stored turned or not, as all others.
    assert (told["turned"], told["on_side"]) == (images, images)
    assert told["stated_unturned"] == (images if stored else 0)
    card = " ".join((out / "README.md").read_text().split())
    assert f"{images} images have an EXIF orientation" in card
    assert "`width` and `height` are those of the turned image." in card
    assert ("the size, and so the boxes, unturned" in card) == stored


def test_the_study_writes_the_sizes_of_turned_images_as_they_are_shown(
    coco_source, copy_of, tmp_path
):
    """In builds and exports, with the audit or without; all else stays as it is."""
    from tests.conftest import COCO_RECIPE
    from tests.small import COCO

    source = copy_of(coco_source, "source")
    plain = build(COCO, tmp_path / "plain", COCO_RECIPE, source=str(source))
    drawn = read_json(tmp_path / "plain/selection.json")["draws"]["default"]["train"]
    path = source / drawn[3]
    with Image.open(path) as image:
        size = image.size
        image.save(path, exif=exif(8))
    assert size[0] != size[1]
    for audit in (True, False):
        out = tmp_path / f"out-{audit}"
        manifest = build(COCO, out, COCO_RECIPE, source=str(source), audit=audit)
        assert manifest["selection"] == plain["selection"]
        rows = datasets.load_dataset(str(out), split="train")
        (row,) = [row for row in rows if row["file_name"] == path.name]
        assert (row["width"], row["height"]) == size[::-1] == row["image"].size
        assert manifest["audit"]["modes"]["stated_unturned"] == 1
    export(COCO, tmp_path / "export", COCO_RECIPE, source=str(source))
    record = read_json(tmp_path / "export/trimset.json")["images"][drawn[3]]
    assert (record["width"], record["height"]) == size[::-1]


def test_equal_images_with_different_labels_are_named(tmp_path):
    rows = draw_table(tmp_path, {"train": 12})["train"]
    (tmp_path / "moles.toml").write_text(table_recipe('rule = "all"'))
    first, second = (
        next(row["image_id"] for row in rows if row["dx"] == dx) for dx in ("mel", "nv")
    )
    data = (tmp_path / f"train/{first}.png").read_bytes()
    (tmp_path / f"train/{second}.png").write_bytes(data)
    said = []
    manifest = build(str(tmp_path / "moles.toml"), tmp_path / "out", say=said.append)
    (pair,) = manifest["audit"]["conflicts"]["exact"]["pairs"]
    assert dict(zip(pair["names"], pair["only"], strict=True)) == {
        first: ["mel"], second: ["nv"],
    }  # fmt: skip
    (line,) = [line for line in said if "not the same labels" in line]
    assert line.startswith("1 pair of images has the same bytes but not the same")
    assert f"{first} (mel)" in line
    assert f"{second} (nv)" in line
    card = (tmp_path / "out/README.md").read_text()
    assert "Of 1 pair of the same bytes, 1 has different labels." in card


def test_of_drawn_classes_a_conflict_is_presence(tmp_path):
    files = draw_coco(tmp_path, {"train": 30, "validation": 12})
    content = files["train"]
    shown = {}
    for entry in content["annotations"]:
        shown.setdefault(entry["image_id"], set()).add(entry["category_id"])
    first = next(i for i, ids in shown.items() if 1 in ids)
    second = next(i for i, ids in shown.items() if 1 not in ids)
    third = next(i for i, ids in shown.items() if ids != shown[first] and 1 in ids)
    data = (tmp_path / f"train/{first:04}.png").read_bytes()
    for other in (second, third):
        (tmp_path / f"train/{other:04}.png").write_bytes(data)
    (tmp_path / "traffic.toml").write_text(
        coco_recipe('rule = "balanced"\ntargets = ["car"]\nsamples = 60')
    )
    manifest = build(str(tmp_path / "traffic.toml"), tmp_path / "out")
    told = manifest["audit"]["conflicts"]["exact"]
    assert told["compared"] == 2
    assert told["others"] + len(told["pairs"]) >= 1
    only = [part for pair in told["pairs"] for side in pair["only"] for part in side]
    assert "car" in only


@pytest.mark.parametrize("audit", [True, False])
def test_a_label_that_follows_from_size_and_quality_is_told(audit, tmp_path):
    rows = draw_table(tmp_path, {"train": 60})["train"]
    for place, row in enumerate(rows):
        is_mel = row["dx"] == "mel"
        image = draw(60 if is_mel else 50, 40 + place % 3, seed=place)
        (tmp_path / f"train/{row['image_id']}.png").unlink()
        (tmp_path / f"train/{row['image_id']}.jpg").write_bytes(
            encode(image, quality=90 if is_mel else 70)
        )
    (tmp_path / "moles.toml").write_text(table_recipe('rule = "all"'))
    out = tmp_path / "out"
    manifest = build(str(tmp_path / "moles.toml"), out, audit=audit)
    told = manifest["audit"]["shortcuts"]
    found = {(e["label"], e["measure"]): e for e in told["strongest"]}
    assert found["mel", "width"]["auc"] == 1
    assert found["mel", "width"]["typical"] == [60, 50]
    assert found["nv", "width"]["auc"] < 0.5
    assert (("mel", "quality") in found) == audit
    assert ("dark_corners" in told["not_measured"]) == (not audit)
    aucs = [abs(entry["auc"] - 0.5) for entry in told["strongest"]]
    assert aucs == pytest.approx(sorted(aucs, reverse=True), abs=2e-6)
    card = (out / "README.md").read_text()
    assert "| mel | width | 1.00 (" in card
    assert ("| mel | JPEG quality | 1.00 (" in card) == audit
    assert ("**were not measured**" in card) == (not audit)
    assert (out / "figures/shortcuts.png").exists()
    again = build(str(tmp_path / "moles.toml"), tmp_path / "again", audit=audit)
    assert again["digest"] == manifest["digest"]


@needs_shared
def test_odd_images_are_measured_and_counted_as_they_are():
    facts = {path.name: inspect(path.read_bytes()) for path in SHARED.glob("bad/*")}
    assert facts["pil_sample_cmyk.jpg"].mode == "CMYK"
    assert facts["hopper_gray.jpg"].mode == "L"
    assert facts["hopper_orientation_6.jpg"].orientation == 6
    for name in ("pil_sample_cmyk.jpg", "hopper_gray.jpg", "hopper_orientation_6.jpg"):
        measures = facts[name].measures
        assert np.isfinite([*measures[:4], *measures[5:]]).all()


def test_a_jpeg_without_exif_may_be_turned_by_xmp():
    """As Pillow reads it, and `datasets` with it."""
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6"/></x:xmpmeta>'
    data = encode(draw(40, 30), xmp=xmp)
    with open_image(data) as image:
        decoded = datasets.Image().decode_example({"bytes": data, "path": None})
        shown = decoded.size
        assert image.size == (40, 30)
    facts = inspect(data)
    assert facts.is_turned == (shown == (30, 40))
