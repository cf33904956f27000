"""What the card says a label can be guessed from: the manifest's data in words. Pure.

The data are those of `builder.audit.shortcuts.report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.markdown import code, percent, table
from builder.images.measures import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# So many of the strongest are listed; the manifest has all.
_LISTED = 20
_SCOPES = {"selection": "here", "source": "source"}
_WHAT = (
    "How well one measure alone tells {kinds}. Take one image of each kind: the AUC is"
    " how often the same one of the two has the larger value, so that 0.5 is a coin's"
    " toss and 1 is never wrong. Size, bytes and JPEG quality say nothing of what is"
    " shown: where they are above 0.5, a model can use them without having learned"
    " anything of it, and a test on images that were gathered in the same way does not"
    " show that. The other measures are of the whole picture, subject included: they"
    " may come from it, or from how the picture was taken."
)
_WORTH = (
    "Brightness, saturation, sharpness and dark corners (by how much they are darker"
    " than the middles of the sides) are measured on a grid of 32 x 32 cells; hue is"
    " that of the mean colour, and JPEG quality that of the nearest quantisation table"
    " of libjpeg. Sharpness is of coarse detail, as that grid shows it, and not of"
    " focus. The intervals take the images as independent; where several are of one"
    " subject they are too narrow."
)


def tell_shortcuts(told: Mapping[str, Any]) -> list[str]:
    """Return the section: the AUCs above chance, the largest first.

    Parameters
    ----------
    told : dict
        The manifest's ``audit``.

    Returns
    -------
    list of str
        None where no images have labels that could be told apart.
    """
    found = told.get("shortcuts")
    if not found or not found["tests"]:
        return []
    scopes, listed = found["scopes"], found["strongest"][:_LISTED]
    parts = ["### Shortcuts", _WHAT.format(kinds=_kinds(scopes)), _tell_number(found)]
    if listed:
        parts.append("![AUC of single measures](figures/shortcuts.png)")
        parts.append(_strongest(listed))
        if found["above_chance"] > len(listed):
            parts.append(f"The {_LISTED} strongest; `manifest.json` has all.")
    if not found["not_measured"]:
        parts.append(_WORTH)
    return [*parts, *_tell_rest(found)]


def _kinds(scopes: Mapping[str, Any]) -> str:
    """Return what is told from what."""
    first = scopes["selection"]["labels"][0]
    if first["against"]:
        label, against = code(first["label"]), code(first["against"])
        return f"the images of {label} from those of {against}"
    return "the images with a class from those without it"


def _tell_number(found: Mapping[str, Any]) -> str:
    number, above = found["tests"], found["above_chance"]
    labels = len(found["scopes"]["selection"]["labels"])
    of = f" of {labels:,} classes" if labels > 1 else ""
    where = ""
    if "source" in found["scopes"]:
        where = ", here and, by the sizes that the source states, in all of it"
    text = f"There are {number:,} AUCs{of}{where}."
    if not above:
        return (
            f"{text} Not one is above chance: 0.5 lies in every interval when all are"
            " widened until they hold together at 95 % (Bonferroni)."
        )
    verb = "is" if above == 1 else "are"
    return (
        f"{text} {above:,} of these {verb} above chance: 0.5 lies outside the interval"
        " even when all are widened until they hold together at 95 % (Bonferroni). In"
        " the table an AUC below 0.5 is written as far above it, and the last two"
        " columns tell which way the measure goes."
    )


def _strongest(listed: Sequence[Mapping[str, Any]]) -> str:
    is_scoped = any(entry["scope"] == "source" for entry in listed)
    rows = []
    for entry in listed:
        auc, low, high = (entry[name] for name in ("auc", "low", "high"))
        if auc < 0.5:
            auc, low, high = 1 - auc, 1 - high, 1 - low
        rows.append(
            [
                entry["label"],
                *[_SCOPES[entry["scope"]]] * is_scoped,
                WORDS[entry["measure"]],
                f"{auc:.2f} ({low:.2f} to {high:.2f})",
                *(_value(entry["measure"], value) for value in entry["typical"]),
            ]
        )
    head = ["class", *["where"] * is_scoped, "measure", "AUC, 95 % interval"]
    return table([*head, "with the class", "without"], rows)


def _value(measure: str, value: float) -> str:
    """Return a typical value with as many digits as say something."""
    if measure == "grey":
        return percent(value)
    if measure == "hue":
        return f"{value:.0f}°"
    whole = {"width", "height", "bytes", "quality", "sharpness"}
    return f"{value:,.0f}" if measure in whole else f"{value:.2f}"


def _tell_rest(found: Mapping[str, Any]) -> list[str]:
    """Return what tells nothing, and what was not measured."""
    parts = []
    here = found["scopes"]["selection"]
    text = ""
    if here["same"]:
        same = ", ".join(WORDS[name] for name in here["same"])
        text = f"The same for all images here: {same}."
    if "bytes_a_pixel" not in here["measures"]:
        text += (
            " As all have equally many pixels, bytes a pixel would be the file size"
            " once more, and are left out."
        )
    if text:
        parts.append(text.strip())
    if found["not_measured"]:
        names = ", ".join(WORDS[name] for name in found["not_measured"])
        parts.append(
            f"Since the images were not decoded, {names} **were not measured**."
        )
    return parts
