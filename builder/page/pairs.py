"""The pairs of images that the audit names, and the rows that they are. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from builder.page.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.page.gather import Configs, Gathered

    Place = tuple[int, int]

_KINDS = {"exact": "same file", "near": "look-alike", "inside": "listed by the source"}


class Index:
    """Finds rows by the name of their image, which may lack folder and ending."""

    def __init__(self, configs: Configs, gathered: Gathered) -> None:
        self._gathered = gathered
        self._places: dict[tuple[str, str], Place | None] = {}
        place = {name: number for number, name in enumerate(gathered.names)}
        for splits in configs.values():
            for split, entry in splits.items():
                for file in (place[name] for name in entry.files):
                    for row, path in enumerate(gathered.rows[file].paths):
                        self._add(split, path, (file, row))

    def _add(self, split: str, path: str, place: Place) -> None:
        for key in ((split, _stem(path)), ("", _stem(path))):
            held = self._places.setdefault(key, place)
            if held is not None and self.picture(held) != self.picture(place):
                self._places[key] = None  # of several, none is meant for sure

    def picture(self, place: Place) -> int:
        """Return the number of the picture of a row."""
        file, row = place
        return self._gathered.pictures[file][row]

    def find(self, name: str, split: str = "") -> Place | None:
        """Return file and row of an image; None if there is none, or several."""
        stem = _stem(name)
        return self._places.get((split, stem)) or self._places.get(("", stem))

    def labels(self, place: Place) -> list[str]:
        """Return the names of the labels of a row, of its first column of them."""
        file, row = place
        for column in self._gathered.columns[file]:
            if column.kind in {"label", "labels"}:
                value = self._gathered.rows[file].columns[column.name][row]
                numbers = value if isinstance(value, list) else [value]
                return [
                    column.names[n] for n in numbers if n in range(len(column.names))
                ]
        return []

    def has_one_label(self, place: Place) -> bool:
        """Whether a row has a single label."""
        kinds = [column.kind for column in self._gathered.columns[place[0]]]
        return "label" in kinds and "labels" not in kinds


def _stem(name: str) -> str:
    last = PurePosixPath(name).name
    return PurePosixPath(last).stem or last


def told_pairs(duplicates: Any, index: Index, conflicts: Any) -> list[dict[str, Any]]:
    """Return the pairs that can be shown side by side: those of other labels first.

    Then those across splits.

    Parameters
    ----------
    duplicates : dict
        The manifest's ``audit["duplicates"]``, from anybody.
    index : Index
    conflicts : dict or None
        Its ``audit["conflicts"]``: the pairs whose labels contradict each other. If it
        has none, they do where the one label of each row is another.
    """
    told = []
    seen = set()
    said = {tuple(map(str, pair["names"])): pair for _, pair in _listed(conflicts)}
    for kind, pair in _listed(duplicates):
        names = [str(name) for name in pair["names"]]
        given = pair.get("splits")
        splits = given if isinstance(given, list) and len(given) == 2 else ["", ""]
        places = [
            index.find(name, str(split))
            for name, split in zip(names, splits, strict=True)
        ]
        if None in places or (kind, *places) in seen:
            continue
        seen.add((kind, *places))
        left, right = (place for place in places if place is not None)
        labels = [index.labels(left), index.labels(right)]
        is_one = index.has_one_label(left) and index.has_one_label(right)
        differ = is_one and labels[0] != labels[1]
        if isinstance(conflicts, dict):
            differ = tuple(names) in said
        told.append(
            {
                "kind": _KINDS.get(kind, visible(kind)),
                "rows": [left, right],
                "names": [visible(name) for name in names],
                "splits": [visible(str(split or "")) for split in splits],
                "across": len(set(map(str, splits))) > 1,
                "labels": labels,
                "differ": differ,
                "facts": {
                    **_labels_of(said.get(tuple(names), {}), is_one=is_one),
                    **{
                        visible(key): _facts(value)
                        for key, value in pair.items()
                        if key not in {"names", "splits"}
                    },
                },
            }
        )
    return sorted(told, key=lambda pair: (not pair["differ"], not pair["across"]))


def _listed(duplicates: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the kind of each pair, and what is said of it."""
    for kind, found in duplicates.items() if isinstance(duplicates, dict) else ():
        if not isinstance(found, dict):
            continue
        for pair in _list(found.get("pairs")):
            if isinstance(pair, dict) and _is_two(pair.get("names")):
                yield kind, pair
        for names in _list(found.get("inside")):
            if _is_two(names):
                yield "inside", {"names": names}


def _labels_of(conflict: Mapping[str, Any], *, is_one: bool) -> dict[str, str]:
    """Return the labels that only one of two images has, of each."""
    sides = _list(conflict.get("only"))
    words = "labels" if is_one else "labels that differ"
    return {words: visible(" / ".join(map(_fact, sides)))} if sides else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _is_two(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _facts(value: Any) -> str:
    parts = value if isinstance(value, list) else [value]
    return visible(" and ".join(map(_fact, parts)))


def _fact(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def named_rows(duplicates: Any, key: str, index: Index) -> set[int]:
    """Return the pictures that a list of names, or of lists of them, names."""
    names = _list(duplicates.get(key) if isinstance(duplicates, dict) else None)
    flat = [n for name in names for n in (name if isinstance(name, list) else [name])]
    places = [index.find(str(name)) for name in flat]
    return {index.picture(place) for place in places if place is not None}
