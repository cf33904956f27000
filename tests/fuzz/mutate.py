"""Changes bytes at random: as bytes, as numbers in a text, and as JSON. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

#: No result is longer: what is slow for its size alone is not looked for here.
MOST_BYTES = 1 << 17
_NUMBERS = (
    0, 1, -1, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32,
    2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**30, 10**400,
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, "", "\0", "\ud800", "..", "../../x", "/etc/hosts", "a\nb", "é",
    "\u202e", "\x1b[31m", "٣", "x" * 5000, [], {}, [[]], [None], [1, "a"], {"": None},
    {"a": {"b": []}}, 0.5, -0.0, 1e308, float("nan"), float("inf"), *_NUMBERS,
)  # fmt: skip
_WORDS = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xc3\x28", b"\xed\xa0\x80", b"\n", b"\r\n", b'"',
    b"'", b"[", b"]", b"{", b"}", b",", b":", b";", b"-", b"---\n", b"...", b"../",
    b"&a ", b"*a ", b"!!python/name:os.system ", b"\\ud800", b"\\u0000", b"1e999",
    b"NaN", b"Infinity", b"null", b"true", b"\xd9\xa3", b"\x1b[2J", b"<!--", b"-->",
    b"[" * 3000, b'{"a":' * 3000, b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06",
    b"\xff\xda", b"\xff\xd9", b"\xff\xd8", b"IEND", b"Exif\0\0", b"9" * 5000,
)  # fmt: skip
_DIGITS = re.compile(rb"\d+")


def mutate(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Return a text that differs from `data` in a few places.

    Parameters
    ----------
    data : bytes
    others : sequence of bytes
        Of the same kind; parts of them may be put into it.
    rng : random.Random
    """
    if rng.random() < 0.6:
        changed = _as_json(data, rng)
        if changed is not None and rng.random() < 0.8:
            return changed[:MOST_BYTES]
        data = data if changed is None else changed
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        data = _as_bytes(data, others, rng)[:MOST_BYTES]
    return data


def _as_bytes(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + rng.choice((1, 2, 4, 8, 32, 256)))
    other = rng.choice(others)
    start = rng.randrange(len(other) + 1)
    match rng.randrange(9):
        case 0 if at < len(data):  # a bit
            return (
                data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
            )
        case 1:  # cut short
            return data[:at]
        case 2:  # left out
            return data[:at] + data[end:]
        case 3:  # twice, or more often
            times = rng.choice((2, 3, 50))
            return data[:at] + data[at:end] * times + data[end:]
        case 4:  # the end of another
            return data[:at] + other[start:]
        case 5:  # a part of another
            return data[:at] + other[start : start + (end - at)] + data[end:]
        case 6:  # a number of a text
            found = list(_DIGITS.finditer(data[:MOST_BYTES]))
            if found:
                match_ = rng.choice(found)
                number = str(rng.choice(_NUMBERS)).encode()
                return data[: match_.start()] + number + data[match_.end() :]
            return data[:at] + rng.randbytes(end - at) + data[end:]
        case 7:  # a number of a header
            size = rng.choice((1, 2, 4, 8))
            number = rng.choice(_NUMBERS) % (1 << 8 * size)
            raw = number.to_bytes(size, rng.choice(("big", "little")))
            return data[:at] + raw + data[at + size :]
        case _:
            return data[:at] + rng.choice(_WORDS) + data[rng.choice((at, end)) :]


def _as_json(data: bytes, rng: random.Random) -> bytes | None:
    """Return JSON with a few values changed; None if it is none."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict | list):
        return None
    for _ in range(rng.choice((1, 1, 2, 4))):
        _change(content, rng)
    try:
        return json.dumps(content).encode()
    except ValueError:  # more digits than Python writes
        return data


def _change(content: dict[str, Any] | list[Any], rng: random.Random) -> None:
    """Change one value at a random place of a tree."""
    keys = list(content) if isinstance(content, dict) else list(range(len(content)))
    if not keys:
        return
    key: Any = rng.choice(keys)
    below = content[key]
    if isinstance(below, dict | list) and below and rng.random() < 0.8:
        _change(below, rng)
        return
    match rng.randrange(5):
        case 0:
            del content[key]
        case 1 if isinstance(content, dict):
            content[rng.choice(("", "\0", "..", "../x", "a" * 300, "\ud800"))] = below
        case 2 if isinstance(content, list):
            content.extend([below] * rng.choice((1, 2, 100)))
        case _:
            content[key] = rng.choice(_VALUES)
