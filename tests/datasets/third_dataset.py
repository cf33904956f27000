"""A third dataset, whole: pictures in a folder, and a table of their labels."""

import csv
from dataclasses import dataclass

import datasets
import numpy as np
from PIL import Image

from builder.card.blocks import summary
from builder.datasets.base import Card, DemoSource, UnofficialDataset
from builder.datasets.inputs import Input
from builder.selection.contract import Export, ImageGroup, SettledSelection, SplitRows
from builder.selection.recipe import Recipe, option, parse_number

HEAD = "---\npretty_name: Flat Colours\nlicense: cc0-1.0\n---\n# Flat Colours\n"
PROSE = f"{HEAD}\n<!-- trimset: summary -->\n<!-- trimset: end -->\n"


def features():
    text = datasets.Value("string")
    return datasets.Features({"image": datasets.Image(), "label": text})


@dataclass(frozen=True)
class ColourRecipe(Recipe):
    per_label: int = option(
        4, parse=parse_number, metavar="N", help="images of each label"
    )
    seed: int = option(42, parse=parse_number, metavar="N", help="default: 42")


@dataclass(frozen=True)
class ColourSelection(SettledSelection):
    recipe: ColourRecipe
    picked: list
    store: object
    rule = "Of each label, blue first, some by numpy.random.RandomState(seed)"

    def images(self):
        names = [row["file"] for row in self.picked]
        return [ImageGroup("pictures", self.store, names, names, names)]

    def splits(self):
        columns = {"label": [row["label"] for row in self.picked]}
        rows = np.arange(len(self.picked))
        return [SplitRows("default", "train", rows, lambda: columns, features)]

    def told(self):
        return {"feasibility": [{"taken": len(self.picked)}]}

    def audit(self, seen):
        return {"decoded": seen.decoded, "images": len(seen.keys)}

    def export(self):
        labels = {row["file"]: row["label"] for row in self.picked}
        return Export({}, {"labels": labels})


class Colours(UnofficialDataset):
    name = "flat_colours"
    recipe = ColourRecipe
    inputs = (
        Input("labels", "labels", "table", ("labels.csv",)),
        Input("pictures", "pictures", "images", ("pictures/",), "pictures"),
    )

    def select(self, files, recipe):
        with files.open("labels") as table:
            rows = list(csv.DictReader(bytes(table.data).decode().splitlines()))
        chance, picked = np.random.RandomState(recipe.seed), []
        for label in ("blue", "red"):
            some = [row for row in rows if row["label"] == label]
            picked += list(chance.choice(some, recipe.per_label, replace=False))
        return ColourSelection(recipe, picked, files.images("pictures"))

    def card(self, manifest):
        assert manifest["dataset"] == self.name
        return Card(PROSE, {"summary": summary})

    def demo(self, folder):
        (folder / "pictures").mkdir(parents=True)
        text = "file,label\n"
        for n in range(24):
            label, colour = ("red", (n + 9, 0, 0)) if n % 3 else ("blue", (0, 0, n + 9))
            Image.new("RGB", (40, 30), colour).save(folder / f"pictures/{n}.png")
            text += f"{n}.png,{label}\n"
        (folder / "labels.csv").write_text(text)
        return DemoSource(folder, ColourRecipe(per_label=5))
