"""Many texts without an object for each: 4 bytes more than their UTF-8, not 60."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, chain, islice, pairwise
from typing import TYPE_CHECKING, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

#: Of so many things, Python objects are made at a time.
BLOCK = 65_536


class Block(Protocol[T_co]):
    """Some of many values, which become objects when they are asked for."""

    @property
    def nbytes(self) -> int: ...  # noqa: D102
    def __len__(self) -> int: ...
    def __getitem__(self, at: int) -> T_co: ...
    def __iter__(self) -> Iterator[T_co]: ...


class Blocks(Sequence[T]):
    """A sequence in blocks, unchangeable; a slice of it is a list.

    Parameters
    ----------
    blocks : iterable of Block
    """

    __slots__ = ("_stops", "blocks")
    blocks: Sequence[Block[T]]
    __hash__ = None  # type: ignore[assignment]  # as that of a list

    def __init__(self, blocks: Iterable[Block[T]]) -> None:
        self.blocks = list(blocks)
        self._stops = list(accumulate(map(len, self.blocks)))

    @property
    def nbytes(self) -> int:
        """Bytes that it takes, but for a few hundred of each block."""
        return sum(block.nbytes for block in self.blocks)

    def __len__(self) -> int:
        return self._stops[-1] if self._stops else 0

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> list[T]: ...
    def __getitem__(self, at: int | slice) -> T | list[T]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        place = at + len(self) if at < 0 else at
        if not 0 <= place < len(self):
            raise IndexError(at)
        number = bisect_right(self._stops, place)
        block = self.blocks[number]
        return block[place - self._stops[number] + len(block)]

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self.blocks)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        pairs = zip(self, other, strict=False)
        return len(self) == len(other) and all(one == two for one, two in pairs)


class TextBlock:
    """Some texts as UTF-8, one after the other, and where each ends.

    Not Arrow's: a plan does without Arrow, and names of files may hold bytes that are
    no UTF-8, which Python gives as surrogates.
    """

    __slots__ = ("_data", "_ends")

    def __init__(self, texts: Iterable[str]) -> None:
        kept = list(texts)
        joined = "".join(kept)
        self._data = joined.encode("utf-8", "surrogatepass")
        if joined.isascii():  # as most are
            sizes = [len(text) for text in kept]
        else:
            sizes = [len(text.encode("utf-8", "surrogatepass")) for text in kept]
        self._ends = array("I", accumulate(sizes, initial=0))

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        return len(self._data) + len(self._ends) * self._ends.itemsize

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, at: int) -> str:
        return self._text(self._ends[at], self._ends[at + 1])

    def __iter__(self) -> Iterator[str]:
        return (self._text(start, stop) for start, stop in pairwise(self._ends))

    def _text(self, start: int, stop: int) -> str:
        return self._data[start:stop].decode("utf-8", "surrogatepass")


class Texts(Blocks[str]):
    """Many texts, such as the key of each image."""

    __slots__ = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """Return texts in blocks; what is so already, as it is.

        >>> Texts.of(["a.jpg", "b.jpg"])[1]
        'b.jpg'
        """
        if isinstance(texts, Texts):
            return texts
        return cls(map(TextBlock, in_blocks(texts)))

    def take(self, rows: NDArray[np.int64]) -> Texts:
        """Return those of these numbers: all of them in order are the same texts."""
        if len(rows) == len(self) and (rows[:-1] < rows[1:]).all():
            return self
        return Texts.of(self[row] for row in each(rows))


def each(rows: NDArray[np.int32] | NDArray[np.int64]) -> Iterator[int]:
    """Yield numbers as Python's, `BLOCK` of which are made at a time."""
    for start in range(0, len(rows), BLOCK):
        yield from rows[start : start + BLOCK].tolist()


def in_blocks(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield values, `BLOCK` at a time."""
    rest = iter(values)
    while some := list(islice(rest, BLOCK)):
        yield some
