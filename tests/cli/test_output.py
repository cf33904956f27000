"""Nothing that a stranger named reaches a terminal raw, from any command."""

import ast
import io
import json
import sys
from types import SimpleNamespace

import pytest

from builder.cli import main as cli
from builder.cli.lines import print_lines, say
from builder.cli.output import finish
from builder.cli.progress import Bars
from tests.datasets.test_hostile_names import FILES, build_table
from tests.hostile.names import HOSTILE
from tests.test_layers import BUILDER, MODULES, parse

RAW = "a\x1b[31mb\u202ec\r\x9bd\ne\u2066f\U000e0001g\udcffh"
SHOWN = r"a\x1b[31mb\u202ec\r\x9bd\ne\u2066f\U000e0001g\udcffh"


def is_clean(text):
    return all(line.isprintable() for line in text.split("\n"))


def test_lines_are_escaped_and_stay_one_line(capsys):
    print_lines([RAW, "", "naïve 猫"])
    say(RAW)
    Bars().say(RAW)
    out, err = capsys.readouterr()
    assert out == f"{SHOWN}\n\nnaïve 猫\n"
    assert err == f"trimset: {SHOWN}\n" * 2
    file = io.StringIO()
    print_lines([RAW], file=file)
    assert file.getvalue() == f"{SHOWN}\n"


def test_bars_of_what_is_done_at_once_go_on_side_by_side(capsys):
    bars = Bars(always=True)
    for stage, total in [("metadata", 9), ("fetch", 8), ("look", 4), ("write", 2)]:
        bars(stage, 1, total)
    bars.close()
    for stage in ("fetch", "look") * 3:
        bars(stage, 1, 3)
    bars("write", 1, 2)
    bars.close()
    shown = capsys.readouterr().err
    # A bar that begins says so, and one that ends is shown as it stands.
    begun = [shown.count(f"{stage}:   0%") for stage in ("fetch", "look", "write")]
    assert begun == [2, 2, 2]
    assert shown.count("fetch: 100%") == shown.count("look: 100%") == 1
    assert shown.index("look: 100%") < shown.rindex("write:   0%")


def test_json_says_the_same_in_characters_that_can_be_shown(capsys):
    told = {"name": RAW, RAW: ["naïve 猫"]}
    finish(SimpleNamespace(json=True), told)
    out = capsys.readouterr().out
    assert is_clean(out)
    assert "naïve 猫" in out
    assert json.loads(out) == told


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_one_module_prints(path):
    if path == BUILDER / "cli/lines.py":
        return
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            assert name != "print"
            assert not name.endswith(("stdout.write", "stderr.write"))


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_commands_over_hostile_names(tmp_path, capsys, more):
    # classes are the first of them
    build_table(tmp_path, sorted(HOSTILE, key=str.isprintable), FILES)
    words = [str(tmp_path / "hostile.toml"), "--cache-dir", str(tmp_path / "cache")]
    words += ["--skip-missing", *more]
    assert cli.main(["plan", *words]) == 0
    said = [*capsys.readouterr()]
    out = str(tmp_path / "out")
    assert cli.main(["build", *words, "--out", out, "--allow-broken"]) == 0
    said += [*capsys.readouterr()]
    assert cli.main(["verify", out, *more]) == 0
    assert cli.main(["report", out, "--out", f"{out}.html", *more]) == 0
    said += [*capsys.readouterr()]
    assert r"left\u202eright" in said[0]
    assert all(map(is_clean, said)), said


@pytest.mark.skipif(sys.platform == "win32", reason="no such names")
def test_what_was_found_in_a_folder(tmp_path, capsys):
    folder = tmp_path / "ev\x1b[31mil"
    for name in ("a\u202eb", "c\x1b[2Jd"):
        (folder / name).mkdir(parents=True)
    assert cli.main(["init", str(folder), "--out", str(tmp_path / "x.toml")]) == 1
    assert is_clean("".join(capsys.readouterr()))
