"""What the columns of a table are, by their names and by what stands in them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.datasets.layouts.names import split_of

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from builder.datasets.layouts.images import ImageIndex

# Of names that stand for the same, the ones that say most come first.
_IMAGE = (
    "file_name", "filename", "image_name", "isic_id", "image_id", "img_id", "image",
    "image_path", "img_path", "filepath", "file_path", "path", "file", "img", "md5hash",
    "picture", "photo", "id", "name",
)  # fmt: skip
_LABEL = (
    "benign_malignant", "three_partition_label", "dx", "diagnostic", "diagnosis_1",
    "label", "labels", "class", "class_name", "diagnosis", "category", "target",
    "species", "disease", "finding",
)  # fmt: skip
_LABEL_WORDS = {
    "label", "class", "target", "diagnosis", "diagnostic", "dx", "category",
    "malignant",
}  # fmt: skip
_GROUP = {
    "patient_id", "patient", "patientid", "subject_id", "subject", "subjectid",
    "participant_id", "participant", "lesion_id", "lesion", "lesionid", "case_id",
    "group", "group_id", "person_id", "individual", "individual_id", "animal_id",
}  # fmt: skip
_SPLIT = {"split", "set", "partition", "subset", "fold", "phase"}
_MISSING = {"", "nan", "na", "n/a", "none", "null", "unknown", "-1", "-"}
_MOST_CLASSES = 100
_SAMPLE = 200


def plain(column: str) -> str:
    """Return the name of a column as it is compared.

    >>> plain(" Patient ID")
    'patient_id'
    """
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def image_column(frame: pd.DataFrame, index: ImageIndex) -> str | None:
    """Return the column whose values name images that are there.

    Where none is there: the column whose name says that it is the image.
    """
    best: tuple[float, int, str] | None = None
    for column in frame.columns:
        values = frame[column].dropna()
        sample = values.iloc[:: max(1, len(values) // _SAMPLE)].astype(str)
        found = sum(map(index.has, sample)) / max(1, len(sample))
        rank = _rank(column, _IMAGE)
        if found >= 0.1 and (best is None or (found, -rank) > best[:2]):
            best = (found, -rank, column)
    if best:
        return best[2]
    named = [column for column in frame.columns if plain(column) in _IMAGE]
    return min(named, key=lambda column: _rank(column, _IMAGE), default=None)


def label_columns(frame: pd.DataFrame, taken: Collection[str]) -> list[str]:
    """Return the columns that could be the label, the likeliest first."""
    found = []
    for column in frame.columns:
        name = plain(column)
        words = set(name.split("_"))
        if column in taken or not (name in _LABEL or words & _LABEL_WORDS):
            continue
        if 2 <= len(classes_of(frame, column)) <= _MOST_CLASSES:
            found.append(column)
    return sorted(found, key=lambda column: _rank(column, _LABEL))


def one_hot_columns(frame: pd.DataFrame, taken: Collection[str]) -> list[str]:
    """Return the columns, one a class, of which one is 1 in every row; or none."""
    found = []
    for column in frame.columns:
        if column in taken:
            continue
        values = set(frame[column].dropna().astype(str).str.strip())
        if values and values <= {"0", "1", "0.0", "1.0"}:
            found.append(column)
    if len(found) < 2:
        return []
    sums = frame[found].astype(float).sum(axis=1)
    return found if len(sums) and bool((sums == 1).all()) else []


def group_columns(frame: pd.DataFrame, taken: Collection[str]) -> list[str]:
    """Return the columns of what is kept in one split, such as patients."""
    return [
        column
        for column in frame.columns
        if column not in taken
        and plain(column) in _GROUP
        and len(classes_of(frame, column)) > 1
    ]


def split_column(frame: pd.DataFrame) -> str | None:
    """Return the column that says which split a row is of, if there is one."""
    for column in frame.columns:
        values = classes_of(frame, column) if plain(column) in _SPLIT else {}
        if values and all(split_of(value) for value in values):
            return str(column)
    return None


def classes_of(frame: pd.DataFrame, label: str | list[str]) -> dict[str, int]:
    """Return how many rows are of each class, the most frequent first."""
    if isinstance(label, list):
        sums = frame[label].astype(float).sum().sort_values(ascending=False)
        return {str(name): int(n) for name, n in sums.items() if n}
    values = frame[label].dropna().astype(str).str.strip()
    values = values[~values.str.lower().isin(_MISSING)]
    return {str(name): int(n) for name, n in values.value_counts().items()}


def _rank(column: str, names: tuple[str, ...]) -> int:
    name = plain(column)
    return names.index(name) if name in names else len(names)
