"""What trimset wrote is read as if anybody had: refused in one line, never obeyed."""

import hashlib
import json
import os
import re
import struct
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder import report, verify
from builder.card.edits import decode_card
from builder.datasets import registry
from builder.datasets.recipe_file import read_recipe_file
from builder.errors import (
    OutputError,
    RecipeError,
    SelectionError,
    UsageError,
    VerifyError,
)
from builder.hub.client import HubRepo
from builder.hub.plan import HubFile
from builder.limits import MAX_RECORD, MAX_RECORD_VALUES, MAX_SHARD_ROWS
from builder.output.build import (
    read_lock,
    read_manifest,
    read_mark,
    read_record,
    read_shard_record,
)
from builder.output.folder import Folder
from builder.output.footer import check_footer
from builder.output.lock import first_difference, open_lock
from builder.output.paths import is_own, path_fault
from builder.output.records import (
    EXPORT_KIND,
    EXPORT_LAST,
    KIND,
    LAST,
    LOCK,
    LOCK_KIND,
)
from builder.pipeline.export import export
from builder.pipeline.verify import _check_places
from builder.sources.cache import list_cache
from builder.sources.json_text import read_json
from builder.sources.urls import is_remote
from tests.conftest import ISIC_RECIPE
from tests.hostile.records import fuzz_build, fuzz_record, mutated, refusal, sealed
from tests.hostile.shapes import CARDS, SHAPES, TOMLS
from tests.small import DATASETS, ISIC
from tests.tiny import ROOT, snapshot

READERS = {
    "manifest": lambda data: read_manifest(data, where="here"),
    "lock": lambda data: read_lock(data, where="here"),
    "record of an export": lambda d: read_record(d, kind=EXPORT_KIND, where="here"),
    "mark": lambda data: read_mark(data, kind=KIND, where="here"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_no_record_is_one_line(shape, reader):
    data, words = SHAPES[shape]
    with pytest.raises((OutputError, SelectionError)) as caught:
        READERS[reader](data)
    assert re.match(
        r"here: expected .*, found .*: (build|get|give) ", str(caught.value)
    )
    assert words in str(caught.value)
    assert str(caught.value).isprintable()
    assert read_shard_record(data) is None


def test_what_json_can_hold_is_read_as_json_does():
    value = {'a"\\': ["\\", "[[", '"', "\u20ac", "\U0001f600", 2**63, 0.1, -0.0, None]}
    for ascii_only in (True, False):
        data = json.dumps(value, ensure_ascii=ascii_only).encode()
        assert read_json(data) == value
    assert read_json(b"[" * 64 + b"]" * 64)
    with pytest.raises(ValueError, match="64 within each other"):
        read_json(b"[" * 65 + b"]" * 65)
    with pytest.raises(ValueError, match="more than 4 bytes"):
        read_json(b"[1,2]", most=4)
    with pytest.raises(ValueError, match="more than 8,000,000 values"):
        read_json(b"[" + b"0," * MAX_RECORD_VALUES + b"0]")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=12,
        ).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
        st.sampled_from([KIND, EXPORT_KIND, LOCK_KIND]).map(
            lambda kind: json.dumps({"format": kind, "files": {"a": []}}).encode()
        ),
    )
)
def test_any_bytes_are_read_or_refused(data):
    fuzz_record(data)


def test_a_file_is_not_read_beyond_what_it_may_have(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**40)
    assert len(Folder(tmp_path).read("large", 10)) == 11
    (tmp_path / "small").write_bytes(b"abc")
    assert Folder(tmp_path).read("small", 3) == b"abc"
    assert Folder(tmp_path).read("none", 3) is None
    with (tmp_path / LOCK).open("wb") as file:
        file.truncate(MAX_RECORD + 1)
    with pytest.raises(SelectionError, match="of which 268,435,456 at most are read"):
        open_lock(tmp_path / LOCK)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
def test_a_lock_that_has_no_end_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(SelectionError, match="not a regular file"):
        open_lock(tmp_path / "lock")
    os.mkfifo(tmp_path / "x.toml")
    with pytest.raises(RecipeError, match="not a regular file"):
        registry.get(str(tmp_path / "x.toml"))


# Paths


PATHS = [
    "../../outside.txt", "/etc/passwd", "a/../../b", "C:/x", "C:x", "a\\b", "a\0b", "",
    ".git/config", "data/.hidden", ".trimset/build.json", "a//b", "./a", "a/", "~/x",
    "x" * 5_000, "x" * 256, "data/x.", "data/x ", "http://127.0.0.1:9/x", "a\nb",
]  # fmt: skip


