"""The first look for look-alikes: cheap, and wider than what is wanted. Pure.

Each thumbnail becomes a hash of `BITS` bits, which say where it gets brighter, across
and down. Pairs whose hashes agree in all bits of a key, in any of `TABLES` keys, are
compared in all bits. One image of each pair is tried in its eight turns and, as a copy
may be a crop, with some of its edges cut away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from builder.audit.turns import TURNS, turned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Blocks on each side of which the mean brightness is compared.
BLOCKS = 8
#: Bits of a hash: 8 x 7 steps across, 7 x 8 steps down.
BITS = 2 * BLOCKS * (BLOCKS - 1)
#: Shares of the side that are looked at: all, and all but 2.5 and 5 % at each edge.
ZOOMS = (1.0, 0.95, 0.9)
#: By how much brighter a block must be than the one before: by more than a level of
#: 255, and by this share of the standard deviation of all blocks. What differs by less,
#: such as the parts of a black border, says nothing that a copy would keep. (A hair
#: more than 1, so that no difference of whole levels lies on it.)
LEAST_STEP, STEP = 1.001, 0.1
#: Keys, and bits of each. Hashes that differ in 6 of 112 bits agree in all bits of a
#: key with a chance of 0.3, and in those of one key of 24 nearly always; hashes that
#: differ in 12, with one of 0.9.
TABLES, KEY_BITS = 24, 20
#: Bits by which a candidate may differ in all: nearly all copies of
#: ``tests/benchmarks/bench_lookalikes.py`` are within 8, crops at one corner within 16.
MOST_BITS = 18

# Rows are worked on in parts, so that memory does not grow with what is made of them.
_PART = 1 << 13
_PICTURES = 1 << 10
_PAIRS = 1 << 20
# So many are looked up at a time: tables of more would not fit, 100 bytes an image.
_SLAB = 1 << 21
# Which bits make up each key, in the number that stands for it: drawn once and for all.
_KEYS = np.zeros((BITS, TABLES), dtype=np.float32)  # which takes whole numbers to 2^24
for _table in range(TABLES):
    _chosen = np.random.RandomState(_table).choice(BITS, KEY_BITS, replace=False)
    _KEYS[_chosen, _table] = 2.0 ** np.arange(KEY_BITS)
# Bits set in each 16-bit number: NumPy before 2.0 has no `bitwise_count`.
_COUNTS = (
    np.unpackbits(np.arange(1 << 16, dtype=np.uint16).view(np.uint8))
    .reshape(-1, 16)
    .sum(axis=1, dtype=np.uint8)
)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs to look at again; all arrays have length k.

    Attributes
    ----------
    left, right : ndarray of int64
        Rows: `right`, turned and cut, may look like `left`.
    turn : int
        Of `builder.audit.turns.TURNS`.
    zoom : float
        Of `ZOOMS`.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    turn: int
    zoom: float


def candidates(
    thumbnails: NDArray[np.uint8], rows: NDArray[np.int64]
) -> Iterator[Candidates]:
    """Yield pairs whose hashes are much alike, each in one order or in both.

    Parameters
    ----------
    thumbnails : ndarray of uint8, shape (n, k, k)
    rows : ndarray of int64, shape (m,)
        Those that take part.
    """
    for first in range(0, len(rows), _SLAB):
        slab = rows[first : first + _SLAB]
        hashes, keys = _look(thumbnails, slab)
        tables = [_Table.of(keys.pop(0)) for _ in range(TABLES)]
        for zoom in ZOOMS:
            # All turns are tried, so that a pair is met both ways round; it has to be
            # where one of its images is cut.
            begin = first if zoom == 1.0 else 0
            for start in range(begin, len(rows), _PART):
                part = rows[start : start + _PART]
                blocks = _blocks_of(thumbnails, part, zoom)
                for turn in range(len(TURNS)):
                    others, sought = _hashes(turned(blocks, turn))
                    found = [np.empty(0, dtype=np.int64)]
                    for table, wanted in zip(tables, sought.T, strict=True):
                        for left, right in table.meet(wanted):
                            away = first + left - right - start
                            keep = away < 0 if zoom == 1.0 else away != 0
                            keep &= _differ(hashes[left], others[right]) <= MOST_BITS
                            found.append(left[keep] * len(part) + right[keep])
                    met = np.unique(np.concatenate(found))
                    if met.size:
                        left, right = np.divmod(met, len(part))
                        yield Candidates(slab[left], part[right], turn, zoom)


@dataclass(frozen=True, slots=True)
class _Table:
    """Places by the first bits of their key, all but `shift`.

    Those of v are order[start[v]:start[v + 1]].
    """

    keys: NDArray[np.int32]
    order: NDArray[np.int32]
    start: NDArray[np.int32]
    shift: int

    @classmethod
    def of(cls, keys: NDArray[np.int32]) -> _Table:
        """Return the table of the places of these keys."""
        # As many entries as a few images need: with all bits it is 4 MB.
        shift = max(0, KEY_BITS - 2 - len(keys).bit_length())
        counts = np.bincount(keys >> shift, minlength=1 << KEY_BITS - shift)
        order = np.argsort(keys, kind="stable").astype(np.int32)
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        return cls(keys if shift else keys[:0], order, start, shift)

    def meet(
        self, sought: NDArray[np.int32]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield places of the table, and of the keys sought, that have the same key."""
        place = sought >> self.shift
        first, stop = self.start[place], self.start[place + 1]
        total = np.concatenate([[0], np.cumsum(stop - first, dtype=np.int64)])
        for start in range(0, int(total[-1]), _PAIRS):
            number = np.arange(start, min(start + _PAIRS, int(total[-1])))
            right = np.searchsorted(total, number, "right") - 1
            left = self.order[first[right] + number - total[right]].astype(np.int64)
            if self.shift:
                is_same = self.keys[left] == sought[right]
                left, right = left[is_same], right[is_same]
            yield left, right


