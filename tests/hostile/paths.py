"""Names of files that would lead elsewhere: in annotations, tables and recipes."""

from __future__ import annotations

import json

from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile

OUT = {
    "above": "../../outside/bait.jpg", "inside-out": "a/../../../outside/bait.jpg",
    "absolute": "/etc/hosts", "root": "/", "drive": "C:/a.jpg",
    "scheme": "file:///etc/hosts",
    "http": "http://127.0.0.1:9/a.jpg", "backslash": "..\\..\\outside\\bait.jpg",
    "nul": "a\0.jpg", "newline": "a\n.jpg", "empty": "", "dots": "..", "dot": ".",
    "home": "~root/a.jpg", "bell": "a\x07.jpg", "chain": "zip::file:///etc/hosts",
    "number": 5, "null": None, "list": ["a.jpg"], "many": "x" * 5000,
    "long-part": f"{'x' * 300}.jpg", "deep": "a/" * 3000 + "b.jpg",
    "half": "\ud800.jpg",
    "quoted": "%2e%2e/%2e%2e/outside/bait.jpg", "bidi": "a\u202egpj.jpg",
    "escape": "\x1b[31mred.jpg", "folder": "a/", "memory": "memory://a.jpg",
}  # fmt: skip


@each("path", REFUSED, OUT)
def file_name_of_coco(world, name):
    def change(content):
        content["images"][1]["file_name"] = name

    world.coco(change)
    return world.quick()


@each(
    "path", REFUSED, {k: OUT[k] for k in ("above", "absolute", "nul", "many", "half")}
)
def file_name_of_a_plan(world, name):
    def change(content):
        content["images"][1]["file_name"] = name

    world.coco(change)
    return world.plan()


_OTHERS = {"half", "nul", "empty"}
TEXTS = {k: v for k, v in OUT.items() if isinstance(v, str) and k not in _OTHERS}


@each("path", REFUSED, TEXTS)
def image_of_a_table(world, name):
    quoted = name.replace('"', '""')
    world.table(f'image,label\n0,a\n"{quoted}",b\n2,a\n3,b\n')
    return world.quick()


@each(
    "path", REFUSED, {k: OUT[k] for k in ("above", "absolute", "nul", "half", "list")}
)
def image_of_a_table_in_json(world, name):
    rows = [{"image": "0", "label": "a"}, {"image": name, "label": "b"}]
    world.table("\n".join(json.dumps(row) for row in rows))
    return world.quick()


@each(
    "path",
    EITHER,
    {
        "file": "file:///etc/hosts", "above": "http://h/../../../outside/bait.jpg",
        "quoted": "http://h/%2e%2e%2f%2e%2e%2foutside%2fbait.jpg", "number": 7,
        "nul": "http://h/%00.jpg", "escape": "http://h/%1b[31m", "bad": "http://[",
    },
)  # fmt: skip
def address_of_coco(world, url):
    """The tail of an address is a way to find an image."""

    def change(content):
        for image in content["images"]:
            image["coco_url"] = url
        content["images"][1].pop("file_name")

    world.coco(change)
    return world.quick()


@each(
    "path",
    REFUSED,
    {
        "ftp": "ftp://a/b", "gopher": "gopher://a/b", "chain": "simplecache::http://a",
        "no-host": "http://", "bad-host": "http://[::1", "bad-port": "http://a:b/",
        "port": "http://127.0.0.1:99999999/", "python": "python://os", "nul": "a\0b",
        "data": "data://x", "github": "github://a:b@/", "reference": "reference://",
        "idna": "http://xn--a\u2100.example/", "long": "http://" + "a" * 70_000,
    },
)  # fmt: skip
def source_is(world, url):
    world.coco()
    return world.plan("--source", url)


@each(
    "path",
    REFUSED,
    {
        "above": "../x", "slash": "a/b", "absolute": "/x", "dots": "..",
        "bidi": "\u202e",
        "escape": "\x1b[31m", "newline": "a\nb", "nul": "a\0b", "long": "x" * 300,
    },
)  # fmt: skip
def split_of_a_table(world, name):
    """A column gives the splits, and with them names of files."""
    quoted = name.replace('"', '""')
    world.table(
        f'image,label,part\n0,a,"{quoted}"\n1,b,"{quoted}"\n2,a,test\n3,b,test\n'
    )
    recipe = world.source / "r.toml"
    text = recipe.read_text()
    recipe.write_text(
        text.replace('label = "label"', 'label = "label"\nsplit = "part"')
    )
    return world.quick()


@each(
    "path",
    EITHER,
    {
        "above": "../../outside", "slash": "a/b", "dots": "..", "hidden": ".git",
        "default": "default", "case": "CAR", "windows": "con", "nul": "a\0b",
        "escape": "\x1b[31m", "long": "x" * 5000, "half": "\ud800", "empty": "",
        "star": "*", "brackets": "[a-z]", "percent": "%2e%2e%2f", "bidi": "\u202ecar",
    },
)  # fmt: skip
def config_of_a_category(world, name):
    """A category that is drawn for gives a folder its name."""

    def change(content):
        content["categories"][0]["name"] = name

    world.coco(change)
    recipe = world.source / "r.toml"
    recipe.write_text(recipe.read_text().replace('["car"]', "[1]"))
    return world.quick()


@each(
    "path",
    RIGHT,
    {
        "space": "my data", "umlaut": "Bücher", "quotes": "it's \"mine\"",
        "tab": "a\tb",
        "newline": "a\nb", "dollar": "$HOME", "star": "*", "brackets": "[a]",
        "percent": "%20", "hash": "a#b", "question": "a?b",
        "dash": "-rf", "crab": "🦀",
        "escape": "\x1b[31m", "long": "x" * 200, "at": "a@b", "comma": "a,b;c",
        "tilde": "~", "hidden": ".out", "double": "a::b", "bidi": "\u202ex",
    },
)  # fmt: skip
def output_is_called(world, name):
    world.coco()
    words = world.quick()
    words[words.index("--out") + 1] = world.out / name
    return words


@each(
    "path",
    RIGHT,
    {
        "space": "my data",
        "umlaut": "Bücher",
        "newline": "a\nb",
        "hash": "a#b",
        "star": "*",
    },
)
def source_is_called(world, name):
    folder = world.coco().rename(world.root / "home" / name)
    words = world.quick()
    words[1] = folder / "r.toml"
    return words


@hostile("path", REFUSED)
def zip_member_is_named_outside(world):
    world.coco()
    recipe = world.source / "r.toml"
    recipe.write_text(
        recipe.read_text().replace('"train.json"', '"a.zip::../../outside/bait.json"')
    )
    return world.plan()
