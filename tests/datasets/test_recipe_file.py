"""Recipe files: what is read, and how each fault is told, by its line."""

import time
from contextlib import suppress

import datasets
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builder.datasets import registry
from builder.datasets.recipe_file import read_recipe_file
from builder.datasets.recipe_record import (
    About,
    Columns,
    OfficialSource,
    RecipeFile,
    Select,
    SourceFiles,
)
from builder.datasets.shipped import recipe_text, shipped
from builder.errors import RecipeError

# The examples of the documentation.
TRAFFIC = """\
kind = "coco"
name = "traffic"
title = "Traffic at night"
license = "cc-by-4.0"
# description, homepage, citation,
# tags, language: as on a card
[splits.train]
annotations = "train.json"
images = "train/"
[splits.validation]
annotations = "val.json"
images = ["val/", "more.zip"]
[select]
rule = "balanced"
targets = ["car", "truck"]  # or "all"
samples = {train = 500, validation = 250}
unannotated = true   # count as negatives
objects = "boxes"    # none, boxes, masks
seed = 42
"""
HAM = """\
kind = "table"
name = "ham10000_small"
title = "HAM10000, a tenth"
license = "cc-by-nc-sa-4.0"
# license = "other" with license_name, license_link
[source]
metadata = "HAM10000_metadata.csv"
images = ["part_1/", "part_2.zip"]
[columns]
image = "image_id"       # with or without ending
label = "dx"
group = ["lesion_id"]    # kept in one split
# labels = {malignant = ["mel", "bcc"], benign = ["nv"]}
[select]
rule = "per_label"
samples = {mel = 500, nv = 500}   # or one number, or fraction
[splits]
train = 0.7
validation = 0.15
test = 0.15
"""
HEAD = 'kind = "coco"\nname = "x"\n'
COCO = HEAD + '[source]\nannotations = "a.json"\nimages = "i/"\n'
SPLIT = HEAD + '[splits.train]\nannotations = "a.json"\nimages = "i/"\n'
TABLE = """\
kind = "table"
name = "x"
[source]
metadata = "a.csv"
images = "i/"
[columns]
image = "file"
label = "dx"
"""


def read(text):
    data = text if isinstance(text, bytes) else text.encode()
    return read_recipe_file(data, where="r.toml")


def fault_of(text):
    with pytest.raises(RecipeError) as caught:
        read(text)
    told = str(caught.value)
    assert told.isprintable()  # one line, and nothing that a terminal would obey
    return told


def test_the_documented_recipe_of_annotations():
    assert read(TRAFFIC) == RecipeFile(
        kind="coco",
        name="traffic",
        title="Traffic at night",
        license="cc-by-4.0",
        splits={
            "train": SourceFiles(annotations="train.json", images="train/"),
            "validation": SourceFiles(
                annotations="val.json", images=["val/", "more.zip"]
            ),
        },
        select=Select(
            rule="balanced",
            targets=["car", "truck"],
            samples={"train": 500, "validation": 250},
            unannotated=True,
            objects="boxes",
            seed=42,
        ),
    )


def test_the_documented_recipe_of_a_table():
    assert read(HAM) == RecipeFile(
        kind="table",
        name="ham10000_small",
        title="HAM10000, a tenth",
        license="cc-by-nc-sa-4.0",
        source=SourceFiles(
            metadata="HAM10000_metadata.csv", images=["part_1/", "part_2.zip"]
        ),
        columns=Columns(image="image_id", label="dx", group=["lesion_id"]),
        select=Select(rule="per_label", samples={"mel": 500, "nv": 500}),
        splits={"train": 0.7, "validation": 0.15, "test": 0.15},
    )


def test_what_the_comments_of_the_documentation_name():
    labels = 'labels = {malignant = ["mel", "bcc"], benign = ["nv"]}'
    other = 'license = "other"\nlicense_name = "a"\nlicense_link = "b"'
    text = HAM.replace(f"# {labels}", labels).replace(
        'license = "cc-by-nc-sa-4.0"', other
    )
    for samples in ("500", "0.1", "1.0"):
        found = read(text.replace("{mel = 500, nv = 500}", samples))
        assert found.columns.labels == {"malignant": ["mel", "bcc"], "benign": ["nv"]}
        assert (found.license_name, found.license_link) == ("a", "b")
        assert found.select.samples == float(samples)
    assert read(TRAFFIC.replace('["car", "truck"]', '"all"')).select.targets == "all"


@pytest.mark.parametrize("name", shipped())
def test_shipped_recipes_are_recipes(name):
    assert read(recipe_text(name)).name == name


