"""Look at every selected image, in workers, before any row is written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from builder.errors import ImageError
from builder.images.facts import AuditFacts, gather
from builder.images.inspect import ImageFacts, inspect, look
from builder.pipeline.execute import map_bounded
from builder.sources.cache import Cache
from builder.sources.fetch import fetch
from builder.sources.read import read_stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from builder.sources.member import Member

# Images a task: enough to be worth sending, few enough to show progress.
_CHUNK = 64
Size = tuple[int | None, int | None]


@dataclass(frozen=True)
class Audit:
    """What is known of the selected images.

    Attributes
    ----------
    names : list of str, length n
        Key of each image, as `builder.selection.contract.Prepared.locate` gives them.
    facts : AuditFacts
        Of these n images. Where they were not decoded, all is empty but the digests,
        the stamps and the reasons.
    decoded : bool
    """

    names: list[str]
    facts: AuditFacts
    decoded: bool

    @classmethod
    def of(cls, names: list[str], *, decoded: bool = False) -> Audit:
        """Return what is known at first: nothing."""
        return cls(names, AuditFacts.of(len(names)), decoded)

    @property
    def broken(self) -> dict[str, str]:
        """Why an image is broken, by the key of each that is."""
        reasons = sorted(self.facts.reasons.items())
        return {self.names[row]: reason for row, reason in reasons}


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
    # Made as they are needed, so that they take no room however many there are.
    tasks = (
        [
            (members[name], sizes.get(name, (None, None)))
            for name in names[at : at + _CHUNK]
        ]
        for at in range(0, len(names), _CHUNK)
    )
    work = partial(_look, decode=decode)
    audit = Audit.of(names, decoded=decode)
    done = 0
    for part in map_bounded(executor, work, tasks, limit=2 * workers):
        audit.facts.put(np.arange(done, done + len(part)), part)
        done += len(part)
        if progress:
            progress("look", len(part), len(names))
    return audit


def refuse_broken(broken: Mapping[str, str], *, total: int, allow_broken: bool) -> None:
    """Raise ImageError naming all broken images, unless they are allowed."""
    if broken and not allow_broken:
        listed = "; ".join(f"{name} {why}" for name, why in sorted(broken.items()))
        msg = (
            f"{len(broken)} of {total} selected images are broken: {listed}; mend the"
            " source, or go on without them with --allow-broken"
        )
        raise ImageError(msg)


def _look(images: Sequence[tuple[Member, Size]], *, decode: bool) -> AuditFacts:
    """Look at the images of one task; pixels stay in the worker."""
    members = fetch([member for member, _ in images], cache=Cache())
    found = [
        _look_at(member, size, decode)
        for member, (_, size) in zip(members, images, strict=True)
    ]
    return gather([facts for facts, _ in found], [stamp for _, stamp in found])


def _look_at(member: Member, size: Size, decode: bool) -> tuple[ImageFacts, int]:
    data, stamp = read_stamped(member)
    see = inspect if decode else look
    return see(data, width=size[0], height=size[1]), stamp
