"""The YAML of a card, key by key, each with its lines. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from builder.card.markdown import is_unseen
from builder.limits import MAX_DEPTH, MAX_DIGITS

if TYPE_CHECKING:
    from collections.abc import Mapping

# Nodes of a card's YAML. Aliases can make a small text a huge value; the card of all 80
# classes of a recipe has some 20,000.
_MOST_NODES = 500_000
_TOO_DEEP = f"its YAML has more than {MAX_DEPTH} values within each other"
# Of a whole number, with the sign, the base and what may stand between digits.
_DIGITS = 4 * MAX_DIGITS
# Of libyaml where it is there: ten times as fast, and of the same marks.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the YAML: its value, and its lines with the comments above them."""

    name: str
    value: Any
    text: str


def dump(name: str, value: Any) -> str:
    """Return a key and its value as lines of YAML."""
    return dump_all({name: value})


def dump_all(value: Mapping[str, Any]) -> str:
    """Return keys and their values as lines of YAML.

    Where a name has what is not seen, or turns the text around it, all that is not
    ASCII is written out: the value is the same.
    """
    options: dict[str, Any] = {
        "sort_keys": False,
        "width": 88,
        "default_flow_style": False,
    }
    text: str = yaml.safe_dump(dict(value), allow_unicode=True, **options)
    if not text.isascii() and any(map(is_unseen, text.replace("\n", ""))):
        text = yaml.safe_dump(dict(value), **options)
    return text


def read_front(front: str) -> tuple[tuple[Key, ...], str]:
    """Return the keys of the YAML, and what stands above the first.

    Raises
    ------
    ValueError
        It cannot be read, or is not a mapping of names.
    """
    try:
        _check_depth(front)
        loader = _Loader(front)
        try:
            node = loader.get_single_node()
            # before << is resolved, which changes them
            is_mapping = isinstance(node, yaml.MappingNode)
            names = [name for name, _ in node.value] if is_mapping else []
            _weigh(node, {})
            value = None if node is None else _construct(loader, node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError) as err:
        words = " ".join(str(err).split()) or "too deep"
        shown = "".join(c if c.isprintable() else "?" for c in words[:200])
        msg = f"its YAML cannot be read ({shown})"
        raise ValueError(msg) from None
    if value is None:
        return (), front
    # names are told, and come from anybody
    if not isinstance(value, dict) or not all(
        isinstance(name, str) and name.isprintable() for name in value
    ):
        msg = "its YAML is not a mapping of names"
        raise ValueError(msg)
    if [name.value for name in names] != list(value):
        msg = "its YAML has a key twice, or takes keys over by <<"
        raise ValueError(msg)
    value = _plain(value)
    starts = [name.start_mark for name in names]
    lines = front.splitlines(keepends=True)
    cuts = [_with_comments(lines, mark.line) for mark in starts]
    if any(mark.column for mark in starts) or len(set(cuts)) < len(cuts):
        # in braces, or on one line: the values are kept, not the form
        return tuple(Key(n, v, dump(n, v)) for n, v in value.items()), ""
    stops = [*cuts[1:], len(lines)]
    texts = ["".join(lines[a:b]) for a, b in zip(cuts, stops, strict=True)]
    keys = (Key(n, v, t) for (n, v), t in zip(value.items(), texts, strict=True))
    return tuple(keys), "".join(lines[: cuts[0]])


def _check_depth(front: str) -> None:
    """Raise ValueError for too many values within each other.

    What makes nodes of them calls itself for each, and may end the process so.
    """
    depth = 0
    for event in yaml.parse(front, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError(_TOO_DEEP)


def _construct(loader: Any, node: Any) -> Any:
    """Return the value of a node; no date that there is not."""
    try:
        return loader.construct_document(node)
    except ValueError as err:
        raise yaml.YAMLError(str(err)) from None


def _with_comments(lines: list[str], line: int) -> int:
    """Return where the comments right above a line begin."""
    while line and lines[line - 1].startswith("#"):
        line -= 1
    return line


def _weigh(
    node: Any, known: dict[int, tuple[int, int] | None], depth: int = 0
) -> tuple[int, int]:
    """Return how many values a node becomes, and on how many levels.

    Each is looked at once, however many aliases lead to it.

    Raises
    ------
    ValueError
        Made a value it would be huge, or without end.
    """
    if node is None:
        return 0, 0
    if id(node) in known:
        found = known[id(node)]
        if found is None:
            msg = "its YAML has a value within itself"
            raise ValueError(msg)
        return found
    known[id(node)] = None
    parts: list[Any] = []
    size = height = 1
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
        size += sum(_copied(value) for name, value in node.value if _takes(name))
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    elif node.tag.endswith(":int") and len(node.value) > _DIGITS:
        msg = f"its YAML has a whole number of {len(node.value):,} characters"
        raise ValueError(msg)
    if parts and depth < MAX_DEPTH:
        weights = [_weigh(part, known, depth + 1) for part in parts]
        size += sum(size for size, _ in weights)
        height += max(height for _, height in weights)
    if size > _MOST_NODES:
        msg = f"its YAML has more than {_MOST_NODES:,} values"
        raise ValueError(msg)
    if height > MAX_DEPTH or depth >= MAX_DEPTH:
        raise ValueError(_TOO_DEEP)
    known[id(node)] = size, height
    return size, height


def _takes(name: Any) -> bool:
    return bool(name.tag == "tag:yaml.org,2002:merge")


def _copied(value: Any) -> int:
    """Return how many keys << takes over; those that do so in turn count as many."""
    parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
    keys = [part.value for part in parts if isinstance(part, yaml.MappingNode)]
    if any(_takes(name) for pairs in keys for name, _ in pairs):
        return _MOST_NODES + 1
    return sum(map(len, keys))


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: text for keys, and for dates and the like."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(inner) for inner in value]
    is_json = value is None or isinstance(value, str | int | float)
    return value if is_json else str(value)
