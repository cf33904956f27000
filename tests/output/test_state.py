"""Whose an output folder is, and that nobody else's is touched."""

import json
from dataclasses import replace

import pytest

from builder import build, export
from builder.errors import OutputError
from builder.output.folder import Folder
from builder.output.records import KIND, MARK, SHARDS
from builder.output.shards import remember
from builder.output.state import begin, check_output, finish
from tests.conftest import COCO_RECIPE, SHARD_SIZE
from tests.tiny import contents, snapshot

LAST = "manifest.json"
DIGEST = "0" * 64
STALE = "data/old/train-00000-of-00001.parquet"
A, B, C = (f"data/{name}/train-00000-of-00001.parquet" for name in "abc")
SHARD = {
    "path": STALE,
    "task": "1" * 64,
    "sha256": DIGEST,
    "bytes": 1,
    "rows": 1,
    "num_bytes": 1,
    "rows_sha256": DIGEST,
    "images_sha256": DIGEST,
}
OWN = {"last": LAST, "kind": KIND}


def record(key, *files):
    return json.dumps(
        {"format": KIND, "key": key, "files": {name: {} for name in files}}
    ).encode()


@pytest.fixture
def root(tmp_path):
    return Folder(tmp_path / "out")


def test_a_folder_goes_from_empty_over_unfinished_to_finished(root):
    assert check_output(root, **OWN) == "empty"
    output = begin(root, key="k", **OWN)
    assert check_output(root, **OWN) == "unfinished"
    root.write(A, b"1")
    assert begin(root, key="k", **OWN).previous == {}
    finish(output, record("k", A), keep={A})
    assert check_output(root, **OWN) == "finished"
    assert root.files() == [A, LAST]
    again = begin(root, key="k", **OWN)
    assert list(again.previous) == [A]
    assert check_output(root, **OWN) == "unfinished"
    assert not root.exists(LAST)


def test_other_options_need_overwrite_and_stale_files_go(root):
    output = begin(root, key="one", **OWN)
    for name in (A, B, "mine/note", "README.md"):
        root.write(name, b"1")
    finish(output, record("one", A, B), keep={A})
    before = root.files()
    with pytest.raises(OutputError, match="holds a finished output of other options"):
        begin(root, key="two", **OWN)
    assert root.files() == before
    assert check_output(root, **OWN) == "finished"
    output = begin(root, key="two", overwrite=True, **OWN)
    # Interrupted here, and begun again: what was there before is not forgotten.
    output = begin(root, key="two", **OWN)
    root.write(C, b"1")
    finish(output, record("two", C), keep={C})
    assert root.files() == ["README.md", C, LAST, "mine/note"]
    assert not root.exists("data/a")


@pytest.mark.parametrize("place", [LAST, MARK])
@pytest.mark.parametrize(
    "name", ["../victim", "{}/victim", "data/../../victim", "a\\b"]
)
def test_a_record_that_names_a_file_outside_is_refused(root, tmp_path, place, name):
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    files = {name.format(tmp_path): {}}
    content = {"format": KIND, "key": "one", "files": files, "previous": {}}
    content["previous"] = {"files": files} if place == MARK else {}
    root.write(place, json.dumps(content).encode())
    root.write(A, b"1")
    with pytest.raises(OutputError, match="expected plain paths below the folder"):
        begin(root, key="two", overwrite=True, **OWN)
    assert victim.read_text() == "theirs"
    assert root.files() == sorted([A, place])


