"""The split of SIIM-ISIC: what is known to belong together stays together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.audit import duplicates
from builder.datasets.isic.parse import OWNERS, known_owners
from builder.selection.groups import Link, cut_linked, link_equal, link_named
from builder.selection.unfair import Ways

if TYPE_CHECKING:
    from builder.audit.duplicates import Duplicates
    from builder.datasets.isic.slices import IsicSlices
    from builder.images.facts import Seen
    from builder.selection.cuts import Cut
    from builder.selection.unfair import Unfair

SPLITS = {"train": 0.70, "validation": 0.15, "test": 0.15}
# Slices are of row numbers: those past the end of a shorter table are refused.
_ENDS = "and end the slices (--benign, --malignant) no later than the table then does"
WAYS = Ways(
    tolerance="give --tolerance {}",
    rows=f"leave {{}} of them out of the table, {_ENDS}",
)


def find_duplicates(seen: Seen) -> Duplicates:
    """Return the exact and near duplicates among the selected images."""
    return duplicates.find_duplicates(seen.facts)


def links_of(taken: IsicSlices, found: Duplicates) -> dict[str, Link]:
    """Return what links rows, by the name that the audit has for it.

    Rows of one patient, of one lesion, of an officially listed pair of duplicates, of
    equal bytes, and look-alikes; only those that the metadata, the source and the
    images give. A missing patient or lesion links nothing.
    """
    links = {
        OWNERS[column]: Link(
            column,
            link_equal(values),
            f"leave {column} blank where it stands for none or for many",
            values,
        )
        for column, values in known_owners(taken.small).items()
    }
    if taken.official_duplicates is not None:
        links["official"] = Link(
            "listed pairs of duplicates",
            link_named(taken.names, taken.official_duplicates),
            "take them off the list of duplicates",
        )
    links["exact"] = Link(
        "copies of the same bytes",
        found.exact,
        f"leave the copies of the same bytes out of the table, {_ENDS}",
    )
    links["near"] = Link(
        "pairs that look the same",
        found.near,
        f"leave all but one of those that look the same out of the table, {_ENDS}",
    )
    return links


def split_together(
    taken: IsicSlices, seen: Seen, found: Duplicates
) -> tuple[Cut, Unfair | None]:
    """Cut the selection so that nothing that is known to belong together is torn apart.

    Broken images take no part.

    Returns
    -------
    cut : Cut
        Of the good images, in the order of their positions.
    unfair : Unfair, optional
        Why it is not fair, if it is not.

    Raises
    ------
    TooFewGroupsError
        There are fewer groups than splits.
    """
    return cut_linked(
        [*links_of(taken, found).values()],
        (taken.labels == "malignant").astype(np.int64),
        fractions=SPLITS,
        seed=taken.recipe.seed,
        keys=taken.names,
        tolerance=taken.recipe.tolerance,
        ways=WAYS,
        first="hardest",
        among=np.flatnonzero(seen.facts.is_good),
    )
