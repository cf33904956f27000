"""Zip members to the range requests that bring them; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.sources.member import RemoteMember

# A gap is fetched and thrown away only where that costs less than the headers of
# another request and answer. Larger gaps save requests that cost little when many
# are in flight, and move bytes that nobody needs: joining gaps up to 1 MB on a tenth
# of an archive of photographs moves two and a half times the needed bytes.
MAX_GAP = 512
# Large enough that the round trip is a small part of a request, small enough that
# 16 in flight stay within 64 MiB, and that little is lost when one breaks.
MAX_REQUEST = 4 * 1024**2


@dataclass(frozen=True, slots=True)
class Request:
    """One half-open range of bytes, and the members that lie in it.

    Attributes
    ----------
    start, stop : int
        First byte, and the one after the last.
    members : tuple of RemoteMember
        Sorted by `header_offset`.
    """

    start: int
    stop: int
    members: tuple[RemoteMember, ...]


def plan_requests(
    members: Iterable[RemoteMember],
    *,
    max_gap: int = MAX_GAP,
    max_request: int = MAX_REQUEST,
) -> list[Request]:
    """Return the requests that bring the spans of `members`, sorted by offset.

    No byte is requested twice, and no member is split.

    Parameters
    ----------
    members : iterable of RemoteMember
        Members of one zip, in any order.
    max_gap : int
        Most bytes between two members that are fetched along to save a request.
    max_request : int
        Most bytes of a request that joins members which do not overlap. A member
        that is larger has a request of its own.

    Examples
    --------
    >>> from builder.sources.member import RemoteMember
    >>> at = (90, 10, 20)
    >>> members = [RemoteMember("", "", 9, header_offset=o, span=10) for o in at]
    >>> [(r.start, r.stop, len(r.members)) for r in plan_requests(members, max_gap=5)]
    [(10, 30, 2), (90, 100, 1)]
    """
    requests: list[Request] = []
    start = stop = 0
    joined: list[RemoteMember] = []
    for member in sorted(members, key=lambda member: member.header_offset):
        offset, end = member.header_offset, member.header_offset + member.span
        overlaps = offset < stop
        fits = offset - stop <= max_gap and end - start <= max_request
        if joined and not overlaps and not fits:
            requests.append(Request(start, stop, tuple(joined)))
            joined = []
        if not joined:
            start = stop = offset
        joined.append(member)
        stop = max(stop, end)
    if joined:
        requests.append(Request(start, stop, tuple(joined)))
    return requests
