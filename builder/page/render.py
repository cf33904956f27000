"""The page as one HTML file: what it says, its data, its style and its scripts."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from builder.page.facts import about_of, configs_of, found_of, left_out_of, size_of
from builder.page.gather import shared_pictures, told_configs, told_files
from builder.page.pairs import Index, named_rows, told_pairs
from builder.page.shortcuts import place_of, strongest_of
from builder.page.tables import tables_of
from builder.page.text import visible
from builder.page.titles import AUDIT, DUPLICATES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.output.records import Manifest
    from builder.page.gather import Gathered
    from builder.page.pictures import Picture

#: In the first lines of every report: what says that a file is one.
MARK = "trimset.report/1"
#: Bytes that a page has at most, but for builds of so many pictures that the smallest
#: size is too large: what mail and chat of most places still take.
MOST_BYTES = 15_000_000
# In the order of the bits, as in data.js.
_FLAGS = (
    "broken", "same", "alike", "across", "differ", "grey", "turned", "mode", "plain",
    "group",
)  # fmt: skip
_USUAL = {"RGB", "L", ""}
_MEASURES = ("width", "height", "brightness", "saturation", "sharpness")
_SCRIPTS = ("data", "dom", "tables", "charts", "gallery", "detail", "pairs", "main")
# Of an audit: what is shown side by side instead of in tables.
_AS_PAIRS = {"duplicates", "conflicts"}
# Of a manifest: what the page says in other places, or what is of no use to a reader.
_NOT_MADE = {
    "format", "dataset", "key", "digest", "features", "configs", "audit", "files",
    "about", "broken", "missing", "selection", "example",
}  # fmt: skip


def tell(
    manifest: Manifest, gathered: Gathered, pictures: Sequence[Picture]
) -> dict[str, Any]:
    """Return what the scripts of the page know, but for the pictures themselves.

    Parameters
    ----------
    manifest : Manifest
    gathered : Gathered
    pictures : sequence of Picture
        In the order of their numbers.
    """
    configs, features = manifest.configs, manifest.features
    audit = manifest.audit
    index = Index(configs, gathered)
    duplicates = audit.get("duplicates")
    named = duplicates if isinstance(duplicates, dict) else {}
    pairs = told_pairs(named, index, audit.get("conflicts"))
    several, across = shared_pictures(configs, gathered)
    sets: dict[str, set[int]] = {
        "same": several,
        "across": across,
        "plain": named_rows(named, "blank", index),
        "group": named_rows(named.get("groups"), "large", index),
    }
    for pair in pairs:
        both = {index.picture(tuple(place)) for place in pair["rows"]}
        kinds = [
            *(["alike"] if len(both) == 2 else []),
            *(["across"] if pair["across"] else []),
            *(["differ"] if pair["differ"] else []),
        ]
        for kind in kinds:
            sets[kind] = sets.get(kind, set()) | both
    configs_told = told_configs(configs, features, gathered)
    return {
        "configs": configs_told,
        "files": told_files(gathered, pictures),
        "pictures": _columns(pictures, sets),
        "pairs": pairs,
        "rest": _rest_of(named),
        "tables": [
            _with_links(table, audit.get("shortcuts"), configs_told)
            for key, value in audit.items()
            if key not in _AS_PAIRS
            for table in tables_of(key, value, AUDIT)
        ],
        "made": [
            table
            for key, value in manifest.content.items()
            if key not in _NOT_MADE
            for table in tables_of(key, value)
        ],
    }


def _columns(
    pictures: Sequence[Picture], sets: Mapping[str, set[int]]
) -> dict[str, Any]:
    modes = sorted({picture.mode for picture in pictures})
    flags = []
    for number, picture in enumerate(pictures):
        own = {
            "broken": picture.reason is not None,
            "grey": picture.is_grey,
            "turned": picture.is_turned,
            "mode": picture.mode not in _USUAL,
        }
        flags.append(
            sum(
                1 << bit
                for bit, flag in enumerate(_FLAGS)
                if own.get(flag) or number in sets.get(flag, ())
            )
        )
    return {
        "flags": flags,
        "mode": [modes.index(picture.mode) for picture in pictures],
        "modes": modes,
        "reason": {
            number: visible(picture.reason)
            for number, picture in enumerate(pictures)
            if picture.reason is not None
        },
        "bytes": [picture.size for picture in pictures],
        **{
            name: [getattr(picture, name) for picture in pictures] for name in _MEASURES
        },
    }


def _rest_of(duplicates: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tables of what is told of duplicates besides the pairs, shown as such.

    What has pairs is counted by them.
    """
    return [
        table
        for key, value in duplicates.items()
        if not (isinstance(value, dict) and "pairs" in value)
        for table in tables_of(key, value, DUPLICATES)
    ]


