"""SIIM-ISIC as `patient`: nothing that belongs together lies in two splits."""

import csv
import io
import shutil
from collections import defaultdict
from hashlib import sha256

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from builder import build, verify
from builder.datasets.isic.recipe import IsicRecipe
from builder.datasets.painted.isic import paint_isic
from builder.errors import ImageError
from builder.images.inspect import inspect
from builder.sources.image_stores import FolderImages
from tests.conftest import ISIC_RECIPE
from tests.isic_probe import make_csv
from tests.small import ISIC, read_json
from tests.tiny import OFFICIAL_CSV, run

SPLITS = ("train", "validation", "test")
IMAGES = FolderImages((), "images")
CROSSES = "ISIC_2020_Training_Duplicates.csv"


@pytest.fixture
def patient_folder(builds):
    return builds[ISIC]


def load(folder, config="patient"):
    """Return the rows of each split as the files hold them, without the pixels."""
    configs = read_json(folder / "manifest.json")["configs"]
    loaded = {}
    for split, facts in configs[config].items():
        loaded[split] = []
        for name in facts["files"]:
            for row in pq.read_table(folder / name).to_pylist():
                row["image"] = sha256(row["image"]["bytes"]).hexdigest()
                loaded[split].append(row)
    return loaded


def spread(splits, *values):
    """Return how many values of any of these columns lie in two splits."""
    seen = defaultdict(set)
    for split, rows in splits.items():
        for row in rows:
            for name in values:
                if row[name] is not None:
                    seen[name, row[name]].add(split)
    return sum(len(where) > 1 for where in seen.values())


def check_promises(folder, *, columns=("patient_id", "image")):
    """Check sizes, shares and groups from the files alone; return where images lie."""
    splits = load(folder)
    assert tuple(splits) == SPLITS
    rows = [row for split in splits.values() for row in split]
    assert rows == load(folder, "default")["train"]
    share = np.mean([row["label"] for row in rows])
    for (_, part), fraction in zip(splits.items(), (0.7, 0.15, 0.15), strict=True):
        assert abs(len(part) / len(rows) - fraction) <= 0.01 + 1e-9
        assert abs(np.mean([row["label"] for row in part]) - share) <= 0.01 + 1e-9
    assert spread(splits, *columns) == 0
    return {row["image_name"]: split for split, part in splits.items() for row in part}


def list_duplicates(source, pairs):
    with (source / CROSSES).open("w", newline="") as file:
        csv.writer(file).writerows([("image_name_1", "image_name_2"), *pairs])


def apart(where, rows, number):
    """Return pairs of images of different patients and splits, each image once."""
    patient = {row["image_name"]: row["patient_id"] for row in rows}
    train = sorted(name for name, split in where.items() if split == "train")
    test = sorted(name for name, split in where.items() if split == "test")
    pairs = [(a, b) for a, b in zip(train, test, strict=False)]
    assert all(patient[a] != patient[b] for a, b in pairs)
    return pairs[:number]


def test_a_drawn_source(patient_folder):
    check_promises(patient_folder)
    manifest = read_json(patient_folder / "manifest.json")
    configs = manifest["configs"]
    shared = [name for facts in configs["patient"].values() for name in facts["files"]]
    assert configs["default"]["train"]["files"] == shared
    stored = {name for name in manifest["files"] if name.endswith(".parquet")}
    assert stored == set(shared)
    told = manifest["audit"]["patient_split"]
    assert told["across"] == {"patients": 0}
    assert {s: f["images"] for s, f in told["splits"].items()} == {
        "train": 70,
        "validation": 15,
        "test": 15,
    }


