"""Recipes that somebody hands over: TOML that is none, and values that cannot be."""

from __future__ import annotations

from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile

DEEP = 50_000


@each(
    "recipe",
    REFUSED,
    {
        "empty": b"", "nul": b"\0", "utf16": 'kind = "coco"'.encode("utf-16"), "latin":
        b'kind = "\xe9"',
        "deep": b"a = " + b"[" * DEEP, "deep-tables": b"a." * DEEP + b"b = 1",
        "deep-closed": b"a = " + b"[" * DEEP + b"]" * DEEP,
        "inline": b"a = " + b"{a=" * DEEP,
        "digits": b"a = " + b"9" * 5000, "date": b"kind = 1979-05-27",
        "header": b"[" * 1000,
        "json": b'{"kind": "coco"}', "yaml": b"kind: coco\n",
        "twice": b'kind="coco"\nkind="coco"',
        "escape": b"\x1b[31m = 1", "escaped": b'"\\u001b[31m\\u202e" = 1', "half":
        b'kind = "\\ud800"',
        "long": b"k" * 1_000_000,
        "many": b"".join(b"a%d=1\n" % i for i in range(20_000)),
        "binary": bytes(range(256)), "carriage": b'kind = "coco"\r\rname = "a"',
        "python":
        b'import os\nos.system("true")\n',
        "float": b"seed = 1e999999", "nan": b"seed = nan",
    },
    says=("r.toml",),
)  # fmt: skip
def recipe_is(world, data):
    (world.coco() / "r.toml").write_bytes(data)
    return world.plan()


TOP = {
    "kind-unknown": ('kind = "coco"', 'kind = "os"'),
    "kind-list": ('kind = "coco"', "kind = []"),
    "name-path": ('name = "tiny"', 'name = "../x"'),
    "name-absolute": ('name = "tiny"', 'name = "/etc"'),
    "name-empty": ('name = "tiny"', 'name = ""'),
    "name-escape": ('name = "tiny"', 'name = "\\u001b[31m"'),
    "name-study": ('name = "tiny"', 'name = "coco_stuff_trimmed"'),
    "license-number": ('license = "cc-by-4.0"', "license = 5"),
    "unknown": ('license = "cc-by-4.0"', 'command = "true"'),
    "split-path": ("[splits.train]", '[splits."../x"]'),
    "split-slash": ("[splits.train]", '[splits."a/b"]'),
    "split-escape": ("[splits.train]", '[splits."\\u001b[31m"]'),
    "split-all": ("[splits.train]", "[splits.all]"),
    "split-empty": ("[splits.train]", '[splits.""]'),
    "samples-negative": ("train = 4", "train = -4"),
    "samples-huge": ("train = 4", f"train = {10**30}"),
    "samples-nan": ("train = 4", "train = nan"),
    "samples-inf": ("train = 4", "train = inf"),
    "samples-text": ("train = 4", 'train = "4"'),
    "samples-other": ("train = 4", "other = 4"),
    "rule-unknown": ('rule = "balanced"', 'rule = "__import__"'),
    "targets-empty": ('targets = ["car"]', "targets = []"),
    "targets-nested": ('targets = ["car"]', 'targets = [["car"]]'),
    "targets-escape": ('targets = ["car"]', 'targets = ["\\u001b[31m\\u202e"]'),
    "targets-twice": ('targets = ["car"]', 'targets = ["car", "car"]'),
    "targets-huge": ('targets = ["car"]', f"targets = [{2**62}]"),
    "seed-negative": ('rule = "balanced"', 'rule = "balanced"\nseed = -1'),
    "seed-huge": ('rule = "balanced"', f'rule = "balanced"\nseed = {2**63 - 1}'),
    "annotations-number": ('annotations = "train.json"', "annotations = 5"),
    "annotations-empty": ('annotations = "train.json"', 'annotations = ""'),
    "annotations-nul": ('annotations = "train.json"', 'annotations = "a\\u0000b"'),
    "annotations-folder": ('annotations = "train.json"', 'annotations = "train"'),
    "annotations-missing": (
        'annotations = "train.json"',
        'annotations = "\\u001b[31m"',
    ),
    "annotations-scheme": ('annotations = "train.json"', 'annotations = "ftp://a/b"'),
    "annotations-chain": (
        'annotations = "train.json"',
        'annotations = "zip::file:///a"',
    ),
    "annotations-long": ('annotations = "train.json"', f'annotations = "{"x" * 5000}"'),
    "images-number": ('images = "train/"', "images = 5"),
    "images-nul": ('images = "train/"', 'images = "a\\u0000b/"'),
    "images-missing": ('images = "train/"', 'images = "nowhere\\u202e/"'),
    "objects": ('rule = "balanced"', 'rule = "balanced"\nobjects = "code"'),
    "tolerance": ('rule = "balanced"', 'rule = "balanced"\ntolerance = nan'),
}


