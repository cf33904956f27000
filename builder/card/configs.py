"""Whose the configs in a card are: of the build, or of somebody else. Pure."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.card.parts import LOADING, config_of, configs_of, entries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from builder.card.parts import Card


@dataclass(frozen=True, slots=True)
class Paths:
    """What lies, or is to lie, beside the card.

    Attributes
    ----------
    built : collection of str
        Files of the build, and of the one that was pushed last.
    foreign : collection of str
        All others that are there.
    """

    built: Collection[str] = ()
    foreign: Collection[str] = ()


def own_configs(ours: Card, before: Collection[str]) -> set[str]:
    """Return the names of the configs of a build, and of the one pushed last."""
    return {*configs_of(ours.metadata), *before}


def find_claims(
    ours: Card, theirs: Card, own: Collection[str], paths: Paths, *, is_known: bool
) -> Iterator[str]:
    """Yield each config of the build whose name loads something else in another card.

    So it is where `push_to_hub` wrote without a name, which is ``default``: the build
    and what is there cannot both be it.

    Parameters
    ----------
    ours, theirs : Card
    own : collection of str
        See `own_configs`.
    paths : Paths
    is_known : bool
        Whether trimset pushed a card before: then what says nothing of files is damage.
    """
    mine = configs_of(ours.metadata)
    for name, said in configs_of(theirs.metadata).items():
        if name not in own or said == mine.get(name):
            continue
        splits = {split for split, _ in _patterns(mine.get(name, {}))}
        patterns = list(_patterns(said))
        if not patterns:
            is_claim = not is_known
        else:
            is_claim = any(
                split not in (None, *splits) or _is_foreign(pattern, paths)
                for split, pattern in patterns
            )
        if is_claim:
            yield name


def _patterns(said: Mapping[str, list[Any]]) -> Iterator[tuple[str | None, str]]:
    """Yield the split, if one is named, and the pattern of all that a config loads."""
    for entry in said.get("configs", ()):
        folder = entry.get("data_dir")
        files = entry.get("data_files", "*" if folder else None)
        if isinstance(files, dict):
            files = [{"split": split, "path": path} for split, path in files.items()]
        for item in files if isinstance(files, list) else [files]:
            is_split = isinstance(item, dict)
            split = str(item.get("split")) if is_split else None
            listed = item.get("path") if is_split else item
            for path in listed if isinstance(listed, list) else [listed]:
                if isinstance(path, str):
                    below = f"{str(folder).rstrip('/')}/{path}" if folder else path
                    yield split, below.removeprefix("./")


def _is_foreign(pattern: str, paths: Paths) -> bool:
    return not fnmatch.filter(paths.built, pattern) or bool(
        fnmatch.filter(paths.foreign, pattern)
    )


def other_configs(
    ours: Card, theirs: Card, own: Collection[str]
) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Return the entries of configs that are not of the build, by key.

    And the names of those that were the default, and are not any more.
    """
    others = {
        key: [
            entry
            for entry in entries(theirs.metadata, key)
            if config_of(entry) not in own
        ]
        for key in LOADING
    }
    demoted = [config_of(entry) for entry in others["configs"] if entry.get("default")]
    if any(entry.get("default") for entry in entries(ours.metadata, "configs")):
        # `datasets` refuses a card with two defaults
        others["configs"] = [
            {name: value for name, value in entry.items() if name != "default"}
            for entry in others["configs"]
        ]
    return others, demoted
