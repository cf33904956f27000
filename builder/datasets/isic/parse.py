"""SIIM-ISIC 2020 metadata CSV to a DataFrame, and back to bytes. Pure.

The columns are those of ISIC_2020_Training_GroundTruth.csv (the same bytes as
Kaggle's train.csv), of its _v2, which adds lesion_id, or of a metadata.csv as the
Hub's ImageFolder writes it, with file_name for the image. DOI 10.34970/2020-ds01.
"""

from __future__ import annotations

import io
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from builder.errors import AnnotationError
from builder.selection.names import check_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABELS = ("benign", "malignant")
# Identifiers are text, whatever they look like: 0012 is not 12.
_TEXTS = ("image_name", "file_name", "patient_id", "lesion_id")


def read_metadata(data: bytes, *, name: str) -> pd.DataFrame:
    r"""Return the metadata, one row per image, in file order.

    Parameters
    ----------
    data : bytes
        The CSV text, UTF-8, with ``\\n`` or ``\\r\\n`` line ends.
    name : str
        Name of the file, for messages.

    Returns
    -------
    pandas.DataFrame
        The file's own columns: identifiers as text, others with the dtypes that
        pandas infers.

    Raises
    ------
    AnnotationError
        The text is not such a CSV, or an image stands in it twice.
    """
    try:
        frame = pd.read_csv(io.BytesIO(data), dtype=dict.fromkeys(_TEXTS, str))
    except (ValueError, UnicodeDecodeError) as err:
        msg = (
            f"{name}: expected the CSV metadata of SIIM-ISIC 2020 in UTF-8, found that"
            f" {str(err).strip()}: give ISIC_2020_Training_GroundTruth.csv"
        )
        raise AnnotationError(msg) from err
    columns = list(frame.columns)
    if "benign_malignant" not in columns or not (
        {"image_name", "file_name"} & set(columns)
    ):
        msg = (
            f"{name}: expected the columns image_name (or file_name) and"
            f" benign_malignant, found {', '.join(map(str, columns))}:"
            " give ISIC_2020_Training_GroundTruth.csv"
        )
        raise AnnotationError(msg)
    labels = frame["benign_malignant"]
    wrong = np.flatnonzero(~labels.isin(LABELS).to_numpy())
    if len(wrong):
        msg = (
            f"{name}: line {wrong[0] + 2} has benign_malignant"
            f" {str(labels.iloc[wrong[0]])!r}; expected benign or malignant: correct it"
        )
        raise AnnotationError(msg)
    key = frame["file_name" if "file_name" in columns else "image_name"]
    names = ["" if pd.isna(value) else str(value) for value in key]
    lines = [f"in line {number}" for number in range(2, len(names) + 2)]
    check_names(names, where=name, records=lines)
    twice = np.flatnonzero(key.duplicated().to_numpy())
    if len(twice):
        msg = (
            f"{name}: line {twice[0] + 2} names the image {names[twice[0]]!r} again;"
            " expected each image once: remove one of the lines"
        )
        raise AnnotationError(msg)
    return frame


def read_duplicates(data: bytes, *, name: str) -> list[tuple[str, str]]:
    """Return the pairs of ISIC_2020_Training_Duplicates.csv, in file order.

    Raises
    ------
    AnnotationError
        The text is not a CSV with the columns image_name_1 and image_name_2.
    """
    columns = ["image_name_1", "image_name_2"]
    try:
        frame = pd.read_csv(io.BytesIO(data), dtype=str)
        pairs = frame[columns].dropna()
    except (ValueError, KeyError) as err:
        msg = (
            f"{name}: expected a CSV with the columns {' and '.join(columns)}, found"
            f" that {str(err).strip()}: give ISIC_2020_Training_Duplicates.csv"
        )
        raise AnnotationError(msg) from err
    return list(zip(*(pairs[column].to_list() for column in columns), strict=True))


def image_files(frame: pd.DataFrame) -> list[str]:
    """Return the file name of each row's image, below the source's image folder."""
    if "file_name" in frame.columns:
        return [str(name) for name in frame["file_name"]]
    return [f"{name}.jpg" for name in frame["image_name"]]


def image_names(frame: pd.DataFrame) -> list[str]:
    """Return the ISIC name of each row's image, such as ``ISIC_2637011``."""
    if "image_name" in frame.columns:
        return [str(name) for name in frame["image_name"]]
    return [PurePosixPath(str(name)).stem for name in frame["file_name"]]


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
