"""Names that come out of other people's files, checked before use. Pure."""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from typing import TYPE_CHECKING

from builder.errors import AnnotationError, brief
from builder.limits import MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

# Nearly every name is made of these, with single dots inside.
_PLAIN = frozenset(f"{string.ascii_letters}{string.digits}_-.")
_LEADS_ELSEWHERE = {"is absolute", "has a scheme or a drive", "has a '..' part"}


# Windows takes a drive without a slash, too: C:x.jpg lies in the folder that C: is at.
_DRIVE = re.compile("[A-Za-z]:" if sys.platform == "win32" else "[A-Za-z]:(/|$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*://")


def plain_name(name: str) -> str:
    r"""Return a name with ``/`` between its parts, and no ``./`` or doubled slash.

    >>> plain_name(".\\images\\a.jpg")
    'images/a.jpg'
    """
    if _SCHEME.match(name) or not ("\\" in name or "./" in name or "//" in name):
        return name
    name = name.replace("\\", "/")
    start = "/" if name.startswith("/") else ""
    parts = [part for part in name.split("/")[:-1] if part not in {"", "."}]
    return start + "/".join([*parts, name.rpartition("/")[2]])


def unsafe_reason(name: str) -> str | None:
    r"""Why `name` may not be used as a path below a source, or None if it may.

    >>> unsafe_reason("train2017/000000000009.jpg")
    >>> unsafe_reason("../secret.jpg")
    "has a '..' part"
    >>> unsafe_reason("2021-01-01T10:00:00.jpg")
    >>> unsafe_reason("C:/x.jpg")
    'has a scheme or a drive'
    """
    if not name:
        return "is empty"
    if len(name) > MAX_NAME:
        return f"has {len(name):,} characters, more than {MAX_NAME:,}"
    if "\\" in name:
        return "has a backslash"
    if _CONTROL.search(name):
        return "has a NUL or another control character"
    if _SURROGATE.search(name):
        return "has half of a surrogate pair, which is no character"
    if _SCHEME.match(name) or _DRIVE.match(name):
        return "has a scheme or a drive"
    if name.startswith("/"):
        return "is absolute"
    parts = name.split("/")
    if ".." in parts:
        return "has a '..' part"
    if "" in parts or "." in parts:
        return "has an empty or '.' part"
    if name.startswith("~"):
        return "starts with '~'"
    return None


def check_names(names: Sequence[str], *, where: str, records: Sequence[object]) -> None:
    """Raise AnnotationError for the first name that is no path below a folder.

    What `plain_name` mends is none of these.

    Parameters
    ----------
    names : sequence of str
        Names as they stand in the file `where`.
    where : str
        What the names come from, for the message.
    records : sequence of object
        What names each record to a person, such as its image id; as long as `names`.
    """
    if _are_plain(names) and max(map(len, names), default=0) <= MAX_NAME:
        return
    for name, record in zip(names, records, strict=True):
        reason = unsafe_reason(plain_name(name))
        if reason:
            folder, _, base = name.replace("\\", "/").rpartition("/")
            step = "correct or remove the record"
            if reason in _LEADS_ELSEWHERE and base:
                step = (
                    f"leave out {brief(name[: len(folder) + 1])} there, and give the"
                    " folder with the images"
                )
            msg = (
                f"{where}: the file name {brief(name)} of record {record} {reason};"
                f" expected a plain relative path such as 'a/b.jpg': {step}"
            )
            raise AnnotationError(msg)


def _are_plain(names: Sequence[str]) -> bool:
    """Tell at once, for 118,287 of them, that all names are plain paths."""
    text = "\n".join(["", *names, ""])
    if text.count("\n") != len(names) + 1:  # one has a line break of its own
        return False
    parts = text.replace("/", "\n")
    return set(parts) <= _PLAIN | {"\n"} and not any(
        doubt in parts for doubt in ("\n\n", "\n.", ".\n", "..")
    )


def config_name(category: str) -> str:
    """Return the config name of a category: its name in letters, digits, ``_.-``.

    Letters and digits of any script, as `datasets` takes them.

    >>> config_name("sports ball"), config_name("weed: lolium")
    ('sports_ball', 'weed_lolium')
    """
    plain = unicodedata.normalize("NFC", category)
    return re.sub(r"[^\w.-]+", "_", plain).strip("._-")


def config_names(categories: Sequence[tuple[str, int]]) -> list[str]:
    """Return the config name of each category, all distinct, even in capitals.

    One that is taken already, or is that of the whole, has its id behind it.

    Parameters
    ----------
    categories : sequence of (str, int)
        Name and id of each.

    >>> config_names([("Car", 1), ("car", 2), ("default", 3), ("?", 4)])
    ['Car', 'car_2', 'default_3', 'class_4']
    """
    taken = {"default"}
    found = []
    for category, number in categories:
        name = config_name(category) or f"class_{number}"
        if name.casefold() in taken:
            name = f"{name}_{number}"
        taken.add(name.casefold())
        found.append(name)
    return found


def class_names(categories: Sequence[tuple[str, int]]) -> list[str]:
    """Return the name of each class, all distinct: of equal ones, with their ids.

    >>> class_names([("car", 1), ("road", 2), ("car", 3)])
    ['car', 'road', 'car (3)']
    """
    taken: set[str] = set()
    found = []
    for category, number in categories:
        name = category if category not in taken else f"{category} ({number})"
        taken.add(name)
        found.append(name)
    return found
