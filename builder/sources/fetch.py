"""Members to verified local files, moving no more bytes than needed."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from builder.errors import DamagedError, FetchError
from builder.sources.disk import check_room
from builder.sources.http_answers import changed
from builder.sources.member import Member
from builder.sources.ranges import MAX_GAP, MAX_REQUEST, Request, plan_requests
from builder.sources.remote import CONCURRENCY, Remote, stat
from builder.sources.urls import HTTP_SCHEMES, is_remote, scheme_of, shown
from builder.sources.zips import MAX_FILE_SIZE, unpack_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from builder.sources.cache import Cache
    from builder.sources.retry import Retry

    Report = Callable[[int], None]

# Times that a request is made whose bytes arrive in full but damaged: official COCO is
# plain http, where nothing but a 16-bit checksum guards them on their way.
_DAMAGED_ATTEMPTS = 3
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


def needed(members: Collection[Member], cache: Cache) -> Needed:
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
    concurrency: int = CONCURRENCY,
    progress: Callable[[int], None] | None = None,
    max_gap: int = MAX_GAP,
    max_request: int = MAX_REQUEST,
    retry: Retry | None = None,
) -> list[Member]:
    """Return `members` as verified local files, in the same order.

    Local members are returned as they are, members in the cache are verified, and all
    others are requested, neighbours of one zip together. Memory is bounded by
    `concurrency` and a few times `max_request` (or the largest member). However a
    fetch ends, each member that it finished is in the cache and will not be fetched
    again.

    Parameters
    ----------
    members : sequence of Member
        May hold a member more than once.
    cache : Cache
        Where the bytes are kept.
    concurrency : int
        Most requests in flight.
    progress : callable, optional
        Called from this thread with the bytes that came, or less than 0 where some
        are asked for again.
    max_gap, max_request : int
        As in `plan_requests`.
    retry : Retry, optional
        How often and how patiently a request is tried again.

    Raises
    ------
    FetchError
        A source cannot be read, is damaged, or changed since its directory was read.
    OutputError
        The disk has no room, or the cache cannot be written.
    """
    wanted = _remote(members)
    if not wanted:
        return list(members)
    cache.sweep()
    files: dict[Member, Path] = {}
    with (
        Remote(concurrency=concurrency, retry=retry) as remote,
        ThreadPoolExecutor(concurrency + _UNPACKING, "fetch") as pool,
    ):
        try:
            kept = [member for member in wanted if cache.has(member)]
            found = zip(kept, pool.map(cache.find, kept), strict=True)
            files = {member: path for member, path in found if path is not None}
            missing = [member for member in wanted if member not in files]
            check_room({str(cache.root): _room(missing)})
            _check_versions(remote, missing)
            tasks = _plan(missing, max_gap, max_request)
            news: SimpleQueue[int | Future[None]] = SimpleQueue()
            for task in tasks:
                future = pool.submit(_run, remote, cache, task, news.put)
                future.add_done_callback(news.put)
            left = len(tasks)
            while left:
                item = news.get()
                if isinstance(item, Future):
                    item.result()
                    left -= 1
                elif progress is not None and item:
                    progress(item)
        except BaseException:
            remote.close()
            pool.shutdown(cancel_futures=True)
            raise
    files.update((member, cache.path_of(member)) for member in missing)
    return [
        _as_file(member, files[member]) if member in files else member
        for member in members
    ]


def find_file(url: str, *, retry: Retry | None = None) -> Member:
    """Return the whole remote file at `url`, of the version that it has now.

    Raises
    ------
    MissingError
        There is no such file, or it may not be read.
    FetchError
        It could not be asked for.
    """
    return Member(url, url, *stat(url, retry=retry))


def _remote(members: Collection[Member]) -> list[Member]:
    """Return the distinct members that are not on this machine."""
    urls: dict[str, bool] = {}
    for member in members:
        if member.url not in urls:
            urls[member.url] = is_remote(member.url)
    return list(dict.fromkeys(member for member in members if urls[member.url]))


def _bytes_to_move(member: Member) -> int:
    return member.span if member.in_zip else max(0, member.file_size)


def _room(members: Iterable[Member]) -> int:
    return sum(max(0, member.file_size) for member in members)


def _as_file(member: Member, path: Path) -> Member:
    return Member(member.name, str(path), path.stat().st_size)


def _check_versions(remote: Remote, members: list[Member]) -> None:
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
    members: list[Member], max_gap: int, max_request: int
) -> list[Request | Member]:
    """Return range requests into zips, and members that are files of their own."""
    archives: dict[tuple[str, str], list[Member]] = {}
    for member in members:
        if member.in_zip:
            archives.setdefault((member.url, member.etag), []).append(member)
    tasks: list[Request | Member] = []
    for group in archives.values():
        tasks += plan_requests(group, max_gap=max_gap, max_request=max_request)
    return tasks + [member for member in members if not member.in_zip]


def _run(remote: Remote, cache: Cache, task: Request | Member, report: Report) -> None:
    """Do one task in a thread, and report the needed bytes as they come."""
    if isinstance(task, Member):
        _download(remote, cache, task, report)
        return
    for _ in range(_DAMAGED_ATTEMPTS - 1):
        with contextlib.suppress(DamagedError):
            _fetch_request(remote, cache, task, report)
            return
    try:
        _fetch_request(remote, cache, task, report)
    except DamagedError:
        _check_version(remote, task.members[0].url, task.members[0].etag)
        raise


def _fetch_request(
    remote: Remote, cache: Cache, request: Request, report: Report
) -> None:
    body = _read(remote, request, report)
    try:
        for member in request.members:
            offset = member.header_offset - request.start
            span = body[offset : offset + member.span]
            with cache.writing(member) as file:
                for piece in unpack_pieces(span, member):
                    file.write(piece)
    except DamagedError:
        report(-len(body))
        raise
    # Of what came, gaps were not needed, and what members share was needed twice.
    report(sum(_bytes_to_move(member) for member in request.members) - len(body))


def _read(remote: Remote, request: Request, report: Report) -> memoryview:
    """Return the bytes of a request, a large one's in several pieces.

    So that of a large member, such as the annotations of COCO, no more than a piece
    has to be asked for again where the connection breaks.
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


def _download(remote: Remote, cache: Cache, member: Member, report: Report) -> None:
    """Fetch a member that is a file of its own."""
    if member.file_size > MAX_FILE_SIZE:
        raise FetchError(
            f"{shown(member.url)} has {member.file_size} bytes, expected "
            f"{MAX_FILE_SIZE} at most of a file that trimset has a use for; check the "
            "address"
        )
    with cache.writing(member) as file:
        remote.download(member.url, file, etag=member.etag, progress=report)
        if member.file_size not in {-1, file.tell()}:
            raise FetchError(
                f"{shown(member.url)}: expected {member.file_size} bytes, found "
                f"{file.tell()}; run it again, and if it stays so check the address"
            )
        report(_bytes_to_move(member) - file.tell())
