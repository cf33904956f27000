"""The patient split of SIIM-ISIC: what belongs together stays together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.audit import duplicates
from builder.datasets.isic.parse import texts
from builder.errors import SelectionError
from builder.selection.groups import (
    connected_groups,
    link_equal,
    link_named,
    split_groups,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from builder.audit.duplicates import Duplicates
    from builder.datasets.isic.slices import IsicSlices
    from builder.images.facts import Seen

SPLITS = ("train", "validation", "test")


def find_duplicates(seen: Seen) -> Duplicates:
    """Return the exact and near duplicates among the selected images."""
    facts = seen.facts
    return duplicates.find_duplicates(facts.sha256, facts.dhash, facts.is_good)


def split_patients(
    taken: IsicSlices, seen: Seen, found: Duplicates
) -> tuple[dict[str, NDArray[np.int64]] | None, str]:
    """Split the selection so that nothing that belongs together is torn apart.

    Linked are rows of one patient, of one lesion, of an officially listed pair of
    duplicates, of equal bytes, and near duplicates; see `builder.selection.groups` and
    `builder.audit.duplicates`. Broken images take no part.

    Returns
    -------
    splits : dict of str to int64, or None
        Positions in metadata_small.csv of train, validation and test, ascending.
    reason : str
        Why there is no such split; empty if there is one.
    """
    is_good = seen.facts.is_good
    edges = np.concatenate(
        [
            link_equal(texts(taken.small, "patient_id")),
            link_equal(texts(taken.small, "lesion_id")),
            link_named(taken.names, taken.official_duplicates or ()),
            found.exact,
            found.links,
        ]
    )
    groups = connected_groups(len(is_good), edges)
    kept = np.flatnonzero(is_good)
    malignant = taken.labels == "malignant"
    try:
        part = split_groups(
            groups[kept],
            malignant[kept],
            seed=taken.recipe.seed,
            keys=[taken.names[row] for row in kept.tolist()],
        )
    except SelectionError as err:
        return None, str(err)
    return {name: kept[part == number] for number, name in enumerate(SPLITS)}, ""
