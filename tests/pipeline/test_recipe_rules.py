"""Each rule on each kind of splits takes exactly the rows that NumPy says."""

import json
from itertools import product

import numpy as np
import pyarrow.parquet as pq
import pytest

from builder import build, verify
from tests.drawn import (
    CATEGORIES,
    CLASSES,
    coco_recipe,
    draw_coco,
    draw_table,
    table_recipe,
)

SPLITS = {"train": 30, "validation": 20, "dev_2.x": 15}
SEED = 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("rules")


@pytest.fixture(scope="module")
def annotations(folder):
    return draw_coco(folder / "coco", SPLITS)


@pytest.fixture(scope="module")
def tables(folder):
    return draw_table(folder / "table", SPLITS)


def make(folder, source, text, number):
    """Build, check against the source, and return the rows by config and split."""
    recipe, out = folder / source / f"{number}.toml", folder / f"{source}-{number}"
    recipe.write_text(f"{text}\nseed = {SEED}\n")
    manifest = build(str(recipe), out, cache_dir=folder / "cache", audit=False)
    report = verify(out, source=str(recipe), cache_dir=folder / "cache")
    assert report.replayed
    assert report.faults == ()
    lock = json.loads((out / "selection.json").read_bytes())
    found = {}
    for config, splits in manifest["configs"].items():
        for split, facts in splits.items():
            rows = [
                r for f in facts["files"] for r in pq.read_table(out / f).to_pylist()
            ]
            assert len(lock["draws"][config][split]) == len(rows)
            found.setdefault(config, {})[split] = rows
    return found


def random():
    return np.random.RandomState(SEED)


def choose(rows, amount):
    """Return some rows by chance, in their order; a fraction is rounded half up."""
    number = amount if isinstance(amount, int) else int(len(rows) * amount + 0.5)
    return [rows[i] for i in sorted(random().choice(len(rows), number, replace=False))]


def draw(rows, has, samples):
    """Return half of the samples with a class, then half without, and their labels."""
    generator = random()
    drawn = []
    for label in (1, 0):
        side = [row for row in rows if has(row) == label]
        half = samples // 2
        places = generator.choice(len(side), half, replace=len(side) < half)
        drawn += [(side[place], label) for place in places]
    return drawn


def table_of(file, *, unannotated):
    """Return the categories of each image, in the order of the table."""
    found = {}
    for record in file["annotations"]:
        found.setdefault(record["image_id"], [])
        if record["category_id"] not in found[record["image_id"]]:
            found[record["image_id"]].append(record["category_id"])
    if unannotated:
        found |= {i["id"]: [] for i in file["images"] if i["id"] not in found}
    return found


def cut_by(table, fractions):
    order = random().permutation(len(table))
    images, start, found = list(table), 0, {}
    for name, stop in zip(fractions, np.cumsum([*fractions.values()]), strict=True):
        end = int(np.floor(stop * len(table) + 0.5))
        found[name] = {images[i]: table[images[i]] for i in sorted(order[start:end])}
        start = end
    return found


COCO_RULES = {
    "balanced": ('targets = ["other", 1]\nsamples = 12', {"other": 12, "car": 12}),
    "balanced all": (
        'targets = "all"\nsamples = 8', dict.fromkeys(CATEGORIES, 8)
    ),
    "per_label": ("samples = 2", dict.fromkeys(CATEGORIES, 2)),
    "per_label some": (
        'targets = ["car", "truck"]\nsamples = {car = 2, truck = 0.5}',
        {"car": 2, "truck": 0.5},
    ),
    "sample": ("samples = 5", 5),
    "sample part": ("samples = 0.4", 0.4),
    "all": ("", None),
}  # fmt: skip
CUTS = {
    "three": "",
    "alone": "",
    "cut in two": "fit = 0.6\nprobe = 0.4",
    "cut in part": "holdout = 0.5",
}
PLACES = {
    "three": tuple(f'"{name}"' if "." in name else name for name in SPLITS),
    "alone": ("validation",),
    "cut in two": ("train",),
    "cut in part": ("train",),
}


def recipe_of(make_recipe, layout, select, **more):
    text = make_recipe(select, splits=PLACES[layout], cut=CUTS[layout], **more)
    # The quotes are of the key alone.
    return text.replace('""dev_2.x".json"', '"dev_2.x.json"').replace(
        '""dev_2.x".csv"', '"dev_2.x.csv"'
    ).replace('""dev_2.x"/"', '"dev_2.x/"')  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "layout", "unannotated"),
    [
        (rule, layout, number % 2 == 0)
        for number, (rule, layout) in enumerate(product(COCO_RULES, CUTS))
    ],
)
def test_annotations(rule, layout, unannotated, folder, annotations):
    text, amounts = COCO_RULES[rule]
    name = rule.split()[0]
    select = f'rule = "{name}"\n{text}\nunannotated = {str(unannotated).lower()}'
    number = f"{rule} {layout}".replace(" ", "-")
    found = make(folder, "coco", recipe_of(coco_recipe, layout, select), number)
    named = [split.strip('"') for split in PLACES[layout]]
    given = {s: table_of(annotations[s], unannotated=unannotated) for s in named}
    if CUTS[layout]:
        lines = (line.split(" = ") for line in CUTS[layout].splitlines())
        given = cut_by(given["train"], {k: float(v) for k, v in lines})
    for split, table in given.items():
        images = list(table)
        if name == "all":
            union = images
        elif name == "sample":
            union = choose(images, amounts)
        else:
            union = set()
            for target, amount in amounts.items():
                category = CATEGORIES.index(target) + 1
                has = [i for i in images if category in table[i]]
                if name == "per_label":
                    union |= set(choose(has, amount))
                    continue
                drawn = draw(images, lambda i, c=category, t=table: c in t[i], amount)
                rows = found[target][split]
                assert [(r["image_id"], r["label"]) for r in rows] == drawn
                assert [r["draw"] for r in rows] == list(range(len(drawn)))
                before = [i for i, _ in drawn]
                assert [r["repeat"] for r in rows] == [
                    i in before[:place] for place, i in enumerate(before)
                ]
                union |= set(before)
            union = [i for i in images if i in union]
        rows = found["default"][split]
        assert [r["image_id"] for r in rows] == union
        assert [r["category_ids"] for r in rows] == [table[i] for i in union]
        for row in rows:
            assert row["file_name"] == f"{row['image_id']:04}.png"
            path = f"{'train' if CUTS[layout] else split}/{row['file_name']}"
            assert row["image"]["bytes"] == (folder / "coco" / path).read_bytes()
    assert set(found["default"]) == set(given)
    assert set(found) == {"default", *(amounts if name == "balanced" else ())}


