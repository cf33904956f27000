"""What is opened is a regular file; nothing waits, and nothing is read for ever."""

import errno
import os

import pytest

from builder.sources.regular import NOT_REGULAR, found_at, open_regular, read_regular
from tests.sources.hostile_files import at_once, link, listening, pipe, sparse


@pytest.mark.parametrize(
    "place", ["pipe", "socket", "folder", "/dev/null", "/dev/zero"]
)
def test_only_regular_files_are_opened(tmp_path, monkeypatch, place):
    path = tmp_path / place
    if place == "pipe":
        pipe(path)
    elif place == "socket":
        listening(path, monkeypatch)
    elif place == "folder":
        path.mkdir()
    for given in (path, link(tmp_path / "link", path)):
        with pytest.raises(OSError, match=NOT_REGULAR) as caught:
            at_once(lambda given=given: open_regular(given))
        assert caught.value.strerror == NOT_REGULAR
        assert caught.value.filename == str(given)


def test_no_file_stays_open_that_was_refused(tmp_path):
    with (tmp_path / "a").open("wb") as first:
        number = first.fileno()
    for _ in range(3):
        with pytest.raises(OSError, match=NOT_REGULAR):
            open_regular(tmp_path)
    with (tmp_path / "b").open("wb") as last:
        assert last.fileno() == number


def test_a_regular_file_is_read(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"bytes")
    with open_regular(path) as file:
        assert file.read() == b"bytes"
        assert not os.get_inheritable(file.fileno())
    with open_regular(link(tmp_path / "link", path)) as file:
        assert file.read(2) == b"by"


def test_links_are_refused_where_that_is_asked(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"bytes")
    with open_regular(path, no_follow=True) as file:
        assert file.read() == b"bytes"
    with pytest.raises(OSError, match="link") as caught:
        open_regular(link(tmp_path / "link", path), no_follow=True)
    assert caught.value.errno in {errno.ELOOP, errno.EMLINK}


def test_a_small_file_is_read_whole_and_a_larger_one_not_at_all(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x" * 100)
    assert read_regular(path, most=100) == b"x" * 100
    with pytest.raises(OSError, match="a file of 100 bytes, of which 99 at most"):
        read_regular(path, most=99)
    with pytest.raises(OSError, match="a file of 1,099,511,627,776 bytes"):
        read_regular(sparse(tmp_path / "b", 2**40), most=99)


def test_what_lies_at_a_path_is_told(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    assert found_at(tmp_path / "a") == "a file"
    assert found_at(tmp_path) == "a folder"
    assert found_at(tmp_path / "none") == "none"
    assert found_at(link(tmp_path / "l", tmp_path / "none")) == (
        "a link that leads nowhere"
    )
    assert found_at(pipe(tmp_path / "p")).startswith("a pipe or a device")
    assert found_at("a" * 5000) == "none that can be read (File name too long)"
    assert found_at("a\0b").startswith("none that can be read (")
