"""What every command does: bars while it works, and one JSON object at the end."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from builder.cli.lines import print_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from builder.cli.progress import Bars


def finish(args: argparse.Namespace, report: dict[str, Any]) -> int:
    """End with the JSON object, if it is asked for, and return the exit status."""
    if args.json:
        print_json(report)
    return 0


@contextmanager
def bars(args: argparse.Namespace) -> Iterator[Bars]:
    """Give what shows progress, and leave the bars as they stand at the end."""
    from builder.cli.progress import Bars

    made = Bars(always=args.progress)
    try:
        yield made
    finally:
        made.close()
