"""Look at every selected image, in workers, before any row is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from builder.images.facts import MISSING, AuditFacts, Seen, gather, refuse_broken
from builder.images.inspect import inspect, look
from builder.pipeline.bring import no_memory, run_tasks
from builder.sources.read import read_stamped
from builder.sources.scratch import on_disk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from builder.limits import Limits
    from builder.pipeline.bring import Arriving
    from builder.pipeline.prepare import Prepared
    from builder.pipeline.work import Work
    from builder.sources.member import LocalMember, Member

# Images a task: enough to be worth sending, few enough to show progress.
_CHUNK = 64
# What is seen of more images than this lies on the disk: 655 bytes each.
IN_MEMORY = 1_000_000


@dataclass(frozen=True)
class LookTask:
    """Some images to look at.

    Attributes
    ----------
    numbers : int64[k]
    members : sequence of Member, length k
    sizes : int32[k, 2], optional
        Width and height that the source states for each; 0 where it does not.
    """

    numbers: NDArray[np.int64]
    members: Sequence[Member]
    sizes: NDArray[np.int32] | None


def examine(
    prepared: Prepared,
    images: Arriving,
    work: Work,
    *,
    decode: bool,
    digests: bool = True,
    allow_broken: bool = False,
    missing: NDArray[np.int64] | None = None,
) -> Seen:
    """Look at every image as it comes; broken ones are told, and refused or allowed.

    Parameters
    ----------
    prepared : Prepared
    images : Arriving
    work : Work
    decode : bool
        Decode the images, not only read them.
    digests : bool
        Read the images even if they are not decoded and the selection is settled
        without them.
    allow_broken : bool
        Go on although images are broken.
    missing : ndarray of int64, optional
        Numbers of the images that are nowhere.

    Raises
    ------
    SourceError
        An image could not be read.
    ImageError
        Images are broken, and that is not allowed, or all of them are.
    """
    measured = any(group.is_measured for group in prepared.images)
    if not (decode or digests or measured or not prepared.selection.is_settled):
        facts = unseen(len(images.members), work, missing)
        return Seen(prepared.keys, facts, prepared.sizes)
    seen = see(
        prepared.keys,
        images.members,
        work,
        numbers=images.numbers,
        sizes=prepared.sizes,
        decode=decode,
        missing=missing,
    )
    refuse_broken(seen, allow_broken=allow_broken)
    return replace(seen, sizes=_sizes(prepared, seen)) if measured else seen


def _sizes(prepared: Prepared, seen: Seen) -> NDArray[np.int32] | None:
    """Return the sizes of the rows, with those of the pixels where these are asked."""
    own = np.repeat(
        [group.is_measured for group in prepared.images],
        [len(group.keys) for group in prepared.images],
    )
    stated = 0 if seen.sizes is None else seen.sizes
    sizes: NDArray[np.int32] = np.where(own[:, np.newaxis], seen.facts.sizes, stated)
    return sizes


def see(
    keys: Sequence[str],
    members: Sequence[Member],
    work: Work,
    *,
    numbers: Iterable[int] | None = None,
    sizes: NDArray[np.int32] | None = None,
    decode: bool,
    missing: NDArray[np.int64] | None = None,
) -> Seen:
    """Read every image once; take its digest, check it, and decode it if asked to.

    Parameters
    ----------
    keys : sequence of str, length n
    members : sequence of Member, length n
    work : Work
    numbers : iterable of int, optional
        The image numbers in the order in which they may be read, if not in their own:
        a member is not looked up before its number came.
    sizes : int32[n, 2], optional
        Width and height that the source states for each; 0 where it does not.
    decode : bool
    missing : ndarray of int64, optional
        Numbers of the images that are nowhere, and not read.

    Raises
    ------
    SourceError
        An image could not be read; broken ones are only told.
    """
    facts = unseen(len(members), work, missing, decoded=decode)
    is_there = facts.is_good
    total = int(is_there.sum())
    coming = range(len(members)) if numbers is None else numbers
    there = (number for number in coming if is_there[number])
    look_at = partial(_look, decode=decode, limits=work.limits)
    for rows, part in run_tasks(work, look_at, _tasks(there, members, sizes)):
        facts.put(rows, part)
        work.tell("look", len(rows), total)
    return Seen(keys, facts, sizes, decoded=decode, read=True)


def unseen(
    n: int,
    work: Work,
    missing: NDArray[np.int64] | None = None,
    *,
    decoded: bool = False,
) -> AuditFacts:
    """Return what is known of images of which some are nowhere, before a look at them.

    Raises
    ------
    OutputError
        They are many, and the disk of the cache has no room for what will be seen.
    """
    if n > IN_MEMORY:
        make = partial(on_disk, folder=work.cache.root)
        facts = AuditFacts.of(n, decoded=decoded, make=make)
    else:
        facts = AuditFacts.of(n, decoded=decoded)
    if missing is not None:
        facts.reasons.update(dict.fromkeys(missing.tolist(), MISSING))
    return facts


def _tasks(
    there: Iterator[int],
    members: Sequence[Member],
    sizes: NDArray[np.int32] | None,
) -> Iterator[LookTask]:
    """Make tasks as they are needed: they take no room however many there are."""
    while some := list(islice(there, _CHUNK)):
        numbers = np.array(some, np.int64)
        part = None if sizes is None else sizes[numbers]
        yield LookTask(numbers, [members[number] for number in some], part)


def _look(
    task: LookTask, files: Sequence[LocalMember], *, decode: bool, limits: Limits
) -> tuple[NDArray[np.int64], AuditFacts]:
    """Look at the images of one task; pixels stay in the worker."""
    sizes = [(0, 0)] * len(files) if task.sizes is None else task.sizes.tolist()
    found, stamps = [], []
    for file, (width, height) in zip(files, sizes, strict=True):
        data, stamp = read_stamped(file)
        see = inspect if decode else look
        try:
            facts = see(data, width=width or None, height=height or None, limits=limits)
        except MemoryError as err:  # which says nothing of the image
            raise no_memory(file, "look at it") from err
        found.append(facts)
        stamps.append(stamp)
    return task.numbers, gather(found, stamps)
