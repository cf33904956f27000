"""Progress for people: a bar for what is done now, on stderr."""

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
# Of these the bars stand below each other: images are looked at while others come.
_TOGETHER = {"fetch", "look"}


class Bars:
    """Shows a bar for the stage that is told of.

    Parameters
    ----------
    always : bool
        Whether to show them where stderr is no terminal, too.
    """

    def __init__(self, *, always: bool = False) -> None:
        self._disable = not (always or sys.stderr.isatty())
        self._bars: dict[tuple[str, int], tqdm[Never]] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Move the bar of a stage on; the one before it is left as it stands.

        Several files of one stage have a bar each.
        """
        if (stage, total) not in self._bars:
            if not _TOGETHER.issuperset([stage, *(name for name, _ in self._bars)]):
                self.close()
            unit = _UNITS.get(stage, "")
            self._bars[stage, total] = tqdm(
                desc=stage,
                total=total,
                unit=unit,
                unit_scale=unit == "B",
                disable=self._disable,
                file=sys.stderr,
            )
        self._bars[stage, total].update(done)

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
        """Leave the last bars as they stand."""
        for bar in self._bars.values():
            bar.close()
        self._bars.clear()
