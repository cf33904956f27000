"""What somebody may have put below a folder: links, pipes, sockets."""

import os
import socket
from contextlib import contextmanager
from pathlib import Path

from tests.tiny import snapshot


def put(kind, path, outside):
    """Put such a thing at a path, in the place of what is there.

    Parameters
    ----------
    kind : str
    path : Path
    outside : Path
        A folder that exists, with a file `mine`, which links lead to.
    """
    if path.is_dir() and not path.is_symlink():
        path.rename(outside.parent / f"moved-{len(list(outside.parent.iterdir()))}")
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        here = Path.cwd()
        os.chdir(path.parent)  # the name of a socket is short
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
        os.chdir(here)
    else:
        target = {
            "link to a folder": outside,
            "link to a file": outside / "mine",
            "link to nothing": outside / "none",
            "link to itself": path,
            "link upwards": Path(os.pardir),
        }[kind]
        path.symlink_to(target)


LINKS = (
    "link to a folder", "link to a file", "link to nothing", "link to itself",
    "link upwards",
)  # fmt: skip
KINDS = (*LINKS, "pipe", "socket")


def make_outside(tmp_path):
    """Return a folder of somebody else."""
    outside = tmp_path / "outside"
    (outside / "car").mkdir(parents=True)
    for name in ("mine", "car/mine", "a.jpg", "manifest.json"):
        (outside / name).write_text("mine")
    return outside


@contextmanager
def untouched(*folders):
    """Compare all that is below some folders, before and after."""
    before = [snapshot(folder) for folder in folders]
    yield
    assert [snapshot(folder) for folder in folders] == before
