"""A finding as the text of a recipe, with comments. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from builder.datasets.layouts.words import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.datasets.layouts.findings import Finding, Part

#: Marks a line that somebody must complete.
MISSING = "MISSING"


def write_recipe(
    finding: Finding, name: str, source: str, place: Callable[[str], str]
) -> str:
    """Return the recipe of a finding.

    Parameters
    ----------
    finding : Finding
    name : str
        Of the dataset.
    source : str
        What was looked at.
    place : callable
        Returns the path of a file or folder of the listing as the recipe names it.
    """
    lines = [
        f"# Written by trimset init {string(source)}: {finding.layout}.",
        "# Paths are relative to this file.",
        f"kind = {string(finding.kind)}",
        f"name = {string(name)}",
        f"title = {string(name.replace('_', ' '))}",
        *_license(finding),
        "# description, homepage, repository, paper, citation: as on a card of the Hub",
        "# curation, annotation, personal, uses, out_of_scope: where the images come",
        "# from, what of persons is in them, and what they are for and are not",
        "",
        *_places(finding, place),
    ]
    if finding.kind == "table":
        lines += ["", *_columns(finding)]
    lines += ["", *_select(finding)]
    lines += _cut(finding)
    return "\n".join(lines) + "\n"


def string(text: str) -> str:
    r"""Return a text as TOML spells it, on one line.

    >>> string('a "b"\n')
    '"a \\"b\\"\\n"'
    >>> string("a\u202eb")
    '"a\\u202eb"'
    """
    whole = text.encode("utf-8", "replace").decode()
    # JSON's escapes are among TOML's; what turns or hides the text is written out too.
    return "".join(
        char if char.isprintable() else f"\\U{ord(char):08x}".replace("U0000", "u")
        for char in json.dumps(whole, ensure_ascii=False)
    )


def _strings(texts: list[str]) -> str:
    quoted = [string(text) for text in texts]
    return quoted[0] if len(quoted) == 1 else f"[{', '.join(quoted)}]"


def _license(finding: Finding) -> Iterator[str]:
    yield (
        '# license = "cc-by-4.0"  # trimset push needs it: of the images, by its name'
        " on the Hub"
    )
    if finding.licenses:
        shown = ", ".join(string(name) for name in finding.licenses[:3])
        yield f"# The source names {shown}."


def _places(finding: Finding, place: Callable[[str], str]) -> Iterator[str]:
    key = "annotations" if finding.kind == "coco" else "metadata"
    for number, (split, part) in enumerate(finding.parts.items()):
        if number:
            yield ""
        yield f"[splits.{split}]" if split else "[source]"
        yield f"{key} = {string(part.table if part.beside else place(part.table))}"
        yield _images(part, place)


def _cut(finding: Finding) -> list[str]:
    """Return the lines that cut one source into splits, or show how it is done."""
    if len(finding.parts) > 1 or finding.split:
        return []
    splits = ["[splits]", "train = 0.7", "validation = 0.15", "test = 0.15"]
    if finding.cut:
        why = "# Fractions of the rows; what is of one group is in one split."
        return ["", why, *splits]
    name = next(iter(finding.parts))
    how = f", with [source] in the place of [splits.{name}]" if name else ""
    return ["", f"# To cut it by chance{how}:", *(f"# {line}" for line in splits)]


def _images(part: Part, place: Callable[[str], str]) -> str:
    if part.images:
        return f"images = {_strings([place(name) for name in part.images])}"
    hint = f", {part.hint}" if part.hint else ""
    return f'# images = ""  # {MISSING}: the folder or zip with the images{hint}'


def _columns(finding: Finding) -> Iterator[str]:
    yield "[columns]"
    yield f"image = {string(finding.image)}"
    if isinstance(finding.label, list):
        yield f"label = {_strings(finding.label)}  # the one that is 1"
    elif finding.label:
        yield f"label = {string(finding.label)}"
    else:
        yield f'# label = ""  # {MISSING}: the column of the class'
    for other in finding.others[:3]:
        yield f"# label = {string(other)}"
    if finding.group:
        yield f"group = [{', '.join(map(string, finding.group))}]  # kept in one split"
    if finding.split:
        yield f"split = {string(finding.split)}"
    names = _most(finding)
    if len(names) > 1 and isinstance(finding.label, str):
        first, others = string(names[0]), ", ".join(map(string, names[1:]))
        yield (
            f"# labels = {{one = [{first}], two = [{others}]}}"
            "  # classes made of these values; other rows are left out"
        )


def _select(finding: Finding) -> Iterator[str]:
    yield "[select]"
    yield 'rule = "all"'
    names = _most(finding)
    few = min((finding.classes[name] for name in names), default=0)
    if finding.kind == "coco" and names:
        told = ", ".join(f"{string(n)} {finding.classes[n]:,}" for n in names)
        samples = max(2, min(100, few))
        yield f"# Images of each class: {told}{_more(finding)}."
        yield '# rule = "balanced"  # for each class as many images with it as without'
        yield f"# targets = [{', '.join(map(string, names))}]"
        yield f"# samples = {samples}  # for each class, half of them with it"
    elif names:
        told = ", ".join(f"{string(n)} {finding.classes[n]:,}" for n in names)
        taken = ", ".join(
            f"{string(n)} = {min(100, finding.classes[n])}" for n in names
        )
        yield f"# Rows of each class: {told}{_more(finding)}."
        yield '# rule = "per_label"  # as many of each class, by chance'
        yield f"# samples = {{{taken}}}"
    if finding.kind == "coco":
        if finding.unannotated:
            bare = count(finding.unannotated, "image")
            yield f"unannotated = true  # {bare} without annotations are taken as well"
        yield '# objects = "boxes"  # or "masks": what is where in each image'
    yield "seed = 42"


def _most(finding: Finding) -> list[str]:
    """Return the three most frequent classes."""
    return sorted(finding.classes, key=lambda n: (-finding.classes[n], n))[:3]


def _more(finding: Finding) -> str:
    left = len(finding.classes) - 3
    return f" and {left:,} more" if left > 0 else ""
