"""Recipes, what becomes of them, and the registry that finds a dataset by its name.

A recipe file is read into typed records; its kind, a folder each (``coco``, ``table``),
makes a dataset of it: inputs, parser, rows, part of the audit and of the card. Those
that come with the package lie in ``recipes``. ``layouts`` knows what people have, and
writes recipes of it. The only room where a dataset's name stands. May import: errors,
limits, sources, images, selection, audit, card.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder.datasets.coco.recipe import CocoRecipe  # noqa: TC004
    from builder.datasets.isic.recipe import IsicRecipe  # noqa: TC004

__all__ = ["CocoRecipe", "IsicRecipe"]

#: Module of each recipe, which `builder` gives as a public name.
RECIPES = {
    "CocoRecipe": "builder.datasets.coco.recipe",
    "IsicRecipe": "builder.datasets.isic.recipe",
}
