"""What the bytes of a file are that is no table of text, and what to do. Pure."""

from __future__ import annotations

# How such files begin, what they are, and the next step.
_KINDS = (
    (b"\x89HDF", "an HDF5 file", "give the table of it as CSV or Parquet"),
    (b"\x1f\x8b", "compressed by gzip", "unpack it with gunzip"),
    (b"PK\x03\x04", "a zip or an Excel workbook",
     "save it as CSV, or name the table in it as archive.zip::member"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "save it as CSV"),
    (b"version https://git-lfs", "a Git LFS pointer and not the file",
     "fetch it with git lfs pull"),
    (b"%PDF", "a PDF", "give the table as CSV"),
    (b"<!DOCTYPE", "a web page", "download the file itself"),
    (b"<html", "a web page", "download the file itself"),
)  # fmt: skip
_PARQUET = b"PAR1"


def is_parquet(data: bytes) -> bool:
    """Return whether the bytes are those of a Parquet file."""
    return data[:4] == _PARQUET


def why_unusable(data: bytes) -> tuple[str, str] | None:
    """Return what a file is that cannot be read as a table, and the next step.

    >>> why_unusable(b"version https://git-lfs.github.com/spec/v1")
    ('a Git LFS pointer and not the file', 'fetch it with git lfs pull')
    >>> why_unusable(b"image,label")
    """
    if is_parquet(data):
        return None
    if not data.strip():
        return "empty", "give the file with its rows"
    for start, what, step in _KINDS:
        if data[: len(start)].lower() == start.lower():
            return what, step
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in data[:2]:
        return "text in UTF-16", "save it as UTF-8"
    if data[:4].replace(b"\0", b"") != data[:4]:
        return "text in UTF-16", "save it as UTF-8"
    if b"\0" in data[:65536]:
        return "binary", "give a table as CSV, JSON Lines or Parquet"
    return None
