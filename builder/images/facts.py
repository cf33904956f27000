"""What was seen of the selected images, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.errors import ImageError, first_of
from builder.images.measures import NAMES
from builder.images.thumbnail import SIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from builder.images.inspect import ImageFacts


# Why an image that is nowhere is not good, though it is not broken.
MISSING = "is missing"
_ARRAYS = (
    "sha256", "stamps", "is_grey", "sizes", "measures", "modes", "orientations"
)  # fmt: skip
#: Modes as Pillow names them, by their number here; the first is any other.
MODES = (
    "", "1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr",
    "LAB", "HSV", "F", "I", "I;16", "I;16L", "I;16B", "I;16N",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """The facts of n images as arrays: 79 bytes an image, and 576 of a thumbnail.

    Attributes
    ----------
    sha256 : ndarray of uint8, shape (n, 32)
    stamps : ndarray of int64, shape (n,)
        Of the files that were read: see `builder.sources.read.read_into`.
    is_grey : ndarray of bool, shape (n,)
    sizes : ndarray of int32, shape (n, 2)
        Width and height in pixels, as the image is shown; 0 by 0 of a broken one.
    measures : ndarray of float32, shape (n, 7)
        As `builder.images.measures.NAMES`; NaN where it is not known.
    modes : ndarray of uint8, shape (n,)
        Place of the mode in `MODES`, of images that were decoded.
    orientations : ndarray of uint8, shape (n,)
        Of EXIF, 1 to 8; 0 where it is not known.
    reasons : dict of int to str
        Why an image is broken, by the row of each that is, or `MISSING`.
    thumbnails : ndarray of uint8, shape (n, 24, 24), optional
        See `builder.images.inspect.inspect`; where no image was decoded, there are
        none. That of a broken image is black.
    """

    sha256: NDArray[np.uint8]
    stamps: NDArray[np.int64]
    is_grey: NDArray[np.bool_]
    sizes: NDArray[np.int32]
    measures: NDArray[np.float32]
    modes: NDArray[np.uint8]
    orientations: NDArray[np.uint8]
    reasons: dict[int, str]
    thumbnails: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.sha256)

    @property
    def is_good(self) -> NDArray[np.bool_]:
        """Which images were read without complaint, shape (n,)."""
        good = np.ones(len(self), dtype=np.bool_)
        good[list(self.reasons)] = False
        return good

    @classmethod
    def of(
        cls,
        n: int,
        *,
        decoded: bool = False,
        make: Callable[[tuple[int, ...], DTypeLike], NDArray[Any]] = np.zeros,
    ) -> AuditFacts:
        """Facts of `n` images of which nothing is known yet.

        Parameters
        ----------
        n : int
        decoded : bool
            Whether there will be thumbnails.
        make : callable, optional
            Makes an array of zeros of a shape and a type; in memory, if not given.
        """
        measures = make((n, len(NAMES)), np.float32)
        measures[:] = np.nan
        return cls(
            sha256=make((n, 32), np.uint8),
            stamps=make((n,), np.int64),
            is_grey=make((n,), np.bool_),
            sizes=make((n, 2), np.int32),
            measures=measures,
            modes=make((n,), np.uint8),
            orientations=make((n,), np.uint8),
            reasons={},
            thumbnails=make((n, SIDE, SIDE), np.uint8) if decoded else None,
        )

    def put(self, rows: NDArray[np.int64], part: AuditFacts) -> None:
        """Set the facts of these rows to those of `part`, in its order."""
        for name in _ARRAYS:
            getattr(self, name)[rows] = getattr(part, name)
        if self.thumbnails is not None and part.thumbnails is not None:
            self.thumbnails[rows] = part.thumbnails
        for place, reason in part.reasons.items():
            self.reasons[int(rows[place])] = reason

    def take(self, rows: NDArray[np.int64]) -> AuditFacts:
        """Return the facts of these rows, in their order, without thumbnails."""
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
    decoded = any(fact.thumbnail for fact in facts)
    found = AuditFacts.of(len(facts), decoded=decoded)
    for row, fact in enumerate(facts):
        found.sha256[row] = np.frombuffer(fact.sha256, dtype=np.uint8)
        if found.thumbnails is not None and fact.thumbnail:
            small = np.frombuffer(fact.thumbnail, dtype=np.uint8)
            found.thumbnails[row] = small.reshape(SIDE, SIDE)
        found.is_grey[row] = fact.is_grey
        size = (fact.width, fact.height)
        found.sizes[row] = size[::-1] if fact.is_turned else size
        found.measures[row, : len(fact.measures)] = fact.measures
        found.modes[row] = MODES.index(fact.mode) if fact.mode in MODES else 0
        found.orientations[row] = fact.orientation if fact.reason is None else 0
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
        Width and height that each image has in its rows: as the source states them,
        and where it does not, as the images are shown, once they were read.
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
        return {self.keys[row]: why for row, why in reasons if why != MISSING}

    @property
    def missing(self) -> list[str]:
        """Keys of the images that are nowhere, sorted."""
        reasons = self.facts.reasons.items()
        return sorted(self.keys[row] for row, why in reasons if why == MISSING)


def refuse_broken(seen: Seen, *, allow_broken: bool) -> None:
    """Raise ImageError naming broken images, unless they are allowed.

    Raises
    ------
    ImageError
        There are some and they are not allowed, or there are no others.
    """
    broken, total = seen.broken, len(seen.keys) - len(seen.missing)
    if broken and (not allow_broken or len(broken) == total):
        listed = first_of([f"{key} {why}" for key, why in sorted(broken.items())], "; ")
        advice = (
            "nothing is left to build: mend the source"
            if len(broken) == total
            else "mend the source, or go on without them with --allow-broken"
        )
        msg = f"{len(broken)} of {total} selected images are broken: {listed}; {advice}"
        raise ImageError(msg)
