"""An output folder that somebody prepared: nothing outside of it is touched."""

import json
import os
import shutil
from pathlib import Path

import pytest

from builder import export
from builder.cli.main import main
from builder.errors import OutputError
from builder.output.folder import Folder
from builder.output.records import KIND, LAST, MARK, SHARDS, STATE
from builder.output.share import Sharing
from builder.output.state import begin, check_output, finish
from tests.hostile_folders import LINKS, make_outside, put, untouched
from tests.output.test_state import OWN, record
from tests.small import COCO, COCO_OPTIONS, COCO_RECIPE, ISIC, build_from
from tests.tiny import contents, snapshot

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
NAMES = ("README.md", "data/car/train-00000-of-00001.parquet", "figures/a.webp")
HALF = f"{STATE}/{'ab' * 16}.tmp"


@pytest.fixture
def outside(tmp_path):
    return make_outside(tmp_path)


@pytest.fixture(params=["finished", "unfinished"])
def root(request, tmp_path):
    """Return a folder with three files, all of which are trimset's."""
    root = Folder(tmp_path / "out")
    output = begin(root, key="k", **OWN)
    for name in NAMES:
        root.write(name, name.encode())
    finish(output, record("k", *NAMES), keep=set(NAMES))
    if request.param == "unfinished":
        begin(root, key="k", **OWN)
        root.write(f"{SHARDS}/{'0' * 64}.json", b"{}")
    return root


PLACES = (
    *NAMES, "data", "data/car", "figures", LAST, STATE, SHARDS, MARK, HALF,
    f"{SHARDS}/{'0' * 64}.json", "data/notes.txt",
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["link to a folder", "link to itself", "pipe"])
def test_what_no_build_makes_is_refused_before_all_else(
    kind, place, root, outside, tmp_path
):
    path = Path(root.full(place))
    put(kind, path, outside)
    with untouched(tmp_path):
        for call in (check_output, lambda *a, **b: begin(*a, key="k", **b)):
            with pytest.raises(OutputError) as caught:
                call(root, **OWN)
            told = str(caught.value)
            if "no manifest.json of trimset" in told:
                continue  # what says whose it is was taken away
            found = "a named pipe" if kind == "pipe" else "a symbolic link to "
            assert told.startswith(f"{root.url}/{place}: expected a f")
            assert f"found {found}" in told
            assert told.endswith(", or give another --out")


@pytest.mark.parametrize("place", ["README.md", "selection.json", LAST])
def test_a_folder_in_the_place_of_a_file_is_told_early(place, root, tmp_path, outside):
    path = Path(root.full(place))
    path.unlink(missing_ok=True)
    (path / "deep").mkdir(parents=True)
    (path / "deep/mine").write_text("mine")
    with untouched(tmp_path), pytest.raises(OutputError) as caught:
        begin(root, key="k", **OWN)
    words = (f"{place}: expected a file, found a folder", f"no {LAST} of trimset")
    assert any(said in str(caught.value) for said in words)


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_that_comes_later_is_met_when_it_is_written(kind, tmp_path, outside):
    root = Folder(tmp_path / "out")
    output = begin(root, key="k", **OWN)
    put(kind, tmp_path / "out/data", outside)
    with untouched(outside):
        for call in (root.remove, lambda name: root.write(name, b"x")):
            with pytest.raises(OutputError) as caught:
                call("data/a.jpg")
            # what is read leads out, or nowhere, and what is written meets the link
            assert f"{tmp_path}/out/data" in str(caught.value)
    (tmp_path / "out/data").unlink()
    put("link to a folder", tmp_path / f"out/{STATE}", outside)
    with untouched(outside), pytest.raises(OutputError, match=r"leads to|link to"):
        finish(output, record("k"), keep=set())


def test_hard_links_to_files_of_others_are_replaced(root, outside):
    for name in (*NAMES, HALF, MARK, f"{SHARDS}/{'0' * 64}.json"):
        path = Path(root.full(name))
        path.parent.mkdir(exist_ok=True, parents=True)
        path.unlink(missing_ok=True)
        os.link(outside / "mine", path)
    if Path(root.full(LAST)).exists():
        Path(root.full(MARK)).unlink()
    else:
        root.write(MARK, json.dumps({
            "format": KIND, "key": "k", "previous": {"files": {}},
        }).encode())  # fmt: skip
    output = begin(root, key="k", **OWN)
    for name in NAMES:
        root.write(name, b"new")
    finish(output, record("k", *NAMES), keep=set(NAMES))
    assert (outside / "mine").read_text() == "mine"
    assert (outside / "mine").stat().st_nlink == 1
    assert root.files() == sorted([*NAMES, LAST])


def test_only_what_trimset_made_is_removed(root):
    mine = (
        f"{STATE}/mine", f"{STATE}/{'AB' * 16}.tmp", f"{SHARDS}/mine.json",
        f"{STATE}/deep/{'ab' * 16}.tmp", "data/car/mine",
    )  # fmt: skip
    for name in (*mine, HALF):
        Path(root.full(name)).parent.mkdir(parents=True, exist_ok=True)
        Path(root.full(name)).write_text("mine")
    # of the earlier output, but a folder of somebody else by now
    Path(root.full(NAMES[2])).unlink()
    (Path(root.full(NAMES[2])) / "mine").mkdir(parents=True)
    output = begin(root, key="k", **OWN)
    assert not root.exists(HALF)  # of a run that was killed
    finish(output, record("k"), keep=set())
    assert root.files() == sorted([*mine, LAST])
    assert root.exists(f"{NAMES[2]}/mine")
    assert not root.exists("README.md")
    for name in mine:
        Path(root.full(name)).unlink()
    Path(root.full(f"{STATE}/deep")).rmdir()
    output = begin(root, key="k", **OWN)
    finish(output, record("k"), keep=set())
    assert sorted(path.name for path in Path(root.path).iterdir()) == [
        "data", "figures", LAST,
    ]  # fmt: skip