def test_planted_pairs_are_brought_together(
    patient_folder, isic_source, copy_of, tmp_path
):
    """Pairs that the split had torn apart: official, equal bytes, looking alike."""
    rows = [row for part in load(patient_folder).values() for row in part]
    where = check_promises(patient_folder)
    (a, b), (c, d), (e, f) = apart(where, rows, 3)
    source = copy_of(isic_source, "source")
    list_duplicates(source, [(a, b), (a, "ISIC_0000000")])
    shutil.copy(source / f"train/{c}.jpg", source / f"train/{d}.jpg")
    with Image.open(source / f"train/{e}.jpg") as image:
        image.resize((126, 94)).save(source / f"train/{f}.jpg", quality=70)
    out = tmp_path / "out"
    manifest = build(ISIC, out, ISIC_RECIPE, source=str(source))
    now = check_promises(out)
    assert now[a] == now[b]
    assert now[c] == now[d]
    assert now[e] == now[f]
    duplicates = manifest["audit"]["duplicates"]
    assert {c, d} in [set(pair["names"]) for pair in duplicates["exact"]["pairs"]]
    assert {e, f} in [set(pair["names"]) for pair in duplicates["near"]["pairs"]]
    assert duplicates["exact"]["across"] == duplicates["near"]["across"] == 0
    assert duplicates["official"]["listed"] == 2
    assert duplicates["official"]["half_inside"] == 1
    assert verify(out, source=str(source)).faults == ()
    # Without decoding, what only looks alike is not known, and the card says so.
    options = {"source": str(source), "audit": False}
    told = build(ISIC, tmp_path / "quick", ISIC_RECIPE, **options)
    assert told["audit"]["duplicates"]["near"]["pairs"] == []
    quick = check_promises(tmp_path / "quick")
    assert quick[a] == quick[b]
    assert quick[c] == quick[d]
    card = (tmp_path / "quick/README.md").read_text()
    assert "Images that only look the same **were not looked for**." in card
    assert "images that look the same" not in card
    assert verify(tmp_path / "quick", source=str(source)).faults == ()


def test_lesions_are_kept_together_where_they_are_known(isic_source, copy_of, tmp_path):
    source = copy_of(isic_source, "source")
    path = source / "ISIC_2020_Training_GroundTruth.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["lesion_id", *rows[0]], lineterminator="\n")
        writer.writeheader()
        for number, row in enumerate(rows):
            lesion = f"IL_{number % 40}" if number % 3 else ""
            writer.writerow({"lesion_id": lesion, **row, "patient_id": ""})
    manifest = build(ISIC, tmp_path / "out", ISIC_RECIPE, source=str(source))
    check_promises(tmp_path / "out", columns=("lesion_id", "image"))
    told = manifest["audit"]["patient_split"]
    assert told["across"] == {"patients": 0, "lesions": 0}
    assert told["splits"]["train"]["patients"] == 0
    assert told["splits"]["train"]["lesions"] > 5


def test_the_order_of_the_metadata_plays_no_part(tmp_path):
    """Every row is taken, so that the selection is the same set."""
    source = paint_isic(tmp_path / "source", benign=80, malignant=20, seed=5)
    recipe = IsicRecipe((0, 80), (0, 20), seed=3)
    build(ISIC, tmp_path / "one", recipe, source=str(source))
    path = source / "ISIC_2020_Training_GroundTruth.csv"
    head, *lines = path.read_text().splitlines()
    order = np.random.default_rng(0).permutation(len(lines)).tolist()
    path.write_text("\n".join([head, *(lines[k] for k in order), ""]))
    build(ISIC, tmp_path / "two", recipe, source=str(source))
    where = check_promises(tmp_path / "one")
    assert where == check_promises(tmp_path / "two")
    assert list(where) != list(check_promises(tmp_path / "two"))
    build(ISIC, tmp_path / "three", IsicRecipe((0, 80), (0, 20)), source=str(source))
    assert where != check_promises(tmp_path / "three")


