"""How counts and names are told to people. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.datasets.layouts.names import escaped
from builder.errors import AnnotationError
from builder.selection.names import check_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from builder.datasets.layouts.images import Images


def short(names: Iterable[str]) -> str:
    """Return the first three of some names, and how many more there are.

    >>> short(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    every = [escaped(name) for name in names]
    more = f" and {len(every) - 3:,} more" if len(every) > 3 else ""
    return ", ".join(every[:3]) + more


def count(number: int, one: str, more: str = "") -> str:
    """Return a number of things.

    >>> count(1, "image"), count(1200, "class", "classes")
    ('1 image', '1,200 classes')
    """
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def told_images(images: Images) -> str:
    """Say how many of the listed images there are, and where."""
    if not images.listed:
        return "no image"
    if not images.found:
        return f"{count(images.listed, 'image')}, none of which was found"
    where = short("the folder itself" if p == "./" else p for p in images.places)
    if images.found == images.listed:
        return f"{count(images.listed, 'image')}, all found in {where}"
    return f"{count(images.listed, 'image')}, {images.found:,} found in {where}"


def told_classes(classes: Mapping[str, int]) -> str:
    """Say the classes, the most frequent first, with how many images show each."""
    shown = {name: n for name, n in classes.items() if n}
    order = sorted(shown, key=lambda name: (-shown[name], name))
    told = short(f"{escaped(name)} ({shown[name]:,})" for name in order)
    return count(len(shown), "class", "classes") + (f": {told}" if told else "")


def faults_of_names(file: str, names: Sequence[str]) -> list[str]:
    """Return a note on the first name that no build takes, which names the step."""
    try:
        check_names([*names], where=escaped(file), records=[*map(escaped, names)])
    except AnnotationError as err:
        return [str(err)]
    return []
