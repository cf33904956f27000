"""Look at every selected image, in workers, before any row is written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from builder.cache import Cache
from builder.errors import ImageError
from builder.execute import map_bounded
from builder.facts import AuditFacts, gather
from builder.fetch import fetch
from builder.pixels import ImageFacts, check_structure, inspect
from builder.readers import read_image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from builder.model import Member
    from builder.shard_tasks import ShardInfo

# Images a task: enough to be worth sending, few enough to show progress.
_CHUNK = 64
Size = tuple[int | None, int | None]


@dataclass(frozen=True)
class Audit:
    """What is known of the selected images.

    Attributes
    ----------
    names : list of str, length n
        Key of each image.
    facts : AuditFacts
        Of these n images. Where they were not decoded, all is empty but the digests
        and the reasons.
    decoded : bool
    """

    names: list[str]
    facts: AuditFacts
    decoded: bool

    @property
    def broken(self) -> dict[str, str]:
        """Why an image is broken, by the key of each that is."""
        pairs = zip(self.names, self.facts.reasons, strict=True)
        return {name: reason for name, reason in pairs if reason is not None}


def audit_images(
    members: Mapping[str, Member],
    sizes: Mapping[str, Size],
    *,
    executor: Executor,
    workers: int,
    decode: bool,
    progress: Callable[[str, int, int], None] | None = None,
) -> Audit:
    """Read every image once; take its digest, check it, and decode it if asked to.

    Parameters
    ----------
    members : dict of str to Member
        Where each image lies, by its key.
    sizes : dict of str to (int or None, int or None)
        Width and height that the source states, where it does.
    executor : concurrent.futures.Executor
    workers : int
        How many tasks it runs at a time.
    decode : bool

    Raises
    ------
    SourceError
        An image could not be read; broken ones are only told.
    """
    names = list(members)
    chunks = [names[at : at + _CHUNK] for at in range(0, len(names), _CHUNK)]
    tasks = [
        [(members[name], sizes.get(name, (None, None))) for name in chunk]
        for chunk in chunks
    ]
    look = partial(_look, decode=decode)
    parts = []
    for part in map_bounded(executor, look, tasks, limit=2 * workers):
        parts.append(part)
        if progress:
            progress("look", len(part.reasons), len(names))
    return Audit(names, AuditFacts.join(parts), decoded=decode)


def refuse_broken(broken: Mapping[str, str], *, total: int, allow_broken: bool) -> None:
    """Raise ImageError naming all broken images, unless they are allowed."""
    if broken and not allow_broken:
        listed = "; ".join(f"{name} {why}" for name, why in sorted(broken.items()))
        msg = (
            f"{len(broken)} of {total} selected images are broken: {listed}; mend the"
            " source, or go on without them with --allow-broken"
        )
        raise ImageError(msg)


def audit_of_shards(shards: Sequence[ShardInfo], names: Sequence[str]) -> Audit:
    """Return what writing the shards told of the images, without decoding them."""
    digests = {name: value for shard in shards for name, value in shard.image_digests}
    broken = {name: reason for shard in shards for name, reason in shard.broken}
    facts = [
        ImageFacts(bytes.fromhex(digests[name]), broken.get(name)) for name in names
    ]
    return Audit(list(names), gather(facts), decoded=False)


def _look(images: Sequence[tuple[Member, Size]], *, decode: bool) -> AuditFacts:
    """Look at the images of one task; pixels stay in the worker."""
    members = fetch([member for member, _ in images], cache=Cache())
    sizes = [size for _, size in images]
    return gather(
        [_look_at(m, size, decode) for m, size in zip(members, sizes, strict=True)]
    )


def _look_at(member: Member, size: Size, decode: bool) -> ImageFacts:
    data = read_image(member)
    reason = check_structure(data, width=size[0], height=size[1])
    if reason or not decode:
        return ImageFacts(hashlib.sha256(data).digest(), reason)
    return inspect(data)


def rows_by_name(audit: Audit, names: Sequence[str]) -> np.ndarray:
    """Return the place in the audit of each name, int64[k]."""
    place = {name: row for row, name in enumerate(audit.names)}
    return np.array([place[name] for name in names], dtype=np.int64)
