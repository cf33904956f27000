"""Builds of odd sources and odd options, for what their cards may claim of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from builder import build
from tests.conftest import COCO_RECIPE, ISIC_RECIPE
from tests.datasets.cards import COCO, ISIC
from tests.drawn import coco_recipe, draw_coco, draw_table, table_recipe

if TYPE_CHECKING:
    from pathlib import Path

_ONE_TARGET = replace(COCO_RECIPE, targets=("car",))
# Wider and narrower than the source, so that shares are others, and are not.
_EVEN = replace(ISIC_RECIPE, benign=(0, 80), malignant=(0, 20))
_MORE = replace(ISIC_RECIPE, benign=(0, 20), malignant=(0, 20))
#: Of both studies, by name: dataset, recipe, and options of the build.
STUDIES: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "coco": (COCO, COCO_RECIPE, {}),
    "coco, no audit": (COCO, COCO_RECIPE, {"audit": False}),
    "coco, resized": (COCO, COCO_RECIPE, {"image_size": 100}),
    "coco, one class": (COCO, _ONE_TARGET, {}),
    "coco, broken": (COCO, COCO_RECIPE, {"allow_broken": True}),
    "coco, missing": (COCO, COCO_RECIPE, {"skip_missing": True}),
    "coco, one licence": (COCO, COCO_RECIPE, {"audit": False}),
    "coco, no licence": (COCO, COCO_RECIPE, {"audit": False}),
    "coco, copies": (COCO, COCO_RECIPE, {}),
    "isic": (ISIC, ISIC_RECIPE, {}),
    "isic, no audit": (ISIC, ISIC_RECIPE, {"audit": False}),
    "isic, resized": (ISIC, ISIC_RECIPE, {"image_size": 100}),
    "isic, even": (ISIC, _EVEN, {"audit": False}),
    "isic, more": (ISIC, _MORE, {"audit": False}),
    "isic, broken": (ISIC, ISIC_RECIPE, {"allow_broken": True}),
    "isic, missing": (ISIC, ISIC_RECIPE, {"skip_missing": True}),
}
_STATED = (
    'license = "cc-by-4.0"\nhomepage = "https://example.org"\n'
    'curation = "Picked from a shelf."\nannotation = "By two of us."\n'
    'personal = "Nobody is in them."\nuses = "To try things."\n'
    'out_of_scope = "To buy a car."'
)
_CC_BY = 'license = "cc-by-2.0"'
_OFFICIAL = '[official.sha256]\n"train annotations" = "{}"\n'
#: Of recipes, by name: the recipe, and options of the build.
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    "table": (
        table_recipe(
            'rule = "per_label"\nsamples = 3',
            cut="train = 0.6\ntest = 0.4",
            columns='label = "dx"\ngroup = "lesion_id"',
            head=_STATED,
        ),
        {},
    ),
    "table, no labels": (table_recipe(columns="", head=""), {}),
    "table, one class": (
        table_recipe(columns='label = "dx"\nlabels = {bad = "mel"}'),
        {"audit": False},
    ),
    "table, slices": (
        table_recipe('rule = "slices"\nslices = {nv = "1:5", mel = "0:4"}'),
        {"audit": False},
    ),
    "boxes": (
        coco_recipe('rule = "sample"\nsamples = 0.5\nobjects = "boxes"', head=_STATED),
        {},
    ),
    "all of one split": (coco_recipe("unannotated = true", splits=("train",)), {}),
    "per label": (coco_recipe('rule = "per_label"\nsamples = 2', head=""), {}),
    "copies": (coco_recipe('rule = "all"', splits=("train", "validation")), {}),
    "licences": (coco_recipe('rule = "all"', splits=("train",)), {"audit": False}),
    "licences, some": (
        coco_recipe('rule = "all"', splits=("validation",)),
        {"audit": False},
    ),
    "licences, its own": (
        coco_recipe('rule = "all"', splits=("train",), head=_CC_BY),
        {"audit": False},
    ),
    "other files": (
        coco_recipe('rule = "all"', head=_STATED) + _OFFICIAL.format("0" * 64),
        {"audit": False},
    ),
}


def build_studies(folder: Path, sources: dict[str, Path]) -> dict[str, Path]:
    """Build all of the studies; return the folder of each."""
    found = {}
    for name, (dataset, recipe, options) in STUDIES.items():
        source = _changed(name, folder / f"{name} source", sources[dataset])
        found[name] = folder / name
        build(
            dataset, found[name], recipe, source=str(source),
            cache_dir=folder / "cache", **options,
        )  # fmt: skip
    return found


def build_recipes(folder: Path) -> dict[str, Path]:
    """Draw sources and build all of the recipes; return the folder of each."""
    draw_coco(folder, {"train": 24, "validation": 20})
    draw_table(folder / "tables", {"train": 30})
    (folder / "tables/train.csv").rename(folder / "train.csv")
    (folder / "tables/train").rename(folder / "pictures")
    draw_coco(folder / "copied", {"train": 24, "validation": 20})
    data = (folder / "copied/train/0024.png").read_bytes()
    (folder / "copied/validation/0044.png").write_bytes(data)
    draw_coco(folder / "licensed", {"train": 24, "validation": 20})
    _license(folder / "licensed/train.json")
    _license(folder / "licensed/validation.json", step=2)
    found = {}
    for name, (text, options) in RECIPES.items():
        home = folder / {"copies": "copied"}.get(name, "")
        if name.startswith("licences"):
            home = folder / "licensed"
        place = "pictures/" if "metadata" in text else "train/"
        recipe = text.replace('images = "train/"', f'images = "{place}"')
        (home / f"{name}.toml").write_text(recipe)
        found[name] = folder / "built" / name
        build(
            str(home / f"{name}.toml"), found[name], cache_dir=folder / "cache",
            **options,
        )  # fmt: skip
    return found


def _license(path: Path, *, step: int = 1) -> None:
    """State a licence of every image, or of every so many."""
    told = json.loads(path.read_text())
    told["licenses"] = [{"id": 1, "name": "CC BY 2.0"}]
    for image in told["images"][::step]:
        image["license"] = 1
    path.write_text(json.dumps(told))


def _changed(name: str, folder: Path, source: Path) -> Path:
    """Return a source that is what the name of a build says of it."""
    import shutil

    what = name.partition(", ")[2]
    if what not in {"broken", "missing", "one licence", "no licence", "copies"}:
        return source
    shutil.copytree(source, folder)
    if "licence" in what:
        for path in (folder / "annotations").glob("*.json"):
            told = json.loads(path.read_text())
            for image in told["images"]:
                image["license"] = told["licenses"][0]["id"]
                if what == "no licence":
                    del image["license"]
            path.write_text(json.dumps(told))
        return folder
    images = sorted(folder.rglob("*.jpg"))
    if what == "copies":
        trained = [path for path in images if path.parent.name == "train2017"]
        tested = [path for path in images if path.parent.name == "val2017"]
        for path in tested:  # of one size each, as the annotations have it
            same = [p for p in trained if _size(p) == _size(path)]
            if same:
                path.write_bytes(same[0].read_bytes())
        return folder
    for path in images[::2]:
        if what == "missing":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-200])
    return folder


def _size(path: Path) -> tuple[int, int]:
    from PIL import Image

    with Image.open(path) as image:
        return image.size