def test_a_recipe_that_is_not_there_is_named(tmp_path):
    words = r"none.toml: expected a recipe, found none that can be read \(No such file"
    with pytest.raises(RecipeError, match=words):
        registry.get(str(tmp_path / "none.toml"))


def test_a_mark_and_line_ends_of_windows():
    assert read("\ufeff" + TRAFFIC) == read(TRAFFIC)
    assert read(TRAFFIC.replace("\n", "\r\n")) == read(TRAFFIC)
    told = fault_of("\ufeff" + (COCO + 'licence = "mit"\n').replace("\n", "\r\n"))
    assert told.startswith("r.toml, line 6: source has no key 'licence'")


PLACES = {
    "the recipe": (RecipeFile, HEAD, "{0} = 1\n", 3),
    "source": (SourceFiles, COCO, "{0} = 1\n", 6),
    "splits.train": (SourceFiles, SPLIT, "{0} = 1\n", 6),
    "columns": (Columns, TABLE, "{0} = 1\n", 9),
    "select": (Select, COCO, "[select]\n\n{0} = 1\n", 8),
    "official": (OfficialSource, COCO, "[official]\n{0} = 1\nsha256 = {{}}\n", 7),
}
SPELLINGS = {
    "select": (
        "select.{0} = 1\n",
        "select = {{seed = 3, {0} = 1}}\n",
        "[select]\n{0} = 1\n",
        "[ 'select' ]\n{0} = 1\n",
        '"select" . {0} = 1\n',
    ),
    "splits.train": (
        "splits.train.{0} = 1\n",
        "splits = {{train = {{{0} = 1}}}}\n",
        "splits.train = {{images = 'x = 3', {0} = 1}}\n",
        "[splits.train]\n{0} = 1\n",
        "[splits . 'train']\n{0} = 1\n",
        "[splits]\ntrain = {{{0} = 1}}\n",
    ),
}


@pytest.mark.parametrize("quote", ["", '"', "'"])
@pytest.mark.parametrize("place", PLACES)
def test_an_unknown_key_is_named_with_its_nearest(place, quote):
    record, head, line, number = PLACES[place]
    for known in record.__struct_fields__:
        wrong = known + "z" if known != "name" else "nama"
        told = fault_of(head + line.format(f"{quote}{wrong}{quote}"))
        expected = ", ".join(record.__struct_fields__)
        assert told == (
            f"r.toml, line {number}: {place} has no key {wrong!r}; expected one of"
            f" {expected}: did you mean {known!r}?"
        )
    told = fault_of(head + line.format(f"{quote}qqqq{quote}"))
    assert told.endswith(": remove it")


@pytest.mark.parametrize(
    ("place", "spelling"),
    [(place, text) for place, texts in SPELLINGS.items() for text in texts],
)
def test_the_line_of_a_key_however_its_table_is_spelled(place, spelling):
    for before in ("", "# objekts = 1\n\n", 'title = "objekts = 1"\n'):
        text = HEAD + before + spelling.format("objekts")
        line = text.count("\n")
        assert fault_of(text).startswith(f"r.toml, line {line}: {place} has no key")


