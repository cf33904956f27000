"""A digest that is known before a file is fetched, and checked as its bytes arrive."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from builder.errors import FetchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typing_extensions import Buffer

    from builder.sources.cache import Cache
    from builder.sources.member import RemoteMember


class Known(NamedTuple):
    """What a file has to be.

    Attributes
    ----------
    sha256 : str
        In hexadecimal digits.
    by : str
        Who says so, for messages.
    step : str
        What to do where it is another one.
    """

    sha256: str
    by: str
    step: str

    def check(self, where: str, sha256: str) -> None:
        """Raise FetchError unless a file has this digest.

        Examples
        --------
        >>> Known("ab", "the lock", "get the other one").check("a.csv", "ab")
        """
        if sha256 != self.sha256:
            raise FetchError(
                f"{where}: expected sha256 {self.sha256} ({self.by}), found {sha256}:"
                f" another version, or changed on its way; {self.step}"
            )


class Growing(Protocol):
    """A file that is written to its end, or begun anew."""

    def write(self, data: Buffer, /) -> int: ...  # noqa: D102
    def tell(self) -> int: ...  # noqa: D102
    def seek(self, offset: int, /) -> int: ...  # noqa: D102
    def truncate(self) -> int: ...  # noqa: D102


class Digested:
    """A growing file, and the digest of what is in it.

    Parameters
    ----------
    file : Growing
        Empty.
    """

    def __init__(self, file: Growing) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()

    def hexdigest(self) -> str:
        """Return the digest of what was written."""
        return self._sha256.hexdigest()

    def write(self, data: Buffer) -> int:  # noqa: D102
        self._sha256.update(data)
        return self._file.write(data)

    def tell(self) -> int:  # noqa: D102
        return self._file.tell()

    def seek(self, offset: int) -> int:
        """Go to the begin, which is the only way from the end."""
        if offset:
            raise ValueError(f"cannot seek to {offset}")
        self._sha256 = hashlib.sha256()
        return self._file.seek(0)

    def truncate(self) -> int:  # noqa: D102
        return self._file.truncate()


def is_kept(
    cache: Cache, known: Mapping[RemoteMember, Known], member: RemoteMember
) -> bool:
    """Whether a member is in the cache, by its version or by what is known of it."""
    return cache.has(member) or (
        member in known and cache.proves(member, known[member].sha256)
    )


@contextmanager
def writing_known(
    cache: Cache, known: Mapping[RemoteMember, Known], member: RemoteMember
) -> Iterator[Growing]:
    """Open the entry of a member, which it becomes only if it is what is known.

    Raises
    ------
    FetchError
        It has another digest.
    OutputError
        As `Cache.writing`.
    """
    with cache.writing(member) as file:
        if member not in known:
            yield file
            return
        digested = Digested(file)
        yield digested
        where = f"{member.where}::{member.name}" if member.in_zip else member.where
        known[member].check(where, digested.hexdigest())