@pytest.mark.parametrize("place", [LAST, MARK])
def test_only_what_a_build_writes_is_ever_removed(root, place):
    theirs = ["notes.csv", ".git/config", "data/a/mine.parquet", "figures/a/b.png"]
    ours = [A, "figures/sizes.png", "labels_val.json", "metadata_small.csv"]
    for name in (*theirs, *ours):
        root.write(name, b"1")
    files = {name: {} for name in (*theirs, *ours, "data", "figures")}
    content = {"format": KIND, "key": "one", "files": files}
    content["previous"] = {"files": files}
    root.write(place, json.dumps(content).encode())
    output = begin(root, key="two", overwrite=True, **OWN)
    assert sorted(output.previous) == sorted(ours)
    finish(output, record("two"), keep=set())
    assert root.files() == sorted([*theirs, LAST])


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b'{"path": "../victim"}'])
def test_a_damaged_state_does_not_stop_a_build(root, tmp_path, damage):
    (tmp_path / "victim").write_text("theirs")
    begin(root, key="one", **OWN)
    root.write(f"{SHARDS}/{'a' * 64}.json", damage)
    root.write(f"{SHARDS}/{'b' * 64}.json", json.dumps(SHARD).encode())
    root.write(STALE, b"1")
    output = begin(root, key="one", **OWN)
    finish(output, record("one"), keep=set())
    assert root.files() == [LAST]
    assert (tmp_path / "victim").exists()


@pytest.mark.parametrize(
    "task",
    ["../../../x", "/x", "", "A" * 64, "0" * 63, "0" * 64 + "\n", 7, None, ["0" * 64]],
)
@pytest.mark.parametrize("place", [MARK, LAST])
def test_a_task_that_names_another_file_is_not_remembered(root, tmp_path, task, place):
    files = {A: SHARD, B: {**SHARD, "task": task}}
    if place == LAST:
        content = {"format": KIND, "key": "one", "files": files}
    else:
        content = {"format": KIND, "key": "one", "previous": {"files": files}}
    root.write(place, json.dumps(content).encode())
    output = begin(root, key="one", **OWN)
    assert output.previous[B] is None
    remember(root, output.previous)
    assert root.files() == [MARK, f"{SHARDS}/{SHARD['task']}.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    # and what was remembered is found again by the next run
    assert begin(root, key="one", **OWN).previous == output.previous


@pytest.mark.parametrize("gone", ["data/a", "data"])
def test_a_folder_that_was_deleted_by_hand_holds_up_nobody(root, tmp_path, gone):
    output = begin(root, key="one", **OWN)
    root.write(A, b"1")
    finish(output, record("one", A), keep={A})
    (tmp_path / "out" / A).unlink()
    (tmp_path / "out/data/a").rmdir()
    if gone == "data":
        (tmp_path / "out/data").rmdir()
    output = begin(root, key="two", overwrite=True, **OWN)
    finish(output, record("two"), keep=set())
    assert root.files() == [LAST]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"key": 1, "files": {}}, "expected `str`, got `int` - at `$.key`"),
        ({"key": "one"}, "object missing required field `files`"),
        ({"key": "one", "files": []}, "expected `object`, got `array` - at `$.files`"),
    ],
)
def test_a_record_that_cannot_be_right_is_one_line(root, content, words):
    root.write(LAST, json.dumps({"format": KIND, **content}).encode())
    with pytest.raises(OutputError) as caught:
        begin(root, key="one", **OWN)
    assert str(caught.value) == f"{root.url}: {LAST}: {words}: give another --out"


@pytest.mark.parametrize("previous", [[], {"files": []}, None])
def test_a_mark_that_cannot_be_right_is_one_line(root, previous):
    mark = {"format": KIND, "key": "one", "previous": previous}
    root.write(MARK, json.dumps(mark).encode())
    with pytest.raises(OutputError, match=r"build\.json: expected `object`, got "):
        begin(root, key="one", **OWN)


