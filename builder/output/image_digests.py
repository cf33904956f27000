"""images.sha256, beside the lock: the digest of every image, as the source has it.

The lock names the rows; this proves the bytes. It is what ``sha256sum`` prints, sorted
by name, so that the digest that manifest.json has of the images of a source is that of
these lines. Names are plain paths, which need none of its escapes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import ImageError, SelectionError
from builder.output.records import DIGESTS
from builder.selection.names import unsafe_reason

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from builder.errors import TrimsetError
    from builder.images.facts import Seen
    from builder.limits import Limits

_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]{1,4096})")


def digests_of(seen: Seen) -> dict[str, str]:
    """Return the sha256 of each good image, 64 hexadecimal digits, by its key."""
    good = sorted((key, row) for row, key in enumerate(seen.keys))
    return {
        key: seen.facts.sha256[row].tobytes().hex()
        for key, row in good
        if row not in seen.facts.reasons
    }


def write_digests(digests: Mapping[str, str]) -> bytes:
    r"""Return images.sha256.

    >>> write_digests({"a.jpg": "0" * 64})[60:]
    b'0000  a.jpg\n'
    """
    lines = [f"{sha256}  {name}\n" for name, sha256 in sorted(digests.items())]
    return "".join(lines).encode()


def read_digests(
    data: bytes, *, where: str, error: type[TrimsetError] = SelectionError
) -> dict[str, str]:
    """Return the sha256 of each image, by its key.

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
        A line is not what a build writes there.
    """
    step = "get the original that a build wrote"
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as err:
        raise error(f"{where}: byte {err.start} is not UTF-8: {step}") from err
    found: dict[str, str] = {}
    last = ""
    for number, line in enumerate(lines[:-1], 1):
        match = _LINE.fullmatch(line)
        if not match:
            reason = "is no sha256, two spaces and a name"
        elif unsafe := unsafe_reason(match[2]):
            reason = f"has a name that {unsafe}"
        elif match[2] <= last:
            reason = "is there twice, or not in the order of names"
        else:
            last = match[2]
            found[last] = match[1]
            continue
        raise error(f"{where}: line {number} {reason}: {step}")
    if lines[-1]:
        raise error(f"{where}: line {len(lines)} has no end: {step}")
    return found


def beside(
    lock: str | os.PathLike[str], limits: Limits
) -> tuple[Path, dict[str, str] | None]:
    """Return the images.sha256 beside a lock: its place, and what it says, if it is.

    Raises
    ------
    SelectionError
        It cannot be read, or is none.
    """
    path = Path(lock).with_name(DIGESTS)
    try:
        if not path.exists():
            return path, None
        if not path.is_file():
            msg = f"{path}: expected a file, found something else: check --lock"
            raise SelectionError(msg)
        with path.open("rb") as file:
            data = file.read(limits.max_file_size + 1)
    except OSError as err:
        msg = f"{path}: cannot be read: {err.strerror}: check --lock"
        raise SelectionError(msg) from err
    if len(data) > limits.max_file_size:
        msg = (
            f"{path}: expected {limits.max_file_size:,} bytes at most, found more:"
            " give a larger --max-file-size"
        )
        raise SelectionError(msg)
    return path, read_digests(data, where=str(path))


def check_digests(path: Path, listed: Mapping[str, str], seen: Seen) -> None:
    """Raise unless every image is, to the byte, the one of the list beside a lock.

    Parameters
    ----------
    path : Path
        Of the list.
    listed : dict of str to str
    seen : Seen
        What was seen of the images of the source. Broken ones and those that are
        nowhere are not compared, as they are not written.

    Raises
    ------
    SelectionError
        The list is of other images than the lock.
    ImageError
        An image is another one than when the lock was made.
    """
    others = sorted(set(listed) - set(seen.keys))
    if others:
        msg = (
            f"{path}: expected the images of the lock, found {others[0]}, which it does"
            " not name: put the one beside the lock that was built with it"
        )
        raise SelectionError(msg)
    faults = differences(listed, digests_of(seen))
    if faults:
        more = f" (the first of {len(faults):,} images)" if len(faults) > 1 else ""
        msg = f"{path}: {faults[0]}{more}; nothing was built"
        raise ImageError(msg)


def differences(listed: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Return, for each image of a source that is not as listed, in what it differs.

    >>> differences({"a.jpg": "1" * 64}, {"a.jpg": "1" * 64, "b.jpg": "2" * 64})
    ['b.jpg: was broken or nowhere when the lock was made, and the source has it now']
    """
    faults = []
    for key, sha256 in found.items():
        expected = listed.get(key)
        if expected is None:
            faults.append(
                f"{key}: was broken or nowhere when the lock was made, and the source"
                " has it now"
            )
        elif expected != sha256:
            faults.append(
                f"{key}: expected sha256 {expected[:16]}…, found {sha256[:16]}…: the"
                " source has another image of this name than when the lock was made"
            )
    return faults
