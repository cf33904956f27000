"""What a build would select and fetch; nothing heavy is imported on this road."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.pipeline.prepare import prepare
from builder.selection.recipe import check_image_size
from builder.sources.cache import Cache
from builder.sources.disk import check_room, size_of_output
from builder.sources.fetch import needed

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

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

    The arguments are those of `builder.pipeline.build.build`. Remote metadata is fetched
    into the cache, since nothing can be selected without it.

    Returns
    -------
    dict
        ``rows`` by config and split, ``images`` (distinct) and ``bytes`` of them;
        ``to_fetch``: ``members``, ``bytes``, ``cached_members`` and
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
    cache = Cache(cache_dir)
    prepared = prepare(
        dataset,
        recipe,
        source=source,
        files=files,
        cache=cache,
        allow_hosts=allow_hosts,
        digest=False,
        lock=lock,
        progress=progress,
    )
    members = prepared.locate()
    fetching = needed(members.values(), cache)
    check_room({str(cache.root): fetching.bytes_to_keep})
    draws = prepared.selection.draws_by_config()
    written = prepared.selection.images_written()
    return {
        "dataset": dataset,
        "recipe": prepared.selection.recipe.as_dict(),
        "image_size": image_size,
        "rows": {
            config: {split: len(names) for split, names in splits.items()}
            for config, splits in draws.items()
        },
        "images": len(members),
        "bytes": sum(max(0, member.file_size) for member in members.values()),
        "to_fetch": {
            "members": fetching.n_members - fetching.n_cached,
            "bytes": fetching.bytes_to_fetch,
            "cached_members": fetching.n_cached,
            "cached_bytes": fetching.bytes_cached,
        },
        "disk": {
            "cache": fetching.bytes_to_keep,
            "output": size_of_output(written, members),
        },
        "feasibility": prepared.selection.feasibility(),
    }
