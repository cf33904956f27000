"""What the audit says tells labels, and where the page shows it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from builder.page.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Configs = Sequence[Mapping[str, Any]]

# Where the page does not show a measure, there is the table of the audit.
_AUDIT = "#audit"
# Measures of the audit that the page has, under its own names, as in data.js.
_SHOWN = {
    "width": "width",
    "height": "height",
    "aspect": "aspect",
    "bytes": "bytes",
    "bytes_a_pixel": "density",
    "brightness": "brightness",
    "saturation": "saturation",
    "sharpness": "sharpness",
}
# Labels that a chart shows at most, as in charts.js.
_LABELS = 40


def place_of(entry: Mapping[str, Any], configs: Configs) -> str:
    """Return where the page shows how a measure tells a label.

    In the config of the fewest labels that has it: that of a target, if it has one.

    Parameters
    ----------
    entry : dict
        One of the strongest in the manifest's ``audit["shortcuts"]``, from anybody.
    configs : sequence of dict
        As `builder.page.gather.told_configs` returns them.

    Examples
    --------
    >>> column = {"name": "label", "kind": "label", "names": ("other", "car")}
    >>> configs = [{"name": "car", "columns": [column]}]
    >>> entry = {"scope": "selection", "label": "car", "measure": "brightness"}
    >>> place_of(entry, configs), place_of({**entry, "measure": "hue"}, configs)
    ('#labels?config=car&measure=brightness', '#audit')
    """
    measure = _SHOWN.get(str(entry.get("measure")))
    if measure is None or entry.get("scope") != "selection":
        return _AUDIT
    label = visible(str(entry.get("label")))
    found = []
    for config in configs:
        columns = [c for c in config["columns"] if c["kind"] in {"label", "labels"}]
        for number, column in enumerate(columns):
            if label in column["names"] and len(column["names"]) <= _LABELS:
                asked = {"config": config["name"]}
                asked |= {"column": column["name"]} if number else {}
                found.append((len(column["names"]), {**asked, "measure": measure}))
    if not found:
        return _AUDIT
    _, asked = min(found, key=lambda one: one[0])
    return f"#labels?{urlencode(asked, errors='replace')}"


def strongest_of(shortcuts: Any) -> list[Any]:
    """Return what the audit lists of measures above chance, the farthest first."""
    listed = shortcuts.get("strongest") if isinstance(shortcuts, dict) else None
    return listed if isinstance(listed, list) else []


def told_shortcuts(shortcuts: Any, configs: Configs) -> list[tuple[str, str]]:
    """Return how many measures tell a label, the strongest, and where that is shown.

    Nothing, if the audit found none, or says so in another shape.
    """
    first = next(iter(strongest_of(shortcuts)), None)
    number = shortcuts.get("above_chance") if first else None
    if not isinstance(first, dict) or type(number) is not int:
        return []
    label, measure, auc = (first.get(key) for key in ("label", "measure", "auc"))
    if not isinstance(auc, int | float):
        return []
    said = visible(f"{label} by {str(measure).replace('_', ' ')}")
    words = (
        "1 measure tells a label above chance"
        if number == 1
        else f"{number:,} measures tell a label above chance, the strongest"
    )
    return [(f"{words}: {said} (AUC {auc:.2f})", place_of(first, configs))]
