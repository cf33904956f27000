"""Members to verified local files, moving no more bytes than needed."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from builder.sources.disk import check_room
from builder.sources.known import is_kept
from builder.sources.member import LocalMember, RemoteMember
from builder.sources.members import Members
from builder.sources.ranges import MAX_GAP, MAX_REQUEST, Request, plan_requests
from builder.sources.transfer import bytes_to_move, check_version, transfer
from builder.sources.urls import HTTP_SCHEMES, scheme_of

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Generator,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )
    from pathlib import Path

    from builder.sources.cache import Cache
    from builder.sources.known import Known
    from builder.sources.member import Member
    from builder.sources.remote import Remote
    from builder.sources.transfer import Report

    Task = Request | RemoteMember

# Threads beyond the requests in flight: they unpack and write what came, so that the
# next requests need not wait for that.
_UNPACKING = 4


class Needed(NamedTuple):
    """What a fetch has to do; local members do not count.

    Attributes
    ----------
    n_members : int
        Distinct remote members.
    bytes_to_fetch : int
        Bytes to request for those that are not in the cache; what `progress` of
        `fetch` adds up to.
    n_cached, bytes_cached : int
        Members in the cache, and their size there.
    bytes_to_keep : int
        Room that those take which are not there yet: more than is moved where
        members are deflated.
    """

    n_members: int
    bytes_to_fetch: int
    n_cached: int
    bytes_cached: int
    bytes_to_keep: int


def needed(members: Iterable[Member], cache: Cache) -> Needed:
    """Return what fetching `members` would move; nothing is fetched or read.

    The cache is believed by length here; `fetch` looks at every byte.
    """
    wanted = _remote(members)
    missing = [member for member in wanted if not cache.has(member)]
    return Needed(
        n_members=len(wanted),
        bytes_to_fetch=sum(bytes_to_move(member) for member in missing),
        n_cached=len(wanted) - len(missing),
        bytes_cached=_room(wanted) - _room(missing),
        bytes_to_keep=_room(missing),
    )


def fetch(
    members: Sequence[Member],
    *,
    cache: Cache,
    remote: Remote,
    progress: Callable[[int], None] | None = None,
    known: Mapping[RemoteMember, Known] | None = None,
    max_gap: int = MAX_GAP,
    max_request: int = MAX_REQUEST,
) -> list[LocalMember]:
    """Return `members` as verified local files, in the same order.

    As `arriving`, which says what the parameters are and what may go wrong.
    """
    files = dict(
        arriving(
            members,
            cache=cache,
            remote=remote,
            progress=progress,
            known=known,
            max_gap=max_gap,
            max_request=max_request,
        )
    )
    return [files[number] for number in range(len(members))]


def arriving(
    members: Sequence[Member],
    *,
    cache: Cache,
    remote: Remote,
    progress: Callable[[int], None] | None = None,
    known: Mapping[RemoteMember, Known] | None = None,
    max_gap: int = MAX_GAP,
    max_request: int = MAX_REQUEST,
) -> Generator[tuple[int, LocalMember], None, None]:
    """Yield the number of each member with its verified local file, as they come.

    Local members are yielded as they are, members in the cache are verified, and all
    others are requested, neighbours of one zip together. All requests are under way
    before anything is yielded, and go on whatever the caller does meanwhile. Memory is
    bounded by the requests in flight and a few times `max_request` (or the largest
    member). However a fetch ends, each member that it finished is in the cache and will
    not be fetched again; but for files of their own whose server tells no version, of
    which nobody knows whether they are still the same: those each command fetches anew.

    A member of a zip is proved by its CRC-32 and size, wherever its parts came from,
    so that ranges of a zip without a strong version are allowed. A file of its own has
    no such proof: it comes in one answer, or goes on by a strong entity tag.

    Parameters
    ----------
    members : sequence of Member
        May hold a member more than once.
    cache : Cache
        Where the bytes are kept.
    remote : Remote
        An error closes it, so that the requests in flight end with it; and so does a
        caller who closes this before its end.
    progress : callable, optional
        Called from this thread with the bytes that came, or less than 0 where some
        are asked for again.
    known : dict of RemoteMember to Known, optional
        What is known of members beforehand: their digests are taken as the bytes
        arrive, and another one does not get into the cache.
    max_gap, max_request : int
        As in `plan_requests`.

    Raises
    ------
    FetchError
        A source cannot be read, is damaged, or changed since its directory was read;
        or a member is not what is known of it.
    OutputError
        The disk has no room, or the cache cannot be written.
    """
    numbers: dict[RemoteMember, list[int]] = {}
    here: list[tuple[int, LocalMember]] = []
    for number, member in enumerate(members):
        if isinstance(member, LocalMember):
            here.append((number, member))
        else:
            numbers.setdefault(member, []).append(number)
    if not numbers:
        yield from here
        return
    known = known or {}
    cache.sweep()
    with ThreadPoolExecutor(remote.concurrency + _UNPACKING, "fetch") as pool:
        try:
            kept = [member for member in numbers if is_kept(cache, known, member)]
            found = zip(kept, pool.map(cache.find, kept), strict=True)
            paths = {member: path for member, path in found if path is not None}
            missing = [member for member in numbers if member not in paths]
            check_room({str(cache.root): _room(missing)})
            _check_versions(remote, missing)
            tasks = _plan(missing, max_gap, max_request)
            news = _start(pool, partial(transfer, remote, cache, known), tasks)
            yield from here
            for member in _finished(paths, news, len(tasks), progress):
                file = _as_file(member, paths.get(member) or cache.path_of(member))
                for number in numbers[member]:
                    yield number, file
        except BaseException:
            remote.close()
            pool.shutdown(cancel_futures=True)
            raise


def _start(
    pool: ThreadPoolExecutor,
    run: Callable[[Task, Report], None],
    tasks: Iterable[Task],
) -> SimpleQueue[int | tuple[Task, Future[None]]]:
    """Begin with all tasks in threads; return where they tell what comes."""
    news: SimpleQueue[int | tuple[Task, Future[None]]] = SimpleQueue()

    def tell(task: Task, future: Future[None]) -> None:
        news.put((task, future))

    for task in tasks:
        pool.submit(run, task, news.put).add_done_callback(partial(tell, task))
    return news


def _finished(
    there: Iterable[RemoteMember],
    news: SimpleQueue[int | tuple[Task, Future[None]]],
    left: int,
    progress: Callable[[int], None] | None,
) -> Iterator[RemoteMember]:
    """Yield members as they are there, and tell from this thread what comes."""
    yield from there
    while left:
        item = news.get()
        if isinstance(item, tuple):
            task, future = item
            future.result()
            left -= 1
            yield from task.members if isinstance(task, Request) else [task]
        elif progress is not None and item:
            progress(item)


def _remote(members: Iterable[Member]) -> list[RemoteMember]:
    """Return the distinct members that are not on this machine."""
    if isinstance(members, Members) and members.is_local:
        return []
    return list(dict.fromkeys(m for m in members if isinstance(m, RemoteMember)))


def _room(members: Iterable[RemoteMember]) -> int:
    return sum(max(0, member.file_size) for member in members)


def _as_file(member: RemoteMember, path: Path) -> LocalMember:
    return LocalMember(member.name, str(path), path.stat().st_size)


def _check_versions(remote: Remote, members: list[RemoteMember]) -> None:
    """Refuse archives that changed, where the answers to requests would not tell."""
    archives = {(member.url, member.etag) for member in members if member.in_zip}
    for url, etag in sorted(archives):
        if scheme_of(url) not in HTTP_SCHEMES:
            check_version(remote, url, etag)


def _plan(members: list[RemoteMember], max_gap: int, max_request: int) -> list[Task]:
    """Return range requests into zips, and members that are files of their own."""
    archives: dict[tuple[str, str], list[RemoteMember]] = {}
    for member in members:
        if member.in_zip:
            archives.setdefault((member.url, member.etag), []).append(member)
    tasks: list[Task] = []
    for group in archives.values():
        tasks += plan_requests(group, max_gap=max_gap, max_request=max_request)
    return tasks + [member for member in members if not member.in_zip]
