import copy
import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from tests import load_matrix
from tests.interpreters import find_interpreter, interpreter_candidates
from tests.load_matrix import MatrixError, compare, render_table

NAMES = ["person", "car", "hair drier"]
FEATURES = {  # as the Parquet metadata spells them, and as the card does
    "image": ({"_type": "Image"}, {"dtype": "image"}),
    "width": ({"dtype": "int32", "_type": "Value"}, {"dtype": "int32"}),
    "height": ({"dtype": "int32", "_type": "Value"}, {"dtype": "int32"}),
    "note": ({"dtype": "string", "_type": "Value"}, {"dtype": "string"}),
    "label": (
        {"names": ["other", "car"], "_type": "ClassLabel"},
        {"dtype": {"class_label": {"names": {"0": "other", "1": "car"}}}},
    ),
    "category_ids": (
        {"feature": {"dtype": "int32", "_type": "Value"}, "_type": "Sequence"},
        {"sequence": "int32"},
    ),
    "labels": (
        {"feature": {"names": NAMES, "_type": "ClassLabel"}, "_type": "Sequence"},
        {
            "sequence": {
                "class_label": {"names": {str(k): n for k, n in enumerate(NAMES)}}
            }
        },
    ),
}
SCHEMA = pa.schema(
    {
        "image": pa.struct({"bytes": pa.binary(), "path": pa.string()}),
        "width": pa.int32(),
        "height": pa.int32(),
        "note": pa.string(),
        "label": pa.int64(),
        "category_ids": pa.list_(pa.int32()),
        "labels": pa.list_(pa.int64()),
    },
    metadata={
        "huggingface": json.dumps(
            {"info": {"features": {n: f[0] for n, f in FEATURES.items()}}}
        )
    },
)


def make_row(k, **changed):
    buffer = BytesIO()
    Image.new("RGB", (8 + k, 6), (40 * k, 90, 120)).save(buffer, "JPEG")
    row = {
        "image": {"bytes": buffer.getvalue(), "path": f"{k:012}.jpg"},
        "width": 8 + k,
        "height": 6,
        "note": None if k % 2 else "clear",
        "label": k % 2,
        "category_ids": [1, 3, 89][: k + 1],
        "labels": [0, 1, 2][: k + 1],
    }
    return {**row, **changed}


def write_folder(folder, **changed):
    """Write two configs of two splits; `changed` goes into the last row."""
    configs, infos = [], []
    for config in ("default", "car"):
        files, splits = [], []
        for split, count in (("train", 3), ("test", 2)):
            rows = [make_row(k) for k in range(count - 1)] + [
                make_row(count - 1, **changed)
            ]
            path = Path("data") / config / f"{split}-00000-of-00001.parquet"
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows, SCHEMA), folder / path)
            files.append({"split": split, "path": f"data/{config}/{split}-*"})
            splits.append({"name": split, "num_bytes": 1, "num_examples": count})
        configs.append({"config_name": config, "data_files": files})
        features = [{"name": name, **card} for name, (_, card) in FEATURES.items()]
        infos.append({"config_name": config, "features": features, "splits": splits})
    configs[0]["default"] = True
    card = yaml.safe_dump({"configs": configs, "dataset_info": infos}, sort_keys=False)
    (folder / "README.md").write_text(f"---\n{card}---\n# Tiny\n")
    return folder


def probe(folder):
    return {"faults": [], **load_matrix.run_probe(sys.executable, folder)}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return probe(write_folder(tmp_path_factory.mktemp("dataset")))


def test_probe_sees_every_config_and_split(report):
    assert list(report["splits"]) == [
        "default/test",
        "default/train",
        "car/test",
        "car/train",
    ]
    train = report["splits"]["car/train"]
    assert train["plain"] == train["streaming"]
    assert train["plain"]["rows"] == 3
    assert train["decoded"] == ""
    assert train["plain"]["features"] == {
        "image": ["Image", "PIL.Image.Image"],
        "width": ["Value", "int32"],
        "height": ["Value", "int32"],
        "note": ["Value", "string"],
        "label": ["ClassLabel", ["other", "car"]],
        "category_ids": ["list", -1, ["Value", "int32"]],
        "labels": ["list", -1, ["ClassLabel", NAMES]],
    }
    assert not any(compare({"a": report, "b": copy.deepcopy(report)}).values())


