"""How COCO is trimmed: the notebook's numbers, and those that a user gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builder.datasets.shipped import shipped_table
from builder.errors import RecipeError, UsageError
from builder.selection.recipe import (
    Recipe,
    check_seed,
    option,
    parse_names,
    parse_number,
)

if TYPE_CHECKING:
    from builder.datasets.recipe_record import RecipeFile

_SELECT = shipped_table("coco_stuff_trimmed")["select"]
# The notebook's list, by COCO category id.
NOTEBOOK_TARGETS = tuple(str(target) for target in _SELECT["targets"])
_SAMPLES: dict[str, int] = _SELECT["samples"]


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
    stuff : bool
        Whether stuff annotations are read, too: contexts that are stuff are measured,
        and test sets in and out of context are drawn. Where they lie is an input.

    Raises
    ------
    UsageError
        A value is none that the rule can be applied with.
    """

    targets: tuple[str, ...] = option(
        NOTEBOOK_TARGETS,
        parse=parse_names,
        metavar="NAMES",
        help="names or COCO ids with commas between them, or all; default: "
        + ",".join(NOTEBOOK_TARGETS),
    )
    train_samples: int = option(
        _SAMPLES["train"],
        parse=parse_number,
        metavar="N",
        help=f"for a target; default: {_SAMPLES['train']}",
    )
    test_samples: int = option(
        _SAMPLES["test"],
        parse=parse_number,
        metavar="N",
        help=f"for a target; default: {_SAMPLES['test']}",
    )
    seed: int = option(
        _SELECT["seed"],
        parse=parse_number,
        metavar="N",
        help=f"default: {_SELECT['seed']}",
    )
    stuff: bool = field(default=False, metadata={"quiet": True})

    @classmethod
    def of(cls, file: RecipeFile) -> CocoRecipe:
        """Return the numbers of a recipe file of this dataset.

        Raises
        ------
        RecipeError
            The file has another rule, or other splits.
        """
        select = file.select
        samples = select.samples
        if select.rule != "balanced" or set(file.splits) != {"train", "test"}:
            msg = (
                f"{file.name}: expected the rule 'balanced' and the splits train and"
                f" test in the recipe of this name, found {select.rule!r} and"
                f" {', '.join(file.splits)}: give the recipe another name"
            )
            raise RecipeError(msg)
        wanted = ["all"] if select.targets == "all" else select.targets
        by_split = samples if isinstance(samples, dict) else {}
        return cls(
            targets=tuple(str(target) for target in wanted),
            train_samples=int(by_split.get("train", samples)),  # type: ignore[arg-type]
            test_samples=int(by_split.get("test", samples)),  # type: ignore[arg-type]
            seed=select.seed,
        )

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