def _look(
    thumbnails: NDArray[np.uint8], rows: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], list[NDArray[np.int32]]]:
    """Return hash of whole pictures as they are, and each key; see `_hashes`."""
    hashes = np.zeros((len(rows), 2), dtype=np.uint64)
    keys = [np.zeros(len(rows), dtype=np.int32) for _ in range(TABLES)]
    for start in range(0, len(rows), _PART):
        part = slice(start, start + _PART)
        hashes[part], some = _hashes(_blocks_of(thumbnails, rows[part], 1.0))
        for column, found in zip(keys, some.T, strict=True):
            column[part] = found
    return hashes, keys


def _blocks_of(
    thumbnails: NDArray[np.uint8], rows: NDArray[np.int64], zoom: float
) -> NDArray[np.float64]:
    """Return the means of blocks, float64[m, `BLOCKS`, `BLOCKS`].

    Those of a turned picture are these, turned: they are taken once for all turns.
    """
    cut = _blocks(thumbnails.shape[1], zoom)
    found = np.zeros((len(rows), BLOCKS, BLOCKS))
    for start in range(0, len(rows), _PICTURES):
        part = slice(start, start + _PICTURES)
        found[part] = cut @ thumbnails[rows[part]].astype(np.float64) @ cut.T
    return found


def _hashes(
    blocks: NDArray[np.float64],
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return hash, uint64[m, 2], and keys, int32[m, `TABLES`], of means of blocks."""
    steps = [np.diff(blocks, axis=axis).reshape(len(blocks), -1) for axis in (2, 1)]
    least = LEAST_STEP + STEP * blocks.std(axis=(1, 2))
    bits = np.concatenate(steps, axis=1) > least[:, np.newaxis]
    packed = np.zeros((len(bits), 128 // 8), dtype=np.uint8)
    packed[:, : BITS // 8] = np.packbits(bits, axis=1)
    keys = (bits.astype(np.float32) @ _KEYS).astype(np.int32)
    return packed.view(np.uint64), keys


def _blocks(side: int, zoom: float) -> NDArray[np.float64]:
    """Return the weights of pixels in the means of blocks, float64[`BLOCKS`, side].

    Examples
    --------
    >>> _blocks(16, 1.0)[0, :4]
    array([0.5, 0.5, 0. , 0. ])
    """
    edges = ((np.arange(BLOCKS + 1) / BLOCKS - 0.5) * zoom + 0.5) * side
    pixel = np.arange(side)
    begin = np.maximum(edges[:-1, np.newaxis], pixel)
    end = np.minimum(edges[1:, np.newaxis], pixel + 1)
    weights: NDArray[np.float64] = np.maximum(end - begin, 0) * BLOCKS / (side * zoom)
    return weights


def _differ(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the number of bits that differ between hashes, int64[m]."""
    other = left ^ right
    if hasattr(np, "bitwise_count"):
        counts = np.bitwise_count(other)
    else:
        counts = _COUNTS[other.view(np.uint16)]
    added: NDArray[np.int64] = counts.sum(axis=1, dtype=np.int64)
    return added
