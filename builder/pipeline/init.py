"""Look at what lies somewhere, and write the recipe that fits it."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.datasets.layouts.listing import list_source
from builder.datasets.layouts.names import as_name
from builder.datasets.layouts.official import official, places
from builder.datasets.layouts.recipe_text import MISSING, write_recipe
from builder.datasets.layouts.recognise import nothing, recognise, told
from builder.datasets.recipe_file import read_recipe_file
from builder.datasets.shipped import recipe_text, shipped
from builder.errors import OutputError
from builder.limits import LIMITS, Limits
from builder.pipeline.work import working
from builder.sources.urls import is_remote, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from builder.datasets.layouts.listing import Listing


@dataclass(frozen=True)
class InitReport:
    """What was seen, and the recipe of it.

    Attributes
    ----------
    source : str
        What was looked at, or the name of a recipe that comes with the package.
    name : str
        Of the dataset.
    layout : str
        What the layout is called.
    text : str
        The recipe.
    written : tuple of str
        Files, the recipe first; none for a recipe that comes with the package and is
        only to be seen.
    seen, notes, missing : tuple of str
        What was found, what was not understood or is not used, and the lines of the
        recipe that somebody must complete.
    """

    source: str
    name: str
    layout: str
    text: str
    written: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def init(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    cache_dir: str | os.PathLike[str] | None = None,
    follow_links: bool = False,
    limits: Limits = LIMITS,
) -> InitReport:
    """Look at a source, and write a recipe that builds it.

    Parameters
    ----------
    source : path-like
        Folder, file or URL; or the name of a recipe that comes with the package.
    out : path-like, optional
        Recipe to write, which must not be there; the default is the name of the
        dataset in the current folder. A recipe of the package is only written if this
        is given.
    cache_dir : path-like, optional
        Of what is fetched of a URL.
    follow_links : bool
        Look at what links lead to outside of the source.
    limits : Limits
        What the source may ask of this machine.

    Raises
    ------
    SourceError
        Nothing is there that a recipe can be made of; the message says what there is,
        and the next step.
    OutputError
        A file that would be written is there already, or cannot be written.
    """
    source = os.fspath(source)
    if source in shipped():
        text = recipe_text(source).decode()
        written = () if out is None else _write({Path(out): text})
        return InitReport(source, source, "a recipe of trimset", text, written)
    with working(cache_dir, limits=limits) as work:
        known = places() if is_remote(source) else ()
        listing = list_source(
            source, work.cache, work.remote, known, follow_links=follow_links
        )
        finding, unusable = recognise(listing)
        if finding is None:
            raise nothing(listing, unusable)
        same = official(listing, finding)
    name = _name(listing)
    notes = [*told(unusable), *listing.notes]
    recipe = Path(out) if out is not None else Path(f"{name}.toml")
    text = write_recipe(finding, name, shown(source), _place_from(listing, recipe))
    read_recipe_file(text.encode(), where=str(recipe))
    files = {recipe: text}
    for table in finding.tables:
        files[recipe.parent / table.name] = _csv(table.rows)
    return InitReport(
        shown(source),
        name,
        finding.layout,
        text,
        _write(files),
        tuple(finding.seen + same),
        tuple(finding.notes + notes),
        tuple(line for line in text.splitlines() if f"# {MISSING}" in line),
    )


def _name(listing: Listing) -> str:
    """Return the name of the dataset: that of the folder, or of the zip."""
    if listing.only.lower().endswith(".zip"):
        name = listing.only[:-4]
    elif is_remote(listing.base):
        name = shown(listing.base).rpartition("/")[2]
    else:
        path = Path(listing.base).resolve()
        name = (path.parent if path.name.lower() in _SAY_NOTHING else path).name
    made = as_name(name)
    return f"my_{made}" if made in shipped() else made


# Names of folders that say less than the name of the one that holds them.
_SAY_NOTHING = {
    "annotations", "data", "dataset", "export", "images", "in", "input", "src", "train",
}  # fmt: skip


def _place_from(listing: Listing, recipe: Path) -> Callable[[str], str]:
    """Return what spells a path of the listing as the recipe names it."""
    base = shown(listing.base)
    if not is_remote(base):
        try:
            base = os.path.relpath(
                os.path.realpath(listing.base), os.path.realpath(recipe.parent)
            )
        except ValueError:  # another drive
            base = str(Path(listing.base).absolute())
    base = base.replace(os.sep, "/").rstrip("/")

    def place(name: str) -> str:
        if name == "./":
            return f"{base}/"
        return name if base == "." else f"{base}/{name}"

    return place


def _csv(rows: Sequence[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _write(files: Mapping[Path, str]) -> tuple[str, ...]:
    """Write new files; none of them if one is there already.

    Raises
    ------
    OutputError
        One is there already, or cannot be written.
    """
    for path in files:
        if os.path.lexists(path):
            msg = f"{path}: expected no such file, found one: give another --out"
            raise OutputError(msg)
    made = []
    try:
        for path, text in files.items():
            with path.open("x", encoding="utf-8", newline="\n") as file:
                made.append(path)
                file.write(text)
    except OSError as err:
        for half in made:
            half.unlink(missing_ok=True)
        msg = f"{path}: cannot be written: {err.strerror}: give another --out"
        raise OutputError(msg) from err
    return tuple(map(str, files))
