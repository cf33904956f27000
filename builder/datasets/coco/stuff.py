"""COCO's stuff annotations: which images show road, sky or a ceiling. Pure.

They are COCO-Stuff's (Caesar et al., CVPR 2018, arXiv:1612.03716) in the format of the
instances: categories 92 to 182, an annotation for each image and category. A last one,
183, named ``other``, covers what the instances are about; it is no stuff.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from builder.datasets.coco.context import STUFF
from builder.datasets.coco.parse import positions
from builder.errors import AnnotationError, first_of
from builder.selection.names import plain_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from builder.datasets.coco.table import CocoTable

_OTHER = "other"


@dataclass(frozen=True)
class Stuff:
    """What stuff the images of a table show.

    Attributes
    ----------
    categories : tuple of str, length s
    presence : bool[s, n]
        Which rows of the table show each; none of those that are not `listed`.
    listed : int64[k]
        Rows of the table whose images were looked through for stuff, ascending.
    """

    categories: tuple[str, ...]
    presence: NDArray[np.bool_]
    listed: NDArray[np.int64]

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where those of the rows that are listed stand among these."""
        found: NDArray[np.int64] = np.flatnonzero(np.isin(self.listed, rows))
        return found


def check_stuff(stuff: CocoTable) -> None:
    """Raise AnnotationError where annotations are not COCO's of stuff."""
    named = [category.name for category in stuff.categories]
    missing = [name for name in STUFF.values() if name not in named]
    if missing:
        msg = (
            f"{stuff.name}: expected COCO's stuff annotations, with the categories"
            f" {', '.join(STUFF.values())}, found {first_of(named) or 'none'}, without"
            f" {first_of(missing)}: give stuff_val2017.json, stuff_train2017.json or"
            " the archive of both, stuff_annotations_trainval2017.zip"
        )
        raise AnnotationError(msg)


def match_stuff(stuff: CocoTable, table: CocoTable) -> Stuff | None:
    """Return the stuff of the images of a table, which are the same by their ids.

    Parameters
    ----------
    stuff : CocoTable
        Of stuff annotations, with the images that show none.
    table : CocoTable
        Of instances.

    Returns
    -------
    Stuff or None
        None where not one of the images is the table's.

    Raises
    ------
    AnnotationError
        An id stands for two images.

    """
    ids = np.array([image.id for image in table.images], dtype=np.int64)
    theirs = np.array([image.id for image in stuff.images], dtype=np.int64)
    at = positions(ids, theirs)
    listed = np.flatnonzero(at >= 0)
    if not len(listed):
        return None
    for row in listed.tolist():
        image, other = table.images[row], stuff.images[at[row]]
        name, found = (
            PurePosixPath(plain_name(part.file_name)).name for part in (image, other)
        )
        if name != found:
            msg = (
                f"{stuff.name}: expected the image {image.id} to be {name!r}, as in"
                f" {table.name}, found {found!r}: give annotations of the same images"
            )
            raise AnnotationError(msg)
    things = {category.name for category in table.categories}
    named = [category.name for category in stuff.categories]
    kept = [name for name in named if name not in {*things, _OTHER}]
    presence = np.zeros((len(kept), len(table)), dtype=bool)
    for place, name in enumerate(kept):
        presence[place, listed] = stuff.presence[named.index(name)][at[listed]]
    return Stuff(tuple(kept), presence, listed)
