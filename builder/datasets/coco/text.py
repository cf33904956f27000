"""The bytes of a JSON file: decoded, mended where nothing is lost, or named. Pure."""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import msgspec

from builder.errors import AnnotationError

if TYPE_CHECKING:
    from collections.abc import Iterator

Data: TypeAlias = "bytes | bytearray | memoryview"
_T = TypeVar("_T")

# What stands for a number that JSON does not have: as wide as NaN, and nowhere a value.
NO_NUMBER = b"{} "
_WORDS = (b"NaN", b"Infinity")
_MARKS = (
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_BOM = b"\xef\xbb\xbf"
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL
)


@contextmanager
def no_collector() -> Iterator[None]:
    """Turn the garbage collector off, for many small objects that have no cycles.

    It would walk them again and again for nothing.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def decode(data: Data, kind: type[_T], *, name: str) -> tuple[_T, Data]:
    """Return a JSON text as `kind`, and the bytes that were decoded.

    These are `data`, or, where it has a byte order mark or the NaN and Infinity that
    Python writes, a part or a copy of it that is JSON: ``{}`` stands for each of them.

    Parameters
    ----------
    data : bytes-like
    kind : type
        For msgspec.
    name : str
        Name of the file, for messages.

    Raises
    ------
    AnnotationError
        The bytes are no JSON; the message says what they are.
    msgspec.ValidationError
        They are, but not of this kind.
    """
    if data[: len(_BOM)] == _BOM:
        data = memoryview(data)[len(_BOM) :]
    try:
        return msgspec.json.decode(data, type=kind), data
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        mended = _mend(data) if isinstance(err, msgspec.DecodeError) else None
        if mended is None:
            raise no_json(data, err, name=name) from err
    try:
        return msgspec.json.decode(mended, type=kind), mended
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise no_json(mended, err, name=name) from err


def _mend(data: Data) -> bytearray | None:
    """Return a copy in which NaN and Infinity are `NO_NUMBER`, or None without any.

    Halves of surrogate pairs, which JSON can spell and UTF-8 cannot, are U+FFFD in it.
    Every byte keeps its place.
    """
    text = bytearray(data)
    places = sorted((at, word) for word in _WORDS for at in _finditer(text, word))
    changed = False
    done, inside = 0, False
    for at, word in places:
        # A backslash stands in strings alone, so that what it escapes is no quote.
        between = text[done:at]
        if b"\\" in between:
            between = bytearray(re.sub(rb"\\.", b"", between, flags=re.DOTALL))
        inside ^= between.count(b'"') % 2 == 1
        done = at
        if not inside:
            start = at - (text[at - 1 : at] == b"-")
            stop = at + len(word)
            text[start:stop] = NO_NUMBER.ljust(stop - start)
            changed = True
    if b"\\ud" in text or b"\\uD" in text:
        mended = _ESCAPE.sub(lambda m: rb"\ufffd" if m[1] else m[0], text)
        changed |= mended != text
        text = bytearray(mended)
    return text if changed else None


def _finditer(text: bytearray, word: bytes) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def no_json(data: Data, err: Exception, *, name: str) -> AnnotationError:
    """Return the error that says what bytes are that cannot be decoded.

    Parameters
    ----------
    data : bytes-like
    err : Exception
        What msgspec said.
    name : str
        Name of the file.
    """
    start, count = bytes(data[:80]), len(data)
    said = str(err).rstrip(".")
    coding = next((c for mark, c in _MARKS if start.startswith(mark)), None)
    if coding is None and start[:2] in (b"{\x00", b"\x00{", b"[\x00", b"\x00["):
        coding = "UTF-16"
    if not start.strip():
        found, step = f"a file of {count} bytes with nothing in it", "get it again"
    elif coding:
        found, step = f"text in {coding}", "save it as UTF-8"
    elif isinstance(err, UnicodeDecodeError) or "UTF-8" in said:  # msgspec 0.23
        found, step = _not_utf8(data, err), "save it as UTF-8"
    elif isinstance(err, RecursionError):
        found, step = "lists nested too deeply to be annotations", "check the file"
    elif start.lstrip()[:1] not in (b"{", b"["):
        found = f"a file that starts with {start[:24]!r}"
        step = "give an instances file, unpacked"
    elif "truncated" in said:
        line = bytes(data).count(b"\n") + 1
        found = f"a text truncated after {count:,} bytes, in line {line:,}"
        step = "get the file again"
    else:
        found, step = _broken_at(data, said), "write the file again as JSON"
    msg = (
        f"{name}: expected COCO annotations (images, annotations and categories in"
        f" JSON), found {found}: {step}"
    )
    return AnnotationError(msg)


def _not_utf8(data: Data, err: Exception) -> str:
    # What msgspec counts from is the start of the one text that it read.
    whole = bytes(data)
    try:
        whole.decode("utf-8")
    except UnicodeDecodeError as of_all:
        at = of_all.start
        line = whole.count(b"\n", 0, at) + 1
        return (
            f"a byte that is not UTF-8 (0x{whole[at]:02x}, as Latin-1 or a Windows code"
            f" page has it) at byte {at:,}, in line {line:,}"
        )
    return str(err)  # pragma: no cover (a text that is not UTF-8 is in the whole)


def _broken_at(data: Data, said: str) -> str:
    place = re.search(r"\(byte (\d+)\)", said)
    if place is None:
        return said
    at = int(place[1])
    if "trailing" in said and bytes(data[at - 1 : at + 1]).strip()[:1] == b"{":
        return "JSON Lines (more than one JSON text in a file)"
    line = bytes(data[:at]).count(b"\n") + 1
    near = bytes(data[max(0, at - 12) : at + 12])
    return f"that {said}, in line {line:,}, near {near!r}"
