"""What people changed in a card since it was pushed, as it is told. Pure."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from builder.card.loading import check_loading
from builder.card.markdown import count_of
from builder.card.parts import TEXT, Card, digests, lines_of, read_card
from builder.errors import first_of
from builder.limits import MAX_CARD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Of what differs, as much as one looks at before one decides.
_MOST_LINES, _MOST_WIDTH = 40, 160


def decode_card(data: bytes) -> Card:
    """Return a card that may come from anybody.

    Raises
    ------
    ValueError
        It is too large, not UTF-8, or its YAML cannot be read.
    """
    if len(data) > MAX_CARD:
        msg = f"it has {len(data):,} bytes, expected {MAX_CARD:,} at most"
        raise ValueError(msg)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        msg = "it is not UTF-8"
        raise ValueError(msg) from None
    return read_card(text)


def tell_edits(
    data: bytes, manifest: Mapping[str, Any], pushed: Mapping[str, str] | None
) -> tuple[list[str], tuple[str, ...]]:
    """Return why a card is damaged, and else what was changed in it.

    Parameters
    ----------
    data : bytes
        Other than the card was.
    manifest : dict
    pushed : dict of str to str, optional
        Digests of the parts as they were, if they are known.

    Returns
    -------
    faults : list of str
        Why it cannot be read, or does not load the build any more.
    edited : tuple of str
        Names of the parts; ``the card`` where these are not known, ``its form`` where
        all say the same as before.
    """
    try:
        card = decode_card(data)
    except ValueError as err:
        return [str(err)], ()
    if faults := list(check_loading(card.metadata, manifest)):
        return faults, ()
    if pushed is None:
        return [], ("the card",)
    now = digests(card)
    parts = [part for part in {**pushed, **now} if now.get(part) != pushed.get(part)]
    named = tuple("its text" if part == TEXT else part for part in parts)
    return [], named or ("its form",)


def tell_conflict(
    repo_id: str, parts: Sequence[str], how: str | None, *, known: bool
) -> str:
    """Say what stops a push, and what helps.

    Parameters
    ----------
    repo_id : str
    parts : sequence of str
        Those that somebody has to decide on.
    how : str, optional
        The way that was chosen, and does not decide on them.
    known : bool
        Whether the card there is one that was pushed.
    """
    configs = [part for part in parts if part.startswith("config ")]
    verb = "load" if len(configs) > 1 else "loads"
    claim = (
        f"{first_of(configs)} {verb} other files or splits there than the build has,"
        " and cannot be both"
    )
    merge = "merge (what is generated as built, all else as it is there)"
    helps = f"push with --card {merge}, theirs (as it is there) or ours (as built)"
    if configs:
        helps = (
            "give what is there another config_name, or push with --card"
            f" {merge} or ours (as built), which replace it"
        )
    if how == "theirs":
        found = claim
    elif known:
        named = first_of(["the text" if part == TEXT else part for part in parts])
        found = f"found {named} edited there since the last push"
    else:
        found = "found one that trimset did not push"
    if how != "theirs":
        also = f"; {claim}" if configs else ""
        found = f"expected the card that was pushed last, {found}{also}"
    return (
        f"README.md of {repo_id}: {found}; nothing was sent; look at the difference,"
        f" then {helps}."
    )


def tell_differences(ours: Card, theirs: Card, parts: Iterable[str]) -> list[str]:
    """Return a unified diff of some parts, from what is there to what would be pushed.

    Its length and its width are bounded. Blocks that would only be added are counted.
    """
    parts = list(parts)
    lines: list[str] = []
    for part in parts:
        diff = difflib.unified_diff(
            lines_of(theirs, part), lines_of(ours, part),
            f"on the Hub: {part}", f"as built: {part}", n=1, lineterm="",
        )  # fmt: skip
        lines += diff
    shown = [
        f"{line[: _MOST_WIDTH - 1]}…" if len(line) > _MOST_WIDTH else line
        for line in lines[:_MOST_LINES]
    ]
    if len(lines) > _MOST_LINES:
        shown.append(f"… and {len(lines) - _MOST_LINES:,} lines more")
    added = [
        name
        for name in ours.blocks
        if name not in theirs.blocks and f"block {name}" not in parts
    ]
    if added:
        blocks = count_of(len(added), "generated block", "generated blocks")
        shown.append(f"and {blocks} would be added")
    return shown
