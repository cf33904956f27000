"""Frozen, picklable records that pass between the stages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """Where the bytes of one image lie: a file of its own, or one member of a zip.

    The last five fields are those of `zipfile.ZipInfo`, under its names, and are
    at their defaults where the image is a file of its own.

    Attributes
    ----------
    name : str
        Key of the image in the source, such as ``train2017/000000000009.jpg``.
    url : str
        Local path or fsspec URL of the file, or of the zip that holds it.
    file_size : int
        Bytes of the image itself; -1 where the source does not tell.
    etag : str
        Entity tag of `url`, where it has one; empty for local files.
    header_offset : int
        Offset of the member's local header in the zip; -1 for a file of its own.
    span : int
        Bytes from `header_offset` to the next local header or to the central
        directory: the one range that is sure to hold header and data.
    compress_size, compress_type, CRC : int
        As in the central directory.
    """

    name: str
    url: str
    file_size: int
    etag: str = ""
    header_offset: int = -1
    span: int = 0
    compress_size: int = 0
    compress_type: int = 0
    CRC: int = 0

    @property
    def in_zip(self) -> bool:
        """Whether the image is a member of a zip."""
        return self.header_offset >= 0
