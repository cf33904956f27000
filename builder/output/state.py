"""The output folder of a build or an export: whose it is, and what is finished.

A folder goes through three states: empty, unfinished (``.trimset/`` lies in it) and
finished (its last file, manifest.json or trimset.json, is there). Anything else is
somebody else's and is never touched.
"""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from builder.errors import OutputError
from builder.limits import MAX_RECORD, MAX_SMALL_RECORD
from builder.output.build import (
    earlier_files,
    format_of,
    read_mark,
    read_record,
    read_shard_record,
)
from builder.output.paths import is_hidden
from builder.output.records import LOCK, MARK, README, SHARDS, STATE
from builder.sources.own_files import described, in_the_way, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.output.folder import Folder
    from builder.output.records import ShardRecord

_HALF = rf"{re.escape(STATE)}/[0-9a-f]{{32}}\.tmp"
_BEGUN = re.compile(_HALF)
# All that trimset writes below .trimset/, and so all that it removes there.
_OWN = re.compile(
    rf"{_HALF}|{re.escape(MARK)}|{re.escape(SHARDS)}/[0-9a-f]{{64}}\.json"
)
# Who meets one of these as a folder would only be told once all else is written.
_FILES = {LOCK, MARK, README}


@dataclass(frozen=True)
class Output:
    """An output folder that this build may write to.

    Attributes
    ----------
    root : Folder
    last : str
        Name of the file that is written last.
    previous : dict of str to ShardRecord or None
        Files of an earlier output, with what is recorded of those that are shards.
    mark : bytes
        What says that the folder is unfinished, and by whom.
    """

    root: Folder
    last: str
    previous: Mapping[str, ShardRecord | None]
    mark: bytes


def check_output(root: Folder, *, last: str, kind: str) -> str:
    """Return the state of a folder: ``empty``, ``unfinished`` or ``finished``.

    Raises
    ------
    OutputError
        The folder, or the file in its place, is not trimset's; or a link, a pipe or
        such lies in it.
    """
    if root.is_local and os.path.lexists(root.path) and not Path(root.path).is_dir():
        found = described(root.path)
        msg = f"{root.url}: expected a folder, found {found}: give another --out"
        raise OutputError(msg)
    if root.is_empty():
        return "empty"
    if root.is_local:
        _check_places(root, (last, STATE, MARK))
    state = ""
    if format_of(root.read(last, MAX_RECORD)) == kind:
        state = "finished"
    elif format_of(root.read(MARK, MAX_RECORD)) == kind or (
        # Interrupted while it was writing the mark; there is nothing else.
        root.exists(STATE) and all(map(_BEGUN.fullmatch, root.files()))
    ):
        state = "unfinished"
    if state:
        if root.is_local:
            _check_all(root, last)
        return state
    msg = (
        f"{root.url}: expected an empty folder or an earlier output of this command,"
        f" found other files and no {last} of trimset: give another --out; nothing"
        " was touched"
    )
    raise OutputError(msg)


def _check_places(root: Folder, names: Iterable[str]) -> None:
    """Refuse anything but files and folders in these places."""
    for name in names:
        found = root.status(name)
        if found and not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            expected = "a folder" if name == STATE else "a file"
            raise root.refusal(in_the_way(name, expected, described(root.full(name))))


def _check_all(root: Folder, last: str) -> None:
    """Refuse what a build never makes, and could write or remove through.

    Hidden files are nobody's, but for those of the state.
    """

    def is_nobodys(name: str) -> bool:
        return is_hidden(name) and not f"{name}/".startswith(f"{STATE}/")

    for name, entry in walk(root.path, skip=is_nobodys):
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_folder and (name == last or name in _FILES):
            raise root.refusal(in_the_way(name, "a file", "a folder"))
        if not (is_folder or entry.is_file(follow_symlinks=False)):
            found = described(entry.path)
            raise root.refusal(in_the_way(name, "a file or a folder", found))


