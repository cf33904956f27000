"""The audit of a build, against what anybody can count in source and files."""

import json
import shutil
from collections import Counter

import pyarrow.parquet as pq
import pytest
from PIL import Image

from builder import build, plan
from builder.datasets.coco.context import KNOWN_PAIRS
from builder.pipeline import examine
from builder.sources.scratch import on_disk
from tests.conftest import COCO_RECIPE, ISIC_RECIPE
from tests.small import COCO, DATASETS, ISIC, OPTIONS, build_from, read_json
from tests.tiny import contents, run


@pytest.fixture(scope="module")
def manifest(builds):
    return read_json(builds[COCO] / "manifest.json")


@pytest.fixture(scope="module")
def annotations(coco_source):
    """Return, by split, the names of the categories of each annotated image."""
    found = {}
    for split, folder in (("train", "train2017"), ("test", "val2017")):
        content = read_json(coco_source / f"annotations/instances_{folder}.json")
        names = {entry["id"]: entry["name"] for entry in content["categories"]}
        images = {entry["id"]: entry["file_name"] for entry in content["images"]}
        found[split] = {}
        for entry in content["annotations"]:
            shown = found[split].setdefault(images[entry["image_id"]], set())
            shown.add(names[entry["category_id"]])
    return found


def rows_of(folder, config, split, *columns):
    paths = sorted((folder / "data" / config).glob(f"{split}-*.parquet"))
    return [
        row
        for path in paths
        for row in pq.read_table(path, columns=list(columns)).to_pylist()
    ]


