"""COCO 2017 as the study trimmed it: what its recipe cannot say.

The shipped recipe has every number and place; here are its own options, the files that
its notebook wrote, and what was found of its classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from builder.datasets.base import DemoSource
from builder.datasets.coco.recipe import CocoRecipe
from builder.datasets.coco.stuff_input import INPUT as STUFF
from builder.datasets.recipe_inputs import inputs_of, official_of, places_as_dicts
from builder.datasets.shipped import shipped_recipe, shipped_table
from builder.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from builder.datasets.base import Card, Dataset
    from builder.datasets.files import Files
    from builder.datasets.inputs import Input, Official
    from builder.datasets.recipe_record import RecipeFile
    from builder.selection.contract import Selection

_SPLITS = ("train", "test")


@dataclass(frozen=True)
class Coco2017:
    """COCO 2017, trimmed to balanced draws of some of its classes.

    Attributes
    ----------
    given : RecipeFile, optional
        Its recipe, if that is not the one that comes with the package.
    """

    given: RecipeFile | None = None
    recipe: type[CocoRecipe] = CocoRecipe
    has_urls: bool = True
    home: str | None = None
    name: ClassVar[str] = "coco_stuff_trimmed"

    @property
    def file(self) -> RecipeFile:
        """Its recipe, with the places of the official layouts."""
        return self.given or shipped_recipe(self.name)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The files and folders that the recipe names, each in one of its places."""
        parts = places_as_dicts(self.given or shipped_table(self.name))
        return (*inputs_of(parts, joined=False), STUFF)

    @property
    def official(self) -> Official | None:
        """The official server, and the digests of its files."""
        return official_of(self.file)

    @property
    def default(self) -> CocoRecipe:
        """The numbers of the recipe."""
        return CocoRecipe() if self.given is None else CocoRecipe.of(self.given)

    @property
    def about(self) -> Mapping[str, Any]:
        """Nothing: the prose of the dataset says it."""
        return {}

    def select(self, files: Files, recipe: CocoRecipe) -> Selection:
        """Read the annotations of both splits, and draw; see `Dataset.select`.

        Stuff annotations are read, too, where the recipe says so or a file is given.

        Annotations of other categories than COCO's are not of this dataset: the options
        then stand for a recipe without a name.
        """
        from builder.datasets.coco import study_selection as study
        from builder.datasets.coco.dataset import CocoDataset, objects_of, read_tables
        from builder.datasets.coco.images import images_of
        from builder.datasets.coco.official import is_coco
        from builder.datasets.coco.stuff_files import read_stuff

        stuff = files.given.get(STUFF.option) or (STUFF.asked if recipe.stuff else "")
        rest = {name: p for name, p in files.given.items() if name != STUFF.option}
        files = replace(files, given=rest)
        # Of single files, those that are given: no other split comes from elsewhere.
        given = [s for s in _SPLITS if f"{s}_annotations" in files.given]
        tables = read_tables(files, given if given and not files.source else _SPLITS)
        if not all(is_coco(table) for table in tables.values()):
            if stuff:
                msg = "--stuff: is of COCO 2017's categories alone: leave it out"
                raise UsageError(msg)
            file = study.unnamed_recipe(tables, recipe, self.default)
            return CocoDataset(file).select_from(files, tables)
        for split in _SPLITS:
            if split not in tables:
                msg = (
                    f"expected annotations of both splits, found none of {split}: give"
                    f" --{split}-annotations and --{split}-images as well, or --source"
                )
                raise UsageError(msg)
        objects = objects_of(files, tables, self.file.select.objects)
        stores = images_of(files, tables)
        beside = read_stuff(files, stuff, tables) if stuff else {}
        selection = study.select_coco(
            tables, stores, recipe, objects=objects, stuff=beside
        )
        for line in study.remarks_of(selection):
            files.say(line)
        missed = len(selection.categories) - len(selection.targets)
        if recipe.targets == ("all",) and missed:
            files.say(
                f"targets: {missed} of {len(selection.categories)} categories are left"
                " out: not every split has images with and without them"
            )
        return selection

    def becomes(self, selection: Selection) -> Dataset[Any]:
        """Return the dataset that a selection is of: this, or one without a name."""
        from builder.datasets.coco.dataset import CocoDataset
        from builder.datasets.file_recipe import FileRecipe

        if isinstance(selection.recipe, FileRecipe):
            return CocoDataset(selection.recipe.file)
        return self

    def card(self, manifest: Mapping[str, Any]) -> Card:
        """Return the prose of the dataset's folder, or of another source's images."""
        from builder.datasets.coco.study_card import study_card

        return study_card(manifest)

    def remarks(self, record: Mapping[str, Any]) -> list[str]:
        """Return that the card states no licence, where it does not."""
        from builder.datasets.coco.study_card import remarks_of

        return remarks_of(record)

    def demo(self, folder: Path) -> DemoSource[CocoRecipe]:
        """Draw scenes, and take enough for draws with and without replacement."""
        from builder.datasets.painted.coco import paint_coco

        recipe = replace(self.default, train_samples=20, test_samples=12)
        return DemoSource(paint_coco(folder), recipe, ("default", "car"))
