"""What is read of a folder lies in it: snapshots of the Hub, links, pipes, cycles."""

import os
import shutil
from pathlib import Path

import pytest

from builder import report, verify
from builder.errors import OutputError, VerifyError
from builder.output.check import check_build, read_build, read_finished
from builder.output.folder import Folder
from builder.output.records import LAST, LOCK, README
from tests.hostile_folders import make_outside, put, untouched
from tests.tiny_build import make_build

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
SHARD = "data/default/test-00000-of-00001.parquet"


def check(folder):
    """Check a folder as `verify` does, which knows the recipe of no tiny build."""
    root = Folder(folder)
    return list(check_build(root, read_finished(root, VerifyError)))


READERS = {
    "verify": check,
    "report": lambda folder: report(folder, folder.parent / "page.html"),
    "push": read_build,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_build(tmp_path_factory.mktemp("made") / "built", configs=("default",))


@pytest.fixture
def built(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "built"))


@pytest.fixture
def outside(tmp_path):
    return make_outside(tmp_path)


def as_snapshot(built, hub):
    """Lay a build out as `huggingface_hub` does: links to blobs, beside a `refs`."""
    snapshot = hub / "datasets--me--x/snapshots" / ("a" * 40)
    blobs = hub / "datasets--me--x/blobs"
    blobs.mkdir(parents=True)
    for number, path in enumerate(sorted(p for p in built.rglob("*") if p.is_file())):
        blob = blobs / f"{number:064x}"
        shutil.copy(path, blob)
        link = snapshot / path.relative_to(built)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
    return snapshot


@pytest.mark.parametrize("by_link", [False, True])
def test_a_snapshot_of_the_hub_is_read_like_a_folder(built, tmp_path, by_link):
    snapshot = as_snapshot(built, tmp_path / "hub")
    if by_link:  # a cache on another disk
        (tmp_path / "linked").symlink_to(tmp_path / "hub")
        snapshot = tmp_path / "linked" / snapshot.relative_to(tmp_path / "hub")
    with untouched(tmp_path / "hub"):
        ours, theirs = read_build(built), read_build(snapshot)
        assert theirs.files == ours.files
        with theirs.open(README) as file:
            assert file.read() == (built / README).read_bytes()
        assert check(snapshot) == []
        pages = [report(f, tmp_path / f"{f.name}.html") for f in (built, snapshot)]
    assert pages[0].path.read_bytes() == pages[1].path.read_bytes()


def test_a_snapshot_verifies(builds, tmp_path):
    snapshot = as_snapshot(builds["siim_isic_small"], tmp_path)
    with untouched(tmp_path):
        assert verify(snapshot).faults == ()


def test_only_a_snapshot_may_lead_to_blobs(built, tmp_path):
    snapshot = as_snapshot(built, tmp_path / "hub")
    moved = snapshot.rename(snapshot.parent.parent / "elsewhere")
    for link in moved.rglob("*"):
        if link.is_symlink():
            blob = link.readlink().name
            link.unlink()
            link.symlink_to(tmp_path / "hub/datasets--me--x/blobs" / blob)
    with pytest.raises(OutputError, match=r"manifest\.json: leads to .*/blobs/"):
        read_build(moved)


def test_a_snapshot_leads_to_its_own_blobs_alone(built, tmp_path, outside):
    snapshot = as_snapshot(built, tmp_path / "hub")
    other = tmp_path / "hub/datasets--me--other/blobs"
    other.mkdir(parents=True)
    for target in (outside / "mine", shutil.copy(built / SHARD, other / "0")):
        (snapshot / SHARD).unlink()
        (snapshot / SHARD).symlink_to(target)
        with pytest.raises(OutputError, match="out of the folder: expected a file of"):
            read_build(snapshot)


def test_blobs_that_lie_elsewhere_are_not_those_of_a_snapshot(built, tmp_path, outside):
    snapshot = as_snapshot(built, tmp_path / "hub")
    blobs = tmp_path / "hub/datasets--me--x/blobs"
    blobs.rename(outside / "blobs")
    blobs.symlink_to(outside / "blobs")
    with pytest.raises(OutputError, match="out of the folder: expected a file of"):
        read_build(snapshot)


def test_blobs_beside_any_folder_of_snapshots_are_not_the_hubs(built, tmp_path):
    snapshot = as_snapshot(built, tmp_path / "hub")
    mine = (tmp_path / "hub/datasets--me--x").rename(tmp_path / "mine")
    with pytest.raises(OutputError, match="out of the folder: expected a file of"):
        read_build(mine / "snapshots" / snapshot.name)


@pytest.mark.parametrize("reader", READERS)
def test_links_within_a_build_are_fine(built, tmp_path, reader):
    (built / ".here").mkdir()
    (built / SHARD).rename(built / ".here/shard")
    (built / SHARD).symlink_to(
        os.path.relpath(built / ".here/shard", built / "data/default")
    )
    put("link upwards", built / "data/again", tmp_path)
    with untouched(built):
        assert READERS[reader](built) is not None
        assert check(built) == []


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", [LAST, SHARD, README, LOCK])
@pytest.mark.parametrize("kind", ["link to a file", "pipe", "socket", "link to itself"])
def test_what_is_no_file_of_a_build_is_refused(
    kind, name, reader, built, outside, tmp_path
):
    put(kind, built / name, outside)
    with untouched(tmp_path):
        if reader == "report" and name in {README, LOCK}:
            return  # it reads neither
        with pytest.raises((OutputError, VerifyError)) as caught:
            READERS[reader](built)
    told = str(caught.value)
    assert f"{built}/{name}: " in told
    assert (
        "out of the folder" if kind == "link to a file" else "expected a file"
    ) in told


@pytest.mark.parametrize("reader", ["verify", "push"])
def test_a_linked_folder_that_leads_out_is_refused(reader, built, outside):
    put("link to a folder", built / "more", outside)
    with pytest.raises(OutputError, match=r"more: leads to .*/outside, out of the"):
        READERS[reader](built)


def test_what_is_hidden_may_lead_anywhere(built, outside):
    """Links of git or of an editor, which nobody reads."""
    (built / ".git").mkdir()
    put("link to a folder", built / ".git/out", outside)
    put("link to nothing", built / ".#card.md", outside)
    assert read_build(built).files == read_build(built).files


@pytest.mark.parametrize("name", ["../outside/mine", "data/../../outside/mine"])
def test_no_name_leads_out(name, built, outside):
    with pytest.raises(OutputError, match="out of the folder"):
        Folder(built).read(name)
    assert Folder(built).read("data/../README.md") == (built / README).read_bytes()


def test_a_device_is_no_file(built):
    (built / ".null").symlink_to("/dev/null")
    with pytest.raises(OutputError, match="leads to /dev/null"):
        Folder(built).read(".null")


def test_what_the_manifest_lists_through_a_link_is_refused(built, outside, tmp_path):
    """A folder outside, with the very files that the manifest lists."""
    shutil.copytree(built / "data", outside / "data")
    shutil.rmtree(built / "data")
    (built / "data").symlink_to(outside / "data")
    for reader in READERS.values():
        with pytest.raises(OutputError, match="out of the folder"):
            reader(built)
