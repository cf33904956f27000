"""How SIIM-ISIC is trimmed: the notebook's numbers, and those that a user gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.datasets.shipped import shipped_table
from builder.errors import RecipeError, UsageError
from builder.selection.recipe import (
    TOLERANCE,
    Recipe,
    check_seed,
    check_share,
    option,
    parse_number,
    parse_share,
    parse_slice,
)

if TYPE_CHECKING:
    from builder.datasets.recipe_record import RecipeFile

_SELECT = shipped_table("siim_isic_small")["select"]
_SLICES = {label: parse_slice(text) for label, text in _SELECT["slices"].items()}


@dataclass(frozen=True)
class IsicRecipe(Recipe):
    """How SIIM-ISIC is trimmed.

    Attributes
    ----------
    benign, malignant : (int, int)
        Half-open slices of the rows sorted by label.
    seed : int
        Of the splits; the rows themselves are not drawn by chance.
    tolerance : float
        How far the splits may be from 70/15/15, and the share of malignant images in
        each from that of all, if that is more than one group; see
        `builder.selection.cuts.are_fair`.

    Raises
    ------
    UsageError
        A value is none that the rule can be applied with.
    """

    benign: tuple[int, int] = option(
        _SLICES["benign"],
        parse=parse_slice,
        metavar="START:STOP",
        help=f"default: {_SELECT['slices']['benign']}",
    )
    malignant: tuple[int, int] = option(
        _SLICES["malignant"],
        parse=parse_slice,
        metavar="START:STOP",
        help=f"default: {_SELECT['slices']['malignant']}",
    )
    seed: int = option(
        _SELECT["seed"],
        parse=parse_number,
        metavar="N",
        help=f"default: {_SELECT['seed']}",
    )
    tolerance: float = option(
        TOLERANCE,
        parse=parse_share,
        metavar="SHARE",
        help="how far the splits may be from 70/15/15, if that is more than one group;"
        f" default: {TOLERANCE}",
        quiet=True,
    )

    @classmethod
    def of(cls, file: RecipeFile) -> IsicRecipe:
        """Return the numbers of a recipe file of this dataset.

        Raises
        ------
        RecipeError
            The file has another rule.
        """
        select = file.select
        if select.rule != "slices" or set(select.slices) != {"benign", "malignant"}:
            msg = (
                f"{file.name}: expected the rule 'slices' with benign and malignant in"
                f" the recipe of this name, found {select.rule!r}: give the recipe"
                " another name"
            )
            raise RecipeError(msg)
        given = TOLERANCE if select.tolerance is None else select.tolerance
        slices = {label: parse_slice(text) for label, text in select.slices.items()}
        return cls(**slices, seed=select.seed, tolerance=given)

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_share(self.tolerance)
        for name in ("benign", "malignant"):
            start, stop = getattr(self, name)
            if not 0 <= start < stop:
                msg = (
                    f"{name}: expected START:STOP with 0 <= START < STOP, found"
                    f" {start}:{stop}"
                )
                raise UsageError(msg)
