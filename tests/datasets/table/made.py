"""A dataset of the kind `table`, for tests: a recipe in words, and its sources."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from builder.datasets.base import Card, UnofficialDataset
from builder.datasets.inputs import Input
from builder.datasets.recipe_file import read_recipe_file
from builder.datasets.table.card import BLOCKS
from builder.datasets.table.pool import columns_as_text
from builder.datasets.table.read import read_frame
from builder.datasets.table.selection import select_table
from builder.selection.recipe import Recipe
from builder.sources.image_stores import FolderImages

HEAD = "---\npretty_name: Made\nlicense: cc0-1.0\n---\n# Made\n"
PROSE = HEAD + "".join(
    f"\n<!-- trimset: {name} -->\n<!-- trimset: end -->\n" for name in BLOCKS
)


@dataclass(frozen=True)
class Seeded(Recipe):
    seed: int = 42


def recipe_file(text="", *, columns='label = "dx"', source=True):
    """Return a recipe whose source has a column ``image``."""
    head = 'kind = "table"\nname = "made"\n'
    if source:
        head += '[source]\nmetadata = "m.csv"\nimages = "images/"\n'
    text = f'{head}[columns]\nimage = "image_id"\n{columns}\n{text}'
    return read_recipe_file(text.encode(), where="made.toml")


def select(tables, text="", *, columns='label = "dx"', seed=42, pairs=None):
    """Select from one table, or from one for each split, given as text."""
    one = isinstance(tables, str)
    if not one:
        text += "".join(
            f'\n[splits."{name}"]\nmetadata = "{name}.csv"\nimages = "{name}/"\n'
            for name in tables
        )
    file = recipe_file(text, columns=columns, source=one)
    named = {"": tables} if one else tables
    frames = {
        name: read_frame(
            table.encode(),
            name=f"{name or 'm'}.csv",
            texts=columns_as_text(file.columns),
        )
        for name, table in named.items()
    }
    stores = {name: FolderImages((f"{name}/",), name) for name in named}
    return select_table(frames, stores, file, Seeded(seed), pairs=pairs)


def table(rows, head="image_id,dx,lesion,age,sex"):
    """Return a table of `rows` rows: three classes, two rows a lesion."""
    kinds = ("mel", "nv", "nv", "bcc")
    lines = [
        f"i{n:03}.png,{kinds[n % 4]},L{n // 2},{20 + n % 50},{'mf'[n % 3 == 0]}"
        for n in range(rows)
    ]
    return "\n".join([head, *lines, ""])


@dataclass(frozen=True)
class Made(UnofficialDataset):
    """A table with images in a folder, as a dataset."""

    file: object
    name: str = "made"
    recipe: type = Seeded
    inputs: tuple = (
        Input("metadata", "metadata", "table", ("m.csv",)),
        Input("images", "images", "images", ("images/",), "images"),
    )

    def select(self, files, recipe):
        with files.open("metadata") as read:
            texts = columns_as_text(self.file.columns)
            frame = read_frame(bytes(read.data), name=read.name, texts=texts)
        return select_table(
            {"": frame}, {"": files.images("images")}, self.file, recipe
        )

    def card(self, manifest):
        assert manifest["dataset"] == self.name
        return Card(PROSE, BLOCKS)


def paint(folder, text):
    """Write a table and an image for each of its rows."""
    (folder / "images").mkdir(parents=True)
    (folder / "m.csv").write_text(text)
    for n, line in enumerate(text.splitlines()[1:]):
        pixels = np.random.RandomState(n).randint(0, 256, (12, 16, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "images" / line.split(",")[0])
    return folder
