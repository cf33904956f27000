"""Bring the images to where they are worked on: here, or to each worker.

The only place where what lies elsewhere becomes a file of this machine.
"""

from __future__ import annotations

import hashlib
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, cast

from builder.errors import FetchError, ImageError
from builder.pipeline.execute import map_bounded
from builder.sources.cache import Cache
from builder.sources.fetch import arriving, fetch, needed
from builder.sources.member import LocalMember, RemoteMember
from builder.sources.members import Members
from builder.sources.read import read_image
from builder.sources.remote import Remote
from builder.sources.urls import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from builder.images.facts import AuditFacts
    from builder.limits import Limits
    from builder.pipeline.work import Work
    from builder.sources.member import Member


class Task(Protocol):
    """What is sent to a worker: small, picklable, and with the files it needs."""

    @property
    def members(self) -> Sequence[Member]: ...  # noqa: D102


T = TypeVar("T", bound=Task)
Result = TypeVar("Result")
M = TypeVar("M", bound="Member")


@dataclass(frozen=True)
class Arriving:
    """Images on their way to where the tasks of this work find them.

    Attributes
    ----------
    members : sequence of Member
        Where each lies: those that have come, there; the others, in the source.
    numbers : iterator of int
        The number of each as it comes.
    """

    members: Sequence[Member]
    numbers: Iterator[int]


@contextmanager
def bring(members: Sequence[Member], work: Work) -> Iterator[Arriving]:
    """Give the images as they come to where the tasks of this work find them.

    They are fetched into the cache here, all of them before this ends well; or, where
    the workers are other machines, left for each of them to fetch.

    Raises
    ------
    SourceError, OutputError
        As `builder.sources.fetch.arriving`.
    """
    numbers = range(len(members))
    if work.remote_workers:
        yield Arriving(in_columns(map(_for_worker, members)), iter(numbers))
        return
    if _are_here(members):
        yield Arriving(members, iter(numbers))
        return
    found = list(members)

    def coming() -> Iterator[int]:
        for number, file in files:
            found[number] = file
            yield number

    # Where something else goes wrong, the requests in flight end with it.
    with closing(_to_here(members, work)) as files:
        images = Arriving(found, coming())
        yield images
        for _ in images.numbers:
            pass


def to_here(members: Sequence[Member], work: Work) -> Sequence[LocalMember]:
    """Return the images as files of this machine, those of others fetched.

    Raises
    ------
    SourceError, OutputError
        As `builder.sources.fetch.fetch`.
    """
    if _are_here(members):
        return cast("Sequence[LocalMember]", members)  # there may be millions
    files = dict(_to_here(members, work))
    return in_columns(files[number] for number in range(len(members)))


def _are_here(members: Sequence[Member]) -> bool:
    if isinstance(members, Members):
        return members.is_local
    return not any(isinstance(member, RemoteMember) for member in members)


def _to_here(
    members: Sequence[Member], work: Work
) -> Generator[tuple[int, LocalMember], None, None]:
    total = needed(members, work.cache).bytes_to_fetch
    return arriving(
        members,
        cache=work.cache,
        remote=work.remote,
        progress=lambda moved: work.tell("fetch", moved, total),
    )


def reader(
    members: Sequence[Member], work: Work, known: AuditFacts | None = None
) -> Callable[[int], bytes]:
    """Return what gives the bytes of an image by its number.

    Where images are known, it raises ImageError for one that is another by now: nobody
    has looked at that one.
    """

    def read(number: int) -> bytes:
        [file] = fetch([members[number]], cache=work.cache, remote=work.remote)
        data = read_image(file)
        if known is not None:
            digest = hashlib.sha256(data).digest()
            if digest != known.sha256[number].tobytes():
                msg = (
                    f"{file.name}: is another image than was looked at before: the"
                    " source changed; run it again"
                )
                raise ImageError(msg)
        return data

    return read


def run_tasks(
    work: Work,
    function: Callable[[T, Sequence[LocalMember]], Result],
    tasks: Iterable[T],
) -> Iterator[Result]:
    """Yield what a function makes of each task and its files, in their order.

    Parameters
    ----------
    work : Work
    function : callable
        Picklable; its second argument are the files of the task, on its machine.
    tasks : iterable of Task
        Taken from as workers become free.
    """
    run = _OnFiles(function, work.limits)
    return map_bounded(work.executor, run, tasks, limit=2 * work.workers)


def no_memory(file: LocalMember, what: str) -> ImageError:
    """Return the error for an image that there is not memory enough for."""
    return ImageError(
        f"{file.name}: there is not memory enough to {what}: give --workers 1, or a"
        " lower --max-pixels"
    )


@dataclass(frozen=True)
class _OnFiles(Generic[T, Result]):
    """A function of tasks, whose files are fetched on the machine that calls it."""

    function: Callable[[T, Sequence[LocalMember]], Result]
    limits: Limits

    def __call__(self, task: T) -> Result:
        files = [m for m in task.members if isinstance(m, LocalMember)]
        if len(files) < len(task.members):
            with Remote(limits=self.limits) as remote:
                files = fetch(task.members, cache=Cache(), remote=remote)
        return self.function(task, files)


def in_columns(members: Iterable[M]) -> Sequence[M]:
    """Return members that do not take an object each."""
    return cast("Sequence[M]", Members.of(members))


def _for_worker(member: Member) -> Member:
    """Return a member as workers in other folders and on other machines find it."""
    if isinstance(member, LocalMember):
        return replace(member, path=str(Path(member.path).absolute()))
    if member.file_size < 0:
        msg = (
            f"{shown(member.url)}: its server does not tell its size, which a"
            " cluster must know beforehand: build without --scheduler"
        )
        raise FetchError(msg)
    return member
