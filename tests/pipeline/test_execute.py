"""The same tasks in this thread, in threads and in processes."""

import importlib
import multiprocessing
import pickle
import pkgutil
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

import builder
from builder import errors
from builder.errors import FetchError, ImageError, TrimsetError
from builder.pipeline.execute import InlineExecutor, map_bounded


@pytest.fixture(scope="module", params=["inline", "threads", "processes"])
def executor(request):
    if request.param == "inline":
        yield InlineExecutor()
    elif request.param == "threads":
        with ThreadPoolExecutor(2) as pool:
            yield pool
    else:
        # A fork of a process with threads may hang; a new process never does.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            yield pool


def square(number):
    """Return the square; -1 and -2 fail."""
    if number < 0:
        raise {-1: ImageError, -2: FetchError}[number](f"{number}: has no square")
    return number * number


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_results_come_in_the_order_of_the_tasks(executor, limit):
    found = map_bounded(executor, square, iter(range(20)), limit=limit)
    assert list(found) == [n * n for n in range(20)]
    assert list(map_bounded(executor, square, [], limit=limit)) == []


@pytest.mark.parametrize("limit", [1, 4])
def test_no_more_tasks_are_taken_than_the_limit(executor, limit):
    taken = []
    tasks = (taken.append(n) or n for n in range(12))
    for done, result in enumerate(map_bounded(executor, square, tasks, limit=limit)):
        assert result == done * done
        assert len(taken) == min(12, done + 1 + limit)


@pytest.mark.parametrize("limit", [1, 2, 9])
def test_the_first_error_in_order_wins(executor, limit):
    taken = []
    tasks = (taken.append(n) or n for n in [1, 2, -1, -2, 3, 4, 5, 6, 7, 8])
    results = map_bounded(executor, square, tasks, limit=limit)
    assert [next(results), next(results)] == [1, 4]
    with pytest.raises(ImageError, match="-1: has no square"):
        next(results)
    assert len(taken) == min(10, 3 + limit)
    with pytest.raises(StopIteration):
        next(results)


class Waiting(Executor):
    """Only the first task is done, as `first`; the others wait to be started."""

    def __init__(self, first):
        self.futures = [first]
        self.given = 0

    def submit(self, *_):  # type: ignore[override]
        if self.given:
            self.futures.append(Future())
        self.given += 1
        return self.futures[-1]

    def cancelled(self):
        return [future.cancelled() for future in self.futures]


def test_what_has_not_started_is_cancelled():
    failed = Future()
    failed.set_exception(FetchError("gone"))
    executor = Waiting(failed)
    with pytest.raises(FetchError, match="gone"):
        list(map_bounded(executor, square, range(10), limit=4))
    assert executor.cancelled() == [False, True, True, True]


def test_leaving_early_cancels_the_rest():
    done = Future()
    done.set_result(7)
    executor = Waiting(done)
    results = map_bounded(executor, square, range(10), limit=3)
    assert next(results) == 7
    assert executor.cancelled() == [False, False, False]
    results.close()
    assert executor.cancelled() == [False, True, True]


def test_what_has_started_is_waited_for():
    started, ended = threading.Event(), []

    def work(number):
        if not number:
            started.wait()
            raise ImageError("broken")
        started.set()
        ended.append(sum(range(10**6)))

    with ThreadPoolExecutor(2) as pool:
        results = map_bounded(pool, work, [0, 1], limit=2)
        with pytest.raises(ImageError, match="broken"):
            next(results)
        assert ended


def test_inline_ctrl_c_is_not_kept_in_the_future():
    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        InlineExecutor().submit(interrupt, 1)


def error_classes():
    for module in pkgutil.walk_packages(builder.__path__, "builder."):
        if module.name != "builder.__main__":
            importlib.import_module(module.name)
    found, stack = [], [TrimsetError]
    while stack:
        kind = stack.pop()
        found.append(kind)
        stack += kind.__subclasses__()
    return found


def test_every_error_survives_the_way_between_processes():
    kinds = error_classes()
    assert {kind.__name__ for kind in kinds} >= {
        name for name in vars(errors) if name.endswith("Error")
    }
    for kind in kinds:
        error = kind("a.jpg: is broken; mend it")
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is kind
        assert str(again) == str(error) == "a.jpg: is broken; mend it"
