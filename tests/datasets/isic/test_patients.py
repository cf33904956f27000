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
from builder.datasets.isic.dataset import Isic
from builder.datasets.isic.recipe import IsicRecipe
from builder.datasets.licences import UNOFFICIAL
from builder.datasets.painted.isic import paint_isic
from builder.errors import ImageError
from builder.images.inspect import inspect
from builder.sources.image_stores import FolderImages
from tests.conftest import ISIC_RECIPE
from tests.isic_probe import make_csv
from tests.small import ISIC, read_json
from tests.tiny import OFFICIAL_CSV, call

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


def check_promises(folder, *, config="patient", columns=("patient_id", "image")):
    """Check sizes, shares and groups from the files alone; return where images lie."""
    splits = load(folder, config)
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
    told = manifest["audit"]["split"]
    assert told["config"] == "patient"
    assert told["across"] == {"patients": 0}
    assert manifest["audit"]["cut"]["size_off"] == 0
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


def rewrite(source, change):
    """Change each row of the metadata; `change` gets its number and the row."""
    path = source / "ISIC_2020_Training_GroundTruth.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    rows = [change(number, row) for number, row in enumerate(rows)]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def without_patients(number, row):
    return {name: value for name, value in row.items() if name != "patient_id"}


def with_lesions(number, row):
    """Lesions of two or three images, some unknown, and patients that are all blank."""
    lesion = f"IL_{number % 40}" if number % 3 else ""
    return {"lesion_id": lesion, **row, "patient_id": "unknown" if number % 2 else "-1"}


def test_lesions_are_kept_together_where_they_are_known(isic_source, copy_of, tmp_path):
    """A column of patients in which nobody is named names no patients."""
    source = copy_of(isic_source, "source")
    rewrite(source, with_lesions)
    out = tmp_path / "out"
    manifest = build(ISIC, out, ISIC_RECIPE, source=str(source))
    assert list(manifest["configs"]) == ["default", "split"]
    check_promises(out, config="split", columns=("lesion_id", "image"))
    told = manifest["audit"]["split"]
    assert told["config"] == "split"
    assert told["across"] == {"lesions": 0}
    assert told["splits"]["train"]["lesions"] > 5
    assert told["kept"]["lesions"]["several"] > 20
    card = (out / "README.md").read_text()
    assert "**Which images are of one patient is not known**" in card
    assert "no patient is on both sides" not in card
    assert "`patient`" not in card
    assert verify(out, source=str(source)).faults == ()


def test_without_patients_there_is_a_split_by_what_is_known(
    isic_source, copy_of, tmp_path
):
    source = copy_of(isic_source, "source")
    rewrite(source, without_patients)
    recipe = IsicRecipe((0, 100), (0, 20))
    manifest = build(ISIC, tmp_path / "out", recipe, source=str(source))
    assert list(manifest["configs"]) == ["default", "split"]
    where = check_promises(tmp_path / "out", config="split", columns=("image",))
    with (source / CROSSES).open() as file:
        listed = [tuple(row.values()) for row in csv.DictReader(file)]
    inside = [(a, b) for a, b in listed if a in where and b in where]
    assert inside
    assert all(where[a] == where[b] for a, b in inside)
    found = manifest["audit"]["duplicates"]
    near = [pair["names"] for pair in found["near"]["pairs"]]
    assert all(where[a] == where[b] for a, b in near)
    kept = manifest["audit"]["split"]["kept"]
    assert kept == {
        "official": len(inside),
        "exact": len(found["exact"]["pairs"]),
        "near": len(near),
    }
    assert verify(tmp_path / "out", source=str(source)).faults == ()


def test_patients_of_some_images(isic_source, copy_of, tmp_path):
    """Two images of whom nobody is named are of two groups."""
    source = copy_of(isic_source, "source")
    unknown = ["", "-1", "Unknown"]
    rewrite(
        source,
        lambda number, row: (
            row if number % 2 else {**row, "patient_id": unknown[number % 3]}
        ),
    )
    manifest = build(ISIC, tmp_path / "out", ISIC_RECIPE, source=str(source))
    splits = load(tmp_path / "out", "patient")
    known = {row["patient_id"] for part in splits.values() for row in part}
    nobody = known & {None, "-1", "Unknown"}
    assert nobody
    for value in nobody:
        where = [
            s for s, rows in splits.items() if value in {r["patient_id"] for r in rows}
        ]
        assert len(where) > 1
    told = manifest["audit"]["split"]
    rows = [row for part in splits.values() for row in part]
    named = [row for row in rows if row["patient_id"] not in nobody]
    assert told["kept"]["patients"]["known"] == len(named)
    assert told["across"] == {"patients": 0}
    card = " ".join((tmp_path / "out/README.md").read_text().split())
    assert "such that no patient whom the metadata names is on both sides" in card
    assert f"{len(rows) - len(named)} images have no known patient" in card


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


def one_patient(number, row):
    return {**row, "patient_id": "IP_1" if number % 6 else row["patient_id"]}


