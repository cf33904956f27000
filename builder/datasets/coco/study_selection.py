"""What was drawn from COCO 2017 for the study, with the files that it wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from builder.datasets.coco.categories import match_categories
from builder.datasets.coco.context import (
    FRAMED,
    KNOWN_PAIRS,
    MEASURED_PAIRS,
    STUFF,
)
from builder.datasets.coco.context_sets import RULE, draw_context_sets, short_of
from builder.datasets.coco.rules import BALANCED, choose
from builder.datasets.coco.selection import CocoSelection
from builder.datasets.recipe_record import RecipeFile, Select, SourceFiles
from builder.errors import UsageError, first_of
from builder.selection.names import config_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from builder.datasets.coco.draws import ReadObjects
    from builder.datasets.coco.recipe import CocoRecipe
    from builder.datasets.coco.stuff import Stuff
    from builder.datasets.coco.table import CocoTable
    from builder.selection.contract import Export
    from builder.sources.image_stores import ImageStore

# The notebook's names of its splits, which its files carry.
SHORT = {"train": "train", "test": "val"}
_NOTE = """\
datasets 2.14 guesses the format of this folder from the file endings of each split,
before it looks at the card, and takes labels_val.json for a validation split in JSON.
The name of this file settles the draw in favour of Parquet. Later versions do not look.
"""


class StudySelection(CocoSelection):
    """What was drawn from COCO 2017, with the files that the notebook wrote."""

    stuff = frozenset({*STUFF, *STUFF.values()})
    framed = FRAMED
    stated = ("license", "coco_url", "flickr_url")

    @property
    def rule(self) -> str:
        """The rule in words."""
        return f"{BALANCED} {RULE}" if self.context_sets else BALANCED

    @property
    def known_pairs(self) -> Sequence[tuple[str, str]]:  # type: ignore[override]
        """The pairs of Singh et al., as the annotations name their contexts."""
        return MEASURED_PAIRS if self.beside else KNOWN_PAIRS

    def small_tables(self) -> Mapping[str, bytes]:
        """Return the notebook's tables, and a note for the sake of old readers."""
        return {**self.label_files(SHORT), "labels_val.parquet.txt": _NOTE.encode()}

    def export(self) -> Export:
        """Return tables, draws and record of an export."""
        return self.export_as(SHORT)


def select_coco(
    tables: Mapping[str, CocoTable],
    stores: Mapping[str, ImageStore],
    recipe: CocoRecipe,
    *,
    objects: Mapping[str, ReadObjects] | None = None,
    stuff: Mapping[str, Stuff] | None = None,
) -> StudySelection:
    """Draw from both splits, and with stuff the context sets from test.

    Parameters
    ----------
    tables : dict of str to CocoTable
        By split, ``train`` and ``test``.
    stores : dict of str to ImageStore
        By split: where the images are.
    recipe : CocoRecipe
    objects : dict of str to callable, optional
        See `CocoDraws`.
    stuff : dict of str to Stuff, optional
        By split, that of test in any case: of the images of `tables`.

    Raises
    ------
    SelectionError
        A target is unknown, or has no images with it or none without it; or the two
        files do not have the same categories.
    """
    tables = match_categories(tables)
    chosen = choose(tables, _rule_of(recipe, tables), recipe.seed)
    # By id, so that a selection is the same however its targets were spelled.
    ids = tuple(str(target.id) for target in chosen.targets)
    sets = []
    if stuff:
        sets = draw_context_sets(
            tables["test"],
            stuff["test"],
            chosen.targets,
            dict(MEASURED_PAIRS),
            split="test",
            samples=recipe.test_samples,
            seed=recipe.seed,
        )
    return StudySelection(
        recipe=replace(recipe, targets=ids, stuff=bool(stuff)),
        targets=tuple(chosen.targets),
        tables=tables,
        stores=stores,
        prefixes={split: f"{store.name}/" for split, store in stores.items()},
        draws=chosen.draws,
        objects=objects,
        beside=stuff or {},
        context_sets=sets,
    )


def remarks_of(selection: StudySelection) -> Iterator[str]:
    """Yield what is worth knowing of context sets: those with few images, and none."""
    if not selection.beside:
        return
    sets = selection.context_sets
    unknown = [
        config_name(target.name)
        for target in selection.targets
        if all(target != drawn.target for drawn in sets)
    ]
    if unknown:
        yield (
            f"context sets: none for {first_of(unknown)}, whose context is not among"
            f" the {len(KNOWN_PAIRS)} known pairs"
        )
    short = short_of(sets)
    if short:
        asked = sets[0].quota
        yield (
            f"context sets: {len(short)} of {2 * len(sets)} have fewer than the {asked}"
            f" images asked for with, or without, the class: {first_of(short)}"
        )
    beside = selection.beside.items()
    rows = {s: len(selection.tables[s]) - len(part.listed) for s, part in beside}
    left = [f"{number:,} of {split}" for split, number in rows.items() if number]
    if left:
        yield (
            f"stuff: {' and '.join(left)} images were not looked through for it, and"
            " take no part where contexts are measured and context sets drawn"
        )


def _rule_of(recipe: CocoRecipe, splits: Iterable[str]) -> Select:
    """Return the rule that the numbers of this dataset stand for."""
    samples = {"train": recipe.train_samples, "test": recipe.test_samples}
    is_all = recipe.targets == ("all",)
    return Select(
        rule="balanced",
        targets="all" if is_all else list(recipe.targets),
        samples={split: samples[split] for split in splits},
        seed=recipe.seed,
    )


def unnamed_recipe(
    tables: Mapping[str, CocoTable], recipe: CocoRecipe, default: CocoRecipe
) -> RecipeFile:
    """Return what the options stand for, for annotations of other categories.

    Raises
    ------
    UsageError
        No targets are given, and those of the study mean nothing here.
    """
    if recipe.targets == default.targets:
        table = next(iter(tables.values()))
        msg = (
            f"{table.name}: its categories"
            f" ({first_of([category.name for category in table.categories])}) are not"
            " those of COCO 2017, whose classes are taken where --targets does not say:"
            " give --targets all, or some of them"
        )
        raise UsageError(msg)
    return RecipeFile(
        kind="coco",
        name="unnamed",
        splits={
            split: SourceFiles(annotations=table.name, images=f"{split}/")
            for split, table in tables.items()
        },
        select=_rule_of(recipe, tables),
    )
