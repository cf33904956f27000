"""Texts of strangers on their way to a terminal, a card and a page."""

from __future__ import annotations

import json

from tests.hostile.names import HOSTILE, shown
from tests.hostile.trial import EITHER, REFUSED, RIGHT, each

ALL = {str(number): text for number, text in enumerate(HOSTILE)}
TERMINAL = {
    "colour": "\x1b[31m", "clear": "\x1b[2J\x1b[H", "title": "\x1b]0;x\x07",
    "c1": "\x9b31m",
    "bidi": "a\u202eb\u2066c\u2069", "bell": "\x07", "back": "abc\x08\x08\x08xyz",
    "return": "ok\rtrimset: done", "lines": "a\nb\u2028c\u2029d\x85e", "tab": "a\tb",
    "delete": "\x7f", "link": "\x1b]8;;http://evil.example\x1b\\x\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07", "tags": "\U000e0041\U000e0042",
    "zero": "a\u200bb",
    "combining": "a" + "\u0301" * 500, "wide": "\u3164" * 50, "half": "\ud83d",
}  # fmt: skip


def _renders(world, outcome):
    """No tag and no link of the name stands in the card."""
    page = shown((world.out / "README.md").read_text().partition("\n---\n")[2])
    assert not {"script", "iframe"} & set(page.tags)
    assert not [link for link in page.links if "evil" in link or "javascript" in link]
    assert [link for link in page.links if link == "x"] == []
    raw = {char for char in page.text if not char.isprintable()} - {"\n", "\t"}
    assert not raw, raw


@each("text", RIGHT, ALL, check=_renders)
def category_is_called(world, text):
    def change(content):
        content["categories"][0]["name"] = text

    world.coco(change)
    recipe = world.source / "r.toml"
    recipe.write_text(recipe.read_text().replace('["car"]', "[1]"))
    return world.quick()


@each("text", RIGHT, ALL, check=_renders)
def label_is_called(world, text):
    quoted = text.replace('"', '""')
    world.table(f'image,label\n0,"{quoted}"\n1,b\n2,"{quoted}"\n3,b\n')
    return world.quick()


@each("text", EITHER, TERMINAL)
def category_in_a_terminal(world, text):
    def change(content):
        content["categories"][0]["name"] = text

    world.coco(change)
    return world.plan()


@each("text", REFUSED, TERMINAL)
def missing_image_in_a_terminal(world, text):
    def change(content):
        content["images"][1]["file_name"] = f"{text}.jpg"

    world.coco(change)
    return world.quick()


@each("text", EITHER, {k: v for k, v in TERMINAL.items() if k != "half"})
def label_in_a_terminal(world, text):
    quoted = text.replace('"', '""')
    world.table(f'image,label\n0,"{quoted}"\n1,b\n2,"{quoted}"\n3,b\n')
    return world.plan("--json")


@each("text", EITHER, {k: v for k, v in TERMINAL.items() if k != "half"})
def init_looks_at_names(world, text):
    world.table(f'image,"{text}"\n0,a\n1,b\n2,a\n3,b\n')
    (world.source / "r.toml").unlink()
    name = text.replace("/", "")[:50]
    (world.source / name).mkdir()
    (world.source / name / "more.json").write_text(json.dumps({text: 1}))
    return ["init", world.source, "--out", world.out / "r.toml"]


@each("text", REFUSED, TERMINAL)
def argument_in_a_terminal(world, text):
    world.coco()
    word = text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    return world.plan("--source", f"nowhere-{word}")


@each("text", REFUSED, {k: v for k, v in TERMINAL.items() if k != "half"})
def file_of_a_build_in_a_terminal(world, text):
    name = text.replace("/", "")[:50]
    (world.built() / name).write_text("x")
    return world.verify()


@each("text", EITHER, {k: v for k, v in TERMINAL.items() if k != "half"})
def column_in_a_terminal(world, text):
    """Said where a column is renamed, or where it is not there."""
    world.table(f'image,"{text}"\n0,a\n1,b\n')
    return world.quick()


@each("text", EITHER, ALL)
def page_of_a_name(world, text):
    def change(content):
        for feature in content["features"]["car"].values():
            if isinstance(feature, dict) and "names" in feature:
                feature["names"][1] = text
        content["about"] |= {"title": text, "homepage": text, "license": text}

    world.built(change=change)
    return world.report()
