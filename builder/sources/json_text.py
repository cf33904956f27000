"""JSON from anybody, as plain values: bounded before it is parsed, and strict. Pure.

For what trimset itself wrote, which people hand on: manifests, locks, marks, records of
shards and of the cache. What it never writes is refused: other encodings than UTF-8,
keys that stand twice, numbers that are none, half characters.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from builder.limits import MAX_DEPTH, MAX_DIGITS, MAX_RECORD, MAX_RECORD_VALUES

_STRING = re.compile(rb'"[^"]*"?')
_OTHERS = bytes(set(range(256)) - set(b"[]{},"))
_BRACKETS = bytes.maketrans(b"{}", b"[]")


def read_json(data: bytes, *, most: int = MAX_RECORD) -> Any:
    r"""Return the value in these bytes.

    Parameters
    ----------
    data : bytes
        Or the first `most` + 1 of them.
    most : int
        How many there may be.

    Raises
    ------
    ValueError
        It is no such JSON, or too large, too deep or too much; the message says which.

    Examples
    --------
    >>> read_json(b'{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    >>> read_json(b'["\\ud800"]')
    Traceback (most recent call last):
    ...
    ValueError: half a character
    """
    if len(data) > most:
        msg = f"more than {most:,} bytes"
        raise ValueError(msg)
    _check_shape(data)
    try:
        text = data.decode()
        value = json.loads(
            text,
            parse_constant=_refuse,
            parse_float=_number,
            parse_int=_whole,
            object_pairs_hook=_object,
        )
        if "\\u" in text:  # so JSON can spell half of a pair of surrogates
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        msg = "text that is not UTF-8"
    except UnicodeEncodeError:
        msg = "half a character"
    except json.JSONDecodeError as err:
        msg = " ".join(str(err).split())
    else:
        return value
    raise ValueError(msg)


def _check_shape(data: bytes) -> None:
    """Raise ValueError for what is nested too deeply, or too much, to be parsed.

    Parsers call themselves for each bracket, and not all of them come back from too
    many: so those outside of strings are counted before.
    """
    # In a string only an even number of backslashes stands before its end.
    plain = data.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in data else data
    marks = _STRING.sub(b"", plain).translate(_BRACKETS, _OTHERS)
    if marks.count(b",") + marks.count(b"[") > MAX_RECORD_VALUES:
        msg = f"more than {MAX_RECORD_VALUES:,} values"
        raise ValueError(msg)
    left = marks.replace(b",", b"")
    for _ in range(MAX_DEPTH):
        if not left:
            return
        left = left.replace(b"[]", b"")  # the innermost
    if left:
        msg = f"brackets that do not pair, or more than {MAX_DEPTH} within each other"
        raise ValueError(msg)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        msg = "a key that stands twice in one object"
        raise ValueError(msg)
    return found


def _whole(digits: str) -> int:
    if len(digits.removeprefix("-")) > MAX_DIGITS:
        msg = f"a whole number of {len(digits):,} digits"
        raise ValueError(msg)
    return int(digits)


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        msg = "a number that is too large"
        raise ValueError(msg)
    return value


def _refuse(name: str) -> NoReturn:
    msg = f"{name}, which is no number of JSON"
    raise ValueError(msg)