FOREIGN = {
    "a file": {"note.txt": "mine"},
    "a hidden file": {".hidden": "mine"},
    "a dataset": {"README.md": "---\n---", "data/train.parquet": "PAR1"},
    "another manifest": {LAST: '{"format": "other/1", "files": {"note.txt": {}}}'},
    "a list": {LAST: "[1, 2]", "trimset.json": "[]"},
    "no JSON": {LAST: "{", "trimset.json": "{"},
    "no format": {LAST: "{}", "trimset.json": "{}"},
    "a state of another": {".trimset/build.json": '{"format": "other"}'},
    "a state without its mark": {".trimset/shards/x.json": "{}", "a.txt": "mine"},
    "an empty folder": {"empty/": ""},
    "a git clone": {".git/config": "[core]", "data/x": "y"},
}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("command", [build, export])
@pytest.mark.parametrize("case", FOREIGN)
def test_a_foreign_folder_is_refused_and_untouched(
    case, command, overwrite, coco_source, tmp_path
):
    folder = tmp_path / "theirs"
    for name, text in FOREIGN[case].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        else:
            path.write_text(text)
    before = snapshot(tmp_path)
    with pytest.raises(
        OutputError, match="expected an empty folder or an earlier"
    ) as e:
        command(
            "coco_stuff_trimmed",
            folder,
            COCO_RECIPE,
            source=str(coco_source),
            overwrite=overwrite,
        )
    assert str(folder) in str(e.value)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_build_and_export_do_not_take_each_others_folder(
    builds, exports, coco_source, copy_of, overwrite, tmp_path
):
    name = "coco_stuff_trimmed"
    built, exported = copy_of(builds[name], "b"), copy_of(exports[name], "e")
    before = snapshot(tmp_path)
    options = {"source": str(coco_source), "overwrite": overwrite}
    with pytest.raises(OutputError, match=r"no manifest\.json of trimset"):
        build(name, exported, COCO_RECIPE, **options)
    with pytest.raises(OutputError, match=r"no trimset\.json of trimset"):
        export(name, built, COCO_RECIPE, **options)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("command", [build, export])
def test_a_file_in_the_place_of_the_folder_is_refused(command, coco_source, tmp_path):
    file = tmp_path / "out"
    file.write_text("mine")
    with pytest.raises(
        OutputError, match="expected a folder, found a file: give anoth"
    ):
        command(
            "coco_stuff_trimmed",
            file,
            COCO_RECIPE,
            source=str(coco_source),
            overwrite=True,
        )
    assert file.read_text() == "mine"


def test_a_finished_build_changes_only_with_overwrite(
    builds, coco_source, recipes, copy_of, tmp_path
):
    name = "coco_stuff_trimmed"
    folder = copy_of(builds[name])
    (folder / "notes.txt").write_text("mine")
    (folder / "data/toaster/notes.txt").write_text("mine")
    before = snapshot(folder)
    fewer = replace(recipes[name], targets=("car", "bus"), seed=7)
    options = {"source": str(coco_source), "max_shard_size": SHARD_SIZE}
    stages = []
    told = {"progress": lambda stage, *_: stages.append(stage)}
    for changed in (
        {"recipe": fewer, **options},
        {"recipe": recipes[name], **options, "audit": False},
        {"recipe": recipes[name], **options, "max_shard_size": SHARD_SIZE + 1},
    ):
        with pytest.raises(OutputError, match="other options, sources or versions"):
            build(name, folder, **changed, **told)
    assert snapshot(folder) == before
    assert not stages  # no image was looked at for that
    build(name, folder, fewer, overwrite=True, **options)
    build(name, tmp_path / "fresh", fewer, **options)
    found = contents(folder)
    assert found.pop("notes.txt") == found.pop("data/toaster/notes.txt")
    assert found == contents(tmp_path / "fresh")
    assert not (folder / "data/sports_ball").exists()


def test_a_finished_export_changes_only_with_overwrite(
    exports, isic_source, recipes, copy_of, tmp_path
):
    name = "siim_isic_small"
    folder = copy_of(exports[name])
    (folder / "images/notes.txt").write_text("mine")
    before = snapshot(folder)
    fewer = replace(recipes[name], benign=(0, 5))
    stages = []
    with pytest.raises(OutputError, match="other options, sources or versions"):
        export(
            name,
            folder,
            fewer,
            source=str(isic_source),
            progress=lambda stage, *_: stages.append(stage),
        )
    assert snapshot(folder) == before
    assert not stages
    export(name, folder, fewer, source=str(isic_source), overwrite=True)
    export(name, tmp_path / "fresh", fewer, source=str(isic_source))
    found = contents(folder)
    assert found.pop("images/notes.txt")
    assert found == contents(tmp_path / "fresh")
