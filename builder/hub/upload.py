"""Sends the files of a commit ahead of it, counted, and in small groups."""

from __future__ import annotations

import io
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

from huggingface_hub import CommitOperationAdd
from huggingface_hub._commit_api import _fetch_upload_modes
from huggingface_hub.lfs import lfs_upload, post_lfs_batch_info
from huggingface_hub.utils._headers import build_hf_headers

from builder.errors import PushError
from builder.hub.errors import status_of
from builder.hub.plan import group_uploads
from builder.hub.timeouts import own_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from builder.hub.client import HubRepo
    from builder.hub.published import Published

# A kill loses what is on its way: THREADS files at most.
THREADS = 4
GROUP_FILES = 16
GROUP_BYTES = 160_000_000
PATIENCE = 5.0  # seconds that an interrupted push waits for what is on its way
_LOOK = 0.5  # seconds between looks whether a signal came


class StoppedError(Exception):
    """The push was interrupted; makes the threads that send let go."""


@dataclass
class Meter:
    """Counts the bytes that are read to be sent.

    Attributes
    ----------
    sent : int
        Bytes that went out, those of failed attempts included.
    done : int
        Size of the files that are through, or were in store already.
    """

    total: int
    progress: Callable[[int, int], None] | None = None
    sent: int = 0
    done: int = 0
    stopped: bool = False
    _flying: int = 0
    _shown: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, size: int) -> None:
        """Count bytes on their way."""
        if self.stopped:
            raise StoppedError
        with self._lock:
            self.sent += size
            self._flying += size
            self._show()

    def settle(self, size: int) -> None:
        """Count a group of files that is through."""
        with self._lock:
            self.done += size
            self._flying = 0
            self._show()

    def _show(self) -> None:
        # what is sent twice does not count twice, and a bar never goes back
        self._shown = max(self._shown, min(self.done + self._flying, self.total))
        if self.progress is not None:
            self.progress(self._shown, self.total)


class Addition(CommitOperationAdd):
    """A file to add, whose bytes are counted while the client sends them.

    Attributes
    ----------
    lend : callable
        Opens it once more, as the file of the build that it was.
    """

    meter: Meter
    lend: Callable[[], BinaryIO]

    @contextmanager
    def as_file(self, with_tqdm: bool = False) -> Iterator[BinaryIO]:
        """Lend the file; the client asks for a bar only where it uploads."""
        content = self.path_or_fileobj
        if isinstance(content, bytes):
            raw: Any = io.BytesIO(content)
        else:
            raw = self.lend()
        meter = self.meter if with_tqdm else None
        with _CountedFile(raw, meter) as file:
            yield file


class _CountedFile(io.BufferedReader):
    """A file that counts what is read from it, if there is a meter."""

    def __init__(self, raw: Any, meter: Meter | None) -> None:
        super().__init__(raw)
        self._meter = meter

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if self._meter is not None:
            self._meter.count(len(data))
        return data


def upload(
    repo: HubRepo,
    published: Published,
    paths: Sequence[str],
    meter: Meter,
    *,
    branch: str,
    create_pr: bool,
) -> list[Addition]:
    """Send what the Hub does not have in store; return the operations to commit.

    The Hub decides which files it keeps in git; those travel with the commit.
    """
    files = published.files
    sizes = {path: files[path].size for path in paths}
    operations: list[Addition] = []
    for group in group_uploads(sizes, files=GROUP_FILES, size=GROUP_BYTES):
        operations += _interruptible(
            partial(_send, repo, published, group, meter, branch, create_pr), meter
        )
        meter.settle(sum(sizes[path] for path in group))
    return operations


def _check(operation: Addition, published: Published) -> None:
    """Refuse to send what is not the file that was looked at."""
    path = operation.path_in_repo
    expected = published.files[path].sha256
    if operation.upload_info.sha256.hex() != expected:
        raise PushError(
            f"{published.build.folder / path} changed while it was being pushed: "
            f"expected sha256 {expected[:12]}…; nothing was committed; "
            "build it again, then push."
        )


def _interruptible(send: Callable[[], list[Addition]], meter: Meter) -> list[Addition]:
    """Return what `send` does, in a thread that Ctrl-C need not wait for.

    The client itself sends in threads, and waits for them whatever happens.
    """
    outcome: Future[list[Addition]] = Future()

    def run() -> None:
        try:
            outcome.set_result(send())
        except BaseException as err:  # raised again by result()
            outcome.set_exception(err)

    threading.Thread(target=run, daemon=True).start()
    try:
        # A signal that comes just as a wait begins does not end that wait.
        while not wait([outcome], timeout=_LOOK).done:
            pass
        return outcome.result()
    except KeyboardInterrupt:
        meter.stopped = True
        wait([outcome], timeout=PATIENCE)
        raise


def _send(
    repo: HubRepo,
    published: Published,
    paths: Sequence[str],
    meter: Meter,
    branch: str,
    create_pr: bool,
) -> list[Addition]:
    def attempt() -> list[Addition]:
        # made anew for each attempt, so that the client asks for fresh URLs
        operations = [Addition(path, published.content(path)) for path in paths]
        for operation in operations:
            operation.meter = meter
            operation.lend = partial(published.build.open, operation.path_in_repo)
            _check(operation, published)
        _send_by_lfs(repo, operations, branch, create_pr=create_pr)
        return operations

    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return repo.call(f"upload {paths[-1]}{more}", attempt, again=_is_stale)


def _send_by_lfs(
    repo: HubRepo, operations: Sequence[Addition], branch: str, *, create_pr: bool
) -> None:
    """Send the large ones of some files, those that are not in store.

    It is what the client's `preupload_lfs_files` does without Xet, which does not skip
    whole files that are there already, so that what was sent before a crash would be
    sent again. Of the client as a whole Xet, and a bar, could only be switched off for
    everybody in the process.
    """
    where: dict[str, Any] = {
        "repo_type": "dataset",
        "repo_id": repo.repo_id,
        "headers": build_hf_headers(token=repo.token),
        "endpoint": repo.api.endpoint,
    }
    revision = quote(branch, safe="")
    _fetch_upload_modes(operations, revision=revision, create_pr=create_pr, **where)
    large = {
        operation.upload_info.sha256.hex(): operation
        for operation in operations
        if operation._upload_mode == "lfs" and not operation._should_ignore
    }
    if not large:
        return
    actions, errors, _ = post_lfs_batch_info(
        [operation.upload_info for operation in large.values()],
        token=None,  # it is in the headers
        revision=None if create_pr else revision,
        transfers=["basic", "multipart"],
        **where,
    )
    if errors:
        said = "; ".join(str(err.get("error", {}).get("message")) for err in errors)
        raise ValueError(said)

    def send(action: dict[str, Any]) -> None:
        operation = large[action["oid"]]
        try:
            with own_calls():
                lfs_upload(
                    operation,
                    action,
                    headers=where["headers"],
                    endpoint=where["endpoint"],
                )
        except Exception as err:
            msg = f"sending {operation.path_in_repo} failed"
            raise RuntimeError(msg) from err

    with ThreadPoolExecutor(THREADS) as executor:
        list(executor.map(send, (a for a in actions if a.get("actions") is not None)))
    for operation in operations:
        operation._is_uploaded = operation._upload_mode == "lfs"


def _is_stale(err: BaseException) -> bool:
    """Tell whether an upload was refused at its URL: expired, or a checksum failed.

    What goes wrong with a file comes in a RuntimeError; a refusal by the Hub itself
    comes as it is, and is final.
    """
    return isinstance(err, RuntimeError) and status_of(err) in (400, 403, 404)
