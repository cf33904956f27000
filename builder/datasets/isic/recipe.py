"""How SIIM-ISIC is trimmed: the notebook's numbers, and those that a user gives."""

from __future__ import annotations

from dataclasses import dataclass

from builder.errors import UsageError
from builder.selection.recipe import (
    Recipe,
    check_seed,
    option,
    parse_number,
    parse_slice,
)


@dataclass(frozen=True)
class IsicRecipe(Recipe):
    """How SIIM-ISIC is trimmed.

    Attributes
    ----------
    benign, malignant : (int, int)
        Half-open slices of the rows sorted by label.
    seed : int
        Of the patient split; the rows themselves are not drawn by chance.

    Raises
    ------
    UsageError
        A value is none that the rule can be applied with.
    """

    benign: tuple[int, int] = option(
        (2000, 4000),
        parse=parse_slice,
        metavar="START:STOP",
        help="default: 2000:4000",
    )
    malignant: tuple[int, int] = option(
        (50, 550), parse=parse_slice, metavar="START:STOP", help="default: 50:550"
    )
    seed: int = option(42, parse=parse_number, metavar="N", help="default: 42")

    def __post_init__(self) -> None:
        check_seed(self.seed)
        for name in ("benign", "malignant"):
            start, stop = getattr(self, name)
            if not 0 <= start < stop:
                msg = (
                    f"{name}: expected START:STOP with 0 <= START < STOP, found"
                    f" {start}:{stop}"
                )
                raise UsageError(msg)