def _with_links(
    table: dict[str, Any], shortcuts: Any, configs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return a table; that of the strongest shortcuts with where each is shown."""
    listed = strongest_of(shortcuts)
    is_it = table["title"] == AUDIT["shortcuts/strongest"] and "label" in table["head"]
    if not is_it or not all(isinstance(entry, dict) for entry in listed):
        return table
    to = [place_of(entry, configs) for entry in listed]
    return {**table, "links": {"column": table["head"].index("label"), "to": to}}


def pack(told: Mapping[str, Any]) -> str:
    """Return data as text: its JSON, deflated, in base64."""
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def render(
    manifest: Manifest,
    gathered: Gathered,
    pictures: Sequence[Picture],
    told: Mapping[str, Any],
    *,
    size: int,
    terms: str = "",
) -> bytes:
    """Return the page.

    Parameters
    ----------
    manifest : Manifest
    gathered : Gathered
    pictures : sequence of Picture
    told : dict
        As `tell` returns it.
    size : int
        Longer side of the small pictures to show.
    terms : str
        The licence that the card states, where the manifest has none.
    """
    css, js = style(), script()
    smalls = [dict(picture.webp).get(size, b"") for picture in pictures]
    configs = configs_of(manifest)
    about = about_of(manifest, terms)
    said = manifest.about
    text: str = _template().render(
        mark=MARK,
        title=visible(str(said.get("title") or manifest.dataset)),
        description=visible(str(said.get("description") or ""), longest=None),
        citation=visible(str(said.get("citation") or ""), keep="\n", longest=None),
        license=visible(str(said.get("license") or "")),
        dataset=visible(manifest.dataset),
        digest=visible(manifest.digest),
        made_with=visible(str(manifest.versions.get("trimset", ""))),
        rows=sum(len(held.paths) for held in gathered.rows),
        bytes=sum(e.bytes for n, e in manifest.files.items() if n in gathered.names),
        pictures=len(pictures),
        pairs=len(told["pairs"]),
        decoded=manifest.audit.get("decoded") is True,
        configs=configs,
        about=about,
        found=found_of(told, _FLAGS, manifest.audit.get("shortcuts")),
        left_out=left_out_of(manifest),
        size=size,
        size_of=size_of,
        data={
            "packed": pack({**told, "size": size}),
            "webp": [base64.b64encode(small).decode() for small in smalls],
        },
        css=Markup(css),  # noqa: S704 (our own files)
        js=Markup(js),  # noqa: S704
        css_hash=_source_of(css),
        js_hash=_source_of(js),
    )
    return text.encode()


def _source_of(text: str) -> str:
    """Return a text as a source in a Content-Security-Policy."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"sha256-{digest}"


def style() -> str:
    """Return the style of the page."""
    return _read("page.css")


def script() -> str:
    """Return the scripts of the page, one after the other."""
    parts = "\n".join(_read(f"{name}.js") for name in _SCRIPTS)
    return f'\n"use strict";\n{{\n{parts}}}\n'


@cache
def _template() -> Any:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_read("page.html.j2"))


def _read(name: str) -> str:
    return (files("builder.page") / "web" / name).read_text(encoding="utf-8")
