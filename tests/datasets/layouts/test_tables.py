"""Tables with images: the layouts of research, ImageFolders, and plain ones."""

import pandas as pd
import pytest

from builder.errors import SourceError
from builder.pipeline.init import init
from tests.datasets.layouts.made import coco, images, look, make, table

IDS = ["ISIC_1", "ISIC_2", "ISIC_3", "ISIC_4"]


def folder(name, ids=IDS, ending=".jpg"):
    return images(*(f"{name}/{one}{ending}" for one in ids))


def isic(header, *values, ids=IDS):
    """Return a table with a row for each image, and values that go round."""
    return table(
        header, *([one, *values[i % len(values)]] for i, one in enumerate(ids))
    )


LAYOUTS = {
    "ISIC archive": (
        {
            "metadata.csv": isic(
                "isic_id,sex,benign_malignant,lesion_id",
                ("male", "benign", "L1"), ("", "malignant", "L2"), ("", "benign", "L3"),
            ),
            **folder("."),
        },
        ("isic_id", "benign_malignant", ["lesion_id"], ["./"]),
    ),
    "the ISIC archive": (
        {
            "metadata.csv": isic(
                "isic_id,sex,diagnosis_1,diagnosis_2,lesion_id,patient_id",
                ("", "Benign", "x", "L1", ""), ("", "Malignant", "x", "L2", ""),
                ("", "Benign", "x", "L3", ""),
            ),
            **folder("images"),
        },
        ("isic_id", "diagnosis_1", ["lesion_id"], ["images/"]),
    ),
    "ISIC 2018 and 2019": (
        {
            "ISIC_2019_Training_GroundTruth.csv": isic(
                "image,MEL,NV,UNK", ("1.0", "0.0", "0.0"), ("0.0", "1.0", "0.0")
            ),
            "ISIC_2019_Training_Input.zip": folder("ISIC_2019_Training_Input"),
        },
        ("image", ["MEL", "NV", "UNK"], [], ["ISIC_2019_Training_Input.zip"]),
    ),
    "ISIC 2020": (
        {
            "train.csv": isic(
                "image_name,patient_id,diagnosis,benign_malignant,target",
                ("IP_1", "nevus", "benign", "0"), ("IP_2", "mel", "malignant", "1"),
                ("IP_3", "nevus", "benign", "0"),
            ),
            **folder("jpeg/train"),
        },
        ("image_name", "benign_malignant", ["patient_id"], ["jpeg/train/"]),
    ),
    "ISIC 2024": (
        {
            "train-metadata.csv": isic(
                "isic_id,target,patient_id", ("0", "IP_1"), ("1", "IP_2"), ("0", "IP_3")
            ),
            **folder("train-image/image"),
        },
        ("isic_id", "target", ["patient_id"], ["train-image/image/"]),
    ),
    "HAM10000": (
        {
            "HAM10000_metadata": table(
                "lesion_id,image_id,dx,dx_type",
                *([f"HAM_{i % 3}", one, "nv" if i else "mel", "histo"]
                  for i, one in enumerate(IDS)),
            ),
            **folder("HAM10000_images_part_1", IDS[:3]),
            "HAM10000_images_part_2.zip": folder("part_2", IDS[3:]),
            "hmnist_8_8_L.csv": table("pixel0000,label", ["1", "2"], ["3", "4"]),
        },
        (
            "image_id", "dx", ["lesion_id"],
            ["HAM10000_images_part_1/", "HAM10000_images_part_2.zip"],
        ),
    ),
    "PAD-UFES-20": (
        {
            "metadata.csv": table(
                "patient_id,lesion_id,smoke,diagnostic,img_id,biopsed",
                *([f"PAT_{i}", i, "False", "NEV" if i else "MEL", f"{one}.png", ""]
                  for i, one in enumerate(IDS)),
            ),
            **folder("imgs_part_1", IDS[:2], ".png"),
            **folder("imgs_part_2", IDS[2:], ".png"),
        },
        (
            "img_id", "diagnostic", ["patient_id", "lesion_id"],
            ["imgs_part_1/", "imgs_part_2/"],
        ),
    ),
    "Fitzpatrick17k": (
        {
            "fitzpatrick17k.csv": isic(
                "md5hash,fitzpatrick_scale,label,three_partition_label,url",
                ("1", "acne", "benign", "http://h/1"), ("2", "scc", "malignant", ""),
            ),
            **folder("images"),
        },
        ("md5hash", "three_partition_label", [], ["images/"]),
    ),
    "a table with a row an image": (
        {
            "birds.tsv": isic(
                "photo,species,participant", ("tit", "p1"), ("owl", "p2"), ("tit", "p3")
            ).replace(",", "\t"),
            **folder("pictures", ending=".PNG"),
        },
        ("photo", "species", ["participant"], ["pictures/"]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_known(tmp_path, name):
    files, expected = LAYOUTS[name]
    finding, _ = look(make(tmp_path / "in", files))
    assert name in finding.layout
    (part,) = finding.parts.values()
    assert (finding.image, finding.label, finding.group, part.images) == expected
    assert finding.cut == bool(finding.group)
    assert not any("not found" in note for note in finding.notes)


ISIC_2018 = {}
for _name, _one in (("Training", "a"), ("Validation", "b"), ("Test", "c")):
    _truth = isic("image,MEL,NV", ("1", "0"), ids=[_one])
    ISIC_2018[f"ISIC2018_Task3_{_name}_GroundTruth/{_name}_GroundTruth.csv"] = _truth
    ISIC_2018 |= folder(f"ISIC2018_Task3_{_name}_Input", [_one])


def test_the_files_of_isic_2018_are_splits(tmp_path):
    files = ISIC_2018
    finding, _ = look(make(tmp_path / "in", files))
    assert finding.label == ["MEL", "NV"]
    assert {split: part.images for split, part in finding.parts.items()} == {
        "train": ["ISIC2018_Task3_Training_Input/"],
        "validation": ["ISIC2018_Task3_Validation_Input/"],
        "test": ["ISIC2018_Task3_Test_Input/"],
    }


def test_groups_that_stand_in_another_table_are_joined(tmp_path):
    files = {
        "GroundTruth.csv": isic("image,MEL,NV", ("1", "0"), ("0", "1")),
        "Metadata.csv": isic(
            "image,age,lesion_id", ("5", "L1"), ("6", "L2"), ids=IDS[:3]
        ),
        **folder("i"),
    }
    finding, _ = look(make(tmp_path / "in", files))
    assert finding.group == ["lesion_id"]
    (new,) = finding.tables
    assert new.rows == [
        ("image", "MEL", "NV", "lesion_id"),
        ("ISIC_1", "1", "0", "L1"),
        ("ISIC_2", "0", "1", "L2"),
        ("ISIC_3", "1", "0", "L1"),
        ("ISIC_4", "0", "1", ""),
    ]
    (part,) = finding.parts.values()
    assert (part.table, part.beside) == (new.name, True)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_an_imagefolder_of_the_hub_has_a_table_in_each_split(tmp_path, ending):
    files = {}
    for split in ("train", "test"):
        name = f"{split}/metadata.{ending}"
        files[name] = "\n".join(
            ["file_name,label", "a/1.jpg,cat", "2.jpg,dog"]
            if ending == "csv"
            else [
                '{"file_name": "a/1.jpg", "label": 0}',
                '{"file_name": "2.jpg", "label": 1}',
            ]
        )
        files |= images(f"{split}/a/1.jpg", f"{split}/2.jpg")
    finding, _ = look(make(tmp_path / "in", files))
    assert "an ImageFolder of the Hub" in finding.layout
    assert {
        split: (part.table, part.images) for split, part in finding.parts.items()
    } == {
        "train": (f"train/metadata.{ending}", ["train/"]),
        "test": (f"test/metadata.{ending}", ["test/"]),
    }
    assert (finding.image, finding.label) == ("file_name", "label")


def test_class_folders_get_a_table(tmp_path):
    names = ["x/cat/1.jpg", "x/cat/2.jpg", "x/dog/deep/1.jpg"]
    finding, _ = look(make(tmp_path / "in", images(*names)))
    assert finding.parts[""].images == ["x/"]
    assert finding.classes == {"cat": 2, "dog": 1}
    (new,) = finding.tables
    assert new.name == "metadata.csv"
    assert new.rows == [
        ("file_name", "label"),
        ("cat/1.jpg", "cat"), ("cat/2.jpg", "cat"), ("dog/deep/1.jpg", "dog"),
    ]  # fmt: skip


def test_class_folders_below_splits_get_a_table_each(tmp_path):
    names = ["train/cat/1.jpg", "train/dog/1.jpg", "val/cat/1.jpg", "val/dog/1.jpg"]
    finding, _ = look(make(tmp_path / "in", images(*names)))
    assert list(finding.parts) == ["train", "validation"]
    assert [new.name for new in finding.tables] == [
        "metadata_train.csv", "metadata_validation.csv",
    ]  # fmt: skip
    assert finding.tables[1].rows[1] == ("val/cat/1.jpg", "cat")


def test_class_folders_may_lie_in_a_zip(tmp_path):
    zipped = {"pets.zip": images("pets/cat/1.jpg", "pets/dog/1.jpg")}
    finding, _ = look(make(tmp_path / "in", zipped))
    assert finding.parts[""].images == ["pets.zip"]
    assert finding.tables[0].rows[1] == ("pets/cat/1.jpg", "cat")


@pytest.mark.parametrize(
    "names",
    [
        ["part_1/a.jpg", "part_2/b.jpg"],
        ["skin_images_part_1/a.jpg", "skin_images_part_2/b.jpg"],
        ["images/a.jpg", "masks/a.png"],
        ["cat/a.jpg", "b.jpg"],
        ["cat/a.jpg", "cat/b.jpg"],
    ],
    ids=["parts", "named parts", "masks", "images beside", "one folder"],
)
def test_other_folders_are_no_classes(tmp_path, names):
    finding, _ = look(make(tmp_path / "in", images(*names)))
    assert finding is None


@pytest.mark.parametrize("names", [["ok", "img_defect"], ["img_a", "img_b"], "12"])
def test_a_class_may_have_such_a_word_in_its_name(tmp_path, names):
    paths = [f"{name}/{number}.jpg" for number, name in enumerate(names)]
    finding, _ = look(make(tmp_path / "in", images(*paths)))
    assert finding.classes == dict.fromkeys(names, 1)


def test_the_folder_and_the_word_that_are_no_class_are_named(tmp_path):
    folder = make(tmp_path / "in", images("my_images/a.jpg", "my_masks/a.jpg"))
    with pytest.raises(
        SourceError, match=r'found my_images/: .* word "images" .*: name'
    ):
        init(folder, tmp_path / "r.toml")


SPLIT_COLUMN = {
    "t.csv": isic("file,class,split", ("a", "train"), ("b", "val")),
    **folder("i"),
}


def test_a_column_may_say_the_split(tmp_path):
    files = SPLIT_COLUMN
    finding, _ = look(make(tmp_path / "in", files))
    assert finding.split == "split"
    assert not finding.cut


def test_a_column_of_the_images_is_told_by_its_values(tmp_path):
    files = {
        "t.csv": isic("whatever,image,label", ("n1", "a"), ("n2", "b")),
        **folder("i"),
    }
    finding, _ = look(make(tmp_path / "in", files))
    assert finding.image == "whatever"


def test_names_that_no_build_takes_are_told(tmp_path):
    rows = [["/home/u/a.jpg", "x"], ["/home/u/b.jpg", "y"]]
    files = {"a.csv": table("path,label", *rows), **images("a.jpg", "b.jpg")}
    finding, _ = look(make(tmp_path / "in", files))
    (note,) = finding.notes
    assert "'/home/u/a.jpg'" in note
    assert "is absolute" in note
    assert "leave out '/home/u/' there" in note


def test_two_groups_are_not_cut_into_three_splits(tmp_path):
    files = {"t.csv": isic("id,label,patient_id", ("a", "p"), ("b", "q"))}
    finding, _ = look(make(tmp_path / "in", {**files, **folder("i")}))
    assert (finding.group, finding.cut) == (["patient_id"], False)


def test_a_group_that_nobody_has_is_none(tmp_path):
    files = {"t.csv": isic("id,label,patient_id", ("a", "unknown"), ("b", ""))}
    finding, _ = look(make(tmp_path / "in", {**files, **folder("i")}))
    assert finding.group == []


@pytest.mark.parametrize("number", [1, 101])
def test_a_label_has_two_to_a_hundred_classes(tmp_path, number):
    ids = [f"x{i}" for i in range(202)]
    rows = [(f"c{i % number}",) for i in range(202)]
    text = isic("file_name,label", *rows, ids=ids)
    finding, _ = look(make(tmp_path / "in", {"t.csv": text, **folder("i", ids)}))
    assert finding.label is None
    assert "no column is known to be the label" in finding.notes[0]


def test_a_parquet_table_is_read(tmp_path):
    made = make(tmp_path / "in", folder("i"))
    rows = pd.DataFrame({"image": IDS, "label": [0, 1, 0, 1]})
    rows.to_parquet(made / "t.parquet")
    finding, _ = look(made)
    assert (finding.image, finding.label, finding.classes) == (
        "image",
        "label",
        {"0": 2, "1": 2},
    )


def test_annotations_go_before_tables(tmp_path):
    files = {
        "t.csv": isic("id,label", ("a",), ("b",)),
        "a.json": coco(IDS),
        **folder("i"),
    }
    finding, _ = look(make(tmp_path / "in", files))
    assert finding.kind == "coco"


def test_tables_that_are_not_used_are_named(tmp_path):
    files = {
        "b.csv": isic("id,label", ("a",), ("b",)),
        "metadata.csv": isic("id,label", ("a",), ("b",)),
        **folder("i"),
    }
    finding, _ = look(make(tmp_path / "in", files))
    assert finding.parts[""].table == "metadata.csv"
    assert finding.notes[-1].startswith("not used: b.csv: give the file itself")


def test_hdf5_is_named_where_the_images_are_in_it(tmp_path):
    files = {
        "train-metadata.csv": isic("isic_id,target,patient_id", ("0", "a"), ("1", "b")),
        "train-image.hdf5": b"\x89HDF",
    }
    finding, unusable = look(make(tmp_path / "in", files))
    assert finding.parts[""].images == []
    assert "in a folder or a zip" in unusable["train-image.hdf5"].advice
