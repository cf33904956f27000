"""The notebook's own files, for code that was written against them."""

from __future__ import annotations

import os
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import OutputError
from builder.images.facts import MISSING
from builder.images.sizes import check_image_size
from builder.limits import LIMITS, OF_IMAGES, Limits
from builder.output.digests import digest_of, to_json
from builder.output.folder import Folder
from builder.output.hold import holding
from builder.output.image_digests import digests_of, write_digests
from builder.output.records import DIGESTS
from builder.output.records import EXPORT_KIND as KIND
from builder.output.records import EXPORT_LAST as LAST
from builder.output.share import Sharing
from builder.output.state import begin, check_output, finish, refuse_other
from builder.pipeline.bring import to_here
from builder.pipeline.execute import map_bounded
from builder.pipeline.locate import locate
from builder.pipeline.notes import notes_of
from builder.pipeline.prepare import Request, prepare
from builder.pipeline.stages import settle
from builder.pipeline.work import working
from builder.sources.read import read_image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from builder.selection.recipe import Recipe
    from builder.sources.member import LocalMember

# Key and place of an image, and whether there is a file of this name already.
Image = tuple[str, "LocalMember", bool]
# Images a task: to hand one over takes as long as to link it.
_CHUNK = 64


def export(
    dataset: str,
    out: str | os.PathLike[str],
    recipe: Recipe | None = None,
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    allow_hosts: Sequence[str] = (),
    follow_links: bool = False,
    executor: Executor | None = None,
    workers: int = 1,
    image_size: int | None = None,
    lock: str | os.PathLike[str] | None = None,
    audit: bool = True,
    allow_broken: bool = False,
    skip_missing: bool = False,
    overwrite: bool = False,
    limits: Limits = LIMITS,
    progress: Callable[[str, int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Write what the notebook wrote: its tables, its draws and the image files.

    The arguments are those of `builder.pipeline.build.build`; `out` must be a local
    folder. Image files are reflinks, or else hard links, where source (of resized ones,
    the cache) and `out` share a file system that has them, else copies; with
    `allow_broken` broken ones are exported as they are. The dataset scripts pass over
    these, and over those that are nowhere.

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
    request = Request(
        dataset, recipe, source, files or {}, allow_hosts, lock, follow_links
    )
    bounds = limits.of_images()
    with (
        holding(root, say),
        working(
            cache_dir,
            executor=executor,
            workers=workers,
            limits=limits,
            progress=progress,
            say=say,
        ) as work,
    ):
        check_output(root, last=LAST, kind=KIND)
        prepared = prepare(request, work)
        chosen = prepared.selection.recipe.as_dict()
        others = dict.fromkeys(OF_IMAGES) | bounds
        asked = {"recipe": chosen, "image_size": image_size, **others}
        refuse_other(root, last=LAST, kind=KIND, asked=asked, overwrite=overwrite)
        located = locate(
            prepared.images, work, skip_missing=skip_missing, allow_broken=allow_broken
        )
        located.tell(work)
        for line in notes_of(prepared.selection, located.members):
            work.say(line)
        settled = settle(
            prepared,
            request,
            located,
            work,
            image_size=image_size,
            decode=audit and not prepared.selection.is_settled,
            allow_broken=allow_broken,
        )
        digests = [digest.tobytes().hex() for digest in settled.known.facts.sha256]
        decided = [settled.lock["digest"], digests, *([bounds] if bounds else [])]
        key = digest_of(decided)
        output = begin(root, last=LAST, kind=KIND, key=key, overwrite=overwrite)
        here = to_here(settled.members, work)
        exported = settled.selection.export()  # which may read the source once more

        missing = settled.seen.missing
        nowhere = set(missing)
        there = set(root.files())
        tasks = _tasks(
            (key, member, key in there)
            for key, member in zip(prepared.keys, here, strict=True)
            if key not in nowhere
        )
        place = partial(_place, root, Sharing(root))
        done = map_bounded(work.executor, place, tasks, limit=2 * work.workers)
        placed = [name for names in done for name in names]
        texts = {**exported.files, DIGESTS: write_digests(digests_of(settled.seen))}
        for name, data in texts.items():
            root.write(name, data)
        about = prepared.dataset.about
        kept = sorted({*placed, *texts})
        record = {
            "format": KIND,
            "dataset": prepared.dataset.name,
            "key": key,
            "recipe": settled.selection.recipe.as_dict(),
            **({"about": dict(about)} if about else {}),
            "selection": settled.lock["digest"],
            **({} if image_size is None else {"image_size": image_size}),
            **bounds,
            "broken": {**settled.seen.broken, **dict.fromkeys(missing, MISSING)},
            **({"missing": missing} if missing else {}),
            **({"located": dict(located.ways)} if located.ways else {}),
            **exported.record,
            "files": {name: {} for name in kept},
        }
        finish(output, to_json(record), keep=set(kept))
        return record


def _tasks(images: Iterator[Image]) -> Iterator[list[Image]]:
    """Yield some images at a time."""
    while some := list(islice(images, _CHUNK)):
        yield some


def _place(root: Folder, sharing: Sharing, images: Sequence[Image]) -> list[str]:
    """Bring images to their places, sharing their bytes where that is possible."""
    real = cache(os.path.realpath)  # of their folders, which are few
    for name, member, may_be_there in images:
        if not member.in_zip:
            # A link to a link would break when the source moves.
            folder, base = os.path.split(member.path)
            source = os.path.join(real(folder), base)  # noqa: PTH118 (three times as fast)
            if os.path.islink(source):  # noqa: PTH114
                source = os.path.realpath(source)
            if may_be_there and _is_there(root, name, source, member):
                continue
            if sharing.share(source, name):
                continue
        root.write(name, read_image(member))
    return [name for name, _, _ in images]


def _is_there(root: Folder, name: str, source: str, member: LocalMember) -> bool:
    """Whether an earlier export brought an image to its place."""
    there = root.status(name)
    return there is not None and (
        os.path.samestat(there, Path(source).stat())
        or (there.st_size == member.file_size and root.read(name) == read_image(member))
    )
