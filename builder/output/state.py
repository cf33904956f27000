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

from builder.errors import OutputError
from builder.output.folder import STATE, Root
from builder.selection.names import unsafe_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARK = f"{STATE}/build.json"
_BEGUN = re.compile(rf"{re.escape(STATE)}/[0-9a-f]{{32}}\.tmp")
SIDECARS = f"{STATE}/shards"


@dataclass(frozen=True)
class Output:
    """An output folder that this build may write to.

    Attributes
    ----------
    root : Root
    last : str
        Name of the file that is written last.
    previous : dict
        What the finished file said before, or an empty dict.
    """

    root: Root
    last: str
    previous: dict[str, Any]


def check_output(root: Root, *, last: str, kind: str) -> str:
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
    if _format_of(root, last) == kind:
        return "finished"
    if _format_of(root, _MARK) == kind:
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
    root: Root, *, last: str, asked: Mapping[str, Any], overwrite: bool
) -> None:
    """Refuse early to replace a finished output that was asked for otherwise.

    `begin` compares everything, but only once all images were fetched and looked at.

    Parameters
    ----------
    root : Root
    last : str
        Name of the file that is written last.
    asked : dict
        What that file says of the options, as far as they are known already.
    overwrite : bool
        Whether a finished output of other options may be replaced.

    Raises
    ------
    OutputError
        The folder holds a finished output of other options.
    """
    previous = _read_record(root, last) or {}
    asked = json.loads(json.dumps(asked))  # tuples are lists there
    other = any(previous.get(name) != value for name, value in asked.items())
    if previous and other and not overwrite:
        raise _of_other_options(root)


def begin(
    root: Root, *, last: str, kind: str, key: str, overwrite: bool = False
) -> Output:
    """Take hold of a folder; from here on it is unfinished.

    Parameters
    ----------
    root : Root
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
    previous: dict[str, Any] = {}
    if state == "finished":
        previous = json.loads(root.read(last) or b"{}")
        if previous.get("key") != key and not overwrite:
            raise _of_other_options(root)
    elif state == "unfinished":
        previous = json.loads(root.read(_MARK) or b"{}").get("previous", {})
        # Shards that an interrupted run finished, perhaps under other options.
        for sidecar in root.files():
            if sidecar.startswith(f"{SIDECARS}/"):
                path = (_read_record(root, sidecar) or {}).get("path")
                if isinstance(path, str):
                    previous.setdefault("files", {}).setdefault(path, {})
    if previous:
        # What it names will be removed, and it may come from anybody.
        own = previous.get("files", {}).items()
        files = {name: entry for name, entry in own if not unsafe_reason(name)}
        previous = {**previous, "files": files}
    mark = {"format": kind, "key": key, "previous": previous}
    root.write(_MARK, json.dumps(mark).encode())
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
    stale = sorted(set(output.previous.get("files", {})) - keep)
    for name in stale:
        root.remove(name)
    root.remove_empty({str(PurePosixPath(name).parent) for name in stale} - {"."})
    root.write(output.last, record)
    root.remove(STATE)


def _of_other_options(root: Root) -> OutputError:
    return OutputError(
        f"{root.url}: holds a finished output of other options, sources or versions:"
        " give another --out, or --overwrite to replace it"
    )


def _format_of(root: Root, name: str) -> Any:
    return (_read_record(root, name) or {}).get("format")


def _read_record(root: Root, name: str) -> dict[str, Any] | None:
    try:
        record = json.loads(root.read(name) or b"null")
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