@pytest.mark.parametrize("target", ["car", "sports ball", "toaster"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_counts_of_the_context_are_those_of_the_rows(
    target, split, builds, manifest, annotations
):
    config = target.replace(" ", "_")
    rows = rows_of(builds[COCO], config, split, "file_name", "label")
    told = manifest["audit"]["context"][split]
    for label, kind in ((1, "positives"), (0, "negatives")):
        names = {row["file_name"] for row in rows if row["label"] == label}
        counts = Counter(c for name in names for c in annotations[split][name])
        entry = told["targets"][target][kind]
        assert entry["images"] == len(names)
        assert entry["counts"] == [counts[c] for c in told["categories"]]
    whole = Counter(c for shown in annotations[split].values() for c in shown)
    assert told["source"]["images"] == len(annotations[split])
    assert told["source"]["counts"] == [whole[c] for c in told["categories"]]
    person = told["categories"].index("person")
    entry = told["targets"][target]
    share = entry["positives"]["counts"][person] / entry["positives"]["images"]
    lift = share / (whole["person"] / len(annotations[split]))
    assert entry["lift"][person] == pytest.approx(lift, abs=1e-6)
    assert entry["lift_low"][person] <= entry["lift"][person]
    known = {(pair["target"], pair["context"]) for pair in told["known_pairs"]}
    wanted = {"car", "sports ball", "toaster"}
    assert known == {pair for pair in KNOWN_PAIRS if pair[0] in wanted}


@pytest.mark.parametrize("split", ["train", "test"])
def test_drift_is_that_of_the_union(split, builds, manifest, annotations):
    names = {row["file_name"] for row in rows_of(builds[COCO], "default", split,
                                                 "file_name")}  # fmt: skip
    told = manifest["audit"]["drift"][split]["features"]["category"]
    everywhere = annotations[split]
    for shares, images in (("selection", names), ("parent", everywhere)):
        counts = Counter(c for name in images for c in everywhere[name])
        for category, share in zip(told["values"], told[shares], strict=True):
            assert share == pytest.approx(counts[category] / len(images), abs=1e-6)
    largest = manifest["audit"]["drift"][split]["largest"]
    points = [abs(entry["points"]) for entry in largest]
    assert points == sorted(points, reverse=True)
    moved = [
        abs(here - there)
        for here, there in zip(told["selection"], told["parent"], strict=True)
    ]
    assert 100 * max(moved) <= points[0] + 1e-3


@pytest.mark.parametrize("config", ["car", "sports_ball", "toaster"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_draw_and_repeat_tell_every_row_and_the_feasibility(
    config, split, builds, manifest, annotations
):
    columns = ("file_name", "label", "draw", "repeat")
    rows = rows_of(builds[COCO], config, split, *columns)
    seen = set()
    for place, row in enumerate(rows):
        assert row["draw"] == place
        assert row["repeat"] is (row["file_name"] in seen)
        assert row["label"] == (place < len(rows) // 2)
        seen.add(row["file_name"])
    target = config.replace("_", " ")
    positives = sum(target in shown for shown in annotations[split].values())
    (fact,) = [
        fact
        for fact in manifest["feasibility"]
        if (fact["target"], fact["split"]) == (target, split)
    ]
    again = [row["label"] for row in rows if row["repeat"]]
    assert fact == {
        "split": split,
        "target": target,
        "category_id": fact["category_id"],
        "quota": len(rows) // 2,
        "positives_available": positives,
        "negatives_available": len(annotations[split]) - positives,
        "drawn": len(rows),
        "distinct": len(seen),
        "repeated_positives": sum(again),
        "repeated_negatives": len(again) - sum(again),
    }
    assert bool(again) is (positives < len(rows) // 2)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_plan_tells_the_same_feasibility(dataset, sources, builds):
    recipe = {COCO: COCO_RECIPE, ISIC: ISIC_RECIPE}[dataset]
    told = plan(dataset, recipe, source=str(sources[dataset]))["feasibility"]
    assert told == read_json(builds[dataset] / "manifest.json")["feasibility"]


def test_duplicates_across_splits_are_found(coco_source, builds, copy_of, tmp_path):
    source = copy_of(coco_source, "source")
    draws = read_json(builds[COCO] / "selection.json")["draws"]["default"]
    sizes = {}
    for split, keys in draws.items():
        for key in keys:
            with Image.open(source / key) as image:
                sizes.setdefault((image.size, image.mode, split), []).append(key)
    size, mode, _ = max(sizes, key=lambda entry: len(sizes[entry]))
    train, test = (sizes[size, mode, split] for split in ("train", "test"))
    shutil.copy(source / train[0], source / test[0])
    with Image.open(source / train[1]) as image:
        image.save(source / test[1], quality=60)
    told = build_from(COCO, source, tmp_path / "out")["audit"]["duplicates"]
    pairs = {
        kind: [(pair["names"], pair["splits"]) for pair in told[kind]["pairs"]]
        for kind in ("exact", "near")
    }
    assert ([train[0], test[0]], ["train", "test"]) in pairs["exact"]
    assert ([train[1], test[1]], ["train", "test"]) in pairs["near"]
    card = (tmp_path / "out/README.md").read_text()
    assert f"| same bytes | `{train[0]}` | `{test[0]}` |  |  | train / test |" in card


@pytest.mark.parametrize("dataset", DATASETS)
def test_settings_of_the_user_change_no_byte(dataset, sources, builds, tmp_path):
    rc = tmp_path / "matplotlibrc"
    rc.write_text("font.size: 31\nfont.family: monospace\naxes.grid: True\n"
                  "figure.dpi: 41\nsavefig.dpi: 41\nsavefig.bbox: tight\n"
                  "axes.facecolor: black\nlines.linewidth: 9\n")  # fmt: skip
    done = run(
        "build", dataset, "--source", sources[dataset], "--out", tmp_path / "out",
        *OPTIONS[dataset], "--workers", 3, MATPLOTLIBRC=str(rc), LC_ALL="C.UTF-8",
        MPLCONFIGDIR=str(tmp_path / "mpl"), MPLBACKEND="svg", COLUMNS="40",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "out") == contents(builds[dataset])


def test_a_build_that_does_not_decode_says_so_everywhere(coco_source, tmp_path):
    out = tmp_path / "out"
    options = {"source": str(coco_source), "audit": False}
    told = build(COCO, out, COCO_RECIPE, **options)["audit"]
    assert told["decoded"] is False
    assert "grey" not in told
    assert told["duplicates"]["near"]["pairs"] == []
    assert "**not decoded**" in (out / "README.md").read_text()
    assert [path.name for path in (out / "figures").iterdir()] == ["context.png"]
    assert json.loads((out / "manifest.json").read_text())["options"]["audit"] is False


def test_what_is_seen_of_many_images_lies_on_the_disk_and_is_the_same(
    builds, isic_source, tmp_path, monkeypatch
):
    """As for more than a million images: the same output to the byte."""
    made = []

    def make(shape, dtype, *, folder):
        made.append(folder)
        return on_disk(shape, dtype, folder=folder)

    monkeypatch.setattr(examine, "IN_MEMORY", 10)
    monkeypatch.setattr(examine, "on_disk", make)
    build_from(ISIC, isic_source, tmp_path / "out", cache_dir=tmp_path / "cache")
    assert contents(tmp_path / "out") == contents(builds[ISIC])
    assert set(made) == {tmp_path / "cache"}
    assert list((tmp_path / "cache").iterdir()) == []
