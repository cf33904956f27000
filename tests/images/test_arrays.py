"""The facts of an image take as many bytes as is told."""

import numpy as np

from builder.images.facts import AuditFacts
from builder.images.thumbnail import SIDE

TYPES = {
    "sha256": "uint8", "stamps": "int64", "is_grey": "bool", "sizes": "int32",
    "measures": "float32", "modes": "uint8", "orientations": "uint8",
}  # fmt: skip


def test_facts_have_the_types_and_sizes_that_are_told():
    facts = AuditFacts.of(10, decoded=True)
    arrays = {name: getattr(facts, name) for name in TYPES}
    assert {name: str(array.dtype) for name, array in arrays.items()} == TYPES
    assert sum(array.nbytes for array in arrays.values()) == 10 * 79
    assert facts.thumbnails.dtype == np.uint8
    assert facts.thumbnails.shape == (10, SIDE, SIDE)
    assert np.isnan(facts.measures).all()
