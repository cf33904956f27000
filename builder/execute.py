"""Run independent tasks in any `concurrent.futures.Executor`."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Executor, Future, wait
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
