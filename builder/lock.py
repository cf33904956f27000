"""Compare a selection with a lock: the first difference, and where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import SelectionError
from builder.manifest import LOCK_KIND, digest_of

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping


def read_lock(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return a selection.json whose digest is right.

    Raises
    ------
    SelectionError
        The file is not there, is no lock, or was changed.
    """
    try:
        lock = json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as err:
        msg = f"{path}: expected a selection.json, found that {err}: check --lock"
        raise SelectionError(msg) from err
    if not isinstance(lock, dict) or lock.get("format") != LOCK_KIND:
        msg = f"{path}: expected a lock of the format {LOCK_KIND}: check --lock"
        raise SelectionError(msg)
    content = {name: value for name, value in lock.items() if name != "digest"}
    if lock.get("digest") != digest_of(content):
        msg = (
            f"{path}: its digest is not that of its content: the lock was changed after"
            " it was written; get the original"
        )
        raise SelectionError(msg)
    return lock


def check_lock(
    path: str | os.PathLike[str], found: Mapping[str, Any], *, draws: bool = True
) -> None:
    """Raise SelectionError unless a selection is the one of a lock.

    Parameters
    ----------
    path : path
        Of the lock.
    found : dict
        The selection, as `builder.manifest.make_lock` gives it.
    draws : bool
        Whether the draws are known already, and compared too.
    """
    reason = first_difference(read_lock(path), found, draws=draws)
    if reason:
        msg = f"{path}: {reason}; nothing was built"
        raise SelectionError(msg)


def first_difference(
    lock: Mapping[str, Any], found: Mapping[str, Any], *, draws: bool = True
) -> str | None:
    """Return the first way in which a selection is not the one of a lock.

    In the order of cause: dataset, rule, recipe, sources, and then the rows, which
    without one of those can only differ by another version of a library.

    >>> first_difference({"dataset": "a"}, {"dataset": "b"})
    "the lock is of 'a', this is 'b'"
    """
    if lock["dataset"] != found["dataset"]:
        return f"the lock is of {lock['dataset']!r}, this is {found['dataset']!r}"
    if lock["rule"] != found["rule"]:
        return (
            "the lock was made by another rule: use the version of trimset that made it"
        )
    for name, value in lock["recipe"].items():
        other = found["recipe"].get(name)
        if value != other:
            return f"the lock has {name} {value}, asked for is {other}: give the same"
    sources = {entry["role"]: entry for entry in found["inputs"]}
    for entry in lock["inputs"]:
        other = sources.pop(entry["role"], None)
        if other is None:
            return f"the lock was made with {entry['role']}, this source has none"
        if other["sha256"] != entry["sha256"]:
            return (
                f"the {entry['role']} were {entry['name']} with sha256"
                f" {entry['sha256'][:16]}…, this source has {other['name']} with"
                f" {other['sha256'][:16]}…: another version of the source"
            )
    if sources:
        return f"the lock was made without {', '.join(sources)}, this source has them"
    return _first_row(lock["draws"], found["draws"]) if draws else None


def _first_row(lock: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    for config in dict.fromkeys([*lock, *found]):
        splits = (lock.get(config, {}), found.get(config, {}))
        for split in dict.fromkeys([*splits[0], *splits[1]]):
            rows, others = (part.get(split, []) for part in splits)
            for place, (row, other) in enumerate(zip(rows, others, strict=False)):
                if row != other:
                    return (
                        f"row {place} of {config}/{split} is {row} in the lock and"
                        f" {other} here, from the same sources by the same rule:"
                        " another version of numpy or pandas, or other images"
                    )
            if len(rows) != len(others):
                return (
                    f"{config}/{split} has {len(rows)} rows in the lock and"
                    f" {len(others)} here: other images"
                )
    return None
