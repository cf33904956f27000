"""All that is known of one dataset, a folder each, and the registry that finds it.

Its recipe, its inputs, its parser, its rows, its part of the audit and of the card:
the only room where a dataset's name stands. May import: errors, sources, images,
selection, audit, card.
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