@pytest.mark.parametrize("name", PATHS)
def test_no_record_names_such_a_path(builds, name):
    assert path_fault(name)
    assert not is_own(name, KIND)
    content = json.loads((builds[ISIC] / LAST).read_text())
    entry = content["files"]["README.md"]
    for changed in (
        {**content, "files": {**content["files"], name: entry}},
        {**content, "configs": {"a": {"b": {**dict.fromkeys(
            ("num_examples", "num_bytes", "download_size"), 0), "files": [name]}}}},
    ):  # fmt: skip
        with pytest.raises(OutputError) as caught:
            read_manifest(sealed(changed), where="here")
        assert re.search("expected a plain path|length <=", str(caught.value))
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize("dataset", DATASETS)
def test_what_builds_write_is_their_own(builds, dataset):
    names = Folder(builds[dataset]).files()
    assert [name for name in names if not is_own(name, KIND)] == [LAST]


@pytest.mark.parametrize("dataset", DATASETS)
def test_what_exports_write_is_their_own(exports, dataset):
    names = Folder(exports[dataset]).files()
    assert [name for name in names if not is_own(name, EXPORT_KIND)] == [EXPORT_LAST]


def test_an_export_removes_nothing_of_others_that_its_record_names(
    exports, isic_source, copy_of
):
    out = copy_of(exports[ISIC])
    record = json.loads((out / EXPORT_LAST).read_bytes())
    names = ["notes.txt", ".git/HEAD", ".ssh/id", "a/.b.jpg", "thesis.tex", "x.json"]
    for name in names:
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("mine")
        record["files"][name] = {}
    (out / EXPORT_LAST).write_text(json.dumps(record))
    export(ISIC, out, ISIC_RECIPE, source=str(isic_source), overwrite=True)
    assert [(out / name).read_text() for name in names] == ["mine"] * len(names)
    assert not set(names) & set(json.loads((out / EXPORT_LAST).read_bytes())["files"])


# Names of datasets


