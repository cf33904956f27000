"""COCO exports of the usual tools: their splits, images and classes are found."""

import json

import pytest

from tests.datasets.layouts.made import coco, images, look, make

TRAIN, VALID, TEST = ["a.jpg", "b.jpg"], ["c.jpg"], ["d.jpg"]
LAYOUTS = {
    "Roboflow": (
        {
            "train/_annotations.coco.json": coco(TRAIN),
            "valid/_annotations.coco.json": coco(VALID),
            "test/_annotations.coco.json": coco(TEST),
            "README.roboflow.txt": "exported",
            **images("train/a.jpg", "train/b.jpg", "valid/c.jpg", "test/d.jpg"),
        },
        {
            "train": ("train/_annotations.coco.json", ["train/"]),
            "validation": ("valid/_annotations.coco.json", ["valid/"]),
            "test": ("test/_annotations.coco.json", ["test/"]),
        },
    ),
    "CVAT": (
        {
            "annotations/instances_default.json": coco(TRAIN),
            **images("images/a.jpg", "images/b.jpg"),
        },
        {"train": ("annotations/instances_default.json", ["images/"])},
    ),
    "CVAT or Datumaro": (
        {
            "annotations/instances_train.json": coco(TRAIN),
            "annotations/instances_val.json": coco(VALID),
            **images("images/train/a.jpg", "images/train/b.jpg", "images/val/c.jpg"),
        },
        {
            "train": ("annotations/instances_train.json", ["images/train/"]),
            "validation": ("annotations/instances_val.json", ["images/val/"]),
        },
    ),
    "Label Studio": (
        {
            "result.json": coco(["images\\a.jpg", "images/b.jpg"]),
            **images("images/a.jpg", "images/b.jpg"),
        },
        {"train": ("result.json", ["./"])},
    ),
    "FiftyOne": (
        {"labels.json": coco(TRAIN), **images("data/a.jpg", "data/b.jpg")},
        {"train": ("labels.json", ["data/"])},
    ),
    "COCO 2017": (
        {
            "annotations/instances_train2017.json": coco(TRAIN),
            "annotations/instances_val2017.json": coco(VALID),
            "annotations/person_keypoints_train2017.json": coco(TRAIN),
            **images("train2017/a.jpg", "train2017/b.jpg", "val2017/c.jpg"),
        },
        {
            "train": ("annotations/instances_train2017.json", ["train2017/"]),
            "validation": ("annotations/instances_val2017.json", ["val2017/"]),
        },
    ),
    "COCO 2017 itself": (
        {
            "annotations_trainval2017.zip": {
                "annotations/instances_train2017.json": coco(TRAIN),
                "annotations/instances_val2017.json": coco(VALID),
                "annotations/captions_val2017.json": {
                    "images": [],
                    "annotations": [{"image_id": 1, "caption": "a car"}],
                },
            },
            "train2017.zip": images("train2017/a.jpg", "train2017/b.jpg"),
            "val2017.zip": images("val2017/c.jpg", "__MACOSX/val2017/._c.jpg"),
        },
        {
            "train": (
                "annotations_trainval2017.zip::annotations/instances_train2017.json",
                ["train2017.zip"],
            ),
            "validation": (
                "annotations_trainval2017.zip::annotations/instances_val2017.json",
                ["val2017.zip"],
            ),
        },
    ),
    "COCO's format": (
        {"mine.json": coco(TRAIN), "pictures.zip": images("x/a.jpg", "x/b.jpg")},
        {"train": ("mine.json", ["pictures.zip"])},
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_export_is_known(tmp_path, name):
    files, expected = LAYOUTS[name]
    finding, _ = look(make(tmp_path / "in", files))
    assert name in finding.layout
    parts = {split: (p.table, p.images) for split, p in finding.parts.items()}
    assert parts == expected
    assert list(parts) == list(expected)
    assert not any("not found" in note for note in finding.notes)


def test_classes_are_counted_by_images_over_all_splits(tmp_path):
    twice = coco(TRAIN)
    twice["annotations"] *= 2
    files = {"train.json": twice, "test.json": coco(TEST, classes=("car", "bus"))}
    finding, _ = look(make(tmp_path / "in", files))
    assert finding.classes == {"car": 3, "truck": 1}
    assert "2 classes: car (3), truck (1)" in finding.seen
    assert finding.notes == ["no annotation is of bus"]


def test_a_root_category_of_the_same_name_hides_no_class(tmp_path):
    data = coco(TRAIN, classes=("pothole",))
    data["categories"].append({"id": 9, "name": "pothole"})
    finding, _ = look(make(tmp_path / "in", {"a.json": data}))
    assert finding.classes == {"pothole": 2}


def test_images_without_annotations_are_counted(tmp_path):
    data = coco(TRAIN)
    data["images"].append({"id": 77, "file_name": "z.jpg"})
    finding, _ = look(make(tmp_path / "in", {"a.json": data}))
    assert finding.unannotated == 1
    assert "1 image without annotations" in finding.seen


def test_the_same_names_in_both_splits_are_looked_for_in_the_folder_of_each(tmp_path):
    files = {
        "val.json": coco(TRAIN),
        "train.json": coco(TRAIN),
        **images("data/train/a.jpg", "data/train/b.jpg"),
        **images("data/val/a.jpg", "data/val/b.jpg"),
    }
    finding, _ = look(make(tmp_path / "in", files))
    found = {split: part.images for split, part in finding.parts.items()}
    assert found == {"train": ["data/train/"], "validation": ["data/val/"]}


def test_files_that_name_no_split_are_splits_of_their_own_names(tmp_path):
    files = {"x/labels.json": coco(TRAIN), "y 2/labels.json": coco(TEST)}
    finding, _ = look(make(tmp_path / "in", files))
    assert set(finding.parts) == {"x", "y_2"}


def test_images_that_are_not_there_are_said_with_their_name(tmp_path):
    files = {"a.json": coco(["a.jpg", "b.jpg", "c.jpg"]), **images("i/a.jpg")}
    finding, _ = look(make(tmp_path / "in", files))
    assert finding.parts["train"].images == ["i/"]
    assert "2 images not found, such as b.jpg" in finding.notes[0]


def test_without_images_the_part_says_what_is_looked_for(tmp_path):
    data = coco(["a.jpg"])
    data["images"][0]["coco_url"] = "http://host/x/a.jpg"
    finding, _ = look(make(tmp_path / "in", {"a.json": data}))
    assert finding.parts["train"].images == []
    assert "such as a.jpg; coco_url" in finding.parts["train"].hint


def test_names_may_stand_in_coco_url_alone(tmp_path):
    data = coco(["a.jpg"])
    data["images"] = [{"id": 0, "coco_url": "http://host/val2017/a.jpg?size=1"}]
    finding, _ = look(make(tmp_path / "in", {"a.json": data, **images("p/a.jpg")}))
    assert finding.parts["train"].images == ["p/"]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("[0, 0, 1, 1]", "[NaN, 0, 1, 1]"),
    ],
    ids=["BOM", "NaN"],
)
def test_a_file_is_read_as_generously_as_a_build_reads_it(tmp_path, change):
    text = change(json.dumps(coco(TRAIN)))
    finding, unusable = look(make(tmp_path / "in", {"a.json": text}))
    assert finding.classes == {"car": 2, "truck": 1}
    assert not unusable


def test_licences_of_the_source_are_kept(tmp_path):
    data = coco(TRAIN, licenses=[{"id": 1, "name": "CC BY 4.0"}, {"id": 2, "name": ""}])
    finding, _ = look(make(tmp_path / "in", {"a.json": data}))
    assert finding.licenses == ["CC BY 4.0"]


def test_names_that_no_build_takes_are_told(tmp_path):
    data = coco(["a.jpg"])
    data["images"][0]["file_name"] = "C:\\a\\a.jpg"
    finding, _ = look(make(tmp_path / "in", {"a.json": data, **images("p/a.jpg")}))
    assert any("leave out 'C:" in note for note in finding.notes)
