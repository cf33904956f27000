"""Look at the images that were brought, and settle the selection by what is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.output.lock import check_lock
from builder.output.manifest import make_lock
from builder.pipeline.look import audit_images, refuse_broken

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor

    from builder.pipeline.look import Audit
    from builder.selection.contract import Prepared, Selection
    from builder.sources.member import Member


def examine(
    prepared: Prepared,
    members: Mapping[str, Member],
    *,
    executor: Executor,
    workers: int,
    decode: bool,
    digests: bool = True,
    allow_broken: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Audit:
    """Look at every image.

    Parameters
    ----------
    prepared : Prepared
    members : dict of str to Member
        Where each image lies, by its key.
    executor : concurrent.futures.Executor
    workers : int
        How many tasks it runs at a time.
    decode : bool
        Decode the images, not only read them.
    digests : bool
        Read the images even if they are not decoded and the selection does not
        depend on them.
    allow_broken : bool
        Go on although images are broken.
    progress : callable, optional
        Called with ``look``, the images just looked at, and how many there are.

    Returns
    -------
    Audit
        Without names where no image had to be looked at.

    Raises
    ------
    SourceError
        An image could not be read.
    ImageError
        Images are broken, and that is not allowed.
    """
    selection = prepared.selection
    looked = audit_images(
        members if decode or digests or selection.needs_digests else {},
        selection.stated_sizes(),
        executor=executor,
        workers=workers,
        decode=decode,
        progress=progress,
    )
    refuse_broken(looked.broken, total=len(members), allow_broken=allow_broken)
    return looked


def settle(
    prepared: Prepared,
    looked: Audit,
    *,
    lock: str | os.PathLike[str] | None = None,
) -> tuple[Selection, dict[str, Any]]:
    """Make of the selection what depends on the images, so that every row is known.

    Parameters
    ----------
    prepared : Prepared
    looked : Audit
        What was seen of the images, and which of them get no row.
    lock : path, optional
        A selection.json; stop unless exactly that selection comes out.

    Returns
    -------
    selection : Selection
    lock : dict
        Its selection.json.

    Raises
    ------
    SelectionError
        The selection is not that of `lock`.
    """
    selection = prepared.selection.with_audit(looked)
    locked = make_lock(selection, prepared.inputs)
    if lock is not None:
        check_lock(lock, locked)
    return selection, locked
