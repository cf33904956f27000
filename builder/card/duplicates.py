"""The duplicates as the card tells them: from the manifest's data to Markdown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.markdown import code, count_of, plain, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Names of this many pairs, groups or blank images are listed; the manifest has all.
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
    parts += _tell_large(found["groups"]["large"])
    rows = [
        [
            kind,
            *map(code, pair["names"]),
            pair.get("turn", ""),
            f"{pair['score']:.3f}" if "score" in pair else "",
            _splits(pair["splits"]),
        ]
        for kind, pairs in (("same bytes", exact["pairs"]), ("alike", near["pairs"]))
        for pair in sorted(pairs, key=_is_within)[:_LISTED]
    ]
    if rows:
        head = ["pair", "image", "image", "the second is", "score", "split"]
        parts.append(table(head, rows))
        if max(len(exact["pairs"]), len(near["pairs"])) > _LISTED:
            parts.append(
                f"{_LISTED} pairs of either kind, those across splits first;"
                " `manifest.json` has all."
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
        f"{text}. A pair is one picture, as far as small versions of it tell: as it is"
        " shown, in its eight turns and mirror images, laid over each other, with"
        f" details that correlate by {rule['score']} or more. Crops of more than about"
        " 5 % at each edge, and pictures that were changed in their details, are not"
        " found that way."
    )


def _tell_large(groups: Sequence[Sequence[str]]) -> list[str]:
    """Return a paragraph of the groups that are large, if there are any."""
    if not groups:
        return []
    told = [f"{len(names):,} images ({_listed(names, 3)})" for names in groups]
    more = f"; and {len(told) - _LISTED:,} more" if len(told) > _LISTED else ""
    text = (
        "Large groups, of images each of which is in a pair with another of its group:"
        f" {'; '.join(told[:_LISTED])}{more}."
    )
    return [text]


def _is_within(pair: Mapping[str, Any]) -> bool:
    """Whether both images of a pair lie in one split."""
    return len(set(pair["splits"])) == 1


def _splits(names: Sequence[str]) -> str:
    """Return the split of a pair, or both where it lies in two."""
    return " / ".join(dict.fromkeys(name or "-" for name in names))


def _official(official: Mapping[str, Any], publisher: str, *, decoded: bool) -> str:
    inside = official["inside"]
    pairs = ", ".join(f"{plain(a)} and {plain(b)}" for a, b in inside)
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


def _listed(names: Sequence[str], most: int = _LISTED) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(code, names[:most])) + more
