"""The command line as a user meets it: exit statuses, one line of error, JSON."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder import __version__
from builder.cli import main as cli
from builder.cli.commands import COMMANDS
from builder.errors import VerifyError
from builder.page.render import MARK
from tests.cli.test_light import modules_after
from tests.small import COCO, DATASETS, ISIC, OPTIONS
from tests.tiny import ROOT, call, contents, edit_json, run, snapshot

SMALL = OPTIONS[COCO][:6]  # targets and samples, which plan takes, too


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_says_every_option(command, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([*command, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    if not command:
        assert all(f"\n    {name} " in text for name in COMMANDS)
        return
    assert "--json" in text
    assert "--debug" in text
    if command[0] in {"plan", "build", "export"}:
        for option in (
            "--source", "--seed", "--targets", "--train-samples", "--test-samples",
            "--train-annotations", "--train-images", "--test-annotations",
            "--test-images", "--benign", "--malignant", "--metadata", "--images",
            "--duplicates", "--image-size",
        ):  # fmt: skip
            assert option in text
    if command[0] == "build":
        assert "--workers" in text
        assert "--max-shard-size" in text
    if command[0] in {"build", "export"}:
        assert "--allow-broken" in text
        assert "--overwrite" in text


@pytest.mark.parametrize("dataset", DATASETS)
def test_plan_writes_nothing_and_imports_no_datasets(dataset, sources, tmp_path):
    options = OPTIONS[dataset][:-2]  # it writes no shards
    before = snapshot(sources[dataset])
    arguments = ["plan", dataset, "--source", sources[dataset], *options]
    modules = modules_after(*arguments)
    assert not modules & {"datasets", "matplotlib", "huggingface_hub"}
    done = run(*arguments, cwd=tmp_path, HOME=str(tmp_path), TMPDIR=str(tmp_path))
    assert done.returncode == 0
    told = (
        "and what a build cuts from them, once it has seen the images\n" in done.stdout
    )
    assert told == (dataset == ISIC)
    assert list(tmp_path.iterdir()) == []
    assert snapshot(sources[dataset]) == before


def test_the_module_and_the_script_say_the_version():
    assert run("--version").stdout == f"trimset {__version__}\n"


def test_nothing_is_imported_from_the_folder_that_it_runs_in(tmp_path):
    """Which `python -m` would do first."""
    for name in ("numpy", "msgspec", "fsspec", "pyarrow", "tqdm", "evil"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'a').write(__name__)\n")
    done = run("verify", ".", cwd=tmp_path)
    assert done.returncode == 1
    assert "found no build" in done.stderr
    assert not (tmp_path / "ran").exists()


def test_commands_end_with_one_json_object(sources, builds, exports, tmp_path):
    """From a plan to a verified build, of one dataset in real processes."""
    for dataset, command_line in zip(DATASETS, (run, call), strict=True):
        source, options = sources[dataset], OPTIONS[dataset]
        out, exported = tmp_path / "out" / dataset, tmp_path / "exported" / dataset
        reports = {}
        for command, *arguments in (
            ("plan", dataset, "--source", source, *options[:-2]),
            ("build", dataset, "--source", source, "--out", out, *options),
            ("export", dataset, "--source", source, "--out", exported, *options[:-2]),
            ("verify", out, "--source", source),
        ):
            done = command_line(command, *arguments, "--json")
            assert done.returncode == 0, done.stderr
            # Of toasters there are fewer than asked for, which is said once.
            repeats = (command != "verify") * (dataset == COCO)
            assert done.stderr.count("trimset: rows repeat: ") == repeats
            # The drawn table states no licence, and is not the official one.
            unstated = (command == "build") * (dataset == ISIC)
            assert done.stderr.count("trimset: no licence is stated") == unstated
            assert done.stderr.count("\n") == repeats + unstated
            *lines, last = done.stdout.splitlines()
            assert lines  # what people read comes first
            reports[command] = json.loads(last)
        assert contents(out) == contents(builds[dataset])
        assert contents(exported) == contents(exports[dataset])
        manifest = json.loads((out / "manifest.json").read_text())
        assert reports["plan"]["dataset"] == dataset
        assert reports["build"] == {
            "folder": str(out),
            "dataset": dataset,
            "selection": manifest["selection"],
            "rows": sum(
                facts["num_examples"]
                for splits in manifest["configs"].values()
                for facts in splits.values()
            ),
            "files": len(manifest["files"]),
            "bytes": sum(entry["bytes"] for entry in manifest["files"].values()),
            "broken": [],
        }
        assert reports["export"]["selection"] == manifest["selection"]
        assert reports["verify"]["faults"] == []
        assert reports["verify"]["replayed"] is True
        assert reports["verify"]["rows"] == sum(
            entry.get("rows", 0) for entry in manifest["files"].values()
        )


def test_without_json_the_last_line_is_for_people(coco_source, capsys):
    assert cli.main(["plan", COCO, "--source", str(coco_source), *map(str, SMALL)]) == 0
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(capsys.readouterr().out.splitlines()[-1])


def test_an_error_is_one_line_and_debug_shows_the_rest(tmp_path):
    arguments = ["plan", COCO, "--source", tmp_path / "none"]
    done = run(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"trimset: SourceError: {tmp_path}/none: expected a folder, found none: check"
        " --source\n"
    )
    done = run(*arguments, "--debug")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert "builder.errors.SourceError: " in done.stderr.splitlines()[-1]


def test_a_bug_is_one_line_too(fails, monkeypatch, coco_source):
    def broken(*_, **__):
        raise RuntimeError("of ours\nin two lines")

    monkeypatch.setattr("builder.datasets.coco.parse.read_table", broken)
    line = fails(1, "plan", COCO, "--source", coco_source)
    assert "RuntimeError: of ours in two lines" in line
    assert "--debug" in line


def test_names_that_files_cannot_have_are_one_line(fails, monkeypatch, coco_source):
    def broken(*_, **__):
        "Fahrräder".encode("ascii")

    monkeypatch.setattr("builder.datasets.coco.parse.read_table", broken)
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: "ascii")
    line = fails(1, "plan", COCO, "--source", coco_source)
    assert line.rstrip() == (
        "trimset: OutputError: names of files are ascii in this environment, which has"
        r" no '\xe4': set PYTHONUTF8=1, or a locale of UTF-8"
    )


COCO_JSON = "annotations/instances_{}2017.json"


def damaged(source, tmp_path, *, case):
    """Return a source that is wrong in one way, and what is said of it."""
    folder = tmp_path / "source"
    train, val = (folder / COCO_JSON.format(name) for name in ("train", "val"))
    if case == "is not there":
        return folder, "source: expected a folder, found none"
    if case == "is a file":
        folder.write_text("x")
        return folder, "source: expected a folder, found a file"
    if case == "is empty":
        folder.mkdir()
        return folder, "expected annotations/instances_train2017.json or annotations_t"
    shutil.copytree(source, folder)
    if case == "lacks the images of a split":
        shutil.rmtree(folder / "val2017")
        return folder, "expected val2017/, val2017.zip"
    if case == "lacks annotations of a split":
        val.unlink()
        return folder, "expected annotations/instances_val2017.json or "
    if case == "has annotations that are no JSON":
        train.write_bytes(b"\xff\xd8\xff\xe0")
        return folder, "instances_train2017.json: expected COCO annotations"
    if case == "has annotations that are cut":
        train.write_bytes(train.read_bytes()[:-100])
        return folder, "instances_train2017.json: expected COCO annotations"
    if case == "has empty annotations":
        val.write_bytes(b"")
        return folder, "instances_val2017.json: expected COCO annotations"
    if case == "has a zip that is none":
        shutil.rmtree(folder / "train2017")
        (folder / "train2017.zip").write_bytes(b"PK")
        return folder, "train2017.zip has no readable zip directory at its end"
    if case == "has an annotations zip that is none":
        shutil.rmtree(folder / "annotations")
        (folder / "annotations_trainval2017.zip").write_bytes(b"PK")
        return folder, "annotations_trainval2017.zip has no readable zip directory at"
    if case == "names a file outside":

        def leave(content):
            for image in content["images"]:
                image["file_name"] = f"../{image['file_name']}"

        edit_json(train, leave)
        return folder, "has a '..' part; expected a plain relative path"
    assert case == "has no toasters"

    def toast(content):
        content["annotations"] = [
            a for a in content["annotations"] if a["category_id"] != 80
        ]

    edit_json(val, toast)
    return folder, "with toaster in instances_val2017.json: give --targets car,sports_b"


@pytest.mark.parametrize(
    "case",
    [
        "is not there",
        "is a file",
        "is empty",
        "lacks the images of a split",
        "lacks annotations of a split",
        "has annotations that are no JSON",
        "has annotations that are cut",
        "has empty annotations",
        "has a zip that is none",
        "has an annotations zip that is none",
        "names a file outside",
        "has no toasters",
    ],
)
def test_a_wrong_source_is_one_line_and_writes_nothing(
    case, coco_source, tmp_path, fails
):
    source, message = damaged(coco_source, tmp_path, case=case)
    for command in (["plan", COCO], ["build", COCO, "--out", tmp_path / "out"]):
        line = fails(1, *command, "--source", source, *SMALL)
        assert message in line
        assert "Error: " in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["bild"], "invalid choice: 'bild'"),
        (["plan"], "the following arguments are required: dataset"),
        (["plan", "coco"], "invalid choice: 'coco'"),
        (["build", COCO], "the following arguments are required: --out"),
        (["export", ISIC], "the following arguments are required: --out"),
        (["verify"], "the following arguments are required: DIR"),
        (["plan", COCO, "--seed", "x"], "argument --seed: "),
        (["plan", COCO, "--targets", ","], "expected names or ids with commas"),
        (["plan", COCO, "--targets", "car,,bus"], "expected names or ids with commas"),
        (["plan", COCO, "--train-samples", "many"], "argument --train-samples: "),
        (["plan", ISIC, "--benign", "5"], "expected START:STOP such as 2000:4000"),
        (["plan", ISIC, "--malignant", "a:b"], "expected START:STOP"),
        (["plan", ISIC, "--malignant=-5:7"], "expected START:STOP"),
        (["plan", COCO, "--what"], "unrecognized arguments: --what"),
        *(
            (["build", COCO, "--out", "x", option, n], "a number from 1 on, found")
            for option in ("--workers", "--image-size")
            for n in ("0", "-1", "two", "1.5")
        ),
        *(
            (
                ["build", COCO, "--out", "x", "--max-shard-size", size],
                "a size from 100KB",
            )
            for size in ("1KB", "3GB", "big", "40 parsecs", "", "MB", "nan")
        ),
    ],
)
def test_wrong_usage_exits_2(arguments, message, usage):
    assert message in usage(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([COCO, "--seed", "-1"], "seed: expected 0 to 4294967295, found -1"),
        ([COCO, "--seed", 2**32], "seed: expected 0 to"),
        ([COCO, "--train-samples", 1], "train_samples: expected 2 or more, found 1"),
        ([COCO, "--test-samples", 0], "test_samples: expected 2 or more, found 0"),
        ([COCO, "--targets", "car,car"], "targets: car, car names one of them twice"),
        ([ISIC, "--benign", "5:3"], "benign: expected START:STOP with 0 <= START < ST"),
    ],
)
def test_options_that_make_no_sense_exit_2(arguments, message, fails):
    line = fails(2, "plan", *arguments)
    assert line.startswith(f"trimset: UsageError: {message}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([COCO, "--targets", "car,toster"], "target 'toster': expected the name or id"),
        ([COCO, "--targets", "car,3"], "two of them would be the config 'car'"),
        ([ISIC, "--benign", "0:999"], "benign rows 0:999 asked for, but the metadata "),
    ],
)
def test_selections_that_cannot_be_made_exit_1(arguments, message, sources, fails):
    line = fails(1, "plan", *arguments, "--source", sources[arguments[0]])
    assert "SelectionError: " in line
    assert message in line


def test_places_that_cannot_be_written_exit_1(coco_source, tmp_path, fails):
    file = tmp_path / "file"
    file.write_text("mine")
    for out, message in (
        (file, "expected a folder, found a file"),
        (file / "below", "Not a directory"),
        ("unheard://of/it", "unheard"),
    ):
        for command in ("build", "export"):
            line = fails(
                1, command, COCO, "--source", coco_source, "--out", out, *SMALL
            )
            assert message in line
    assert file.read_text() == "mine"


@pytest.fixture
def small_disk(tmp_path):
    """Return a file system of its own with room for some shards."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("command", ["build", "export"])
