"""A card in its parts: the keys of its YAML, the blocks between marks, the rest. Pure.

Reading and writing again gives the same text: what nobody changes keeps its order, its
form and its comments.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.card.front import dump, read_front

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.card.front import Key

_FRONT = re.compile(
    r"\A(\s*---[ \t]*\n)(.*?)(^---[ \t]*(?:\n|\Z))", re.DOTALL | re.MULTILINE
)
_BLOCK = re.compile(
    r"<!-- trimset: (?P<name>(?!end\b)\w+) -->(?P<content>(?:(?!<!-- trimset: ).)*)"
    r"<!-- trimset: end -->",
    re.DOTALL,
)
#: Keys by which `datasets` loads; they are compared config by config, not as a whole.
LOADING = ("configs", "dataset_info")
#: The part that is neither a key nor a block.
TEXT = "text"


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two marks, with them."""

    name: str
    text: str

    @property
    def content(self) -> str:
        """The text without the marks."""
        match = _BLOCK.fullmatch(self.text)
        return match["content"] if match else ""


@dataclass(frozen=True, slots=True)
class Card:
    """A card in its parts.

    Attributes
    ----------
    opening, closing : str
        The lines above the first key and below the last; empty without YAML.
    keys : tuple of Key
    body : tuple of str and Block
    newline : str
        How its lines end.
    """

    opening: str
    keys: tuple[Key, ...]
    closing: str
    body: tuple[str | Block, ...]
    newline: str = "\n"

    def __str__(self) -> str:
        keys = "".join(key.text for key in self.keys)
        body = "".join(p if isinstance(p, str) else p.text for p in self.body)
        text = f"{self.opening}{keys}{self.closing}{body}"
        return text.replace("\n", self.newline)

    @property
    def metadata(self) -> dict[str, Any]:
        """The values of the YAML by key."""
        return {key.name: key.value for key in self.keys}

    @property
    def blocks(self) -> dict[str, Block]:
        """The blocks by name; of two of one name the first."""
        named: dict[str, Block] = {}
        for part in self.body:
            if isinstance(part, Block):
                named.setdefault(part.name, part)
        return named

    @property
    def prose(self) -> str:
        """The text outside the blocks, each of which leaves its name."""
        parts = (p if isinstance(p, str) else f"\0{p.name}\0" for p in self.body)
        return _clean("".join(parts))


def read_card(text: str) -> Card:
    r"""Return a card in its parts.

    Raises
    ------
    ValueError
        Its YAML cannot be read, or is not a mapping of names.

    Examples
    --------
    >>> card = read_card("---\nlicense: mit\n---\n# A\n")
    >>> card.metadata, card.body
    ({'license': 'mit'}, ('# A\n',))
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    match = _FRONT.match(text)
    if match is None:
        return Card("", (), "", tuple(_read_body(text)), newline)
    keys, above = read_front(match[2])
    body = tuple(_read_body(text[match.end() :]))
    return Card(match[1] + above, keys, match[3], body, newline)


def digests(card: Card) -> dict[str, str]:
    """Return the sha256 of each part.

    Parts are ``yaml KEY``, ``config NAME`` (what keys of `LOADING` say of it), ``block
    NAME`` and ``text``. White space at the ends of lines does not count, nor how a
    value is spelled in YAML.
    """
    told = {
        f"yaml {key.name}": _sha256(json.dumps(key.value, sort_keys=True))
        for key in _plain_keys(card)
    }
    for name, said in configs_of(card.metadata).items():
        # digests are listed in the manifest, and names come from anybody
        if name.isprintable():
            told[f"config {name}"] = _sha256(json.dumps(said, sort_keys=True))
    for name, block in card.blocks.items():
        told[f"block {name}"] = _sha256(_clean(block.content))
    return {**told, TEXT: _sha256(card.prose)}


def lines_of(card: Card, part: str) -> list[str]:
    """Return a part as lines, for people; none if the card lacks it."""
    kind, _, name = part.partition(" ")
    if kind == TEXT:
        return card.prose.replace("\0", "…").splitlines()
    if kind == "block":
        block = card.blocks.get(name)
        return _clean(block.content).splitlines() if block else []
    if kind == "config":
        # what it loads; the columns of that are many lines
        said = configs_of(card.metadata).get(name, {})
        keys = [key for key in LOADING if key in said][:1]
        return [line for key in keys for line in dump(key, said[key]).splitlines()]
    return [
        line
        for key in card.keys
        if key.name == name
        for line in key.text.strip().splitlines()
    ]


def entries(metadata: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the entries under a key; a single one may stand without a list."""
    value = metadata.get(key) or []
    listed = [value] if isinstance(value, dict) else value
    if not isinstance(listed, list):
        return []
    return [entry for entry in listed if isinstance(entry, dict)]


def config_of(entry: Mapping[str, Any]) -> str:
    """Return the name of the config that an entry speaks of."""
    return str(entry.get("config_name", "default"))


def configs_of(metadata: Mapping[str, Any]) -> dict[str, dict[str, list[Any]]]:
    """Return what each config has under the keys of `LOADING`, without its name."""
    said: dict[str, dict[str, list[Any]]] = {}
    for key in LOADING:
        for entry in entries(metadata, key):
            rest = {k: v for k, v in entry.items() if k != "config_name"}
            said.setdefault(config_of(entry), {}).setdefault(key, []).append(rest)
    return said


def _read_body(text: str) -> Iterator[str | Block]:
    at = 0
    for match in _BLOCK.finditer(text):
        if text[at : match.start()]:
            yield text[at : match.start()]
        yield Block(match["name"], match[0])
        at = match.end()
    if text[at:]:
        yield text[at:]


def _plain_keys(card: Card) -> Iterator[Key]:
    return (key for key in card.keys if key.name not in LOADING)


def _clean(text: str) -> str:
    lines = (line.rstrip() for line in text.strip().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
