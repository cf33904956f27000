"""The objects of a build are those of its source, on the way back to COCO's JSON."""

import json
import os
import subprocess
import sys

import datasets
import pytest

from builder import build, export
from builder.hub.lint import lint
from builder.output.check import read_build
from tests.drawn import CATEGORIES, coco_recipe, draw_coco
from tests.hub_client import python_with
from tests.small import COCO, read_json
from tests.tiny import ROOT

PROBE = ROOT / "tests/probes/load_probe.py"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("objects")


@pytest.fixture(scope="module")
def source(home):
    """Return the annotations of each split, as they were written."""
    return draw_coco(home, {"train": 20, "validation": 10})


def make(home, out, objects, **options):
    recipe = home / f"{out}.toml"
    select = f'rule = "all"\nobjects = "{objects}"\nunannotated = true'
    recipe.write_text(coco_recipe(select))
    build(str(recipe), home / out, cache_dir=home / "cache", audit=False, **options)
    return home / out


@pytest.fixture(scope="module")
def masks(home, source):
    return make(home, "masks", "masks")


def rows_of(folder, split):
    found = datasets.load_dataset(str(folder), split=split)
    return found.remove_columns("image"), found.features


def to_coco(rows, features):
    """Return rows as a COCO file: the dozen lines that anybody would write."""
    names = features["labels"].feature.names
    images, annotations = [], []
    for row in rows:
        shown = ("file_name", "width", "height")
        images.append({"id": row["image_id"], **{name: row[name] for name in shown}})
        found = row["objects"]
        for number in range(len(found["id"])):
            one = {name: values[number] for name, values in found.items()}
            one["category_id"] = 1 + one.pop("category")
            one["iscrowd"] = int(one["iscrowd"])
            if "segmentation" in one:
                one["segmentation"] = json.loads(one["segmentation"])
            annotations.append({**one, "image_id": row["image_id"]})
    categories = [{"id": i, "name": name} for i, name in enumerate(names, start=1)]
    return {"images": images, "annotations": annotations, "categories": categories}


def by_id(annotations):
    return {one["id"]: one for one in annotations}


@pytest.mark.parametrize("split", ["train", "validation"])
def test_back_to_the_file_that_it_came_from(split, source, masks):
    given = source[split]
    found = to_coco(*rows_of(masks, split))
    assert found["categories"] == given["categories"]
    assert sorted(found["images"], key=lambda i: i["id"]) == given["images"]
    assert by_id(found["annotations"]) == by_id(given["annotations"])
    # Those of an image in the order of the file, and images in that of the table.
    for image in given["images"]:
        ids = [a["id"] for a in given["annotations"] if a["image_id"] == image["id"]]
        ours = [a for a in found["annotations"] if a["image_id"] == image["id"]]
        assert [a["id"] for a in ours] == ids


# Of pycocotools' own, with NumPy 2.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_is_read_by_pycocotools(masks, home):
    coco = pytest.importorskip("pycocotools.coco")
    (home / "back.json").write_text(json.dumps(to_coco(*rows_of(masks, "train"))))
    api = coco.COCO(str(home / "back.json"))
    for one in api.loadAnns(api.getAnnIds()):
        assert api.annToMask(one).shape == (16, 24)


def test_images_without_annotations_have_empty_lists(source, masks):
    annotated = {a["image_id"] for a in source["train"]["annotations"]}
    rows, features = rows_of(masks, "train")
    bare = [row for row in rows if row["image_id"] not in annotated]
    assert len(bare) == 4
    for row in bare:
        assert row["objects"] == {name: [] for name in features["objects"]}
        assert row["labels"] == row["category_ids"] == []


def test_boxes_have_no_outlines_and_none_no_column(home, source):
    rows, features = rows_of(make(home, "boxes", "boxes"), "train")
    assert list(features["objects"]) == ["id", "bbox", "category", "area", "iscrowd"]
    assert features["objects"]["category"].feature.names == list(CATEGORIES)
    given = by_id(source["train"]["annotations"])
    for one in to_coco(rows, features)["annotations"]:
        expected = {k: v for k, v in given[one["id"]].items() if k != "segmentation"}
        assert one == expected
    assert "objects" not in rows_of(make(home, "none", "none"), "train")[1]


def test_resized_images_keep_the_boxes_of_the_source(home, source, masks):
    small = make(home, "small", "masks", image_size=8)
    ours, theirs = (list(rows_of(f, "train")[0]) for f in (small, masks))
    assert [row["objects"] for row in ours] == [row["objects"] for row in theirs]
    assert {(row["width"], row["height"]) for row in ours} == {(12, 8)}
    said = (small / "README.md").read_text()
    assert "in pixels of the images before these were resized" in " ".join(said.split())


def test_an_export_has_them_too(home, masks):
    export(str(home / "masks.toml"), home / "files", cache_dir=home / "cache")
    record = read_json(home / "files/trimset.json")
    for split in ("train", "validation"):
        objects = read_json(home / "files" / record["splits"][split]["objects"])
        for row in rows_of(masks, split)[0]:
            found = dict(objects[row["file_name"]])
            found["category"] = [number - 1 for number in found.pop("category_id")]
            assert found == row["objects"]


def test_a_push_takes_a_nested_column(masks, builds):
    for folder in (masks, builds[COCO]):
        assert lint(read_build(folder)) == []


def test_boxes_of_the_study(builds, coco_source):
    """Drawn annotations, whose boxes are floats as in COCO."""
    for split, year in (("train", "train2017"), ("test", "val2017")):
        file = coco_source / f"annotations/instances_{year}.json"
        given = by_id(read_json(file)["annotations"])
        rows = datasets.load_dataset(str(builds[COCO]), split=split)
        names = {c["name"]: c["id"] for c in read_json(file)["categories"]}
        labels = rows.features["objects"]["category"].feature.names
        count = 0
        for row in rows.remove_columns("image"):
            found = row["objects"]
            for place, number in enumerate(found["id"]):
                one = given[number]
                assert found["bbox"][place] == one["bbox"]
                assert found["area"][place] == one["area"]
                assert found["iscrowd"][place] is bool(one["iscrowd"])
                assert names[labels[found["category"][place]]] == one["category_id"]
                assert one["image_id"] == row["image_id"]
                count += 1
        shown = {row["image_id"] for row in rows.remove_columns("image")}
        assert count == sum(one["image_id"] in shown for one in given.values())


def probe(python, masks, cache):
    done = subprocess.run(
        [python, "-W", "ignore", str(PROBE), str(masks)],
        capture_output=True, text=True, check=False, cwd=cache,
        env={"PATH": os.environ["PATH"], "HF_HOME": str(cache)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])["splits"]


@pytest.fixture(scope="module")
def loaded(masks, tmp_path_factory):
    """Return what is loaded here."""
    return probe(sys.executable, masks, tmp_path_factory.mktemp("here"))


@pytest.mark.parametrize("version", ["this", "2.14", "3.6", "4.8", "5"])
def test_every_version_loads_the_same(version, loaded, masks, tmp_path):
    """In the environments of the load matrix, where they are there."""
    python = python_with(version)
    found = loaded if version == "this" else probe(python, masks, tmp_path)
    assert found == loaded
    for report in found.values():
        assert report["plain"] == report["streaming"]
        assert report["decoded"] == ""
