"""What was seen of the selected images, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from builder.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from builder.images.inspect import ImageFacts


_ARRAYS = ("sha256", "stamps", "dhash", "is_grey")


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """The facts of n images as arrays: 57 bytes an image, and no pixels.

    Attributes
    ----------
    sha256 : ndarray of uint8, shape (n, 32)
    stamps : ndarray of int64, shape (n,)
        Of the files that were read: see `builder.sources.read.read_into`.
    dhash : ndarray of uint64, shape (n, 2)
    is_grey : ndarray of bool, shape (n,)
    reasons : dict of int to str
        Why an image is broken, by the row of each that is.
    """

    sha256: NDArray[np.uint8]
    stamps: NDArray[np.int64]
    dhash: NDArray[np.uint64]
    is_grey: NDArray[np.bool_]
    reasons: dict[int, str]

    def __len__(self) -> int:
        return len(self.sha256)

    @property
    def is_good(self) -> NDArray[np.bool_]:
        """Which images were read without complaint, shape (n,)."""
        good = np.ones(len(self), dtype=np.bool_)
        good[list(self.reasons)] = False
        return good

    @classmethod
    def of(cls, n: int) -> AuditFacts:
        """Facts of `n` images of which nothing is known yet: zeros."""
        return cls(
            sha256=np.zeros((n, 32), dtype=np.uint8),
            stamps=np.zeros(n, dtype=np.int64),
            dhash=np.zeros((n, 2), dtype=np.uint64),
            is_grey=np.zeros(n, dtype=np.bool_),
            reasons={},
        )

    def put(self, rows: NDArray[np.int64], part: AuditFacts) -> None:
        """Set the facts of these rows to those of `part`, in its order."""
        for name in _ARRAYS:
            getattr(self, name)[rows] = getattr(part, name)
        for place, reason in part.reasons.items():
            self.reasons[int(rows[place])] = reason

    def take(self, rows: NDArray[np.int64]) -> AuditFacts:
        """Return the facts of these rows, in their order."""
        places, why = enumerate(rows.tolist()), self.reasons
        return AuditFacts(
            **{name: getattr(self, name)[rows] for name in _ARRAYS},
            reasons={at: why[row] for at, row in places if row in why},
        )


def gather(facts: Sequence[ImageFacts], stamps: ArrayLike | None = None) -> AuditFacts:
    """Return the facts of single images as arrays, in their order.

    Parameters
    ----------
    facts : sequence of ImageFacts, length n
    stamps : sequence or array of int, length n, optional
        Of the files that were read; zeros, if not given.
    """
    found = AuditFacts.of(len(facts))
    for row, fact in enumerate(facts):
        found.sha256[row] = np.frombuffer(fact.sha256, dtype=np.uint8)
        found.dhash[row] = fact.dhash
        found.is_grey[row] = fact.is_grey
        if fact.reason is not None:
            found.reasons[row] = fact.reason
    if stamps is not None:
        found.stamps[:] = stamps
    return found


@dataclass(frozen=True)
class Seen:
    """What is known of the selected images.

    Attributes
    ----------
    keys : sequence of str, length n
        Key of each image; its place here is the image's number everywhere.
    facts : AuditFacts
        Of these n images. Where they were not decoded, all is empty but the digests,
        the stamps and the reasons; where they were not read, all of it.
    sizes : ndarray of int32, shape (n, 2), optional
        Width and height that each image has in its rows, where the source states them.
    decoded, read : bool
        What was done to see this.
    """

    keys: Sequence[str]
    facts: AuditFacts
    sizes: NDArray[np.int32] | None = None
    decoded: bool = False
    read: bool = False

    @property
    def broken(self) -> dict[str, str]:
        """Why an image is broken, by the key of each that is."""
        reasons = sorted(self.facts.reasons.items())
        return {self.keys[row]: reason for row, reason in reasons}


def refuse_broken(broken: Mapping[str, str], *, total: int, allow_broken: bool) -> None:
    """Raise ImageError naming broken images, unless they are allowed.

    Raises
    ------
    ImageError
        There are some and they are not allowed, or there are no others.
    """
    if broken and (not allow_broken or len(broken) == total):
        listed = "; ".join(f"{key} {why}" for key, why in sorted(broken.items()))
        advice = (
            "nothing is left to build: mend the source"
            if len(broken) == total
            else "mend the source, or go on without them with --allow-broken"
        )
        msg = f"{len(broken)} of {total} selected images are broken: {listed}; {advice}"
        raise ImageError(msg)
