"""The notebook's own files, for code that was written against them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import ImageError, OutputError
from builder.manifest import digest_of, make_lock, to_json
from builder.output import begin, check_output, finish
from builder.pixels import check_structure
from builder.prepare import Recipe, prepare
from builder.readers import read_image
from builder.storage import Root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model import Member

KIND = "trimset.export/1"
LAST = "trimset.json"


def export(
    dataset: str,
    out: str | os.PathLike[str],
    recipe: Recipe | None = None,
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    allow_broken: bool = False,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write what the notebook wrote: its tables, its draws and the image files.

    The arguments are those of `builder.pipeline.build`; `out` must be a local folder.
    Image files are hard links where source and `out` share a file system, else
    copies; with `allow_broken` broken ones are exported as they are.

    Returns
    -------
    dict
        trimset.json, which the dataset scripts read.

    Raises
    ------
    TrimsetError
        One of its subclasses, with what to do about it.
    """
    root = Root(out)
    if not root.is_local:
        msg = f"{root.url}: an export needs a local folder: give another --out"
        raise OutputError(msg)
    check_output(root, last=LAST, kind=KIND)

    prepared = prepare(dataset, recipe, source=source, files=files)
    selection = prepared.selection
    lock = make_lock(selection, prepared.inputs)
    members = prepared.locate()
    key = digest_of([lock["digest"], [m.file_size for m in members.values()]])
    output = begin(root, last=LAST, kind=KIND, key=key, overwrite=overwrite)

    broken = {}
    for name, member in members.items():
        reason = _place(root, name, member)
        if reason:
            broken[name] = reason
    if broken and not allow_broken:
        listed = "; ".join(f"{name} {why}" for name, why in sorted(broken.items()))
        msg = (
            f"{len(broken)} of {len(members)} selected images are broken: {listed};"
            " mend the source, or export them as they are with --allow-broken"
        )
        raise ImageError(msg)

    texts = {**selection.small_files(), **selection.export_files()}
    for name, data in texts.items():
        root.write(name, data)
    kept = sorted({*members, *texts})
    record = {
        "format": KIND,
        "dataset": dataset,
        "key": key,
        "recipe": selection.recipe.as_dict(),
        "selection": lock["digest"],
        "broken": broken,
        **selection.export_record(),
        "files": {name: {} for name in kept},
    }
    finish(output, to_json(record), keep=set(kept))
    return record


def _place(root: Root, name: str, member: Member) -> str | None:
    """Bring one image to its place; return what is wrong with it, if anything."""
    data = read_image(member)
    linked = not member.in_zip and _link(Path(member.url), Path(root.full(name)))
    if not linked:
        root.write(name, data)
    return check_structure(data)


def _link(source: Path, target: Path) -> bool:
    """Make a hard link, where the file system can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        # A link to a link would break when the source moves.
        os.link(source.resolve(), target)
    except OSError:
        return False
    return True
