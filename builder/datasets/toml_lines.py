"""What is wrong with a TOML file that should be a typed record, and where. Pure.

`msgspec` says what it refused and where in the record; a person needs the line, what
could stand there, and what was likely meant.
"""

from __future__ import annotations

import re
from datetime import date, time
from difflib import get_close_matches
from itertools import accumulate
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import msgspec

from builder.datasets.recipe_record import PATTERNS
from builder.limits import MAX_DEPTH, MAX_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_ENTRY = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=")
_HEADER = re.compile(r"\s*\[+\s*([^\[\]\s][^\]]*?)\s*\]+")
_INNER = re.compile(rf"(?<![\w-])({_KEY})\s*=")
# Characters of a line that may name keys: of a longer one the expressions would take
# the square of its length.
_LOOKED = 400
# Where msgspec says that something is wrong; no key of a dict is ever in it.
_PLACE = re.compile(r" - at `(key` in `)?(\$[\w.\[\]]*)`\Z")
# Strings of one or many lines, and comments: what is in the last two is no key.
_TEXTS = re.compile(
    r'''("""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\')|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|(\#[^\n]*)''',
    re.DOTALL,
)
# The same in what may be no TOML: to its end where one has none, so that nothing is
# looked through twice.
_SKIPPED = re.compile(
    r'''"""(?:\\.|[^\\])*?(?:"""|\Z)|\'\'\'.*?(?:\'\'\'|\Z)|"(?:\\.|[^"\\\n])*"?'''
    r"|'[^'\n]*'?|#[^\n]*",
    re.DOTALL,
)
_NUMBER = re.compile(rf"[0-9_]{{{4 * MAX_DIGITS}}}")
# What the types that msgspec names are in TOML; every float in a recipe is a fraction.
_WORDS = {
    "(?:array|str) of length >= 1": "something that is not empty",
    "object": "a table",
    "array": "a list",
    "str": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a fraction",
}


def shape_fault(text: str) -> str | None:
    """Say what of a TOML file would take its parser too long, or too deep, or None.

    Parsers call themselves for each bracket, and walk a key of many parts as often as
    it has parts.

    >>> shape_fault("a = " + "[" * 99 + "]" * 99)
    'lists or tables nested too deeply'
    >>> shape_fault("a = [1, 2]  # [[[")
    """
    plain = _SKIPPED.sub("", f"{text}\n")
    steps = (1 if sign in "[{" else -1 for sign in plain if sign in "[]{}")
    if max(accumulate(steps), default=0) > MAX_DEPTH:
        return "lists or tables nested too deeply"
    if _NUMBER.search(plain):
        return "a number of too many digits"
    if any(line.count(".") > MAX_DEPTH for line in re.split("[=\n]", plain)):
        return "a key of too many parts"
    return None


def explain(error: str, record: Any, text: str, root: type[msgspec.Struct]) -> str:
    """Return a message with line, key, what is expected, found, and a next step.

    Parameters
    ----------
    error : str
        Of the `msgspec.ValidationError`.
    record : dict
        What the file holds.
    text : str
        The file.
    root : type of msgspec.Struct
        What it should hold.
    """
    place = _PLACE.search(error)
    fault = error[: place.start()] if place else error
    path, kind, item = _walk(place[2] if place else "$", record, root)
    named = ".".join(map(plain_key, path)) or "the recipe"
    if place and place[1]:  # the key itself is refused, not what it holds
        keys = _at(record, path)
        bad = next(key for key in keys if not _fits({key: keys[key]}, kind))
        return (
            f"line {line_of(text, (*path, bad))}: {named} has the key"
            f" {_shown(bad)}; {_in_words(fault)}: rename it"
        )
    unknown = re.search(r"unknown field `(.*)`", fault, re.DOTALL)
    if unknown:
        known = _keys_of_type(kind)
        near = get_close_matches(unknown[1], known, 1, 0.6)
        advice = f"did you mean {near[0]!r}?" if near else "remove it"
        line = line_of(text, (*path, unknown[1]))
        return (
            f"line {line}: {named} has no key {_shown(unknown[1])}; expected one of"
            f" {', '.join(known)}: {advice}"
        )
    line = line_of(text, path)
    missing = re.search(r"missing required field `(.*)`", fault)
    if missing:
        return f"line {line}: {named} needs a key {missing[1]!r}, found none: add it"
    value = _at(record, path)
    choices = _choices_of_type(kind)
    if choices and item is None:
        near = get_close_matches(value, choices, 1, 0.5) if _is_text(value) else []
        advice = f"did you mean {near[0]!r}?" if near else "give one of them"
        expected = " or ".join(map(repr, choices))
        if len(_parts(kind)) > 1:
            expected, advice = f"{expected} or a list", advice if near else "correct it"
        return (
            f"line {line}: {named}: expected {expected}, found {_shown(value)}:"
            f" {advice}"
        )
    if item is not None:
        value = value[item]
    return (
        f"line {line}: {named}: {_in_words(fault)}, found {_shown(value)}: correct it"
    )


