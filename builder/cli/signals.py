"""Ends a command that is told to end: soon, in one line, and to go on another time."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from builder.cli.lines import say
from builder.limits import STOPPING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType
    from typing import NoReturn

INTERRUPTED = "interrupted; the same command goes on from here"
# Ctrl-C, `kill` and whoever ends services, and a terminal that was closed.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
_LOOK = 0.1  # seconds between looks whether the main thread knows of a signal
_ending = threading.Lock()
_known = threading.Event()  # to the main thread: it was told to stop


class StopError(KeyboardInterrupt):
    """Told to stop by a signal; as with Ctrl-C, all that is open is closed on the way.

    Attributes
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.number = number


@contextmanager
def listening() -> Iterator[None]:
    """Stop at the signals by which a process is told to; for the main thread only.

    What was being done is dropped in order. A second signal does not wait for that, nor
    does anybody for longer than `STOPPING`: what is written has its name only once it
    is whole, so that nothing half-done passes for finished.
    A signal that the caller ignores is ignored, as SIGHUP is by ``nohup``.
    """
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    heard = [n for n in numbers if signal.getsignal(n) != signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread():
        heard = []
    waking = heard and hasattr(signal, "pthread_kill")
    mouth = _wake_main() if waking else -1
    for number in heard:
        signal.signal(number, partial(_stop, heard))
    try:
        yield
    finally:
        # the rest is Python's own end, which would tell of an error
        for number in heard:
            signal.signal(number, _end_now)
        if waking and not _known.is_set():
            signal.set_wakeup_fd(-1)
            os.close(mouth)


def end(number: int) -> NoReturn:
    """Say that it was stopped, and end; threads of a library are not waited for."""
    if _ending.acquire(timeout=0.2):  # once, of the threads that come here
        with suppress(RuntimeError):  # it came while a line was written
            say(INTERRUPTED)
            sys.stderr.flush()
    os._exit(128 + number)


def _wake_main() -> int:
    """Let a thread wake the main one where a signal came just before it waited.

    Python runs no handler while a thread waits, and only a signal that comes later ends
    the wait. The system's own handler writes to the pipe at once; then a signal that
    means nothing wakes the main thread, until it has run the handler of the other.
    The thread ends once that end of the pipe is closed which is returned.
    """
    _known.clear()
    ear, mouth = os.pipe()
    os.set_blocking(mouth, False)
    signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
    signal.signal(signal.SIGURG, lambda *_: None)
    threading.Thread(target=_nudge, args=[ear], daemon=True).start()
    return mouth


def _nudge(ear: int) -> None:
    if not os.read(ear, 1):
        os.close(ear)
        return
    while not _known.wait(_LOOK):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGURG)


def _stop(heard: Sequence[int], number: int, _frame: FrameType | None) -> None:
    _known.set()
    for other in heard:
        signal.signal(other, _end_now)
    late = threading.Timer(STOPPING, end, [number])
    late.daemon = True
    late.start()
    raise StopError(number)


def _end_now(number: int, _frame: FrameType | None) -> None:
    end(number)
