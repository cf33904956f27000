"""What a build would select and read; nothing heavy is imported on this road."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.prepare import Recipe, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping


def plan(
    dataset: str,
    recipe: Recipe | None = None,
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return what would be selected and read; nothing is written.

    The arguments are those of `builder.pipeline.build`.

    Returns
    -------
    dict
        ``rows`` by config and split, ``images`` (distinct), ``bytes`` of them, and
        ``feasibility``: what is available against what is asked for.
    """
    prepared = prepare(dataset, recipe, source=source, files=files, digest=False)
    members = prepared.locate()
    return {
        "dataset": dataset,
        "recipe": prepared.selection.recipe.as_dict(),
        "rows": {
            config: {split: len(names) for split, names in splits.items()}
            for config, splits in prepared.selection.draws_by_config().items()
        },
        "images": len(members),
        "bytes": sum(member.file_size for member in members.values()),
        "feasibility": prepared.selection.feasibility(),
    }
