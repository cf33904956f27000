"""The notebook's own files, for code that was written against them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import OutputError
from builder.images.sizes import check_image_size
from builder.output.digests import digest_of, to_json
from builder.output.folder import Folder
from builder.output.records import EXPORT_KIND as KIND
from builder.output.records import EXPORT_LAST as LAST
from builder.output.state import begin, check_output, finish, refuse_other
from builder.pipeline.bring import to_here
from builder.pipeline.prepare import Request, prepare
from builder.pipeline.stages import settle
from builder.pipeline.work import working
from builder.sources.read import read_image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from builder.selection.recipe import Recipe
    from builder.sources.member import LocalMember

# The request by which Linux makes a reflink: linux/fs.h, _IOW(0x94, 9, int).
_FICLONE = 0x40049409


def export(
    dataset: str,
    out: str | os.PathLike[str],
    recipe: Recipe | None = None,
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    allow_hosts: Sequence[str] = (),
    executor: Executor | None = None,
    workers: int = 1,
    image_size: int | None = None,
    lock: str | os.PathLike[str] | None = None,
    audit: bool = True,
    allow_broken: bool = False,
    overwrite: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """Write what the notebook wrote: its tables, its draws and the image files.

    The arguments are those of `builder.pipeline.build.build`; `out` must be a local
    folder. Image files are reflinks, or else hard links, where source (of resized ones,
    the cache) and `out` share a file system that has them, else copies; with
    `allow_broken` broken ones are exported as they are.

    Returns
    -------
    dict
        trimset.json, which the dataset scripts read.

    Raises
    ------
    TrimsetError
        One of its subclasses, with what to do about it.
    """
    check_image_size(image_size)
    root = Folder(out)
    if not root.is_local:
        msg = f"{root.url}: an export needs a local folder: give another --out"
        raise OutputError(msg)
    check_output(root, last=LAST, kind=KIND)
    request = Request(dataset, recipe, source, files or {}, allow_hosts, lock)
    with working(
        cache_dir, executor=executor, workers=workers, progress=progress
    ) as work:
        prepared = prepare(request, work)
        chosen = prepared.selection.recipe.as_dict()
        asked = {"recipe": chosen, "image_size": image_size}
        refuse_other(root, last=LAST, kind=KIND, asked=asked, overwrite=overwrite)
        settled = settle(
            prepared,
            request,
            prepared.locate(work),
            work,
            image_size=image_size,
            decode=audit and not prepared.selection.is_settled,
            allow_broken=allow_broken,
        )
        digests = [digest.tobytes().hex() for digest in settled.known.facts.sha256]
        key = digest_of([settled.lock["digest"], digests])
        output = begin(root, last=LAST, kind=KIND, key=key, overwrite=overwrite)
        here = to_here(settled.members, work)

    for name, member in zip(prepared.keys, here, strict=True):
        _place(root, name, member)
    exported = settled.selection.export()
    for name, data in exported.files.items():
        root.write(name, data)
    kept = sorted({*prepared.keys, *exported.files})
    record = {
        "format": KIND,
        "dataset": dataset,
        "key": key,
        "recipe": settled.selection.recipe.as_dict(),
        "selection": settled.lock["digest"],
        **({} if image_size is None else {"image_size": image_size}),
        "broken": settled.seen.broken,
        **exported.record,
        "files": {name: {} for name in kept},
    }
    finish(output, to_json(record), keep=set(kept))
    return record


def _place(root: Folder, name: str, member: LocalMember) -> None:
    """Bring one image to its place, sharing its bytes where that is possible."""
    target = Path(root.full(name))
    if member.in_zip:
        root.write(name, read_image(member))
        return
    # A link to a link would break when the source moves.
    source = Path(member.path).resolve()
    if target.exists():
        if target.samefile(source) or root.read(name) == read_image(member):
            return
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
    if not (_clone(source, target) or _link(source, target)):
        root.write(name, read_image(member))


def _clone(source: Path, target: Path) -> bool:
    """Make a reflink, where the file system can: a copy that shares the blocks."""
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    copy = target.with_name(f".{target.name}.clone")
    try:
        with source.open("rb") as data, copy.open("wb") as file:
            fcntl.ioctl(file.fileno(), _FICLONE, data.fileno())
        copy.replace(target)
    except OSError:
        copy.unlink(missing_ok=True)
        return False
    return True


def _link(source: Path, target: Path) -> bool:
    """Make a hard link, where the file system can."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        return False
    return True
