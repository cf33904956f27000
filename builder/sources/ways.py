"""Names that are not there as named, found by what is there. Pure.

A name is only ever compared with names of files that exist, so that it leads nowhere
else, whatever it says.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from builder.errors import first_of

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Hashable,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from builder.sources.member import Member

AS_NAMED = "as named"
FIRST_OF_SEVERAL = "in several places that differ, of which the first is taken"

# What passes for an image by its name. Others, such as labels beside the images, which
# have the same base name, are not taken for one that is listed with another ending.
_ENDING = re.compile(
    r"(\.(jpe?g|jpe|jfif|png|tiff?|bmp|gif|webp|avif|hei[cf]|jp2|dcm))+$",
    re.IGNORECASE,
)


class There(NamedTuple):
    """A file that is there.

    Attributes
    ----------
    name : str
        Below its store, with ``/`` between its parts.
    top : str
        Where the store lies, as far as names may spell it: with a slash at its end.
    place : Hashable
        What finds it in its store.
    store : int
        Number of the store, where there are several.
    """

    name: str
    top: str
    place: Hashable
    store: int = 0


@dataclass(frozen=True)
class Located:
    """Where images lie.

    Attributes
    ----------
    members : sequence of Member or None, length n
        None where an image is nowhere.
    ways : dict of str to int
        By which way how many were found, ``as named`` first.
    reasons : dict of int to str
        What is known of an image that is nowhere, by its place among the n.
    places : sequence of str
        Where all of them were looked for.
    """

    members: Sequence[Member | None]
    ways: Mapping[str, int]
    reasons: Mapping[int, str] = field(default_factory=dict)
    places: Sequence[str] = ()


class Match(NamedTuple):
    """What was found for one name: a file and the way, or why none can be told."""

    file: There | None
    way: str = ""
    reason: str = ""


_NOTHING = Match(None)


def match_names(
    names: Sequence[str],
    there: Iterable[There],
    *,
    hints: Sequence[str | None] | None = None,
    taken: Iterable[Hashable] = (),
) -> list[Match]:
    """Find names in what is there, none of which is there as it is spelled.

    Parameters
    ----------
    names : sequence of str
        Distinct.
    there : iterable of There
        Of files with one name in several stores the first counts.
    hints : sequence of str or None, optional
        For each name, another address of the same file, such as a URL.
    taken : iterable of hashable
        Places of the files that other names have, as they are spelled.

    Returns
    -------
    list of Match
        In the order of the names. No file is given to two names, or to one where
        several could be meant.
    """
    others = [unquote(_path_of(hint or "")) for hint in hints or [None] * len(names)]
    index = _Index(there, {*names, *others})
    found = []
    for name, other in zip(names, others, strict=True):
        match = index.find(name)
        if match.file is None and other:
            by_hint = index.find(other)
            if by_hint.file is not None:
                match = by_hint._replace(way="by the tail of its address")
        found.append(match)
    uses = Counter(match.file.place for match in found if match.file is not None)
    uses.update({place for place in taken if place in uses})
    return [
        Match(None, reason=f"could be {match.file.name}, as another one could")
        if match.file is not None and uses[match.file.place] > 1
        else match
        for match in found
    ]


def plainly(name: str) -> str:
    r"""Return a name with ``/`` between its parts, none of which is empty or a dot.

    >>> plainly(".\\images//a.jpg")
    'images/a.jpg'
    """
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in {"", "."})


def has_ending(name: str) -> bool:
    """Whether a name ends as those of images do."""
    return _ENDING.search(name) is not None


class _Index:
    """What is there, by base name as it is and as exporters may change it.

    Only files that could be one of the `wanted` are kept: it may be one of 100,000.
    """

    def __init__(self, there: Iterable[There], wanted: Iterable[str]) -> None:
        bases = {_loosest(plainly(name).rpartition("/")[2]) for name in wanted}
        files: dict[str, There] = {}
        places: set[Hashable] = set()  # two stores may be one in the other
        shared: list[str] | None = None
        for file in there:
            above, _, base = file.name.rpartition("/")
            if shared is None:
                shared = above.split("/") if above else []
            while shared and not f"{above}/".startswith("/".join([*shared, ""])):
                shared = shared[:-1]
            if file.place not in places and _loosest(base) in bases:
                places.add(file.place)
                files.setdefault(file.name, file)
        self.files = list(files.values())
        self._shared = shared or []  # the folders in which all files lie
        self._by_base: dict[int, dict[str, list[tuple[str, There]]]] = {}
        self._by_path: dict[int, dict[str, list[There]]] = {}

    def find(self, name: str) -> Match:
        """Return the file of a name by the first way that leads to one."""
        doubt = _NOTHING
        plain = plainly(name)
        for level, (spell, way) in enumerate(_SPELLINGS):
            if not plain:
                break
            match = self._match(spell(plain), level)
            if match.file is not None:
                if level == _LAST and not has_ending(plain):
                    return match._replace(way=_of_a_stem(plain, match))
                if way:
                    return match._replace(way=way)
                if match.file.name == plain:
                    slashes = r"with \ read as /" if "\\" in name else "without ./"
                    return match._replace(way=slashes)
                return match
            doubt = doubt if doubt.reason else match
        return doubt

    def _match(self, name: str, level: int) -> Match:
        """Return the one file whose path is the name, but for folders before either."""
        parts = name.split("/")
        candidates = self._bases(level).get(parts[-1], [])
        if not candidates:
            return _NOTHING
        spell, _ = _SPELLINGS[level]
        for tail, way in self._tails(parts, spell):
            if len(found := self._by_path[level].get(tail, [])) == 1:
                return Match(found[0], way)
        whole = [
            file
            for path, file in candidates
            if f"/{spell(file.top)}{path}".endswith(f"/{name}")
        ]
        if len(whole) == 1:
            file = whole[0]
            less = len(parts) > file.name.count("/") + 1
            way = "a folder less" if less else "a folder more"
            return Match(file, f"by {way if len(parts) > 1 else 'base name'}")
        if len(candidates) == 1:
            return Match(candidates[0][1], "by base name")
        names = sorted(file.name for _, file in candidates)
        return Match(None, reason=f"could be {first_of(names)}")

    def _tails(
        self, parts: Sequence[str], spell: Callable[[str], str]
    ) -> Iterator[tuple[str, str]]:
        """Yield the paths that a name may have below the store, and by which way."""
        name = "/".join(parts)
        yield name, ""
        # One folder, or one in another, holds everything.
        for depth in range(1, len(self._shared) + 1):
            above = spell("/".join([*self._shared[:depth], ""]))
            yield f"{above}{name}", "by a folder more"
        # Not down to the base name alone: that must be the only one of its kind.
        for start in range(1, len(parts) - 1):
            yield "/".join(parts[start:]), "by a folder less"

    def _bases(self, level: int) -> dict[str, list[tuple[str, There]]]:
        if level not in self._by_base:
            spell, _ = _SPELLINGS[level]
            found = self._by_base.setdefault(level, {})
            paths = self._by_path.setdefault(level, {})
            for file in self.files:
                if level == _LAST and not has_ending(file.name):
                    continue
                path = spell(file.name)
                found.setdefault(path.rpartition("/")[2], []).append((path, file))
                paths.setdefault(path, []).append(file)
        return self._by_base[level]


def _of_a_stem(name: str, match: Match) -> str:
    """Return the way of a name that leaves the ending out, which is no way of its own.

    >>> _of_a_stem("a", Match(There("a.jpg", "", 0)))
    'as named'
    """
    assert match.file is not None  # noqa: S101 (the caller looked)
    base = _ENDING.sub("", match.file.name).rpartition("/")[2]
    if base != name.rpartition("/")[2]:
        return "by letter case"
    return match.way or AS_NAMED


def _as_it_is(name: str) -> str:
    return name


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _loose(name: str) -> str:
    return _composed(_composed(name).casefold())


def _decoded(name: str) -> str:
    return _loose(unquote(name))


def _without_ending(name: str) -> str:
    return _loose(_ENDING.sub("", name))


def _loosest(name: str) -> str:
    """Return what is the same for all names that any of the spellings takes for one."""
    if "%" in name:
        name = unquote(name)
    return _ENDING.sub("", name.casefold() if name.isascii() else _loose(name))


def _path_of(address: str) -> str:
    """Return the path of an address, which may be no address at all."""
    try:
        return urlsplit(address).path.lstrip("/")
    except ValueError:
        return ""


_SPELLINGS: tuple[tuple[Callable[[str], str], str], ...] = (
    (_as_it_is, ""),
    (str.casefold, "by letter case"),
    (_composed, "by Unicode form"),
    (_loose, "by letter case and Unicode form"),
    (_decoded, "by percent encoding"),
    (_without_ending, "by another ending"),
)
_LAST = len(_SPELLINGS) - 1