@pytest.mark.parametrize(
    "changed",
    [
        {"note": "blurred"},
        {"category_ids": [3, 1]},
        {"image": {**make_row(0)["image"], "path": "other.jpg"}},
        {
            "image": {
                "bytes": make_row(1)["image"]["bytes"] + b"\0",
                "path": "000000000001.jpg",
            }
        },
    ],
)
def test_a_differing_copy_is_unequal(report, tmp_path, changed):
    other = probe(write_folder(tmp_path, **changed))
    differences = compare({"one": report, "two": other})
    assert differences["one"] == []
    assert len(differences["two"]) == 8  # 2 configs, 2 splits, plain and streaming
    assert all(
        "sha256 is" in line and "on one plain" in line for line in differences["two"]
    )


def test_a_wrong_size_is_seen(tmp_path):
    path = write_folder(tmp_path) / "data/car/train-00000-of-00001.parquet"
    pq.write_table(
        pa.Table.from_pylist([make_row(0, width=9), make_row(1), make_row(2)], SCHEMA),
        path,
    )
    (line,) = compare({"one": probe(tmp_path)})["one"]
    assert line == "car/train: image is decoded as (8, 6), its row says (9, 6)"


def test_missing_splits_and_faults_are_differences(report):
    fewer = copy.deepcopy(report)
    del fewer["splits"]["car/test"]
    broken = {"faults": ["loading: exit status 1: boom"]}
    differences = compare({"one": report, "two": fewer, "three": broken})
    assert differences == {
        "one": [],
        "two": ["car/test is there on one only"],
        "three": ["loading: exit status 1: boom"],
    }
    table = render_table({"one": report, "two": fewer, "three": broken}, differences)
    cells = [line.split() for line in table.splitlines()]
    assert cells[0][-1] == "equal"
    assert cells[1][3:] == ["2", "4", "10", "10", "0", "0", "yes"]
    assert cells[2][3:] == ["2", "3", "8", "8", "0", "0", "NO"]
    assert cells[3] == ["three", "-", "-", "0", "0", "0", "0", "0", "0", "NO"]
    nothing = {"faults": [], "splits": {}}
    assert compare({"one": nothing}) == {"one": ["no config was found"]}


def answering(known):
    """Return a runner that knows which command is which Python."""

    def run(command, **options):
        if command[0] not in known:
            raise FileNotFoundError(command[0])
        return subprocess.CompletedProcess(command, 0, stdout=known[command[0]])

    return run


def test_interpreter_is_one_that_really_runs():
    listed = {"3.10": ["shim", "gone", "good"], "3.12": ["other"]}
    run = answering({"shim": "", "good": "3.10\n", "other": "3.12\n"})
    candidates = lambda minor: listed.get(minor, [])  # noqa: E731
    assert find_interpreter(["3.10"], candidates, run) == "good"
    assert find_interpreter(["3.9", "3.12", "3.10"], candidates, run) == "other"
    with pytest.raises(
        LookupError, match=r"no Python 3\.8 or 3\.9 found.*pyenv install 3\.8"
    ):
        find_interpreter(["3.8", "3.9"], candidates, run)


def test_candidates_are_path_then_pyenv_newest_first(tmp_path):
    for name in ("3.9.7", "3.9.18", "3.9-dev", "3.10.1"):
        (tmp_path / "versions" / name).mkdir(parents=True)
    where = {"python3.9": "/shim/python3.9", "pyenv": "pyenv"}
    run = answering({"pyenv": f"{tmp_path}\n"})
    found = list(interpreter_candidates("3.9", where.get, run))
    assert found == [
        "/shim/python3.9",
        str(tmp_path / "versions/3.9.18/bin/python"),
        str(tmp_path / "versions/3.9.7/bin/python"),
    ]


def test_environment_is_reused_only_when_whole(tmp_path, monkeypatch):
    calls = []

    def run(command, **options):
        calls.append(command)
        if "venv" in command:
            Path(command[-1], "bin").mkdir(parents=True)
        failed = "broken" in command
        return subprocess.CompletedProcess(
            command, failed, "", "warning\nERROR: no such thing\n"
        )

    monkeypatch.setattr(load_matrix, "run_quietly", run)
    monkeypatch.setattr(load_matrix, "find_interpreter", lambda minors: minors[0])
    folder = tmp_path / "1.0"
    with pytest.raises(
        MatrixError, match=r"could not make .*1\.0: ERROR: no such thing"
    ):
        load_matrix.make_environment(folder, ["3.10"], ["broken"])
    for requirements in (["a"], ["a"], ["a", "b"]):
        python = load_matrix.make_environment(folder, ["3.10"], requirements)
        assert python == folder / "bin/python"
    assert [command[-1] for command in calls if "pip" in command] == [
        "broken",
        "a",
        "b",
    ]