def test_a_full_disk_is_one_line_and_the_build_goes_on(
    command, small_disk, coco_source, builds, exports, fails, capsys, monkeypatch
):
    out = small_disk / "out"
    options = OPTIONS[COCO] if command == "build" else SMALL
    arguments = [command, COCO, "--source", coco_source, "--out", out, *options]
    if command == "build":
        line = fails(1, *arguments)
        assert re.search(f"no room for {out}: expected [0-9,]+ bytes free", line)
        assert not out.exists()
        # as when something else fills the disk meanwhile
        plenty = SimpleNamespace(free=10**12)
        monkeypatch.setattr("builder.sources.disk.shutil.disk_usage", lambda _: plenty)
    line = fails(1, *arguments)
    assert "OutputError" in line
    assert f"{out}: no room left for" in line
    assert "free some space and run the same command again" in line
    assert not list(out.glob("*.json"))
    subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
    assert cli.main([str(argument) for argument in arguments]) == 0
    assert capsys.readouterr().err.count("\n") == 1  # of what repeats
    finished = builds if command == "build" else exports
    assert contents(out) == contents(finished[COCO])


# Holds before the second of many small shards, when the first has its name.
HELD = """
import sys, time
from itertools import count
from builder.output import shards

write_shard, numbers = shards.write_shard, count(1)

def held(*arguments):
    if next(numbers) == 2:
        print("held", flush=True)
        time.sleep(60)
    return write_shard(*arguments)

shards.write_shard = held
from builder.__main__ import run
sys.exit(run())
"""


