"""One task of a fetch: a range of a zip, or a file of its own, into the cache."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from builder.errors import DamagedError, FetchError
from builder.sources.http_answers import changed
from builder.sources.known import writing_known
from builder.sources.member import RemoteMember
from builder.sources.ranges import MAX_REQUEST, Request
from builder.sources.retry import GaveUpError, Retry, TransientError
from builder.sources.urls import shown
from builder.sources.zips import unpack_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from builder.sources.cache import Cache
    from builder.sources.known import Growing, Known
    from builder.sources.remote import Remote

    Report = Callable[[int], None]
    Writing = Callable[[RemoteMember], AbstractContextManager[Growing]]

# Times that a request is made whose bytes arrive in full but damaged: over plain http,
# which official sources use, nothing but a 16-bit checksum guards them on their way.
_DAMAGED = Retry(attempts=3, base=0.0)


def bytes_to_move(member: RemoteMember) -> int:
    """Return the bytes that have to come of a member."""
    return member.span if member.in_zip else max(0, member.file_size)


def check_version(remote: Remote, url: str, etag: str) -> None:
    """Refuse an archive that has another version than `etag` by now."""
    found = remote.stat(url).etag
    if etag and found != etag:
        raise changed(url, f"version {etag}", found or "none")


def transfer(
    remote: Remote,
    cache: Cache,
    known: Mapping[RemoteMember, Known],
    task: Request | RemoteMember,
    report: Report,
) -> None:
    """Do one task, and report the needed bytes as they come."""
    writing = partial(writing_known, cache, known)
    if isinstance(task, RemoteMember):
        _download(remote, writing, task, report)
        return
    try:
        _DAMAGED.call(lambda: _fetch_request(remote, writing, task, report))
    except GaveUpError as err:
        check_version(remote, task.members[0].url, task.members[0].etag)
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
    report(sum(bytes_to_move(member) for member in request.members) - len(body))


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
        report(bytes_to_move(member) - file.tell())
