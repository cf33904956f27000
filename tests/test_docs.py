"""The documents name what there is, and nothing that there is not."""

import itertools
import re
import shlex
from importlib.util import find_spec
from typing import get_args

import pytest
from datasets import load_dataset
from PIL import Image

import builder
from builder.cli import main as cli
from builder.cli.commands import COMMANDS
from builder.cli.options import make_parser
from builder.datasets import registry
from builder.datasets.recipe_file import read_recipe_file
from builder.datasets.recipe_record import Rule
from tests import readme_picture, screenshots
from tests.drawn_folders import DRAWN
from tests.floors import tomllib
from tests.tiny import ROOT

PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("README.md", "CONTRIBUTING.md", "tests/benchmarks/README.md")
}
README, CONTRIBUTING, BENCHMARKS = PAGES.values()
ROOMS = sorted(file.parent.name for file in ROOT.glob("builder/*/__init__.py"))
# What a path in the documents begins with, if it is one of this repository.
TOP = ("builder/", "tests/", "coco_stuff_trimmed/", "siim_isic_small/",
       "ham10000_small/", ".ci/")  # fmt: skip


def commands():
    """Return the parser of each command."""
    (action,) = [
        a for a in make_parser(COMMANDS)._actions if isinstance(a.choices, dict)
    ]
    return action.choices


@pytest.mark.parametrize("name", commands())
def test_each_command_is_in_the_readme(name):
    assert re.search(rf"\btrimset +{name}\b", README)


def test_every_command_line_of_the_readme_is_one_that_parses():
    lines = "\n".join(fences("(?:bash|sh|console)")).replace("\\\n", " ").splitlines()
    found = [re.sub(r"\s#.*", "", line) for line in lines if "trimset " in line]
    assert found
    for line in found:
        words = line.split("trimset ", 1)[1].replace('"', "").split()
        assert words[0] in commands(), line
        options = commands()[words[0]]._option_string_actions
        for word in words:
            if word.startswith("--"):
                assert word.split("=")[0] in options, line


def fences(language, text=README):
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


OWN = README.split("## Your own images")[1].split("\n## ")[0]


@pytest.mark.parametrize("kind", DRAWN)
def test_the_three_commands_of_ones_own_images_do(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    DRAWN[kind](tmp_path / "my_data")
    (shell,), (python,) = fences("bash", OWN), fences("python", OWN)
    lines = [shlex.split(line, comments=True) for line in shell.splitlines()]
    assert [words[:2] for words in lines] == [["trimset", "init"], ["trimset", "build"]]
    for words in lines:
        assert cli.main(words[1:]) == 0
    (place,) = re.findall(r'load_dataset\("(.+)"\)', python)
    loaded = load_dataset(place, cache_dir=str(tmp_path / "cache"))
    assert loaded["train"][0]["image"].size == (32, 24)


def test_recipes_of_the_readme_are_recipes_of_each_kind():
    recipes = [
        read_recipe_file(text.encode(), where="README.md") for text in fences("toml")
    ]
    assert [recipe.kind for recipe in recipes] == ["coco", "table"]


def test_every_rule_is_in_the_readme():
    named = re.findall(r"^\| `(\w+)` \| .+ \| (both|`\w+`) \|$", OWN, re.MULTILINE)
    assert {name for name, _ in named} == set(get_args(Rule))


def test_every_dataset_that_comes_with_it_is_in_the_readme():
    (head,) = re.findall(r"^\| \|( `.+`) \|$", README, re.MULTILINE)
    assert re.findall(r"`(\w+)`", head) == registry.names()


def test_every_target_of_make_that_the_readme_names_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert named <= targets
    assert {"demo", "test"} <= named


def test_what_the_readme_imports_from_the_library_is_public():
    (names,) = re.findall(r"^from builder import (.+)$", README, re.MULTILINE)
    assert set(names.split(", ")) <= set(builder.__all__)


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ASKED = [
    *PROJECT["dependencies"],
    *itertools.chain.from_iterable(PROJECT["optional-dependencies"].values()),
]


def test_contributing_is_short():
    assert len(CONTRIBUTING.splitlines()) < 100


@pytest.mark.parametrize("words", sorted(set(ASKED)))
def test_contributing_says_why_a_dependency_is_there(words):
    name = re.split(r"[\[>;]", words)[0]
    assert f"`{name}`" in CONTRIBUTING


@pytest.mark.parametrize("words", PROJECT["dependencies"])
def test_contributing_says_why_a_floor_is_what_it_is(words):
    name, floor = words.partition(";")[0].split(">=")
    assert re.search(
        rf"^\| `{name}` \| {re.escape(floor)} \| \w", CONTRIBUTING, re.MULTILINE
    )


def test_contributing_names_every_room_and_no_other():
    named = re.findall(r"^\| `(\w+)/` \|", CONTRIBUTING, re.MULTILINE)
    assert sorted(named) == ROOMS


@pytest.mark.parametrize("page", PAGES)
def test_each_file_that_is_named_is_there(page):
    found = [
        path for path in re.findall(r"`([^`\s]+)`", PAGES[page]) if path.startswith(TOP)
    ]
    links = re.findall(r"\]\(([^):\s]+)\)", PAGES[page])
    assert found or links
    for path in found:
        assert (ROOT / path).exists(), path
    for path in links:
        assert ((ROOT / page).parent / path).exists(), path


@pytest.mark.parametrize("page", PAGES)
def test_each_module_that_is_to_be_run_is_there(page):
    for name in re.findall(r"python -m (tests[\w.]*)", PAGES[page]):
        assert find_spec(name), name


def test_each_benchmark_is_listed_and_each_that_is_listed_is_there():
    table = BENCHMARKS.split("\n## ")[0]
    listed = set(re.findall(r"^\| `(\w+)[^`]*` \|", table, re.MULTILINE))
    there = {file.stem for file in ROOT.glob("tests/benchmarks/*.py")}
    assert listed <= there
    assert {name for name in there if name.startswith(("bench_", "trial_"))} <= listed


@pytest.mark.parametrize(
    "path",
    [readme_picture.PICTURE, screenshots.REPORT, screenshots.CARD],
    ids=lambda path: path.stem,
)
def test_the_picture_is_small_and_has_its_place(path):
    assert f"]({path.relative_to(ROOT).as_posix()})" in README
    assert path.stat().st_size < 90_000
    with Image.open(path) as picture:
        assert picture.width > picture.height > 400
