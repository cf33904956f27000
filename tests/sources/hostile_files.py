"""Files that are none, made here, and a guard for calls that could wait for ever."""

import os
import socket
import threading

import pytest

from builder.limits import Limits
from builder.sources.remote import Remote

SECONDS = 20.0


def pipe(path):
    os.mkfifo(path)
    return path


def listening(path, monkeypatch):
    """Make a socket; its path may not be long, so that it is bound by its name."""
    monkeypatch.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    return path


def link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return path


def sparse(path, size):
    """Make a file of many bytes that takes no room."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


def at_once(call):
    """Return what a call returns, or raise what it raises; fail where it waits."""
    found = []

    def run():
        try:
            found.append((call(), None))
        except BaseException as err:
            found.append((None, err))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(SECONDS)
    if not found:
        pytest.fail(f"it still waits after {SECONDS:.0f} seconds")
    [(result, error)] = found
    if error is not None:
        raise error
    return result


def small_remote(most):
    """Return a `Remote` that reads files of `most` bytes at most."""
    return Remote(limits=Limits(max_file_size=most))
