"""Which room may import which, and what must not stand in it: read from the syntax.

Every module of `builder` is read, with its imports inside functions and those for
types alone, and no module is an exception.
"""

import ast
import re
import sys
from functools import cache

import pytest

from builder.datasets import registry
from tests.tiny import ROOT

BUILDER = ROOT / "builder"
MODULES = sorted(BUILDER.rglob("*.py"))
SCRIPTS = [ROOT / name / f"{name}.py" for name in registry.studies()]

# A room may import those that are named for it, all of which stand above it.
ROOMS = {
    "errors": set(),
    "version": set(),
    "limits": set(),
    "sources": {"errors", "limits", "version"},
    "images": {"errors", "limits"},
    "selection": {"errors", "limits", "sources", "images"},
    "audit": {"errors", "limits", "images", "selection"},
    "output": {"errors", "limits", "version", "sources", "images", "selection"},
    "card": {"errors", "limits", "images"},
    "page": {"errors", "limits", "images", "output"},
    "datasets": {"errors", "limits", "sources", "images", "selection", "audit", "card"},
    "pipeline": {
        "errors", "limits", "version", "sources", "images", "selection", "output",
        "card", "page", "datasets",
    },
    "hub": {"errors", "limits", "version", "sources", "output", "card"},
    "cli": {
        "errors", "limits", "version", "sources", "selection", "output", "card",
        "datasets", "pipeline", "hub",
    },
    "__init__": {"errors", "limits", "version", "datasets", "pipeline", "hub"},
    "__main__": {"cli"},
}  # fmt: skip
# These take only the types of others: nothing of them is imported when they run.
TYPES_ONLY = {"selection": {"sources", "images"}}
# Of a room of which others may not use everything.
ONLY = {("hub", "sources"): {"builder.sources.retry"}}
# Values in, values out: no way to a file, a clock, chance or the network.
PURE = {"images", "selection", "audit", "card"}
IMPURE = {
    "fsspec", "http", "huggingface_hub", "os", "pathlib", "random", "requests",
    "shutil", "socket", "subprocess", "tempfile", "time", "urllib",
    "urllib3",
}  # fmt: skip
# The words by which one would know that a room knows a dataset.
WORDS = re.compile("|".join(["coco", "isic", *registry.names()]), re.IGNORECASE)


