"""Progress for people: one bar at a time, on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tqdm import tqdm
from typing_extensions import Never

from builder.cli.lines import say

if TYPE_CHECKING:
    from collections.abc import Callable

_UNITS = {
    "metadata": "B",
    "fetch": "B",
    "push": "B",
    "check": " files",
    "look": " images",
    "resize": " images",
    "write": " rows",
    "read": " rows",
    "draw": " pictures",
}


class Bars:
    """Shows a bar for the stage that is told of.

    Parameters
    ----------
    always : bool
        Whether to show them where stderr is no terminal, too.
    """

    def __init__(self, *, always: bool = False) -> None:
        self._disable = not (always or sys.stderr.isatty())
        self._stage: tuple[str, int] | None = None
        self._bar: tqdm[Never] | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Move the bar of a stage on; the one before it is left as it stands.

        Several files of one stage have a bar each.
        """
        if self._bar is None or self._stage != (stage, total):
            self.close()
            unit = _UNITS.get(stage, "")
            self._stage = (stage, total)
            self._bar = tqdm(
                desc=stage,
                total=total,
                unit=unit,
                unit_scale=unit == "B",
                disable=self._disable,
                file=sys.stderr,
            )
        self._bar.update(done)

    def counting(self, stage: str) -> Callable[[int, int], None]:
        """Return what moves the bar of a stage on, told what is done in all so far."""
        shown = 0

        def move(done: int, total: int) -> None:
            nonlocal shown
            self(stage, done - shown, total)
            shown = done

        return move

    def say(self, line: str) -> None:
        """Say something on stderr, below the bar that stands there."""
        self.close()
        say(line)

    def close(self) -> None:
        """Leave the last bar as it stands."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