def test_probe_failures_are_told_in_one_line(tmp_path, monkeypatch):
    with pytest.raises(MatrixError, match=r"exit status 1: .*Error"):
        load_matrix.run_probe(sys.executable, tmp_path)
    slow = tmp_path / "slow.py"
    slow.write_text("import time; time.sleep(30)")
    monkeypatch.setattr(load_matrix, "PROBE", slow)
    with pytest.raises(MatrixError, match=r"still running after 0\.5 s"):
        load_matrix.run_probe(sys.executable, tmp_path, seconds=0.5)


def leaving(*ends):
    """Return a `run_probe` that loads in earnest, and leaves as it is told."""
    ends, probing = list(ends), load_matrix.run_probe

    def run(python, folder, *options, seconds=None):
        if "--leave" not in options:
            return probing(python, folder)
        if end := ends.pop(0):
            raise end
        return {}

    return run


ABORT, HANG = load_matrix.AbortError("exit status -6"), MatrixError("still running")


@pytest.mark.parametrize(
    ("ends", "clean", "aborted", "fault"),
    [
        ([None] * 4, 4, 0, None),
        ([None, ABORT, ABORT, None], 2, 2, None),
        (
            [ABORT, None, ABORT, ABORT],
            1,
            3,
            "leaving a stream, most times: exit status -6",
        ),
        ([None, HANG], 1, 0, "leaving a stream: still running"),
    ],
)
def test_an_abort_is_counted_a_hang_is_a_fault(
    monkeypatch, ends, clean, aborted, fault
):
    monkeypatch.setattr(load_matrix, "run_probe", leaving(*ends))
    report = load_matrix.leave_streams("python", "folder", 4)
    assert report == {
        "clean_exits": clean,
        "aborted_exits": aborted,
        "faults": [fault] if fault else [],
    }


def test_probe_leaves_after_one_example_of_each_config(tmp_path):
    folder = write_folder(tmp_path)
    for _ in range(5):  # Arrow itself aborts now and then
        try:
            report = load_matrix.run_probe(
                sys.executable, folder, "--leave", seconds=60
            )
        except load_matrix.AbortError:
            continue
        assert report["taken"] == 2
        return
    pytest.fail("every exit aborted")


def test_an_aborted_process_is_told_from_a_failed_one(tmp_path, monkeypatch):
    monkeypatch.setattr(load_matrix, "PROBE", tmp_path / "probe.py")
    load_matrix.PROBE.write_text("import os; os.abort()")
    with pytest.raises(load_matrix.AbortError, match="exit status -6"):
        load_matrix.run_probe(sys.executable, tmp_path)


def test_whole_matrix_counts_exits_and_sets_the_status(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(load_matrix, "make_environment", lambda *_: sys.executable)
    monkeypatch.setattr(load_matrix, "ENVIRONMENTS", {"one": ((), []), "two": ((), [])})
    monkeypatch.setattr(load_matrix, "run_probe", leaving(None, ABORT, ABORT, None))
    folder = write_folder(tmp_path / "dataset")
    envs = str(tmp_path / "envs")
    arguments = [str(folder), "--leaves", "2", "--envs", envs, "--jobs", "1"]
    arguments += ["--versions", "one,two"]
    assert load_matrix.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(folder)
    cells = [line.split()[3:] for line in lines[2:]]
    assert cells == [["2", "4", "10", "10", "1", "1", "yes"]] * 2
    (folder / "data/car/test-00000-of-00001.parquet").write_bytes(b"PAR1")
    assert load_matrix.main([*arguments, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["equal"] is False


def test_wrong_usage_exits_2(tmp_path, capsys):
    for arguments in ([str(tmp_path / "none")], [str(tmp_path), "--versions", "1.0"]):
        with pytest.raises(SystemExit) as caught:
            load_matrix.main(arguments)
        assert caught.value.code == 2
    assert "unknown version 1.0: choose from 2.14.0" in capsys.readouterr().err