@each("recipe", REFUSED, TOP)
def recipe_says(world, case):
    path = world.coco() / "r.toml"
    path.write_text(path.read_text().replace(*case))
    return world.quick()


WORDS = {
    "title": '<img src=x onerror=alert(1)>', "description": "a\\n\\n# b\\n---\\n",
    "homepage": "javascript:alert(1)", "paper": "https://a.example/) [x](javascript:y)",
    "citation": "```\\n# heading\\n```", "license_name": "<b>\\u202e", "pretty": "x",
    "license_link": "data:text/html,<script>", "language": "\\u001b[31m", "tags": "---",
}  # fmt: skip


@each("recipe", EITHER, {key: (key, value) for key, value in WORDS.items()})
def recipe_words(world, case):
    key, value = case
    path = world.coco() / "r.toml"
    shown = f'["{value}"]' if key == "tags" else f'"{value}"'
    path.write_text(f"{key} = {shown}\n{path.read_text()}")
    return world.quick()


COLUMNS = {
    "label-missing": ('label = "label"', 'label = "\\u001b[31m"'),
    "image-missing": ('image = "image"', 'image = ""'),
    "image-number": ('image = "image"', "image = 0"),
    "labels": ('label = "label"', 'label = "label"\nlabels = {x = ["a"], y = ["a"]}'),
    "labels-empty": ('label = "label"', 'label = "label"\nlabels = {}'),
    "labels-type": ('label = "label"', 'label = "label"\nlabels = {x = [1]}'),
    "group": ('label = "label"', 'label = "label"\ngroup = ["nothing"]'),
    "group-text": ('label = "label"', 'label = "label"\ngroup = 5'),
    "fraction": ('rule = "all"', 'rule = "sample"\nsamples = 1e308'),
    "none": ('rule = "all"', 'rule = "sample"\nsamples = 0'),
    "slices": ('rule = "all"', 'rule = "slices"\nslices = {a = [5, 1]}'),
    "shares": ('rule = "all"', 'rule = "all"\n[splits]\ntrain = 5.0\ntest = -4.0'),
    "shares-nan": ('rule = "all"', 'rule = "all"\n[splits]\ntrain = nan\ntest = nan'),
}


@each("recipe", EITHER, COLUMNS)
def recipe_of_a_table_says(world, case):
    path = world.table() / "r.toml"
    path.write_text(path.read_text().replace(*case))
    return world.quick()


@hostile("recipe", RIGHT)
def recipe_with_a_mark_of_order_and_long_lines(world):
    path = world.coco() / "r.toml"
    text = path.read_text().replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf# " + b"x" * 50_000 + b"\r\n" + text.encode())
    return world.quick()


@each(
    "recipe",
    REFUSED,
    {
        "missing": "nowhere.toml", "escape": "\x1b[31m.toml", "newline": "a\nb.toml",
        "nul": "a\0b.toml", "long": "x" * 5000 + ".toml",
        "url": "http://127.0.0.1:9/r.toml",
        "file": "file:///nowhere.toml", "module": "os.toml", "name": "evil",
        "empty": "",
        "bidi": "\u202e.toml", "half": "\udc80.toml", "folder": ".toml",
    },
)  # fmt: skip
def recipe_is_called(world, name):
    return ["plan", name]
