"""The whole road on small drawn sources, with no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.datasets.drawn.coco import draw_coco, draw_isic
from builder.errors import VerifyError
from builder.pipeline.build import build
from builder.pipeline.verify import verify
from builder.selection.recipe import CocoRecipe, IsicRecipe

if TYPE_CHECKING:
    import os

    from builder.selection.recipe import Recipe

# Enough for a draw of each kind, with and without replacement.
RECIPES: dict[str, Recipe] = {
    "coco_stuff_trimmed": CocoRecipe(train_samples=20, test_samples=12),
    "siim_isic_small": IsicRecipe(benign=(10, 90), malignant=(5, 25)),
}
_BENIGN, _MALIGNANT = 120, 30


@dataclass(frozen=True)
class Demo:
    """What the demo made of one dataset.

    Attributes
    ----------
    dataset : str
    source, folder : Path
        What was drawn, and what was built from it.
    manifest : dict
    rows : list of dict
        The first rows of each kind of config, as `load_dataset` gives them.
    """

    dataset: str
    source: Path
    folder: Path
    manifest: dict[str, Any]
    rows: list[dict[str, Any]]


def demo(out: str | os.PathLike[str] = "demo") -> list[Demo]:
    """Draw both sources, build both datasets, verify and load them.

    Parameters
    ----------
    out : path
        Folder to work in; a second run finds the first one's work done.

    Raises
    ------
    OutputError
        There is something else in `out`.
    VerifyError
        What was built is not right.
    """
    place = Path(out)
    coco = place / "sources" / "coco"
    isic = place / "sources" / "siim_isic"
    return [
        _run("coco_stuff_trimmed", draw_coco(coco), place, ["default", "car"]),
        _run(
            "siim_isic_small",
            draw_isic(isic, benign=_BENIGN, malignant=_MALIGNANT),
            place,
            ["default"],
        ),
    ]


def _run(dataset: str, source: Path, place: Path, configs: list[str]) -> Demo:
    from datasets import load_dataset
    from datasets.utils.logging import disable_progress_bar

    disable_progress_bar()
    folder = place / dataset
    manifest = build(
        dataset, folder, RECIPES[dataset], source=str(source), overwrite=True
    )
    report = verify(folder, source=str(source))
    if report.faults:
        msg = f"{folder}: {report.faults[0]}; this is a bug of trimset: report it"
        raise VerifyError(msg)
    rows = []
    for config in configs:
        loaded = load_dataset(
            str(folder), config, split="train", cache_dir=str(place / "cache")
        )
        rows.append({"config": config, **loaded[0]})
    return Demo(dataset, source, folder, manifest, rows)
