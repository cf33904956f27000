"""Make the images smaller, where that is asked for, before any row is written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import PIL

from builder.errors import ImageError
from builder.images.facts import AuditFacts, Seen, gather, refuse_broken
from builder.images.inspect import ImageFacts
from builder.images.open import told
from builder.images.resize import METHOD, resize
from builder.images.sizes import resized_size
from builder.images.tags import BrokenError
from builder.pipeline.bring import in_columns, no_memory, run_tasks
from builder.sources.member import LocalMember, RemoteMember
from builder.sources.read import read_stamped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from builder.limits import Limits
    from builder.pipeline.work import Work
    from builder.sources.cache import Cache
    from builder.sources.member import Member

# Images a task: a large photograph takes up to a tenth of a second.
_CHUNK = 16


@dataclass(frozen=True)
class Resized:
    """The images as they go into the rows, and what is known of them.

    Attributes
    ----------
    members : sequence of Member
        Where each image lies: in the cache, or still in the source where it is no
        larger than asked for, or broken.
    known : Seen
        Digest and stamp of each of these files, and why an image is broken.
    seen : Seen
        What was seen of the images of the source, with the sizes that they are
        written in, and why an image is broken.
    """

    members: Sequence[Member]
    known: Seen
    seen: Seen


@dataclass(frozen=True)
class ResizeTask:
    """Some images to resize.

    Attributes
    ----------
    members : sequence of Member, length k
    sha256 : uint8[k, 32]
        Digest of each, as it was seen.
    """

    members: Sequence[Member]
    sha256: NDArray[np.uint8]


def resize_images(
    members: Sequence[Member],
    seen: Seen,
    work: Work,
    *,
    image_size: int | None,
    allow_broken: bool = False,
    anew: bool = False,
) -> Resized:
    """Resize every good image that is larger than asked for, into the cache.

    One that is there already is verified and not made again.

    Parameters
    ----------
    members : sequence of Member
        Where each image of the source lies, on this machine.
    seen : Seen
        What was seen of these images; the digest of each at least.
    work : Work
        Of this machine, where the cache is.
    image_size : int, optional
        Shorter side, in pixels; if not given, nothing is done.
    allow_broken : bool
        Go on although images cannot be resized.
    anew : bool
        Make the images again, whatever the cache holds.

    Raises
    ------
    SourceError
        An image could not be read, or is another one than was looked at.
    ImageError
        Images cannot be resized, and that is not allowed.
    OutputError
        The cache cannot be written.
    """
    if image_size is None:
        return Resized(members, seen, seen)
    work.cache.sweep()
    facts = seen.facts.take(np.arange(len(members)))
    is_good = facts.is_good
    good = np.flatnonzero(is_good)
    chunks = [good[at : at + _CHUNK] for at in range(0, len(good), _CHUNK)]

    def tasks() -> Iterator[ResizeTask]:
        for rows in chunks:
            some = [members[row] for row in rows.tolist()]
            yield ResizeTask(some, seen.facts.sha256[rows])

    resize_some = partial(
        _resize,
        image_size=image_size,
        cache=work.cache,
        anew=anew,
        limits=work.limits,
    )
    parts = run_tasks(work, resize_some, tasks())

    def made() -> Iterator[LocalMember]:
        for rows, (files, part) in zip(chunks, parts, strict=True):
            facts.put(rows, part)
            work.tell("resize", len(rows), len(good))
            yield from files

    smaller = made()
    found = in_columns(
        next(smaller) if is_one else member
        for member, is_one in zip(members, is_good.tolist(), strict=True)
    )
    sizes = _resized_sizes(seen.sizes, image_size)
    known = Seen(seen.keys, facts, sizes, read=True)
    refuse_broken(known, allow_broken=allow_broken)
    whole = replace(seen.facts, reasons=facts.reasons)
    return Resized(found, known, replace(seen, facts=whole, sizes=sizes))


def _resized_sizes(
    sizes: NDArray[np.int32] | None, image_size: int
) -> NDArray[np.int32] | None:
    """Return the sizes that images get, where the source states those they have."""
    if sizes is None:
        return None
    smaller = [
        resized_size(width, height, image_size) for width, height in sizes.tolist()
    ]
    return np.array(smaller, dtype=np.int32).reshape(-1, 2)


def _resize(
    task: ResizeTask,
    files: Sequence[LocalMember],
    *,
    image_size: int,
    cache: Cache,
    anew: bool,
    limits: Limits,
) -> tuple[list[LocalMember], AuditFacts]:
    """Resize the images of one task; pixels stay in the worker."""
    found = [
        _resize_one(file, digest.tobytes(), image_size, cache, limits, anew=anew)
        for file, digest in zip(files, task.sha256, strict=True)
    ]
    made = [file for file, _, _ in found]
    return made, gather([facts for _, facts, _ in found], [s for _, _, s in found])


def _resize_one(
    member: LocalMember,
    sha256: bytes,
    image_size: int,
    cache: Cache,
    limits: Limits,
    *,
    anew: bool,
) -> tuple[LocalMember, ImageFacts, int]:
    """Return where the resized image lies, its digest and its stamp."""
    kept = _in_cache(sha256.hex(), image_size)
    path = None if anew else cache.find(kept)
    if path is None:
        data, stamp = read_stamped(member)
        if hashlib.sha256(data).digest() != sha256:
            msg = (
                f"{member.name}: is another image than was looked at before: the source"
                " changed; run it again"
            )
            raise ImageError(msg)
        try:
            small = resize(data, image_size, limits)
        except MemoryError as err:  # which says nothing of the image
            raise no_memory(member, "resize it") from err
        except BrokenError as err:
            return member, ImageFacts(sha256, f"cannot be resized: it {err}"), stamp
        except Exception as err:  # decoders raise what they like
            reason = f"cannot be resized: {told(err)}"
            return member, ImageFacts(sha256, reason), stamp
        if small is data:
            return member, ImageFacts(sha256), stamp
        path = cache.write(kept, small)
    file = LocalMember(member.name, str(path), path.stat().st_size)
    data, stamp = read_stamped(file)
    return file, ImageFacts(hashlib.sha256(data).digest()), stamp


def _in_cache(sha256: str, image_size: int) -> RemoteMember:
    """Return under what a resized image is kept: what it is of, how, and how large."""
    url = f"image-size:{image_size}/{sha256}"
    return RemoteMember(
        sha256, url, -1, etag=f"pillow-{PIL.__version__}, method {METHOD}"
    )
