"""A Dask cluster as an executor, and its failures in one line."""

from __future__ import annotations

from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING

from builder.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor


@contextmanager
def connect(scheduler: str) -> Iterator[tuple[Executor, int]]:
    """Give the executor of a Dask cluster, and how many threads it has now.

    A task whose worker dies runs again on another one, up to the scheduler's limit
    (``distributed.scheduler.allowed-failures``, 3).

    Parameters
    ----------
    scheduler : str
        Address, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    UsageError
        There is no scheduler at the address, or `distributed` is not installed.
    ClusterError
        The scheduler went away, or a task ended worker after worker.
    """
    try:
        from distributed import Client
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker
    except ImportError as err:
        msg = "--scheduler needs Dask: pip install 'trimset[dask]'"
        raise UsageError(msg) from err
    try:
        client = Client(scheduler, timeout="20s", set_as_default=False)
    except (OSError, ValueError) as err:
        msg = f"--scheduler {scheduler}: no Dask scheduler answers there ({err})"
        raise UsageError(msg) from err
    try:
        # Impure: a task is run again although one with the same arguments was, since
        # what it leaves behind is a file.
        with client, client.get_executor(pure=False) as executor:
            yield executor, max(1, sum(client.nthreads().values()))
    except KilledWorker as err:
        msg = (
            f"{scheduler}: a task ended {err.allowed_failures + 1} workers, one after"
            " the other: look for their memory limit or their logs, then run the same"
            " command again; what is finished stays"
        )
        raise ClusterError(msg) from err
    except (CommClosedError, CancelledError) as err:
        msg = (
            f"{scheduler}: the Dask scheduler went away ({type(err).__name__}): start"
            " it, then run the same command again; what is finished stays"
        )
        raise ClusterError(msg) from err
