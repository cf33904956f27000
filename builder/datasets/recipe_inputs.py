"""The inputs of a recipe: files that its splits name, and which are official."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from builder.datasets.inputs import Input, Official

if TYPE_CHECKING:
    from builder.datasets.recipe_record import RecipeFile, Texts


def inputs_of(
    parts: Mapping[str, Mapping[str, Any]],
    *,
    joined: bool = True,
    official: bool = False,
) -> tuple[Input, ...]:
    """Return the inputs that a recipe names, split by split.

    Parameters
    ----------
    parts : dict of str to dict
        ``annotations`` or ``metadata``, ``images`` and ``duplicates`` of each split; of
        the one source, under an empty name.
    joined : bool
        Whether all places of images are looked through, or the first that is there.
    official : bool
        Whether the pairs of duplicates are those of an official source.
    """
    found = []
    for split, part in parts.items():
        before, option = (f"{split} ", f"{split}_") if split else ("", "")
        for name in ("annotations", "metadata"):
            places = listed(part.get(name))
            if places:
                role = f"{before}{name}"
                found.append(Input(role, f"{option}{name}", "table", places))
        images = listed(part.get("images")) or ("./",)
        found.append(
            Input(
                role=f"{before}images",
                option=f"{option}images",
                kind="images",
                places=images,
                name=images[0].rstrip("/").rsplit("/", 1)[-1].removesuffix(".zip"),
                joined=joined,
            )
        )
        pairs = listed(part.get("duplicates"))
        if pairs:
            role = f"{before}{'official ' * official}duplicates"
            name = f"{option}duplicates"
            found.append(Input(role, name, "table", pairs, needed=False))
    return tuple(found)


def places_as_dicts(
    recipe: RecipeFile | Mapping[str, Any],
) -> dict[str, dict[str, Any]]:
    """Return the files of each split; of the one source, under an empty name.

    Parameters
    ----------
    recipe : RecipeFile or dict
        As it was read, or as its file has it.
    """
    if isinstance(recipe, Mapping):
        record = recipe
    else:
        from msgspec import to_builtins  # no help needs it

        record = to_builtins(recipe)
    if record.get("source"):
        return {"": record["source"]}
    splits = record.get("splits", {}).items()
    return {name: part for name, part in splits if isinstance(part, dict)}


def official_of(file: RecipeFile) -> Official | None:
    """Return the official source that a recipe names, if it does."""
    if file.official is None:
        return None
    told = file.official
    return Official(told.url, told.publisher, dict(told.sha256))


def official_source(file: RecipeFile) -> Official:
    """Return the official source of a recipe that is known to name one."""
    found = official_of(file)
    assert found is not None  # noqa: S101 (the caller knows the recipe)
    return found


def listed(places: Texts | None) -> tuple[str, ...]:
    """Return one place or several as a tuple.

    >>> listed("train/"), listed(["a/", "b.zip"]), listed(None)
    (('train/',), ('a/', 'b.zip'), ())
    """
    if places is None:
        return ()
    return (places,) if isinstance(places, str) else tuple(places)
