"""What the text of an option may be, whatever the dataset."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

from builder.output.limits import LARGEST_SHARD, LEAST_SHARD, MAX_SHARD_SIZE

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9,
          "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}  # fmt: skip


def text(given: str) -> str:
    """Return a text that says something: an empty one would be passed over.

    As of a variable of the shell that is not set, in ``--source "$SOURCE"``.
    """
    if not given.strip():
        raise ArgumentTypeError("expected a value, found an empty text")
    return given


def positive(given: str) -> int:
    """Return a number of things.

    >>> positive("8")
    8
    """
    if not re.fullmatch(r"[1-9][0-9]{0,8}", given):
        msg = f"expected a number from 1 on, found {given!r}"
        raise ArgumentTypeError(msg)
    return int(given)


def size(given: str) -> int:
    """Return the bytes that a Parquet file may have.

    >>> size("1.5 MiB")
    1572864
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([KMG]?i?B)?", given, re.IGNORECASE)
    found = float(match[1]) * _UNITS[(match[2] or "").upper()] if match else 0
    if not LEAST_SHARD <= found <= LARGEST_SHARD:
        msg = (
            f"expected a size from {shown(LEAST_SHARD)} to {shown(LARGEST_SHARD)} such"
            f" as {shown(MAX_SHARD_SIZE)}, found {given!r}"
        )
        raise ArgumentTypeError(msg)
    return int(found)


def shown(size: int) -> str:
    """Return a round size as people write it.

    >>> shown(20_000_000)
    '20MB'
    """
    name = next(name for name in ("GB", "MB", "KB", "B") if size % _UNITS[name] == 0)
    return f"{size // _UNITS[name]}{name}"
