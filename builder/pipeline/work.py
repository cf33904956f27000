"""How a command works: what it shares with all its stages."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.limits import LIMITS, Limits
from builder.pipeline.execute import InlineExecutor
from builder.sources.cache import Cache
from builder.sources.remote import Remote

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor


@dataclass(frozen=True)
class Work:
    """What all stages of one command share.

    Attributes
    ----------
    cache : Cache
        Where fetched files are kept.
    remote : Remote
        The connections to every server, for the whole command.
    executor : concurrent.futures.Executor
        Where tasks run.
    workers : int
        How many of them at a time.
    remote_workers : bool
        Whether they run on other machines, each with a cache of its own.
    limits : Limits
        What a source may ask of this machine.
    progress : callable, optional
        Called with a stage, how much of it was done just now, and how much it is.
    say : callable
        Called with what is worth knowing before anything is written, a line each.
    """

    cache: Cache
    remote: Remote
    executor: Executor
    workers: int = 1
    remote_workers: bool = False
    limits: Limits = LIMITS
    progress: Callable[[str, int, int], None] | None = None
    say: Callable[[str], None] = lambda _: None

    def tell(self, stage: str, done: int, total: int) -> None:
        """Tell of progress, if anybody listens."""
        if self.progress:
            self.progress(stage, done, total)


@contextmanager
def working(
    cache_dir: str | os.PathLike[str] | None,
    *,
    executor: Executor | None = None,
    workers: int = 1,
    remote_workers: bool = False,
    limits: Limits = LIMITS,
    progress: Callable[[str, int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Iterator[Work]:
    """Give what the stages share; the connections are closed at the end."""
    cache = Cache(cache_dir)
    with Remote(limits=limits, directories=cache) as remote:
        yield Work(
            cache,
            remote,
            executor or InlineExecutor(),
            workers,
            remote_workers,
            limits,
            progress,
            say or (lambda _: None),
        )
