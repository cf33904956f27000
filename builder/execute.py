"""Run independent tasks in any `concurrent.futures.Executor`."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from builder.errors import UsageError

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
def make_executor(workers: int, scheduler: str | None = None) -> Iterator[Executor]:
    """Give the executor that a number of workers, or a Dask cluster, stands for.

    Parameters
    ----------
    workers : int
        One works here; more are threads: reading, hashing, decoding and writing
        Parquet all run outside the interpreter's lock.
    scheduler : str, optional
        Address of a Dask scheduler.

    Raises
    ------
    UsageError
        There is no scheduler at the address, or `distributed` is not installed.
    """
    if scheduler is None:
        with InlineExecutor() if workers == 1 else ThreadPoolExecutor(workers) as made:
            yield made
        return
    try:
        from distributed import Client
    except ImportError as err:
        msg = "--scheduler needs Dask: pip install 'trimset[dask]'"
        raise UsageError(msg) from err
    try:
        client = Client(scheduler, timeout="20s")
    except (OSError, ValueError) as err:
        msg = f"--scheduler {scheduler}: no Dask scheduler answers there ({err})"
        raise UsageError(msg) from err
    with client, client.get_executor() as made:
        yield made
