"""What is too much for memory lies on the disk, and leaves nothing there."""

import os

import numpy as np
import pytest

from builder.errors import OutputError
from builder.sources.scratch import on_disk


def test_an_array_on_the_disk_is_like_another_and_has_no_name(tmp_path):
    folder = tmp_path / "not" / "yet"
    found = on_disk((7, 3), np.int32, folder=folder)
    assert (found.shape, found.dtype) == ((7, 3), np.int32)
    assert not found.any()
    found[2:4] = [[1, 2, 3], [4, 5, 6]]
    assert found.sum() == 21
    assert list(folder.iterdir()) == []


def test_its_room_is_taken_at_once(tmp_path, monkeypatch):
    """A disk that fills up later would kill the process that writes to it."""
    taken = []
    monkeypatch.setattr(
        os, "posix_fallocate", lambda _, start, size: taken.append((start, size)),
        raising=False,
    )  # fmt: skip
    on_disk((1000, 576), np.uint8, folder=tmp_path)
    assert taken == [(0, 576_000)]


def test_where_no_room_is_the_message_says_how_much_is_needed(tmp_path):
    with pytest.raises(OutputError, match=r"no room for .*: expected 1,\d{3},"):
        on_disk((2**50, 1), np.uint8, folder=tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match=r"cannot hold 4 bytes .* --cache-dir"):
        on_disk((4,), np.uint8, folder=tmp_path / "file")
