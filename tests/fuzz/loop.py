"""Runs a parser on bytes that were changed at random, and keeps what breaks it."""

from __future__ import annotations

import contextlib
import hashlib
import random
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import TrimsetError
from tests.fuzz.mutate import mutate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

#: Seconds that one input may take; a loaded machine has its share in it.
MOST_SECONDS = 5.0
_KEPT = 200  # results that a target may go on from, besides its seeds
ROOT = Path(__file__).resolve().parents[2]


class SlowError(BaseException):
    """An input took too long. No parser may take it for one of its own faults."""


@dataclass(frozen=True)
class Target:
    """A parser, and what it is given.

    Attributes
    ----------
    name : str
    run : callable
        Parses; checks what comes out of it by `assert`.
    seeds : sequence of bytes
        Inputs that are right, or nearly.
    errors : tuple of type
        What it may raise besides trimset's own.
    """

    name: str
    run: Callable[[bytes], object]
    seeds: Sequence[bytes]
    errors: tuple[type[Exception], ...] = ()


@dataclass
class Finding:
    """An input that broke a parser."""

    target: str
    data: bytes
    error: str
    place: str
    trace: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others."""
        return self.target, self.error.partition(":")[0], self.place


@dataclass
class Outcome:
    """What came of a target."""

    inputs: int = 0
    accepted: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)


def attempt(target: Target, data: bytes) -> Finding | None:
    """Return what is wrong with how a parser takes these bytes, or None."""
    return _attempt(target, data)[0]


def _attempt(target: Target, data: bytes) -> tuple[Finding | None, bool]:
    try:
        with time_bound(MOST_SECONDS):
            target.run(data)
    except (TrimsetError, *target.errors):
        return None, False
    except KeyboardInterrupt:
        raise
    except BaseException as err:  # whatever it is, it is the finding
        words = f"{type(err).__name__}: {' '.join(str(err).split())[:200]}"
        trace = "".join(traceback.format_exception(err, limit=-30))
        return Finding(target.name, data, words, _place(err), trace), False
    return None, True


@contextlib.contextmanager
def time_bound(seconds: float) -> Iterator[None]:
    """Raise SlowError within the block once it took so long; main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise SlowError(f"longer than {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fuzz(
    target: Target,
    *,
    seed: int = 0,
    inputs: int | None = None,
    seconds: float = 3600.0,
    found: Callable[[Finding], object] = lambda _: None,
    before: Callable[[bytes], object] = lambda _: None,
) -> Outcome:
    """Run a target until so many inputs, or so many seconds, are over.

    Parameters
    ----------
    target : Target
    seed : int
        The same seed gives the same inputs.
    inputs : int, optional
    seconds : float
    found : callable
        Called with each new finding, its bytes made few.
    before : callable
        Called with each input before it is run.
    """
    rng = random.Random(f"{seed} {target.name}")
    pool, outcome, known = list(target.seeds), Outcome(), set()
    start = time.monotonic()
    given = iter(target.seeds)
    while time.monotonic() - start < seconds:
        if inputs is not None and outcome.inputs >= inputs:
            break
        data = next(given, None)
        if data is None:
            data = mutate(rng.choice(pool), target.seeds, rng)
        outcome.inputs += 1
        before(data)
        finding, accepted = _attempt(target, data)
        if accepted:
            outcome.accepted += 1
            # what was taken although it was changed may be changed further
            if len(pool) < len(target.seeds) + _KEPT:
                pool.append(data)
            else:
                pool[rng.randrange(len(target.seeds), len(pool))] = data
        if finding is not None and finding.key not in known:
            known.add(finding.key)
            least = shorten(target, finding)
            outcome.findings.append(least)
            found(least)
    outcome.seconds = time.monotonic() - start
    return outcome


def shorten(target: Target, finding: Finding, *, tries: int = 400) -> Finding:
    """Return the same finding of fewer bytes, as far as so many tries lead."""
    if finding.error.startswith(SlowError.__name__):
        return finding
    size = len(finding.data) // 2
    while size and tries > 0:
        at = 0
        while at < len(finding.data) and tries > 0:
            tries -= 1
            data = finding.data[:at] + finding.data[at + size :]
            other = attempt(target, data)
            if other is not None and other.key == finding.key:
                finding = other
            else:
                at += size
        size //= 2
    return finding


def keep(finding: Finding, folder: Path) -> Path:
    """Write what reproduces a finding to a folder, and return the file of its bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(repr(finding.key).encode()).hexdigest()[:12]
    path = folder / f"{finding.target}-{digest}"
    path.write_bytes(finding.data)
    path.with_name(f"{path.name}.txt").write_text(
        f"{finding.target}: {finding.error}\nat {finding.place}\n\n{finding.trace}",
        errors="backslashreplace",
    )
    return path


def _place(err: BaseException) -> str:
    """Return file and line of the last of our modules that an error came through."""
    frames = traceback.extract_tb(err.__traceback__)
    ours = [f for f in frames if f"{ROOT}/builder/" in f.filename]
    frame = (ours or frames)[-1]
    name = frame.filename.removeprefix(f"{ROOT}/")
    return f"{name}:{frame.lineno} ({frame.name})"


def replay(target: Target, path: Path) -> int:
    """Run one file again, and return the exit status."""
    finding = attempt(target, path.read_bytes())
    print(
        finding.trace if finding else f"{target.name}: nothing wrong", file=sys.stderr
    )
    return int(finding is not None)
