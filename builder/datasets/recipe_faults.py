"""What no type says of a recipe: keys that do not go together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias
from unicodedata import normalize

from builder.datasets.recipe_record import SourceFiles
from builder.datasets.toml_lines import plain_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.datasets.recipe_record import RecipeFile

# The keys that lead to it, and what is wrong there.
Fault: TypeAlias = tuple[tuple[str, ...], str]


def faults_of(recipe: RecipeFile) -> Iterator[Fault]:
    """Yield what no type says: where it is, and what is wrong with it."""
    of_kind, other = (
        ("annotations", "metadata") if recipe.kind == "coco" else
        ("metadata", "annotations")
    )  # fmt: skip
    places: list[tuple[tuple[str, ...], SourceFiles]] = [
        (("splits", name), part)
        for name, part in recipe.splits.items()
        if isinstance(part, SourceFiles)
    ]
    cut = {n: p for n, p in recipe.splits.items() if not isinstance(p, SourceFiles)}
    if recipe.source is not None:
        places.append((("source",), recipe.source))
    if cut and len(cut) < len(recipe.splits):
        yield (
            ("splits", next(iter(cut))),
            (
                "splits: expected either files of each split or a fraction for each,"
                " found both: give all of one kind"
            ),
        )
    if recipe.source is not None and len(places) > 1:
        yield (
            ("source",),
            (
                "source: expected [source], or files in each [splits.NAME], found both:"
                " remove one of them"
            ),
        )
    if not places:
        yield (
            ("kind",),
            (
                "expected a table [source], or [splits.NAME] for each split, with"
                f" {of_kind} and images, found none: add one"
            ),
        )
    seen: dict[str, str] = {}
    for name in recipe.splits:
        # Their files lie in one folder, where capitals are not always told apart.
        other_name = seen.setdefault(normalize("NFKC", name).casefold(), name)
        if other_name != name:
            yield (
                ("splits", name),
                (
                    f"splits: expected names that differ in more than capitals, found"
                    f" {other_name!r} and {name!r}: rename one of them"
                ),
            )
    if sum(cut.values()) > 1 + 1e-9:
        yield (
            ("splits", next(iter(cut))),
            (
                f"splits: expected fractions that add up to 1 at most, found"
                f" {sum(cut.values()):g}: lower one of them"
            ),
        )
    for path, part in places:
        if getattr(part, other) is not None:
            yield (
                (*path, other),
                (
                    f"{_named(path)}: expected {of_kind} in a recipe of the kind"
                    f" {recipe.kind!r}, found {other}: rename it"
                ),
            )
        if getattr(part, of_kind) is None:
            yield path, f"{_named(path)}: expected a key {of_kind!r}: add it"
        if recipe.kind == "coco" and part.duplicates is not None:
            yield (
                (*path, "duplicates"),
                f"{_named(path)}: duplicates are for the kind 'table': remove it",
            )
    yield from _column_faults(recipe)
    yield from _select_faults(recipe)


def _named(path: tuple[str, ...]) -> str:
    return ".".join(map(plain_key, path))


def _column_faults(recipe: RecipeFile) -> Iterator[Fault]:
    if recipe.kind == "coco" and recipe.columns is not None:
        yield ("columns",), "columns are for the kind 'table', found 'coco': remove it"
    if recipe.kind == "table" and recipe.columns is None:
        yield (
            ("kind",),
            (
                "expected [columns] with image and label in the kind 'table',"
                " found none: add it"
            ),
        )


def _select_faults(recipe: RecipeFile) -> Iterator[Fault]:
    select = recipe.select
    rule = select.rule
    for name, wanted in (
        ("samples", rule in {"balanced", "per_label", "sample"}),
        ("slices", rule == "slices"),
    ):
        value = getattr(select, name)
        if wanted and not value:
            yield (
                ("select", "rule"),
                f"select: the rule {rule!r} needs {name}, found none: add {name}",
            )
        if not wanted and value:
            yield (
                ("select", name),
                (
                    f"select: the rule {rule!r} takes no {name}: remove it, or give"
                    " another rule"
                ),
            )
    if rule == "slices" and recipe.kind == "coco":
        yield (
            ("select", "rule"),
            (
                "select: the rule 'slices' is for the kind 'table': give balanced,"
                " per_label, sample or all"
            ),
        )
    for name in ("unannotated", "objects"):
        if recipe.kind == "table" and getattr(select, name) not in {False, "none"}:
            yield (
                ("select", name),
                f"select: {name} is for the kind 'coco': remove it",
            )
    is_cut = any(isinstance(part, float | int) for part in recipe.splits.values())
    if select.tolerance is not None and not (is_cut and recipe.kind == "table"):
        yield (
            ("select", "tolerance"),
            (
                "select: tolerance is for a table that is cut into splits by"
                " fractions: remove it, or give fractions in [splits]"
            ),
        )
    if rule == "balanced":
        for path, number in _numbers(select.samples):
            if isinstance(number, float) or number < 2:
                yield (
                    ("select", "samples", *path),
                    (
                        f"select.samples: the rule 'balanced' needs numbers from 2"
                        f" on that are whole, found {number}: correct it"
                    ),
                )
    if select.targets != "all" and not select.targets:
        yield (
            ("select", "targets"),
            'select.targets: expected names or ids, or "all", found none: add one',
        )


def _numbers(
    samples: float | Mapping[str, float] | None,
) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(samples, dict):
        for name, number in samples.items():
            yield (name,), number
    elif samples is not None:
        yield (), samples  # type: ignore[misc]
