"""Members to verified local files, moving no more bytes than needed."""

from __future__ import annotations

import contextlib
import shutil
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from builder.answers import changed
from builder.errors import DamagedError, FetchError, OutputError
from builder.model import Member
from builder.ranges import MAX_GAP, MAX_REQUEST, Request, plan_requests
from builder.remote import CONCURRENCY, Remote
from builder.urls import HTTP_SCHEMES, is_remote, local_path, scheme_of, shown
from builder.zips import MAX_FILE_SIZE, unpack_view

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterable, Sequence

    from builder.cache import Cache
    from builder.retry import Retry

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
    """

    n_members: int
    bytes_to_fetch: int
    n_cached: int
    bytes_cached: int


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
    )


def check_room(path: str | os.PathLike[str], size: int) -> None:
    """Refuse to start what would not fit on the disk of `path`.

    Raises
    ------
    OutputError
        Less than `size` bytes are free there.
    """
    folder = Path(path).absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < size:
        raise OutputError(
            f"no room for {path}: expected {size / 1e9:.2f} GB free on its disk, found "
            f"{free / 1e9:.2f} GB; free some, or choose a place on another disk"
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
        Called from this thread with the bytes of each finished request.
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
            check_room(cache.root, _room(missing))
            _check_versions(remote, missing)
            tasks = _plan(missing, max_gap, max_request)
            futures = [pool.submit(_run, remote, cache, task) for task in tasks]
            for future in as_completed(futures):
                moved = future.result()
                if progress is not None:
                    progress(moved)
        except BaseException:
            remote.close()
            pool.shutdown(cancel_futures=True)
            raise
    files.update((member, cache.path_of(member)) for member in missing)
    return [
        _as_file(member, files[member]) if member in files else member
        for member in members
    ]


def fetch_file(
    url: str,
    cache: Cache,
    *,
    progress: Callable[[int], None] | None = None,
    retry: Retry | None = None,
) -> Path:
    """Return a local copy of the whole file at `url`, of the version it has now.

    A local path is returned as it is. The server is always asked for the version, so
    that a changed file is fetched again and an unchanged one is not.

    Raises
    ------
    MissingError
        There is no such file, or it may not be read.
    FetchError
        It cannot be fetched, or is larger than any file trimset has a use for.
    OutputError
        The disk has no room, or the cache cannot be written.
    """
    path = local_path(url)
    if path is not None:
        return path
    with Remote(concurrency=1, retry=retry) as remote:
        member = Member(url, url, *remote.stat(url))
        kept = cache.find(member)
        if kept is None:
            check_room(cache.root, _room([member]))
            _download(remote, cache, member, progress)
    return kept or cache.path_of(member)


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


def _run(remote: Remote, cache: Cache, task: Request | Member) -> int:
    """Do one task in a thread, and return the needed bytes that it moved."""
    if isinstance(task, Member):
        _download(remote, cache, task, None)
        return _bytes_to_move(task)
    moved = sum(_bytes_to_move(member) for member in task.members)
    for _ in range(_DAMAGED_ATTEMPTS - 1):
        with contextlib.suppress(DamagedError):
            _fetch_request(remote, cache, task)
            return moved
    try:
        _fetch_request(remote, cache, task)
    except DamagedError:
        _check_version(remote, task.members[0].url, task.members[0].etag)
        raise
    return moved


def _fetch_request(remote: Remote, cache: Cache, request: Request) -> None:
    first = request.members[0]
    body = remote.read(first.url, request.start, request.stop, etag=first.etag)
    for member in request.members:
        offset = member.header_offset - request.start
        cache.write(member, unpack_view(body[offset : offset + member.span], member))


def _download(
    remote: Remote,
    cache: Cache,
    member: Member,
    progress: Callable[[int], None] | None,
) -> None:
    """Fetch a member that is a file of its own."""
    if member.file_size > MAX_FILE_SIZE:
        raise FetchError(
            f"{shown(member.url)} has {member.file_size} bytes, expected "
            f"{MAX_FILE_SIZE} at most of a file that trimset has a use for; check the "
            "address"
        )
    with cache.writing(member) as file:
        remote.download(
            member.url, file, etag=member.etag, progress=progress or (lambda _: None)
        )
        if member.file_size not in {-1, file.tell()}:
            raise FetchError(
                f"{shown(member.url)}: expected {member.file_size} bytes, found "
                f"{file.tell()}; run it again, and if it stays so check the address"
            )
