"""The one place that prints: lines for people, and JSON, of characters that show."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, TextIO

from builder.datasets.layouts.names import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable


def say(line: str) -> None:
    """Say something besides what was asked for, on stderr."""
    print_lines([f"trimset: {line}"], file=sys.stderr)


def print_lines(lines: Iterable[str], *, file: TextIO | None = None) -> None:
    """Say what was asked for, each on one line, on stdout if nothing else is named.

    Names of strangers stand in them: no character of theirs that moves the cursor,
    turns the text or ends the line reaches a terminal.
    """
    for line in lines:
        print(escaped(line), file=file)


def print_json(value: Any) -> None:
    """Print what a program reads, as one line of JSON."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8", "surrogatepass")
    except UnicodeEncodeError:  # such as ASCII
        text = json.dumps(value)
    print(_printable(text))


def _printable(text: str) -> str:
    r"""Return JSON of the same value without a character that is not printable.

    >>> _printable('["é\u202e"]'), _printable('["\U000e0001"]')
    ('["é\\u202e"]', '["\\udb40\\udc01"]')
    """
    # only strings have such characters, and there JSON can write them out
    # (json.dumps does with all but DEL)
    return "".join(
        char if char.isprintable() else json.dumps(char)[1:-1].replace(char, "\\u007f")
        for char in text
    )
