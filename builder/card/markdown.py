"""Numbers, names and tables as Markdown, and nothing of them as anything else. Pure.

Names come out of other people's files: every string of a source stands in a card by way
of `plain` or `code`, and in a cell of a table by way of `table`, which does it itself.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# What begins or ends something within a line of GitHub's Markdown, which the Hub shows,
# or a formula; `_` does inside of no word, and a pipe ends a cell even where it has a
# backslash before it, in some programs.
_MARKS = re.compile(r"[\\`*\[\]<>~$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|^#|(?<=\s)#")
# What begins a list or underlines a heading, at the start of a line.
_START = re.compile(r"^(?=[-+=](?:[-+=\s]|$))|^(\d+)(?=[.)](?:\s|$))")
# What becomes a link by itself.
_LINK = re.compile(r"://|www\.|@|\bmailto:|\bxmpp:", re.IGNORECASE)
# What ends the address of a link early.
_NOT_IN_LINKS = re.compile(r"[^\w:/?#@!$&'*+,;=%.~-]", re.ASCII)
# Joiners shape letters and emoji; all else of this kind is not seen, or turns the text.
_JOINERS = "\u200c\u200d"
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
          "ten", "eleven", "twelve")  # fmt: skip


class Markdown(str):
    """A text that is Markdown already: a table takes it as it is."""

    __slots__ = ()


def plain(text: str) -> Markdown:
    r"""Return a text of a source as Markdown that shows it, and does nothing else.

    What would become a link by itself is shown as code.

    >>> print(plain("<img src=x>|a_b_ *c*"))
    \<img src=x\>&#124;a_b\_ \*c\*
    >>> plain("one\n# two"), plain("http://a.b")
    ('one \\# two', '`http://a.b`')
    >>> plain("- one"), plain("1. one"), plain("-1.5")
    ('\\- one', '1\\. one', '-1.5')
    """
    if _LINK.search(text):
        return code(text)
    shown = _START.sub(lambda match: f"{match[1] or ''}\\", _within_a_line(text))
    return Markdown(shown)


def code(text: str) -> Markdown:
    r"""Return a name of a source as code within a line.

    >>> code("a.jpg"), code("a`b"), code("`")
    ('`a.jpg`', '``a`b``', '`` ` ``')
    >>> code("a\u202eb")
    '`a\\u202eb`'
    """
    # No program of Markdown takes this pipe within code in a table for one.
    shown = visible(text).replace("\\|", "\\x7c") or " "
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return Markdown(f"{fence}{space}{shown}{space}{fence}")


def fenced(text: str, language: str) -> str:
    """Return lines of code, which nothing in them ends.

    >>> print(fenced("a = 1", "python"))
    ```python
    a = 1
    ```
    """
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def link(text: str, address: str) -> Markdown:
    """Return a link; just the text, if the address is none that a browser opens.

    >>> link("Home", "https://a.b/c d)"), link("Home", "javascript:x")
    ('[Home](https://a.b/c%20d%29)', 'Home')
    """
    shown = plain(text)
    if not re.match(r"https?://", address, re.IGNORECASE):
        return shown
    quoted = _NOT_IN_LINKS.sub(lambda match: _quoted(match[0]), address)
    return Markdown(f"[{shown}]({quoted})")


def visible(text: str) -> str:
    r"""Return a text on one line, with what is not seen written out.

    Those are control characters, and what turns or hides the text around it.

    >>> visible("a\n b\x00\u202e")
    'a b\\x00\\u202e'
    """
    if text.isascii() and text.isprintable():
        return text
    line = re.sub(r"\s+", " ", text)
    return "".join(_written_out(char) if is_unseen(char) else char for char in line)


def _within_a_line(text: str) -> str:
    shown = _MARKS.sub(lambda match: _escaped(match[0]), visible(text).strip())
    return shown.replace("|", "&#124;")


def is_unseen(char: str) -> bool:
    """Whether a character is a control, or turns or hides the text around it."""
    kind = unicodedata.category(char)
    return kind in {"Cc", "Cs"} or (kind == "Cf" and char not in _JOINERS)


def _written_out(char: str) -> str:
    return char.encode("unicode_escape").decode()


def _quoted(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace"))


def _escaped(mark: str) -> str:
    return "&amp;" if mark == "&" else f"\\{mark}"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; numbers are set to the right.

    Texts are shown as they are, by `plain`; those that are `Markdown` are taken for it.

    >>> print(table(["name", "n"], [["car", 1500]]))
    | name | n |
    |---|--:|
    | car | 1,500 |
    """
    numeric = [
        bool(rows) and all(isinstance(row[i], int | float) for row in rows)
        for i in range(len(head))
    ]
    lines = [
        f"| {' | '.join(map(_cell, head))} |",
        f"|{'|'.join('--:' if right else '---' for right in numeric)}|",
        *(f"| {' | '.join(_cell(value) for value in row)} |" for row in rows),
    ]
    return "\n".join(lines)


def megabytes(size: int) -> str:
    """Return a size for people, in units of 1,000.

    >>> megabytes(1_234_567_890), megabytes(40_000_000), megabytes(999)
    ('1.2 GB', '40 MB', '999 bytes')
    """
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            digits = 1 if size < 10 * unit else 0
            return f"{size / unit:.{digits}f} {name}"
    return f"{size} bytes"


def count_of(number: int, one: str, many: str) -> str:
    """Return a number with the right form of a word.

    >>> count_of(1, "draw", "draws"), count_of(1500, "draw", "draws")
    ('1 draw', '1,500 draws')
    """
    return f"{number:,} {one if number == 1 else many}"


def number_word(number: int) -> str:
    """Return a count as a sentence writes it: up to twelve as a word.

    >>> number_word(6), number_word(12), number_word(1500)
    ('six', 'twelve', '1,500')
    """
    return _WORDS[number] if 0 <= number < len(_WORDS) else f"{number:,}"


def percent(share: float | None) -> str:
    """Return a share for people.

    >>> percent(0.5), percent(None)
    ('50.0 %', '-')
    """
    return "-" if share is None else f"{100 * share:.1f} %"


def _cell(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    text = str(value)
    if not isinstance(value, Markdown):
        text = code(text) if _LINK.search(text) else _within_a_line(text)
    return re.sub(r"(?<!\\)\|", r"\\|", text)
