"""The command line: parse, run one command, and turn what went wrong into one line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from builder.cli.commands import COMMANDS, say
from builder.cli.options import make_parser
from builder.errors import TrimsetError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0: done. 1: the job failed, and one line says why. 2: wrong usage. 130: Ctrl-C;
    the same command goes on where it was.
    """
    args = make_parser(COMMANDS).parse_args(argv)
    try:
        status: int = args.command(args)
        return status
    except KeyboardInterrupt:
        say("interrupted; the same command goes on from here")
        if argv is None:
            # Threads of a library that wait for a server would hold up the end.
            sys.stdout.flush()
            os._exit(130)
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough, as in `trimset plan | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (TrimsetError, OSError, MemoryError) as err:
        if args.debug:
            raise
        say(f"{type(err).__name__}: {' '.join(str(err).split())}")
        return 2 if isinstance(err, UsageError) else 1
    except Exception as err:
        if args.debug:
            raise
        words = " ".join(str(err).split())
        say(
            f"a bug of trimset: {type(err).__name__}: {words}; nothing passes for"
            " finished: run the same command with --debug and report what it says"
        )
        return 1
