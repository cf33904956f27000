"""Runs a command for an input: here or in a process of its own, and bounded."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import resource
import signal
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import matplotlib as mpl

from builder.cli import main as cli
from tests.fuzz.loop import SlowError, time_bound
from tests.tiny import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.hostile.watch import Watch
    from tests.hostile.world import World

#: Bounds of a command in this process, beyond what it held before.
MOST_SECONDS = 15.0
MOST_MEMORY = 1536 * 1024**2
MOST_FILE = 256 * 1024**2


def _once(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that makes a parser once: it is a fifth of a short command."""
    made: list[Any] = []

    def parser(functions: Any) -> Any:
        if not made:
            made.append(make(functions))
        return made[0]

    return parser


_PARSER = _once(cli.make_parser)


@dataclass(frozen=True)
class Outcome:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str


def call(words: list[str], world: World) -> Outcome:
    """Run a command here, bounded."""
    streams = {"stdout": io.StringIO(), "stderr": io.StringIO(), **world.streams}
    out, err = streams["stdout"], streams["stderr"]
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(record=True),
        bounded(),
        mock.patch.object(cli, "make_parser", _PARSER),
        time_bound(world.seconds or MOST_SECONDS),
    ):
        warnings.simplefilter("always")
        try:
            status = cli.main(words)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
    return Outcome(status, _said(out), _said(err))


def _said(stream: Any) -> str:
    """Return all that was written to a stream, if it can tell."""
    if isinstance(stream, io.TextIOWrapper):
        stream.flush()
        return stream.buffer.getvalue().decode()  # type: ignore[attr-defined]
    return stream.getvalue() if isinstance(stream, io.StringIO) else ""


def apart(words: list[str], world: World, watch: Watch) -> Outcome:
    """Run a command in a fork of this process, which is ended when its time is over."""
    told = world.root.with_name(f"{world.root.name}.told")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        child = os.fork()
    if not child:
        try:
            with watch.on():
                outcome = call(words, world)
            told.write_bytes(pickle.dumps((outcome, watch.seen)))
        except BaseException as err:
            told.write_bytes(pickle.dumps((repr(err), watch.seen)))
        finally:
            os._exit(0)
    end = time.monotonic() + MOST_SECONDS + 5
    while not os.waitpid(child, os.WNOHANG)[0]:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise SlowError(f"it did not end in {MOST_SECONDS:.0f} s")
        time.sleep(0.005)
    outcome, watch.seen = pickle.loads(told.read_bytes())
    told.unlink()
    if isinstance(outcome, str):
        raise AssertionError(outcome)  # noqa: TRY004
    return outcome


def start(words: list[str], world: World) -> Outcome:
    """Run a command in a process of its own."""
    done = run(*words, cwd=Path.cwd())
    return Outcome(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Bound what this process may take of memory, and write to one file."""
    if not sys.platform.startswith("linux"):
        yield
        return
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = {resource.RLIMIT_AS: held + MOST_MEMORY, resource.RLIMIT_FSIZE: MOST_FILE}
    before = {kind: resource.getrlimit(kind) for kind in limits}
    for kind, most in limits.items():
        hard = before[kind][1]
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (soft, hard))
    try:
        yield
    finally:
        for kind, both in before.items():
            resource.setrlimit(kind, both)


@contextlib.contextmanager
def surroundings(world: World) -> Iterator[None]:
    """Set folder, environment and attributes as an input wants them."""
    environ = {
        "HOME": str(world.root / "home"),
        "TMPDIR": str(world.root / "tmp"),
        "TRIMSET_CACHE": str(world.root / "cache"),
        "MPLCONFIGDIR": mpl.get_configdir(),  # else it looks for fonts anew
        **world.environ,
    }
    before = {name: os.environ.get(name) for name in environ}
    folder = Path.cwd()
    replaced = [(thing, name, getattr(thing, name)) for thing, name, _ in world.patches]
    try:
        _put(environ)
        os.chdir(world.cwd)
        for thing, name, value in world.patches:
            setattr(thing, name, value)
        yield
    finally:
        for thing, name, value in replaced:
            setattr(thing, name, value)
        os.chdir(folder)
        _put(before)


def _put(environ: Mapping[str, str | None]) -> None:
    for name, value in environ.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def release_pipes(folder: Path) -> None:
    """Let go of whoever still waits at a FIFO."""
    for path in folder.rglob("*"):
        if path.is_fifo() and not path.is_symlink():
            with contextlib.suppress(OSError):
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
