"""How far splits are from what was asked, as the card and a command tell it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.markdown import count_of, percent, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: From this distance on, a point, it is said while a build runs.
WORTH_SAYING = 0.01


def tell_cut(told: Mapping[str, Any]) -> str:
    """Return how far the splits are from what was asked, in a sentence or two.

    Parameters
    ----------
    told : dict
        What `builder.audit.splits.report` told.
    """
    text = (
        f"The size of a split is {_points(told['size_off'])} of all rows from what was"
        f" asked at most{_worst_size(told, plain)}"
    )
    if any("label" in facts for facts in told["splits"].values()):
        text += (
            f", and the share of a label {_points(told['share_off'])} from that of all"
            f" rows{_worst_share(told, plain)}"
        )
    text += "."
    if "unfair" in told:
        text += f" **That is not what was asked**: {plain(told['unfair'])}."
    elif max(told["size_off"], told["share_off"]) > told["tolerance"] + 1e-9:
        text += (
            f" That is more than the tolerance of {percent(told['tolerance'])}, but no"
            f" more than {_one_group(told)} can change, which is always allowed. Of the"
            f" allowed cuts of {_rows_of(told)} that were looked at, none has a smaller"
            " chi-squared over sizes and labels."
        )
    return text


def note_of_cut(told: Mapping[str, Any], what: str) -> str:
    """Return how far splits are from what was asked if that is more than a point.

    `what` names them; nothing is returned otherwise.
    """
    parts = [
        worst.strip(" ()")
        for off, worst in (
            (told["size_off"], _worst_size(told)),
            (told["share_off"], _worst_share(told)),
        )
        if off > WORTH_SAYING + 1e-9
    ]
    if not parts:
        return ""
    why = f"within the tolerance of {percent(told['tolerance'])}"
    if max(told["size_off"], told["share_off"]) > told["tolerance"] + 1e-9:
        why = (
            f"no more than {_one_group(told)} can change, and the nearest by"
            f" chi-squared of the allowed cuts of {_rows_of(told)} that were looked at"
        )
    return f"{what}: {'; '.join(parts)}: {why}"


def _rows_of(told: Mapping[str, Any]) -> str:
    """Return how many rows there are, and in what groups if any has several."""
    rows = f"the {count_of(told['rows'], 'row', 'rows')}"
    if told["largest"] == 1:
        return rows
    groups = count_of(told["groups"], "group", "groups")
    return f"{rows} in {groups}, the largest of {told['largest']:,},"


def _one_group(told: Mapping[str, Any]) -> str:
    return "one row" if told["largest"] == 1 else "one group"


def _worst_size(told: Mapping[str, Any], show: Callable[[str], str] = str) -> str:
    """Return the split whose size is furthest off, as an aside; nothing if none is.

    Names of the source are told as `show` does it.
    """
    splits = told["splits"]
    name = max(splits, key=lambda name: abs(splits[name]["size_off"]))
    facts = splits[name]
    if not facts["size_off"]:
        return ""
    share = percent(facts["asked"] + facts["size_off"])
    return f" ({show(name)} has {share} of the rows for {percent(facts['asked'])})"


def _worst_share(told: Mapping[str, Any], show: Callable[[str], str] = str) -> str:
    """Return the split and label whose share is furthest off, likewise."""
    splits = {n: f for n, f in told["splits"].items() if f.get("share_off")}
    if not splits:
        return ""
    name = max(splits, key=lambda name: abs(splits[name]["share_off"]))
    facts = splits[name]
    return (
        f" ({show(facts['label'])} is {percent(facts['share'])} of {show(name)} for"
        f" {percent(facts['of_all'])} of all)"
    )


def _points(off: float) -> str:
    """Return a distance between shares.

    >>> _points(0.0), _points(0.01), _points(0.0234)
    ('0.0 points', '1.0 points', '2.3 points')
    """
    return f"{100 * off:.1f} points"