def test_broken_images_are_left_out_of_both_configs(
    patient_folder, isic_source, copy_of, tmp_path
):
    source = copy_of(isic_source, "source")
    parts = read_json(patient_folder / "selection.json")["draws"]["patient"]
    broken = [parts["train"][0], parts["test"][3]]
    (source / f"train/{broken[0]}.jpg").write_bytes(b"")
    damaged = bytearray((source / f"train/{broken[1]}.jpg").read_bytes())
    scan = damaged.index(b"\xff\xda")
    damaged[scan + 40 : scan + 240] = b"\xff\xc4" * 100
    (source / f"train/{broken[1]}.jpg").write_bytes(damaged)
    assert inspect(bytes(damaged)).reason
    out = tmp_path / "out"
    with pytest.raises(ImageError, match="2 of 100 selected images are") as caught:
        build(ISIC, out, ISIC_RECIPE, source=str(source))
    assert all(name in str(caught.value) for name in broken)
    assert not out.exists()
    options = {"source": str(source), "allow_broken": True, "max_shard_size": 100_000}
    manifest = build(ISIC, out, ISIC_RECIPE, **options)
    where = check_promises(out)
    assert len(where) == 98
    assert not set(broken) & set(where)
    named = {entry["image"]: entry["reason"] for entry in manifest["broken"]}
    assert set(named) == {f"images/{name}.jpg" for name in broken}
    card = (out / "README.md").read_text()
    assert all(f"`{name}` {reason}" in card for name, reason in named.items())
    assert "2 found broken and left out" in card
    labels = manifest["audit"]["labels"]["sex"]
    assert sum(entry["benign"] + entry["malignant"] for entry in labels) == 98
    assert all(pq.read_metadata(path).num_rows for path in out.rglob("*.parquet"))
    assert verify(out, source=str(source)).faults == ()


def test_a_selection_that_cannot_be_split_says_why(isic_source, tmp_path):
    out = tmp_path / "out"
    done = run("build", ISIC, "--source", isic_source, "--out", out,
               "--benign", "0:5", "--malignant", "0:2")  # fmt: skip
    assert done.returncode == 0
    why = "no whole number makes a share of 28.6 per cent; select more rows"
    assert "trimset: no config 'patient': 7 rows in " in done.stderr
    assert why in done.stderr
    manifest = read_json(out / "manifest.json")
    assert list(manifest["configs"]) == ["default"]
    assert why in manifest["audit"]["patient_split"]["reason"]
    card = (out / "README.md").read_text()
    assert "There is no config `patient`: 7 rows in " in card
    assert '"patient")' not in card
    assert verify(out, source=str(isic_source)).faults == ()


@pytest.fixture(scope="module")
def full_source(tmp_path_factory):
    """Return metadata of the real size, the real if it is there, and small images."""
    folder = tmp_path_factory.mktemp("source") / "isic"
    (folder / "train").mkdir(parents=True)
    data = OFFICIAL_CSV.read_bytes() if OFFICIAL_CSV.is_file() else make_csv()
    (folder / OFFICIAL_CSV.name).write_bytes(data)
    from builder.datasets.isic import parse as isic
    from builder.datasets.isic.selection import select_isic

    frame = isic.read_metadata(data, name="m.csv")
    names = isic.image_names(
        select_isic(frame, IsicRecipe(), name="m.csv", store=IMAGES).small
    )
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (len(names), 6, 8, 3), dtype=np.uint8)
    files = {}
    for name, pixels in zip(names, pictures, strict=True):
        sink = io.BytesIO()
        Image.fromarray(pixels).resize((96, 72)).save(sink, "JPEG", quality=70)
        files[name] = sink.getvalue()
    # Twenty pairs are copies of one file.
    pairs = rng.permutation(len(names))[:40].reshape(-1, 2).tolist()
    for left, right in pairs:
        files[names[right]] = files[names[left]]
    for name, content in files.items():
        (folder / f"train/{name}.jpg").write_bytes(content)
    return folder, [(names[left], names[right]) for left, right in pairs]


def test_the_whole_selection(full_source, tmp_path):
    """2,500 images of more than a thousand patients."""
    source, pairs = full_source
    manifest = build(ISIC, tmp_path / "out", source=str(source))
    where = check_promises(tmp_path / "out")
    assert len(where) == 2500
    assert all(where[one] == where[other] for one, other in pairs)
    found = manifest["audit"]["duplicates"]["exact"]["pairs"]
    assert {frozenset(pair["names"]) for pair in found} == set(map(frozenset, pairs))
    splits = manifest["audit"]["patient_split"]["splits"]
    assert [facts["images"] for facts in splits.values()] == [1750, 375, 375]
    assert [facts["malignant"] for facts in splits.values()] == [350, 75, 75]
