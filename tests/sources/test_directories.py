"""The directory of a remote zip moves once, and again only when it must."""

import io
import zipfile

import fsspec
import pytest

from builder.errors import SourceError
from builder.sources import directories
from builder.sources.cache import Cache, clear_cache, list_cache
from builder.sources.find import read_zip
from builder.sources.remote import Remote
from tests.archives import make_zip
from tests.hostile_folders import KINDS, make_outside, put, untouched
from tests.servers.range_server import RangeServer, Rule

BLOCK = 128 * 1024
NAMES = [f"train2017/{number:012d}.jpg" for number in range(5000)]
ZIP = make_zip(dict.fromkeys(NAMES, b"x" * 99))


@pytest.fixture(autouse=True)
def _direct(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server():
    with RangeServer({"a.zip": ZIP, "b.zip": make_zip({"b.jpg": b"x"})}) as server:
        yield server


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def command(server, cache, name="a.zip"):
    """Read a directory as a new command does; return it and what was asked for."""
    server.forget()
    with Remote(directories=cache) as remote:
        found = read_zip(remote, server.url(name))
    return found, [(answer.method, answer.sent) for answer in server.log]


def entry(cache, url):
    return cache.path_of(directories._entry(url))


def test_the_second_command_moves_nothing(server, cache):
    with zipfile.ZipFile(io.BytesIO(ZIP)) as archive:
        directory = len(ZIP) - archive.start_dir
    first, asked = command(server, cache)
    # No byte of it twice, though its end came with the first block.
    assert asked == [("GET", BLOCK), ("GET", directory - BLOCK)]
    written = entry(cache, server.url("a.zip")).stat().st_mtime_ns
    second, asked = command(server, cache)
    assert asked == [("HEAD", 0)]
    assert second == first
    assert list(second) == NAMES
    assert entry(cache, server.url("a.zip")).stat().st_mtime_ns == written
    [kept] = list_cache(cache.root)
    assert (kept.url, kept.etag) == (server.url("a.zip"), "its directory")
    assert (kept.files, kept.bytes) == (1, entry(cache, kept.url).stat().st_size)
    assert directory < kept.bytes < directory + 300
    assert clear_cache(cache.root) == kept.bytes
    assert list_cache(cache.root) == []
    assert len(command(server, cache)[1]) == 2


def test_without_a_place_to_keep_it_each_command_reads_it(server):
    assert len(command(server, None)[1]) == 2
    assert len(command(server, None)[1]) == 2


def test_a_small_one_comes_with_its_version_and_is_not_kept(server, cache):
    for _ in range(2):
        _, asked = command(server, cache, "b.zip")
        assert [method for method, _ in asked] == ["GET"]
    assert list_cache(cache.root) == []


@pytest.mark.parametrize("longer", [False, True])
def test_another_version_is_read_again(server, cache, longer):
    command(server, cache)
    names = [name.replace("train", "valid") for name in NAMES]
    server.files["a.zip"] = make_zip(dict.fromkeys(names, b"y" * (99 + longer)))
    found, asked = command(server, cache)
    assert [method for method, _ in asked] == ["HEAD", "GET", "GET"]
    assert list(found) == names
    assert {member.etag for member in found.values()} != {""}
    found, asked = command(server, cache)
    assert asked == [("HEAD", 0)]
    assert list(found) == names
    assert [kept.files for kept in list_cache(cache.root)] == [1]


def test_a_version_of_another_size_is_another(server, cache):
    command(server, cache)
    server.rules.append(Rule(method="HEAD", headers={"Content-Length": "5"}))
    assert len(command(server, cache)[1]) == 3


@pytest.mark.parametrize("etag", [None, 'W/"1"'])
def test_what_tells_no_strong_version_is_not_kept(server, cache, etag):
    server.rules += [
        Rule(method=method, headers={"ETag": etag}) for method in ("GET", "HEAD")
    ]
    assert len(command(server, cache)[1]) == 2
    assert len(command(server, cache)[1]) == 2
    assert list_cache(cache.root) == []


DAMAGE = {
    "cut": lambda data: data[:-1],
    "longer": lambda data: data + b"x",
    "a bit": lambda data: data[:-5000] + bytes([data[-5000] ^ 1]) + data[-4999:],
    "no directory": lambda data: data[:40],
    "size": lambda data: data.replace(b'"size": ', b'"size": 1'),
    "key": lambda data: data.replace(b'"size"', b'"sise"'),
    "no record": lambda data: data.replace(b"{", b"[", 1),
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_one_is_read_again(server, cache, damage):
    first, _ = command(server, cache)
    path = entry(cache, server.url("a.zip"))
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    second, asked = command(server, cache)
    assert sum(sent for _, sent in asked) > BLOCK
    assert second == first
    assert path.read_bytes() == whole
    assert command(server, cache)[1] == [("HEAD", 0)]


def test_no_more_is_read_of_it_than_it_can_have(server, cache, monkeypatch):
    command(server, cache)
    monkeypatch.setattr(directories, "_MOST", 1000)
    assert len(command(server, cache)[1]) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_in_its_place_is_not_believed(kind, server, cache, tmp_path):
    outside = make_outside(tmp_path)
    first, _ = command(server, cache)
    path = entry(cache, server.url("a.zip"))
    (outside / "mine").write_bytes(path.read_bytes())
    put(kind, path, outside)
    with untouched(outside):
        second, asked = command(server, cache)
    assert second == first
    assert len(asked) == 2


def test_a_cache_that_cannot_be_written_does_not_matter(server, tmp_path):
    (tmp_path / "cache").write_text("mine")
    found, _ = command(server, Cache(tmp_path / "cache"))
    assert list(found) == NAMES


def test_a_zip_that_is_refused_is_not_kept(server, cache):
    server.files["a.zip"] = ZIP.replace(NAMES[7].encode(), NAMES[8].encode())
    with pytest.raises(SourceError, match="appears twice"):
        command(server, cache)
    assert list_cache(cache.root) == []


def test_of_a_store_by_the_version_that_it_tells(cache, monkeypatch):
    url = "memory://directories/a.zip"
    files = fsspec.filesystem("memory")
    files.pipe_file(url, ZIP)
    with Remote(directories=cache) as remote:
        first = read_zip(remote, url)
    moved = []
    read = files.cat_file
    monkeypatch.setattr(
        type(files),
        "cat_file",
        lambda _, *at, **of: moved.append(of) or read(*at, **of),
    )
    with Remote(directories=cache) as remote:
        assert read_zip(remote, url) == first
        assert moved == []
        files.pipe_file(url, ZIP)
        again = read_zip(remote, url)
    assert moved
    assert {m.etag for m in again.values()} != {m.etag for m in first.values()}