EVIL = [
    "evil", "evil:run", "evil.run", "os.path", "json.tool", "builder.cli.main",
    "../evil.toml", "./evil.toml", "evil.toml", "http://127.0.0.1:9/evil.toml",
]  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_the_name_of_a_dataset_is_never_code_or_a_path(
    builds, copy_of, tmp_path, monkeypatch, name
):
    folder = copy_of(builds[ISIC])
    for place in (folder, tmp_path):
        (place / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
        (place / "evil.toml").write_text("kind = 'table'\nname = 'evil'\n")
    content = json.loads((folder / LAST).read_text())
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    for recipe in ({}, content["recipe"], {"kind": "evil", "seed": 1}):
        changed = {**content, "dataset": name, "recipe": recipe}
        (folder / LAST).write_bytes(sealed(changed))
        before = snapshot(tmp_path)
        with pytest.raises(VerifyError, match=r"manifest\.json: "):
            verify(".")
        with pytest.raises(UsageError):
            registry.told_of(changed)
        assert snapshot(tmp_path) == before
    assert "evil" not in sys.modules


def test_a_module_does_not_run_what_lies_in_the_folder(tmp_path):
    for name in ("yaml", "msgspec", "datasets", "pyarrow", "fsspec"):
        (tmp_path / f"{name}.py").write_text(f"open('ran-{name}', 'w')\n")
    done = subprocess.run(
        [sys.executable, "-m", "builder", "verify", "."],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "expected a finished build" in done.stderr
    assert not [*tmp_path.glob("ran-*")]


RECIPE = {"kind": "table", "splits": {"train": 0.5, "test": 0.5}, "rule": "all",
          "columns": {"image": "i", "label": "l"}, "seed": 42}  # fmt: skip
PLACES = [
    "http://127.0.0.1:9/x.csv", "s3://bucket/x.csv", "/etc/passwd", "../x.csv",
    "~/x.csv", "file:///etc/passwd", "C:/x.csv",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("what", ["metadata", "images", "duplicates"])
def test_no_place_is_opened_that_only_a_manifest_names(place, what):
    files = {"metadata": "a.csv", "images": "b/", what: place}
    about = {"files": {"": files}}
    if is_remote(place):
        dataset, _ = registry.recorded("mine", RECIPE, about)
        with pytest.raises(VerifyError, match=f"expected a place of {what} below the"):
            _check_places(dataset, "source", {})
        _check_places(dataset, "source", {what: "given"})
    else:
        with pytest.raises(UsageError, match="expected files below the source, found"):
            registry.recorded("mine", RECIPE, about)


@pytest.mark.parametrize("name", ["mine", "ham10000_small"])
def test_no_server_is_asked_that_only_a_manifest_names(name):
    about = {
        "files": {"": {"metadata": "a.csv", "images": "./b/"}},
        "official": {"url": "http://127.0.0.1:9", "sha256": {}},
    }
    dataset, _ = registry.recorded(name, RECIPE, about)
    with pytest.raises(VerifyError, match="found none for images: give the folder"):
        _check_places(dataset, None, {"metadata": "given.csv"})
    _check_places(dataset, None, {"metadata": "given.csv", "images": "given"})
    _check_places(dataset, "source", {})


# One value of a real record is another


def compare(path, other):
    lock = open_lock(path).content
    for draws in (True, False):
        first_difference(lock, other, draws=draws)
        first_difference(other, lock, draws=draws)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_manifest_with_one_other_value(builds, copy_of, tmp_path, dataset):
    content = json.loads((builds[dataset] / LAST).read_text())
    folder = copy_of(builds[dataset])
    for seed in range(6 if dataset == ISIC else 1):  # `make fuzz` goes on
        page = tmp_path / "page.html" if seed == 0 else None
        fuzz_build(folder, content, seed, page=page)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_lock_with_one_other_value(builds, tmp_path, dataset):
    content = json.loads((builds[dataset] / LOCK).read_text())
    for seed in range(50):
        data, told = mutated(content, seed)
        (tmp_path / LOCK).write_bytes(data)
        refusal(told, compare, tmp_path / LOCK, content)


def test_other_records_with_one_other_value(exports, builds):
    shards = [
        {"path": name, **entry}
        for name, entry in json.loads((builds[ISIC] / LAST).read_text())[
            "files"
        ].items()
        if name.endswith(".parquet")
    ]
    assert read_shard_record(json.dumps(shards[0]).encode())
    mark = {"format": KIND, "key": "k", "previous": {"files": {"README.md": shards[0]}}}
    export = json.loads((exports[ISIC] / "trimset.json").read_text())
    for content in (shards[0], mark, export):
        for seed in range(30):
            fuzz_record(mutated(content, seed)[0])


# Cards, Parquet, recipes, the cache, the Hub


@pytest.mark.parametrize("card", CARDS)
def test_a_card_that_would_be_huge_is_none(card):
    with pytest.raises(ValueError, match=r"^its YAML ") as caught:
        decode_card(f"---\n{CARDS[card]}\n---\ntext\n".encode())
    assert str(caught.value).isprintable()


def test_keys_may_be_taken_over_where_they_stay_few():
    card = decode_card(b"---\nb: &b {x: 1}\nc: {<<: *b, y: 2}\n---\n")
    assert card.metadata["c"] == {"x": 1, "y": 2}


def write_rows(path, number, **options):
    pq.write_table(pa.table({"label": np.zeros(number, np.int64)}), path, **options)
    return path.stat().st_size


def test_a_small_file_of_many_rows_is_not_read(builds, copy_of, tmp_path):
    size = write_rows(tmp_path / "x.parquet", MAX_SHARD_ROWS + 1)
    assert size < 100_000
    with pytest.raises(ValueError, match="expected 1,000,000 rows at most"):
        check_footer(pq.read_metadata(tmp_path / "x.parquet"), size)
    write_rows(tmp_path / "y.parquet", 1_000)
    check_footer(pq.read_metadata(tmp_path / "y.parquet"), 1_000)
    folder = copy_of(builds[ISIC])
    content = json.loads((folder / LAST).read_text())
    name = next(name for name in content["files"] if name.endswith(".parquet"))
    for data, words in (
        ((tmp_path / "x.parquet").read_bytes(), "1,000,000 rows at most"),
        (b"PAR1" + b"x" * 99 + struct.pack("<I", 2**31 - 1) + b"PAR1", "ArrowInvalid"),
    ):
        (folder / name).write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        content["files"][name] |= {"sha256": sha256, "bytes": len(data)}
        (folder / LAST).write_bytes(sealed(content))
        faults = [fault for fault in verify(folder).faults if fault.startswith(name)]
        assert len(faults) == 1
        assert words in faults[0]
        assert "\n" not in faults[0]
        with pytest.raises(OutputError, match="cannot be read as Parquet"):
            report(folder, tmp_path / "page.html")


@pytest.mark.parametrize("toml", TOMLS)
def test_a_recipe_that_would_take_long_is_one_line(toml):
    with pytest.raises(RecipeError) as caught:
        read_recipe_file(TOMLS[toml].encode(), where="x.toml")
    message = str(caught.value)
    assert message.startswith("x.toml")
    assert "\n" not in message
    assert len(message) < 1_000


@pytest.mark.parametrize("shape", SHAPES)
def test_a_source_in_the_cache_that_cannot_be_right_is_unknown(tmp_path, shape):
    folder = tmp_path / "fetched" / ("0" * 32)
    folder.mkdir(parents=True)
    (folder / "source.json").write_bytes(SHAPES[shape][0])
    assert [entry.url for entry in list_cache(tmp_path)] == ["unknown"]


def test_more_than_a_record_is_not_fetched_from_the_hub():
    repo = HubRepo("somebody/theirs", VerifyError, token="none")
    with pytest.raises(
        VerifyError, match=r"manifest\.json of somebody/theirs has 1,099"
    ):
        repo.read(LAST, "0" * 40, HubFile(2**40, "0" * 40))
