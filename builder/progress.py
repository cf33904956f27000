"""Progress for people: one bar a stage, on stderr."""

from __future__ import annotations

import sys

from tqdm import tqdm
from typing_extensions import Never

_UNITS = {
    "metadata": "B",
    "fetch": "B",
    "push": "B",
    "check": " files",
    "look": " images",
    "write": " rows",
}


class Bars:
    """Shows a bar for each stage that is told of.

    Parameters
    ----------
    always : bool
        Whether to show them where stderr is no terminal, too.
    """

    def __init__(self, *, always: bool = False) -> None:
        self._disable = not (always or sys.stderr.isatty())
        self._bars: dict[str, tqdm[Never]] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Move the bar of a stage on."""
        if stage not in self._bars:
            unit = _UNITS.get(stage, "")
            self._bars[stage] = tqdm(
                desc=stage,
                total=total,
                unit=unit,
                unit_scale=unit == "B",
                disable=self._disable,
                file=sys.stderr,
            )
        self._bars[stage].update(done)

    def close(self) -> None:
        """Leave the bars as they stand."""
        for bar in self._bars.values():
            bar.close()