def test_folders_that_are_empty_then_go(tmp_path):
    root = Folder(tmp_path / "out")
    output = begin(root, key="k", **OWN)
    for name in NAMES:
        root.write(name, b"x")
    finish(output, record("k", *NAMES), keep=set(NAMES))
    output = begin(root, key="other", overwrite=True, **OWN)
    finish(output, record("other"), keep=set())
    assert [path.name for path in (tmp_path / "out").iterdir()] == [LAST]


@pytest.mark.parametrize("url", ["out", "memory://taken/{}"])
def test_whoever_began_in_the_meantime_is_noticed(url, tmp_path):
    """Where a folder cannot be locked."""
    place = url.format(tmp_path.name) if ":" in url else tmp_path / url
    root = Folder(place)
    first = begin(root, key="one", **OWN)
    second = begin(root, key="two", **OWN)
    with pytest.raises(OutputError, match="another trimset wrote here meanwhile: see"):
        finish(first, record("one"), keep=set())
    finish(second, record("two"), keep=set())
    assert root.files() == [LAST]
    with pytest.raises(OutputError, match="another trimset wrote here meanwhile"):
        finish(first, record("one"), keep=set())


@pytest.mark.parametrize("command", ["build", "export"])
@pytest.mark.parametrize("kind", ["link to a folder", "link to itself", "pipe"])
def test_the_commands_say_it_in_one_line(
    command, kind, builds, exports, coco_source, copy_of, outside, tmp_path, capsys
):
    made = {"build": builds, "export": exports}[command][COCO]
    folder = copy_of(made, "out")
    place = {"build": "data", "export": "train2017"}[command]
    put(kind, folder / place, outside)
    options = [*COCO_OPTIONS] if command == "build" else [*COCO_OPTIONS[:6]]
    words = ["--source", coco_source, "--out", folder, *options, "--overwrite"]
    with untouched(tmp_path):
        assert main([command, COCO, *map(str, words)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"OutputError: {folder}/{place}: expected a file or a folder, found " in line


def test_a_folder_may_lie_on_another_disk(isic_source, builds, tmp_path):
    """A link to it is no link below it, and stays one."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk/out")
    build_from(ISIC, isic_source, tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert contents(tmp_path / "disk/out") == contents(builds[ISIC])


def test_a_killed_export_of_links_goes_on(exports, coco_source, tmp_path, monkeypatch):
    """With all that it may have left; the source is not written to."""
    left = iter(range(10))
    share = Sharing.share

    def stop(*args):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return share(*args)

    out = tmp_path / "out"
    with untouched(coco_source / "annotations"):
        with monkeypatch.context() as patch:
            patch.setattr(Sharing, "share", stop)
            with pytest.raises(KeyboardInterrupt):
                export(COCO, out, COCO_RECIPE, source=str(coco_source))
        (out / HALF).write_text("half")
        export(COCO, out, COCO_RECIPE, source=str(coco_source))
    assert contents(out) == contents(exports[COCO])


def test_what_shares_its_bytes_is_no_link_and_replaces_what_is_there(tmp_path, outside):
    source = tmp_path / "source/a.jpg"
    source.parent.mkdir()
    source.write_bytes(b"picture")
    root = Folder(tmp_path / "out")
    root.write("images/a.jpg", b"other")
    sharing = Sharing(root)
    before = source.stat().st_mtime_ns
    for name in ("images/a.jpg", "more/a.jpg"):
        assert sharing.share(source, name)
        assert root.read(name) == b"picture"
        assert not Path(root.full(name)).is_symlink()
    assert source.stat().st_mtime_ns == before
    put("link to a folder", Path(root.full("out")), outside)
    with untouched(outside), pytest.raises(OutputError, match="remove the link"):
        sharing.share(source, "out/a.jpg")
    # swapped for a link to another file after it was looked at
    put("link to a file", source, outside)
    with untouched(outside):
        assert not sharing.share(source, "images/b.jpg")
    assert not root.exists("images/b.jpg")
    assert not [name for name in root.files("images") if "tmp" in name]


def test_a_file_system_that_has_no_clones_is_asked_once(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    asked = []

    def ioctl(*args):
        asked.append(args)
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    sharing = Sharing(Folder(tmp_path / "out"))
    for number in range(3):
        source = tmp_path / f"{number}.jpg"
        source.write_bytes(b"x")
        assert sharing.share(source, f"images/{number}.jpg")
        assert (tmp_path / f"out/images/{number}.jpg").samefile(source)
    assert len(asked) == 1
    assert sorted(p.name for p in (tmp_path / "out" / STATE).iterdir()) == []
    shutil.rmtree(tmp_path / "out")
    assert snapshot(tmp_path)