def test_what_a_string_of_many_lines_says_is_no_key():
    for marks in ('"""', "'''"):
        text = f"{HEAD}citation = {marks}\nlicence = 1\n[select]\n{marks}\nlicence = 2"
        assert fault_of(text).startswith("r.toml, line 7: the recipe has no key")
    text = HEAD + 'title = "# \\" """"\nlicence = 2\n'
    assert fault_of(text).startswith("r.toml: expected a recipe in TOML")
    text = HEAD + "title = '\"\"\"'  # '''\nlicence = 2\n"
    assert fault_of(text).startswith("r.toml, line 4: the recipe has no key")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1: the recipe needs a key 'kind', found none: add it"),
        ('kind = "coco"\n', "line 1: the recipe needs a key 'name', found none"),
        (
            'kind = "coc"\nname = "x"',
            (
                "line 1: kind: expected 'coco' or 'table', found"
                " 'coc': did you mean 'coco'?"
            ),
        ),
        ('name = "x"\nkind = 3', "line 2: kind: expected 'coco' or 'table', found 3"),
        ("splits = 3\n" + HEAD, "line 1: splits: expected a table, found 3"),
        ('select = "all"\n' + HEAD, "line 1: select: expected a table, found 'all'"),
        ('source = "x"\n' + HEAD, "line 1: source: expected a table, found 'x'"),
        (HEAD + "[[select]]\n", "line 3: select: expected a table, found [{}]"),
        (HEAD + "title = 1979-05-27", "line 3: title: expected text, found 1979-05-27"),
        (HEAD + "tags = 'x'", "line 3: tags: expected a list, found 'x'"),
        (HEAD + "tags = ['x', 1]", "line 3: tags: expected text, found 1"),
        (HEAD + "language = 3", "line 3: language: expected text or a list, found 3"),
        (
            COCO + "[select]\nseed = 'x'",
            ("line 7: select.seed: expected a whole number, found 'x'"),
        ),
        (
            COCO + "[select]\nseed = -1",
            ("line 7: select.seed: expected a whole number >= 0, found -1"),
        ),
        (
            COCO + "[select]\ntolerance = 1.0",
            ("line 7: select.tolerance: expected a fraction < 1.0, found 1.0"),
        ),
        (
            COCO + "[select]\ntolerance = 0.05",
            (
                "line 7: select: tolerance is for a table that is cut into splits by"
                " fractions: remove it, or give fractions in [splits]"
            ),
        ),
        (
            COCO + "[select]\nunannotated = 'yes'",
            ("line 7: select.unannotated: expected true or false, found 'yes'"),
        ),
        (
            COCO + "[select]\nobjects = 'box'",
            (
                "line 7: select.objects: expected 'none'"
                " or 'boxes' or 'masks', found 'box': did you mean 'boxes'?"
            ),
        ),
        (
            COCO + "[select]\nrule = 'some'",
            (
                "line 7: select.rule: expected 'balanced' or"
                " 'per_label' or 'slices' or 'sample' or 'all', found 'some'"
            ),
        ),
        (
            COCO + "[select]\ntargets = 'al'",
            (
                "line 7: select.targets: expected 'all' or"
                " a list, found 'al': did you mean 'all'?"
            ),
        ),
        (
            COCO + "[select]\ntargets = ['car', 1.5]",
            ("line 7: select.targets: expected a whole number or text, found 1.5"),
        ),
        (
            COCO + "[select]\nsamples = 'many'",
            (
                "line 7: select.samples: expected a whole"
                " number or a fraction or a table, found 'many'"
            ),
        ),
        (
            COCO + "[select]\nsamples = -3",
            ("line 7: select.samples: expected a whole number >= 1, found -3"),
        ),
        (
            COCO + "[select]\nsamples = 1.5",
            ("line 7: select.samples: expected a fraction <= 1.0, found 1.5"),
        ),
        (
            COCO + "[select]\nsamples = nan",
            ("line 7: select.samples: expected a fraction > 0.0, found nan"),
        ),
        (
            COCO + "[select.samples]\ntrain = 3\ntest = true",
            (
                "line 8:"
                " select.samples.test: expected a whole number or a fraction, found"
            ),
        ),
        (
            COCO + "[splits]\na = 0.5\nb = 'x'",
            ("line 8: splits.b: expected a fraction or a table, found 'x'"),
        ),
        (COCO + "splits = 1\n", "line 6: source has no key 'splits'"),
        (
            SPLIT + "[splits.test]\nannotations = []",
            (
                "line 7: splits.test.annotations:"
                " expected something that is not empty, found []"
            ),
        ),
        (
            SPLIT + "[splits.test]\nannotations = ['b', 3]",
            ("line 7: splits.test.annotations: expected text, found 3"),
        ),
        (
            TABLE + "labels = {a = 3}",
            ("line 9: columns.labels.a: expected text or a list, found 3"),
        ),
        (
            TABLE + "[columns.labels]\na = 'x'\nb = ['y', 2]",
            ("line 11: columns.labels.b: expected text, found 2"),
        ),
        (
            TABLE + "[select]\nslices = {a = '1-2'}",
            (
                "line 10: select.slices.a: expected"
                " START:STOP in whole numbers, found '1-2'"
            ),
        ),
        (
            COCO + "[official.sha256]\nt = 'x'",
            (
                "line 7: official.sha256.t: expected 64"
                " hexadecimal digits in lower case, found 'x'"
            ),
        ),
        ('kind = "coco"\nname = "a/b"', "line 2: name: expected a name of letters"),
        (COCO + f"title = '{'y' * 90}'\nsource.x = 1", "no key 'title'"),
    ],
)
def test_wrong_values_name_line_key_expected_and_found(text, expected):
    assert expected in fault_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD, "line 1: expected a table [source], or [splits.NAME] for each split"),
        (HEAD + "[splits]\ntrain = 0.5\n", "line 1: expected a table [source], or"),
        (
            HEAD + "[source]\nimages = 'i/'",
            ("line 3: source: expected a key 'annotations': add it"),
        ),
        (
            HEAD + "[source]\nmetadata = 'a'",
            (
                "line 4: source: expected annotations in a"
                " recipe of the kind 'coco', found metadata: rename it"
            ),
        ),
        (TABLE.replace("metadata", "annotations"), "line 4: source: expected metadata"),
        (
            SPLIT + "[splits.b]\nannotations = 'x'\nduplicates = 'y'",
            ("line 8: splits.b: duplicates are for the kind 'table': remove it"),
        ),
        (
            SPLIT + "[splits]\nb = 0.5",
            (
                "line 7: splits: expected either files of each"
                " split or a fraction for each, found both"
            ),
        ),
        (COCO + "[splits.b]\nannotations = 'x'", "found both: remove one of them"),
        (
            COCO + "[splits]\na = 0.5\nb = 0.6",
            ("line 7: splits: expected fractions that add up to 1 at most, found 1.1"),
        ),
        (
            COCO + "[splits]\nTrain = 0.5\ntrain = 0.5",
            (
                "line 8: splits: expected names"
                " that differ in more than capitals, found 'Train' and 'train'"
            ),
        ),
        (COCO + "[columns]\nimage = 'x'", "line 6: columns are for the kind 'table'"),
        (
            TABLE[: TABLE.index("[columns]")],
            (
                "line 1: expected [columns] with image and"
                " label in the kind 'table', found none: add it"
            ),
        ),
        (
            COCO + "[select]\nrule = 'balanced'",
            (
                "line 7: select: the rule 'balanced'"
                " needs samples, found none: add samples"
            ),
        ),
        (COCO + "[select]\nrule = 'sample'", "the rule 'sample' needs samples"),
        (
            TABLE + "[select]\nrule = 'slices'",
            ("line 10: select: the rule 'slices' needs slices, found none"),
        ),
        (
            COCO + "[select]\nsamples = 3",
            (
                "line 7: select: the rule 'all' takes no"
                " samples: remove it, or give another rule"
            ),
        ),
        (TABLE + "[select]\nslices = {a = '1:2'}", "the rule 'all' takes no slices"),
        (
            COCO + "[select]\nrule = 'slices'\nslices = {a = '1:2'}",
            ("line 7: select: the rule 'slices' is for the kind 'table'"),
        ),
        (
            COCO + "[select]\nrule = 'balanced'\nsamples = 0.5",
            (
                "line 8: select.samples:"
                " the rule 'balanced' needs numbers from 2 on that are whole, found 0.5"
            ),
        ),
        (
            COCO + "[select]\nrule = 'balanced'\nsamples = {a = 4, b = 1}",
            ("line 8: select.samples: the rule 'balanced' needs numbers from 2 on"),
        ),
        (
            COCO + "[select]\ntargets = []",
            ('line 7: select.targets: expected names or ids, or "all", found none'),
        ),
        (
            TABLE + "[select]\nobjects = 'boxes'",
            ("line 10: select: objects is for the kind 'coco': remove it"),
        ),
        (TABLE + "[select]\nunannotated = true", "unannotated is for the kind 'coco'"),
    ],
)
def test_keys_that_do_not_go_together(text, expected):
    assert expected in fault_of(text)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"kind", "r.toml: expected a recipe in TOML, found this: Expected "),
        (b'a = 1\na = "x"\n', " overwrite a value (at line 2, column 8)"),
        (b"a = " + b"9" * 5000, "in TOML, found a number of too many digits: correct"),
        (b"a = " + b"[" * 100_000, "found lists or tables nested too deeply"),
        (b'a = 1\nb = "\xe4"\n', "found a byte that is not UTF-8 (0xe4) in line 2:"),
        ('a = "1"'.encode("utf-16"), "found text in UTF-16: save it as UTF-8"),
        (b"\x89PNG\r\n\x1a\n", "found a byte that is not UTF-8 (0x89) in line 1"),
        (b"PK\x03\x04", "expected a recipe in TOML"),
        (b'"a\\u001b\\nb" = 1', "has no key 'a\\x1b\\nb'; expected one of"),
    ],
)
def test_what_is_no_recipe_is_one_line(data, expected):
    data = data if data[:1] != b'"' else HEAD.encode() + data
    assert expected in fault_of(data)


