"""Any dataset in COCO's format, as its recipe describes it: the kind ``coco``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from builder.datasets.coco.images import images_of, option_of
from builder.datasets.coco.rules import choose, cut_table
from builder.datasets.coco.targets import without_roots
from builder.datasets.recipe_dataset import RecipeDataset
from builder.errors import first_of
from builder.selection.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Literal

    import numpy as np
    from numpy.typing import NDArray

    from builder.datasets.coco.draws import ReadObjects
    from builder.datasets.coco.objects import Objects
    from builder.datasets.coco.selection import CocoSelection
    from builder.datasets.coco.table import CocoTable
    from builder.datasets.file_recipe import FileRecipe
    from builder.datasets.files import Files


@dataclass(frozen=True)
class CocoDataset(RecipeDataset):
    """A dataset in COCO's format; see `builder.datasets.base.Dataset`."""

    has_urls: bool = True

    def select(self, files: Files, recipe: FileRecipe) -> CocoSelection:
        """Read the annotations of every split, and apply the rule."""
        if self.file.source is None:
            tables = read_tables(files, self.file.splits, **self._reading)
            return self.select_from(files, tables, recipe)
        [table] = read_tables(files, [""], **self._reading).values()
        fractions = {n: p for n, p in self.file.splits.items() if isinstance(p, float)}
        cut = cut_table(table, fractions or {"train": 1.0}, recipe.seed)
        return self.select_from(files, cut, recipe)

    @property
    def _reading(self) -> dict[str, bool]:
        return {"unannotated": self.file.select.unannotated}

    def select_from(
        self,
        files: Files,
        tables: Mapping[str, CocoTable],
        recipe: FileRecipe | None = None,
    ) -> CocoSelection:
        """Apply the rule to annotations that were read.

        Raises
        ------
        SelectionError
            The rule does not fit them.
        """
        from builder.datasets.coco.categories import match_categories
        from builder.datasets.coco.selection import CocoSelection

        recipe = recipe or self.default
        bare = sum(table.num_images - len(table) for table in tables.values())
        if bare and self.file.source is None:
            files.say(
                f"{bare:,} images without annotations take no part: they do with"
                " unannotated = true in a recipe"
            )
        tables, roots = without_roots(match_categories(tables))
        if roots:
            files.say(
                f"{first_of(roots)}: not taken for a class, as a category above others"
                " of which there are no annotations"
            )
        chosen = choose(tables, self.file.select, recipe.seed)
        if chosen.left_out:
            files.say(
                f"targets: left out are {first_of(chosen.left_out)}: not every split"
                " has images with and without them"
            )
        return CocoSelection(
            recipe=recipe,
            targets=tuple(chosen.targets),
            tables=tables,
            stores=images_of(files, tables, shared=self.file.source is not None),
            prefixes=_prefixes(tables),
            draws=chosen.draws,
            taken=chosen.taken,
            objects=objects_of(
                files,
                tables,
                self.file.select.objects,
                shared=self.file.source is not None,
            ),
            shown=self.file.select.objects,
        )

    def blocks(self) -> Mapping[str, Callable[[Mapping[str, Any]], str | None]]:
        """Return what fills the marked places of the card."""
        from builder.datasets.coco.card import BLOCKS
        from builder.datasets.recipe_card import OF_RECIPE

        return {**BLOCKS, **OF_RECIPE}


def read_tables(
    files: Files, splits: Iterable[str], *, unannotated: bool = False
) -> dict[str, CocoTable]:
    """Read the annotations of every split; one split without a name is the source."""
    from builder.datasets.coco.parse import read_table

    tables = {}
    for split in splits:
        with files.open(option_of(split, "annotations")) as table:
            assert table is not None  # noqa: S101 (the input is needed)
            tables[split] = read_table(
                table.data, name=table.name, unannotated=unannotated
            )
    return tables


def objects_of(
    files: Files,
    tables: Mapping[str, CocoTable],
    kind: Literal["none", "boxes", "masks"],
    *,
    shared: bool = False,
) -> dict[str, ReadObjects] | None:
    """Return what reads the objects of the images of every split, if they are wanted.

    The annotations are read again, and only once rows are made: a plan makes none.
    """
    if kind == "none":
        return None

    def read(option: str, table: CocoTable, images: NDArray[np.int64]) -> Objects:
        from builder.datasets.coco.objects import read_objects

        with files.again(option) as file:
            found = read_objects(
                file.data, table.image_ids, images,
                name=file.name, masks=kind == "masks",
            )  # fmt: skip
        return found.renumbered(table.renumbered)

    return {
        split: partial(read, option_of("" if shared else split, "annotations"), table)
        for split, table in tables.items()
    }


def _prefixes(tables: Mapping[str, CocoTable]) -> dict[str, str]:
    """Return what stands before file names in keys: nothing, if they stay apart.

    Where two splits have a file name in common, even in other capitals, all splits
    stand before theirs.
    """
    if len(tables) == 1:
        return dict.fromkeys(tables, "")
    taken: set[str] = set()
    total = 0
    for table in tables.values():
        names = {plain_name(image.file_name).casefold() for image in table.images}
        total += len(names)
        taken |= names
    if len(taken) == total:
        return dict.fromkeys(tables, "")
    return {split: f"{split}/" for split in tables}
