"""Datasets by name, by the path of a recipe, or as a manifest records them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from builder.datasets.shipped import ENDING, recipe_text, shipped, shipped_recipe
from builder.errors import MISFITS, RecipeError, UsageError
from builder.limits import MAX_RECIPE
from builder.sources.regular import read_regular

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.datasets.base import Dataset
    from builder.datasets.recipe_record import RecipeFile
    from builder.selection.recipe import Recipe

# Module and class of each kind of recipe, and of those that come with the package and
# are more than their recipe. Nothing else is ever imported, whatever a file names.
_KINDS: dict[str, tuple[str, str]] = {
    "coco": ("builder.datasets.coco.dataset", "CocoDataset"),
    "table": ("builder.datasets.table.dataset", "TableDataset"),
}
_STUDIES: dict[str, tuple[str, str]] = {
    "coco_stuff_trimmed": ("builder.datasets.coco.study", "Coco2017"),
    "siim_isic_small": ("builder.datasets.isic.dataset", "Isic"),
}
_ADDED: dict[str, Dataset[Any]] = {}
_SHOWN = 60  # characters of a name in a message


def names() -> list[str]:
    """Return the names of all datasets, the studies first."""
    others = (name for name in shipped() if name not in _STUDIES)
    return [*_STUDIES, *others, *_ADDED]


def studies() -> list[str]:
    """Return the names of the datasets that have a drawn source for the demo."""
    return [*_STUDIES, *_ADDED]


def get(name: str) -> Dataset[Any]:
    """Return the dataset of a name, or of the recipe at a path or URL.

    Raises
    ------
    UsageError
        There is none of this name.
    RecipeError
        The recipe is not there, or is none.
    """
    if name in _ADDED:
        return _ADDED[name]
    if name in shipped():
        return _shipped(name)
    if name.endswith(ENDING):
        return _at(name)
    near = ", ".join(names())
    msg = f"dataset {name!r}: expected one of {near}, or the path of a recipe (*.toml)"
    raise UsageError(msg)


def recorded(
    name: str, recipe: Mapping[str, Any], about: Mapping[str, Any]
) -> tuple[Dataset[Any], Recipe]:
    """Return the dataset and the recipe that a manifest records.

    Parameters
    ----------
    name : str
    recipe, about : dict
        Of the manifest; data from anywhere.

    Raises
    ------
    UsageError
        There is no such dataset, or it has no such recipe.
    """
    if name in _ADDED or "kind" not in recipe:
        from builder.selection.recipe import read_recipe

        dataset = _known(name)
        return dataset, read_recipe(dataset.recipe, recipe)
    from msgspec import ValidationError  # a ValueError in newer versions alone

    from builder.datasets.file_recipe import recorded_recipe
    from builder.datasets.recipe_faults import faults_of

    unfit: tuple[type[Exception], ...] = (ValidationError, *MISFITS)
    try:
        found = recorded_recipe(name, recipe, about)
    except unfit as err:
        msg = f"recipe: {err}"
        raise UsageError(msg) from err
    for _, fault in faults_of(found.file):
        msg = f"recipe: {fault}"
        raise UsageError(msg)
    is_shipped = about.get("prose") == name and name in shipped()
    made = _class_of(*_KINDS[found.file.kind])
    return made(found.file, is_shipped=is_shipped), found


def told_of(record: Mapping[str, Any]) -> Dataset[Any]:
    """Return the dataset of a manifest or of trimset.json.

    Raises
    ------
    UsageError
        There is no such dataset.
    """
    name, recipe = str(record.get("dataset")), record.get("recipe", {})
    if "kind" not in recipe:
        return _known(name)
    return recorded(name, recipe, record.get("about", {}))[0]


def _known(name: str) -> Dataset[Any]:
    """Return the dataset of a name that a file holds: it is never a path or a module.

    Raises
    ------
    UsageError
        It is neither registered nor one that comes with the package.
    """
    if name in _ADDED or name in shipped():
        return get(name)
    near = ", ".join(names())
    msg = f"dataset {name[:_SHOWN]!r}: expected one of {near}, or what a recipe records"
    raise UsageError(msg)


@cache
def _shipped(name: str) -> Dataset[Any]:
    if name in _STUDIES:
        study: Dataset[Any] = _class_of(*_STUDIES[name])()
        return study
    file = shipped_recipe(name)
    made: Dataset[Any] = _class_of(*_KINDS[file.kind])(file, is_shipped=True)
    return made


def _at(path: str) -> Dataset[Any]:
    """Return the dataset of a recipe file; one that is shipped, is that dataset."""
    from pathlib import Path

    try:
        data = read_regular(path, most=MAX_RECIPE)
    except (OSError, ValueError) as err:
        words = getattr(err, "strerror", None) or err
        msg = (
            f"{path}: expected a recipe, found none that can be read ({words}): check"
            " the path, or make one with trimset init"
        )
        raise RecipeError(msg) from err
    from builder.datasets.recipe_file import read_recipe_file

    file = read_recipe_file(data, where=path)
    home = str(Path(path).parent)
    if file.name in _STUDIES:
        _check_study(file, path)
        study: Dataset[Any] = _class_of(*_STUDIES[file.name])(file)
        return study
    is_shipped = file.name in shipped() and data == recipe_text(file.name)
    made: Dataset[Any] = _class_of(*_KINDS[file.kind])(file, home, is_shipped)
    return made


def _check_study(file: RecipeFile, path: str) -> None:
    """Raise RecipeError where a recipe says more than the options of a study set.

    Its card, and what a build of it records, say nothing of that.
    """
    from msgspec import structs  # no help needs it

    theirs, ours = (
        {
            **{
                name: value
                for name, value in structs.asdict(recipe).items()
                if name not in {"source", "splits", "select"}
            },
            "splits": {
                name: part if isinstance(part, float) else None
                for name, part in recipe.splits.items()
            },
            **{
                f"select.{name}": getattr(recipe.select, name)
                for name in ("rule", "unannotated", "objects")
            },
        }
        for recipe in (file, shipped_recipe(file.name))
    )
    for name, value in theirs.items():
        if value != ours[name]:
            msg = (
                f"{path}: {name} is not that of the recipe {file.name!r} that comes"
                " with the package, of which only places and numbers may be others:"
                " give this recipe another name"
            )
            raise RecipeError(msg)


def _class_of(module: str, attribute: str) -> Any:
    return getattr(import_module(module), attribute)


def register(dataset: Dataset[Any]) -> None:
    """Make a dataset known under its name, for this process.

    Raises
    ------
    UsageError
        The name is taken.
    """
    if dataset.name in names() and _ADDED.get(dataset.name) is not dataset:
        msg = f"dataset {dataset.name!r}: there is one of this name already"
        raise UsageError(msg)
    _ADDED[dataset.name] = dataset


def unregister(name: str) -> None:
    """Forget a dataset that was registered."""
    _ADDED.pop(name, None)
