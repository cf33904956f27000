"""What was found in a listing: in words, and as what a recipe says of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Part:
    """Where one split, or the one source, lies.

    Attributes
    ----------
    table : str
        The annotation file or table, as the listing names it.
    images : list of str
        Folders, with a slash at their end, and zips; empty where none was found.
    hint : str
        Where there are none: what to know of where they are.
    beside : bool
        Whether the table is one that is written beside the recipe.
    """

    table: str
    images: list[str]
    hint: str = ""
    beside: bool = False


@dataclass(frozen=True)
class NewTable:
    """A table that is written beside the recipe, as the source has none.

    Attributes
    ----------
    name : str
    rows : list of tuple of str
        The first are the names of the columns.
    """

    name: str
    rows: list[tuple[str, ...]]


@dataclass(frozen=True)
class Finding:
    """What a folder holds, and the recipe that fits it.

    Attributes
    ----------
    layout : str
        What the layout is called.
    kind : {"coco", "table"}
    parts : dict of str to Part
        By split; the one source that is to be cut has the name ``""``.
    image, label, split : str or list of str or None
        Columns of a table.
    group : list of str
        Columns of a table.
    classes : dict of str to int
        How many images show each.
    unannotated : int
        Images without annotations.
    cut : bool
        Whether the one source is cut into three splits.
    seen, notes : list of str
        What was seen, and what was not understood or is not used.
    others : list of str
        Columns that could be the label as well.
    licenses : list of str
        That the images have, as the source spells them.
    tables : list of NewTable
        What is written beside the recipe.
    """

    layout: str
    kind: Literal["coco", "table"]
    parts: dict[str, Part]
    image: str = ""
    label: str | list[str] | None = None
    split: str | None = None
    group: list[str] = field(default_factory=list)
    classes: dict[str, int] = field(default_factory=dict)
    unannotated: int = 0
    cut: bool = False
    seen: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    licenses: list[str] = field(default_factory=list)
    tables: list[NewTable] = field(default_factory=list)


@dataclass(frozen=True)
class Unusable:
    """Something that no recipe can be made of.

    Attributes
    ----------
    what, advice : str
        What it is, and the next step.
    """

    what: str
    advice: str

    @classmethod
    def of(cls, told: object) -> Unusable:
        """Return what an error, or its text, says was found, and the next step."""
        found = str(told).partition(", found ")[2] or str(told)
        what, _, advice = found.removeprefix("that it is ").rpartition(": ")
        return cls(what, advice) if what else cls(advice, "give another")