TABLE_RULES = {
    "per_label": ("samples = {mel = 3, nv = 0.5}", {"mel": 3, "nv": 0.5}),
    "per_label each": ("samples = 0.5", dict.fromkeys(CLASSES, 0.5)),
    "sample": ("samples = 6", 6),
    "sample part": ("samples = 0.5", 0.5),
    "slices": ('slices = {nv = "2:6", mel = "1:4"}', {"nv": (2, 6), "mel": (1, 4)}),
    "all": ("", None),
}


def taken(name, rows, amounts):
    """Return the rows that a rule takes of a table."""
    if name == "all":
        return rows
    if name == "sample":
        return choose(rows, amounts)
    if name == "slices":
        labels = np.array([row["dx"] for row in rows], dtype=object)
        order = [rows[i] for i in np.argsort(labels, kind="quicksort")]
        return [
            row
            for label, (start, stop) in amounts.items()
            for row in [r for r in order if r["dx"] == label][start:stop]
        ]
    chosen = [
        row["image_id"]
        for label, amount in amounts.items()
        for row in choose([r for r in rows if r["dx"] == label], amount)
    ]
    return [row for row in rows if row["image_id"] in chosen]


def names(rows):
    return [row["image_id"] for row in rows]


@pytest.mark.parametrize("layout", CUTS)
@pytest.mark.parametrize("rule", TABLE_RULES)
def test_tables(rule, layout, folder, tables):
    text, amounts = TABLE_RULES[rule]
    name = rule.split()[0]
    number = f"{rule} {layout}".replace(" ", "-")
    columns = 'label = "dx"\ngroup = "lesion_id"'
    select = f'rule = "{name}"\n{text}'
    found = make(
        folder,
        "table",
        recipe_of(table_recipe, layout, select, columns=columns),
        number,
    )["default"]
    if not CUTS[layout]:
        rows = {"train": tables["validation"]} if layout == "alone" else tables
        for split, given in rows.items():
            assert names(found[split]) == names(taken(name, given, amounts))
            for row in found[split]:  # the table names its images without ending
                assert row["image"]["path"] == f"{row['image_id']}.png"
        assert set(found) == set(rows)
        return
    expected = taken(name, tables["train"], amounts)
    place = {row["image_id"]: n for n, row in enumerate(expected)}
    parts = {split: names(rows) for split, rows in found.items()}
    for split, part in parts.items():
        assert part == sorted(part, key=place.__getitem__), split
    everything = [image for part in parts.values() for image in part]
    assert len(set(everything)) == len(everything)
    shares = dict(line.split(" = ") for line in CUTS[layout].splitlines())
    assert set(parts) == set(shares)
    for split, share in shares.items():
        assert abs(len(parts[split]) - float(share) * len(expected)) <= 2
    if layout == "cut in two":
        assert set(everything) == set(names(expected))
    lesions = [{row["lesion_id"] for row in rows} for rows in found.values()]
    assert sum(map(len, lesions)) == len(set().union(*lesions))


def test_balanced_draws_of_a_table_that_names_its_splits(folder, tables):
    found = make(
        folder,
        "table",
        table_recipe(
            'rule = "balanced"\nsamples = {fit = 12, probe = 6}\ntargets = ["mel"]',
            columns='label = "dx"\nsplit = "part"',
        ),
        "named",
    )
    for split, samples in (("fit", 12), ("probe", 6)):
        rows = [row for row in tables["train"] if row["part"] == split]
        drawn = draw(rows, lambda row: row["dx"] == "mel", samples)
        got = found["mel"][split]
        assert [(r["image_id"], r["label"]) for r in got] == [
            (row["image_id"], label) for row, label in drawn
        ]
        union = {row["image_id"] for row, _ in drawn}
        assert names(found["default"][split]) == [n for n in names(rows) if n in union]


def test_classes_of_several_values(folder, tables):
    found = make(
        folder,
        "table",
        table_recipe(
            'rule = "per_label"\nsamples = 4',
            columns='label = "dx"\nlabels = {bad = ["mel", "bcc"], "other" = "nv"}',
        ),
        "classes",
    )["default"]["train"]
    rows = tables["train"]
    chosen = set()
    for values in (("mel", "bcc"), ("nv",)):
        chosen |= set(names(choose([r for r in rows if r["dx"] in values], 4)))
    assert names(found) == [n for n in names(rows) if n in chosen]
    assert [row["label"] for row in found] == [int(r["dx"] == "nv") for r in found]
