"""Where many images lie, without an object for each: some 40 bytes, not 250."""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from builder.sources.member import LocalMember, RemoteMember
from builder.sources.texts import Blocks, TextBlock, in_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from builder.sources.member import Member
    from builder.sources.texts import Block

# Those that every member has, and the default of each, where it has one.
_NUMBERS = {
    "file_size": None,
    "header_offset": -1,
    "span": 0,
    "compress_size": 0,
    "compress_type": 0,
    "CRC": 0,
}


class _Place(NamedTuple):
    """What members that lie together share.

    Attributes
    ----------
    is_local : bool
        Whether they are of `LocalMember`.
    before : str
        What their path or URL begins with.
    by_name : bool
        Whether it ends with their name.
    etag, root : str
        As theirs; the tag of files of their own is not shared.
    """

    is_local: bool
    before: str
    by_name: bool
    etag: str = ""
    root: str = ""


class MemberBlock:
    """Some members, a column for each field that is not everywhere its default.

    Parameters
    ----------
    members : sequence of (Member or None)
    names : Block of str, optional
        Their names, as these may be: then they are shared.
    """

    __slots__ = ("_columns", "_etags", "_names", "_numbers", "_places", "_rests")

    def __init__(
        self, members: Sequence[Member | None], names: Block[str] | None = None
    ) -> None:
        told = ["" if member is None else member.name for member in members]
        is_same = names is not None and told == list(names)
        self._names: Block[str] = names if names and is_same else TextBlock(told)
        places: dict[_Place | None, int] = {}
        numbers, rests, etags = [], [], []
        for member in members:
            place, rest, etag = _placed(member)
            numbers.append(places.setdefault(place, len(places)))
            rests.append(rest)
            etags.append(etag)
        self._places = list(places)
        self._numbers = _narrow(numbers)
        self._rests = TextBlock(rests) if any(rests) else None
        self._etags = TextBlock(etags) if any(etags) else None
        self._columns: dict[str, array[int]] = {}
        for field, default in _NUMBERS.items():
            column = [
                (default or 0) if member is None else getattr(member, field)
                for member in members
            ]
            if default is None or any(value != default for value in column):
                self._columns[field] = _narrow(column)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes, but for its places; names count, shared or not."""
        texts = [self._names, self._rests, self._etags]
        columns = [self._numbers, *self._columns.values()]
        return sum(text.nbytes for text in texts if text is not None) + sum(
            column.itemsize * len(column) for column in columns
        )

    @property
    def file_sizes(self) -> NDArray[np.int64]:
        """Size of each; 0 of one that is nowhere."""
        return np.asarray(self._columns["file_size"]).astype(np.int64)

    @property
    def is_nowhere(self) -> NDArray[np.bool_]:
        """Which of them are None."""
        is_none = np.array([place is None for place in self._places], np.bool_)
        return np.asarray(is_none[np.asarray(self._numbers)])

    @property
    def is_local(self) -> bool:
        """Whether none of them is remote."""
        return all(place is None or place.is_local for place in self._places)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, at: int) -> Member | None:
        place = self._places[self._numbers[at]]
        if place is None:
            return None
        name = self._names[at]
        where = place.before
        if place.by_name:
            where += name
        elif self._rests is not None:
            where += self._rests[at]
        numbers = {field: column[at] for field, column in self._columns.items()}
        if place.is_local:
            return LocalMember(name, where, root=place.root, **numbers)
        etag = place.etag if self._etags is None else place.etag or self._etags[at]
        return RemoteMember(name, where, etag=etag, **numbers)

    def __iter__(self) -> Iterator[Member | None]:
        return (self[at] for at in range(len(self)))


class Members(Blocks["Member | None"]):
    """Many members, None for images that are nowhere."""

    __slots__ = ()
    blocks: Sequence[MemberBlock]

    @classmethod
    def of(cls, members: Iterable[Member | None]) -> Members:
        """Return members in blocks; what is so already, as it is.

        >>> Members.of([LocalMember("a.jpg", "x/a.jpg", 7)])[0].path
        'x/a.jpg'
        """
        if isinstance(members, Members):
            return members
        return cls(map(MemberBlock, in_blocks(members)))

    @property
    def file_sizes(self) -> NDArray[np.int64]:
        """Size of each, int64[n]: -1 where the source does not tell."""
        none = np.zeros(0, np.int64)
        return np.concatenate([none, *(block.file_sizes for block in self.blocks)])

    @property
    def nowhere(self) -> NDArray[np.int64]:
        """Numbers of those that are None."""
        none = np.zeros(0, np.bool_)
        return np.flatnonzero(
            np.concatenate([none, *(block.is_nowhere for block in self.blocks)])
        )

    @property
    def is_local(self) -> bool:
        """Whether none of them is remote."""
        return all(block.is_local for block in self.blocks)


def _placed(member: Member | None) -> tuple[_Place | None, str, str]:
    """Return the place of a member; what follows in its path; and its own tag."""
    if member is None:
        return None, "", ""
    is_local = isinstance(member, LocalMember)
    where = member.path if isinstance(member, LocalMember) else member.url
    root = member.root if isinstance(member, LocalMember) else ""
    etag = "" if isinstance(member, LocalMember) else member.etag
    if member.in_zip:
        return _Place(is_local, where, by_name=False, etag=etag, root=root), "", ""
    by_name = where.endswith(member.name)
    stop = len(where) - len(member.name)
    if not by_name:
        stop = max(where.rfind("/"), where.rfind(os.sep)) + 1
    place = _Place(is_local, where[:stop], by_name, root=root)
    return place, "" if by_name else where[stop:], etag


def _narrow(numbers: Sequence[int]) -> array[int]:
    """Return numbers in as few bytes as they need.

    >>> _narrow([1, 255]).itemsize, _narrow([256]).itemsize, _narrow([-1]).itemsize
    (1, 2, 8)
    """
    most = max(numbers, default=0) if min(numbers, default=0) >= 0 else 1 << 32
    codes = (code for code in "BHI" if most < 1 << 8 * array(code).itemsize)
    return array(next(codes, "q"), numbers)
