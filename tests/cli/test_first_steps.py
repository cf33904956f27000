"""From a folder to rows, by nothing but what each command says is next."""

import re
import shlex

import pytest
from datasets import load_dataset

from builder.cli import main as cli
from builder.cli.reports import build_of, plan_lines
from tests.drawn_folders import DRAWN

ROWS = {
    "coco": {"train": 8, "validation": 4, "test": 4},
    "folders": {"train": 12},
    "table": {"train": 28, "validation": 6, "test": 6},
}


@pytest.mark.parametrize("kind", DRAWN)
def test_what_is_printed_leads_from_a_folder_to_its_rows(
    kind, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    DRAWN[kind](tmp_path / "my data")
    words = ["trimset", "init", "my data"]
    done, folder = [], None
    while words:
        assert cli.main(words[1:]) == 0
        done.append(words[1])
        out = capsys.readouterr().out
        following = re.search(r"^next: (trimset .+)$", out, re.MULTILINE)
        words = shlex.split(following[1]) if following else None
        load = re.search(r"^ +load_dataset\('(.+)'\)$", out, re.MULTILINE)
        folder = load[1] if load else folder
    assert done == ["init", "plan", "build", "verify"]
    loaded = load_dataset(folder, cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == ROWS[kind]
    assert loaded["train"][0]["image"].size == (32, 24)


def test_the_build_of_a_plan_has_its_options_but_those_of_its_output():
    words = ["plan", "coco_stuff_trimmed", "--source", "a folder", "--targets", "car"]
    assert build_of([*words, "--json", "--progress"], "x") == (
        "trimset build coco_stuff_trimmed --source 'a folder' --targets car --out out/x"
    )


def test_a_plan_of_many_classes_is_a_page():
    report = {
        "dataset": "lvis", "rows": {"default": {"train": 1}}, "settled": True,
        "images": 1, "bytes": 1, "image_size": None,
        "to_fetch": dict.fromkeys(
            ("members", "bytes", "cached_members", "cached_bytes"), 0
        ),
        "disk": {"output": 1, "cache": 0},
        "feasibility": [{"target": f"c{k}"} for k in range(1_200)],
    }  # fmt: skip
    lines = list(plan_lines(report))
    assert len(lines) < 60
    assert lines[-1] == "  and 1,160 lines more: --json has all of them"
