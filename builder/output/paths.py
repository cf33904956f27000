"""Which paths a record may name, and which of them trimset may have written. Pure."""

from __future__ import annotations

import re

from builder.limits import MAX_NAME, MAX_PART
from builder.output.records import DIGESTS, EXPORT_KIND, LOCK, README
from builder.selection.names import unsafe_reason
from builder.sources.ways import has_ending

# Some systems take a drive without a slash, too.
_DRIVE = re.compile("[A-Za-z]:")
# What builds write: nothing else of theirs is ever removed, whatever a record names.
_OWN = re.compile(
    r"data/[^/]+/[^/]+-[0-9]{5,}-of-[0-9]{5,}\.parquet|figures/[^/]+"
    rf"|{re.escape(README)}|{re.escape(LOCK)}|{re.escape(DIGESTS)}"
    r"|labels_(train|val)\.json|labels_val\.parquet\.txt|metadata_small\.csv"
)
# What exports write besides images, whose splits may have any name.
_EXPORTED = re.compile(
    r"(labels|draws|objects|contexts)_[^/]+\.json|labels\.csv|metadata_small\.csv"
    rf"|{re.escape(DIGESTS)}"
)


def is_hidden(name: str) -> bool:
    """Whether a path has a part with a dot: of git, a client of the Hub, an editor.

    Such files are nobody's: neither checked nor pushed, and no build has one.
    """
    return any(part.startswith(".") for part in name.split("/"))


def path_fault(name: str) -> str | None:
    """Say why no build has a file of this name, or return None.

    >>> path_fault("data/car/train-00000-of-00001.parquet")
    >>> path_fault("../x"), path_fault("data/x."), path_fault("C:x")
    ("has a '..' part", 'has a part that ends in a dot', 'has a scheme or a drive')
    """
    reason = unsafe_reason(name)
    if reason:
        return reason
    if is_hidden(name):
        return "is hidden"
    if _DRIVE.match(name):
        return "has a scheme or a drive"
    parts = name.split("/")
    if any(part.endswith((".", " ")) for part in parts):
        end = "dot" if any(part.endswith(".") for part in parts) else "space"
        return f"has a part that ends in a {end}"
    if len(name) > MAX_NAME or any(len(part.encode()) > MAX_PART for part in parts):
        return f"has {len(name):,} characters, or a part of more than {MAX_PART} bytes"
    return None


def is_own(name: str, kind: str) -> bool:
    """Whether an output of a format may hold such a file.

    An export has images under the names of its source. One that is hidden, or does
    not end as images do, stays there: nobody can tell whose it is.

    >>> is_own("figures/sizes.png", "trimset.manifest/1"), is_own("notes.txt", "")
    (True, False)
    >>> [is_own(name, EXPORT_KIND) for name in ("train2017/a.jpg", ".git/HEAD")]
    [True, False]
    """
    if kind == EXPORT_KIND:
        is_ours = has_ending(name) or _EXPORTED.fullmatch(name) is not None
        return is_ours and not (unsafe_reason(name) or is_hidden(name))
    return not path_fault(name) and _OWN.fullmatch(name) is not None
