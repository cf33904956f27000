"""The numbers of a rule: a typed record whose fields are the options of a command."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from builder.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

R = TypeVar("R", bound="Recipe")
#: How far the size of a split may be from its fraction, as a share of all rows, and
#: the share of a label in it from that of all rows, where nothing else is asked for.
#: No cut is searched for longer than until it is so near.
TOLERANCE = 0.01


@dataclass(frozen=True)
class Option:
    """How a field of a recipe is given on the command line.

    Attributes
    ----------
    parse : callable
        From text to value; a ValueError says what was expected and found.
    metavar, help : str
    """

    parse: Callable[[str], Any]
    metavar: str
    help: str


def option(
    default: Any,
    *,
    parse: Callable[[str], Any],
    metavar: str,
    help: str,  # noqa: A002 (argparse's own word)
    quiet: bool = False,
) -> Any:
    """Return the field of a recipe, with its option of the command line.

    A `quiet` one is not recorded where it has its default, so that a field that is
    added changes no lock.
    """
    told = {"option": Option(parse, metavar, help), "quiet": quiet}
    return field(default=default, metadata=told)


class Recipe:
    """What decides a selection; a dataset's own is a frozen dataclass of this class.

    Its fields are the options of plan, build and export, and what the lock records:
    all of them, but for the quiet ones that have their default.
    """

    seed: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as lock and manifest have them: lists for tuples."""
        found = {}
        for part in fields(self):  # type: ignore[arg-type]
            value = getattr(self, part.name)
            if not part.metadata.get("quiet") or value != part.default:
                found[part.name] = list(value) if isinstance(value, tuple) else value
        return found


def options_of(recipe: type[Recipe]) -> dict[str, Option]:
    """Return the options of a recipe by the names of its fields."""
    return {
        part.name: part.metadata["option"]
        for part in fields(recipe)  # type: ignore[arg-type]
        if "option" in part.metadata
    }


def read_recipe(recipe: type[R], record: Mapping[str, Any]) -> R:
    """Return the recipe that a manifest or lock names.

    Raises
    ------
    UsageError
        A field is missing, unknown, or has a value that it cannot have.
    """
    parts = fields(recipe)  # type: ignore[arg-type]
    known = [part.name for part in parts]
    needed = {part.name for part in parts if not part.metadata.get("quiet")}
    if not needed <= set(record) <= set(known):
        msg = f"recipe: expected {', '.join(known)}, found {', '.join(record)}"
        raise UsageError(msg)
    import msgspec  # not needed by the help of a command

    try:
        return msgspec.convert(dict(record), recipe)
    except msgspec.ValidationError as err:
        msg = f"recipe: {err}"
        raise UsageError(msg) from err


def check_seed(seed: int) -> None:
    """Raise UsageError for a seed that the legacy generator does not take."""
    if not 0 <= seed < 2**32:
        msg = f"seed: expected 0 to {2**32 - 1}, found {seed}"
        raise UsageError(msg)


def check_share(share: float) -> None:
    """Raise UsageError for a tolerance that is no share below 1."""
    if not 0 <= share < 1:
        msg = f"tolerance: expected a share from 0 to 0.99, found {share}"
        raise UsageError(msg)


def parse_number(text: str) -> int:
    """Return a whole number.

    >>> parse_number("42")
    42
    """
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        msg = f"expected a whole number, found {text!r}"
        raise ValueError(msg)
    return int(text)


def parse_share(text: str) -> float:
    """Return a share below 1.

    >>> parse_share("0.05"), parse_share("0")
    (0.05, 0.0)
    """
    if not re.fullmatch(r"0?\.[0-9]{1,9}|0", text):
        msg = f"expected a share from 0 to 0.99 such as 0.05, found {text!r}"
        raise ValueError(msg)
    return float(text)


def parse_names(text: str) -> tuple[str, ...]:
    """Return names that stand with commas between them.

    >>> parse_names("car, sports ball")
    ('car', 'sports ball')
    """
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        msg = f"expected names or ids with commas between them, found {text!r}"
        raise ValueError(msg)
    return names


def parse_slice(text: str) -> tuple[int, int]:
    """Return a half-open range.

    >>> parse_slice("2000:4000")
    (2000, 4000)
    """
    match = re.fullmatch(r"([0-9]+):([0-9]+)", text)
    if not match:
        msg = f"expected START:STOP such as 2000:4000, found {text!r}"
        raise ValueError(msg)
    return int(match[1]), int(match[2])
