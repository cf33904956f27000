"""What is worth knowing of a selection before anything is written. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from builder.errors import first_of
from builder.selection.groups import met_again

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.selection.contract import Selection
    from builder.sources.member import Member


def notes_of(selection: Selection, members: Sequence[Member | None]) -> Iterator[str]:
    """Yield what repeats, and what lies in two splits as the source has it.

    Parameters
    ----------
    selection : Selection
    members : sequence of Member
        Where each image lies; None where nowhere.
    """
    total, short = 0, []
    for rows in selection.splits():
        for config, split, images in rows.draws():
            distinct = int(np.count_nonzero(np.bincount(images)))
            if rows.config == config:
                total += len(images)
            if distinct < len(images):
                told = f"{len(images):,} rows of {distinct:,} images"
                short.append(f"{config}/{split} ({told})")
    if short:
        yield (
            f"rows repeat: {total:,} rows in all show {len(members):,} images; fewer"
            f" than asked for could be drawn for {first_of(short)}"
        )
    same = _same_files(members)
    splits = _splits_of([image for images in same for image in images], selection)
    torn = [
        images for images in same if len(set().union(*(splits[i] for i in images))) > 1
    ]
    if torn:
        names = [getattr(members[images[0]], "name", "") for images in torn]
        yield (
            f"{len(torn):,} images are listed for two splits: {first_of(names)}; what"
            " is learned from one of them is known in the other"
        )


def _same_files(members: Sequence[Member | None]) -> list[list[int]]:
    """Return the numbers of images that lie at one place, in the order of the first.

    Looked for by a hash of 8 bytes, as an entry for each of millions would take 300.
    """
    hashes = np.fromiter(
        (hash(at if m is None else _place(m)) for at, m in enumerate(members)),
        dtype=np.int64,
        count=len(members),
    )
    where: dict[object, list[int]] = {}
    for image in met_again(hashes).tolist():
        member = members[image]
        if member is not None:
            where.setdefault(_place(member), []).append(image)
    return [images for images in where.values() if len(images) > 1]


def _splits_of(images: Sequence[int], selection: Selection) -> dict[int, set[str]]:
    """Return in which splits some images are, the whole ones if in any of them."""
    splits: dict[int, set[str]] = {image: set() for image in images}
    wanted = np.array(images, dtype=np.int64)
    is_whole: set[int] = set()
    for rows in selection.splits():  # the whole ones first
        for _, split, shown in rows.draws():
            some = wanted[np.isin(wanted, shown)].tolist()
            is_whole.update(some if rows.is_whole else ())
            for image in some:
                if rows.is_whole or image not in is_whole:
                    splits[image].add(split)
    return splits


def _place(member: Member) -> object:
    """Return what tells a file from every other."""
    return (member.where, member.header_offset)


def notes_of_audit(audit: Mapping[str, Any]) -> Iterator[str]:
    """Yield which pairs an audit found across splits, and with different labels.

    Parameters
    ----------
    audit : dict
        Of a manifest.
    """
    found = audit.get("duplicates", {})
    for kind, words in (("exact", "have the same bytes"), ("near", "look the same")):
        across = found.get(kind, {}).get("across", 0)
        if across:
            pairs = "pair" if across == 1 else "pairs"
            said = words if across > 1 else _of_one(words)
            yield (
                f"{across:,} {pairs} of images in different splits {said}: what is"
                " learned from one is known in the other; manifest.json lists them"
            )
    for kind, words in (("exact", "have the same bytes"), ("near", "look the same")):
        pairs = audit.get("conflicts", {}).get(kind, {}).get("pairs", [])
        if pairs:
            named = [
                " and ".join(map(_labelled, pair["names"], pair["only"]))
                for pair in pairs
            ]
            number = "1 pair" if len(pairs) == 1 else f"{len(pairs):,} pairs"
            said = words if len(pairs) > 1 else _of_one(words)
            yield (
                f"{number} of images {said} but not the same labels:"
                f" {first_of(named, '; ')}; manifest.json lists them"
            )


def _labelled(name: str, only: Sequence[str]) -> str:
    """Return the name of an image with the labels that it alone has."""
    return f"{name} ({', '.join(only) or 'nothing else'})"


def _of_one(words: str) -> str:
    """Return what pairs do as one does it.

    >>> _of_one("have the same bytes"), _of_one("look the same")
    ('has the same bytes', 'looks the same')
    """
    verb, rest = words.split(" ", 1)
    return f"{'has' if verb == 'have' else f'{verb}s'} {rest}"
