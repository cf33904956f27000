"""The licence of images that state one each, in the Hub's words. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a source says of an image of which it says nothing.
NONE_STATED = "none stated"
#: ``license_name`` of images under several licences, as the Hub wants it: an id.
SEVERAL = "several-see-the-column-license"

#: What a build says whose recipe speaks of an official source that it is not made from.
UNOFFICIAL = (
    "no licence is stated, since the source is not the official one: push refuses this"
    " build unless the card on the Hub states one; a recipe of this source (trimset"
    " init SRC) can state its licence"
)
#: What a build says whose images state other licences than its recipe.
OTHERS = (
    "images state other licences than that of the recipe ({}): the YAML of the card has"
    " theirs, and the recipe's is told as that of the annotations and the collection"
)
# Of the Hub's list (huggingface.co/docs/hub/repositories-licenses) those that images
# and data are published under; of any other, the Hub wants "other" and a name.
_KNOWN = frozenset(
    {
        "c-uda", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0",
        "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0",
        "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cdla-sharing-1.0", "cdla-permissive-1.0",
        "cdla-permissive-2.0", "etalab-2.0", "apache-2.0", "mit", "odc-by", "odbl",
        "pddl", "gfdl",
    }
)  # fmt: skip


def licence_keys(counts: Mapping[str, int], *, link: str = "") -> dict[str, str]:
    """Return the YAML of a card for images that state their licences.

    Parameters
    ----------
    counts : dict of str to int
        Number of images by the name of their licence, as the source has it.
    link : str
        Where the terms are told, if somebody does.

    Returns
    -------
    dict of str to str
        ``license``, with ``license_name`` and ``license_link`` where the Hub does not
        know it; empty if an image states none.

    >>> licence_keys({"CC BY 4.0": 3})
    {'license': 'cc-by-4.0'}
    >>> licence_keys({"Attribution License": 3})
    {'license': 'other', 'license_name': 'attribution-license'}
    >>> licence_keys({"CC BY 4.0": 3, "none stated": 1})
    {}
    """
    if not counts or NONE_STATED in counts:
        return {}
    names = sorted({_identified(name) for name in counts})
    if len(names) == 1 and names[0] in _KNOWN:
        return {"license": names[0]}
    name = names[0] if len(names) == 1 and names[0] else SEVERAL
    return {
        "license": "other",
        "license_name": name,
        **({"license_link": link} if link else {}),
    }


def stated_keys(counts: Mapping[str, int], own: str) -> dict[str, str]:
    """Return the YAML of a recipe's card where images state other licences than it.

    The recipe's licence stands for images that state none, as nobody else has a word
    on them.

    Parameters
    ----------
    counts : dict of str to int
        Number of images by the name of their licence, as the source has it.
    own : str
        Name of the licence that the recipe states; empty, if it states none.

    Returns
    -------
    dict of str to str
        As of `licence_keys`; empty where what the recipe says holds for all images.

    >>> stated_keys({"CC BY 2.0": 3}, "cc-by-4.0")
    {'license': 'cc-by-2.0'}
    >>> stated_keys({"CC BY 4.0": 3, "none stated": 1}, "cc-by-4.0")
    {}
    >>> stated_keys({"CC BY 2.0": 3, "none stated": 1}, "cc-by-4.0")["license_name"]
    'several-see-the-column-license'
    """
    named = {name: number for name, number in counts.items() if name != NONE_STATED}
    if own and {_identified(name) for name in named} <= {_identified(own)}:
        return {}
    if own and NONE_STATED in counts:
        named[own] = named.get(own, 0) + counts[NONE_STATED]
        return licence_keys(named)
    return licence_keys(counts)


def _identified(name: str) -> str:
    """Return the name of a licence as the Hub spells its ids."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")
