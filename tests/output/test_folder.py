"""A folder to write to: local, and in memory as an object store would be."""

import errno
import hashlib
import io
import os
import pickle
import shutil
from pathlib import Path
from uuid import uuid4

import fsspec
import numpy as np
import pytest

from builder.errors import OutputError
from builder.output.folder import Folder, HashingWriter
from builder.output.records import STATE
from builder.sources import own_files
from tests.tiny import snapshot


@pytest.fixture(params=["local", "relative", "file", "memory"])
def root(request, tmp_path, monkeypatch):
    """Return an empty root of each kind."""
    if request.param == "relative":
        monkeypatch.chdir(tmp_path)
        return Folder("out")
    if request.param == "file":
        return Folder(f"file://{tmp_path}/out")
    if request.param == "memory":
        return Folder(f"memory://{uuid4().hex}/out")
    return Folder(tmp_path / "out")


def test_what_is_written_is_read_again(root):
    assert root.is_empty()
    assert root.files() == []
    root.write("data/car/a.bin", b"one")
    with root.writing("b.bin") as file:
        file.write(b"t")
        file.write(memoryview(np.arange(3, dtype=np.int32)))
    two = b"t" + np.arange(3, dtype=np.int32).tobytes()
    assert (file.size, file.hexdigest()) == (13, hashlib.sha256(two).hexdigest())
    assert not root.is_empty()
    assert root.read("data/car/a.bin") == b"one"
    assert root.digest("b.bin") == (hashlib.sha256(two).hexdigest(), 13)
    assert [n for n in root.files() if not n.startswith(STATE)] == [
        "b.bin",
        "data/car/a.bin",
    ]
    assert root.exists("data/car")
    again = pickle.loads(pickle.dumps(root))
    assert again.read("b.bin") == two
    assert (again.url, again.path, again.is_local) == (
        root.url,
        root.path,
        root.is_local,
    )
    root.remove("data")  # no file
    assert root.exists("data/car/a.bin")
    root.remove("data/car/a.bin")
    root.remove("data/car/a.bin")
    assert not root.exists("data/car/a.bin")