def test_ctrl_c_exits_130_and_the_same_command_goes_on(coco_source, tmp_path):
    arguments = [
        "build", COCO, "--source", coco_source, "--out", tmp_path / "out",
        "--workers", 1, "--max-shard-size", "100kB", "--no-audit", *OPTIONS[COCO],
    ]  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", HELD, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    *said, last = err.splitlines()
    assert last == "trimset: interrupted; the same command goes on from here"
    assert all(line.startswith("trimset: rows repeat: ") for line in said)
    assert out == ""
    left = contents(tmp_path / "out")
    assert "manifest.json" not in left
    assert any(name.endswith(".parquet") for name in left)
    done = call(*arguments)
    assert done.returncode == 0, done.stderr
    arguments[5] = tmp_path / "fresh"
    done = call(*arguments)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_a_closed_pipe_ends_it_as_it_ends_others(coco_source):
    words = [
        sys.executable, "-m", "builder", "plan", COCO, "--source", coco_source, *SMALL,
    ]  # fmt: skip
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [str(word) for word in words],
        stdout=writer, stderr=subprocess.PIPE, check=False, cwd=ROOT,
    )  # fmt: skip
    os.close(writer)
    assert done.returncode == 141
    assert done.stderr.count(b"\n") == done.stderr.count(b"trimset: rows repeat: ")


