"""What the card says of what stands beside the classes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.audit.context import NEEDS_STUFF
from builder.card.markdown import number_word, percent, plain, table

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIFT = (
    "What stands beside a class, and how much more often than elsewhere: the lift is"
    " the share of the drawn images with the class that show the other category too,"
    " over the share of all images of the source that show it, with its 95 % interval."
    " An image that was drawn twice counts once.{known} Largest are those lifts that"
    " are not by chance, even among so many: all intervals were widened until they hold"
    " together at 95 %, and an exact test agrees. They are sorted by the lower end of"
    " the interval that is shown."
)

_HEAD = ["split", "class", "beside it", "images with the class", "share with the class",
         "share without", "share in the source", "lift"]  # fmt: skip


def tell_context(told: Mapping[str, Any], known: str) -> list[str]:
    """Return the section of what stands beside the classes.

    Parameters
    ----------
    told : dict
        The manifest's ``audit``.
    known : str
        A sentence on pairs of classes and contexts that others found.
    """
    contexts = told["context"]
    tables = []
    for title, name in (("Known pairs", "known_pairs"), ("Largest lifts", "largest")):
        rows = [
            [split, *_pair(pair)]
            for split, context in contexts.items()
            for pair in context[name]
            if "lift" in pair
        ]
        if rows:
            tables += [f"{title}:", table(_HEAD, rows)]
    figure = "The figure is of the training draws"
    if tables:
        splits = {1: "its", 2: "both"}.get(len(contexts), "all")
        figure += f"; the tables are of {splits} splits"
    if not any(context["largest"] for context in contexts.values()):
        figure += ". No lift above 1 is beyond chance"
    return [
        "### Context",
        _LIFT.format(known=known),
        "![Lift of categories beside each class](figures/context.png)",
        f"{figure}.",
        *tables,
        *_unmeasured(contexts),
    ]


def _unmeasured(contexts: Mapping[str, Any]) -> list[str]:
    """Return which known pairs have no lift, and what would measure them."""
    kinds: dict[str, dict[str, None]] = {}
    for context in contexts.values():
        for pair in context["known_pairs"]:
            if "lift" not in pair:
                named = plain(f"{pair['target']} and {pair['context']}")
                kinds.setdefault(pair["not_measured"], {})[named] = None
    parts = []
    stuff = kinds.pop(NEEDS_STUFF, {})
    if stuff:
        number = number_word(len(stuff)).capitalize()
        pairs = "known pair needs" if len(stuff) == 1 else "known pairs need"
        parts.append(
            f"{number} {pairs} annotations of stuff (`--stuff`): {', '.join(stuff)}."
        )
    others = [f"{pair} ({kind})" for kind, named in kinds.items() for pair in named]
    if others:
        parts.append(f"Known pairs that cannot be measured: {', '.join(others)}.")
    return parts


def _pair(pair: Mapping[str, Any]) -> list[object]:
    shares = [percent(pair[name][0]) for name in ("positives", "negatives", "source")]
    lift, low, high = pair["lift"]
    shown = "-" if lift is None else f"{lift:.2f} ({low:.2f} to {high:.2f})"
    return [pair["target"], pair["context"], pair["images"], *shares, shown]
