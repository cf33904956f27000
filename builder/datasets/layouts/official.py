"""Tell whether a folder holds what a recipe of the package is made from."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from builder.datasets import shipped
from builder.datasets.layouts.names import escaped
from builder.sources.urls import shown

if TYPE_CHECKING:
    from builder.datasets.layouts.findings import Finding
    from builder.datasets.layouts.listing import Listing
    from builder.datasets.recipe_record import RecipeFile, SourceFiles


def official(listing: Listing, finding: Finding) -> list[str]:
    """Return a line for each recipe of the package whose source this is.

    By the digests of its tables where the recipe names them, and else by where the
    tables lie.
    """
    found = []
    tables = {part.table for part in finding.parts.values() if not part.beside}
    for name in shipped.shipped():
        record = shipped.shipped_recipe(name)
        if record.kind != finding.kind:
            continue
        first = [_tables_of(part) for part in _parts(record)]
        known = {place for places in first for place in places}
        ends = {place.rpartition("/")[2] for place in known}
        alike = {table for table in tables if table.rpartition("/")[2] in ends}
        digests = set(record.official.sha256.values()) if record.official else set()
        if alike and digests & {_digest(listing, table) for table in alike}:
            how = "its tables have the digests of"
        elif all(tables & set(places[:2]) for places in first):
            how = "its tables lie where they lie in"
        else:
            continue
        found.append(
            f"{how} the source of {name}: trimset plan {name} --source"
            f" {escaped(shown(listing.base))}"
        )
    return found


def _digest(listing: Listing, table: str) -> str:
    with listing.open(table) as view:
        return hashlib.sha256(view).hexdigest()


def places() -> list[str]:
    """Return all files and zips that the recipes name, below their source."""
    found: list[str] = []
    for name in shipped.shipped():
        for part in _parts(shipped.shipped_recipe(name)):
            found += _tables_of(part) + _listed(part.images)
    return [place for place in dict.fromkeys(found) if "://" not in place]


def _parts(record: RecipeFile) -> list[SourceFiles]:
    """Return where the splits, or the one source, of a recipe lie."""
    every = [record.source, *record.splits.values()]
    return [part for part in every if part is not None and not isinstance(part, float)]


def _tables_of(part: SourceFiles) -> list[str]:
    return _listed(part.annotations) + _listed(part.metadata)


def _listed(given: str | list[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or [])
