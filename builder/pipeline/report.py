"""One page to look at: a finished build as a single HTML file."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from builder.card.edits import decode_card
from builder.errors import MISFITS, OutputError, TrimsetError, VerifyError
from builder.limits import LIMITS, MAX_CARD, Limits
from builder.output.check import read_finished
from builder.output.folder import Folder
from builder.output.records import LAST, README
from builder.page.gather import Gathered, gather, list_files
from builder.page.pictures import SIZES, Picture, choose_size
from builder.page.render import MARK, MOST_BYTES, pack, render, tell
from builder.page.shards import DrawTask, ReadTask, draw_pictures, read_rows
from builder.pipeline.execute import InlineExecutor, map_bounded
from builder.sources.own_files import token, writing
from builder.sources.regular import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from builder.output.records import Manifest
    from builder.page.columns import Column

    Progress = Callable[[str, int, int], None]

# Pictures that are made in every size, to see which has room.
_SAMPLE = 60
# Of a page, besides rows and pictures: style, scripts, words; and of a picture, flags
# and measures, deflated.
_PAGE_BYTES, _PICTURE_BYTES = 100_000, 40
_SHOWN = 200  # characters of what a library says


@dataclass(frozen=True)
class Report:
    """The page that was written.

    Attributes
    ----------
    path : Path
    bytes : int
        Of the file.
    rows, pictures : int
        Rows of all files, each once; and distinct pictures.
    size : int
        Longer side of the small pictures, in pixels.
    unshown : int
        Pictures that cannot be shown.
    """

    path: Path
    bytes: int
    rows: int
    pictures: int
    size: int
    unshown: int


def report(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    executor: Executor | None = None,
    workers: int = 1,
    limits: Limits = LIMITS,
    progress: Progress | None = None,
) -> Report:
    """Write one HTML file that shows a finished build, and needs nothing else.

    Manifest and Parquet files are read, and for the licence the card, if the manifest
    holds nothing of a recipe; nothing but the page is written. The same build gives the
    same bytes, whatever the number of workers.

    Parameters
    ----------
    folder : path
        A finished build, or a snapshot of one that was downloaded.
    out : path, optional
        The page; named for the folder, here, if not given. A page of trimset is
        replaced, no other file is.
    executor : concurrent.futures.Executor, optional
        Where files are read and pictures made small; here, if not given.
    workers : int
        How many tasks the executor runs at a time.
    limits : Limits
        What an image may ask of this machine; one that asks for more is not shown.
    progress : callable, optional
        Called with a stage (``read``, ``draw``), how much of it was done just now, and
        how much it is in all (rows, pictures).

    Raises
    ------
    OutputError
        The folder is no finished build, or the page cannot be written there.
    VerifyError
        A file of the build is not what its manifest says.
    """
    root = Folder(folder)
    if not root.is_local:
        msg = f"{root.url}: expected a folder of this machine: copy the build to one"
        raise OutputError(msg)
    path = _check_out(Path(root.path), out)
    manifest = _read(root)
    run = executor or InlineExecutor()
    limit = 2 * workers

    def tell_of(stage: str, done: int, total: int) -> None:
        if progress:
            progress(stage, done, total)

    files = list_files(manifest.configs, manifest.features)
    tasks = list(_read_tasks(root, manifest, files))
    total = sum(manifest.files[task.name].rows or 0 for task in tasks)
    rows = []
    for held in map_bounded(run, read_rows, tasks, limit=limit):
        rows.append(held)
        tell_of("read", len(held.paths), total)
    gathered = gather(files, rows)

    def draw(which: Sequence[int], sizes: Sequence[int]) -> list[Picture]:
        made: dict[int, Picture] = {}
        drawn = list(_draw_tasks(root, gathered, which, sizes, limits))
        given = map_bounded(
            run, draw_pictures, [task for _, task in drawn], limit=limit
        )
        for (numbers, _), pictures in zip(drawn, given, strict=True):
            made |= zip(numbers, pictures, strict=True)
            tell_of("draw", len(pictures), len(gathered.first))
        return [made[number] for number in which]

    terms = _terms(root, manifest)
    try:
        size, page, pictures = _fit(gathered, manifest, terms, draw)
    except TrimsetError:
        raise
    except MISFITS as err:  # of what the page shows, not all was checked before
        words = f"{type(err).__name__}: {' '.join(str(err).split())[:_SHOWN]}"
        msg = f"{root.url}: {LAST}: cannot be shown ({words}): build it again"
        raise VerifyError(msg) from err
    _write(path, page)
    return Report(
        path,
        len(page),
        sum(len(held.paths) for held in rows),
        len(pictures),
        size,
        sum(picture.reason is not None for picture in pictures),
    )


def _read(root: Folder) -> Manifest:
    """Return a manifest whose configs name files of it, and that is what was built."""
    manifest = read_finished(root, OutputError)
    if not manifest.is_intact:
        msg = (
            f"{root.url}: {LAST}: its digest is not that of its content: build or"
            " download it again"
        )
        raise VerifyError(msg)
    for config, splits in manifest.configs.items():
        for split, facts in splits.items():
            for name in facts.files:
                if name not in manifest.files:
                    msg = (
                        f"{root.url}: {LAST}: {config}/{split} lists {name}, which is"
                        " none of its files: build or download it again"
                    )
                    raise VerifyError(msg)
    if not manifest.configs:
        msg = f"{root.url}: {LAST}: expected a config, found none: build it again"
        raise OutputError(msg)
    return manifest


def _read_tasks(
    root: Folder, manifest: Manifest, files: Mapping[str, list[Column]]
) -> Iterator[ReadTask]:
    for name, columns in files.items():
        entry = manifest.files[name]
        wanted = tuple(columns)
        yield ReadTask(root, name, entry.sha256, entry.bytes, wanted)


def _draw_tasks(
    root: Folder,
    gathered: Gathered,
    which: Sequence[int],
    sizes: Sequence[int],
    limits: Limits,
) -> Iterator[tuple[list[int], DrawTask]]:
    """Yield, file by file, the numbers of pictures and the task that makes them."""
    by_file: dict[int, list[int]] = {}
    for number in which:
        by_file.setdefault(gathered.first[number][0], []).append(number)
    for file, numbers in by_file.items():
        name = gathered.names[file]
        rows = tuple(gathered.first[number][1] for number in numbers)
        yield numbers, DrawTask(root, name, rows, tuple(sizes), limits)


def _fit(
    gathered: Gathered,
    manifest: Manifest,
    terms: str,
    draw: Callable[[Sequence[int], Sequence[int]], list[Picture]],
) -> tuple[int, bytes, list[Picture]]:
    """Return the largest size that has room on the page, the page, and its pictures."""
    number = len(gathered.first)
    everyone = range(number)
    first = max(SIZES)
    if number > _SAMPLE:
        sample = draw(everyone[:: number // _SAMPLE], list(SIZES))
        blank = [Picture(0)] * number
        others = len(pack(tell(manifest, gathered, blank))) + _PAGE_BYTES
        room = MOST_BYTES - others - _PICTURE_BYTES * number
        first = choose_size(sample, number, room)
    for size in islice(SIZES, list(SIZES).index(first), None):
        pictures = draw(everyone, [size])
        told = tell(manifest, gathered, pictures)
        page = render(manifest, gathered, pictures, told, size=size, terms=terms)
        if len(page) <= MOST_BYTES:
            break
    return size, page, pictures


def _terms(root: Folder, manifest: Manifest) -> str:
    """Return the licence that the card states, where there is no recipe to state it."""
    card = None if manifest.about else root.read(README, MAX_CARD)
    if card is None:
        return ""
    try:
        said = decode_card(card).metadata
    except (OSError, ValueError):
        return "not known, its card cannot be read"
    terms = said.get("license")
    if terms == "other":
        terms = said.get("license_name") or terms
    listed = terms if isinstance(terms, list) else [terms]
    return ", ".join(term for term in listed if isinstance(term, str))


def _check_out(folder: Path, out: str | os.PathLike[str] | None) -> Path:
    """Return where the page goes: beside the build, and over no file of others."""
    path = Path(out) if out is not None else Path(f"{folder.resolve().name}.html")
    if path.resolve().is_relative_to(folder.resolve()):
        msg = (
            f"{path}: expected a place outside of the build, whose files its {LAST}"
            " lists: give another --out"
        )
        raise OutputError(msg)
    if not path.parent.is_dir():
        msg = f"{path}: expected a folder to write to: make {path.parent} first"
        raise OutputError(msg)
    if os.path.lexists(path):
        is_ours = False
        with suppress(OSError), open_regular(path, no_follow=True) as file:
            is_ours = MARK.encode() in file.read(200)
        if not is_ours:
            msg = (
                f"{path}: expected nothing, or a report of trimset, found something"
                " else: give another --out"
            )
            raise OutputError(msg)
    return path


def _write(path: Path, page: bytes) -> None:
    """Write the page beside its place, then move it there."""
    temporary = f".{path.name}.{token()}.tmp"
    try:
        with writing(str(path.parent), path.name, temporary) as file:
            file.write(page)
    except OSError as err:
        msg = f"{path}: cannot be written: {err.strerror or err}: give another --out"
        raise OutputError(msg) from err
