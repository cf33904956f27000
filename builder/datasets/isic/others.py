"""Tables of dermatology that are not SIIM-ISIC 2020's, by their columns. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# What a table is that has these columns, the first that fits.
_OTHERS = (
    ({"isic_id", "target"}, "the metadata of SLICE-3D (ISIC 2024)"),
    ({"isic_id"}, "an export of the ISIC archive"),
    ({"image_id", "dx"}, "the metadata of HAM10000"),
    ({"image", "mel", "nv", "bcc"}, "the one-hot ground truth of ISIC 2018 or 2019"),
    ({"image", "age_approx"}, "the metadata of ISIC 2019, which has no labels"),
    ({"img_id", "diagnostic"}, "the metadata of PAD-UFES-20"),
    ({"md5hash", "three_partition_label"}, "the table of Fitzpatrick17k"),
    ({"ddi_file", "malignant"}, "the metadata of DDI"),
)


def known_as(columns: Iterable[object]) -> str | None:
    """Return what a table is, by its columns, or None if it is none that is known.

    >>> known_as(["lesion_id", "image_id", "dx"])
    'the metadata of HAM10000'
    """
    found = {str(column).strip().lower() for column in columns}
    return next((what for wanted, what in _OTHERS if wanted <= found), None)
