"""Files as people have them: each case gives what its text expects, row by row.

What is expected is computed here from the source, by `json` and `csv` alone.
"""

import csv
import io
import json
import os
import re
import shlex
import zipfile
from collections import Counter
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pyarrow.parquet as pq
import pytest

from tests import cases

pytestmark = pytest.mark.skipif(
    not (cases.SHARED / "cases").is_dir(), reason="the cases are not part of this"
)

# The line of a case that is refused: what it names, and what to do.
REFUSED = {
    "coco/06_duplicate_image_ids": r"two images have the id 1.*tr0\.jpg.*remove or",
    "coco/09_string_ids_text": r"images\[0\].*'frame_1'.*number the images",
    "coco/21_captions": "found captions: give an instances file",
    "coco/24_image_info": "found image info .*: give the instances file",
    "coco/26_annotations_dict": "an object for annotations, where a list belongs",
    "coco/28c_latin1": r"not UTF-8 .*at byte 1,486.*save it as UTF-8",
    "coco/29_category_null": r"annotation 3 \(category_id null\): correct or remove",
    "coco/30_orphan_annotation": r"annotation 1 \(image_id 1\): correct or remove",
    "coco/35_swapped_sizes": r"tr1\.jpg.*width and height are swapped.*--allow-broken",
    "coco/38_missing_file": r"tr1\.jpg, tr3\.jpg; complete.*--skip-missing",
    "coco/48_empty": "truncated after 755 bytes.*get the file again",
    "coco/57_avif_heic": "AVIF: convert it to PNG or JPEG",
    "coco/61_default_targets_few": "alpha, beta, gamma.*give --targets",
    "coco/64_root_target": "none of 6 with root.*give --targets alpha",
    "coco/72_folder_entry_is_dir": r"not there: tr1\.jpg \(is a folder\)",
    "coco/74_git_lfs_pointer": "Git LFS pointer: run git lfs pull",
    "coco/75_category_keypoint_dup_id": "id 2 stands for 'beta' and for 'gamma'",
    "coco/76_output_twice": "give another --out, or --overwrite",
    "isic/08_isic_cli_export renamed.csv": "line 5.*'indeterminate'.*trimset init",
    "isic/08_isic_cli_export old.csv": "an export of the ISIC archive.*trimset init",
    "isic/10_slice3d m.csv in/train-image.hdf5": "found an HDF5 file: save what",
    "isic/14_fitzpatrick17k label_clash.csv": "column 'label'.*rename it",
    "isic/14_fitzpatrick17k renamed.csv": "line 2.*'non-neoplastic'.*trimset init",
    "isic/15_csv_dialects utf16.csv": "UTF-16: save it as UTF-8",
    "isic/15_csv_dialects empty.csv": "it is empty: give the file",
    "isic/15_csv_dialects headonly.csv": "found none: give the whole table",
    "isic/16_names_with_jpg abs.csv": "leave out '/kaggle/input/' there",
    "isic/20_bad_images m.csv": r"12 of 120 .*HTML page.*--allow-broken",
    "isic/21_missing": r"3 of 120 .*not there: ISIC_\d+\.jpg, .*--skip-missing",
    "isic/21_missing --allow-broken": "--allow-broken is for images that are there",
    "isic/24_verify_tamper m2.csv": r"metadata were m\.csv .*, the source has m2\.csv",
    "isic/24_verify_tamper img2": "row 75: its image is not the one of the source",
}
# The table that a case comes from, the column of its images, and the class of a row.
ONE_HOT = ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK"]
SEEN = {
    "isic/02_ham_raw": ("ham10000/HAM10000_metadata.csv", "image_id", "dx"),
    "isic/08_isic_cli_export init in/old.csv": ("in/old.csv", "isic_id", ""),
    "isic/08_isic_cli_export init in/new.csv": (
        "in/new.csv",
        "isic_id",
        "diagnosis_1",
    ),
    "isic/09_isic2019_onehot init": ("in/gt.csv", "image", ONE_HOT),
    "isic/10_slice3d init": ("in/train-metadata.csv", "isic_id", "target"),
    "isic/12_pad_ufes init": ("in/metadata.csv", "img_id", "diagnostic"),
    "isic/14_fitzpatrick17k init": (
        "in/f17k.csv",
        "md5hash",
        "three_partition_label",
    ),
    "isic/15_csv_dialects": ("in/base.csv", "image_name", ""),
    "isic/18_nested_parts cls": ("in/cls/m.csv", "file_name", ""),
    "isic/31_imagefolder_jsonl": ("in/m.csv", "file_name", ""),
}
# What the first rows come from, where that is another file than that of the command.
ANNOTATIONS = {
    "coco/50_zip_of_json": {"train": "train.json.zip"},
    "coco/70_partial_options_mix": {
        "test": "official/annotations/instances_val2017.json"
    },
}
# Classes by the ids of their categories, where they are not the names of --targets.
TARGETS = {
    "coco/02_roboflow_same_name_root": {1, 2},
    "coco/03_single_class_background": {1},
    "coco/45b_category_comma": {1, 2},
    "coco/45b_category_comma run_by_id.sh": {1, 2},
    "coco/55_category_null_name": {1, 2},
}
CASES = cases.cases(cases.SHARED)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(case, tmp_path):
    folder = tmp_path / "case"
    cases.prepare(case, cases.SHARED, folder)
    outcome = cases.run(case, folder, cases.in_process, "--workers 1 --no-audit")
    assert outcome.warned == ""
    assert [line[:9] for line in outcome.err.splitlines()] == ["trimset: "] * (
        outcome.err.count("\n")
    )
    refused = REFUSED.get(case.name, REFUSED.get(case.name.removesuffix(" in/img")))
    if refused:
        assert outcome.status in {1, 2}
        assert re.search(refused, outcome.err), outcome.err
        return
    assert outcome.status == 0, outcome.err
    if case.commands[-1].startswith("verify"):
        assert outcome.out.endswith("ok\n")
    elif case.name.startswith("coco/"):
        check_coco(case, folder)
    else:
        check_table(case, folder)


