"""What object stores may answer, and what becomes of it."""

import io
import threading

import fsspec
import pytest

from builder.errors import FetchError, MissingError, SourceError
from builder.limits import Limits
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


@pytest.mark.parametrize("size", [-5, "10", 1.5, True, 10**30, [10]])
def test_sizes_that_are_none(memory, remote, waits, monkeypatch, size):
    info = {"type": "file", "size": size}
    monkeypatch.setattr(memory, "info", answers(info, info))
    with pytest.raises(FetchError, match="expected the number of its bytes, found"):
        remote.stat(URL)
    with pytest.raises(FetchError, match="expected the number of its bytes, found"):
        remote.download(URL, io.BytesIO())
    assert waits == []


def test_what_a_store_says_is_one_line(memory, remote, monkeypatch):
    error = OSError("<Error>\n  <Code>\x1b[31m</Code>\n" + "x" * 9999)
    monkeypatch.setattr(memory, "cat_file", answers(*[error] * 3))
    with pytest.raises(FetchError, match="reading failed") as caught:
        remote.read(URL, 0, 3)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(("size", "most"), [(None, 100), (10, 9)])
def test_downloads_of_no_size_or_too_large(memory, monkeypatch, size, most):
    monkeypatch.setattr(memory, "info", answers({"type": "file", "size": size}))
    file = io.BytesIO()
    with (
        Remote(limits=Limits(max_file_size=most)) as remote,
        pytest.raises(FetchError, match=f"bytes, expected {most} at most"),
    ):
        remote.download(URL, file)
    assert file.getvalue() == b""


@pytest.mark.parametrize("answer", [None, "012", 3])
def test_answers_that_are_no_bytes(memory, remote, monkeypatch, answer):
    monkeypatch.setattr(memory, "cat_file", answers(*[answer] * 3))
    monkeypatch.setattr(memory, "info", answers(*[answer] * 3))
    with pytest.raises(FetchError, match=r"reading failed \(TypeError"):
        remote.read(URL, 0, 3)
    with pytest.raises(FetchError, match="reading failed"):
        remote.stat(URL)


def told(size=10, **version):
    return {"type": "file", "size": size, **version}


def test_downloads_of_a_file_that_changed_meanwhile(memory, remote, monkeypatch):
    for after in (told(ETag="2"), told(9, ETag="1"), told()):
        monkeypatch.setattr(memory, "info", answers(told(ETag="1"), after))
        with pytest.raises(FetchError, match="changed while it was read"):
            remote.download(URL, io.BytesIO())


@pytest.mark.parametrize(("version", "from_byte"), [({}, 0), ({"ETag": "1"}, 4)])
def test_downloads_that_break(memory, remote, monkeypatch, version, from_byte):
    asked = []

    def cat_file(_path, start, end):
        asked.append(start)
        if len(asked) == 2:
            raise OSError("reset")
        return b"0123456789"[start:end]

    monkeypatch.setattr("builder.sources.store_reader._PIECE", 4)
    monkeypatch.setattr(memory, "cat_file", cat_file)
    monkeypatch.setattr(memory, "info", answers(*[told(**version)] * 3))
    file, steps = io.BytesIO(), []
    remote.download(URL, file, progress=steps.append)
    assert file.getvalue() == b"0123456789"
    assert sum(steps) == 10
    assert asked[2] == from_byte


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
