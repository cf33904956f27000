"""Where COCO's stuff annotations are, and for which splits of the study they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from builder.datasets.coco.stuff_input import ARCHIVE, INPUT, NAMES
from builder.datasets.inputs import Input
from builder.errors import SourceError, first_of
from builder.sources.find import read_zip
from builder.sources.metadata_file import MetadataFile
from builder.sources.places import split_member
from builder.sources.urls import local_path, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.datasets.coco.stuff import Stuff
    from builder.datasets.coco.table import CocoTable
    from builder.datasets.files import Files

_TEST = "test"


def read_stuff(
    files: Files, given: str, tables: Mapping[str, CocoTable]
) -> dict[str, Stuff]:
    """Return the stuff of the images of each split that it is annotated for.

    Parameters
    ----------
    files : Files
    given : str
        What names the annotations: see `INPUT`.
    tables : dict of str to CocoTable
        By split. Those of its splits are always there.

    Raises
    ------
    SourceError
        They are not there, or not of the images of the test split.
    AnnotationError
        They are none of stuff.
    """
    from builder.datasets.coco.stuff import check_stuff, match_stuff

    found: dict[str, Stuff] = {}
    for role, stuff in _read(files, given):
        check_stuff(stuff)
        matched = {s: match_stuff(stuff, table) for s, table in tables.items()}
        own = {split: part for split, part in matched.items() if part is not None}
        if not own:
            known = first_of([table.name for table in tables.values()])
            msg = (
                f"{stuff.name}: expected stuff of the images of {known}, found not one"
                " of them: give annotations of the same images"
            )
            raise SourceError(msg)
        if files.digest and role == INPUT.role and len(own) == 1:
            files.read[-1]["role"] = _role(*own)
        found |= own
    if _TEST not in found:
        msg = (
            f"--stuff: expected {NAMES[_TEST]}, by which the test sets are drawn,"
            f" found stuff of {' and '.join(found)} alone: give the folder, URL or zip"
            " of both"
        )
        raise SourceError(msg)
    for split in tables:
        if split not in found:
            files.say(
                f"stuff: none is given for {split}: contexts that are stuff are not"
                " measured there"
            )
    return {split: found[split] for split in tables if split in found}


def _read(files: Files, given: str) -> Iterator[tuple[str, CocoTable]]:
    """Yield role and table of each file, one at a time."""
    from builder.datasets.coco.parse import read_table

    looked = _look(files, given)
    found = 0
    for entry in looked.inputs:
        with looked.open(entry.option) as table:
            if table is None:
                continue
            stuff = read_table(table.data, name=table.name, unannotated=True)
        found += 1
        yield entry.role, stuff
    if not found:
        msg = (
            f"{shown(looked.place.base)}: expected stuff annotations"
            f" ({' and '.join(NAMES.values())}, or {ARCHIVE}), found none of them:"
            " give them with --stuff"
        )
        raise SourceError(msg)


def _look(files: Files, given: str) -> Files:
    """Return where the files are looked for: both of them, or the one that is named."""
    base = given
    if given == INPUT.asked:
        official = files.official.url if files.official else ""
        base = files.source or official
    elif not _is_folder(given):
        members = _members(files, given)
        if not members:
            return replace(files, inputs=(INPUT,), source=None, given={"stuff": given})
        return replace(files, inputs=_inputs(), source=None, given=members)
    return replace(files, inputs=_inputs(), source=base, given={})


def _inputs() -> tuple[Input, ...]:
    """Return an input for each split, with its places below a folder or URL."""
    return tuple(
        Input(
            role=_role(split),
            option=f"{split}_stuff",
            kind="table",
            places=(
                f"annotations/{name}",
                f"{ARCHIVE}::annotations/{name}",
                f"annotations/{ARCHIVE}::annotations/{name}",
                name,
            ),
            needed=False,
        )
        for split, name in NAMES.items()
    )


def _is_folder(given: str) -> bool:
    """Whether a folder is given, or a URL whose path ends like one."""
    if split_member(given)[1]:
        return False
    local = local_path(given)
    if local is not None:
        return local.is_dir()
    path = shown(given).partition("://")[2].partition("/")[2]
    return not PurePosixPath(path).suffix


def _members(files: Files, given: str) -> dict[str, str]:
    """Return the member of each split in an archive of them; none of another file."""
    path, member = split_member(given)
    if member or not MetadataFile(path).is_archive():
        return {}
    inside = read_zip(files.remote, path)
    return {
        f"{split}_stuff": f"{path}::{place}"
        for split, name in NAMES.items()
        for place in (f"annotations/{name}", name)
        if place in inside
    }


def _role(split: str) -> str:
    return f"{split} stuff annotations"