def test_a_selection_that_cannot_be_split_says_why(isic_source, copy_of, tmp_path):
    source = copy_of(isic_source, "source")
    rewrite(source, one_patient)
    out = tmp_path / "out"
    slices = ("--benign", "0:80", "--malignant", "0:20")
    done = call("build", ISIC, "--source", source, "--out", out, *slices)
    assert done.returncode == 0
    line = next(line for line in done.stderr.splitlines() if "no config" in line)
    assert "trimset: no config 'patient': 100 rows in " in line
    assert "as they belong together by patient_id 'IP_1' (" in line
    assert "no split takes so many (train 71, validation 16, test 16): leave" in line
    manifest = read_json(out / "manifest.json")
    assert list(manifest["configs"]) == ["default"]
    told = manifest["audit"]["split"]
    assert line.endswith(f": {told['reason']}: {told['advice']}")
    assert " of them out of the table, and end the slices (--benign, --m" in line
    card = (out / "README.md").read_text()
    assert "There is no config `patient`: 100 rows in " in card
    assert "--tolerance" not in card  # what helps is for who builds
    assert "out of the table" not in card
    assert '"patient")' not in card
    assert verify(out, source=str(source)).faults == ()
    # What the line names helps, and is told.
    tolerance = line.partition("give --tolerance ")[2].partition(";")[0]
    done = call(
        "build", ISIC, "--source", source, "--out", tmp_path / "two", *slices,
        "--tolerance", tolerance,
    )  # fmt: skip
    assert done.returncode == 0
    assert "trimset: config 'patient': train has " in done.stderr
    splits = load(tmp_path / "two")
    assert spread(splits, "patient_id", "image") == 0
    manifest = read_json(tmp_path / "two/manifest.json")
    assert manifest["recipe"]["tolerance"] == float(tolerance)
    cut = manifest["audit"]["cut"]
    assert cut["splits"]["train"]["rows"] == len(splits["train"])
    assert cut["size_off"] == pytest.approx(len(splits["train"]) / 100 - 0.7)
    assert verify(tmp_path / "two", source=str(source)).faults == ()
    done = call("build", ISIC, "--source", source, "--out", tmp_path / "three",
               *slices, "--tolerance", "5")  # fmt: skip
    assert done.returncode == 2
    assert "expected a share from 0 to 0.99 such as 0.05, found '5'" in done.stderr


def test_a_crowd_of_look_alikes_is_kept_together_and_told(
    isic_source, copy_of, tmp_path
):
    """Many copies of one picture are one group, however many they are."""
    source = copy_of(isic_source, "source")
    rewrite(source, without_patients)
    files = sorted((source / "train").iterdir())
    with Image.open(files[0]) as image:
        picture = image.convert("RGB")
    for number, path in enumerate(files):
        if number % 10:
            size = (160 + number, 120 + number * 3 // 4)
            picture.resize(size).save(path, quality=90)
    recipe = IsicRecipe((0, 80), (0, 20))
    manifest = build(ISIC, tmp_path / "out", recipe, source=str(source))
    reason, advice = (manifest["audit"]["split"][k] for k in ("reason", "advice"))
    assert "are one group, as they belong together by " in reason
    pairs = len(manifest["audit"]["duplicates"]["near"]["pairs"])
    assert f"pairs that look the same ({pairs:,})" in reason
    assert "; at a tolerance of 1 % no split takes so many" in reason
    assert "leave all but one of those that look the same out of the table" in advice
    assert "the slices (--benign, --malignant) no later than the table then" in advice
    # What it says helps.
    path = source / "ISIC_2020_Training_GroundTruth.csv"
    head, *lines = path.read_text().splitlines(keepends=True)
    kept = {files[1].stem, *(file.stem for file in files[::10])}
    left = [line for line in lines if line.partition(",")[0] in kept]
    path.write_text("".join([head, *left]))
    rows = [*csv.DictReader(io.StringIO(path.read_text()))]
    malignant = sum(row["benign_malignant"] == "malignant" for row in rows)
    recipe = IsicRecipe((0, len(rows) - malignant), (0, malignant))
    manifest = build(ISIC, tmp_path / "two", recipe, source=str(source))
    assert "reason" not in manifest["audit"]["split"]


@pytest.mark.parametrize("rows", [(7, 3), (14, 6), (30, 11)])
def test_a_small_set_is_split_and_says_how_far_it_went(isic_source, tmp_path, rows):
    """10, 20 and 41 images: patients of several images cannot be 70/15/15."""
    benign, malignant = rows
    recipe = IsicRecipe((0, benign), (0, malignant))
    manifest = build(ISIC, tmp_path / "out", recipe, source=str(isic_source))
    splits = load(tmp_path / "out")
    assert spread(splits, "patient_id", "image") == 0
    cut = manifest["audit"]["cut"]
    total = benign + malignant
    for name, facts in cut["splits"].items():
        assert len(splits[name]) == facts["rows"] > 0
        found = np.mean([row["label"] for row in splits[name]])
        assert facts["share_off"] == pytest.approx(found - malignant / total, abs=1e-6)
        off = facts["rows"] / total - facts["asked"]
        assert facts["size_off"] == pytest.approx(off, abs=1e-6)
    note, licence = Isic().remarks(manifest)
    assert licence == UNOFFICIAL
    assert note.startswith("config 'patient': ")
    assert f"of the allowed cuts of the {total} rows in " in note


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
    splits = manifest["audit"]["split"]["splits"]
    assert [facts["images"] for facts in splits.values()] == [1750, 375, 375]
    assert [facts["malignant"] for facts in splits.values()] == [350, 75, 75]
