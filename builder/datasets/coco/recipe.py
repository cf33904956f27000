"""How COCO is trimmed: the notebook's numbers, and those that a user gives."""

from __future__ import annotations

from dataclasses import dataclass

from builder.errors import UsageError
from builder.selection.recipe import (
    Recipe,
    check_seed,
    option,
    parse_names,
    parse_number,
)

# The notebook's list, by COCO category id.
NOTEBOOK_TARGETS = (
    "3", "6", "31", "35", "36", "37", "40", "41", "43", "46", "47", "50", "53", "64",
    "75", "76", "78", "80", "85", "89",
)  # fmt: skip


@dataclass(frozen=True)
class CocoRecipe(Recipe):
    """How COCO is trimmed.

    Attributes
    ----------
    targets : tuple of str
        Names or COCO category ids, in order.
    train_samples, test_samples : int
        Images to draw for a target, half of them with it; from train2017 and from
        val2017.
    seed : int
        Of the legacy NumPy generator, set anew for every target.

    Raises
    ------
    UsageError
        A value is none that the rule can be applied with.
    """

    targets: tuple[str, ...] = option(
        NOTEBOOK_TARGETS,
        parse=parse_names,
        metavar="NAMES",
        help="names or COCO ids with commas between them; default: "
        + ",".join(NOTEBOOK_TARGETS),
    )
    train_samples: int = option(
        500, parse=parse_number, metavar="N", help="for a target; default: 500"
    )
    test_samples: int = option(
        250, parse=parse_number, metavar="N", help="for a target; default: 250"
    )
    seed: int = option(42, parse=parse_number, metavar="N", help="default: 42")

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if not self.targets:
            raise UsageError("targets: expected at least one, found none")
        if len(set(self.targets)) < len(self.targets):
            msg = f"targets: {', '.join(self.targets)} names one of them twice"
            raise UsageError(msg)
        for name in ("train_samples", "test_samples"):
            if getattr(self, name) < 2:
                msg = f"{name}: expected 2 or more, found {getattr(self, name)}"
                raise UsageError(msg)
