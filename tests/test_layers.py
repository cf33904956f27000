"""Which module may import what, and which may print: read from their syntax trees."""

import ast
import sys

import pytest

from tests.tiny import ROOT

MODULES = sorted((ROOT / "builder").glob("*.py"))
SCRIPTS = [
    ROOT / name / f"{name}.py" for name in ("coco_stuff_trimmed", "siim_isic_small")
]
# What the modules do without whose docstring calls them pure.
IMPURE = {"fsspec", "os", "time", "random", "socket", "shutil", "tempfile", "requests",
          "urllib3", "huggingface_hub"}  # fmt: skip


def imported(tree):
    """Return the top-level names of everything that is imported, wherever."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.add(node.module.split(".")[0])
    return found


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def is_pure(path):
    return (
        (ast.get_docstring(parse(path)) or "").split("\n")[0].lower().endswith("pure.")
    )


PURE = [path for path in MODULES if is_pure(path)]


def test_the_modules_of_selection_and_planning_call_themselves_pure():
    names = {path.stem for path in PURE}
    assert names >= {
        "coco", "isic", "selection", "names", "tables", "digests", "card_blocks",
    }  # fmt: skip


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.stem)
def test_pure_modules_have_no_way_out(path):
    tree = parse(path)
    assert not imported(tree) & IMPURE
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {"open", "input"}
    for node in ast.walk(tree):
        # The global generator of NumPy, and its legacy functions.
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Attribute)
            and node.value.attr == "random"
        ):
            assert node.attr in {"RandomState", "default_rng", "Generator"}


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.stem)
def test_pure_modules_import_pure_ones_only(path):
    own = {"errors", "model", "recipes", "urls", *(p.stem for p in PURE)}
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("builder."):
            assert node.module.split(".")[1] in own


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_need_only_datasets_and_the_standard_library(path):
    assert imported(parse(path)) <= {"datasets", *sys.stdlib_module_names}
    assert "datasets" in imported(parse(path))


def test_only_the_command_line_prints_and_exits():
    for path in [*MODULES, *SCRIPTS]:
        calls = {
            node.func.id
            for node in ast.walk(parse(path))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if path.name != "cli.py":
            assert "print" not in calls, path
        assert not calls & {"exit", "quit", "eval", "exec", "breakpoint"}, path
        if path.name not in {"cli.py", "__main__.py"}:
            assert "sys.exit" not in path.read_text(encoding="utf-8"), path


def test_no_module_imports_the_command_line():
    for path in MODULES:
        if path.name != "__main__.py":
            text = path.read_text(encoding="utf-8")
            assert "from builder.cli.main" not in text, path
            assert "import builder.cli.main" not in text, path
