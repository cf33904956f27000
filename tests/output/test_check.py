"""What is asked of a folder before it is taken for a build."""

import json
import re

import pytest

from builder.errors import OutputError, SelectionError, VerifyError
from builder.output.build import read_lock, read_manifest
from builder.output.check import check_build, read_build, read_finished
from builder.output.folder import Folder
from builder.output.records import LAST
from tests.tiny_build import make_build, seal

SHARD = "data/default/test-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = make_build(tmp_path_factory.mktemp("built"), configs=("default",))
    return json.loads((folder / LAST).read_text())


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["files"], [], "expected `object`, got `array` - at `$.files`"),
        (["files", SHARD], 7, f"expected `object`, got `int` of the file '{SHARD}'"),
        (["files", SHARD, "rows"], "3", f"`str` - at `$.rows` of the file '{SHARD}'"),
        (["files", SHARD, "rows"], True, "expected `int | null`, got `bool`"),
        (["files", SHARD, "rows"], None, "expected rows, num_bytes, rows_sha256 and"),
        (["files", SHARD, "bytes"], -1, "expected `int` >= 0 - at `$.bytes` of the"),
        (["files", SHARD, "sha256"], "0" * 63, "matching regex"),
        (["files", SHARD, "sha256"], "0" * 64 + "\n", "matching regex"),
        (["files", "../x"], {"sha256": "0" * 64, "bytes": 1}, "has a '..' part of the"),
        (["files", "/x"], {"sha256": "0" * 64, "bytes": 1}, "found one that is absolu"),
        (
            ["files", ".git/x"],
            {"sha256": "0" * 64, "bytes": 1},
            "found one that is hidd",
        ),
        (["configs"], None, "expected `object`, got `null` - at `$.configs`"),
        (["configs", "default"], [], "got `array` - at `$.configs[...]`"),
        (
            ["configs", "default", "test", "files"],
            [1],
            "expected `str`, got `int` - at",
        ),
        (["broken"], {}, "expected `array`, got `object` - at `$.broken`"),
        (["broken"], [{"image": 1}], "got `int` - at `$.broken[0].image`"),
        (["versions"], {"trimset": 1}, "got `int` - at `$.versions[...]`"),
        (["sources"], ["x"], "expected `object`, got `str` - at `$.sources[0]`"),
        (["selection"], None, "expected `str`, got `null` - at `$.selection`"),
        (["recipe"], [], "expected `object`, got `array` - at `$.recipe`"),
        (["dataset"], 1, "expected `str`, got `int` - at `$.dataset`"),
        (["digest"], 1, "expected `str`, got `int` - at `$.digest`"),
    ],
)
def test_what_cannot_be_right_is_one_line(manifest, path, value, words):
    changed = json.loads(json.dumps(manifest))
    place = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(VerifyError) as caught:
        read_manifest(json.dumps(changed).encode(), where="here", error=VerifyError)
    message = str(caught.value)
    assert message.startswith("here: ")
    assert words in message
    assert message.endswith("or use the version of trimset that wrote it")
    assert "\n" not in message


def test_every_part_that_is_used_is_asked_for(manifest):
    for name in manifest:
        changed = {key: value for key, value in manifest.items() if key != name}
        with pytest.raises(OutputError, match=name):
            read_manifest(json.dumps(changed).encode(), where="here")


def test_the_card_has_all_that_stands_in_the_file(manifest):
    more = {**manifest, "later": [1.5], "content": {"theirs": 1}}
    read = read_manifest(json.dumps(more).encode(), where="here")
    assert read.content == more
    assert not read.is_intact
    assert read_manifest(json.dumps(manifest).encode(), where="here").is_intact


def test_half_a_character_is_none(manifest):
    data = json.dumps({**manifest, "more": "\ud800"}).encode()
    with pytest.raises(OutputError, match="half a character"):
        read_manifest(data, where="here")
    lock = {"format": "trimset.selection/1", "dataset": "x", "rule": "\ud800",
            "recipe": {}, "inputs": [], "draws": {}, "digest": ""}  # fmt: skip
    with pytest.raises(SelectionError, match="half a character"):
        read_lock(json.dumps(lock).encode(), where="here")


def test_a_folder_is_checked_for_verify_and_for_push_alike(tmp_path):
    folder = make_build(tmp_path / "built", configs=("default",))
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("[core]")
    root = Folder(folder)
    assert list(check_build(root, read_finished(root, VerifyError))) == []
    assert sorted(read_build(folder).files) == [
        name for name in root.files() if name != ".git/config"
    ]
    (folder / "notes.txt").write_text("mine")
    (folder / "selection.json").write_text("{}")
    (folder / SHARD).unlink()
    faults = list(check_build(root, read_finished(root, VerifyError)))
    assert [fault.split(": ")[0] for fault in faults] == [
        SHARD,
        "selection.json",
        "notes.txt",
    ]
    with pytest.raises(VerifyError, match=re.escape("; ".join(faults))):
        read_build(folder)
    manifest = json.loads((folder / LAST).read_text())
    (folder / LAST).write_text(json.dumps({**manifest, "dataset": "other"}))
    words = f"{LAST}: its digest is not that of its content"
    assert list(check_build(root, read_finished(root, VerifyError))) == [words]
    with pytest.raises(VerifyError, match=words):
        read_build(folder)


def test_splits_that_do_not_add_up(tmp_path):
    folder = make_build(tmp_path / "built", configs=("default",))
    manifest = json.loads((folder / LAST).read_text())
    manifest["configs"]["default"]["test"]["files"] = ["data/none.parquet"]
    seal(folder, manifest)
    root = Folder(folder)
    faults = list(check_build(root, read_finished(root, VerifyError)))
    assert faults[0] == f"{LAST}: default/test has num_examples 3, its files together 0"
    assert len(faults) == 3


def test_a_folder_that_is_not_there_is_called_so(tmp_path):
    with pytest.raises(OutputError, match="found no such folder"):
        read_build(tmp_path / "none")
    with pytest.raises(OutputError, match="expected a folder of this machine"):
        read_build("memory://bucket/built")