@pytest.mark.parametrize(
    "name",
    ["a::b", "zip::a", "file:a", "local:a", "~root", "a*[b]?", "a#b", "a%20b", "-a",
     "a\nb", "a b", "{a}", "..a", "ü→猫"],
)  # fmt: skip
def test_a_local_path_is_one_name_as_it_stands(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given in (name, str(tmp_path / name), Path(name)):
        root = Folder(given)
        assert root.path == str(tmp_path / name)
        root.write("a/b", b"x")
        assert pickle.loads(pickle.dumps(root)).read("a/b") == b"x"
        assert [path.name for path in tmp_path.iterdir()] == [name]
        shutil.rmtree(tmp_path / name)


def test_home_is_where_the_shell_says(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Folder("~/a").path == str(tmp_path / "a")


def test_what_is_not_there_is_none(root):
    root.write("a", b"x")
    for name in ("none", "none/deep", "."):
        assert root.read(name) is None
        assert root.digest(name) is None
    assert root.read("a/below") is None


def write_half(root, name, stop):
    with root.writing(name) as file:
        file.write(b"half" * 10**5)
        raise stop("mine")


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("name", ["old", "new", "deep/new"])
def test_half_a_file_never_appears(root, stop, name):
    root.write("old", b"whole")
    with pytest.raises(stop, match="mine"):
        write_half(root, name, stop)
    assert root.files() == ["old"]
    assert root.read("old") == b"whole"


def test_a_failing_disk_is_told_in_one_line(root):
    for number, message in (
        (errno.ENOSPC, "no room left for a; what is finished stays: free some"),
        (errno.EDQUOT, "no room left for a; what is finished stays: free some"),
        (errno.EACCES, "cannot write a: Permission denied; check the folder"),
        (errno.EIO, "cannot write a: Input/output error; check the folder"),
    ):
        with pytest.raises(OutputError, match=message) as caught, root.writing("a"):
            raise OSError(number, os.strerror(number))
        assert str(caught.value).startswith(f"{root.url}: ")
        assert isinstance(caught.value.__cause__, OSError)
    assert root.files() == []


class FullFile(io.RawIOBase):
    """A file that fails when it is closed, as one on a full disk does."""

    def writable(self):
        return True

    def write(self, data):
        return len(data)

    def close(self):
        raise OSError(errno.ENOSPC, "No space left on device")

    def __del__(self):
        """Do not close again."""


def test_a_disk_that_is_full_at_the_end_is_told(root, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(root.fs, "open", lambda *_: FullFile())
        patch.setattr(own_files, "create", lambda *_: FullFile())
        with pytest.raises(OutputError, match="no room left for a"), root.writing("a"):
            pass
    assert root.read("a") is None


def test_the_same_bytes_are_not_written_again(tmp_path):
    root = Folder(tmp_path)
    root.write("a", b"x")
    before = snapshot(tmp_path)
    root.write("a", b"x")
    assert snapshot(tmp_path) == before
    root.write("a", b"y")
    assert root.read("a") == b"y"


def test_a_file_of_another_size_is_not_read_to_compare_it(tmp_path, monkeypatch):
    root = Folder(tmp_path)
    root.write("a", b"")
    os.truncate(tmp_path / "a", 1 << 20)
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "read", lambda *_: pytest.fail("it was read"))
        root.write("a", b"small")
    assert root.read("a") == b"small"


def test_no_more_is_read_than_asked_for(root):
    root.write("a", b"12345")
    assert [root.read("a", most) for most in (None, 6, 5, 4, 0)] == [
        b"12345", b"12345", b"12345", b"12345", b"1",
    ]  # fmt: skip
    assert root.read("a", 2) == b"123"
    assert root.read("none", 2) is None


def test_a_folder_in_the_way_is_an_error_and_stays(tmp_path):
    root = Folder(tmp_path)
    root.write("a/b", b"x")
    with pytest.raises(OutputError, match="cannot write a: Is a directory"):
        root.write("a", b"y")
    with pytest.raises(OutputError, match="cannot write a/b/c: "):
        root.write("a/b/c", b"y")
    assert root.files() == ["a/b"]


def test_only_empty_folders_are_removed(tmp_path):
    root = Folder(tmp_path)
    root.write("a/x", b"")
    root.write("b/x", b"")
    root.remove("a/x")
    root.remove_empty(["a", "b"])
    assert sorted(p.name for p in tmp_path.iterdir()) == [STATE, "b"]


class Uploading(fsspec.AbstractFileSystem):
    """An object store: a file is there once its upload is finished."""

    protocol = "uploading"
    cachable = False
    stored: dict = {}  # noqa: RUF012 (one for all, as a store is)

    def _open(self, path, mode="rb", **_):
        return Upload(self, path, mode, block_size=4)


class Upload(fsspec.spec.AbstractBufferedFile):
    """An upload in parts."""

    def _initiate_upload(self):
        self.parts = []

    def _upload_chunk(self, final=False):
        self.parts.append(self.buffer.getvalue())
        if final and self.autocommit:
            self.commit()
        return True

    def commit(self):
        self.fs.stored[self.path] = b"".join(self.parts)

    def discard(self):
        self.parts = None


def test_a_broken_upload_does_not_appear_in_an_object_store(monkeypatch):
    fsspec.register_implementation("uploading", Uploading, clobber=True)
    root = Folder("uploading://bucket")
    with pytest.raises(ValueError, match="mine"):
        write_half(root, "a", ValueError)
    assert Uploading.stored == {}
    with root.writing("a") as file:
        file.write(b"0123456789")
        file.write(b"ab")
    (name,) = Uploading.stored
    assert name.endswith("bucket/a")
    assert Uploading.stored.pop(name) == b"0123456789ab"


def test_the_writer_writes_all_of_a_view_and_counts_bytes():
    out = io.BytesIO()
    writer = HashingWriter(out)
    assert writer.writable()
    assert writer.write(memoryview(np.ones(5, dtype=np.int64))) == 40
    assert writer.size == 40
    assert Path(STATE).name == STATE
    assert writer.hexdigest() == hashlib.sha256(out.getvalue()).hexdigest()