def _in_words(fault: str) -> str:
    """Return what msgspec expected, in words of TOML."""
    words = re.sub(r"^Expected", "expected", re.sub(r", got `.*?`$", "", fault))
    words = words.replace("`", "").replace(" | null", "")
    for pattern, meaning in PATTERNS.items():
        words = words.replace(f"str matching regex {pattern!r}", meaning)
    for word, meaning in _WORDS.items():
        words = re.sub(rf"\b{word}\b", meaning, words)
    return words.replace(" | ", " or ")


def plain_key(key: str) -> str:
    """Return a key as TOML may have it, on one line whatever is in it."""
    return key if re.fullmatch(r"[\w-]{1,60}", key) else _shown(key)


def line_of(text: str, path: tuple[str, ...]) -> int:
    r"""Return the line, from 1 on, on which a key stands, or else the table it is in.

    >>> line_of('a = 1\n[b]\nc = {d = 2}\n', ("b", "c", "d"))
    3
    """
    best, depth = 1, 0
    for number, keys in _keys_by_line(_without_texts(text)):
        if keys == path[: len(keys)] and len(keys) > depth:
            best, depth = number, len(keys)
    return best


def _without_texts(text: str) -> str:
    """Return the lines without comments and without strings of many lines."""

    def shorten(found: re.Match[str]) -> str:
        is_kept = found[1] is None and found[2] is None
        return found[0] if is_kept else "\n" * found[0].count("\n")

    return _TEXTS.sub(shorten, text)


def _keys_by_line(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield each line that names a table or a key, with all keys that lead there."""
    table: tuple[str, ...] = ()
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole[:_LOOKED]
        header = _HEADER.match(line)
        if header:
            table = _split_keys(header[1])
            yield number, table
            continue
        entry = _ENTRY.match(line)
        if entry:
            keys = (*table, *_split_keys(entry[1]))
            yield number, keys
            # Of a table in one line, each of its keys.
            for inner in _INNER.findall(line[entry.end() :]):
                yield number, (*keys, *_split_keys(inner))


def _split_keys(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted))


def _walk(
    place: str, record: Any, root: Any
) -> tuple[tuple[str, ...], Any, int | None]:
    """Return the keys of a place as msgspec spells it, and the type that stands there.

    For any key of a dict it spells ``[...]``: then it is the key whose value is wrong.
    The last is the number of an item, where the place is in a list.
    """
    path: list[str] = []
    kind = root
    for name, index in re.findall(r"\.(\w+)|\[([^\]]*)\]", place):
        if name:
            kind = get_type_hints(_struct_of(kind), include_extras=True)[name]
            path.append(name)
            continue
        values = _at(record, tuple(path))
        if isinstance(values, list):
            return tuple(path), kind, int(index)
        bad = [key for key, value in values.items() if not _fits({key: value}, kind)]
        path.append(str(bad[0]))
        kind = next(get_args(p)[1] for p in _parts(kind) if len(get_args(p)) == 2)
    return tuple(path), kind, None


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _parts(kind: Any) -> list[Any]:
    """Return the members of a union of types, or the type itself."""
    origin = getattr(kind, "__origin__", None)
    inside = get_args(kind)
    if "Union" in type(kind).__name__ or "Union" in str(origin):
        return [part for one in inside for part in _parts(one)]
    if hasattr(kind, "__metadata__"):
        return _parts(origin)
    return [kind]


def _struct_of(kind: Any) -> Any:
    structs = [p for p in _parts(kind) if hasattr(p, "__struct_fields__")]
    return structs[0]


def _keys_of_type(kind: Any) -> list[str]:
    return list(_struct_of(kind).__struct_fields__)


def _choices_of_type(kind: Any) -> list[str]:
    parts = _parts(kind)
    return [c for part in parts if "Literal" in str(part) for c in get_args(part)]


def _at(record: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _shown(value: Any) -> str:
    """Return a value in a few words, as TOML has it where that is short."""
    if isinstance(value, bool):
        return str(value).lower()
    shown = str(value) if isinstance(value, date | time) else repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
