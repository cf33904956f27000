"""The first row of a build as the card shows it. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from builder.card.markdown import code, fenced, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    Manifest = Mapping[str, Any]


def example(manifest: Manifest) -> str:
    """Return the first row as JSON, if there is one, and what is cut and numbered."""
    told = manifest.get("example")
    if not told:
        return ""
    features = manifest["features"][told["config"]]
    row = {"image": "<PIL.Image>", **_visible(told["row"])}
    shown = {name: row[name] for name in features if name in row}
    text = fenced(_json(shown, depth=2), "json")
    numbered = [name for name in features if _has_classes(features[name])]
    note = f"The first row of {code(told['config'])}, split {code(told['split'])}."
    if _is_cut(told["row"]):
        note += " Long values are cut."
    if numbered:
        named = ", ".join(map(code, numbered))
        note += f" Classes are numbers in {named}: `ds.features` has their names."
    return f"{note}\n\n{text}"


def _json(value: Any, *, depth: int = 0) -> str:
    """Return JSON with a line for each field of records, and of records in them."""
    if not (depth and isinstance(value, dict) and value):
        return json.dumps(value, ensure_ascii=False)
    lines = [
        f"{json.dumps(name, ensure_ascii=False)}: {_json(inner, depth=depth - 1)}"
        for name, inner in value.items()
    ]
    inside = ",\n".join(lines).replace("\n", "\n  ")
    return f"{{\n  {inside}\n}}"


def _visible(value: Any) -> Any:
    """Return plain data with nothing in its texts that turns or hides others."""
    if isinstance(value, dict):
        return {visible(name): _visible(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_visible(inner) for inner in value]
    return visible(value) if isinstance(value, str) else value


def _is_cut(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_is_cut, value.values()))
    if isinstance(value, list):
        return any(map(_is_cut, value))
    return isinstance(value, str) and (value.startswith("… ") or value.endswith("…"))


def _has_classes(feature: Any) -> bool:
    if isinstance(feature, dict):
        is_class = feature.get("_type") == "ClassLabel"
        return is_class or any(map(_has_classes, feature.values()))
    return False
