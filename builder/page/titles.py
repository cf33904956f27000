"""What the tables of the page are called. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.page.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Stands for what a dataset names, such as a split, which the title then ends with.
_ANY = "*"
_DRIFT = "What was selected, beside the whole source"
_MOST = f"{_DRIFT}: largest differences"
#: Of the parts of an audit.
AUDIT = {
    "across": "Groups in more than one split",
    "modes": "Pictures, and those that are turned",
    "modes/modes": "Colour modes",
    "shortcuts": "Shortcuts: how many were looked for and found",
    "shortcuts/strongest": "Shortcuts: the strongest, above chance",
    "shortcuts/scopes/*": "Shortcuts: each label by each measure",
    "shortcuts/scopes/*/same": "Measures that are the same for all pictures",
    "context": "What stands beside each target",
    "context/known pairs": "Known pairs of a target and its context",
    "context/largest": "What stands beside a target most",
    "context/*": "What stands beside each target",
    "context/*/known pairs": "Known pairs of a target and its context",
    "context/*/largest": "What stands beside a target most",
    "drift/features": _DRIFT,
    "drift/largest": _MOST,
    "drift/*/features": _DRIFT,
    "drift/*/largest": _MOST,
    "grey/parts": "Pictures without colour",
    "labels": "Labels by the values of other columns",
    "split": "The cut into splits",
    "split/splits": "The cut into splits: each split",
    "split/kept": "The cut into splits: pairs that were kept together",
    "split/kept/*": "The cut into splits: what was kept together",
    "split/across": "The cut into splits: what lies in more than one",
    "cut": "How far the splits are from what was asked",
    "cut/splits": "How far each split is from what was asked",
}
#: Of what it says of duplicates, besides the pairs.
DUPLICATES = {
    "rule": "How duplicates were looked for",
    "groups": "Groups of those alike",
    "official": "Pairs that the source lists",
}


def title_of(path: Sequence[str], titles: Mapping[str, str]) -> str:
    """Return the title of a table: of a part that is known, in words.

    Parameters
    ----------
    path : sequence of str
        The keys that lead to it.
    titles : dict of str to str
        Of the parts that are known: `AUDIT`, `DUPLICATES`.

    Examples
    --------
    >>> title_of(["modes", "modes"], AUDIT), title_of(["context", "train"], AUDIT)
    ('Colour modes', 'What stands beside each target, train')
    >>> title_of(["odd_part", "odd part", "train"], AUDIT)
    'odd part · train'
    """
    parts = [visible(str(part)).replace("_", " ") for part in path]
    if words := titles.get("/".join(parts)):
        return words
    for number, part in enumerate(parts[1:], start=1):
        known = "/".join([*parts[:number], _ANY, *parts[number + 1 :]])
        if words := titles.get(known):
            return f"{words}, {part}"
    return " · ".join(
        part
        for before, part in zip([None, *parts], parts, strict=False)
        if part != before
    )
