"""What verify asks of images: that images.sha256 is of them, and their limits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from builder.errors import VerifyError
from builder.limits import MAX_RECORD, OF_IMAGES, Limits
from builder.output.image_digests import differences, digests_of, read_digests
from builder.output.records import DIGESTS, LAST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.images.facts import Seen
    from builder.output.folder import Folder
    from builder.output.records import Manifest


def check_images(
    root: Folder, manifest: Manifest, held: set[tuple[str, str]], *, whole: bool
) -> Iterator[str]:
    """Compare images.sha256 with the images of the shards, as far as they are there.

    Parameters
    ----------
    root : Folder
    manifest : Manifest
    held : set of (str, str)
        Base name and sha256 of each image of the shards.
    whole : bool
        Whether all shards could be read.
    """
    try:
        listed = read_digests(
            root.read(DIGESTS, MAX_RECORD) or b"", where=DIGESTS, error=VerifyError
        )
    except VerifyError as err:
        yield str(err)
        return
    if manifest.options.image_size is not None:
        return  # the shards have others, made of these
    keys: dict[str, list[str]] = {}
    for key, sha256 in listed.items():
        keys.setdefault(sha256, []).append(PurePosixPath(key).name)
    for name, sha256 in sorted(held):
        if not any(_is_of(name, base) for base in keys.get(sha256, ())):
            yield f"{DIGESTS}: has no line of the image {name} with its sha256"
            return
    found = {sha256 for _, sha256 in held}
    for key, sha256 in listed.items():
        if whole and sha256 not in found:
            yield f"{DIGESTS}: no shard has the image of {key}"
            return


def limits_of(root: Folder, manifest: Manifest, given: Limits) -> Limits:
    """Return the limits of a build, as those decide which images are broken.

    Who made the build may have stated any: wider ones than given are not taken.

    Raises
    ------
    VerifyError
        They are wider.
    """
    found = {}
    for name in OF_IMAGES:
        value = getattr(manifest.options, name)
        most = getattr(given, name)
        option = f"--{name.replace('_', '-')}"
        if value > most:
            msg = (
                f"{root.url}: {LAST}: was built with {option} {value}, allowed are"
                f" {most}: give {option} {value} to read its source like that"
            )
            raise VerifyError(msg)
        found[name] = value
    return replace(given, **found)


def compare_images(root: Folder, seen: Seen) -> Iterator[str]:
    """Compare images.sha256 with the images of the source."""
    try:
        listed = read_digests(
            root.read(DIGESTS, MAX_RECORD) or b"", where=DIGESTS, error=VerifyError
        )
    except VerifyError:
        return  # which was told
    found = digests_of(seen)
    for fault in differences(listed, found)[:1]:
        yield f"{DIGESTS}: {fault}"
    for key in sorted(set(listed) - set(found))[:1]:
        yield f"{DIGESTS}: {key}: the source has no such image, or a broken one"


def _read(root: Folder) -> dict[str, str]:
    return read_digests(
        root.read(DIGESTS, MAX_RECORD) or b"", where=DIGESTS, error=VerifyError
    )


def _is_of(name: str, base: str) -> bool:
    """Whether an image in a shard has the name of a key, which may lack the ending."""
    return name == base or name.startswith(f"{base}.")
