"""What a command touches: by Python's audit events, and by looking afterwards."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_READ = 1 << 20  # of a file in a snapshot
# What a command may change: files, folders; not what it starts, which is none.
_STARTS = {
    "subprocess.Popen", "os.exec", "os.system", "os.posix_spawn", "os.spawn",
    "pty.spawn",
}  # fmt: skip
_watching: list[Watch] = []  # the one that is on, if any
_hooked: list[bool] = []


class Watch:
    """Notes what is opened below a folder, and programs that are started."""

    def __init__(self, outside: Path) -> None:
        self.outside = str(outside)
        self.seen: list[str] = []
        self._busy = False

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Watch while the block runs."""
        if not _hooked:  # a hook stays for the life of the process
            _hooked.append(True)
            sys.addaudithook(_hook)
        _watching.append(self)
        try:
            yield
        finally:
            _watching.remove(self)

    def note(self, event: str, args: tuple[Any, ...]) -> None:
        """Look at one event."""
        if event in _STARTS:
            self.seen.append(f"{event} {args[:2]!r}")
        if event != "open" or self._busy:
            return
        path, _, flags = args
        if isinstance(path, int) or not isinstance(flags, int):
            return
        self._busy = True
        try:
            if self._leads_out(os.fsdecode(path), flags):
                self.seen.append(f"opened {os.fsdecode(path)!r}")
        finally:
            self._busy = False

    def _leads_out(self, path: str, flags: int) -> bool:
        if "\0" in path or flags & getattr(os, "O_PATH", 0):
            return False
        folder, name = os.path.split(path)
        real = os.path.realpath(path)
        if flags & getattr(os, "O_NOFOLLOW", 0):
            real = os.path.join(os.path.realpath(folder), name)  # noqa: PTH118
        return f"{real}/".startswith(f"{self.outside}/")


def _hook(event: str, args: tuple[Any, ...]) -> None:
    for watch in _watching:
        watch.note(event, args)


def look(folder: Path, *, without: tuple[Path, ...] = ()) -> dict[str, tuple[Any, ...]]:
    """Return type, inode, size, times and content of everything below a folder.

    Parameters
    ----------
    folder : Path
    without : tuple of Path
        Folders that are left out, with all that is in them.
    """
    found: dict[str, tuple[Any, ...]] = {}
    left = {str(path) for path in without}
    waiting = [str(folder)] if os.path.lexists(folder) else []
    while waiting:
        path = waiting.pop()
        if path in left:
            continue
        facts = os.lstat(path)
        content: Any = None
        if stat.S_ISLNK(facts.st_mode):
            content = os.readlink(path)  # noqa: PTH115
        elif stat.S_ISREG(facts.st_mode) and facts.st_size <= _MOST_READ:
            content = Path(path).read_bytes()
        elif stat.S_ISDIR(facts.st_mode):
            waiting += [entry.path for entry in os.scandir(path)]
        found[path] = (
            stat.filemode(facts.st_mode),
            facts.st_ino,
            facts.st_size if content is not None else 0,
            facts.st_mtime_ns,
            content,
        )
    return found


def differences(
    before: dict[str, tuple[Any, ...]], after: dict[str, tuple[Any, ...]]
) -> list[str]:
    """Return a line for each path that came, went or is another."""
    lines = [f"removed {path}" for path in before if path not in after]
    lines += [f"written {path}" for path in after if path not in before]
    return lines + [
        f"changed {path}"
        for path in before
        if path in after and before[path] != after[path]
    ]
