"""Two builds in one folder: one writes, the other is told and changes nothing."""

import os
import subprocess
import sys

import pytest

from builder import build, export, verify
from builder.cli.main import main
from builder.errors import OutputError
from builder.pipeline.demo import demo
from tests.conftest import COCO_RECIPE, ISIC_RECIPE
from tests.hostile_folders import make_outside, put, untouched
from tests.small import COCO, ISIC, ISIC_OPTIONS
from tests.tiny import ROOT, contents

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs locks and links")


def test_of_two_processes_exactly_one_wins(isic_source, tmp_path):
    out = tmp_path / "out"
    words = [
        sys.executable, "-m", "builder", "build", ISIC, "--source", str(isic_source),
        "--out", str(out), "--workers", "1", "--no-audit", *ISIC_OPTIONS[2:],
    ]  # fmt: skip
    started = [
        subprocess.Popen(
            [*words, "--benign", benign],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for benign in ("10:90", "10:60")
    ]
    told = [process.communicate(timeout=240)[1] for process in started]
    assert sorted(process.returncode for process in started) == [0, 1], told
    (lost,) = (said for p, said in zip(started, told, strict=True) if p.returncode)
    # the second, if the first was done before it began
    assert "is writing there: wait for it" in lost or "of other options" in lost
    assert verify(out).faults == ()


@pytest.mark.parametrize("command", [build, export])
def test_who_comes_second_changes_nothing(command, coco_source, tmp_path):
    """Whenever that is: here at the first word of the other's progress."""
    out, seen = tmp_path / "out", []

    def meanwhile(stage, *_):
        if stage in seen:
            return
        seen.append(stage)
        for second in (build, export):
            with (
                untouched(tmp_path),
                pytest.raises(OutputError, match="is writing there"),
            ):
                second(ISIC, out, ISIC_RECIPE, source=str(coco_source), overwrite=True)

    command(COCO, out, COCO_RECIPE, source=str(coco_source), progress=meanwhile)
    assert seen


def test_what_fails_early_leaves_no_folder(tmp_path):
    (tmp_path / "source").mkdir()
    before = contents(tmp_path)
    for command in ("build", "export"):
        words = [COCO, "--source", tmp_path / "source", "--out", tmp_path / "a/out"]
        assert main([command, *map(str, words)]) == 1
    assert contents(tmp_path) == before


@pytest.mark.parametrize("kind", ["link to a folder", "link to itself", "pipe"])
@pytest.mark.parametrize(
    "place", ["sources", f"sources/{COCO}", ISIC, "cache", f"sources/{ISIC}/train"]
)
def test_a_demo_goes_through_no_link(kind, place, tmp_path, capsys, monkeypatch):
    outside = make_outside(tmp_path)
    (tmp_path / "demo").mkdir()
    put(kind, tmp_path / "demo" / place, outside)
    stopped = "no further"

    def paint(*_, **__):
        raise OutputError(stopped)

    # what it draws before it comes there is a matter of other tests
    monkeypatch.setattr("builder.datasets.painted.coco.paint_coco", paint)
    with untouched(outside):
        assert main(["demo", "--out", str(tmp_path / "demo")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    if place.endswith("train") or kind == "pipe":
        assert "Error: " in line
    else:
        assert f"OutputError: {tmp_path}/demo/{place}: expected a folder, found" in line
        assert "a symbolic link to" in line


@pytest.mark.parametrize(
    "kind", ["link to a file", "link to itself", "pipe", "folder", "socket"]
)
def test_a_demo_draws_over_its_own_files_alone(kind, tmp_path, capsys, monkeypatch):
    outside = make_outside(tmp_path)
    place = f"sources/{ISIC}/ISIC_2020_Training_GroundTruth.csv"
    (tmp_path / "demo" / place).parent.mkdir(parents=True)
    put(kind, tmp_path / "demo" / place, outside)
    monkeypatch.setattr("builder.datasets.registry.studies", lambda: [ISIC])
    with untouched(outside):
        assert main(["demo", "--out", str(tmp_path / "demo")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"OutputError: {tmp_path}/demo/{place}: expected a file, found a" in line


def test_a_demo_is_alone_in_its_folder(tmp_path):
    from builder.output.folder import Folder
    from builder.output.hold import holding

    with holding(Folder(tmp_path)), pytest.raises(OutputError, match="is writing"):
        demo(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match="expected a folder of this machine"):
        demo("memory://demo")