NAMES = [
    "train", "validation", "test", "dev", "train_2", "a.b", "2019", "été", "日本",
    "Train", "_", "all_of_it", "x" * 64,
]  # fmt: skip
NO_NAMES = [
    "all", "ALL", "a-b", "a b", "a..b", ".a", "a.", "", "a/b", "a\n", "a+b", "a[1]",
    "x" * 65,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_splits_are_those_of_datasets(name):
    datasets.NamedSplit(name)
    assert list(read(f'{COCO}[splits]\n"{name}" = 0.5').splits) == [name]


@pytest.mark.parametrize("name", NO_NAMES)
def test_names_that_no_split_can_have(name):
    escaped = name.replace("\n", "\\n")
    told = fault_of(f'{COCO}[splits]\ntrain = 0.1\n"{escaped}" = 0.5')
    line = 8 if escaped == name else 6  # of the table, where a key has escapes
    assert told.startswith(f"r.toml, line {line}: splits has the key")
    assert "expected a name of letters, digits, _ and dots between them" in told


@pytest.mark.parametrize("name", ["traffic", "HAM_10000", "v1.2-b", "x" * 96])
def test_names_of_datasets_are_those_of_repos(name):
    from huggingface_hub.utils import validate_repo_id

    validate_repo_id(f"org/{name}")
    assert read(COCO.replace('"x"', f'"{name}"')).name == name


@pytest.mark.parametrize(
    "name", ["a b", "../a", "a--b", "a..b", "a.git", "a-", "-a", "a\\n", "é", "x" * 97]
)
def test_names_that_no_repo_can_have(name):
    told = fault_of(COCO.replace('"x"', f'"{name}"'))
    assert told.startswith("r.toml, line 2: name: expected a name of letters")


FIELDS = sorted(
    {
        name
        for record in (About, RecipeFile, SourceFiles, Columns, Select, OfficialSource)
        for name in record.__struct_fields__
    }
)
KEYS = st.sampled_from([*FIELDS, "train", "test", "a b", "", "x - at `$.select`", "`"])
SCALARS = st.one_of(
    st.sampled_from(
        ["coco", "table", "all", "balanced", "1:2", "car", "", "boxes", 42, 0.5, 500]
    ),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.times(),
    st.text(st.characters(codec="utf-8"), max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


def as_toml(value):
    """Return a value as TOML, tables in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        inner = "".join(
            c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}"
            for c in value
        )
        return f'"{inner}"'
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, dict):
        pairs = (f"{as_toml(key)} = {as_toml(v)}" for key, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, int | float):
        return repr(value)
    return value.isoformat()


def only_one_error(data):
    with suppress(RecipeError):
        read_recipe_file(data, where="r.toml")
        return
    fault_of(data)


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=6), st.booleans())
@example({"select": {"x - at `$.select`": 1}}, True)
@example({"x - at `$.select.seed`": 1, "`": 2}, True)
@example({"select": {"samples": {"": [{}]}}}, True)
def test_no_table_whatsoever_raises_anything_else(table, whole):
    if whole:
        table = {"kind": "coco", "name": "x", **table}
    text = "".join(f"{as_toml(key)} = {as_toml(v)}\n" for key, v in table.items())
    only_one_error(text.encode())


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=40), st.text(max_size=40).map(str.encode)))
def test_no_bytes_whatsoever_raise_anything_else(data):
    only_one_error(data)
    only_one_error(HEAD.encode() + data)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_cut_or_changed_recipe_raises_anything_else(data):
    text = bytearray(data.draw(st.sampled_from([TRAFFIC, HAM])).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 9))] = data.draw(
            st.sampled_from(
                [b"", b"=", b'"', b"[", b"]", b"{", b".", b"3", b"\n", b"'"]
            )
        )
    only_one_error(bytes(text))


SLOW = {
    "a key of many parts": ".".join("a" * 20_000) + " = 1",
    "quoted parts": ".".join(['"a"'] * 20_000) + " = 1",
    "a header of many parts": "[" + ".".join("a" * 20_000) + "]",
    "a word of many letters": f'title = "{"9" * 100_000}"',
    "many blanks in a list": f"tags = [\n[{' ' * 100_000}1]\n]",
    "many brackets in a text": f'title = """\n{"[" * 100_000}"""',
    "many keys in a line": f"x = {{{','.join(f'k{n} = 1' for n in range(9000))}}}",
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_what_would_take_hours_is_one_error_at_once(text):
    began = time.process_time()
    with pytest.raises(RecipeError) as caught:
        read_recipe_file(f'kind = "no"\n{text}\n'.encode(), where="r.toml")
    assert "\n" not in str(caught.value)
    assert time.process_time() - began < 10  # seconds; else minutes at least
