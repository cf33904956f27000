import csv
import hashlib
import json
import socket
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from builder.datasets.painted.coco import paint_coco
from builder.datasets.painted.isic import paint_isic
from builder.datasets.painted.scenes import SCENES, paint_scene
from builder.datasets.painted.shapes import SHAPES
from builder.errors import UsageError

TARGETS = [3, 6, 31, 35, 36, 37, 40, 41, 43, 46, 47, 50, 53, 64, 75, 76, 78, 80, 85, 89]


@pytest.fixture(scope="module")
def coco(tmp_path_factory):
    return paint_coco(tmp_path_factory.mktemp("coco"))


@pytest.fixture(scope="module")
def isic(tmp_path_factory):
    return paint_isic(tmp_path_factory.mktemp("isic"), benign=120, malignant=40)


def read_split(folder, split):
    return json.loads((folder / f"annotations/instances_{split}2017.json").read_text())


def read_rows(folder, name):
    with (folder / f"ISIC_2020_Training_{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def mode_of(path):
    with Image.open(path) as picture:
        return picture.mode


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(("split", "count"), [("train", 240), ("val", 120)])
def test_coco_has_the_official_layout(coco, split, count):
    content = read_split(coco, split)
    assert set(content) == {"info", "licenses", "images", "annotations", "categories"}
    assert [row["id"] for row in content["licenses"]] == list(range(1, 9))
    assert len(content["categories"]) == 80
    assert {"supercategory": "sports", "id": 35, "name": "skis"} in content[
        "categories"
    ]
    names = [image["file_name"] for image in content["images"]]
    assert len(names) == count
    assert names == [f"{image['id']:012}.jpg" for image in content["images"]]
    assert sorted(names) == sorted(p.name for p in (coco / f"{split}2017").iterdir())
    for image in content["images"]:
        assert image["coco_url"].endswith(f"/{split}2017/{image['file_name']}")
        with Image.open(coco / f"{split}2017" / image["file_name"]) as picture:
            picture.load()
            assert picture.size == (image["width"], image["height"])


def test_coco_varies_as_the_real_one_does(coco):
    content = read_split(coco, "train")
    ids = [image["id"] for image in content["images"]]
    annotated = list(dict.fromkeys(row["image_id"] for row in content["annotations"]))
    assert ids != sorted(ids)
    assert annotated != [i for i in ids if i in set(annotated)]  # interleaved
    assert 0 < len(ids) - len(annotated) < 20
    modes = Counter(mode_of(path) for path in (coco / "train2017").iterdir())
    assert 1 <= modes["L"] <= 8 < modes["RGB"]
    assert len({(i["width"], i["height"]) for i in content["images"]}) >= 5
    assert 3 <= sum(row["iscrowd"] for row in content["annotations"]) <= 40


@pytest.mark.parametrize("split", ["train", "val"])
def test_every_target_has_positives_and_negatives(coco, split):
    content = read_split(coco, split)
    seen = {(row["image_id"], row["category_id"]) for row in content["annotations"]}
    positives = Counter(category for _, category in seen)
    annotated = len({image_id for image_id, _ in seen})
    half = {"train": 10, "val": 6}[split]
    assert all(1 <= positives[target] <= annotated - half for target in TARGETS)
    assert sum(positives[target] >= half for target in TARGETS) >= 18
    assert positives[80] < half  # so that drawing with replacement occurs
    assert positives[89] < half


def test_smallest_source_still_shows_every_target(tmp_path):
    content = read_split(paint_coco(tmp_path, train=21, val=21, seed=3), "val")
    assert set(TARGETS) <= {row["category_id"] for row in content["annotations"]}
    with pytest.raises(UsageError, match=r"val split.*at least 21.*found 20"):
        paint_coco(tmp_path, train=21, val=20)


@pytest.mark.parametrize("split", ["train", "val"])
def test_outlines_match_boxes_and_stay_inside(coco, split):
    content = read_split(coco, split)
    sizes = {i["id"]: (i["width"], i["height"]) for i in content["images"]}
    assert len({row["id"] for row in content["annotations"]}) == len(
        content["annotations"]
    )
    for row in content["annotations"]:
        x, y, width, height = row["bbox"]
        size = sizes[row["image_id"]]
        assert x >= 0
        assert y >= 0
        assert x + width <= size[0] + 0.01
        assert y + height <= size[1] + 0.01
        assert 0 < row["area"] <= 1.3 * (width + 2) * (height + 2)
        if row["iscrowd"]:
            counts = row["segmentation"]["counts"]
            assert row["segmentation"]["size"] == [size[1], size[0]]
            assert sum(counts) == size[0] * size[1]
            assert sum(counts[1::2]) == row["area"]
        else:
            points = np.concatenate(
                [np.reshape(p, (-1, 2)) for p in row["segmentation"]]
            )
            assert points.min(0).tolist() == [x, y]
            np.testing.assert_allclose(
                points.max(0), [x + width, y + height], atol=0.011
            )


@pytest.mark.parametrize("category_id", sorted(SHAPES))
def test_what_is_labelled_can_be_seen(category_id):
    # The same random numbers, with and without the thing: pixels differ in its box
    # and nowhere else.
    scene = next(s for s in SCENES if category_id in {*s.likely, *s.hanging, s.support})
    with_it, (thing,) = paint_scene(
        np.random.default_rng(5), scene, (160, 120), [category_id]
    )
    without, nothing = paint_scene(np.random.default_rng(5), scene, (160, 120), [])
    assert thing.category_id == category_id
    assert nothing == []
    changed = np.abs(np.asarray(with_it, dtype=int) - np.asarray(without)).sum(-1) > 60
    points = np.concatenate(thing.polygons)
    (left, top), (right, bottom) = np.floor(points.min(0)), np.ceil(points.max(0)) + 1
    box = (slice(int(top), int(bottom)), slice(int(left), int(right)))
    assert changed[box].sum() > 0.15 * (right - left) * (bottom - top)
    assert changed.sum() == changed[box].sum()


def test_isic_has_the_official_layout(isic):
    text = (isic / "ISIC_2020_Training_GroundTruth.csv").read_text()
    assert text.startswith(
        "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,"
        "diagnosis,benign_malignant,target\n"
    )
    rows = read_rows(isic, "GroundTruth")
    assert Counter(row["benign_malignant"] for row in rows) == {
        "benign": 120,
        "malignant": 40,
    }
    assert all(
        row["target"] == str(int(row["benign_malignant"] == "malignant"))
        for row in rows
    )
    assert sorted(row["image_name"] + ".jpg" for row in rows) == sorted(
        p.name for p in (isic / "train").iterdir()
    )
    patients = Counter(row["patient_id"] for row in rows)
    assert max(patients.values()) >= 4
    labels = [row["benign_malignant"] for row in rows]
    assert any(a != b for a, b in pairwise(labels[:20]))
    for column in ("sex", "age_approx", "anatom_site_general_challenge"):
        assert 0 < sum(row[column] == "" for row in rows) < 40


def test_isic_holds_all_kinds_of_duplicates(isic):
    rows = {row["image_name"]: row for row in read_rows(isic, "GroundTruth")}
    files = {name: (isic / "train" / f"{name}.jpg").read_bytes() for name in rows}
    listed = {
        (r["image_name_1"], r["image_name_2"]) for r in read_rows(isic, "Duplicates")
    }
    exact = Counter(files.values())
    grey = {
        name: np.asarray(
            Image.open(isic / "train" / f"{name}.jpg").convert("L"), dtype=int
        )
        for name in rows
    }
    near = {
        (a, b)
        for a in rows
        for b in rows
        if a < b and files[a] != files[b] and (grey[a] - grey[b]).std() < 3
    }
    assert len(listed) >= 2
    assert len(near) >= 1
    assert sum(count == 2 for count in exact.values()) >= 2
    assert max(exact.values()) == 2
    for a, b in [*listed, *near]:
        assert rows[a]["patient_id"] == rows[b]["patient_id"]
        assert rows[a]["target"] == rows[b]["target"]
    for a, b in listed:
        assert np.abs(grey[a] - grey[b][::-1, ::-1]).mean() < 4


def test_malignant_lesions_are_of_more_colours(isic):
    spread = {"benign": [], "malignant": []}
    for row in read_rows(isic, "GroundTruth"):
        picture = Image.open(isic / "train" / f"{row['image_name']}.jpg").convert("HSV")
        hue = np.asarray(picture)[..., 0].astype(float) / 255 * 2 * np.pi
        spread[row["benign_malignant"]].append(1 - abs(np.exp(1j * hue).mean()))
    assert np.median(spread["malignant"]) > 3 * np.median(spread["benign"])


def test_isic_needs_both_labels(tmp_path):
    with pytest.raises(UsageError, match="benign=3, malignant=0"):
        paint_isic(tmp_path, benign=3, malignant=0)
    assert not any(tmp_path.iterdir())


def test_same_arguments_same_bytes_without_a_network(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a drawn source needs no network")

    monkeypatch.setattr(socket, "socket", refuse)
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    found = []
    for k, seed in enumerate((7, 7, 8)):
        paint_coco(tmp_path / f"coco{k}", train=24, val=21, seed=seed)
        paint_isic(tmp_path / f"isic{k}", benign=9, malignant=3, seed=seed)
        found.append((digests(tmp_path / f"coco{k}"), digests(tmp_path / f"isic{k}")))
    assert found[0] == found[1]
    assert found[0][0] != found[2][0]
    assert found[0][1] != found[2][1]
    assert (np.random.get_state()[1] == state).all()
