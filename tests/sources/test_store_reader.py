"""What object stores may answer, and what becomes of it."""

import threading

import fsspec
import pytest

from builder.errors import FetchError, MissingError, SourceError
from builder.sources.remote import Remote
from builder.sources.retry import Retry
from builder.sources.store_reader import Store

URL = "memory://stores/a.bin"


@pytest.fixture
def memory():
    memory = fsspec.filesystem("memory", use_listings_cache=False)
    memory.pipe_file("/stores/a.bin", b"0123456789")
    return memory


@pytest.fixture
def waits():
    return []


@pytest.fixture
def remote(memory, waits):
    with Remote(retry=Retry(attempts=3, sleep=waits.append)) as remote:
        yield remote


def answers(*results):
    """Return a function that returns or raises one result after the other."""
    left = list(results)

    def answer(*args, **options):
        result = left.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    return answer


def test_short_answers_and_faults_are_tried_again(memory, remote, waits, monkeypatch):
    faults = answers(b"01", ConnectionError("reset"), b"012")
    monkeypatch.setattr(memory, "cat_file", faults)
    assert remote.read(URL, 0, 3) == b"012"
    assert len(waits) == 2


def test_faults_that_stay_are_named(memory, remote, monkeypatch):
    monkeypatch.setattr(memory, "cat_file", answers(*[OSError("slow down")] * 3))
    with pytest.raises(FetchError, match=r"a\.bin: reading failed \(OSError: slow"):
        remote.read(URL, 0, 3)


class NoCredentialsError(Exception):
    """As botocore has it."""


@pytest.mark.parametrize(
    "error", [PermissionError("Forbidden"), NoCredentialsError("no credentials")]
)
def test_what_may_not_be_read_is_not_asked_for_again(
    memory, remote, waits, monkeypatch, error
):
    monkeypatch.setattr(memory, "info", answers(error))
    with pytest.raises(MissingError, match=r"may not be read .* and your credentials"):
        remote.stat(URL)
    assert waits == []


def test_sizes_that_are_not_told(memory, remote, monkeypatch):
    monkeypatch.setattr(memory, "info", answers({"type": "file", "size": None}))
    assert remote.stat(URL) == (-1, "")


def test_downloads_end_early_when_closed(memory, tmp_path):
    closing = threading.Event()
    closing.set()
    store = Store(URL, concurrency=1, closing=closing)
    with (
        (tmp_path / "a").open("wb") as file,
        pytest.raises(FetchError, match="was stopped"),
    ):
        store.download(URL, file, "", lambda _: None)


def test_file_systems_that_are_not_installed(monkeypatch):
    def missing(*args, **options):
        raise ImportError("Please install gcsfs")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(SourceError, match=r"another package \(Please install gcsfs\)"):
        Remote().stat("gs://bucket/a.zip")
