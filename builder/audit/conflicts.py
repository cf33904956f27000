"""Images that are equal, or look the same, and have different labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from builder.audit.duplicates import Duplicates


def report(
    found: Duplicates,
    names: Sequence[str],
    labels: Sequence[Collection[str]],
    *,
    named: Collection[str] | None = None,
) -> dict[str, Any]:
    """Tell in plain data which pairs have different labels.

    Parameters
    ----------
    found : Duplicates
        Of n images.
    names : sequence of str, length n
    labels : sequence of collections of str, length n
        What each image is labelled with: one class, or all that was annotated in it.
    named : collection of str, optional
        Labels in which a difference makes a conflict, such as the classes that were
        drawn; all, if not given. Pairs that differ in others only are counted.

    Returns
    -------
    dict
        For ``exact`` (the same bytes) and ``near`` (look-alikes): ``compared``, how
        many pairs there are; ``pairs``, those in conflict, each with ``names`` and
        ``only``, for each image what it alone is labelled with, sorted; and
        ``others``, how many pairs differ only in labels that are not named.
    """
    told = {}
    for kind, pairs in (("exact", found.exact), ("near", found.near)):
        conflicts, others = [], 0
        for left, right in pairs.tolist():
            differing = set(labels[left]) ^ set(labels[right])
            asked = differing if named is None else differing & set(named)
            if asked:
                only = [sorted(differing & set(labels[at])) for at in (left, right)]
                conflicts.append({"names": [names[left], names[right]], "only": only})
            elif differing:
                others += 1
        told[kind] = {"compared": len(pairs), "pairs": conflicts, "others": others}
    return told
