"""Patience: how long, how often, and when it ends."""

import errno
import os
import pickle
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import FetchError
from builder.limits import MAX_WAIT
from builder.sources.retry import GaveUpError, Retry, TransientError, parse_retry_after


def failing(*faults):
    """Return a function that raises `faults` one after the other, then gives 7."""
    left = list(faults)

    def attempt():
        if left:
            raise left.pop(0)
        return 7

    return attempt


def test_waits_double_up_to_the_longest():
    waits = []
    retry = Retry(attempts=6, base=1, longest=5, sleep=waits.append, random=lambda: 1.0)
    faults = [TransientError("down")] * 5
    assert retry.call(failing(*faults)) == 7
    assert waits == [1, 2, 4, 5, 5]


def test_jitter_takes_away_half_at_most():
    assert Retry(base=8, random=lambda: 0.0).delay(1) == 4
    assert Retry(base=8, random=lambda: 0.5).delay(1) == 6


def test_the_server_is_never_asked_before_the_time_it_named():
    waits = []
    retry = Retry(base=1, sleep=waits.append, random=lambda: 0.0)
    retry.call(failing(TransientError("busy", 30), TransientError("busy", 0)))
    assert waits == [30.5, 1.0]


def test_attempts_are_bounded():
    waits = []
    retry = Retry(attempts=3, sleep=waits.append)
    with pytest.raises(
        GaveUpError, match=r"^down, at the last of 3 attempts$"
    ) as caught:
        retry.call(failing(*[TransientError("down")] * 3))
    assert len(waits) == 2
    assert isinstance(caught.value.__cause__, TransientError)


def test_each_fault_is_told_with_the_wait_that_follows():
    heard = []
    retry = Retry(attempts=3, base=1, sleep=lambda _: None, random=lambda: 1.0)
    faults = [TransientError("busy", 30), TransientError("down"), TransientError("x")]

    def told(fault, wait):
        heard.append((fault.fault, wait))

    with pytest.raises(GaveUpError):
        retry.call(failing(*faults), told=told)
    assert heard == [("busy", 31.0), ("down", 2.0)]


def test_a_server_that_asks_for_an_hour_is_not_waited_for():
    waits = []
    with pytest.raises(GaveUpError, match="the server asks to wait 3600 s"):
        Retry(sleep=waits.append).call(failing(TransientError("busy", 3600)))
    assert waits == []


def test_other_errors_are_not_tried_again():
    waits = []
    with pytest.raises(FetchError, match="for good"):
        Retry(sleep=waits.append).call(failing(FetchError("for good")))
    assert waits == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("7", 7),
        (" 7 ", 7),
        ("-7", 0),
        ("7.5", 0),
        ("²", 0),
        ("soon", 0),
        ("Mon, 01 Jan 2024 00:02:00 GMT", 120),
        ("Mon, 01 Jan 2024 00:02:00 -0000", 120),
        ("Mon, 01 Jan 2020 00:00:00 GMT", 0),
    ],
)
def test_retry_after(value, seconds):
    now = datetime(2024, 1, 1, tzinfo=timezone.utc)
    assert parse_retry_after(value, now) == seconds


def test_faults_survive_pickling():
    fault = pickle.loads(pickle.dumps(TransientError("down", 3)))
    assert (fault.fault, fault.wait) == ("down", 3)
    end = pickle.loads(pickle.dumps(GaveUpError("down", "at the last of 3 attempts")))
    assert str(end) == "down, at the last of 3 attempts"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("9" * 5000, MAX_WAIT),
        (str(1000 * 365 * 86400), MAX_WAIT),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_WAIT),
        ("٣", 0),
        ("1_0", 0),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", 0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 0),
        ("Sat, 01 Jan 0000 00:00:00 GMT", 0),
    ],
)
def test_waits_that_nobody_lives_to_see(value, seconds):
    now = datetime(2024, 1, 1, tzinfo=timezone.utc)
    assert parse_retry_after(value, now) == seconds


@given(st.one_of(st.text(), st.from_regex(r"\w{3}, \d+ Jan \d+ \d+:\d+ [+-]?\w+")))
def test_any_wait(value):
    assert 0 <= parse_retry_after(value) <= MAX_WAIT


def test_some_faults_are_worth_fewer_attempts():
    waits = []
    faults = [TransientError("slow", attempts=2)] * 2
    with pytest.raises(GaveUpError, match="slow, at the last of 2 attempts"):
        Retry(attempts=8, sleep=waits.append).call(failing(*faults))
    assert len(waits) == 1
    assert pickle.loads(pickle.dumps(faults[0])).attempts == 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_that_is_full_is_no_fault_that_passes(number):
    """However deep a client hides it."""

    failed = RuntimeError("sending failed")
    failed.__cause__ = OSError(number, os.strerror(number))

    def attempt():
        tried.append(number)
        raise TransientError("the connection broke") from failed

    tried = []
    with pytest.raises(
        GaveUpError, match="for want of room on this machine: free some"
    ):
        Retry(sleep=pytest.fail).call(attempt)
    assert tried == [number]
