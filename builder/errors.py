"""The errors that trimset raises on purpose; anything else is a bug.

TrimsetError
├── UsageError           an option or argument makes no sense (exit status 2)
├── SourceError          a source is missing, unknown, or contradicts itself
│   ├── AnnotationError  what an annotation or metadata file says is wrong
│   ├── ImageError       an image is missing, broken, or not what its record says
│   └── FetchError       bytes could not be fetched, or are not the right ones
│       ├── MissingError there is no such file, or none that may be read
│       └── DamagedError all bytes came, but they are not those that were packed
├── RecipeError          a recipe file is not one, or says what cannot be
├── SelectionError       the rule cannot be applied to this source
├── OutputError          the output folder is foreign, unfinished, or cannot be written
├── ClusterError         the Dask cluster cannot finish its tasks
├── VerifyError          what was built is not what its manifest says
└── PushError            the Hub refused, or the push would not be safe
    └── CardError        the card there is not trimset's to write over

Each takes one message that says what, where, expected, found, and the next
step, so that it survives pickling between processes. `first_of` is how it lists what
may be many.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIRST = 3
# No room on the disk, none left of a quota, or a file larger than may be.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LONG = 96
#: What code raises that is given plain data of another type or size than it was written
#: for: a record from anybody, in which not everything was checked when it was read.
MISFITS: tuple[type[Exception], ...] = (
    ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError,
    RecursionError, TypeError, ValueError,
)  # fmt: skip


def first_of(items: Sequence[object], sep: str = ", ") -> str:
    """Return the first three of many things, and the number of all others.

    >>> first_of(["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"])
    'a.jpg, b.jpg, c.jpg, and 2 more'
    """
    listed = sep.join(map(str, items[:_FIRST]))
    more = len(items) - _FIRST
    return f"{listed}{sep}and {more:,} more" if more > 0 else listed


def cut(text: str) -> str:
    """Return a text of a stranger without its middle, if it is long.

    >>> cut("a.jpg"), len(cut("a" * 5000))
    ('a.jpg', 97)
    """
    if len(text) <= _LONG:
        return text
    return f"{text[: _LONG // 2]}…{text[-_LONG // 2 :]}"


def brief(text: str) -> str:
    """Return a text of a stranger as a message quotes it, without its middle if long.

    >>> brief("a.jpg")
    "'a.jpg'"
    """
    return repr(cut(text))


def is_full(err: BaseException) -> bool:
    """Tell whether it was this machine that had no room, wherever in the chain."""
    link: BaseException | None = err
    while link is not None:
        if getattr(link, "errno", None) in _FULL:
            return True
        link = link.__cause__ or link.__context__
    return False


class TrimsetError(Exception):
    """Base of every error that trimset raises on purpose."""


class UsageError(TrimsetError, ValueError):
    """An option or argument makes no sense."""


class SourceError(TrimsetError):
    """A source is missing, of an unknown layout, or contradicts itself."""


class AnnotationError(SourceError):
    """An annotation or metadata file holds something that cannot be right."""


class ImageError(SourceError):
    """An image is missing, broken, or not what its record says."""


class FetchError(SourceError):
    """Bytes could not be fetched, or are not the bytes that were asked for."""


class MissingError(FetchError):
    """There is no file at an address, or none that may be read."""


class DamagedError(FetchError):
    """All bytes of a member came, but they are not the bytes that were packed."""


class RecipeError(TrimsetError):
    """A recipe file is no recipe, or says something that cannot be."""


class SelectionError(TrimsetError):
    """The rule of selection cannot be applied to this source."""


class OutputError(TrimsetError):
    """The output folder is foreign, unfinished, or cannot be written."""


class ClusterError(TrimsetError):
    """The Dask cluster went away, or lost a task again and again."""


class VerifyError(TrimsetError):
    """What was built is not what its manifest says."""


class PushError(TrimsetError):
    """The Hub refused the push, or the push would not be safe."""


class CardError(PushError):
    """The card on the Hub has what somebody wrote, where the build has something else.

    Attributes
    ----------
    differences : tuple of str
        Lines of a unified diff, bounded; text of strangers.
    conflicts : tuple of str
        The parts of the card that they are of.
    """

    def __init__(
        self,
        message: str,
        differences: Sequence[str] = (),
        conflicts: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.differences = tuple(differences)
        self.conflicts = tuple(conflicts)

    def __reduce__(self) -> tuple[type[CardError], tuple[Any, ...]]:
        """Keep all of it when it goes between processes."""
        return type(self), (str(self), self.differences, self.conflicts)
