"""Find the folders and zips that hold the images that a file names. Pure."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from builder.datasets.layouts.names import is_image, split_of_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# More folders than these are named by the one that holds them all.
_MOST_ROOTS = 12


class Images(NamedTuple):
    """Where the images lie that a file names.

    Attributes
    ----------
    places : list of str
        Folders, with a slash at their end (``./`` is the source itself), and zips.
    found, listed : int
        How many of the names are there.
    missing : list of str
        The first three that are not.
    """

    places: list[str]
    found: int
    listed: int
    missing: list[str]


class ImageIndex:
    """All images of a listing, by their own names.

    Letter case and the form of Unicode do not count, and neither does the ending where
    no name fits with it.
    """

    def __init__(self, images: Iterable[str]) -> None:
        self._named: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        # With its folder: frames of videos have the same names in thousands of them.
        self._inside: dict[tuple[str, ...], list[str]] = {}
        for path in images:
            parts = _parts(path)
            name = parts[-1]
            self._inside.setdefault(tuple(parts[-2:]), []).append(path)
            self._named.setdefault(name, []).append(path)
            self._stems.setdefault(_stem(name), []).append(path)

    def __len__(self) -> int:
        return sum(map(len, self._named.values()))

    def has(self, name: str) -> bool:
        """Whether an image of this name is there, in whatever folder."""
        return bool(self._candidates(_parts(name)))

    def find(self, names: Sequence[str], near: str) -> Images:
        """Return where the images of these names lie.

        Parameters
        ----------
        names : sequence of str
            As the file spells them.
        near : str
            The file itself: of two folders that hold as many, the one is taken that is
            of the same split, or nearer to it.
        """
        holds: dict[str, set[int]] = {}
        missing = []
        for number, name in enumerate(names):
            listed = _parts(name)
            roots = {_root(path, listed) for path in self._candidates(listed)}
            for root in roots:
                holds.setdefault(root, set()).add(number)
            if not roots:
                missing.append(name)
        places = _cover(holds, near)
        found = len(names) - len(missing)
        return Images(
            [place or "./" for place in places], found, len(names), missing[:3]
        )

    def _candidates(self, listed: Sequence[str]) -> list[str]:
        if not listed:
            return []
        found = self._inside.get(tuple(listed[-2:])) if len(listed) > 1 else None
        found = found or self._named.get(listed[-1])
        return found or self._stems.get(_stem(listed[-1]), [])


def _cover(holds: dict[str, set[int]], near: str) -> list[str]:
    """Return folders that hold all, those that hold most of what is left first."""
    split = split_of_path(near)

    def liking(root: str) -> tuple[int, bool, int, bool, int]:
        same = 0
        for mine, others in zip(root.split("/"), near.split("/"), strict=False):
            if mine != others:
                break
            same += 1
        of_split = split is not None and split_of_path(root) == split
        # Zips come after what was unpacked from them.
        folder = not root or root.endswith("/")
        return len(holds[root]), of_split, same, folder, -root.count("/")

    places: list[str] = []
    every = list(holds)
    while holds and len(places) <= _MOST_ROOTS:
        best = max(sorted(holds), key=liking)
        places.append(best)
        taken = holds[best]
        holds = {root: left for root in holds if (left := holds[root] - taken)}
    return _common(every) if holds else places


def _common(places: Sequence[str]) -> list[str]:
    """Return the folder that holds all of the folders, and the zips."""
    folders = [place.split("/")[:-1] for place in places if place.endswith("/")]
    if len(folders) < sum(place == "" or place.endswith("/") for place in places):
        folders.append([])  # the source itself
    common = []
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(f"{parts[0]}/")
    zips = [place for place in places if place and not place.endswith("/")]
    return ["".join(common), *zips] if folders else zips


def _root(path: str, listed: Sequence[str]) -> str:
    """Return the folder below which an image has the name that is listed, or a zip."""
    archive, zipped, _ = path.partition("::")
    if zipped:
        return archive
    given = path.split("/")
    parts = _parts(path)
    fits = len(parts) >= len(listed) and all(
        one == other or _stem(one) == _stem(other)
        for one, other in zip(parts[-len(listed) :], listed, strict=True)
    )
    stop = len(given) - (len(listed) if fits else 1)
    return "".join(f"{part}/" for part in given[:stop])


def _parts(name: str) -> list[str]:
    name = name.rpartition("::")[2].strip()
    spelled = unicodedata.normalize("NFC", name).casefold()
    parts = spelled.replace("\\", "/").split("/")
    return [part for part in parts if part not in {"", "."}]


def _stem(name: str) -> str:
    return name.rpartition(".")[0] if is_image(name) else name


def folders_of(images: Iterable[str]) -> Counter[str]:
    """Return how many images each folder, or each zip, holds."""
    return Counter(
        path.partition("::")[0] if "::" in path else path.rpartition("/")[0] + "/"
        for path in images
    )
