"""Members to files: the right ones, each moved once, whatever happens in between."""

import dataclasses
import pickle
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import fsspec
import pytest

from builder.errors import DamagedError, FetchError, MissingError, OutputError
from builder.limits import Limits
from builder.sources.cache import Cache
from builder.sources.disk import check_room
from builder.sources.fetch import fetch as fetch_by
from builder.sources.fetch import needed
from builder.sources.member import LocalMember, RemoteMember
from builder.sources.remote import Remote
from builder.sources.retry import Retry
from tests.archives import make_zip
from tests.servers.range_server import RangeServer, Rule
from tests.sources.alone import fetch, fetch_file, members_from_urls, read_zip

CHOOSE = random.Random(11)
FILES = {
    f"train2017/{number:012d}.jpg": CHOOSE.randbytes(CHOOSE.randrange(600, 9000))
    for number in range(60)
}
ZIP = make_zip(FILES)
ONCE = Retry(attempts=1)


@pytest.fixture(autouse=True)
def _direct(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server():
    with RangeServer({"a.zip": ZIP}) as server:
        yield server


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def members(server):
    members = list(read_zip(server.url("a.zip")).values())
    server.forget()
    return members


def contents(fetched):
    for member in fetched:
        assert member == LocalMember(member.name, member.path, member.file_size)
    return {member.name: Path(member.path).read_bytes() for member in fetched}


def spans(members):
    return sum(member.span for member in members)


def until(condition):
    """Wait for what another process or thread is about to do."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


# The bytes.


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("options", [{}, {"max_request": 1}, {"max_gap": 10**9}])
def test_members_come_whole_and_in_order(server, cache, method, options):
    server.files["a.zip"] = make_zip(FILES, method=method, force_zip64=True)
    members = list(read_zip(server.url("a.zip")).values())
    chosen = random.Random(1).sample(members, 30)
    fetched = fetch(chosen, cache=cache, concurrency=4, **options)
    assert [member.name for member in fetched] == [member.name for member in chosen]
    assert contents(fetched) == {member.name: FILES[member.name] for member in chosen}


def test_no_more_than_needed_is_moved(server, cache, members):
    chosen = random.Random(2).sample(members, 20)
    fetch(chosen, cache=cache)
    assert server.bodies == spans(chosen)


def test_neighbours_share_requests(server, cache, members):
    fetch(members, cache=cache)
    assert len(server.log) == 1
    assert server.bodies == spans(members)


def test_members_may_repeat(server, cache, members):
    chosen = [members[3], members[1], members[3], members[3]]
    fetched = fetch(chosen, cache=cache)
    assert [member.name for member in fetched] == [member.name for member in chosen]
    assert server.bodies == spans([members[1], members[3]])


def test_nothing_to_fetch(cache):
    assert fetch([], cache=cache) == []
    assert not cache.root.exists()


def test_local_members_are_returned_as_they_are(cache, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(ZIP)
    members = [*read_zip(f"file://{path}").values(), LocalMember("b.jpg", "b.jpg", 7)]
    assert members[:-1] == list(read_zip(str(path)).values())
    assert {type(member) for member in members} == {LocalMember}
    assert fetch(members, cache=cache) == members
    assert needed(members, cache) == (0, 0, 0, 0, 0)


def test_a_mix_keeps_its_order(server, cache, members):
    here = LocalMember("b.jpg", "/data/b.jpg", 7)
    first, there, last = fetch([members[3], here, members[1]], cache=cache)
    assert there is here
    names = {member.name for member in members}
    assert contents([first, last]).keys() == {first.name, last.name} < names
    assert needed([members[3], here, members[2]], cache)[:3] == (
        2, members[2].span, 1,
    )  # fmt: skip


def test_an_error_ends_what_is_in_flight(server, cache, members):
    gate = threading.Event()
    server.rules += [Rule(skip=1, gate=gate), Rule(times=1, status=404)]
    with Remote(concurrency=2) as remote:
        with pytest.raises(MissingError):
            fetch_by(members[:2], cache=cache, remote=remote, max_request=1)
        assert not gate.is_set()
        with pytest.raises(FetchError, match="was stopped"):
            remote.stat(server.url("a.zip"))


def test_several_requests_are_in_flight_and_no_more(server, cache, members):
    server.latency = 0.01
    fetch(members, cache=cache, concurrency=5, max_request=1)
    assert len(server.log) == 60
    assert 2 <= server.most_at_once <= 5


def test_several_archives(server, cache, members):
    server.files["b.zip"] = make_zip({"train2017/000000000000.jpg": b"another"})
    other = read_zip(server.url("b.zip"))["train2017/000000000000.jpg"]
    fetched = fetch([members[0], other], cache=cache)
    assert [Path(member.path).read_bytes() for member in fetched] == [
        FILES[members[0].name],
        b"another",
    ]


def test_memory_archives(cache):
    fsspec.filesystem("memory").pipe_file("/fetch/a.zip", ZIP)
    members = list(read_zip("memory://fetch/a.zip").values())
    assert contents(fetch(members, cache=cache)) == FILES
    fsspec.filesystem("memory").pipe_file("/fetch/a.zip", ZIP)  # a newer file
    with pytest.raises(FetchError, match="source changed while it was read"):
        fetch(members, cache=Cache(cache.root / "other"))


# What is kept.


def test_what_was_fetched_is_not_fetched_again(server, cache, members):
    first = fetch(members[:30], cache=cache)
    server.forget()
    assert fetch(members[:30], cache=cache) == first
    assert server.log == []
    fetch(members, cache=cache)
    assert server.bodies == spans(members[30:])


def test_damaged_entries_are_fetched_again(server, cache, members):
    fetch(members, cache=cache)
    server.forget()
    path = cache.path_of(members[7])
    path.write_bytes(bytes(members[7].file_size))
    cache.path_of(members[20]).unlink()
    assert contents(fetch(members, cache=cache)) == FILES
    assert server.bodies == spans([members[7], members[20]])


def test_needed_and_progress_agree(server, cache, members):
    fetch(members[:10], cache=cache)
    plan = needed([*members, *members], cache)
    sizes = sum(member.file_size for member in members[:10])
    left = sum(member.file_size for member in members[10:])
    assert plan == (60, spans(members[10:]), 10, sizes, left)
    steps, threads = [], set()

    def progress(step):
        steps.append(step)
        threads.add(threading.current_thread())

    fetch(members, cache=cache, progress=progress, max_request=20_000)
    assert sum(steps) == plan.bytes_to_fetch
    assert len(steps) > 3
    assert threads == {threading.current_thread()}
    assert needed(members, cache).bytes_to_fetch == 0


def test_a_failed_fetch_keeps_what_came_before(server, cache, members):
    server.rules.append(Rule(skip=25, status=404))
    with pytest.raises(MissingError):
        fetch(members, cache=cache, concurrency=3, max_request=1)
    left = [member for member in members if not cache.has(member)]
    # Of the requests beside the failing one, two at most were broken off.
    assert 60 - 25 <= len(left) <= 60 - 25 + 2
    assert len(server.log) <= 25 + 2 * 3
    server.rules.clear()
    server.forget()
    assert contents(fetch(members, cache=cache)) == FILES
    assert server.bodies == spans(left)


def start_process(members, cache, concurrency=1, before=""):
    """Fetch `members` in a process of its own, which first runs the line `before`."""
    pickled = cache.root.with_name("members.pickle")
    pickled.write_bytes(pickle.dumps(members))
    run = "import runpy; runpy.run_module('tests.fetch_in_process', None, '__main__')"
    return subprocess.Popen(
        [
            *(sys.executable, "-c", f"{before}\n{run}"),
            *(str(pickled), str(cache.root), str(concurrency)),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_fetch_goes_on_where_it_stopped(server, cache, members, blow):
    gate = threading.Event()
    server.rules.append(Rule(skip=20, gate=gate))
    with start_process(members, cache) as process:
        until(lambda: needed(members, cache).n_cached == 20)
        process.send_signal(blow)
        process.communicate(timeout=60)
    assert process.returncode != 0
    gate.set()
    until(lambda: server.at_once == 0)
    server.rules.clear()
    left = [member for member in members if not cache.has(member)]
    assert 38 <= len(left) <= 40
    server.forget()
    assert contents(fetch(members, cache=cache)) == FILES
    assert server.bodies == spans(left)


def test_two_processes_at_once_do_not_harm_each_other(server, cache, members):
    gate = threading.Event()
    server.rules.append(Rule(gate=gate))
    with (
        start_process(members, cache, 4) as first,
        start_process(members, cache, 4) as second,
    ):
        until(lambda: server.at_once == 8)
        gate.set()
        for process in (first, second):
            assert process.communicate(timeout=60) == (None, "")
            assert process.returncode == 0
    server.forget()
    assert contents(fetch(members, cache=cache)) == FILES
    assert server.bodies == 0
    assert not list(cache.root.rglob("*.tmp"))


# What goes wrong.


def test_damage_on_the_way_is_asked_for_again(server, cache, members):
    server.rules.append(Rule(garble=True, times=2))
    assert contents(fetch(members, cache=cache)) == FILES
    assert len(server.log) == 3


def test_damage_that_stays_is_named(server, cache, members):
    data = bytearray(ZIP)
    data[members[5].header_offset + 100] ^= 1
    server.files["a.zip"] = bytes(data)
    members = list(read_zip(server.url("a.zip")).values())
    server.forget()
    with pytest.raises(DamagedError, match=f"{members[5].name}' at byte .* CRC-32"):
        fetch([members[5]], cache=cache)
    assert sum(answer.method == "GET" for answer in server.log) == 3
    assert cache.find(members[5]) is None


def test_a_source_that_changes_in_mid_run(server, cache, members):
    server.rules.append(Rule(skip=10, headers={"ETag": '"new"'}))
    server.rules[0].headers["Last-Modified"] = None
    with pytest.raises(
        FetchError, match=r'source changed .* found "new"; run it again'
    ):
        fetch(members, cache=cache, max_request=1, concurrency=2)
    # The request beside the failing one may have been broken off.
    assert 9 <= needed(members, cache).n_cached <= 10


def test_an_archive_that_was_replaced_without_a_version(server, cache):
    for method in ("GET", "HEAD"):
        server.rules.append(
            Rule(method=method, headers={"ETag": None, "Last-Modified": None})
        )
    members = list(read_zip(server.url("a.zip")).values())
    assert members[0].etag == ""
    server.files["a.zip"] = make_zip({"x" + name: b"" for name in FILES} | FILES)
    with pytest.raises(DamagedError, match="is damaged"):
        fetch(members, cache=cache, retry=ONCE)


def test_servers_that_ignore_ranges_are_refused(server, cache, members):
    server.rules.append(Rule(ignore_range=True))
    with pytest.raises(FetchError, match="ignores range requests"):
        fetch(members[5:], cache=cache)


def test_bombs_are_refused(server, cache):
    files = {"a.jpg": bytes(5_000_000)}
    data = bytearray(make_zip(files, method=zipfile.ZIP_DEFLATED))
    for place in (22, data.index(b"PK\x01\x02") + 24):
        data[place : place + 4] = (1000).to_bytes(4, "little")
    server.files["a.zip"] = bytes(data)
    members = list(read_zip(server.url("a.zip")).values())
    with pytest.raises(DamagedError, match="expected 1000 bytes, found more: a zip"):
        fetch(members, cache=cache)


def test_names_that_would_escape_do_not(server, cache, tmp_path):
    names = ["../../escaped.jpg", "/escaped.jpg", "C:\\escaped.jpg"]
    server.files["a.zip"] = make_zip(dict.fromkeys(names, b"data"))
    members = list(read_zip(server.url("a.zip")).values())
    for member in fetch(members, cache=cache):
        assert (cache.root / "fetched").resolve() in Path(member.path).resolve().parents
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_a_disk_without_room_is_refused_before_anything_moves(
    server, cache, members, monkeypatch
):
    usage = shutil.disk_usage(cache.root.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    message = (
        r"no room for .*cache: expected \d+,\d+ bytes free on the disk, found 1,000;"
    )
    with pytest.raises(OutputError, match=message):
        fetch(members, cache=cache)
    with pytest.raises(OutputError, match=message):
        fetch_file(server.url("a.zip"), cache)
    assert server.bodies == 0
    place, beside = str(cache.root / "not" / "made"), str(cache.root)
    check_room({place: 1000})
    with pytest.raises(OutputError):
        check_room({place: 1001})
    check_room({place: 500, beside: 500})
    with pytest.raises(OutputError, match=r"no room for .*made and .*cache: expected"):
        check_room({place: 500, beside: 501})  # of one disk


def test_a_disk_that_fills_up_leaves_a_resumable_state(server, cache):
    # A limit on the size of files stands in for the disk: the error is as real.
    files = {f"{number}.jpg": bytes([number]) * 1000 for number in range(9)}
    files["large.jpg"] = bytes(300_000)
    server.files["a.zip"] = make_zip(files)
    members = list(read_zip(server.url("a.zip")).values())
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10**5, 10**5))"
    with start_process(members, cache, before=limit) as process:
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "OutputError: the cache" in stderr
    assert "(File too large)" in stderr
    left = [member for member in members if not cache.has(member)]
    assert members[-1] in left
    assert len(left) < 9
    assert not list(cache.root.rglob("*.tmp"))
    server.forget()
    assert contents(fetch(members, cache=cache)) == files
    assert server.bodies == spans(left)


# Files of their own.


def test_images_by_their_own_urls(server, cache):
    server.files.update(FILES)
    members = members_from_urls(
        list(FILES), [server.url(name) for name in FILES], allowed_hosts={"127.0.0.1"}
    )
    plan = needed(members, cache)
    assert plan.bytes_to_fetch == sum(len(data) for data in FILES.values())
    steps = []
    assert contents(fetch(members, cache=cache, progress=steps.append)) == FILES
    assert sum(steps) == plan.bytes_to_fetch
    server.forget()
    assert contents(fetch(members, cache=cache)) == FILES
    assert server.log == []
    path = cache.path_of(members[3])
    path.write_bytes(bytes(members[3].file_size))
    assert contents(fetch(members, cache=cache)) == FILES
    assert server.bodies == members[3].file_size


def test_an_image_of_another_length(server, cache):
    server.files["a.jpg"] = b"12345"
    member = RemoteMember("a.jpg", server.url("a.jpg"), 4)
    with pytest.raises(FetchError, match="expected 4 bytes, found 5"):
        fetch([member], cache=cache)
    assert not cache.has(member)
    unknown = dataclasses.replace(member, file_size=-1)
    assert fetch([unknown], cache=cache)[0].file_size == 5


def test_an_image_that_changed(server, cache):
    server.files["a.jpg"] = b"12345"
    with pytest.raises(FetchError, match="source changed"):
        fetch([RemoteMember("a.jpg", server.url("a.jpg"), 5, '"old"')], cache=cache)


DATA = CHOOSE.randbytes(1_000_000)


def test_whole_files(server, cache):
    server.files["a.csv"] = DATA
    steps = []
    path = fetch_file(server.url("a.csv"), cache, progress=steps.append)
    assert path.read_bytes() == DATA
    assert sum(steps) == len(DATA)
    server.forget()
    assert fetch_file(server.url("a.csv"), cache) == path
    assert server.bodies == 0
    server.files["a.csv"] = DATA[1:]
    assert fetch_file(server.url("a.csv"), cache).read_bytes() == DATA[1:]


def test_whole_files_need_no_ranges(server, cache):
    server.files["a.csv"] = DATA
    server.rules.append(Rule(ignore_range=True))
    assert fetch_file(server.url("a.csv"), cache).read_bytes() == DATA


def test_whole_files_go_on_where_they_broke(server, cache):
    server.files["a.csv"] = DATA
    server.rules.append(Rule(cut=600_000, times=1))
    steps = []
    path = fetch_file(
        server.url("a.csv"),
        cache,
        progress=steps.append,
        retry=Retry(sleep=lambda _: None),
    )
    assert path.read_bytes() == DATA
    assert sum(steps) == len(DATA)
    assert server.bodies == len(DATA)
    assert server.log[-1].range == "bytes=600000-"


def test_whole_files_start_again_where_ranges_are_ignored(server, cache):
    server.files["a.csv"] = DATA
    server.rules.append(Rule(cut=600_000, times=1))
    server.rules.append(Rule(ignore_range=True))
    steps = []
    path = fetch_file(
        server.url("a.csv"),
        cache,
        progress=steps.append,
        retry=Retry(sleep=lambda _: None),
    )
    assert path.read_bytes() == DATA
    assert sum(steps) == len(DATA)


def test_whole_files_of_memory(cache):
    fsspec.filesystem("memory").pipe_file("/fetch/a.csv", DATA)
    assert fetch_file("memory://fetch/a.csv", cache).read_bytes() == DATA
    with pytest.raises(MissingError):
        fetch_file("memory://fetch/b.csv", cache)


def test_whole_files_are_limited(server, cache):
    server.files["a.csv"] = DATA
    limits = Limits(max_file_size=1000)
    with pytest.raises(FetchError, match="has 1000000 bytes, expected 1000 at most"):
        fetch_file(server.url("a.csv"), cache, limits=limits)
    assert server.bodies == 0
    with pytest.raises(FetchError, match="goes on and on: expected 1000 bytes"):
        fetch([RemoteMember("a", server.url("a.csv"), -1)], cache=cache, limits=limits)
