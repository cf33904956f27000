"""The one seam to the Hub: a repo, calls that are retried, errors in one line.

The client retries some calls and not others, differently from version to version,
and never a commit; so every call goes through `HubRepo.call`, which waits as the
server asks. Nothing that other threads share is switched for it: a timeout, and
silence, are given to the calls of one thread at a time.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from huggingface_hub import HfApi, constants, get_token, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    RepositoryNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils._headers import build_hf_headers
from huggingface_hub.utils._validators import validate_repo_id
from tqdm import tqdm

from builder.errors import is_full
from builder.hub.errors import (
    FAILURES,
    TRANSIENT,
    asked_wait,
    is_network,
    is_timeout,
    status_of,
)
from builder.hub.plan import HubFile
from builder.hub.refusals import RETRY, tell_refusal
from builder.hub.timeouts import TIMEOUT, own_calls
from builder.limits import MAX_RECORD
from builder.sources.retry import GaveUpError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.errors import PushError, VerifyError

T = TypeVar("T")
logger = logging.getLogger(__name__)

TRIES_UNANSWERED = 2  # of a call that got no answer at all


class _Bounded:
    """A file that takes no more bytes than the Hub said that there are."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._most = file, most

    def write(self, data: bytes) -> int:
        """Write all of it, or nothing."""
        if self._file.tell() + len(data) > self._most:
            raise OSError(
                f"the Hub sent more than the {self._most:,} bytes that it said"
            )
        return self._file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class HubRepo:
    """A dataset repo on the Hub, and how to talk to it.

    Parameters
    ----------
    repo_id : str
        Namespace and name.
    error : type
        What to raise when the Hub refuses: PushError or VerifyError.
    token : str, optional
        By default the one of the environment or of ``hf auth login``, if any.
    sleep : callable
        Waits so many seconds.
    """

    def __init__(
        self,
        repo_id: str,
        error: type[PushError | VerifyError],
        *,
        token: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.repo_id, self.error, self.sleep = repo_id, error, sleep
        try:
            validate_repo_id(repo_id)
        except HFValidationError as err:
            raise error(
                f"{repo_id!r} is not a repo id: expected NAMESPACE/NAME of letters, "
                "digits, '-', '_' and '.'; give one such."
            ) from err
        if "/" not in repo_id:
            raise error(f"{repo_id!r} lacks a namespace: expected NAMESPACE/NAME.")
        if constants.HF_HUB_OFFLINE:
            raise error(
                f"{repo_id} cannot be reached: HF_HUB_OFFLINE is set; unset it and "
                "try again."
            )
        self.token = token or get_token()
        self.api = HfApi(token=self.token or False)
        self.asked = repo_id

    @property
    def url(self) -> str:
        """Its page."""
        return f"{self.api.endpoint}/datasets/{self.repo_id}"

    @property
    def renamed(self) -> str:
        """What to say of a repo that has another name now; empty if it has not."""
        if self.repo_id == self.asked:
            return ""
        return f"{self.asked} was renamed, and is {self.repo_id} now: use that name"

    def call(
        self,
        what: str,
        function: Callable[..., T],
        *args: Any,
        settled: Callable[[], T | None] | None = None,
        again: Callable[[BaseException], bool] | None = None,
        **kwargs: Any,
    ) -> T:
        """Return the result of a call of the client, tried until it works.

        Parameters
        ----------
        what : str
            What the call does, for the error message.
        function : callable
            Called with the rest of the arguments.
        settled : callable, optional
            Asked after each failure; what it returns, unless None, is the result.
            Because an answer that got lost does not mean that nothing happened.
        again : callable, optional
            Tells of a failure that is not transient whether to try it again.
        """
        count, fault = 0, ""
        failure: BaseException = RuntimeError("was not tried")

        def attempt() -> T:
            nonlocal count, fault, failure
            count += 1
            try:
                with own_calls():
                    return function(*args, **kwargs)
            except FAILURES as err:
                failure = err
            # from here on nothing is raised in the context of the client's error,
            # which holds the headers that were sent
            if settled is not None and (result := settled()) is not None:
                return result
            status = status_of(failure)
            retry = status in TRANSIENT or (status is None and is_network(failure))
            if is_full(failure):
                raise self.error(self._refusal(what, failure))
            if again is not None and not retry:
                retry = count <= RETRY.attempts // 2 and again(failure)
            if is_timeout(failure):
                # it was waited for already, and long
                retry = retry and count <= TRIES_UNANSWERED
            if not retry:
                raise self.error(self._refusal(what, failure))
            fault = f"the Hub answered {status}" if status else "the connection broke"
            raise TransientError(fault, asked_wait(failure))

        def told(fault: TransientError, seconds: float) -> None:
            logger.warning("%s: %s; trying again in %.0f s", what, fault.fault, seconds)

        try:
            return RETRY.call(attempt, sleep=self.sleep, told=told)
        except GaveUpError:
            pass
        raise self.error(self._refusal(what, failure))

    def exists(self, kind: str = "dataset") -> Any:
        """Return what the Hub says about the repo, or None where there is none.

        The Hub leads from an old name to the new one; from here on that is used.
        """

        def ask() -> Any:
            try:
                return self.api.repo_info(self.repo_id, repo_type=kind, timeout=TIMEOUT)
            except GatedRepoError:
                raise
            except RepositoryNotFoundError:
                return None

        info = self.call("look up the repo", ask)
        if info is not None and kind == "dataset":
            self.repo_id = str(info.id)
        return info

    def refs(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the commits of branches and of tags, by name."""
        refs = self.call(
            "list the branches",
            self.api.list_repo_refs,
            self.repo_id,
            repo_type="dataset",
        )
        branches = {ref.name: ref.target_commit for ref in refs.branches}
        return branches, {ref.name: ref.target_commit for ref in refs.tags}

    def tree(self, revision: str) -> dict[str, HubFile]:
        """Return every file of a revision by path."""

        def ask() -> dict[str, HubFile]:
            entries = self.api.list_repo_tree(
                self.repo_id, repo_type="dataset", revision=revision, recursive=True
            )
            return {
                entry.path: HubFile(
                    entry.size, entry.blob_id, entry.lfs.sha256 if entry.lfs else None
                )
                for entry in entries
                if isinstance(entry, RepoFile)
            }

        return self.call(f"list the files of {revision[:12]}", ask)

    @contextmanager
    def download(self, path: str, revision: str, size: int) -> Iterator[Path]:
        """Lend a fresh copy of a file; never one of the user's cache."""
        url = hf_hub_url(
            self.repo_id,
            path,
            repo_type="dataset",
            revision=revision,
            endpoint=self.api.endpoint,
        )
        headers = build_hf_headers(token=self.token or False)
        with tempfile.TemporaryDirectory(prefix="trimset-") as folder:
            copy = Path(folder) / "copy"

            def get() -> None:
                with copy.open("wb") as file, tqdm(disable=True) as bar:
                    bounded: Any = _Bounded(file, size)
                    http_get(
                        url, bounded, headers=headers, expected_size=size, _tqdm_bar=bar
                    )

            self.call(
                f"download {path}",
                get,
                again=lambda err: status_of(err) is None,  # cut short
            )
            yield copy

    def read(self, path: str, revision: str, file: HubFile) -> bytes:
        """Return the bytes of a small file, checked against its hash on the Hub.

        The client does not check what it downloads, so a damaged answer is asked
        for once more. Nothing is asked for of which the Hub says that it is large.
        """
        if file.size > MAX_RECORD:
            raise self.error(
                f"{path} of {self.repo_id} has {file.size:,} bytes, expected at most "
                f"{MAX_RECORD:,}: remove it there."
            )
        for _ in range(2):
            with self.download(path, revision, file.size) as copy:
                data = copy.read_bytes()
            sha1 = hashlib.sha1(b"blob %d\0" % len(data) + data)  # noqa: S324
            sha256 = hashlib.sha256(data).hexdigest()
            expected = file.sha256 or file.git_oid
            if expected in (sha256, sha1.hexdigest()):
                return data
        raise self.error(
            f"{path} of {self.repo_id} came twice with other bytes than the Hub "
            f"reports: expected {expected[:12]}…, found {sha256[:12]}…; try again."
        )

    def _refusal(self, what: str, err: BaseException) -> str:
        """Return the one line that an error of the client becomes."""
        told = tell_refusal(err, url=self.url, token=self.token)
        return f"cannot {what} ({self.repo_id}): {told}."
