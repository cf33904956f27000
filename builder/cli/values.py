"""What the text of an option may be, whatever the dataset."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from pathlib import Path
from typing import get_args

from builder.card.merge import How
from builder.datasets import registry
from builder.datasets.shipped import ENDING
from builder.errors import VerifyError
from builder.limits import LIMITS
from builder.output.limits import LARGEST_SHARD, LEAST_SHARD, MAX_SHARD_SIZE

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9,
          "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}  # fmt: skip
_SIZE = re.compile(r"(?ai)([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*((?:[KMG]i?)?B)?")
# More than any file, or any second: a number of bytes that no machine minds.
_MOST = 10**15


def text(given: str) -> str:
    """Return a text that says something: an empty one would be passed over.

    As of a variable of the shell that is not set, in ``--source "$SOURCE"``.
    """
    if not given.strip():
        raise ArgumentTypeError("expected a value, found an empty text")
    if "\0" in given:
        raise ArgumentTypeError(f"expected a text without NUL, found {given!r}")
    return given


def dataset(given: str) -> str:
    """Return the name of a dataset, or the path of a recipe."""
    names = registry.names()
    if given not in names and not text(given).endswith(ENDING):
        listed = ", ".join(map(repr, names))
        msg = (
            f"invalid choice: {given!r} (choose from {listed}, or give the path of a"
            f" recipe, *{ENDING})"
        )
        raise ArgumentTypeError(msg)
    return given


def card(given: str) -> str:
    """Return what is to be done about a card that people edited."""
    ways = get_args(How)
    if text(given) not in ways:
        raise ArgumentTypeError(f"expected one of {', '.join(ways)}, found {given!r}")
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
    return _size(given, LEAST_SHARD, LARGEST_SHARD, MAX_SHARD_SIZE)


def file_size(given: str) -> int:
    """Return the bytes that a file of a source may have.

    >>> file_size("2GB")
    2000000000
    """
    return _size(given, 1, _MOST, LIMITS.max_file_size)


def rate(given: str) -> int:
    """Return the bytes that a server must send in a second.

    >>> rate("1KiB")
    1024
    """
    return _size(given, 1, _MOST, LIMITS.min_rate)


def _size(given: str, least: int, most: int, such: int) -> int:
    match = _SIZE.fullmatch(given)
    found = float(match[1]) * _UNITS[(match[2] or "").upper()] if match else 0
    if not least <= found <= most:
        msg = (
            f"expected a size from {shown(least)} to {shown(most)} such as"
            f" {shown(such)}, found {given!r}"
        )
        raise ArgumentTypeError(msg)
    return int(found)


def shown(size: int) -> str:
    """Return a round size as people write it.

    >>> shown(20_000_000), shown(512 * 1024**2)
    ('20MB', '512MiB')
    """
    names = ("GiB", "GB", "MiB", "MB", "KiB", "KB", "B")
    name = next(name for name in names if size % _UNITS[name.upper()] == 0)
    return f"{size // _UNITS[name.upper()]}{name}"


def is_repo(word: str, *, surely: bool) -> bool:
    """Tell a repo on the Hub from a folder; `surely` where only a repo can be meant.

    Raises
    ------
    VerifyError
        It is likely to be a folder, and is not there.
    """
    path = Path(word)
    if path.exists() or not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", word, re.ASCII):
        return False
    # A mistyped folder is not asked of the Hub, nor its name told to it.
    if path.parent.exists() and not surely:
        msg = (
            f"{word}: expected a build in this folder, found no such folder:"
            f" check its name in {path.parent}, or give --revision main if it is a repo"
            " on the Hub"
        )
        raise VerifyError(msg)
    return True
