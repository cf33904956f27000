"""What is known of many images, as arrays: what a worker sends back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from builder.pixels import ImageFacts


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """The facts of n images as arrays: about 60 bytes an image, and no pixels.

    Attributes
    ----------
    sha256 : ndarray of uint8, shape (n, 32)
    dhash : ndarray of uint64, shape (n, 2)
    is_grey : ndarray of bool, shape (n,)
    width, height : ndarray of int32, shape (n,)
    reasons : tuple of (str or None), length n
        Why an image is broken; None for a good one.
    """

    sha256: NDArray[np.uint8]
    dhash: NDArray[np.uint64]
    is_grey: NDArray[np.bool_]
    width: NDArray[np.int32]
    height: NDArray[np.int32]
    reasons: tuple[str | None, ...]

    @property
    def is_good(self) -> NDArray[np.bool_]:
        """Which images were decoded without complaint, shape (n,)."""
        return np.array([reason is None for reason in self.reasons], dtype=np.bool_)

    @classmethod
    def join(cls, parts: Iterable[AuditFacts]) -> AuditFacts:
        """Facts of all parts, in their order."""
        found = [gather([]), *parts]
        return cls(
            sha256=np.concatenate([part.sha256 for part in found]),
            dhash=np.concatenate([part.dhash for part in found]),
            is_grey=np.concatenate([part.is_grey for part in found]),
            width=np.concatenate([part.width for part in found]),
            height=np.concatenate([part.height for part in found]),
            reasons=tuple(reason for part in found for reason in part.reasons),
        )


def gather(facts: Sequence[ImageFacts]) -> AuditFacts:
    """Facts of single images as arrays, in their order."""
    digests = b"".join(fact.sha256 for fact in facts)
    hashes = [fact.dhash for fact in facts]
    return AuditFacts(
        sha256=np.frombuffer(digests, dtype=np.uint8).reshape(-1, 32),
        dhash=np.array(hashes, dtype=np.uint64).reshape(-1, 2),
        is_grey=np.array([fact.is_grey for fact in facts], dtype=np.bool_),
        width=np.array([fact.width for fact in facts], dtype=np.int32),
        height=np.array([fact.height for fact in facts], dtype=np.int32),
        reasons=tuple(fact.reason for fact in facts),
    )
