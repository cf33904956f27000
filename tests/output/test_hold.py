"""One process at a time holds a folder, and whoever is killed holds nothing."""

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from builder.errors import OutputError
from builder.output.folder import Folder
from builder.output.hold import holder_of, holding
from tests.tiny import ROOT, contents, snapshot

fcntl = pytest.importorskip("fcntl")

HOLD = """
import os, sys
from builder.output.folder import Folder
from builder.output.hold import holding

with holding(Folder(sys.argv[1])):
    if len(sys.argv) > 2 and os.fork() == 0:
        sys.stdin.read()
        os._exit(0)
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another(out, *more):
    """Give a process that holds a folder until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out), *more],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.kill()
            process.stdin.close()


@pytest.fixture
def out(tmp_path):
    return tmp_path / "above/out"


@pytest.mark.parametrize("workers", [(), ("fork",)])
def test_a_second_process_is_told_and_the_first_may_be_killed(out, workers):
    """Even where it leaves a worker behind that was forked off, and goes on."""
    with another(out, *workers) as process:
        before = snapshot(out.parent)
        with pytest.raises(OutputError) as caught, holding(Folder(out)):
            pytest.fail("it is held")
        who = f" (process {process.pid})" if sys.platform == "linux" else ""
        assert str(caught.value) == (
            f"{out}: another trimset{who} is writing there: wait for it, or give"
            " another --out"
        )
        assert snapshot(out.parent) == before
        process.kill()
        process.wait(60)
        with holding(Folder(out)):
            pass
        assert out.exists()  # it was there


def test_one_process_holds_it_once(out):
    with holding(Folder(out)):
        with pytest.raises(OutputError, match="is writing there"), holding(Folder(out)):
            pass
        linked = out.parent / "linked"
        linked.symlink_to(out)
        with pytest.raises(OutputError, match="is writing"), holding(Folder(linked)):
            pass
        with holding(Folder(out.parent / "other")):
            pass
    with holding(Folder(linked)):
        pass


def test_what_was_made_goes_if_nothing_came_into_it(out, tmp_path):
    with holding(Folder(out)):
        assert out.is_dir()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="mine"), holding(Folder(out)):
        raise ValueError("mine")
    assert list(tmp_path.iterdir()) == []
    with holding(Folder(out)):
        (out / "a").touch()
    assert (out / "a").exists()
    (out / "a").unlink()
    with holding(Folder(out)):
        pass
    assert out.exists()


def test_nothing_is_left_in_it(out):
    out.mkdir(parents=True)
    before = snapshot(out)
    with holding(Folder(out)):
        assert snapshot(out) == before
    assert snapshot(out) == before


def test_many_at_once_never_hold_it_together(out):
    """Each makes the folder, and removes it again."""
    inside, most, held = [], [], []

    def work(number):
        for _ in range(50):
            try:
                with holding(Folder(out)):
                    inside.append(number)
                    most.append(len(inside))
                    held.append(os.stat(out).st_ino)  # noqa: PTH116
                    inside.remove(number)
            except OutputError as err:
                assert "is writing there" in str(err)  # noqa: PT017

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert set(most) == {1}
    assert held


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.EBADF])
def test_a_file_system_without_locks_is_told(out, monkeypatch, number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    said = []
    with holding(Folder(out), said.append):
        assert out.is_dir()
    assert said == [
        f"{out}: its file system cannot lock it: see that no other trimset writes there"
    ]
    assert not out.exists()


def test_what_cannot_be_held_is_one_line(out, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = contents(tmp_path)
    for name, words in (
        ("file", "expected a folder, found a file: give another --out"),
        ("pipe", "expected a folder, found a named pipe: give another --out"),
        ("loop", "Too many levels of symbolic links"),
        ("file/below", "Not a directory"),
    ):
        with pytest.raises(OutputError, match=words), holding(Folder(tmp_path / name)):
            pass
    assert contents(tmp_path) == before

    def flock(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(fcntl, "flock", flock)
    with (
        pytest.raises(OutputError, match="cannot be written: Permission denied"),
        holding(Folder(out)),
    ):
        pass


def test_object_stores_are_not_held():
    with holding(Folder("memory://x/out")), holding(Folder("memory://x/out")):
        pass


def test_who_holds_it():
    locks = (
        "1: POSIX  ADVISORY  WRITE 1 fe:00:7 0 EOF\n"
        "2: FLOCK  ADVISORY  WRITE 2 fe:00:17 0 EOF\n"
        "3: FLOCK  ADVISORY  WRITE 3 fe:00:7 0 EOF\n"
    )
    assert [holder_of(locks, inode) for inode in (7, 17, 8)] == [3, 2, 0]
    assert holder_of("", 7) == 0
