"""What is known beforehand is checked as it comes, and what is not is asked again."""

import dataclasses
import hashlib
import pickle
import random
import zipfile
from pathlib import Path

import pytest

from builder.errors import FetchError
from builder.sources.cache import Cache
from builder.sources.known import Known
from builder.sources.member import RemoteMember
from builder.sources.retry import Retry
from tests.archives import make_zip
from tests.servers.range_server import RangeServer, Rule
from tests.sources.alone import fetch, find_file, read_zip

DATA = random.Random(5).randbytes(300_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
NONE = {"ETag": None, "Last-Modified": None}
QUICK = Retry(attempts=3, sleep=lambda _: None)


@pytest.fixture(autouse=True)
def _direct(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server():
    archive = make_zip({"a.csv": DATA}, method=zipfile.ZIP_DEFLATED)
    with RangeServer({"a.csv": DATA, "a.zip": archive}) as server:
        yield server


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture(params=["file", "zip"])
def member(request, server):
    if request.param == "file":
        return find_file(server.url("a.csv"))
    return read_zip(server.url("a.zip"))["a.csv"]


def known(sha256):
    return Known(sha256, "by the lock", "get the other one")


def kept(cache):
    return sorted(cache.root.rglob("*")) if cache.root.exists() else []


def test_what_is_known_is_kept(cache, member):
    [file] = fetch([member], cache=cache, known={member: known(SHA256)})
    assert cache.find(member) is not None
    assert file.file_size == len(DATA)


def test_what_is_another_is_not_kept(cache, member):
    with pytest.raises(FetchError) as caught:
        fetch([member], cache=cache, known={member: known("0" * 64)})
    assert f"expected sha256 {'0' * 64} (by the lock), found {SHA256}" in str(
        caught.value
    )
    assert str(caught.value).endswith("get the other one")
    assert not cache.has(member)
    assert [path.name for path in kept(cache) if path.is_file()] == ["source.json"]


def test_the_digest_is_of_what_is_there_however_often_it_broke(server, cache):
    member = find_file(server.url("a.csv"))
    server.rules += [
        Rule(cut=100_000, times=1),  # goes on
        Rule(cut=100_000, times=1, ignore_range=True),  # begins anew
    ]
    fetch([member], cache=cache, retry=QUICK, known={member: known(SHA256)})
    assert len(server.log) == 1 + 3


# Files of which nobody tells the version.


def unversioned(server):
    server.rules += [Rule(method=m, headers=NONE) for m in ("HEAD", "GET")]
    member = find_file(server.url("a.csv"))
    assert member.etag == ""
    server.forget()
    return member


def test_equal_size_is_not_the_same_file(server, cache):
    member = unversioned(server)
    [file] = fetch([member], cache=cache)
    # Within one command it is fetched once.
    assert fetch([member], cache=cache) == [file]
    assert server.bodies == len(DATA)
    server.files["a.csv"] = DATA[::-1]
    later = Cache(cache.root)
    assert not later.has(member)
    assert later.find(member) is None
    [file] = fetch([member], cache=later)
    assert Path(file.path).read_bytes() == DATA[::-1]


def test_a_known_digest_proves_what_is_kept(server, cache):
    member = unversioned(server)
    fetch([member], cache=cache)
    server.forget()
    later = Cache(cache.root)
    fetch([member], cache=later, known={member: known(SHA256)})
    assert server.bodies == 0
    assert not Cache(cache.root).proves(member, "0" * 64)
    cache.path_of(member).unlink()
    assert not Cache(cache.root).proves(member, SHA256)


def test_members_of_a_zip_are_proved_by_their_crc(server, cache):
    server.rules += [Rule(method=m, headers=NONE) for m in ("HEAD", "GET")]
    member = read_zip(server.url("a.zip"))["a.csv"]
    assert member.etag == ""
    fetch([member], cache=cache)
    server.forget()
    fetch([member], cache=Cache(cache.root))
    assert server.bodies == 0


def test_workers_get_the_place_alone(cache):
    member = RemoteMember("a", "http://host/a", 3)
    cache.write(member, b"abc")
    assert cache.has(member)
    copy = pickle.loads(pickle.dumps(cache))
    assert copy.root == cache.root
    assert not copy.has(member)
    assert copy.has(dataclasses.replace(member, etag='"1"')) is False
