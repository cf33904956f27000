"""The files that a dataset is made from, and how its official ones are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Input:
    """One file, or one folder of images, that a dataset is made from.

    Attributes
    ----------
    role : str
        What manifest and lock call it, such as ``train annotations``.
    option : str
        Name of the option that gives it: ``train_annotations`` is
        ``--train-annotations``, and a key of ``files`` in the library.
    kind : {"table", "images"}
    places : tuple of str
        Where it lies below a source, looked for in this order; or absolute paths and
        URLs. Of a table: a file, or ``archive.zip::member``. Of images: a folder, with
        a slash at its end (``./`` is the source itself), or a zip; if they are joined,
        a folder needs no slash.
    name : str
        Of images: what stands before a file name in their keys.
    joined : bool
        Of images: whether they are looked for in all places together, and not in the
        first that is there.
    needed : bool
        Whether nothing can be selected without it. Another one is not looked for
        where all needed ones are given and there is no source.
    joined : bool
        Of images: whether all places are looked through, or the first that is there.
    asked : str
        If not empty, it is only looked for when its option is given, and this word
        stands for its place below the source.
    about : str
        What the help says of its option, if that is more than where it is looked for.
    """

    role: str
    option: str
    kind: Literal["table", "images"]
    places: tuple[str, ...]
    name: str = ""
    needed: bool = True
    joined: bool = False
    asked: str = ""
    about: str = ""


@dataclass(frozen=True)
class Official:
    """The source that a dataset comes from, and how it is told from others.

    Attributes
    ----------
    url : str
        Of its server, in one of the layouts of the inputs.
    publisher : str
        Who published the images.
    sha256 : dict of str to str
        Digest of each of its tables, by role.
    """

    url: str
    publisher: str
    sha256: Mapping[str, str]

    def is_source(self, manifest: Mapping[str, Any]) -> bool:
        """Whether a build was made from these very tables, and no others.

        A list of duplicates may be missing or another one: see `has`.
        """
        needed = [role for role in self.sha256 if not role.endswith("duplicates")]
        return bool(needed) and all(self.has(manifest, role) for role in needed)

    def has(self, manifest: Mapping[str, Any], role: str) -> bool:
        """Whether the table of this role has the official digest."""
        digest = self.sha256.get(role)
        return digest is not None and any(
            entry["role"] == role
            and entry["sha256"] == digest
            and "images" not in entry
            for entry in manifest["sources"]
        )
