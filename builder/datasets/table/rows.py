"""From chosen rows of a table to the columns of every config and split."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.datasets.table.values import Column, as_text
from builder.errors import AnnotationError
from builder.selection.contract import SplitRows
from builder.selection.names import config_names
from builder.selection.rules import repeats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from builder.datasets.recipe_record import RecipeFile
    from builder.datasets.table.choose import Chosen
    from builder.datasets.table.pool import Pool
    from builder.sources.texts import Texts

_DTYPES = {"i": "int64", "f": "float64", "b": "bool"}


@dataclass(frozen=True)
class TableRows:
    """The rows that were taken from a table.

    Attributes
    ----------
    pool : Pool
    chosen : Chosen
    file : RecipeFile
        The recipe as its file says it.
    """

    pool: Pool
    chosen: Chosen
    file: RecipeFile

    @cached_property
    def union(self) -> NDArray[np.int64]:
        """Rows of the pool that were taken, each once, ascending: the images."""
        # By flags: `np.unique` may take 60 bytes a row, in blocks that are kept.
        is_taken = np.zeros(len(self.pool), dtype=np.bool_)
        for rows in self.chosen.splits.values():
            is_taken[rows] = True
        return np.flatnonzero(is_taken)

    @cached_property
    def keys(self) -> Texts:
        """Key of each image."""
        return self.pool.keys.take(self.union)

    @cached_property
    def classes(self) -> list[str]:
        """Classes of the label: those asked for, or all where the others serve too."""
        if self.file.select.rule == "balanced":
            return list(self.pool.classes)
        return [self.pool.classes[number] for number in self.chosen.classes]

    @property
    def labels(self) -> NDArray[np.object_]:
        """Name of the class of each image, made anew; empty where there are none."""
        names = self.pool.classes or ("",)
        return np.array(names, dtype=object)[self.pool.labels[self.union]]

    @property
    def split_of(self) -> list[str]:
        """Split of each image in the config ``default``, made anew."""
        found = np.full(len(self.union), "", dtype=object)
        for split, rows in self.chosen.splits.items():
            found[self.places(rows)] = split
        named: list[str] = found.tolist()
        return named

    @cached_property
    def own(self) -> dict[str, str]:
        """The dataset's name of each column of the table, by the table's.

        A column that the dataset needs for itself gets another name: the image's own
        is then ``file_name``, others start with ``source_``. A label called ``label``
        is the label.

        Raises
        ------
        AnnotationError
            That name is taken, too.
        """
        ours = {"image", *(["label"] if self.pool.classes else [])}
        if self.chosen.draws:
            ours |= {"draw", "repeat"}
        found: dict[str, str] = {}
        columns = [str(column) for column in self.pool.rows.columns]
        for column in columns:
            name = column
            if column in ours:
                if column == "label" and [column] == self.pool.roles["label"]:
                    continue
                is_image = [column] == self.pool.roles["image"]
                name = "file_name" if is_image else f"source_{column}"
                if name in columns:
                    msg = (
                        f"{self.pool.files[0]}: has columns {column!r}, which is one of"
                        f" the dataset itself, and {name!r}: rename one of them"
                    )
                    raise AnnotationError(msg)
            found[column] = name
        return found

    @cached_property
    def dtypes(self) -> dict[str, str]:
        """Dtype of each column of the table, as `datasets` names it."""
        rows = self.pool.rows
        return {
            column: _DTYPES.get(rows[column].dtype.kind, "string")
            for column in self.own
        }

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the image of each of these rows."""
        found: NDArray[np.int64] = np.searchsorted(self.union, rows)
        return found

    def values(self, column: str, rows: NDArray[np.int64]) -> list[Any]:
        """Return the values of a column of the table, None where there is none."""
        values = self.pool.rows[column].iloc[rows]
        found = values.astype(object).where(values.notna(), None).tolist()
        if self.dtypes[column] != "string":
            return found
        return [
            value if value is None or isinstance(value, str) else _spelt(value)
            for value in found
        ]

    def splits(self) -> list[SplitRows]:
        """Return the rows of every config and split, ``default`` first."""
        found = [
            SplitRows(
                config="default",
                split=split,
                images=self.places(rows),
                make_columns=partial(self._columns, rows),
                make_features=partial(self._features, self.classes),
                is_whole=True,
            )
            for split, rows in self.chosen.splits.items()
        ]
        names = config_names([(name, n) for n, name in enumerate(self.pool.classes)])
        for number in self.chosen.classes if self.chosen.draws else ():
            target = self.pool.classes[number]
            other = "other" if target != "other" else "not other"
            found += [
                SplitRows(
                    config=names[number],
                    split=split,
                    images=self.places(draws[number]),
                    make_columns=partial(self._drawn, draws[number], number),
                    make_features=partial(self._features, [other, target], drawn=True),
                )
                for split, draws in self.chosen.draws.items()
            ]
        return found

    def _columns(self, rows: NDArray[np.int64]) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        if self.pool.classes:
            place = {name: number for number, name in enumerate(self.classes)}
            numbers = [place.get(name, -1) for name in self.pool.classes]
            columns["label"] = np.array(numbers, np.int64)[self.pool.labels[rows]]
        for column, name in self.own.items():
            columns[name] = Column(partial(self.values, column), rows)
        return columns

    def _drawn(self, rows: NDArray[np.int64], number: int) -> dict[str, Any]:
        return {
            **self._columns(rows),
            "label": (self.pool.labels[rows] == number).astype(np.int64),
            "draw": np.arange(len(rows), dtype=np.int32),
            "repeat": repeats(rows),
        }

    def _features(self, classes: Sequence[str], *, drawn: bool = False) -> Any:
        import datasets  # slow, and not needed by a plan

        features: dict[str, Any] = {"image": datasets.Image()}
        if classes:
            features["label"] = datasets.ClassLabel(names=list(classes))
        for column, name in self.own.items():
            features[name] = datasets.Value(self.dtypes[column])
        if drawn:
            features["draw"] = datasets.Value("int32")
            features["repeat"] = datasets.Value("bool")
        return datasets.Features(features)


def _spelt(value: Any) -> str:
    return str(value) if isinstance(value, bool | np.bool_) else as_text(value)
