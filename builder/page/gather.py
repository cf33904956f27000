"""The rows of a build as the page holds them: each picture once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.page.columns import Column, columns_of, plain_values
from builder.page.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.output.records import SplitEntry
    from builder.page.pictures import Picture
    from builder.page.shards import Rows

    Configs = Mapping[str, Mapping[str, SplitEntry]]

#: The column that tells a row drawn again, which is no duplicate.
REPEAT = "repeat"


@dataclass(frozen=True)
class Gathered:
    """The rows of all files, and which picture each shows.

    Attributes
    ----------
    names : list of str, length f
        The files, in the order in which configs and splits name them.
    columns : list of list of Column, length f
        Of the config that names the file first.
    rows : list of Rows, length f
    pictures : list of list of int, length f
        Number of the picture of each row; equal bytes have one number.
    first : list of (int, int)
        File and row where each picture is seen first.
    """

    names: list[str]
    columns: list[list[Column]]
    rows: list[Rows]
    pictures: list[list[int]]
    first: list[tuple[int, int]]

    def to_draw(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield each file with the rows whose pictures are seen there first."""
        rows: dict[int, list[int]] = {}
        for file, row in self.first:
            rows.setdefault(file, []).append(row)
        for file in sorted(rows):
            yield file, tuple(rows[file])


def list_files(
    configs: Configs, features: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[Column]]:
    """Return the files of all configs, each once, with the columns that are shown."""
    found: dict[str, list[Column]] = {}
    for config, splits in configs.items():
        columns = columns_of(features.get(config, {}))
        for split in splits.values():
            for name in split.files:
                found.setdefault(name, columns)
    return found


def gather(files: Mapping[str, list[Column]], rows: Sequence[Rows]) -> Gathered:
    """Return the rows of all files, with their pictures numbered.

    Parameters
    ----------
    files : dict of str to list of Column
        As `list_files` returns them.
    rows : sequence of Rows
        Of each file.
    """
    numbers: dict[object, int] = {}
    first: list[tuple[int, int]] = []
    pictures = []
    for file, held in enumerate(rows):
        here = []
        for row, sha256 in enumerate(held.images):
            key = sha256 or (file, row)
            if key not in numbers:
                numbers[key] = len(first)
                first.append((file, row))
            here.append(numbers[key])
        pictures.append(here)
    return Gathered(list(files), list(files.values()), list(rows), pictures, first)


def told_files(gathered: Gathered, pictures: Sequence[Picture]) -> list[dict[str, Any]]:
    """Return the rows of each file, by columns, as JSON can hold them."""
    told = []
    for name, columns, rows, numbers in zip(
        gathered.names, gathered.columns, gathered.rows, gathered.pictures, strict=True
    ):
        told.append(
            {
                "file": name,
                "picture": numbers,
                "name": [visible(path) for path in rows.paths],
                "columns": {
                    column.name: plain_values(
                        column,
                        rows.columns[column.name],
                        _sizes(rows, numbers, pictures),
                    )
                    for column in columns
                },
            }
        )
    return told


def _sizes(
    rows: Rows, numbers: Sequence[int], pictures: Sequence[Picture]
) -> list[tuple[int, int]]:
    """Return the size to which the boxes of each row refer: as it is recorded."""
    shown = [(pictures[n].width, pictures[n].height) for n in numbers]
    recorded = zip(
        rows.columns.get("width", shown), rows.columns.get("height", shown), strict=True
    )
    return [
        (width, height) if isinstance(width, int) and isinstance(height, int) else size
        for (width, height), size in zip(recorded, shown, strict=True)
    ]


def told_configs(
    configs: Configs, features: Mapping[str, Mapping[str, Any]], gathered: Gathered
) -> list[dict[str, Any]]:
    """Return each config with its columns, its splits, and the files of each."""
    place = {name: number for number, name in enumerate(gathered.names)}
    return [
        {
            "name": config,
            "columns": [
                {"name": column.name, "kind": column.kind, "names": column.names}
                for column in columns_of(features.get(config, {}))
            ],
            "splits": [
                {"name": name, "files": [place[file] for file in split.files]}
                for name, split in splits.items()
            ],
        }
        for config, splits in configs.items()
    ]


def shared_pictures(configs: Configs, gathered: Gathered) -> tuple[set[int], set[int]]:
    """Return the pictures of several rows of a config, and those of several splits.

    Rows that were drawn again are one row.
    """
    place = {name: number for number, name in enumerate(gathered.names)}
    several: set[int] = set()
    across: set[int] = set()
    for splits in configs.values():
        seen: dict[int, str] = {}
        for name, split in splits.items():
            for file in (place[file] for file in split.files):
                numbers = gathered.pictures[file]
                again = gathered.rows[file].columns.get(REPEAT, [False] * len(numbers))
                for number, is_repeat in zip(numbers, again, strict=True):
                    if number in seen and not is_repeat:
                        several.add(number)
                    if seen.setdefault(number, name) != name:
                        across.add(number)
    return several, across
