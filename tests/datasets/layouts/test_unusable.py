"""What no recipe can be made of is named for what it is, with the next step."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builder import init
from builder.errors import SourceError
from tests.datasets.layouts.made import coco, images, look, make

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
CAPTIONS = {"images": [], "annotations": [{"image_id": 1, "caption": "a"}]}
PANOPTIC = {**coco(["a.jpg"]), "annotations": [{"image_id": 1, "segments_info": []}]}
INFO = {key: value for key, value in coco(["a.jpg"]).items() if key != "annotations"}
RESULTS = '[{"image_id": 1, "category_id": 1, "score": 0.5}]'
NOT_UTF8 = b'{"images": [{"file_name": "\xe9"}], "annotations": [], "categories": []}'
KINDS = {
    "captions": {"x.json": CAPTIONS},
    "panoptic": {"x.json": PANOPTIC},
    "image info": {"x.json": INFO},
    "the detections of a model": {
        "x.json": '[{"image_id": 1, "category_id": 1, "score": 0.5}]'
    },
    "tasks of Label Studio": {"x.json": '[{"id": 1, "annotations": [], "data": {}}]'},
    "LabelMe": {"x.json": {"shapes": [], "imagePath": "a.jpg"}},
    "VGG Image Annotator": {"x.json": {"_via_img_metadata": {}}},
    "truncated": {"x.json": '{"images": [{"id": 1}, {"id"'},
    "an object for annotations": {
        "x.json": {**coco(["a.jpg"]), "annotations": {"1": {}}}
    },
    "text in UTF-16": {"x.json": '{"images": []}'.encode("utf-16")},
    "not UTF-8": {"x.json": NOT_UTF8},
    "labels of YOLO": {"labels/a.txt": "0 0.5 0.5 0.1 0.2\n", **images("images/a.jpg")},
    "Pascal VOC": {"a.xml": "<annotation><folder/></annotation>", **images("a.jpg")},
    "an archive that is not read": {"train.tar.gz": b"\x1f\x8b"},
    "HDF5": {"train-image.hdf5": b"\x89HDF"},
    "images in a container": {"x.tfrecord": b""},
    "a pointer of Git LFS": {"x.json": LFS},
    "an empty folder": {},
    "nothing that says what they show": images("a.jpg", "b.jpg"),
    "none of which is one of them": {"notes.md": "words"},
    "empty": {"x.csv": ""},
}


@pytest.mark.parametrize("what", KINDS)
def test_it_is_named_with_the_next_step(tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "in"
    folder.mkdir()
    make(folder, KINDS[what])
    with pytest.raises(SourceError) as caught:
        init(folder)
    found = str(caught.value).partition(", found ")[2]
    assert what in found
    assert ": " in found
    assert "\n" not in found
    assert list(tmp_path.glob("*.toml")) == []


def test_images_inside_parquet_are_said_to_be_loaded_as_they_are(tmp_path):
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows = pa.table({"image": pa.array([{"bytes": b"1", "path": "a"}], image)})
    folder = make(tmp_path / "in", {"a.md": ""})
    pq.write_table(rows, folder / "train.parquet")
    finding, unusable = look(folder)
    assert finding is None
    assert "load_dataset reads it" in unusable["train.parquet"].advice


def test_what_is_unusable_beside_a_usable_file_is_a_note(tmp_path):
    files = {"a.json": coco(["a.jpg"]), "b.json": CAPTIONS, **images("a.jpg")}
    finding, unusable = look(make(tmp_path / "in", files))
    assert list(finding.parts) == ["train"]
    assert list(unusable) == ["b.json"]


def test_images_that_are_pointers_of_lfs_are_said(tmp_path):
    files = {"a.json": coco(["a.jpg"]), "x/a.jpg": None, "y/b.jpg": LFS}
    _, unusable = look(make(tmp_path / "in", files))
    assert list(unusable) == ["y/b.jpg"]
    assert "git lfs pull" in unusable["y/b.jpg"].advice


@pytest.mark.parametrize("text", ["7", "{}", '{"name": "x"}', "[]", "", "words"])
def test_other_json_is_passed_over(tmp_path, text):
    assert look(make(tmp_path / "in", {"a.json": text})) == (None, {})


def test_a_binary_file_called_json_is_passed_over(tmp_path):
    noise = np.arange(256, dtype=np.uint8).tobytes()
    finding, unusable = look(make(tmp_path / "in", {"a.json": noise}))
    assert (finding, unusable) == (None, {})


@pytest.mark.parametrize("there", ["no/such", "no.json"])
def test_a_source_that_is_not_there_is_said(tmp_path, there):
    with pytest.raises(SourceError, match="found nothing there"):
        init(tmp_path / there)
