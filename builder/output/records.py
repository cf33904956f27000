"""What trimset writes of an output, as typed records for `builder.output.build`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from builder.output.digests import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# Everything that is not part of the result lies here, and goes when it is whole.
STATE = ".trimset"
KIND, LAST = "trimset.manifest/1", "manifest.json"
EXPORT_KIND, EXPORT_LAST = "trimset.export/1", "trimset.json"
LOCK_KIND, LOCK = "trimset.selection/1", "selection.json"
MARK = f"{STATE}/build.json"
SHARDS = f"{STATE}/shards"

Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0)]


class FileEntry(msgspec.Struct, frozen=True):
    """What a manifest says of a file; of a shard all but the last is there."""

    sha256: Digest
    bytes: Count
    rows: Count | None = None
    num_bytes: Count | None = None
    rows_sha256: Digest | None = None
    images_sha256: Digest | None = None


class SplitEntry(msgspec.Struct, frozen=True):
    """What a manifest says of a split."""

    num_examples: Count
    num_bytes: Count
    download_size: Count
    files: list[str]


class BrokenEntry(msgspec.Struct, frozen=True):
    """An image that was left out, by its key, and why."""

    image: str
    reason: str


class Manifest(msgspec.Struct, frozen=True):
    """manifest.json, as far as it is used by other than the card.

    Attributes
    ----------
    content : dict
        All of it, as it stands in the file.
    """

    format: str
    dataset: str
    key: str
    digest: str
    versions: dict[str, str]
    recipe: dict[str, Any]
    options: dict[str, Any]
    sources: list[dict[str, Any]]
    selection: str
    features: dict[str, dict[str, Any]]
    configs: dict[str, dict[str, SplitEntry]]
    audit: dict[str, Any]
    broken: list[BrokenEntry]
    files: dict[str, FileEntry]
    content: dict[str, Any] = {}

    @property
    def is_intact(self) -> bool:
        """Whether its digest is that of everything else in it."""
        return _is_intact(self.content)


class Input(msgspec.Struct, frozen=True):
    """A source that a selection was made from."""

    role: str
    name: str
    sha256: Digest


class Lock(msgspec.Struct, frozen=True):
    """selection.json; `content` is all of it, as it stands in the file."""

    format: str
    dataset: str
    rule: str
    recipe: dict[str, Any]
    inputs: list[Input]
    draws: dict[str, dict[str, list[str]]]
    digest: str
    content: dict[str, Any] = {}

    @property
    def is_intact(self) -> bool:
        """Whether its digest is that of everything else in it."""
        return _is_intact(self.content)


class OutputRecord(msgspec.Struct, frozen=True):
    """What the last file of any output, of a build or an export, says of it."""

    format: str
    key: str
    files: dict[str, Any]
    content: dict[str, Any] = {}


class ShardRecord(msgspec.Struct, frozen=True):
    """A whole shard, by the task that wrote it."""

    path: str
    task: Digest
    sha256: Digest
    bytes: Count
    rows: Count
    num_bytes: Count
    rows_sha256: Digest
    images_sha256: Digest


class Previous(msgspec.Struct, frozen=True):
    """What a mark keeps of an earlier output."""

    files: dict[str, Any] = {}


class Mark(msgspec.Struct, frozen=True):
    """The mark of an output that is not finished."""

    format: str
    key: str
    previous: Previous


def _is_intact(content: Mapping[str, Any]) -> bool:
    rest = {name: value for name, value in content.items() if name != "digest"}
    try:
        return bool(content.get("digest") == digest_of(rest))
    except ValueError:  # half a character, as JSON can spell it
        return False
