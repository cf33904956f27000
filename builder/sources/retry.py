"""When to try again: exponential backoff with jitter that honours Retry-After."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from builder.errors import is_full
from builder.limits import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_SECONDS = re.compile("[0-9]+")
_NO_ROOM = "for want of room on this machine: free some, there or in TMPDIR"


class GaveUpError(Exception):
    """A fault that did not pass; `reason` says why it is not tried again."""

    def __init__(self, fault: str, reason: str) -> None:
        super().__init__(fault, reason)
        self.fault = fault
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.fault}, {self.reason}"


class TransientError(Exception):
    """A fault that may pass.

    `wait` is how long the server asks to be left alone, and `attempts` how many it is
    worth; 0 is as many as any other.
    """

    def __init__(self, fault: str, wait: float = 0.0, attempts: int = 0) -> None:
        super().__init__(fault, wait, attempts)
        self.fault = fault
        self.wait = wait
        self.attempts = attempts


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how patiently something is tried again.

    Attributes
    ----------
    attempts : int
        Most times that it is tried; with the defaults about a minute.
    base, longest : float
        Seconds before the second attempt, doubled for each further one, and the
        most that they grow to. Between half of it and the whole is waited.
    most_asked : float
        Longest Retry-After, in seconds, that is waited for.
    sleep : callable or None
        Waits so many seconds; by default in a way that closing interrupts.
    random : callable
        Returns a number from 0 to 1 for the jitter.
    """

    attempts: int = 8
    base: float = 0.5
    longest: float = 30.0
    most_asked: float = 600.0
    sleep: Callable[[float], object] | None = None
    random: Callable[[], float] = random.random

    def delay(self, failed: int, asked: float = 0.0) -> float:
        """Return the seconds to wait after `failed` attempts.

        Examples
        --------
        >>> patient = Retry(base=1, longest=10, random=lambda: 1.0)
        >>> [patient.delay(failed) for failed in (1, 2, 3, 4, 5)]
        [1.0, 2.0, 4.0, 8.0, 10.0]
        >>> patient.delay(1, asked=20)
        21.0
        """
        backoff = min(self.longest, self.base * 2.0 ** (failed - 1))
        return asked + backoff * (0.5 + self.random() / 2)

    def call(
        self,
        attempt: Callable[[], T],
        *,
        sleep: Callable[[float], object] = time.sleep,
        told: Callable[[TransientError, float], object] = lambda *_: None,
    ) -> T:
        """Return what `attempt` does, calling it again while its fault may pass.

        Parameters
        ----------
        attempt : callable
            Raises TransientError for a fault that may pass, any other for one that
            stays.
        sleep : callable
            Waits so many seconds, unless `Retry.sleep` is set.
        told : callable
            Called with each fault, and with the seconds to wait before trying again.

        Raises
        ------
        GaveUpError
            The last attempt failed too, or the server asks for more patience than
            `most_asked`. Its cause is the last fault.
        """
        failed = 0
        while True:
            try:
                return attempt()
            except TransientError as err:
                fault = err
            if is_full(fault):
                raise GaveUpError(fault.fault, _NO_ROOM) from fault
            failed += 1
            if failed >= min(self.attempts, fault.attempts or self.attempts):
                reason = f"at the last of {failed} attempts"
                raise GaveUpError(fault.fault, reason) from fault
            if fault.wait > self.most_asked:
                reason = (
                    f"and the server asks to wait {fault.wait:.0f} s (at most"
                    f" {self.most_asked:.0f} s are waited)"
                )
                raise GaveUpError(fault.fault, reason) from fault
            wait = self.delay(failed, fault.wait)
            told(fault, wait)
            (self.sleep or sleep)(wait)


def parse_retry_after(value: str | None, now: datetime | None = None) -> float:
    """Return the seconds that a Retry-After header asks for; 0 where it is unclear.

    Never more than `builder.limits.MAX_WAIT`.

    Examples
    --------
    >>> parse_retry_after("120"), parse_retry_after(None), parse_retry_after("soon")
    (120.0, 0.0, 0.0)
    >>> now = datetime(2024, 1, 1, tzinfo=timezone.utc)
    >>> parse_retry_after("Mon, 01 Jan 2024 00:00:30 GMT", now)
    30.0
    """
    value = (value or "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), MAX_WAIT)
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:  # "-0000": UTC of an unknown zone
            date = date.replace(tzinfo=timezone.utc)
        left = date - (now or datetime.now(timezone.utc))
    except (TypeError, ValueError, OverflowError, LookupError, AttributeError):
        return 0.0  # all of these are raised somewhere in the standard library
    return min(max(0.0, left.total_seconds()), MAX_WAIT)
