"""What a build would select and fetch; nothing heavy is imported on this road."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.images.sizes import check_image_size
from builder.pipeline.prepare import Request, prepare
from builder.pipeline.work import working
from builder.sources.disk import check_room
from builder.sources.fetch import needed

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from builder.selection.contract import Selection
    from builder.selection.recipe import Recipe


def plan(
    dataset: str,
    recipe: Recipe | None = None,
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    allow_hosts: Sequence[str] = (),
    image_size: int | None = None,
    lock: str | os.PathLike[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """Return what would be selected and fetched; no image is moved.

    The arguments are those of `builder.pipeline.build.build`. Remote metadata is
    fetched into the cache, since nothing can be selected without it.

    Returns
    -------
    dict
        ``rows`` by config and split, ``settled``, whether these are all configs, or a
        build cuts more from the same rows by what it sees; ``images`` (distinct) and
        ``bytes`` of them; ``to_fetch``: ``members``, ``bytes``, ``cached_members`` and
        ``cached_bytes``; ``disk``: bytes that the cache and the output will take, the
        output's with images as they are in the source, as nobody knows what they take
        once they are resized to ``image_size``;
        and ``feasibility``: what is available against what is asked for.

    Raises
    ------
    OutputError
        The disk of the cache has no room for what would be fetched.
    """
    check_image_size(image_size)
    request = Request(dataset, recipe, source, files or {}, allow_hosts, lock)
    with working(cache_dir, progress=progress) as work:
        prepared = prepare(request, work, digest=False)
        members = prepared.locate(work)
        fetching = needed(members, work.cache)
        check_room({str(work.cache.root): fetching.bytes_to_keep})
    selection = prepared.selection
    return {
        "dataset": dataset,
        "recipe": selection.recipe.as_dict(),
        "image_size": image_size,
        "rows": _count_rows(selection),
        "settled": selection.is_settled,
        "images": len(members),
        "bytes": sum(max(0, member.file_size) for member in members),
        "to_fetch": {
            "members": fetching.n_members - fetching.n_cached,
            "bytes": fetching.bytes_to_fetch,
            "cached_members": fetching.n_cached,
            "cached_bytes": fetching.bytes_cached,
        },
        "disk": {
            "cache": fetching.bytes_to_keep,
            "output": prepared.size_of_rows(members),
        },
        "feasibility": selection.told()["feasibility"],
    }


def _count_rows(selection: Selection) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for rows in selection.splits():
        for config, split, images in rows.draws():
            counts.setdefault(config, {})[split] = len(images)
    return counts
