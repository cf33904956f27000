"""Where the bytes of one file lie: elsewhere, or here; frozen, picklable records."""

from __future__ import annotations

from dataclasses import dataclass, field

from builder.sources.urls import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class _InZip:
    """What is known of a member of a zip; the defaults are those of a whole file.

    The fields are those of `zipfile.ZipInfo`, under its names, but for `span`.

    Attributes
    ----------
    header_offset : int
        Offset of the member's local header in the zip; -1 for a file of its own.
    span : int
        Bytes from `header_offset` to the next local header or to the central
        directory: the one range that is sure to hold header and data.
    compress_size, compress_type, CRC : int
        As in the central directory.
    """

    header_offset: int = -1
    span: int = 0
    compress_size: int = 0
    compress_type: int = 0
    CRC: int = 0

    @property
    def in_zip(self) -> bool:
        """Whether it is a member of a zip."""
        return self.header_offset >= 0


@dataclass(frozen=True, slots=True)
class RemoteMember(_InZip):
    """A file that lies elsewhere: a file of its own, or one member of a zip.

    Attributes
    ----------
    name : str
        Key of the image in the source, such as ``images/000000000009.jpg``.
    url : str
        Of the file, or of the zip that holds it.
    file_size : int
        Bytes of the file itself; -1 where the source does not tell.
    etag : str
        Entity tag of `url`, where it has one.
    """

    name: str
    url: str
    file_size: int
    etag: str = ""

    @property
    def where(self) -> str:
        """What messages call `url`: without its secrets."""
        return shown(self.url)


@dataclass(frozen=True, slots=True)
class LocalMember(_InZip):
    """A file that lies here: a file of its own, or one member of a zip.

    Attributes
    ----------
    name : str
        Key of the image in the source, such as ``images/000000000009.jpg``.
    path : str
        Of the file, or of the zip that holds it.
    file_size : int
        Bytes of the file itself.
    root : str
        Folder, resolved, that no link may lead out of when it is opened; empty if it
        may. It is no part of what the member is.
    """

    name: str
    path: str
    file_size: int
    root: str = field(default="", compare=False, kw_only=True)

    @property
    def where(self) -> str:
        """What messages call `path`."""
        return self.path


# Which of the two it is is told once, where the file is found; `fetch` alone turns one
# into the other.
Member = RemoteMember | LocalMember
