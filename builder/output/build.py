"""The one reader of what trimset wrote: manifest, lock, marks and records of shards.

All of it may come from anybody: a type, a digest or a path that cannot be right gives
one line that says so. What is read is decoded twice, into plain values, of which the
card is a function, and into the typed record that everything else uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from builder.errors import OutputError, SelectionError
from builder.limits import MAX_SMALL_RECORD
from builder.output.paths import is_own, path_fault
from builder.output.records import (
    KIND,
    LOCK_KIND,
    FileEntry,
    Lock,
    Manifest,
    Mark,
    OutputRecord,
    ShardRecord,
)
from builder.selection.names import unsafe_reason
from builder.sources.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.errors import TrimsetError

T = TypeVar("T")
_SHOWN = 60  # characters of a name in a message


def read_manifest(
    data: bytes, *, where: str, error: type[TrimsetError] = OutputError
) -> Manifest:
    """Return the manifest in these bytes; whether its digest is right is not asked.

    Parameters
    ----------
    data : bytes
    where : str
        Names the file in messages.
    error : type
        What to raise.

    Raises
    ------
    error
        The bytes are no manifest, or something in it cannot be right.
    """
    step = "build it again, or use the version of trimset that wrote it"
    content = _decode(data, KIND, where, step, error)
    at = ""
    try:
        # one by one, as msgspec does not tell the key of an entry
        entries = content.get("files")
        for at, entry in entries.items() if isinstance(entries, dict) else ():
            _check_file(at, _convert(entry, FileEntry))
        at = ""
        manifest = _convert(content, Manifest)
        _check_splits(manifest)
    except ValueError as err:
        words = f"{err} of the file {at[:_SHOWN]!r}" if at else str(err)
        raise error(f"{where}: {words}: {step}") from None
    return msgspec.structs.replace(manifest, content=content)


def read_lock(
    data: bytes, *, where: str, error: type[TrimsetError] = SelectionError
) -> Lock:
    """Return the lock in these bytes; the rest is as with `read_manifest`."""
    step = "get the original that a build wrote"
    content = _decode(data, LOCK_KIND, where, step, error)
    try:
        lock = _convert(content, Lock)
    except ValueError as err:
        raise error(f"{where}: {err}: {step}") from None
    return msgspec.structs.replace(lock, content=content)


def read_record(data: bytes, *, kind: str, where: str) -> OutputRecord:
    """Return what the last file of an output of this format says.

    Raises
    ------
    OutputError
        The file is another, or something in it cannot be right.
    """
    step = "give another --out"
    content = _decode(data, kind, where, step, OutputError)
    try:
        record = _convert(content, OutputRecord)
        _check_names(record.files)
    except ValueError as err:
        raise OutputError(f"{where}: {err}: {step}") from None
    return msgspec.structs.replace(record, content=content)


def read_mark(data: bytes, *, kind: str, where: str) -> dict[str, Any]:
    """Return the files of the earlier output that the mark of an unfinished one names.

    Raises
    ------
    OutputError
        As with `read_record`.
    """
    step = "give another --out"
    content = _decode(data, kind, where, step, OutputError)
    try:
        files = _convert(content, Mark).previous.files
        _check_names(files)
    except ValueError as err:
        raise OutputError(f"{where}: {err}: {step}") from None
    return files


def read_shard_record(data: bytes | None) -> ShardRecord | None:
    """Return what was recorded of a shard, or None where that cannot be right."""
    try:
        return shard_record(read_json(data or b"", most=MAX_SMALL_RECORD))
    except ValueError:
        return None


def shard_record(entry: object) -> ShardRecord | None:
    """Return such an entry as a record, or None if it is not the one of a shard.

    Its task names a file below the folder, and may come from anybody.
    """
    try:
        record = _convert(entry, ShardRecord)
    except ValueError:
        return None
    return None if path_fault(record.path) else record


def earlier_files(
    files: Mapping[str, object], kind: str
) -> dict[str, ShardRecord | None]:
    """Return the files of an earlier output by name, with the record of each shard.

    What it names will be removed, so that only what an output of this format can hold
    is kept: see `builder.output.paths.is_own`.
    """
    return {
        name: shard_record({**entry, "path": name}) if isinstance(entry, dict) else None
        for name, entry in files.items()
        if is_own(name, kind)
    }


def format_of(data: bytes | None) -> object:
    """Return the ``format`` of a JSON object; None if it is anything else."""
    try:
        content = read_json(data or b"null")
    except ValueError:
        return None
    return content.get("format") if isinstance(content, dict) else None


def _decode(
    data: bytes, kind: str, where: str, step: str, error: type[TrimsetError]
) -> dict[str, Any]:
    """Return the JSON object in these bytes, if it is of this format."""
    try:
        content = read_json(data)
    except ValueError as err:
        msg = f"{where}: expected JSON of the format {kind}, found none ({err})"
        raise error(f"{msg}: {step}") from None
    found = content.get("format") if isinstance(content, dict) else None
    if found != kind:
        msg = f"{where}: expected the format {kind}, found {str(found)[:40]!r}"
        raise error(f"{msg}: {step}")
    checked: dict[str, Any] = content
    return checked


def _convert(content: object, kind: type[T]) -> T:
    """Return plain values as a record; a ValueError says what is not right, and where.

    >>> from builder.output.records import BrokenEntry
    >>> _convert({"image": "a.jpg", "reason": 1}, BrokenEntry)
    Traceback (most recent call last):
    ...
    ValueError: expected `str`, got `int` - at `$.reason`
    """
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as err:
        msg = str(err)
    raise ValueError(msg[:1].lower() + msg[1:])


def _check_file(name: str, entry: FileEntry) -> None:
    """Raise ValueError for a path that leads elsewhere, or a shard that lacks facts."""
    _check_name(name)
    if name.endswith(".parquet") and None in msgspec.structs.astuple(entry):
        msg = "expected rows, num_bytes, rows_sha256 and images_sha256, found fewer"
        raise ValueError(msg)


def _check_name(name: str) -> None:
    if reason := path_fault(name):
        msg = f"expected a plain path below the folder, found one that {reason}"
        raise ValueError(msg)


def _check_names(names: Iterable[str]) -> None:
    """Raise ValueError for a path that leads out of an output, whoever wrote it."""
    for name in names:
        if reason := unsafe_reason(name):
            msg = (
                "expected plain paths below the folder, found one that"
                f" {reason} ({name[:_SHOWN]!r})"
            )
            raise ValueError(msg)


def _check_splits(manifest: Manifest) -> None:
    """Raise ValueError for a split that lists a path that leads elsewhere."""
    for splits in manifest.configs.values():
        for facts in splits.values():
            for name in facts.files:
                if name not in manifest.files:  # whose names were checked
                    _check_name(name)
