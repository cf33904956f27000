"""Look at every selected image, in workers, before any row is written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from builder.images.facts import AuditFacts, Seen, gather, refuse_broken
from builder.images.inspect import inspect, look
from builder.pipeline.bring import run_tasks
from builder.sources.read import read_stamped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from builder.pipeline.prepare import Prepared
    from builder.pipeline.work import Work
    from builder.sources.member import LocalMember, Member

# Images a task: enough to be worth sending, few enough to show progress.
_CHUNK = 64


@dataclass(frozen=True)
class LookTask:
    """Some images to look at.

    Attributes
    ----------
    members : sequence of Member, length k
    sizes : int32[k, 2], optional
        Width and height that the source states for each; 0 where it does not.
    """

    members: Sequence[Member]
    sizes: NDArray[np.int32] | None


def examine(
    prepared: Prepared,
    members: Sequence[Member],
    work: Work,
    *,
    decode: bool,
    digests: bool = True,
    allow_broken: bool = False,
) -> Seen:
    """Look at every image; broken ones are told, and refused unless allowed.

    Parameters
    ----------
    prepared : Prepared
    members : sequence of Member
        Where each image lies.
    work : Work
    decode : bool
        Decode the images, not only read them.
    digests : bool
        Read the images even if they are not decoded and the selection is settled
        without them.
    allow_broken : bool
        Go on although images are broken.

    Raises
    ------
    SourceError
        An image could not be read.
    ImageError
        Images are broken, and that is not allowed, or all of them are.
    """
    if not (decode or digests or not prepared.selection.is_settled):
        return Seen(prepared.keys, AuditFacts.of(len(members)), prepared.sizes)
    seen = see(prepared.keys, members, work, sizes=prepared.sizes, decode=decode)
    refuse_broken(seen.broken, total=len(members), allow_broken=allow_broken)
    return seen


def see(
    keys: Sequence[str],
    members: Sequence[Member],
    work: Work,
    *,
    sizes: NDArray[np.int32] | None = None,
    decode: bool,
) -> Seen:
    """Read every image once; take its digest, check it, and decode it if asked to.

    Parameters
    ----------
    keys : sequence of str, length n
    members : sequence of Member, length n
    work : Work
    sizes : int32[n, 2], optional
        Width and height that the source states for each; 0 where it does not.
    decode : bool

    Raises
    ------
    SourceError
        An image could not be read; broken ones are only told.
    """
    facts = AuditFacts.of(len(members))
    done = 0
    look_at = partial(_look, decode=decode)
    for part in run_tasks(work, look_at, _tasks(members, sizes)):
        facts.put(np.arange(done, done + len(part)), part)
        done += len(part)
        work.tell("look", len(part), len(members))
    return Seen(keys, facts, sizes, decoded=decode, read=True)


def _tasks(
    members: Sequence[Member], sizes: NDArray[np.int32] | None
) -> Iterator[LookTask]:
    """Make tasks as they are needed: they take no room however many there are."""
    for at in range(0, len(members), _CHUNK):
        part = slice(at, at + _CHUNK)
        yield LookTask(members[part], None if sizes is None else sizes[part])


def _look(task: LookTask, files: Sequence[LocalMember], *, decode: bool) -> AuditFacts:
    """Look at the images of one task; pixels stay in the worker."""
    sizes = [(0, 0)] * len(files) if task.sizes is None else task.sizes.tolist()
    found, stamps = [], []
    for file, (width, height) in zip(files, sizes, strict=True):
        data, stamp = read_stamped(file)
        see = inspect if decode else look
        found.append(see(data, width=width or None, height=height or None))
        stamps.append(stamp)
    return gather(found, stamps)
