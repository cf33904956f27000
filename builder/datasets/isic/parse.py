"""SIIM-ISIC 2020 metadata CSV to a DataFrame, and back to bytes. Pure.

The columns are those of ISIC_2020_Training_GroundTruth.csv (the same bytes as
Kaggle's train.csv), of its _v2, which adds lesion_id, or of a metadata.csv as the
Hub's ImageFolder writes it, with file_name for the image. DOI 10.34970/2020-ds01.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from builder.datasets.isic.others import known_as
from builder.datasets.table.read import read_frame
from builder.datasets.table.values import as_text, known_texts
from builder.errors import AnnotationError, cut
from builder.selection.names import check_names, plain_name, unsafe_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from builder.datasets.table.frame import Frame

LABELS = ("benign", "malignant")
#: Columns that say whose an image is, and what the audit calls those whom they name.
OWNERS = {"patient_id": "patients", "lesion_id": "lesions"}
# Identifiers are text, whatever they look like: 0012 is not 12.
_TEXTS = ("image_name", "file_name", "patient_id", "lesion_id", "benign_malignant")
# The columns of the official table, whose names may be in capitals.
_COLUMNS = (
    *_TEXTS, "sex", "age_approx", "anatom_site_general_challenge", "diagnosis",
    "target",
)  # fmt: skip
_ENDING = re.compile(r"\.(?:jpe?g|png|tiff?|bmp|webp|gif)$", re.IGNORECASE)


def read_metadata(data: bytes, *, name: str) -> pd.DataFrame:
    """Return the metadata, one row per image, in file order.

    Parameters
    ----------
    data : bytes
        A table; see `builder.datasets.table.read.read_frame`. Names of columns and
        labels may be in capitals.
    name : str
        Name of the file, for messages.

    Returns
    -------
    pandas.DataFrame
        The file's own columns: identifiers as text, others with the dtypes that
        pandas infers. ``attrs["notes"]`` is what is to be said of the reading.

    Raises
    ------
    AnnotationError
        It is no such table, or an image stands in it twice.
    """
    try:
        read = read_frame(data, name=name, texts=_TEXTS)
    except AnnotationError as err:
        msg = f"{err}; or give ISIC_2020_Training_GroundTruth.csv"
        raise AnnotationError(msg) from err
    spelt = {column: str(column).lower() for column in read.rows.columns}
    frame = read.rows.rename(
        columns={
            column: lower
            for column, lower in spelt.items()
            if lower in _COLUMNS and list(spelt.values()).count(lower) == 1
        }
    )
    columns = list(frame.columns)
    if "benign_malignant" not in columns or not (
        {"image_name", "file_name"} & set(columns)
    ):
        raise AnnotationError(f"{name}: {_unfit(columns)}")
    frame["benign_malignant"] = _canonical(frame["benign_malignant"], read)
    key = frame["file_name" if "file_name" in columns else "image_name"]
    names = [plain_name(as_text(value)) for value in key.tolist()]
    wrong = next((row for row, n in enumerate(names) if unsafe_reason(n)), None)
    if wrong is not None:
        check_names([names[wrong]], where=name, records=[f"in {read.where(wrong)}"])
    twice = np.flatnonzero(pd.Series(names).duplicated().to_numpy())
    if len(twice):
        msg = (
            f"{name}: {read.where(int(twice[0]))} names the image {names[twice[0]]!r}"
            " again; expected each image once: remove one of the lines"
        )
        raise AnnotationError(msg)
    frame.attrs["notes"] = read.notes
    return frame


def _unfit(columns: Sequence[object]) -> str:
    """Return what a table is that has not the columns, and the next step."""
    shown = ", ".join(cut(str(column)) for column in columns[:3])
    more = f" and {len(columns) - 3} more" if len(columns) > 3 else ""
    other = known_as(columns)
    found = f"{other} ({shown}{more})" if other else f"{shown}{more}"
    step = (
        "trimset init FOLDER writes a recipe for it"
        if other
        else "give ISIC_2020_Training_GroundTruth.csv, or have trimset init FOLDER"
        " write a recipe for this table"
    )
    return (
        "expected the columns image_name (or file_name) and benign_malignant, found"
        f" {found}: {step}"
    )


def _canonical(values: pd.Series, read: Frame) -> NDArray[np.object_]:
    """Return labels in small letters, as LABELS has them."""
    found = np.array([as_text(v).lower() for v in values.tolist()], dtype=object)
    wrong = np.flatnonzero(~np.isin(found.astype(str), LABELS))
    if len(wrong):
        row = int(wrong[0])
        msg = (
            f"{read.name}: {read.where(row)} has benign_malignant"
            f" {as_text(values.iloc[row])!r}; expected benign or malignant: correct it,"
            " or have trimset init FOLDER write a recipe, which leaves such rows out"
        )
        raise AnnotationError(msg)
    return found


def read_duplicates(data: bytes, *, name: str) -> list[tuple[str, str]]:
    """Return the pairs of ISIC_2020_Training_Duplicates.csv, in file order.

    Raises
    ------
    AnnotationError
        The text is not a CSV with the columns image_name_1 and image_name_2.
    """
    columns = ["image_name_1", "image_name_2"]
    try:
        frame = read_frame(data, name=name, texts=columns, may_be_empty=True).rows
        pairs = frame[columns].dropna()
    except (AnnotationError, KeyError) as err:
        msg = (
            f"{name}: expected a CSV with the columns {' and '.join(columns)}, found"
            f" that {str(err).strip()}: give ISIC_2020_Training_Duplicates.csv"
        )
        raise AnnotationError(msg) from err
    return list(zip(*(pairs[column].to_list() for column in columns), strict=True))


def image_files(frame: pd.DataFrame) -> list[str]:
    """Return the file name of each row's image, below the source's image folder."""
    if "file_name" in frame.columns:
        return [plain_name(str(name)) for name in frame["file_name"]]
    names = [plain_name(str(name)) for name in frame["image_name"]]
    return [name if _ENDING.search(name) else f"{name}.jpg" for name in names]


def image_names(frame: pd.DataFrame) -> list[str]:
    """Return the ISIC name of each row's image, such as ``ISIC_2637011``."""
    if "image_name" in frame.columns:
        return [_ENDING.sub("", str(name)) for name in frame["image_name"]]
    return [PurePosixPath(name).stem for name in image_files(frame)]


def labels(frame: pd.DataFrame) -> NDArray[np.object_]:
    """Return ``benign_malignant`` as an object array of str, whatever pandas holds."""
    return np.array(frame["benign_malignant"].to_list(), dtype=object)


def write_metadata(frame: pd.DataFrame) -> bytes:
    r"""Return the CSV as the notebook wrote it: no index, ``\\n`` line ends."""
    return frame.to_csv(index=False, lineterminator="\n").encode()


def texts(frame: pd.DataFrame, column: str) -> list[str | None]:
    """Return a column as str, None where it is empty or not there at all."""
    if column not in frame.columns:
        return [None] * len(frame)
    values = frame[column]
    return [
        None if null else str(value)
        for value, null in zip(values.tolist(), values.isna().tolist(), strict=True)
    ]


def known_owners(frame: pd.DataFrame) -> dict[str, list[str | None]]:
    """Return whose the image of each row is, by each of `OWNERS` that names anybody.

    None where nobody is named: ``unknown``, -1, blanks. A column that is not there, or
    names nobody at all, is left out.
    """
    found = {column: known_texts(texts(frame, column)) for column in OWNERS}
    return {column: values for column, values in found.items() if any(values)}
