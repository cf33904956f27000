"""Coalescing: whatever the layout, the exact bytes, each asked for once."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.sources.member import RemoteMember
from builder.sources.ranges import plan_requests

DATA = random.Random(7).randbytes(4000)

spans = st.tuples(st.integers(0, 3500), st.integers(0, 500))
layouts = st.lists(spans, max_size=60)
# Members of a real archive follow each other, with gaps where some are not wanted.
steps = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), max_size=40)


def members_of(layout):
    return [
        RemoteMember(str(number), "a.zip", length, header_offset=offset, span=length)
        for number, (offset, length) in enumerate(layout)
    ]


def apart(steps):
    """Return a layout without overlaps out of gaps and lengths."""
    layout, stop = [], 0
    for gap, length in steps:
        layout.append((stop + gap, length))
        stop += gap + length
    return layout


@given(layouts, st.integers(0, 300), st.integers(1, 1000))
def test_any_layout_gives_back_the_exact_bytes(layout, max_gap, max_request):
    members = members_of(layout)
    requests = plan_requests(members, max_gap=max_gap, max_request=max_request)
    found = {}
    for request in requests:
        body = DATA[request.start : request.stop]
        for member in request.members:
            first = member.header_offset - request.start
            assert first >= 0
            found[member.name] = body[first : first + member.span]
    assert found == {
        member.name: DATA[member.header_offset :][: member.span] for member in members
    }


@given(layouts, st.integers(0, 300), st.integers(1, 1000))
def test_no_byte_is_requested_twice(layout, max_gap, max_request):
    requests = plan_requests(
        members_of(layout), max_gap=max_gap, max_request=max_request
    )
    for first, second in itertools.pairwise(requests):
        assert first.start <= first.stop <= second.start


@given(steps, st.integers(0, 50), st.integers(1, 300), st.randoms())
def test_bounds_hold(steps, max_gap, max_request, shuffler):
    layout = apart(steps)
    members = members_of(layout)
    shuffler.shuffle(members)
    requests = plan_requests(members, max_gap=max_gap, max_request=max_request)
    needed = sum(length for _, length in layout)
    moved = sum(request.stop - request.start for request in requests)
    assert moved <= needed + max_gap * (len(layout) - len(requests))
    for request in requests:
        assert len(request.members) == 1 or request.stop - request.start <= max_request


@given(steps, st.integers(0, 50), st.integers(1, 300))
def test_what_could_be_joined_is_joined(steps, max_gap, max_request):
    requests = plan_requests(
        members_of(apart(steps)), max_gap=max_gap, max_request=max_request
    )
    for first, second in itertools.pairwise(requests):
        following = second.members[0]
        stop = following.header_offset + following.span
        assert second.start - first.stop > max_gap or stop - first.start > max_request


@pytest.mark.parametrize(
    ("max_gap", "max_request", "expected"),
    [
        (0, 100, [(0, 20), (25, 35), (90, 95)]),
        (5, 100, [(0, 35), (90, 95)]),
        (100, 100, [(0, 95)]),
        (100, 30, [(0, 20), (25, 35), (90, 95)]),
        (100, 1, [(0, 10), (10, 20), (25, 35), (90, 95)]),
    ],
)
def test_examples(max_gap, max_request, expected):
    members = members_of([(25, 10), (0, 10), (90, 5), (10, 10)])
    requests = plan_requests(members, max_gap=max_gap, max_request=max_request)
    assert [(request.start, request.stop) for request in requests] == expected


def test_nothing_needs_no_request():
    assert plan_requests([]) == []
