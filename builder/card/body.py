"""The text of a card with the blocks that were chosen, each in its place. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from builder.card.parts import Block

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from builder.card.parts import Card

_LINE = re.compile(r"^[^\n]*\n?", re.MULTILINE)
_HEADING = re.compile(r"(#{1,6}) +\S")
_FENCE = re.compile(r" {0,3}(```|~~~)")


class _Heading(NamedTuple):
    start: int
    level: int
    line: str


def fill(
    frame: Card, theirs: Card, ours: Card, wanted: Collection[str]
) -> list[str | Block]:
    """Return a body whose blocks are ours where they are wanted, and else theirs."""
    body: list[str | Block] = []
    seen: set[str] = set()
    for part in frame.body:
        if isinstance(part, str) or part.name in seen:
            body.append(part)
            continue
        seen.add(part.name)
        side = ours if part.name in wanted else theirs
        block = side.blocks.get(part.name)
        if block is not None:
            body.append(block)
    return body


def insert(
    body: list[str | Block], ours: Card, wanted: Collection[str]
) -> list[str | Block]:
    """Return a body with the blocks that it lacks.

    One whose section is there goes to the end of it, or after its neighbour in it; one
    that stands below the title goes below the title; all others come after the last
    neighbour, with the heading of their section. One that goes on with a sentence
    stays away: it says nothing without it.
    """
    body = list(body)
    placed = [part.name for part in body if isinstance(part, Block)]
    after = next((name for name in placed if name in ours.blocks), None)
    begins = after is not None  # until one that is there was met
    section: _Heading | None = None  # of what is looked at
    last: tuple[str, _Heading | None] | None = None
    above = ""
    for part in ours.body:
        if isinstance(part, str):
            above = part
            headings = list(_headings(part))
            section = headings[-1] if headings else section
            continue
        if part.name in placed:
            after, begins, last = part.name, False, (part.name, section)
        elif part.name in wanted and above.endswith("\n\n"):
            head, is_aside = "", True
            if last is not None and last[1] is section:
                at = _index(body, last[0]) + 1
                is_aside = last[0] != after
            elif (found := _end_of_section(body, section, ours.blocks)) is not None:
                at = found
            else:
                is_aside = False
                at = len(body)
                if after is not None:
                    at = _index(body, after) + (not begins)
                if section is not None and section.level > 1 and part.content.strip():
                    head = section.line
            _put(body, at, head, part)
            last = (part.name, section)
            if not is_aside:
                after, begins = part.name, False
        above = ""
    return body


def _index(body: list[str | Block], name: str) -> int:
    names = [part.name if isinstance(part, Block) else None for part in body]
    return names.index(name)


def _put(body: list[str | Block], at: int, head: str, block: Block) -> None:
    """Insert a block between two parts, with blank lines around it."""
    over = "\n\n" if at else "\n"
    if at and isinstance(before := body[at - 1], str):
        body[at - 1] = before.rstrip("\n")
    if at == len(body):
        body.append("\n")
    elif isinstance(under := body[at], str):
        under = under.lstrip("\n")
        body[at] = f"\n\n{under}" if under or at + 1 < len(body) else "\n"
    else:
        body.insert(at, "\n\n")
    body[at:at] = [f"{over}{head}\n\n" if head else over, block]


def _end_of_section(
    body: list[str | Block], section: _Heading | None, blocks: Collection[str]
) -> int | None:
    """Return where a section ends, and cut the text there; None if it is not there.

    It ends before the next heading of its level, or before a block of ours in it. That
    of the title ends with its first lines, and is any text's first.
    """
    level = 1 if section is None else section.level
    inside = False
    for i, part in enumerate(body):
        if isinstance(part, Block):
            if inside and part.name in blocks:
                return i
            continue
        for heading in _headings(part):
            if inside and (level == 1 or heading.level <= level):
                if heading.start:
                    body[i : i + 1] = [part[: heading.start], part[heading.start :]]
                return i + bool(heading.start)
            if level == 1 and not inside and heading.level > 1:
                return None
            inside = inside or level == 1 or heading.line == (section or heading).line
    return len(body) if inside else None


def _headings(text: str) -> Iterator[_Heading]:
    """Yield the headings of a text, but for what looks like one in code."""
    fence = ""
    for match in _LINE.finditer(text):
        found = _FENCE.match(match[0])
        if found and fence in ("", found[1]):
            fence = "" if fence else found[1]
        elif not fence and (marks := _HEADING.match(match[0])):
            yield _Heading(match.start(), len(marks[1]), match[0].strip())
