"""The whole road on small drawn sources, with no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.datasets import registry
from builder.errors import OutputError, VerifyError
from builder.output.failures import describe
from builder.output.folder import Folder
from builder.output.hold import holding
from builder.pipeline.build import build
from builder.pipeline.report import report
from builder.pipeline.verify import verify
from builder.sources.own_files import InTheWayError

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
    report : Path
        The page to look at it.
    manifest : dict
    rows : list of dict
        The first rows of each kind of config, as `load_dataset` gives them.
    """

    dataset: str
    source: Path
    folder: Path
    report: Path
    manifest: dict[str, Any]
    rows: list[dict[str, Any]]


def demo(out: str | os.PathLike[str] = "demo") -> list[Demo]:
    """Draw a source of each dataset, build them, verify and load them, and report.

    Parameters
    ----------
    out : path
        Folder to work in; a second run finds the first one's work done.

    Raises
    ------
    OutputError
        There is something else in `out`, or another process is writing there.
    VerifyError
        What was built is not right.
    """
    names = registry.studies()
    root = Folder(out)
    if not root.is_local:
        msg = f"{root.url}: expected a folder of this machine: give another --out"
        raise OutputError(msg)
    with holding(root):
        for name in ("cache", *names, *(f"sources/{name}" for name in names)):
            root.status(f"{name}/.")  # no link is on the way there
        return [_run(name, Path(out)) for name in names]


def _run(name: str, place: Path) -> Demo:
    from datasets import load_dataset
    from datasets.utils.logging import disable_progress_bar

    disable_progress_bar()
    root = Folder(place / "sources" / name)
    try:
        drawn = registry.get(name).demo(Path(root.path))
    except InTheWayError as err:
        raise root.refusal(err) from err
    except OSError as err:
        raise describe(err, root.url, "what is drawn", "write there") from err
    source, folder = str(drawn.source), place / name
    manifest = build(name, folder, drawn.recipe, source=source, overwrite=True)
    checked = verify(folder, source=source)
    if checked.faults:
        msg = f"{folder}: {checked.faults[0]}; this is a bug of trimset: report it"
        raise VerifyError(msg)
    rows = []
    for config in drawn.configs:
        loaded = load_dataset(
            str(folder), config, split="train", cache_dir=str(place / "cache")
        )
        rows.append({"config": config, **loaded[0]})
    page = report(folder, place / f"{name}.html").path
    return Demo(name, drawn.source, folder, page, manifest, rows)
