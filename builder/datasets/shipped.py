"""The recipes that come with the package."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from builder.datasets.recipe_record import RecipeFile

#: Ending of the path of a recipe, by which it is told from a name.
ENDING = ".toml"
_FOLDER = Path(__file__).with_name("recipes")


@cache
def shipped() -> tuple[str, ...]:
    """Return the names of the recipes that come with the package."""
    return tuple(sorted(path.stem for path in _FOLDER.glob(f"*{ENDING}")))


def recipe_text(name: str) -> bytes:
    """Return the file of a recipe."""
    return (_FOLDER / f"{name}{ENDING}").read_bytes()


@cache
def shipped_table(name: str) -> dict[str, Any]:
    """Return what the file of a recipe holds, as it is: help needs no more of it."""
    return tomllib.loads(recipe_text(name).decode())


@cache
def shipped_recipe(name: str) -> RecipeFile:
    """Return a recipe that comes with the package."""
    from builder.datasets.recipe_file import read_recipe_file

    return read_recipe_file(recipe_text(name), where=f"{name}{ENDING}")