def refuse_other(
    root: Folder, *, last: str, kind: str, asked: Mapping[str, Any], overwrite: bool
) -> None:
    """Refuse early to replace a finished output that was asked for otherwise.

    `begin` compares everything, but only once all images were fetched and looked at.

    Parameters
    ----------
    root : Folder
    last, kind : str
        Name of the file that is written last, and its ``format``.
    asked : dict
        What that file says of the options, as far as they are known already.
    overwrite : bool
        Whether a finished output of other options may be replaced.

    Raises
    ------
    OutputError
        The folder holds a finished output of other options.
    """
    data = root.read(last, MAX_RECORD)
    if data is None or overwrite:
        return
    previous = read_record(data, kind=kind, where=f"{root.url}: {last}").content
    asked = json.loads(json.dumps(asked))  # tuples are lists there
    if any(previous.get(name) != value for name, value in asked.items()):
        raise _of_other_options(root)


def begin(
    root: Folder, *, last: str, kind: str, key: str, overwrite: bool = False
) -> Output:
    """Take hold of a folder; from here on it is unfinished.

    Parameters
    ----------
    root : Folder
    last : str
        Name of the file that will be written last.
    kind : str
        Format of that file, as in its ``format``.
    key : str
        Digest of everything that decides what the folder will hold.
    overwrite : bool
        Whether a finished output of other options may be replaced.

    Raises
    ------
    OutputError
        The folder is foreign, or holds a finished output of other options.
    """
    state = check_output(root, last=last, kind=kind)
    files: dict[str, Any] = {}
    if state == "finished":
        data, where = root.read(last, MAX_RECORD) or b"", f"{root.url}: {last}"
        record = read_record(data, kind=kind, where=where)
        if record.key != key and not overwrite:
            raise _of_other_options(root)
        files = record.files
    elif state == "unfinished" and (mark_now := root.read(MARK, MAX_RECORD)):
        files = read_mark(mark_now, kind=kind, where=f"{root.url}: {MARK}")
        # Shards that an interrupted run finished, perhaps under other options.
        for name in root.files():
            if name.startswith(f"{SHARDS}/") and (
                shard := read_shard_record(root.read(name, MAX_SMALL_RECORD))
            ):
                files.setdefault(shard.path, {})
    previous = earlier_files(files, kind)
    told = {name: asdict(shard) if shard else {} for name, shard in previous.items()}
    content = {"format": kind, "key": key, "previous": {"files": told}}
    mark = json.dumps(content).encode()
    root.write(MARK, mark)
    if root.is_local:  # a killed run left them, as nobody else writes here
        root.remove_listed(STATE, lambda name: bool(_BEGUN.fullmatch(name)))
    root.remove(last)
    return Output(root, last, previous, mark)


def finish(output: Output, record: bytes, *, keep: set[str]) -> None:
    """Write the last file, and remove what an earlier output left behind.

    Parameters
    ----------
    output : Output
    record : bytes
        Content of the last file.
    keep : set of str
        Files of this output. Files of the previous one that are not among them
        are removed; files that are nobody's are left alone.

    Raises
    ------
    OutputError
        Another process took hold of the folder, where it cannot be locked.
    """
    root = output.root
    if root.read(MARK) != output.mark:
        msg = (
            f"{root.url}: another trimset wrote here meanwhile: see that it is done,"
            " and run the same command again, or give another --out"
        )
        raise OutputError(msg)
    stale = sorted(set(output.previous) - keep)
    for name in stale:
        root.remove(name)
    folders = {folder for name in stale for folder in PurePosixPath(name).parents}
    root.remove_empty(sorted(map(str, folders - {PurePosixPath()}), reverse=True))
    root.write(output.last, record)
    root.remove_listed(STATE, lambda name: bool(_OWN.fullmatch(name)))
    root.remove_empty([SHARDS, STATE])


def _of_other_options(root: Folder) -> OutputError:
    return OutputError(
        f"{root.url}: holds a finished output of other options, sources or versions:"
        " give another --out, or --overwrite to replace it"
    )
