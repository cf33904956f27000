"""A small world of its own for each input: sources, a build, and what is around them.

world/source/    what a stranger handed over
world/out/       where the command may write
world/cache/     where it may write, too
world/outside/   nobody's business: to be neither read nor written
world/home/      the working directory, and HOME
world/tmp/       of temporary files
"""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

from builder.audit import contact_sheet, figures, shortcut_figure
from builder.cli.main import main
from tests.small import read_json
from tests.tiny import coco_json
from tests.tiny_build import seal

#: Stands in every file outside; may come up nowhere else.
SECRET = "s3cr3t-of-the-owner"
_DRAWN = (
    (contact_sheet, "contact_sheet"),
    (figures, "plot_context"),
    (figures, "plot_labels"),
    (shortcut_figure, "plot_shortcuts"),
)
_FOLDERS = ("source", "out", "cache", "outside", "home", "tmp")
_COCO = """kind = "coco"
name = "tiny"
license = "cc-by-4.0"
[splits.train]
annotations = "train.json"
images = "train/"
[select]
rule = "balanced"
targets = ["car"]
samples = {train = 4}
"""
_TABLE = """kind = "table"
name = "tiny"
license = "cc-by-4.0"
[source]
metadata = "t.csv"
images = "img/"
[columns]
image = "image"
label = "label"
[select]
rule = "all"
"""


def picture(seed: int, size: tuple[int, int] = (16, 12)) -> Image.Image:
    """Return a picture of noise."""
    noise = random.Random(seed).randbytes(size[0] * size[1] * 3)
    return Image.frombytes("RGB", size, noise)


def make_bases(folder: Path) -> None:
    """Make the two sources, a build of each and an export, which inputs copy."""
    coco, table = folder / "coco", folder / "table"
    (coco / "train").mkdir(parents=True)
    for i in range(1, 7):
        picture(i).save(coco / f"train/{i:012}.jpg")
    pairs = tuple((i, 1 + i % 2) for i in range(1, 7))
    (coco / "train.json").write_text(json.dumps(coco_json(6, pairs)))
    (coco / "r.toml").write_text(_COCO)
    (table / "img").mkdir(parents=True)
    rows = ["image,label"]
    for i in range(6):
        picture(i).save(table / f"img/{i}.png")
        rows.append(f"{i},{'ab'[i % 2]}")
    (table / "t.csv").write_text("\n".join([*rows, ""]))
    (table / "r.toml").write_text(_TABLE)
    for name in ("coco", "table"):
        cache = ["--cache-dir", str(folder / "cache")]
        recipe, out = str(folder / name / "r.toml"), folder / f"build-{name}"
        assert main(["build", recipe, "--out", str(out), *cache]) == 0
    out = folder / "export-coco"
    assert main(["export", str(coco / "r.toml"), "--out", str(out), *cache]) == 0


class World:
    """The folders of one input, and what it can make in them.

    Attributes
    ----------
    root : Path
        Resolved; everything is below it.
    cwd : Path
        Where the command runs; an input may set it.
    kept : list of Path
        What has to stay as it is although it lies where the command may write.
    patches : list of (object, str, object)
        Attributes that are set while the command runs. At first figures, which are
        not drawn: that is most of the time of a build, and nothing of it is hostile.
    closing : list of callable
        Called at the end.
    streams : dict of str to object
        What stands in the place of ``stdout`` and ``stderr``.
    seconds : float
        Bound of the time, where it is another than that of all.
    silent : bool
        Whether nothing can be said of what goes wrong.
    """

    def __init__(self, root: Path, bases: Path) -> None:
        self.root = root.resolve()
        self.bases = bases
        for name in _FOLDERS:
            (self.root / name).mkdir(parents=True)
        self.cwd = self.root / "home"
        self.kept: list[Path] = []
        self.environ: dict[str, str | None] = {}
        figure = (bases / "build-coco/figures/contact_sheet.png").read_bytes()
        self.patches: list[tuple[Any, str, Any]] = [
            (module, name, lambda *_, **__: figure) for module, name in _DRAWN
        ]
        self.closing: list[Any] = []
        self.streams: dict[str, Any] = {}
        self.silent = False
        self.seconds = 0.0
        bait = self.root / "outside"
        self.bait = bait / "bait.jpg"
        picture(99).save(self.bait, comment=SECRET.encode())
        for name in ("bait.txt", "bait.json", "bait.csv", "tree/deep/bait.txt"):
            path = bait / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'["{SECRET}"]\n')

    def at(self, name: str) -> Path:
        """Return a path below the world."""
        path = self.root / name
        assert Path(os.path.normpath(path)).is_relative_to(self.root), name
        return path

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def outside(self) -> Path:
        return self.root / "outside"

    @property
    def source(self) -> Path:
        return self.root / "source"

    def coco(self, change: Any = None) -> Path:
        """Copy the source of COCO; `change` is given what its annotations say."""
        self._copy("coco", self.source)
        if change is not None:
            path = self.source / "train.json"
            content = read_json(path)
            path.write_text(json.dumps(change(content) or content))
        return self.source

    def table(self, text: str | bytes | None = None) -> Path:
        """Copy the source that is a table, with another table if one is given."""
        self._copy("table", self.source)
        if text is not None:
            data = text.encode() if isinstance(text, str) else text
            (self.source / "t.csv").write_bytes(data)
        return self.source

    def built(self, kind: str = "coco", change: Any = None) -> Path:
        """Copy a finished build; `change` is given its manifest, which is sealed."""
        self._copy(f"build-{kind}", self.out)
        if change is not None:
            content = read_json(self.out / "manifest.json")
            seal(self.out, change(content) or content)
        return self.out

    def exported(self) -> Path:
        """Copy a finished export."""
        self._copy("export-coco", self.out)
        return self.out

    def _copy(self, name: str, to: Path) -> None:
        shutil.copytree(self.bases / name, to, dirs_exist_ok=True)

    def build(self, *words: object, command: str = "build") -> list[object]:
        """Return the words of a build of the source into `out`."""
        recipe, cache = self.source / "r.toml", self.root / "cache"
        more = () if command == "plan" else ("--out", self.out)
        return [command, recipe, *more, "--cache-dir", cache, *words]

    def quick(self, *words: object) -> list[object]:
        """Return the words of a build that decodes no image."""
        return self.build("--no-audit", *words)

    def plan(self, *words: object) -> list[object]:
        """Return the words of a plan."""
        return self.build(*words, command="plan")

    def verify(self, *words: object) -> list[object]:
        """Return the words of a check of `out`."""
        return ["verify", self.out, *words]

    def report(self, *words: object) -> list[object]:
        """Return the words of a page of `out`."""
        return ["report", self.out, "--out", self.root / "cache/page.html", *words]


def link(path: Path, target: Path | str) -> None:
    """Put a symbolic link in the place of whatever is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
