"""Own files: reached through no link, new under a name of their own, whole or not."""

import ast
import os
import stat

import pytest

from builder.sources import own_files
from builder.sources.own_files import InTheWayError
from tests.hostile_folders import KINDS, LINKS, make_outside, put, untouched
from tests.tiny import ROOT, snapshot

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")


@pytest.fixture
def outside(tmp_path):
    return make_outside(tmp_path)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture(params=[True, False], ids=["descriptors", "paths"])
def way(request, monkeypatch):
    """As on Windows, too, where there are no descriptors of folders."""
    monkeypatch.setattr(own_files, "_HAS_DIR_FD", request.param)


@pytest.mark.parametrize("at", ["data", "data/car"])
@pytest.mark.parametrize("kind", LINKS)
def test_no_call_goes_through_a_link(kind, at, root, outside, way):
    put(kind, root / at, outside)
    (root / "a").write_text("ours")
    with untouched(root, outside):
        for call in (
            lambda name: own_files.create(str(root), name),
            lambda name: own_files.replace(str(root), name, b"x"),
            lambda name: own_files.move(str(root), "a", name),
            lambda name: own_files.move(str(root), name, "a"),
            lambda name: own_files.remove(str(root), name),
            lambda name: own_files.status(str(root), name),
        ):
            with pytest.raises(InTheWayError, match="found a symbolic link to") as e:
                call(f"{at}/mine")
            assert e.value.filename == at
        own_files.remove_empty(str(root), f"{at}/car")


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_file_is_new(kind, root, outside, way):
    put(kind, root / "a", outside)
    with untouched(root, outside), pytest.raises(FileExistsError):
        own_files.create(str(root), "a")
    with untouched(root, outside):
        assert not own_files.remove(str(root), "a")
    with untouched(outside), own_files.writing(str(root), "a", "b/tmp") as file:
        file.write(b"whole")
    assert (root / "a").read_bytes() == b"whole"
    assert not (root / "a").is_symlink()
    assert [path.name for path in sorted(root.rglob("*"))] == ["a", "b"]


def test_a_hard_link_is_never_written_to(root, outside, way):
    os.link(outside / "mine", root / "a")
    os.link(outside / "mine", root / "b")
    with own_files.writing(str(root), "a", "tmp") as file:
        file.write(b"new")
    own_files.replace(str(root), "b", b"new")
    assert (outside / "mine").read_text() == "mine"
    assert (root / "a").read_bytes() == (root / "b").read_bytes() == b"new"


def test_a_folder_that_is_swapped_meanwhile_leads_nowhere(root, outside):
    (root / "data").mkdir()

    def write():
        with own_files.writing(str(root), "data/mine", "tmp") as file:
            file.write(b"x")
            (root / "data").rmdir()
            (root / "data").symlink_to(outside)

    with untouched(outside), pytest.raises(InTheWayError, match="a symbolic link"):
        write()
    assert [path.name for path in root.iterdir()] == ["data"]


def test_what_was_opened_is_what_is_written_to(root, outside):
    """The folder that was opened counts, not what its name leads to by then."""
    (root / "data").mkdir()
    with own_files.reached(str(root), "data/new") as (base, folder):
        (root / "data").rename(root / "old")
        (root / "data").symlink_to(outside)
        with untouched(outside):
            os.close(os.open(base, own_files._NEW, dir_fd=folder))
    assert (root / "old/new").exists()


def test_only_files_and_empty_folders_go(root, way):
    (root / "full/deep").mkdir(parents=True)
    (root / "full/file").touch()
    assert not own_files.remove(str(root), "full")
    assert not own_files.remove(str(root), "none/none")
    assert not own_files.remove(str(root), "full/file/none")
    own_files.remove_empty(str(root), "full")
    assert (root / "full/file").exists()
    assert own_files.remove(str(root), "full/file")
    for name in ("full/deep", "full"):
        own_files.remove_empty(str(root), name)
    assert list(root.iterdir()) == []


def test_the_root_may_be_a_link_and_is_made(tmp_path, outside, way):
    (tmp_path / "linked").symlink_to(outside)
    own_files.replace(str(tmp_path / "linked"), "new/a", b"x")
    assert (outside / "new/a").read_bytes() == b"x"
    own_files.replace(str(tmp_path / "none/none"), "a", b"x")
    mode = (tmp_path / "none/none/a").stat().st_mode
    (tmp_path / "as usual").touch()
    assert mode == (tmp_path / "as usual").stat().st_mode


def test_a_walk_enters_no_link_and_no_cycle(root, outside):
    (root / "data/car").mkdir(parents=True)
    (root / "data/car/a").touch()
    put("link upwards", root / "data/up", outside)
    put("link to a folder", root / "data/out", outside)
    put("pipe", root / "data/pipe", outside)
    found = dict(own_files.walk(str(root)))
    assert sorted(found) == [
        "data", "data/car", "data/car/a", "data/out", "data/pipe", "data/up",
    ]  # fmt: skip
    assert sorted(name for name, _ in own_files.walk(str(root), "data/car")) == [
        "data/car/a"
    ]
    skipped = own_files.walk(str(root), skip=lambda name: name == "data/car")
    assert "data/car/a" not in [name for name, _ in skipped]


def test_what_lies_there_is_told(root, outside):
    told = []
    for kind in ("link to a file", "pipe", "socket"):
        put(kind, root / "a", outside)
        told.append(own_files.described(str(root / "a")))
    assert told == [
        f"a symbolic link to {outside}/mine", "a named pipe", "a socket",
    ]  # fmt: skip
    assert own_files.described(str(outside / "mine")) == "a file"
    assert stat.S_ISDIR(outside.stat().st_mode)
    assert own_files.described(str(outside)) == "a folder"
    assert len({own_files.token() for _ in range(10)}) == 10
    assert snapshot(outside)


# Who else writes or removes: a folder that was made and is empty; new files, which are
# refused where something is; a hard link; a file in a temporary folder of its own.
ELSEWHERE = {
    "output/hold.py": {"mkdir", "rmdir"},
    "output/share.py": {"link", "unlink"},
    "sources/cache.py": {"rmdir"},
    "sources/scratch.py": {"mkdir"},
    "pipeline/init.py": {"open x", "unlink"},
    "hub/client.py": {"open wb"},
}
CALLS = {
    "link", "makedirs", "mkdir", "removedirs", "rmdir", "rmtree", "symlink",
    "symlink_to", "hardlink_to", "touch", "unlink", "write_bytes", "write_text",
}  # fmt: skip


def test_nothing_else_writes_or_removes_files():
    found = {}
    for path in sorted((ROOT / "builder").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            modes = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
            modes = [
                mode for mode in modes if mode in {"w", "wb", "x", "xb", "a", "ab"}
            ]
            if name == "open" and modes:
                name = f"open {modes[-1]}"
            elif name not in CALLS or not isinstance(node.func, ast.Attribute):
                continue
            found.setdefault(path.relative_to(ROOT / "builder").as_posix(), set()).add(
                name
            )
    assert found.pop("sources/own_files.py") >= {"unlink", "rmdir", "mkdir"}
    stores = found.pop("output/folder.py")  # of fsspec, for object stores
    assert stores <= {"open wb", "makedirs"}
    assert found == ELSEWHERE
