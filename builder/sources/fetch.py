"""Members to verified local files, moving no more bytes than needed."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from builder.errors import DamagedError, FetchError
from builder.sources.disk import check_room
from builder.sources.http_answers import changed
from builder.sources.known import is_kept, writing_known
from builder.sources.member import LocalMember, RemoteMember
from builder.sources.members import Members
from builder.sources.ranges import MAX_GAP, MAX_REQUEST, Request, plan_requests
from builder.sources.retry import GaveUpError, Retry, TransientError
from builder.sources.urls import HTTP_SCHEMES, scheme_of, shown
from builder.sources.zips import unpack_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from builder.sources.cache import Cache
    from builder.sources.known import Growing, Known
    from builder.sources.member import Member
    from builder.sources.remote import Remote

    Report = Callable[[int], None]
    Writing = Callable[[RemoteMember], AbstractContextManager[Growing]]

# Times that a request is made whose bytes arrive in full but damaged: over plain http,
# which official sources use, nothing but a 16-bit checksum guards them on their way.
_DAMAGED = Retry(attempts=3, base=0.0)
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
        bytes_to_fetch=sum(_bytes_to_move(member) for member in missing),
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

    Local members are returned as they are, members in the cache are verified, and all
    others are requested, neighbours of one zip together. Memory is bounded by the
    requests in flight and a few times `max_request` (or the largest member). However a
    fetch ends, each member that it finished is in the cache and will not be fetched
    again; but for files of their own whose server tells no version, of which nobody
    knows whether they are still the same: those each command fetches anew.

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
        An error closes it, so that the requests in flight end with it.
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
    wanted = _remote(members)
    known = known or {}
    files: dict[RemoteMember, LocalMember] = {}
    if wanted:
        cache.sweep()
        with ThreadPoolExecutor(remote.concurrency + _UNPACKING, "fetch") as pool:
            try:
                kept = [m for m in wanted if is_kept(cache, known, m)]
                found = zip(kept, pool.map(cache.find, kept), strict=True)
                paths = {member: path for member, path in found if path is not None}
                missing = [member for member in wanted if member not in paths]
                check_room({str(cache.root): _room(missing)})
                _check_versions(remote, missing)
                tasks = _plan(missing, max_gap, max_request)
                run = partial(_run, remote, cache, known)
                _run_all(pool, run, tasks, progress)
            except BaseException:
                remote.close()
                pool.shutdown(cancel_futures=True)
                raise
        paths.update((member, cache.path_of(member)) for member in missing)
        files = {member: _as_file(member, path) for member, path in paths.items()}
    return [
        member if isinstance(member, LocalMember) else files[member]
        for member in members
    ]


def _run_all(
    pool: ThreadPoolExecutor,
    run: Callable[[Request | RemoteMember, Report], None],
    tasks: Sequence[Request | RemoteMember],
    progress: Callable[[int], None] | None,
) -> None:
    """Do all tasks in threads, and tell from this one what comes."""
    news: SimpleQueue[int | Future[None]] = SimpleQueue()
    for task in tasks:
        future = pool.submit(run, task, news.put)
        future.add_done_callback(news.put)
    left = len(tasks)
    while left:
        item = news.get()
        if isinstance(item, Future):
            item.result()
            left -= 1
        elif progress is not None and item:
            progress(item)


def _remote(members: Iterable[Member]) -> list[RemoteMember]:
    """Return the distinct members that are not on this machine."""
    if isinstance(members, Members) and members.is_local:
        return []
    return list(dict.fromkeys(m for m in members if isinstance(m, RemoteMember)))


def _bytes_to_move(member: RemoteMember) -> int:
    return member.span if member.in_zip else max(0, member.file_size)


def _room(members: Iterable[RemoteMember]) -> int:
    return sum(max(0, member.file_size) for member in members)


def _as_file(member: RemoteMember, path: Path) -> LocalMember:
    return LocalMember(member.name, str(path), path.stat().st_size)


def _check_versions(remote: Remote, members: list[RemoteMember]) -> None:
    """Refuse archives that changed, where the answers to requests would not tell."""
    archives = {(member.url, member.etag) for member in members if member.in_zip}
    for url, etag in sorted(archives):
        if scheme_of(url) not in HTTP_SCHEMES:
            _check_version(remote, url, etag)


def _check_version(remote: Remote, url: str, etag: str) -> None:
    found = remote.stat(url).etag
    if etag and found != etag:
        raise changed(url, f"version {etag}", found or "none")


def _plan(
    members: list[RemoteMember], max_gap: int, max_request: int
) -> list[Request | RemoteMember]:
    """Return range requests into zips, and members that are files of their own."""
    archives: dict[tuple[str, str], list[RemoteMember]] = {}
    for member in members:
        if member.in_zip:
            archives.setdefault((member.url, member.etag), []).append(member)
    tasks: list[Request | RemoteMember] = []
    for group in archives.values():
        tasks += plan_requests(group, max_gap=max_gap, max_request=max_request)
    return tasks + [member for member in members if not member.in_zip]


def _run(
    remote: Remote,
    cache: Cache,
    known: Mapping[RemoteMember, Known],
    task: Request | RemoteMember,
    report: Report,
) -> None:
    """Do one task in a thread, and report the needed bytes as they come."""
    writing = partial(writing_known, cache, known)
    if isinstance(task, RemoteMember):
        _download(remote, writing, task, report)
        return
    try:
        _DAMAGED.call(lambda: _fetch_request(remote, writing, task, report))
    except GaveUpError as err:
        _check_version(remote, task.members[0].url, task.members[0].etag)
        raise DamagedError(err.fault) from err


def _fetch_request(
    remote: Remote, writing: Writing, request: Request, report: Report
) -> None:
    body = _read(remote, request, report)
    try:
        for member in request.members:
            offset = member.header_offset - request.start
            span = body[offset : offset + member.span]
            with writing(member) as file:
                for piece in unpack_pieces(span, member):
                    file.write(piece)
    except DamagedError as err:
        report(-len(body))
        raise TransientError(str(err)) from err
    # Of what came, gaps were not needed, and what members share was needed twice.
    report(sum(_bytes_to_move(member) for member in request.members) - len(body))


def _read(remote: Remote, request: Request, report: Report) -> memoryview:
    """Return the bytes of a request, a large one's in several pieces.

    So that of a large member, such as a metadata file, no more than a piece has to be
    asked for again where the connection breaks.
    """
    url, etag = request.members[0].url, request.members[0].etag
    if request.stop - request.start <= MAX_REQUEST:
        body = remote.read(url, request.start, request.stop, etag=etag)
        report(len(body))
        return body
    body = memoryview(bytearray(request.stop - request.start))
    for offset in range(0, len(body), MAX_REQUEST):
        start = request.start + offset
        stop = min(start + MAX_REQUEST, request.stop)
        body[offset : offset + stop - start] = remote.read(url, start, stop, etag=etag)
        report(stop - start)
    return body


def _download(
    remote: Remote, writing: Writing, member: RemoteMember, report: Report
) -> None:
    """Fetch a member that is a file of its own."""
    most = remote.limits.max_file_size
    if member.file_size > most:
        raise FetchError(
            f"{shown(member.url)} has {member.file_size} bytes, expected "
            f"{most} at most of a file that trimset has a use for; check the "
            "address, or give a larger --max-file-size"
        )
    with writing(member) as file:
        remote.download(member.url, file, etag=member.etag, progress=report)
        if member.file_size not in {-1, file.tell()}:
            raise FetchError(
                f"{shown(member.url)}: expected {member.file_size} bytes, found "
                f"{file.tell()}; run it again, and if it stays so check the address"
            )
        report(_bytes_to_move(member) - file.tell())