def room_of(path):
    """Return the room of a module: its folder, or the module itself at the top."""
    inside = path.relative_to(BUILDER).parts
    return inside[0].removesuffix(".py")


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree):
    """Yield the full name of each import, and whether it is for types alone."""
    for_types = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for inner in node.body:
                for_types |= {id(part) for part in ast.walk(inner)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in for_types
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", id(node) in for_types


def own_imports(path):
    """Yield the module of `builder` that each import means, and whether for types."""
    known = {name_of(module) for module in MODULES}
    for imported, is_type in imports(parse(path)):
        parts = imported.split(".")
        ways = [".".join(parts[:stop]) for stop in range(len(parts), 0, -1)]
        found = [way for way in ways if way in known]
        if found:
            yield found[0], is_type


def top_level(name):
    return name.split(".")[0]


def ids(path):
    return str(path.relative_to(ROOT))


def test_there_are_these_rooms_and_no_others():
    assert {room_of(path) for path in MODULES} == set(ROOMS)
    folders = {path.name for path in BUILDER.iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == set(ROOMS) - {
        "errors", "version", "limits", "__init__", "__main__",
    }  # fmt: skip


def test_rooms_stand_on_rooms_above_them():
    seen = set()
    for room, allowed in ROOMS.items():
        assert allowed <= seen, room
        seen.add(room)


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_a_module_imports_what_its_room_may(path):
    room = room_of(path)
    for name, is_type in own_imports(path):
        other = name.split(".")[1] if "." in name else "__init__"
        if other == room:
            continue
        assert other in ROOMS[room], f"{room} imports {name}"
        if other in TYPES_ONLY.get(room, ()):
            assert is_type, f"{room} needs {name} when it runs"
        if (room, other) in ONLY:
            assert name in ONLY[room, other], f"{room} imports {name}"


def test_no_module_imports_itself_by_way_of_others():
    graph = {name_of(path): {name for name, _ in own_imports(path)} for path in MODULES}
    # What a package says of itself is no import of what lies in it.
    done, way = set(), []

    def visit(name):
        assert name not in way, " -> ".join([*way[way.index(name) :], name])
        if name not in done:
            way.append(name)
            for other in sorted(graph[name] - {name}):
                visit(other)
            done.add(way.pop())

    for name in graph:
        visit(name)
    assert done == set(graph)


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_only_the_room_of_datasets_names_one(path):
    if room_of(path) != "datasets":
        text = path.read_text(encoding="utf-8")
        assert [match[0] for match in WORDS.finditer(text)] == []


def test_only_the_room_of_datasets_imports_their_scripts():
    found = {
        room_of(path)
        for path in MODULES
        for name, _ in imports(parse(path))
        if top_level(name) in registry.names()
    }
    assert found == {"datasets"}


@pytest.mark.parametrize(
    "path", [path for path in MODULES if room_of(path) in PURE], ids=ids
)
def test_pure_rooms_have_no_way_out(path):
    tree = parse(path)
    assert not {top_level(name) for name, _ in imports(tree)} & IMPURE
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {"open", "input", "print"}
    # The global generator of NumPy, and its legacy functions.
    chance = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "random"
    }
    assert chance <= {"RandomState", "default_rng", "Generator"}


@pytest.mark.parametrize("room", sorted(PURE | set(ROOMS) - {"__init__", "__main__"}))
def test_a_room_says_what_may_enter_and_what_it_may_import(room):
    path = BUILDER / room / "__init__.py"
    if not path.exists():
        path = BUILDER / f"{room}.py"
        assert ast.get_docstring(parse(path))
        return
    text = " ".join((ast.get_docstring(parse(path)) or "").split())
    named = text.partition("May import: ")[2]
    assert named, f"{room} does not say what it may import"
    assert set(re.findall(r"[a-z]+", named)) >= ROOMS[room]


@pytest.mark.parametrize("path", SCRIPTS, ids=ids)
def test_scripts_need_only_datasets_and_the_standard_library(path):
    found = {top_level(name) for name, _ in imports(parse(path))}
    assert found <= {"datasets", *sys.stdlib_module_names}
    assert "datasets" in found


@pytest.mark.parametrize("path", [*MODULES, *SCRIPTS], ids=ids)
def test_only_the_command_line_prints_and_exits(path):
    tree = parse(path)
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"exit", "quit", "eval", "exec", "breakpoint"}
    room = room_of(path) if path in MODULES else "script"
    if room != "cli":
        assert "print" not in calls
        if room != "__main__":
            assert "sys.exit" not in path.read_text(encoding="utf-8")


# What they read is no source: what they wrote, and what comes with the package.
OWN_FILES = {
    "builder/datasets/prose.py",
    "builder/datasets/shipped.py",
    "builder/datasets/painted/isic.py",
    "builder/sources/own_files.py",
}


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if room_of(p) in {"sources", "datasets"}],
    ids=ids,
)
def test_sources_are_opened_as_regular_files(path):
    found = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in {"open", "os.open", "io.open", "io.FileIO"}:
                found.add(called)
            elif called.endswith((".read_bytes", ".read_text")) or (
                called.endswith(".open")
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(called.rpartition(".")[2])
    if ids(path) == "builder/sources/regular.py":
        assert found == {"os.open", "io.FileIO"}
    elif ids(path) not in OWN_FILES:
        # `Files.open("metadata")` is the way through them.
        assert found <= ({"open"} if "files.open(" in path.read_text() else set())


def test_one_module_knows_zips():
    for name in ("zipfile", "tarfile", "zipimport", "shutil.unpack_archive"):
        found = {
            ids(path)
            for path in MODULES
            for imported, _ in imports(parse(path))
            if imported == name or imported.startswith(f"{name}.")
        }
        assert found == ({"builder/sources/zips.py"} if name == "zipfile" else set())


def test_modules_are_short_enough_to_read():
    lines = {ids(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {path: n for path, n in lines.items() if n > 310} == {}
