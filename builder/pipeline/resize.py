"""Make the images smaller, where that is asked for, before any row is written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL

from builder.errors import ImageError
from builder.images.facts import AuditFacts, gather
from builder.images.inspect import ImageFacts
from builder.images.resize import METHOD, resize, resized_size
from builder.pipeline.execute import map_bounded
from builder.pipeline.look import Audit, refuse_broken
from builder.sources.member import Member
from builder.sources.read import read_stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from builder.output.schema import SplitRows
    from builder.selection.contract import Selection
    from builder.sources.cache import Cache

# Images a task: a photograph of SIIM-ISIC takes up to a tenth of a second.
_CHUNK = 16


@dataclass(frozen=True)
class Resized:
    """The images as they go into the rows, and what is known of them.

    Attributes
    ----------
    members : dict of str to Member
        Where each image lies, by its key: in the cache, or still in the source where
        it is no larger than asked for, or broken.
    audit : Audit
        Digest and stamp of each of these files, and why an image is broken.
    looked : Audit
        What was seen of the images of the source, and why an image is broken.
    """

    members: Mapping[str, Member]
    audit: Audit
    looked: Audit


def resize_images(
    members: Mapping[str, Member],
    looked: Audit,
    image_size: int | None,
    *,
    cache: Cache,
    executor: Executor,
    workers: int,
    allow_broken: bool = False,
    anew: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Resized:
    """Resize every good image that is larger than asked for, into the cache.

    One that is there already is verified and not made again.

    Parameters
    ----------
    members : dict of str to Member
        Where each image of the source lies, by its key, on this machine.
    looked : Audit
        What was seen of these images; the digest of each at least.
    image_size : int, optional
        Shorter side, in pixels; if not given, nothing is done.
    cache : Cache
    executor : concurrent.futures.Executor
        Of this machine, where the cache is.
    workers : int
        How many tasks it runs at a time.
    allow_broken : bool
        Go on although images cannot be resized.
    anew : bool
        Make the images again, whatever the cache holds.
    progress : callable, optional
        Called with ``resize``, the images just resized, and how many there are.

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
        return Resized(members, looked, looked)
    cache.sweep()
    found = dict(members)
    facts = looked.facts.take(np.arange(len(looked.names)))
    good = np.flatnonzero(facts.is_good)
    chunks = [good[at : at + _CHUNK] for at in range(0, len(good), _CHUNK)]
    names = [[looked.names[row] for row in rows.tolist()] for rows in chunks]
    tasks = (
        ([members[name] for name in some], looked.facts.sha256[rows])
        for some, rows in zip(names, chunks, strict=True)
    )
    work = partial(_resize, image_size=image_size, cache=cache, anew=anew)
    parts = map_bounded(executor, work, tasks, limit=2 * workers)
    for some, rows, (files, part) in zip(names, chunks, parts, strict=True):
        found.update(zip(some, files, strict=True))
        facts.put(rows, part)
        if progress:
            progress("resize", len(rows), len(good))
    audit = Audit(looked.names, facts, decoded=False)
    refuse_broken(audit.broken, total=len(members), allow_broken=allow_broken)
    seen = replace(looked.facts, reasons=facts.reasons)
    return Resized(found, audit, replace(looked, facts=seen))


def resized_rows(selection: Selection, image_size: int | None) -> list[SplitRows]:
    """Return the rows of a selection, with the sizes that its images get.

    Only where the source states sizes are ``width`` and ``height`` those of the image;
    elsewhere a column of that name is the metadata's own.
    """
    rows = selection.rows()
    if image_size is None or not selection.stated_sizes():
        return rows
    found = []
    for split in rows:
        columns = split.columns
        sizes = [
            resized_size(width, height, image_size)
            for width, height in zip(columns["width"], columns["height"], strict=True)
        ]
        sides = {"width": [w for w, _ in sizes], "height": [h for _, h in sizes]}
        found.append(replace(split, columns={**columns, **sides}))
    return found


def resized_record(selection: Selection, image_size: int | None) -> dict[str, Any]:
    """Return the record of an export, with the sizes as in `resized_rows`."""
    record = selection.export_record()
    if image_size is None or not selection.stated_sizes():
        return record
    images = {}
    for key, facts in record["images"].items():
        width, height = resized_size(facts["width"], facts["height"], image_size)
        images[key] = {**facts, "width": width, "height": height}
    return {**record, "images": images}


def _resize(
    task: tuple[list[Member], NDArray[np.uint8]],
    *,
    image_size: int,
    cache: Cache,
    anew: bool,
) -> tuple[list[Member], AuditFacts]:
    """Resize the images of one task; pixels stay in the worker."""
    found = [
        _resize_one(member, digest.tobytes(), image_size, cache, anew)
        for member, digest in zip(*task, strict=True)
    ]
    files = [member for member, _, _ in found]
    return files, gather([facts for _, facts, _ in found], [s for _, _, s in found])


def _resize_one(
    member: Member, sha256: bytes, image_size: int, cache: Cache, anew: bool
) -> tuple[Member, ImageFacts, int]:
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
            small = resize(data, image_size)
        except MemoryError:
            raise  # says nothing of the image
        except Exception as err:  # decoders raise what they like
            words = " ".join(str(err).split()) or type(err).__name__
            return member, ImageFacts(sha256, f"cannot be resized: {words}"), stamp
        if small is data:
            return member, ImageFacts(sha256), stamp
        path = cache.write(kept, small)
    file = Member(member.name, str(path), path.stat().st_size)
    data, stamp = read_stamped(file)
    return file, ImageFacts(hashlib.sha256(data).digest()), stamp


def _in_cache(sha256: str, image_size: int) -> Member:
    """Return under what a resized image is kept: what it is of, how, and how large."""
    url = f"image-size:{image_size}/{sha256}"
    return Member(sha256, url, -1, etag=f"pillow-{PIL.__version__}, method {METHOD}")
