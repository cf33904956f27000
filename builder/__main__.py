"""``python -m builder``: the same as the console script ``trimset``."""

import ctypes
import os
import signal
import sys
from contextlib import suppress

# malloc.h: M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
_LARGE = 4 << 20  # bytes from which a block is of its own: more than a page of Parquet
_KEPT = 16 << 20  # bytes: to give each page back takes a build 1 s in 16


def run() -> int:
    """Run the command of this process; Ctrl-C ends it without a word until it began."""
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    _leave_out_current_folder()
    _keep_no_memory()
    from builder.cli.main import main

    return main()


def _keep_no_memory() -> None:
    """Have memory that is free go back to the system, of which allocators keep much.

    Arrow's own pools keep for each thread what it has freed: 75 MB of two workers; and
    the GNU C library keeps blocks as large as the largest that was ever freed. The
    threads of OpenBLAS have buffers, too, and wait by spinning: the many small products
    of an audit take twice the time with two of them.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    with suppress(AttributeError, OSError, TypeError):  # of another C library
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_TRIM_THRESHOLD, _KEPT)


def _leave_out_current_folder() -> None:
    """Import nothing from the current folder, unless this package lies there itself.

    `python -m` looks there first, and it may be one that somebody handed over.
    """
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 (light)
    with suppress(OSError):  # it is gone
        if sys.path[:1] == [os.getcwd()] != [own]:  # noqa: PTH109
            del sys.path[0]


if __name__ == "__main__":
    sys.exit(run())
