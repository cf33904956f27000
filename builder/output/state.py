"""The output folder of a build or an export: whose it is, and what is finished.

A folder goes through three states: empty, unfinished (``.trimset/`` lies in it) and
finished (its last file, manifest.json or trimset.json, is there). Anything else is
somebody else's and is never touched.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from builder.errors import OutputError
from builder.output.build import (
    earlier_files,
    format_of,
    read_mark,
    read_record,
    read_shard_record,
)
from builder.output.records import MARK, SHARDS, STATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.output.folder import Folder
    from builder.output.records import ShardRecord

_BEGUN = re.compile(rf"{re.escape(STATE)}/[0-9a-f]{{32}}\.tmp")


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
    """

    root: Folder
    last: str
    previous: Mapping[str, ShardRecord | None]


def check_output(root: Folder, *, last: str, kind: str) -> str:
    """Return the state of a folder: ``empty``, ``unfinished`` or ``finished``.

    Raises
    ------
    OutputError
        The folder, or the file in its place, is not trimset's.
    """
    if root.is_local and root.fs.isfile(root.path):
        msg = f"{root.url}: expected a folder, found a file: give another --out"
        raise OutputError(msg)
    if root.is_empty():
        return "empty"
    if format_of(root.read(last)) == kind:
        return "finished"
    if format_of(root.read(MARK)) == kind:
        return "unfinished"
    if root.exists(STATE) and all(map(_BEGUN.fullmatch, root.files())):
        # Interrupted while it was writing the mark; there is nothing else.
        return "unfinished"
    msg = (
        f"{root.url}: expected an empty folder or an earlier output of this command,"
        f" found other files and no {last} of trimset: give another --out; nothing"
        " was touched"
    )
    raise OutputError(msg)


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
    data = root.read(last)
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
        data, where = root.read(last) or b"", f"{root.url}: {last}"
        record = read_record(data, kind=kind, where=where)
        if record.key != key and not overwrite:
            raise _of_other_options(root)
        files = record.files
    elif state == "unfinished" and (data := root.read(MARK) or b""):
        files = read_mark(data, kind=kind, where=f"{root.url}: {MARK}")
        # Shards that an interrupted run finished, perhaps under other options.
        for name in root.files():
            if name.startswith(f"{SHARDS}/") and (
                shard := read_shard_record(root.read(name))
            ):
                files.setdefault(shard.path, {})
    previous = earlier_files(files)
    told = {name: asdict(shard) if shard else {} for name, shard in previous.items()}
    mark = {"format": kind, "key": key, "previous": {"files": told}}
    root.write(MARK, json.dumps(mark).encode())
    root.remove(last)
    return Output(root, last, previous)


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
    """
    root = output.root
    stale = sorted(set(output.previous) - keep)
    for name in stale:
        root.remove(name)
    root.remove_empty({str(PurePosixPath(name).parent) for name in stale} - {"."})
    root.write(output.last, record)
    root.remove(STATE)


def _of_other_options(root: Folder) -> OutputError:
    return OutputError(
        f"{root.url}: holds a finished output of other options, sources or versions:"
        " give another --out, or --overwrite to replace it"
    )
