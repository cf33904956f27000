"""Run independent tasks in any `concurrent.futures.Executor`."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Task = TypeVar("Task")
Result = TypeVar("Result")


class InlineExecutor(Executor):
    """Runs each task at once, in the calling thread."""

    def submit(
        self, fn: Callable[..., Result], /, *args: object, **kwargs: object
    ) -> Future[Result]:
        """Return a future that is done already."""
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as err:  # raised again by result()
            future.set_exception(err)
        return future


def map_bounded(
    executor: Executor,
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    limit: int,
) -> Iterator[Result]:
    """Yield the result of each task, in the order of the tasks.

    At most `limit` tasks are under way or waiting to be taken, so that memory does
    not grow with their number. The first error ends it: what has not started by
    then is cancelled, what has is waited for.
    """
    running: deque[Future[Result]] = deque()
    try:
        for task in tasks:
            if len(running) >= limit:
                yield running.popleft().result()
            running.append(executor.submit(function, task))
        while running:
            yield running.popleft().result()
    finally:
        wait([future for future in running if not future.cancel()])


@contextmanager
def make_executor(
    workers: int | None = None, scheduler: str | None = None
) -> Iterator[tuple[Executor, int]]:
    """Give the executor that the options stand for, and how many tasks it runs.

    Parameters
    ----------
    workers : int, optional
        Tasks at a time. One works here; more are threads: reading, hashing, decoding
        and writing Parquet all run outside the interpreter's lock. If not given, one
        for each processor, or for each thread of the cluster.
    scheduler : str, optional
        Address of a Dask scheduler.

    Raises
    ------
    UsageError
        There is no scheduler at the address, or `distributed` is not installed.
    ClusterError
        The cluster cannot finish its tasks.
    """
    if scheduler is not None:
        from builder.pipeline.cluster import connect

        with connect(scheduler) as (cluster, threads):
            yield cluster, workers or threads
        return
    count = workers or os.cpu_count() or 1
    with InlineExecutor() if count == 1 else ThreadPoolExecutor(count) as made:
        yield made, count
