"""From images that were located to rows that are settled: the stages, once.

Build, export and verify run them as far as they need, and differ in nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.errors import UsageError
from builder.output.image_digests import beside, check_digests
from builder.output.lock import check_lock, make_lock
from builder.pipeline.bring import bring, in_columns
from builder.pipeline.examine import examine
from builder.pipeline.resize import resize_images

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.images.facts import Seen
    from builder.pipeline.locate import LocatedImages
    from builder.pipeline.prepare import Prepared, Request
    from builder.pipeline.work import Work
    from builder.selection.contract import Selection
    from builder.sources.member import Member


@dataclass(frozen=True)
class Settled:
    """A selection every row of which is known, and the images that it is of.

    Attributes
    ----------
    selection : Selection
    lock : dict
        Its selection.json.
    originals, members : sequence of Member
        Where each image lies as the source has it, and as it goes into the rows.
    seen : Seen
        What was seen of the originals.
    known : Seen
        What is known of the files that go into the rows.
    """

    selection: Selection
    lock: dict[str, Any]
    originals: Sequence[Member]
    members: Sequence[Member]
    seen: Seen
    known: Seen

    @property
    def skipped(self) -> list[list[str]]:
        """What the key of an output has besides, where images are nowhere."""
        return [self.seen.missing] if self.seen.missing else []


def settle(
    prepared: Prepared,
    request: Request,
    located: LocatedImages,
    work: Work,
    *,
    image_size: int | None = None,
    decode: bool = True,
    digests: bool = True,
    allow_broken: bool = False,
    anew: bool = False,
) -> Settled:
    """Bring the images, look at them, resize them, and settle the selection.

    Parameters
    ----------
    prepared : Prepared
    request : Request
    located : LocatedImages
    work : Work
    image_size : int, optional
        Shorter side that larger images are resized to, in pixels.
    decode, digests
        See `builder.pipeline.examine.examine`; resizing needs the digests, and so does
        a lock with images.sha256 beside it, which every image is compared with.
    allow_broken : bool
        Go on although images are broken.
    anew : bool
        Resize all images again, whatever the cache holds.

    Raises
    ------
    SourceError
        An image cannot be read, is broken, or is not the one of the lock.
    SelectionError
        The selection is not that of the lock.
    """
    listed = None
    if request.lock is not None:
        path, listed = beside(request.lock, work.limits)
        if listed is None:
            work.say(
                f"{path}: is not beside the lock, which alone proves the rows, and not"
                " the bytes of their images"
            )
    with bring(located.members, work) as images:
        seen = examine(
            prepared,
            images,
            work,
            decode=decode,
            digests=digests or image_size is not None or listed is not None,
            allow_broken=allow_broken,
            missing=located.missing,
        )
    originals = in_columns(images.members)
    if listed is not None:
        check_digests(path, listed, seen)
    resized = resize_images(
        originals,
        seen,
        work,
        image_size=image_size,
        allow_broken=allow_broken,
        anew=anew,
    )
    selection = prepared.selection.settle(resized.seen)
    lock = make_lock(prepared.dataset.name, selection, prepared.inputs)
    if request.lock is not None:
        check_lock(request.lock, lock)
    return Settled(
        selection, lock, originals, resized.members, resized.seen, resized.known
    )


def check_resizing(image_size: int | None, *, remote_workers: bool) -> None:
    """Raise UsageError where images would be resized on other machines."""
    if image_size is not None and remote_workers:
        msg = (
            "--image-size: resized images are kept in the cache of this machine, which"
            " a cluster does not share: build without --scheduler"
        )
        raise UsageError(msg)
