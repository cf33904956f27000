"""What trimset writes of an output, as typed records for `builder.output.build`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from builder.limits import LIMITS, MAX_NAME, MAX_PART
from builder.output.digests import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# Everything that is not part of the result lies here, and goes when it is whole.
STATE = ".trimset"
KIND, LAST = "trimset.manifest/1", "manifest.json"
README = "README.md"
EXPORT_KIND, EXPORT_LAST = "trimset.export/1", "trimset.json"
LOCK_KIND, LOCK = "trimset.selection/1", "selection.json"
DIGESTS = "images.sha256"
MARK = f"{STATE}/build.json"
SHARDS = f"{STATE}/shards"

Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Text = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
#: Of a dataset, a config, a split or a package.
Name = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=MAX_PART,
        pattern=r"^(?!\.{1,2}\Z)[^\x00-\x1f\x7f/\\]+\Z",
    ),
]


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
    files: list[Text]


class SourceEntry(msgspec.Struct, frozen=True):
    """What a manifest says of a file, or of the images, that a build was made from."""

    role: Text
    name: Text
    sha256: Digest
    url: str = ""
    bytes: Count | None = None
    images: Count | None = None


class Options(msgspec.Struct, frozen=True):
    """The options that decide a build besides its recipe."""

    max_shard_size: Annotated[int, msgspec.Meta(ge=1)] | None = None
    allow_broken: bool = False
    audit: bool = True
    image_size: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_pixels: Annotated[int, msgspec.Meta(ge=1)] = LIMITS.max_pixels
    max_scans: Annotated[int, msgspec.Meta(ge=1)] = LIMITS.max_scans


class BrokenEntry(msgspec.Struct, frozen=True):
    """An image that was left out, by its key, and why."""

    image: Text
    reason: str


class CardEntry(msgspec.Struct, frozen=True):
    """What a manifest on the Hub says of the card that was pushed with it.

    Attributes
    ----------
    generated, pushed : dict of str to str
        Digests of its parts: as the build has them, and as they were pushed, with what
        people had written there.
    """

    generated: dict[str, Digest]
    pushed: dict[str, Digest]


class Manifest(msgspec.Struct, frozen=True):
    """manifest.json, as far as it is used by other than the card.

    Attributes
    ----------
    repo_id, card
        Where it was pushed to, and the card there; a build has neither.
    content : dict
        All of it, as it stands in the file.
    """

    format: Text
    dataset: Name
    key: Text
    digest: Text
    versions: dict[Name, Text]
    recipe: dict[str, Any]
    options: Options
    sources: list[SourceEntry]
    selection: Text
    features: dict[Name, dict[str, Any]]
    configs: dict[Name, dict[Name, SplitEntry]]
    audit: dict[str, Any]
    broken: list[BrokenEntry]
    files: dict[str, FileEntry]
    about: dict[str, Any] = {}
    missing: list[Text] = []
    located: dict[Text, Count] = {}
    repo_id: Text = ""
    card: CardEntry | None = None
    content: dict[str, Any] = {}

    @property
    def is_intact(self) -> bool:
        """Whether its digest is that of everything else in it."""
        return _is_intact(self.content)


class Input(msgspec.Struct, frozen=True):
    """A source that a selection was made from."""

    role: Text
    name: Text
    sha256: Digest


class Lock(msgspec.Struct, frozen=True):
    """selection.json; `content` is all of it, as it stands in the file."""

    format: Text
    dataset: Name
    rule: str
    recipe: dict[str, Any]
    inputs: list[Input]
    draws: dict[Name, dict[Name, list[Text]]]
    digest: Text
    content: dict[str, Any] = {}

    @property
    def is_intact(self) -> bool:
        """Whether its digest is that of everything else in it."""
        return _is_intact(self.content)


class OutputRecord(msgspec.Struct, frozen=True):
    """What the last file of any output, of a build or an export, says of it."""

    format: Text
    key: Text
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

    format: Text
    key: Text
    previous: Previous


def _is_intact(content: Mapping[str, Any]) -> bool:
    rest = {name: value for name, value in content.items() if name != "digest"}
    try:
        return bool(content.get("digest") == digest_of(rest))
    except ValueError:  # half a character, as JSON can spell it
        return False
