"""The recipe of a file as the numbers of a rule, which lock and manifest record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from builder.datasets.recipe_record import About, RecipeFile, SourceFiles
from builder.errors import SelectionError
from builder.selection.recipe import Recipe, check_seed, option, parse_number

if TYPE_CHECKING:
    from collections.abc import Mapping

_DRIVE = re.compile(r"[A-Za-z]:[/\\]")
# Of [select], what stands beside the others in lock and manifest.
_SELECT = (
    "rule", "targets", "samples", "slices", "unannotated", "objects", "tolerance"
)  # fmt: skip


@dataclass(frozen=True)
class FileRecipe(Recipe):
    """A recipe file, and the seed, which the command line may set.

    Attributes
    ----------
    file : RecipeFile
    seed : int
        Of the legacy NumPy generator, and of the order in which groups are split.
    """

    file: RecipeFile
    seed: int = option(42, parse=parse_number, metavar="N", help="default: 42")

    def __post_init__(self) -> None:
        check_seed(self.seed)

    def as_dict(self) -> dict[str, Any]:
        """Return what decides the rows: not what the data is called, nor where it is.

        What has its default is left out, so that a key that a later version knows
        changes no lock.
        """
        select = msgspec.to_builtins(self.file.select)
        default = msgspec.to_builtins(type(self.file.select)())
        parts = self.file.splits
        columns = self.file.columns
        return {
            "kind": self.file.kind,
            "splits": {
                name: None if isinstance(part, SourceFiles) else part
                for name, part in parts.items()
            },
            **(
                {}
                if columns is None
                else {
                    "columns": {
                        name: value
                        for name, value in msgspec.to_builtins(columns).items()
                        if value
                    }
                }
            ),
            **{
                name: select[name]
                for name in _SELECT
                if name == "rule" or select[name] != default[name]
            },
            "seed": self.seed,
        }


def about_of(file: RecipeFile) -> dict[str, Any]:
    """Return what a manifest records of a recipe besides: its words, not its rule."""
    said = {name: getattr(file, name) for name in About.__struct_fields__}
    official = msgspec.to_builtins(file.official)
    return {
        **{name: value for name, value in said.items() if value},
        "files": {
            name: msgspec.to_builtins(_published(part))
            for name, part in places_of(file).items()
        },
        **({"official": official} if official else {}),
    }


def places_of(file: RecipeFile) -> dict[str, SourceFiles]:
    """Return the files of each split; of the one source, under an empty name."""
    if file.source is not None:
        return {"": file.source}
    parts = file.splits.items()
    return {name: part for name, part in parts if isinstance(part, SourceFiles)}


def _published(part: SourceFiles) -> SourceFiles:
    """Return the files of a split as strangers may see them: no path of a machine."""

    def shorten(places: Any) -> Any:
        if isinstance(places, list):
            return [shorten(place) for place in places]
        if places is None or not _leads_elsewhere(places):
            return places
        base = places.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
        return base + "/" * places.endswith("/")

    names = SourceFiles.__struct_fields__
    return SourceFiles(**{name: shorten(getattr(part, name)) for name in names})


def _leads_elsewhere(place: str) -> bool:
    """Whether a place is on this machine, and not below the source.

    >>> [_leads_elsewhere(p) for p in ("a/b.json", "a/../../b", "file:///b", "s3://b")]
    [False, True, True, False]
    """
    if "://" in place:
        return place.lower().startswith(("file:", "local:"))
    parts = place.replace("\\", "/").split("/")
    return (
        place.startswith(("/", "~")) or ".." in parts or _DRIVE.match(place) is not None
    )


def recorded_recipe(
    name: str, recipe: Mapping[str, Any], about: Mapping[str, Any]
) -> FileRecipe:
    """Return the recipe that a manifest records.

    Raises
    ------
    msgspec.ValidationError
        It records none that there can be, or files that are not below the source.
    """
    said = {n: v for n, v in about.items() if n in About.__struct_fields__}
    parts = dict(about.get("files", {}))
    given = dict(recipe)
    splits = given.pop("splits", {})
    kind, columns, seed = (given.pop(n, None) for n in ("kind", "columns", "seed"))
    record = {
        **said,
        "kind": kind,
        "name": name,
        "splits": {n: parts[n] if p is None else p for n, p in splits.items()},
        "select": {**given, "seed": seed},
        **({"columns": columns} if columns else {}),
        **({"source": parts[""]} if "" in parts else {}),
        **({"official": about["official"]} if "official" in about else {}),
    }
    file = msgspec.convert(record, RecipeFile)
    for part in places_of(file).values():
        if part != _published(part):
            msg = "expected files below the source, found a path that leads elsewhere"
            raise msgspec.ValidationError(msg)
    return FileRecipe(file, file.select.seed)


def amount_of(
    samples: float | Mapping[str, float] | None,
    name: str,
    available: int,
    *,
    what: str,
) -> int:
    """Return how many are asked for: a number, or a fraction of what there is.

    Halves are rounded up, and a fraction is one image at least.

    Parameters
    ----------
    samples : int, float or dict of str to int or float
    name : str
        Of the split or label, if `samples` names them.
    available : int
    what : str
        What a name stands for, for the message.

    Raises
    ------
    SelectionError
        `samples` does not name it.
    """
    if not isinstance(samples, int | float):
        named = dict(samples or {})
        if name not in named:
            msg = (
                f"samples: expected a number for the {what} {name!r}, found only"
                f" {', '.join(named)}: add it"
            )
            raise SelectionError(msg)
        return amount_of(named[name], name, available, what=what)
    if isinstance(samples, float):
        return max(1, int(samples * available + 0.5))
    return samples
