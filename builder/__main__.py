"""``python -m builder``: the same as the console script ``trimset``."""

import sys

from builder.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
