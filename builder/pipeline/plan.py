"""What a build would select and fetch; nothing heavy is imported on this road."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from builder.images.sizes import check_image_size
from builder.limits import LIMITS, Limits
from builder.pipeline.locate import locate, present_rows
from builder.pipeline.notes import notes_of
from builder.pipeline.prepare import Request, prepare
from builder.pipeline.work import working
from builder.sources.disk import check_room
from builder.sources.fetch import needed
from builder.sources.members import Members

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from builder.selection.contract import SplitRows
    from builder.selection.recipe import Recipe


def plan(
    dataset: str,
    recipe: Recipe | None = None,
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    allow_hosts: Sequence[str] = (),
    follow_links: bool = False,
    image_size: int | None = None,
    skip_missing: bool = False,
    lock: str | os.PathLike[str] | None = None,
    limits: Limits = LIMITS,
    progress: Callable[[str, int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
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
        once they are resized to ``image_size``; ``located``: how many images were found
        by which way, if not all as named; ``missing``: keys of those that are nowhere;
        ``feasibility``: what is available against what is asked for; and
        ``context_sets``, the same of test sets in and out of context, if there are any.

    Raises
    ------
    OutputError
        The disk of the cache has no room for what would be fetched.
    """
    check_image_size(image_size)
    request = Request(
        dataset, recipe, source, files or {}, allow_hosts, lock, follow_links
    )
    with working(cache_dir, limits=limits, progress=progress, say=say) as work:
        prepared = prepare(request, work, digest=False)
        located = locate(prepared.images, work, skip_missing=skip_missing)
        members = located.members
        for line in notes_of(prepared.selection, members):
            work.say(line)
        fetching = needed(members, work.cache)
        check_room({str(work.cache.root): fetching.bytes_to_keep})
    selection = prepared.selection
    told = selection.told()
    missing = [prepared.keys[number] for number in located.missing.tolist()]
    return {
        "dataset": prepared.dataset.name,
        "recipe": selection.recipe.as_dict(),
        "image_size": image_size,
        "rows": _count_rows(present_rows(selection.splits(), located.missing)),
        "settled": selection.is_settled,
        "images": len(members) - len(located.missing),
        "bytes": int(np.maximum(Members.of(members).file_sizes, 0).sum()),
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
        **({"located": dict(located.ways)} if located.ways else {}),
        **({"missing": sorted(missing)} if missing else {}),
        "feasibility": told["feasibility"],
        **({"context_sets": told["context_sets"]} if "context_sets" in told else {}),
    }


def _count_rows(splits: Sequence[SplitRows]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for rows in splits:
        for config, split, images in rows.draws():
            counts.setdefault(config, {})[split] = len(images)
    return counts
