"""The whole road on small drawn sources, with no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.datasets import registry
from builder.errors import VerifyError
from builder.pipeline.build import build
from builder.pipeline.verify import verify

if TYPE_CHECKING:
    import os


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
    """Draw a source of each dataset, build them, verify and load them.

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
    return [_run(name, Path(out)) for name in registry.names()]


def _run(name: str, place: Path) -> Demo:
    from datasets import load_dataset
    from datasets.utils.logging import disable_progress_bar

    disable_progress_bar()
    drawn = registry.get(name).demo(place / "sources" / name)
    source, folder = str(drawn.source), place / name
    manifest = build(name, folder, drawn.recipe, source=source, overwrite=True)
    report = verify(folder, source=source)
    if report.faults:
        msg = f"{folder}: {report.faults[0]}; this is a bug of trimset: report it"
        raise VerifyError(msg)
    rows = []
    for config in drawn.configs:
        loaded = load_dataset(
            str(folder), config, split="train", cache_dir=str(place / "cache")
        )
        rows.append({"config": config, **loaded[0]})
    return Demo(name, drawn.source, folder, manifest, rows)
