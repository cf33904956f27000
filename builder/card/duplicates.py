"""The duplicates as the card tells them: from the manifest's data to Markdown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.markdown import count_of, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Names of this many pairs, crowds or blank images are listed; the manifest has all.
_LISTED = 20


def tell_duplicates(told: Mapping[str, Any], *, publisher: str) -> list[str]:
    """Return the section: what is the same, what looks the same.

    Parameters
    ----------
    told : dict
        The manifest's ``audit``.
    publisher : str
        Whose own list of duplicates was compared with these, if one was given.
    """
    found = told["duplicates"]
    rule = found["rule"]
    exact, near = found["exact"], found["near"]
    parts = [_tell_exact(exact)]
    if told["decoded"]:
        parts[0] += f" {_tell_near(near, rule, others=bool(exact['pairs']))}"
        if found["blank"]:
            parts.append(
                f"Too plain for that comparison, being blank or an even gradient:"
                f" {_listed(found['blank'])}. Of these, only copies of equal bytes are"
                " found."
            )
        if found["crowds"]:
            crowds = "; ".join(_listed(crowd) for crowd in found["crowds"][:_LISTED])
            parts.append(
                f"Chains of more than {rule['crowd']} look-alikes are not taken for"
                f" copies of one picture, and not kept together: {crowds}."
            )
    rows = [
        [kind, *(f"`{name}`" for name in pair["names"]), _splits(pair["splits"])]
        for kind, pairs in (("same bytes", exact["pairs"]), ("alike", near["pairs"]))
        for pair in pairs[:_LISTED]
    ]
    if rows:
        parts.append(table(["pair", "image", "image", "split"], rows))
        if max(len(exact["pairs"]), len(near["pairs"])) > _LISTED:
            parts.append(
                f"The first {_LISTED} pairs of either kind; `manifest.json` has all."
            )
    if "official" in found:
        listed = found["official"]
        parts.append(_official(listed, publisher, decoded=told["decoded"]))
    return ["### Duplicates", *parts]


def _tell_exact(exact: Mapping[str, Any]) -> str:
    number = len(exact["pairs"])
    if not number:
        return "No two images have the same bytes."
    copies = count_of(number, "image has", "images have")
    across = f"{exact['across']:,}" if exact["across"] else "none"
    return f"{copies} the bytes of an earlier one, {across} of them in another split."


def _tell_near(
    near: Mapping[str, Any], rule: Mapping[str, Any], *, others: bool
) -> str:
    number = len(near["pairs"])
    text = f"No two {'others ' if others else ''}look the same"
    if number:
        pairs = count_of(number, "pair looks", "pairs look")
        across = f"{near['across']:,}" if near["across"] else "none"
        text = f"{pairs} the same without having the same bytes, {across} across splits"
    return (
        f"{text}, as far as two 64-bit difference hashes tell, one across and one down"
        f" the picture, each within {rule['threshold']} bits. Crops, mirror images and"
        " strong changes of colour are not found that way."
    )


def _splits(names: Sequence[str]) -> str:
    """Return the split of a pair, or both where it lies in two."""
    return " / ".join(dict.fromkeys(name or "-" for name in names))


def _official(official: Mapping[str, Any], publisher: str, *, decoded: bool) -> str:
    inside = official["inside"]
    pairs = ", ".join(f"{a} and {b}" for a, b in inside)
    text = (
        f"Of the {official['listed']:,} pairs of duplicates that {publisher} lists,"
        f" {count_of(len(inside), 'lies', 'lie') if inside else 'none lies'} inside"
        " this selection"
    )
    if inside:
        text += f" ({pairs})"
    if decoded and inside:
        text += (
            f". Found above by their bytes: {len(official['exact']):,}; by their look:"
            f" {len(official['near']):,}; not found, so other photographs or changed"
            f" more than that: {len(official['missed']):,}"
        )
    return f"{text}."


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(f"`{name}`" for name in names[:_LISTED]) + more
