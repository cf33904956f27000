"""Images brought to where they are worked on, and tasks that find them there."""

import pickle
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from builder.errors import FetchError, MissingError
from builder.pipeline import bring as bringing
from builder.pipeline.bring import reader, run_tasks, to_here
from builder.pipeline.execute import InlineExecutor
from builder.pipeline.work import working
from builder.sources.cache import Cache
from builder.sources.member import LocalMember, RemoteMember
from tests.archives import make_zip
from tests.servers.range_server import RangeServer
from tests.sources.alone import read_zip

FILES = {f"{number}.jpg": bytes([65 + number]) * 500 for number in range(9)}


class Pickling(InlineExecutor):
    """Takes and gives only what can be sent, as an executor of processes does."""

    def __init__(self):
        self.sent = []

    def submit(self, fn, /, *args):
        data = pickle.dumps((fn, args))
        self.sent.append(len(data))
        fn, args = pickle.loads(data)
        future = super().submit(fn, *args)
        if future.exception() is None:
            pickle.dumps(future.result())
        return future


@dataclass(frozen=True)
class Names:
    """A task that wants to know where some images are."""

    members: tuple


def tell(task, files, *, word="read"):
    """Return what a task finds: as picklable as the functions of the stages."""
    assert all(isinstance(file, LocalMember) for file in files)
    assert [file.name for file in files] == [member.name for member in task.members]
    return [(word, file.name, Path(file.path).read_bytes()) for file in files]


def bring(members, work):
    """Return where the images are in the end; nobody waited for any of them."""
    with bringing.bring(members, work) as images:
        pass
    return images.members


@pytest.fixture(autouse=True)
def _direct(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server():
    with RangeServer({"a.zip": make_zip(FILES)}) as server:
        yield server


@pytest.fixture
def away(server):
    """Return members of a zip on a server, which has not been asked for them."""
    members = list(read_zip(server.url("a.zip")).values())
    server.forget()
    return members


@pytest.fixture
def here(tmp_path):
    """Return a file of this machine."""
    path = tmp_path / "here.jpg"
    path.write_bytes(b"here")
    return LocalMember("here.jpg", str(path), 4)


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    """Return the cache of a worker, which no work of this process uses."""
    monkeypatch.setenv("TRIMSET_CACHE", str(tmp_path / "of the worker"))
    return tmp_path / "of the worker"


@pytest.fixture
def work(tmp_path):
    with working(tmp_path / "cache") as work:
        yield work


@pytest.fixture
def far(tmp_path):
    """Return work whose tasks run on other machines."""
    options = {"executor": Pickling(), "workers": 2, "remote_workers": True}
    with working(tmp_path / "cache", **options) as work:
        yield work


def test_what_lies_here_is_not_touched(here, work, tmp_path):
    gone = replace(here, path=str(tmp_path / "gone.jpg"))
    assert list(bring([here, gone, here], work)) == [here, gone, here]
    assert not work.cache.root.exists()


def test_only_what_lies_elsewhere_is_fetched_and_once(here, away, server, work):
    told = []
    work = replace(work, progress=lambda *news: told.append(news))
    members = [away[4], here, away[2], away[4]]
    found = to_here(members, work)
    assert found == bring(members, work)
    assert found[1] == here
    assert [file.name for file in found] == [member.name for member in members]
    assert [Path(file.path).read_bytes() for file in found] == [
        FILES["4.jpg"], b"here", FILES["2.jpg"], FILES["4.jpg"],
    ]  # fmt: skip
    moved = away[4].span + away[2].span
    assert sum(answer.sent for answer in server.log) <= moved + away[3].span
    assert {(stage, total) for stage, _, total in told} == {("fetch", moved)}
    assert sum(done for _, done, _ in told) == moved


def test_remote_workers_are_told_where_images_lie(away, far, server, monkeypatch):
    """What is fetched is fetched there; and a path holds in any folder."""
    monkeypatch.chdir(far.cache.root.parent)
    below = LocalMember("here.jpg", "below/here.jpg", 4)
    whole = RemoteMember("b.jpg", server.url("b.jpg"), 7)
    members = bring([*away, below, whole], far)
    assert members[:-2] == away
    assert members[-2] == replace(below, path=str(Path("below/here.jpg").absolute()))
    assert members[-1] == whole
    assert not server.log
    assert not far.cache.root.exists()


def test_an_image_without_a_size_is_refused_for_remote_workers(server, far, work):
    url = server.url("b.jpg")
    server.files["b.jpg"] = b"bytes"
    unknown = RemoteMember("b.jpg", f"{url}?key=secret", -1)
    with pytest.raises(FetchError, match="build without --scheduler") as caught:
        bring([unknown], far)
    assert str(caught.value).startswith(url)
    assert "secret" not in str(caught.value)
    assert not server.log
    # Here it is fetched, and then has one.
    (file,) = bring([replace(unknown, url=url)], work)
    assert (file.file_size, Path(file.path).read_bytes()) == (5, b"bytes")


def test_tasks_get_files_of_their_own_machine(here, away, server, far, own_cache):
    tasks = [Names((away[0], here)), Names((here,)), Names(tuple(away[1:4])), Names(())]
    found = list(run_tasks(far, partial(tell, word="found"), iter(tasks)))
    assert found == [
        [("found", "0.jpg", FILES["0.jpg"]), ("found", "here.jpg", b"here")],
        [("found", "here.jpg", b"here")],
        [("found", name, FILES[name]) for name in ("1.jpg", "2.jpg", "3.jpg")],
        [],
    ]
    assert len(far.executor.sent) == 4
    assert max(far.executor.sent) < 2_000  # where images lie, not what they hold
    assert not far.cache.root.exists()
    assert all(Cache(own_cache).has(member) for member in away[:4])
    assert not any(Cache(own_cache).has(member) for member in away[4:])
    # What a worker has fetched, it has.
    server.forget()
    assert list(run_tasks(far, tell, tasks[2:3]))
    assert not server.log


def test_a_task_whose_files_are_here_asks_nobody(here, work, own_cache, monkeypatch):
    def refuse():
        raise AssertionError

    monkeypatch.setattr("builder.pipeline.bring.Remote", refuse)
    assert list(run_tasks(work, tell, [Names((here,))])) == [
        [("read", "here.jpg", b"here")]
    ]
    assert not own_cache.exists()


def test_what_a_worker_cannot_fetch_is_told(server, far, own_cache):
    missing = RemoteMember("b.jpg", server.url("b.jpg"), 7)
    with pytest.raises(MissingError, match=r"b\.jpg"):
        list(run_tasks(far, tell, [Names((missing,))]))
    assert not list(own_cache.rglob("*.crc"))


def test_tasks_are_taken_as_they_are_needed(here, work):
    taken = []

    def tasks():
        for number in range(100):
            taken.append(number)
            yield Names((here,))

    results = run_tasks(replace(work, workers=3), tell, tasks())
    assert taken == []
    next(results)
    assert len(taken) == 7  # twice the workers, and the one that made room
    results.close()


def test_an_image_is_read_by_its_number(here, away, work):
    read = reader([away[3], here], work)
    assert (read(0), read(1)) == (FILES["3.jpg"], b"here")