def test_verify_exits_1_where_something_is_wrong(builds, copy_of, fails, capsys):
    folder = copy_of(builds[ISIC])
    (folder / "metadata_small.csv").write_bytes(b"x")
    (folder / "extra.txt").write_bytes(b"x")
    status = cli.main(["verify", str(folder), "--json"])
    out, err = capsys.readouterr()
    assert status == 1
    *faults, last = out.splitlines()
    assert [fault.split(":")[0] for fault in faults] == [
        "metadata_small.csv",
        "extra.txt",
    ]
    assert json.loads(last)["faults"] == faults
    assert "found 2 faults, the first: metadata_small.csv: expected sha256" in err
    (folder / "manifest.json").unlink()
    line = fails(1, "verify", folder)
    assert "expected a finished build with manifest.json, found no build" in line
    (folder / ".trimset").mkdir()
    (folder / ".trimset/build.json").write_text("{}")
    assert "found an unfinished build" in fails(1, "verify", folder)
    assert "found no such folder" in fails(1, "verify", folder / "none")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--allow-host", "siim_isic_small: its records name no addresses: leave out"),
        ("--train-images", "siim_isic_small has no input 'train_images', only metada"),
    ],
)
def test_what_the_dataset_of_a_build_has_no_use_for(
    option, message, builds, isic_source, fails
):
    """Known once the build was read; no option is passed over."""
    line = fails(2, "verify", builds[ISIC], "--source", isic_source, option, "x")
    assert f"UsageError: {message}" in line


def test_the_demo_builds_loads_and_finds_its_work_done(tmp_path):
    first = run("demo", "--out", tmp_path / "demo", "--json")
    assert first.returncode == 0, first.stderr
    *lines, last = first.stdout.splitlines()
    report = json.loads(last)["demo"]
    assert [item["dataset"] for item in report] == DATASETS
    assert report[0]["configs"]["car"]["train"]["num_examples"] == 20
    text = "\n".join(lines)
    assert "trimset verify" in text
    assert "load_dataset('" in text
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^  \w+ +\d+ train.*", readme, re.MULTILINE)
    assert len(shown) == 4
    assert set(shown) <= set(lines)
    for item in report:
        assert Path(item["folder"], "manifest.json").is_file()
        page = Path(item["report"])
        assert f"  {page.as_uri()}" in lines
        assert MARK in page.read_text(encoding="utf-8")[:100]
    before = {item["dataset"]: contents(Path(item["folder"])) for item in report}
    assert len([n for n in before[COCO] if n.startswith("data/")]) == 42
    second = call("demo", "--out", tmp_path / "demo", "--json")
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout
    assert before == {d: contents(tmp_path / "demo" / d) for d in DATASETS}


def test_what_is_said_before_all_else_stands_on_stderr(monkeypatch, capsys):
    def plan(*args, say, progress, **options):
        progress("metadata", 1, 2)
        say("all is well")
        raise VerifyError("stop")

    monkeypatch.setattr("builder.pipeline.plan.plan", plan)
    assert cli.main(["plan", COCO]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "trimset: all is well\ntrimset: VerifyError: stop\n"
