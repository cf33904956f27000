"""``python -m builder``: the same as the console script ``trimset``."""

import os
import signal
import sys
from contextlib import suppress


def run() -> int:
    """Run the command of this process; Ctrl-C ends it without a word until it began."""
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    _leave_out_current_folder()
    # Arrow's own pools keep for each thread what it has freed: 75 MB of two workers.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from builder.cli.main import main

    return main()


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
