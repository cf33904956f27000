"""What files are that were given as tables or archives and are none. Pure."""

from __future__ import annotations

HEAD = 512  # bytes that tell it

_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
# By how they begin: as a user would call it, and what can be done.
_PACKED = (
    (b"\x1f\x8b", "a gzip file: unpack it (gunzip)"),
    (b"BZh", "a bzip2 file: unpack it (bunzip2)"),
    (b"\xfd7zXZ", "an xz file: unpack it (unxz)"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file: unpack it (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (b"Rar!", "a RAR archive: unpack it"),
    (b"version https://git-lfs", "a Git LFS pointer: run git lfs pull"),
    (b"\x89HDF", "an HDF5 file: save what is in it as files of their own"),
)
_MARKS = (b"\xff\xfe", b"\xfe\xff")
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*", b"BM")


def is_zip(head: bytes) -> bool:
    """Whether a file that begins so is a zip."""
    return head.startswith(_ZIPS)


def table_fault(head: bytes) -> str | None:
    """Return what a file is that is no table, and the next step; None if it may be one.

    >>> table_fault(bytes.fromhex("1f8b0800"))
    'a gzip file: unpack it (gunzip)'
    """
    step = "save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"
    if head.startswith(_MARKS):
        return f"text in UTF-16: {step}"
    # Of Latin letters, every other byte is empty in UTF-16.
    one, other = head[:64:2], head[1:64:2]
    if other and any(one) != any(other) and (all(one) or all(other)):
        return f"text in UTF-16: {step}"
    if is_zip(head):
        return "a zip: let its name end in .zip, or unpack it"
    if head.startswith(_PICTURES[:3]):
        return "an image: give the table"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "an HTML page, which was saved in its place: get it again"
    return _packed(head)


def archive_fault(head: bytes) -> str | None:
    """Return what a file is that is no zip of images; None if it may be one."""
    if head[257:262] == b"ustar":
        return "a tar archive: unpack it, and give the folder"
    if head.startswith(_PICTURES):
        return "a single image: give the folder in which it lies"
    return _packed(head)


def _packed(head: bytes) -> str | None:
    return next((kind for start, kind in _PACKED if head.startswith(start)), None)