def rows_of(folder, config="default"):
    """Return the rows of each split, with the names of classes and image bytes."""
    splits = {}
    for path in sorted((folder / cases.OUT / "data" / config).glob("*.parquet")):
        table = pq.read_table(path)
        features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
        rows = table.to_pylist()
        for row in rows:
            row["bytes"] = row.pop("image")["bytes"]
            if "names" in features.get("label", {}):
                row["class"] = features["label"]["names"][row["label"]]
        splits.setdefault(path.name.rpartition("-of-")[0][:-6], []).extend(rows)
    return splits


def files_of(folder):
    """Return all files, in zips too, by base name; the output is none of them."""
    found = {}
    for top, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name != cases.OUT]
        for path in (Path(top, name) for name in names):
            found.setdefault(path.name, []).append(path)
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    inside = archive.namelist()
                for member in (zipfile.Path(path, name) for name in inside):
                    found.setdefault(member.name, []).append(member)
    return found


def base(name):
    return PurePosixPath(name.replace("\\", "/")).name


def check_coco(case, folder):
    words = shlex.split(case.commands[0])
    given = dict(pairwise(words))
    files = files_of(folder)
    configs = [path.name for path in (folder / cases.OUT / "data").iterdir()]
    assert len({name.casefold() for name in configs}) == len(configs)
    whole, targets = rows_of(folder), None
    for split in whole:
        default = given.get(f"--{split}-annotations", f"{split}.json")
        data = (
            folder / ANNOTATIONS.get(case.name, {}).get(split, default)
        ).read_bytes()
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                data = archive.read(archive.namelist()[0])
        record = json.loads(data.decode("utf-8-sig"))
        images = {int(image["id"]): image for image in record["images"]}
        shown = {number: set() for number in images}
        for annotation in record["annotations"]:
            shown[int(annotation["image_id"])].add(int(annotation["category_id"]))
        named = {str(c["name"]): int(c["id"]) for c in record["categories"]}
        names = [n.strip() for n in given.get("--targets", "").split(",")]
        targets = TARGETS.get(case.name) or {named[name] for name in names}
        assert len(configs) == 1 + len(targets)
        drawn, told = set(), set()
        samples = int(given.get(f"--{split}-samples", 4))
        for config in configs:
            rows = rows_of(folder, config)[split]
            for row in rows:
                image = images[row["image_id"]]
                name = image.get("file_name") or image["coco_url"]
                assert base(row["file_name"]) == base(name)
                assert set(row["category_ids"]) == shown[row["image_id"]]
                if "--image-size" not in words:
                    there = [file.read_bytes() for file in files[base(name)]]
                    assert row["bytes"] in there
            if config != "default":
                labels = {row["image_id"]: row["label"] for row in rows}
                own = {
                    target
                    for target in targets
                    if all((target in shown[i]) == label for i, label in labels.items())
                }
                assert own
                told |= own
                drawn |= {row["image_id"] for row in rows}
                if "--allow-broken" not in words:
                    assert Counter(row["label"] for row in rows) == {
                        0: samples // 2,
                        1: samples // 2,
                    }
        assert told == targets
        assert sorted(row["image_id"] for row in whole[split]) == sorted(drawn)


def truth_of(case, folder):
    """Return the class of each image that the source states, by its base name."""
    words = shlex.split(case.commands[0])
    given = dict(pairwise(words))
    table, column, label = next(
        (SEEN[name] for name in SEEN if case.name.startswith(name)),
        (given.get("--metadata", "in/m.csv"), "", ""),
    )
    found = {}
    with (folder / table).open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            name = row[column or ("image_name" if "image_name" in row else "file_name")]
            if isinstance(label, list):
                (kind,) = [one for one in label if float(row[one])]
            else:
                kind = row[label or "benign_malignant"]
            if kind:
                found[stem(name)] = kind.casefold()
    return found


def stem(name):
    return re.sub(r"\.(jpg|png)$", "", base(name))


def check_table(case, folder):
    truth = truth_of(case, folder)
    files = {stem(name): found for name, found in files_of(folder).items()}
    splits = rows_of(folder)
    columns = (
        "image_name",
        "file_name",
        "image_id",
        "isic_id",
        "img_id",
        "md5hash",
        "image",
    )
    found = {}
    for split, rows in splits.items():
        for row in rows:
            name = stem(next(row[c] for c in columns if c in row))
            assert name not in found
            found[name] = (row["class"].casefold(), split, row.get("lesion_id"))
            if "--image-size" not in case.commands[0]:
                assert row["bytes"] in [file.read_bytes() for file in files[name]]
    assert {name: truth[name] for name in found} == {n: f[0] for n, f in found.items()}
    counts = Counter(kind for kind, _, _ in found.values())
    asked = re.findall(r"--(benign|malignant) 0:(\d+)", case.commands[-1])
    if "--allow-broken" in case.commands[-1]:
        assert len(found) == 120 - 12
    elif "--skip-missing" in case.commands[-1] or not asked:
        assert "ham10000_small" in case.name or set(found) == {
            name for name in truth if name in files
        }
    else:
        assert counts == {kind: int(number) for kind, number in asked}
    lesions = {}
    if "init" in case.name or "ham10000_small" in case.name:
        for _, split, lesion in found.values():
            if lesion and len(splits) > 1:
                assert lesions.setdefault(lesion, split) == split
