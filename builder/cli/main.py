"""The command line: parse, run one command, and turn what went wrong into one line."""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import TYPE_CHECKING

from builder.cli.commands import COMMANDS
from builder.cli.lines import say
from builder.cli.options import make_parser
from builder.cli.signals import INTERRUPTED, end, listening
from builder.cli.streams import (
    ClosedPipeError,
    open_closed,
    shown_streams,
    warn_in_lines,
)
from builder.errors import TrimsetError, UsageError, is_full

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0: done. 1: the job failed, and one line says why. 2: wrong usage. 130, 143, 129:
    ended by Ctrl-C, SIGTERM or SIGHUP; the same command goes on where it was. 141: as
    SIGPIPE ends others, whoever read the output has seen enough.

    Parameters
    ----------
    argv : sequence of str, optional
        Those of the process, if not given: then it is made ready, and ends here.
    """
    if argv is not None:
        with shown_streams():
            return _run(list(argv))
    open_closed()
    warn_in_lines()
    with shown_streams(for_good=True), listening():
        return _run(sys.argv[1:], end=end)


def _run(given: list[str], end: Callable[[int], int] = int) -> int:
    args = None
    try:
        try:
            args = _parse(given)
            status: int = args.command(args)
            return status
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt as err:
        number = getattr(err, "number", signal.SIGINT)
        end(number)
        say(INTERRUPTED)
        return 128 + int(number)
    except ClosedPipeError:
        return 128 + 13
    except Exception as err:
        if args is not None and args.debug:
            raise
        say(_told(err))
        return 2 if isinstance(err, UsageError) else 1


def _parse(given: list[str]) -> argparse.Namespace:
    args = make_parser(COMMANDS).parse_args(given)
    args.words = given
    return args


def _told(err: Exception) -> str:
    """Return the one line that an error becomes."""
    words = f"{type(err).__name__}: {' '.join(str(err).split())}"
    if isinstance(err, (TrimsetError, MemoryError)):
        return words
    if isinstance(err, OSError):
        if isinstance(err, FileNotFoundError) and not _is_somewhere():
            return f"{words}: the current folder is gone: change to one that is there"
        step = _step(err)
        return f"{words}; {step}" if step else words
    if isinstance(err, UnicodeEncodeError) and err.encoding == _file_names():
        return (
            f"OutputError: names of files are {err.encoding} in this environment, which"
            f" has no {err.object[err.start : err.start + 1]!a}: set PYTHONUTF8=1, or a"
            " locale of UTF-8"
        )
    if isinstance(err, ImportError):
        return f"{words}: check what is installed, and how much memory there may be"
    return (
        f"a bug of trimset: {words}; nothing passes for finished: run the same command"
        " with --debug and report what it says"
    )


def _step(err: OSError) -> str:
    """Return what can be done about an error of the system."""
    if is_full(err):
        return (
            "free some room, or choose a place on another disk (TMPDIR, if it is that)"
        )
    if err.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return "check the permissions, or choose another place"
    if err.errno == errno.ENAMETOOLONG:
        return "give a shorter name"
    if err.errno in {errno.EMFILE, errno.ENFILE}:
        return "let it open more files (ulimit -n)"
    return ""


def _file_names() -> str:
    """Return the encoding of names of files, where it has not all characters."""
    encoding = sys.getfilesystemencoding()
    return "" if encoding == "utf-8" else encoding


def _is_somewhere() -> bool:
    """Whether the folder that paths are relative to is there."""
    try:
        os.getcwd()  # noqa: PTH109 (no path is needed)
    except OSError:
        return False
    return True
